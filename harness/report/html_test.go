package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
)

// hostile is what a peer or a capture might put into any text.
const hostile = "<script>alert(1)</script>\x1b[31m\u202e\"'&]]>"

// written is a result with one finding of each kind, and the packets to it.
func written() (*check.Result, []*ladder) {
	t := check.TrialResult{
		Peer: "reference", Scenario: "quick/transport", Trial: "responder", Dir: "reference/quick/transport/responder",
		Status: evidence.StatusCompleted, Title: "Quick mode", Items: []string{"b", "h"},
		Findings: []check.Finding{
			{Rule: "esp.padding", Item: "b", Ref: "RFC2406/2.4", Level: check.Must, Title: "Padding", Verdict: check.Inconclusive, Actual: "no key", Next: "give keys"},
			{
				Rule: "policy.no-cleartext", Item: "b", Ref: "RFC5406/9", Level: check.Must, Title: "Nothing in clear", Verdict: check.Fail,
				Expected: []string{"ESP", "nothing"}, Actual: "in clear: " + hostile, Frames: []int{3, 99}, FramesTotal: 7, Why: hostile, Next: hostile,
			},
			{Rule: "esp.icv", Item: "b", Ref: "RFC2406/3.4.4", Level: check.Must, Title: "ICV", Verdict: check.Pass, Witness: "4 ICVs verified"},
			{Rule: "ike.lifetime", Item: "h", Ref: "RFC2407/4.5", Level: check.Should, Title: "Lifetime", Verdict: check.Fail, Actual: "none"},
			{Rule: "ike.cert", Item: "f", Ref: "RFC2409/5", Level: check.Must, Title: "Certificates", Verdict: check.NotApplicable, Actual: "not asked"},
		},
		Diagnoses: []check.Diagnosis{{ID: "leak", Symptom: "TCP in clear", Cause: "the policy is late", Confidence: check.Certain, Evidence: []string{"frame 3"}, Frames: []int{3}, Fix: "install it first"}},
		Packets:   check.PacketCounts{Frames: 3},
	}
	t.Close()
	never := check.TrialResult{Peer: "reference", Scenario: "main/never", Trial: "initiator", Status: evidence.StatusUnsupported, Reason: hostile, Findings: []check.Finding{}}
	never.Close()
	r := &check.Result{Schema: check.Schema, Tool: "useipsec", Profile: "bgp", Lab: "virtual", Notes: []string{"wire.pcapng: altered"}, Trials: []check.TrialResult{t, never}}
	r.Peer = check.Peer{Name: "reference", Version: hostile, Carrier: "virtual"}
	r.Close()
	return r, []*ladder{{
		Left: "harness 192.0.2.1", Right: "peer 192.0.2.2", Total: 9, Hidden: 6,
		Rungs: []rung{
			{Frame: 1, FromLeft: true, Class: classSealed, Label: "Main 5: ID, HASH"},
			{Frame: 2, At: 3 * time.Millisecond, Class: classESP, Label: "ESP seq 1", Detail: strings.Repeat("long ", 40)},
			{Frame: 3, At: 4 * time.Millisecond, Class: classClear, Label: "TCP 40000 → 179 SYN", Detail: hostile, Cited: true, Gap: 2},
		},
	}, nil}
}

func render(t *testing.T, r *check.Result, ls []*ladder) string {
	t.Helper()
	var b bytes.Buffer
	if err := page(&b, evidence.Run{}, r, ls); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wellFormed parses a page as XML, which it is written to be too, and checks that links
// within it lead somewhere and that identifiers are unique.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.Entity = true, xml.HTMLEntity
	ids, links := map[string]bool{}, []string{}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if e.Name.Local == "script" || e.Name.Local == "link" || e.Name.Local == "img" {
			t.Errorf("the page has a %s element", e.Name.Local)
		}
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "id":
				if ids[a.Value] {
					t.Errorf("id %q twice", a.Value)
				}
				ids[a.Value] = true
			case "href", "src":
				if !strings.HasPrefix(a.Value, "#") {
					t.Errorf("%s=%q leads out of the page", a.Name.Local, a.Value)
				}
				links = append(links, strings.TrimPrefix(a.Value, "#"))
			case "aria-labelledby":
				links = append(links, strings.Fields(a.Value)...)
			}
		}
	}
	for _, l := range links {
		if !ids[l] {
			t.Errorf("nothing has the id %q", l)
		}
	}
	if m := regexp.MustCompile(`(?i)(https?:|//[a-z]|url\(|@import)[^"]{0,20}`).FindString(page); m != "" {
		t.Errorf("the page names something outside: %q", m)
	}
}

func TestPage(t *testing.T) {
	r, ls := written()
	got := render(t, r, ls)
	wellFormed(t, got)
	if strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "<script") {
		t.Error("a text got through as it was")
	}
	for _, want := range []string{
		"A required check failed in 1 of 2 trials.",
		"wire.pcapng: altered",
		`<a href="#t1-3">3</a>, 99 and 5 more`, // frame 99 is not drawn
		"Main 5: ID, HASH (encrypted)",
		`class="clear cited"`,
		"… 2 packets left out",
		"6 of 9 packets are not shown",
		"4 ICVs verified",
		"1 finding worth a look, not counted",
		"Diagnosis: the policy is late",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	_, trial, _ := strings.Cut(got, `<section class="trial" id="t1"`)
	if fail, open := strings.Index(trial, "policy.no-cleartext"), strings.Index(trial, "esp.padding"); fail < 0 || open < fail {
		t.Error("the failure does not come first in its trial")
	}
	if again := render(t, r, ls); again != got {
		t.Error("the same result gives another page")
	}
}

// TestPageSentence: nothing shown must not look like a success.
func TestPageSentence(t *testing.T) {
	passed := check.TrialResult{Status: "completed", Findings: []check.Finding{{Level: check.Must, Verdict: check.Pass}}}
	unsure := check.TrialResult{Status: "completed", Findings: []check.Finding{{Level: check.Must, Verdict: check.Inconclusive}}}
	broken := check.TrialResult{Status: "completed", Findings: []check.Finding{{Level: check.Must, Verdict: check.Fail}}}
	tests := []struct {
		name   string
		trials []check.TrialResult
		want   string
	}{
		{"none", nil, "Nothing was run, so nothing was shown."},
		{"success", []check.TrialResult{passed}, "Every required check that applies passed, in 1 of 1 trial."},
		{"failure", []check.TrialResult{passed, broken}, "A required check failed in 1 of 2 trials."},
		{"nothing shown", []check.TrialResult{unsure}, "Nothing failed, but nothing was shown either: of 1 trial, none passed."},
		{"partial", []check.TrialResult{passed, unsure}, "Nothing failed, but not everything required was shown: of 2 trials, 1 inconclusive, 1 pass."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &check.Result{Peer: check.Peer{Name: "x"}, Trials: tt.trials}
			for i := range r.Trials {
				r.Trials[i].Close()
			}
			r.Close()
			if got := (&view{Result: r}).Sentence(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestHTMLBounds: of a long trial the beginning is drawn, and the page says how much is not.
func TestHTMLBounds(t *testing.T) {
	r, _ := written()
	r.Trials[0].Packets.Frames = 200
	steps := make([]Step, 200)
	for i := range steps {
		steps[i] = Step{Frame: i + 1, Class: classESP, Label: fmt.Sprintf("ESP seq %d", i+1)}
	}
	var b bytes.Buffer
	err := HTML(&b, r, func(string) ([]Step, error) { return steps, errors.New("broken off") })
	if err != nil {
		t.Fatal(err)
	}
	got := b.String()
	wellFormed(t, got)
	if n := strings.Count(got, "<g id="); n != maxRungs {
		t.Errorf("%d packets are drawn, want %d", n, maxRungs)
	}
	for _, want := range []string{"140 of 200 packets are not shown", "broken off"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if err := HTML(&b, r, nil); err != nil {
		t.Errorf("without packets: %v", err)
	}
	if err := HTML(&b, &check.Result{}, nil); err != nil {
		t.Errorf("an empty result: %v", err)
	}
}

// TestPageSize: forty trials of sixty packets stay a page that opens at once.
func TestPageSize(t *testing.T) {
	r, ls := forty()
	start := time.Now()
	got := render(t, r, ls)
	t.Logf("%d octets in %v", len(got), time.Since(start))
	if len(got) > 3<<20 {
		t.Errorf("the page has %d octets", len(got))
	}
	if dir := os.Getenv("REPORT_OUT"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "forty.html"), []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkPage(b *testing.B) {
	r, ls := forty()
	for b.Loop() {
		if err := page(io.Discard, evidence.Run{}, r, ls); err != nil {
			b.Fatal(err)
		}
	}
}

// forty is a result of a size that a whole run has.
func forty() (*check.Result, []*ladder) {
	r, ls := written()
	one, l := r.Trials[0], ls[0]
	for len(one.Findings) < 60 {
		one.Findings = append(one.Findings, one.Findings[2])
	}
	for len(l.Rungs) < maxRungs {
		next := l.Rungs[len(l.Rungs)%3]
		next.Frame, next.Gap = len(l.Rungs)+1, 0
		l.Rungs = append(l.Rungs, next)
	}
	r.Trials, ls = nil, nil
	for i := range 40 {
		one.Scenario = fmt.Sprintf("main/psk/number-%d", i)
		r.Trials, ls = append(r.Trials, one), append(ls, l)
	}
	r.Close()
	return r, ls
}

// TestRungWords: what stands beside an arrow fits its place.
func TestRungWords(t *testing.T) {
	for _, tt := range []struct {
		at   time.Duration
		want string
	}{{0, "0.000 ms"}, {999 * time.Millisecond, "999.000 ms"}, {time.Second, "1.000 s"}, {8 * time.Hour, "28800.000 s"}} {
		if got := (rungView{rung: &rung{At: tt.at}}).When(); got != tt.want {
			t.Errorf("When(%v) = %q, want %q", tt.at, got, tt.want)
		}
	}
	long := strings.Repeat("é", 200)
	for _, r := range []rung{{Label: long, Detail: long}, {Label: "Main 1", Detail: long}, {Label: long, Class: classSealed}} {
		v := rungView{rung: &r}
		w := v.Words()
		if n := len([]rune(w.Label + w.Detail)); n > labelRunes+1 || !v.Clipped() {
			t.Errorf("%d characters, clipped: %v", n, v.Clipped())
		}
	}
}
