package report

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios"
)

func capability(kind scenarios.CapabilityKind, value string) scenarios.Capability {
	return scenarios.Capability{Kind: kind, Value: value}
}

// claimed is a result with claims of every standing, evil texts included.
func claimed(t testing.TB) *check.Result {
	t.Helper()
	pass := check.Finding{Rule: "scenario.outcome", Item: "h", Ref: "RFC2409/5", Level: check.Must, Title: "The outcome", Verdict: check.Pass, Witness: "phase 1 established"}
	fail := check.Finding{Rule: "scenario.outcome", Item: "h", Ref: "RFC2409/5", Level: check.Must, Title: "The outcome", Verdict: check.Fail, Actual: "refused", Frames: []int{3, 4}}
	mainMode, psk := capability(scenarios.CapExchangeMode, "main"), capability(scenarios.CapAuthentication, "psk")
	aggressive, md5 := capability(scenarios.CapExchangeMode, "aggressive"), capability(scenarios.CapIKEHash, "md5")
	ah, dpd := capability(scenarios.CapProtocol, "ah"), capability(scenarios.CapDPD, "answer")
	shown := []check.Shown{
		{Capability: mainMode, Frames: []int{3, 4, 5, 6, 7, 8}, Witness: "phase 1 established"},
		{Capability: psk, Frames: []int{7, 8}, Witness: "phase 1 established"},
		{Capability: md5, Frames: []int{3}, Witness: "phase 1 established"},
		{Capability: dpd, Frames: []int{21, 22}, Witness: "an R-U-THERE answered"},
	}
	res := &check.Result{
		Schema: check.Schema, Tool: "useipsec", ToolVersion: "v1", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Profile: "bgp", Lab: "virtual", Demands: []check.Demand{},
		Peer: check.Peer{Name: "acme", Version: "7.1", Carrier: "virtual"},
		Trials: []check.TrialResult{
			{Peer: "acme", Scenario: "main/psk", Trial: "responder", Dir: "acme/main/psk/responder", Items: []string{"h"}, Status: evidence.StatusCompleted, Findings: []check.Finding{pass}, Shown: shown},
			{Peer: "acme", Scenario: "main/psk", Trial: "initiator", Dir: "acme/main/psk/initiator", Items: []string{"h"}, Status: evidence.StatusCompleted, Findings: []check.Finding{pass}, Shown: shown[:2]},
			{
				Peer: "acme", Scenario: "aggressive/psk", Trial: "responder", Dir: "acme/aggressive/psk/responder", Items: []string{"h"}, Status: evidence.StatusCompleted, Findings: []check.Finding{fail},
				Needs:   []scenarios.Capability{aggressive, psk},
				Refused: &check.Refusal{Stage: "phase 1, message 1", How: "the peer sent " + hostile, Frames: []int{3, 4}, Lacks: [][]scenarios.Capability{{aggressive, psk}}},
			},
			{Peer: "acme", Scenario: "quick/ah", Trial: "responder", Items: []string{"b"}, Status: evidence.StatusUnsupported, Reason: "no AH | " + hostile, Findings: []check.Finding{}, Needs: []scenarios.Capability{ah}},
		},
	}
	for i := range res.Trials {
		res.Trials[i].Close()
	}
	claims, err := scenarios.ParseClaims("claims.yaml", []byte(`
product: Acme Router
version: "7.1"
contact: ipsec@example.com
claimed:
  exchange-mode: [main, aggressive]
  authentication: [psk]
  protocol: [ah]
  pfs: [modp768]
not-claimed:
  ike-hash: [md5]
`))
	if err != nil {
		t.Fatal(err)
	}
	res.Hold(claims)
	res.Close()
	return res
}

func TestClaimsGolden(t *testing.T) {
	res := claimed(t)
	for name, write := range map[string]func(io.Writer) error{
		"claims-summary.txt": func(w io.Writer) error { return Summary(w, res, false) },
		"claims-matrix.md":   func(w io.Writer) error { return Matrix(w, res) },
		"claims-junit.xml":   func(w io.Writer) error { return JUnit(w, res) },
		"learned.yaml":       func(w io.Writer) error { return Learned(w, res) },
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		golden(t, name, got.String())
	}
}

// TestLearned: what is learned can be read back and is upheld; from nothing nothing is learned.
func TestLearned(t *testing.T) {
	res := claimed(t)
	res.Peer.Name = "a: \"b\"\n# c" + hostile
	var text bytes.Buffer
	if err := Learned(&text, res); err != nil {
		t.Fatal(err)
	}
	claims, err := scenarios.ParseClaims("learned.yaml", text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	res.Hold(claims)
	if c := res.Claims; c.Upheld != 4 || c.Refuted+c.Unproven+len(c.Others) != 0 {
		t.Errorf("%+v", c)
	}
	for i := range res.Trials {
		res.Trials[i].Status = evidence.StatusInterrupted
	}
	if err := Learned(io.Discard, res); !errors.Is(err, ErrNothingShown) {
		t.Errorf("error %v", err)
	}
}

// TestClaimsPage: the page has the claims, with links to the trials and packets that decide.
func TestClaimsPage(t *testing.T) {
	res := claimed(t)
	_, ls := written()
	got := render(t, res, []*ladder{nil, nil, ls[0], nil})
	wellFormed(t, got)
	for _, want := range []string{
		"Claims of Acme Router 7.1 (ipsec@example.com)", `<span class="badge refuted">refuted</span>`, `<span class="badge upheld">upheld</span>`,
		`<span class="badge unproven">unproven</span>`, `<a href="#t3">aggressive/psk (peer responds)</a>, frames <a href="#t3-3">3</a>, 4`,
		"no trial of this run asks for it", "1 refuted, 2 unproven, 2 upheld",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "<script") {
		t.Error("a text got through as it was")
	}
}

// TestClaimsSentence: the page's first words tell of claims where nothing else went wrong.
func TestClaimsSentence(t *testing.T) {
	res := claimed(t)
	res.Trials = res.Trials[:2]
	_, ls := written()
	res.Close()
	if got := render(t, res, ls); !strings.Contains(got, "No required check failed, but what is claimed was refuted: of the claims, 1 refuted, 2 unproven, 2 upheld.") {
		t.Error("refuted claims are not what the page begins with")
	}
}

func TestRanges(t *testing.T) {
	for want, ns := range map[string][]int{"": nil, "3": {3}, "3, 4": {3, 4}, "3-5, 9, 11-14": {3, 4, 5, 9, 11, 12, 13, 14}} {
		if got := ranges(ns); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestGroupedClaims: claims that nothing tells apart take one line, upheld ones never.
func TestGroupedClaims(t *testing.T) {
	res := claimed(t)
	var claims []check.Claim
	for _, v := range []string{"modp1536", "modp2048", "modp3072", "modp4096"} {
		claims = append(claims, check.Claim{Capability: capability(scenarios.CapGroup, v), Standing: check.Unproven, Why: "nobody asks", Wanting: check.Skipped})
	}
	res.Claims.Claims = append(claims, res.Claims.Claims...)
	lines := func(many int) []string {
		var out []string
		for _, g := range groupedClaims(res.Claims, many) {
			out = append(out, g.Standing.String()+" "+g.What())
		}
		return out
	}
	want := []string{"refuted exchange-mode aggressive", "unproven 4 claims", "unproven protocol ah", "unproven pfs modp768", "upheld exchange-mode main", "upheld authentication psk"}
	if d := cmp.Diff(want, lines(4)); d != "" {
		t.Error(d)
	}
	if got := lines(5); len(got) != 9 {
		t.Errorf("%v", got)
	}
	if got := groupedClaims(res.Claims, 4)[1].Why(); got != "nobody asks: group modp1536, modp2048, modp3072, modp4096" {
		t.Error(got)
	}
}
