package check

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func finding(item string, l Level, v Verdict) Finding {
	return Finding{Rule: "x." + item, Item: item, Ref: "RFC0/1", Level: l, Title: "t", Verdict: v}
}

func TestTrialVerdict(t *testing.T) {
	for _, tt := range []struct {
		name     string
		status   string
		findings []Finding
		want     Verdict
	}{
		{"all pass", "completed", []Finding{finding("a", Must, Pass), finding("b", Must, Pass)}, Pass},
		{"one fails", "completed", []Finding{finding("a", Must, Pass), finding("b", Must, Fail), finding("c", Must, Inconclusive)}, Fail},
		{"one inconclusive", "completed", []Finding{finding("a", Must, Pass), finding("b", Must, Inconclusive), finding("c", Must, Unsupported)}, Inconclusive},
		{"one skipped", "completed", []Finding{finding("a", Must, Pass), finding("b", Must, Skipped)}, Skipped},
		{"a should does not fail it", "completed", []Finding{finding("a", Must, Pass), finding("b", Should, Fail)}, Pass},
		{"only shoulds, passing", "completed", []Finding{finding("a", Should, Pass)}, Pass},
		{"only shoulds, failing", "completed", []Finding{finding("a", Should, Fail)}, Inconclusive},
		{"nothing applies", "completed", []Finding{finding("a", Must, NotApplicable)}, NotApplicable},
		{"nothing at all", "completed", nil, NotApplicable},
		{"unsupported", "unsupported", nil, Unsupported},
		{"our error", "error", []Finding{finding("a", Must, Pass)}, Error},
		{"interrupted", "interrupted", []Finding{finding("a", Must, Pass)}, Inconclusive},
		{"skipped", "skipped", nil, Skipped},
		{"a status nobody knows", "vanished", []Finding{finding("a", Must, Pass)}, Error},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := TrialResult{Status: tt.status, Findings: tt.findings}
			tr.Close()
			if tr.Verdict != tt.want {
				t.Errorf("verdict %v, want %v", tr.Verdict, tt.want)
			}
		})
	}
}

func TestExit(t *testing.T) {
	trial := func(status string, vs ...Verdict) TrialResult {
		tr := TrialResult{Status: status, Items: []string{"f"}, Reason: "why"}
		for _, v := range vs {
			tr.Findings = append(tr.Findings, finding("c", Must, v))
		}
		tr.Close()
		return tr
	}
	good := trial("completed", Pass)
	for _, tt := range []struct {
		name    string
		trials  []TrialResult
		exit    int
		outcome Outcome
	}{
		{"pass", []TrialResult{good, good}, ExitSuccess, Success},
		{"pass beside what does not apply", []TrialResult{good, trial("completed", NotApplicable)}, ExitSuccess, Success},
		{"fail beats all", []TrialResult{good, trial("completed", Fail), trial("error"), trial("unsupported")}, ExitFailure, Failure},
		{"error beats incomplete", []TrialResult{good, trial("error"), trial("unsupported")}, ExitError, Partial},
		{"inconclusive", []TrialResult{good, trial("completed", Inconclusive)}, ExitError, Partial},
		{"interrupted", []TrialResult{good, trial("interrupted")}, ExitError, Partial},
		{"unsupported", []TrialResult{good, trial("unsupported")}, ExitIncomplete, Partial},
		{"all unsupported", []TrialResult{trial("unsupported")}, ExitIncomplete, Partial},
		{"skipped check", []TrialResult{good, trial("completed", Pass, Skipped)}, ExitIncomplete, Partial},
		{"no trials", nil, ExitError, Partial},
		{"nothing ran", []TrialResult{trial("completed", NotApplicable)}, ExitError, Partial},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Result{Schema: Schema, Trials: tt.trials}
			r.Close()
			if r.Exit != tt.exit || r.Verdict != tt.outcome {
				t.Errorf("exit %d %v, want %d %v", r.Exit, r.Verdict, tt.exit, tt.outcome)
			}
		})
	}
}

func TestItems(t *testing.T) {
	done := TrialResult{Scenario: "main/psk", Trial: "responder", Status: "completed", Findings: []Finding{
		finding("a", Must, Pass), finding("b", Must, Pass), finding("b", Must, Fail), finding("d", Should, Fail), finding("", Must, Pass),
	}}
	cannot := TrialResult{Scenario: "quick/ah", Trial: "responder", Status: "unsupported", Reason: "no AH", Items: []string{"b", "i"}}
	done.Close()
	cannot.Close()
	r := Result{Trials: []TrialResult{done, cannot}}
	r.Close()
	got := map[string]Verdict{}
	for _, it := range r.Items {
		got[it.Item] = it.Verdict
	}
	want := map[string]Verdict{
		"a": Pass, "b": Fail, "c": NotApplicable, "d": NotApplicable, "e": NotApplicable,
		"f": NotApplicable, "g": NotApplicable, "h": NotApplicable, "i": Unsupported,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if b := r.Items[1].Counts; b.Fail != 1 || b.Pass != 1 || b.Unsupported != 1 {
		t.Errorf("item b counts %+v", b)
	}
	if r.Counts.Warnings != 1 || r.Counts.Fail != 1 {
		t.Errorf("a failure of level should is a warning: %+v", r.Counts)
	}
	if w := r.Items[8].Why; w != "quick/ah (responder): unsupported: no AH" {
		t.Errorf("item i: %q", w)
	}
}

func TestResultJSON(t *testing.T) {
	tr := TrialResult{Status: "completed", Findings: []Finding{finding("a", Must, Pass)}}
	tr.Close()
	r := Result{Schema: Schema, Trials: []TrialResult{tr}}
	r.Close()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, back); d != "" {
		t.Error(d)
	}
	if _, err := json.Marshal(Finding{}); !errors.Is(err, ErrWord) {
		t.Errorf("a finding without a verdict: %v, want ErrWord", err)
	}
	var v Verdict
	if err := v.UnmarshalText([]byte("fine")); !errors.Is(err, ErrWord) {
		t.Errorf("unmarshal %v, want ErrWord", err)
	}
	if s := Verdict(42).String(); s != "Unknown(42)" {
		t.Error(s)
	}
}
