package check

import (
	"strings"
	"testing"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios"
)

func TestSurvives(t *testing.T) {
	rules, err := (Filter{Rules: []string{"peer.survives"}}).Select(Rules())
	if err != nil {
		t.Fatal(err)
	}
	for process, want := range map[string]Verdict{"": NotApplicable, evidence.PeerRunning: Pass, "pluto: signal: bus error": Fail} {
		trial := &evidence.Trial{PeerProcess: process, Peer: "libreswan"}
		f := rules[0].new(NewSubject(nil, trial), &rules[0]).Finding()
		if f.Verdict != want || want == Fail && !strings.Contains(f.Actual, process) {
			t.Errorf("%q: %+v", process, f)
		}
	}
}

// TestTolerate: what a peer is known for is a pass that leans on it, for that peer and that rule alone.
func TestTolerate(t *testing.T) {
	failed := Finding{Rule: "esp.icv", Verdict: Fail, Actual: "bad", Next: "mend it"}
	for _, tt := range []struct {
		peer, rule string
		want       Verdict
	}{{"product", "esp.icv", Pass}, {"another", "esp.icv", Fail}, {"product", "esp.padding", Fail}, {"product", "", Fail}} {
		trial := &evidence.Trial{Peer: "product"}
		trial.Spec.Expect.Tolerated = []scenarios.Quirk{{Why: "it does so", Peers: []string{tt.peer}, Rule: tt.rule}}
		got := NewSubject(nil, trial).tolerate(failed)
		if got.Verdict != tt.want || got.Tolerated != (tt.want == Pass) || got.Tolerated && (got.Actual != "it does so (bad)" || got.Witness != "bad" || got.Next != "") {
			t.Errorf("%+v: %+v", tt, got)
		}
	}
}
