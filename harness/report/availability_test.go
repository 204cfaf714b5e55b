package report

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios"
)

// held is a run with one trial whose required findings are those given.
func held(profile, peer string, day int, findings ...check.Finding) *check.Result {
	r := &check.Result{
		Schema: check.Schema, Profile: profile, Peer: check.Peer{Name: peer, Version: "1", Carrier: "virtual"}, Started: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC), Demands: []check.Demand{},
		Trials: []check.TrialResult{{Scenario: "main/psk", Trial: "responder", Dir: "x", Status: evidence.StatusCompleted, Findings: findings}},
	}
	r.Trials[0].Close()
	r.Close()
	return r
}

func finding(item string, v check.Verdict, witness string) check.Finding {
	return check.Finding{Rule: "rule." + item, Item: item, Level: check.Must, Verdict: v, Actual: "seen so", Witness: witness}
}

// TestLetters: when a letter is upheld, refuted, or neither.
func TestLetters(t *testing.T) {
	psk := capability(scenarios.CapAuthentication, "psk")
	demand := []check.Demand{{Item: "f", OneOf: []scenarios.Capability{psk}}}
	shows := func(r *check.Result) *check.Result {
		r.Trials[0].Shown = []check.Shown{{Capability: psk, Frames: []int{3}, Witness: "seen"}}
		return r
	}
	demands := func(r *check.Result) *check.Result { r.Demands = demand; return r }
	cannot := func(r *check.Result) *check.Result {
		r.Trials = append(r.Trials, check.TrialResult{Scenario: "main/x", Trial: "responder", Items: []string{"f"}, Status: evidence.StatusUnsupported, Reason: "no"})
		r.Trials[len(r.Trials)-1].Close()
		r.Close()
		return r
	}
	undemanded := func(r *check.Result) *check.Result { r.Demands = nil; return r }
	const untold = "the results do not tell what the profile demands: judge the run again with useipsec check --write"
	const without = "main/x (responder): unsupported: no"
	pass, fail := finding("f", check.Pass, "3 messages"), finding("f", check.Fail, "")
	for _, tt := range []struct {
		name    string
		results []*check.Result
		f, i    string // what is said of the two letters
	}{
		{"passed", []*check.Result{held("p", "a", 1, pass)}, "upheld", "upheld"},
		{"failed", []*check.Result{held("p", "a", 1, fail)}, "refuted: rule.f in main/psk (responder): seen so", "refuted: main/psk (responder) ends in fail"},
		{"failed in another run", []*check.Result{held("p", "a", 1, pass), held("p", "a", 2, fail)}, "refuted: rule.f in main/psk (responder): seen so", "refuted: main/psk (responder) ends in fail"},
		{"passed without a witness", []*check.Result{held("p", "a", 1, finding("f", check.Pass, ""))}, "unproven: the checks passed without a witness", "unproven: the checks passed without a witness"},
		{"undecided", []*check.Result{held("p", "a", 1, pass, finding("f", check.Inconclusive, ""))}, "unproven: rule.f in main/psk (responder): seen so", "unproven: main/psk (responder) ends in inconclusive"},
		{"nothing asked", []*check.Result{held("p", "a", 1, finding("b", check.Pass, "x"))}, "unproven: no check answers it", "upheld"},
		{"demanded and shown", []*check.Result{demands(shows(held("p", "a", 1, pass)))}, "upheld", "upheld"},
		{"demanded and shown in another run", []*check.Result{demands(held("p", "a", 1, pass)), demands(shows(held("p", "a", 2, pass)))}, "upheld", "upheld"},
		{"demanded and not shown", []*check.Result{demands(held("p", "a", 1, pass))}, "unproven: demanded by the profile and not shown: authentication psk", "unproven: not all that the profile demands was shown: see f"},
		{"demanded and shown by a failure", []*check.Result{demands(shows(held("p", "a", 1, pass, finding("b", check.Fail, ""))))}, "unproven: demanded by the profile and not shown: authentication psk", "refuted: main/psk (responder) ends in fail"},
		{"demands that nobody wrote down", []*check.Result{undemanded(held("p", "a", 1, pass))}, "unproven: " + untold, "unproven: " + untold},
		{"unsupported, and nothing demanded", []*check.Result{cannot(held("p", "a", 1, pass))}, "unproven: " + without, "unproven: " + without},
		{"unsupported, and demanded", []*check.Result{cannot(demands(held("p", "a", 1, pass)))}, "unproven: demanded by the profile and not shown: authentication psk; " + without, "unproven: not all that the profile demands was shown: see f; " + without},
		{"unsupported, and all that is demanded is shown", []*check.Result{cannot(demands(shows(held("p", "a", 1, pass))))}, "upheld: without what is optional: " + without, "upheld: without what is optional: " + without},
		{"unsupported beside something undecided", []*check.Result{cannot(demands(shows(held("p", "a", 1, pass)))), demands(held("p", "a", 2, finding("f", check.Inconclusive, "")))}, "unproven: rule.f in main/psk (responder): seen so", "unproven: main/psk (responder) ends in inconclusive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := NewAvailability(tt.results)
			if len(a.Products) != 1 || len(a.Products[0].Letters) != 9 {
				t.Fatalf("%+v", a.Products)
			}
			said := func(l Letter) string {
				if l.Why == "" {
					return l.Standing.String()
				}
				return l.Standing.String() + ": " + l.Why
			}
			got := []string{said(a.Products[0].Letters[5]), said(a.Products[0].Letters[8])}
			if d := cmp.Diff([]string{tt.f, tt.i}, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// runs are runs of three products, with claims about one of them.
func runs(t *testing.T) []*check.Result {
	other := claimed(t)
	other.Profile, other.Claims = "site-to-site", nil
	other.Trials = append([]check.TrialResult(nil), other.Trials[:1]...)
	other.Trials[0].Shown = append(other.Trials[0].Shown, check.Shown{Capability: capability(scenarios.CapPFS, "modp768"), Frames: []int{9, 10, 11}, Witness: "quick mode established"})
	other.Started = other.Started.AddDate(0, 1, 0)
	other.Close()
	evil := held("bgp", "evil | <script> "+hostile, 5, finding("b", check.Fail, ""))
	evil.Trials[0].Findings[0].Actual = "| <b> " + hostile
	evil.Close()
	return []*check.Result{claimed(t), held("bgp", "zebra", 4, finding("b", check.Pass, "x"), finding("f", check.Pass, "x")), other, evil}
}

func TestAvailabilityGolden(t *testing.T) {
	a := NewAvailability(runs(t))
	for name, write := range map[string]func(io.Writer) error{"availability.md": a.Markdown, "availability.json": a.JSON} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		golden(t, name, got.String())
	}
	var back Availability
	var text bytes.Buffer
	if err := a.JSON(&text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a, &back); d != "" {
		t.Error(d)
	}
}

func TestAvailabilityPage(t *testing.T) {
	var b bytes.Buffer
	if err := NewAvailability(runs(t)).HTML(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	wellFormed(t, got)
	if strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "<script") {
		t.Error("a text got through as it was")
	}
	for _, want := range []string{"acme 7.1 (virtual)", `<span class="badge refuted">refuted</span>`, "Claims of Acme Router 7.1", "<strong>aggressive</strong>", "against bgp, site-to-site, 2026-02-02"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
