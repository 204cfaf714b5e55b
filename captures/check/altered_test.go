package check

import (
	"strings"
	"testing"

	"github.com/useipsec/useipsec/scenarios"
)

// TestAltered: a trial whose evidence is not as the run left it decides no claim, whatever it shows or refuses.
func TestAltered(t *testing.T) {
	const note = "x/wire.pcapng was altered since the run"
	main := told{name: "main", verdict: Pass, needs: "exchange-mode=main", shown: "exchange-mode=main"}.trial(t)
	refuses := told{name: "aggressive", verdict: Fail, needs: "exchange-mode=aggressive", lacks: []string{"exchange-mode=aggressive"}}.trial(t)
	for _, note := range []string{"", note} {
		main.Altered, refuses.Altered = note, note
		r := &Result{Trials: []TrialResult{main, refuses}}
		r.Hold(&scenarios.Claims{Claimed: scenarios.Capabilities{ExchangeMode: []string{"main", "aggressive"}}})
		c := r.Claims
		switch {
		case note == "" && (c.Upheld != 1 || c.Refuted != 1 || len(r.Demonstrated()) != 1):
			t.Errorf("as the run left it: %+v", c)
		case note != "" && (c.Unproven != 2 || len(r.Demonstrated()) != 0):
			t.Errorf("altered: %+v", c)
		}
		for _, claim := range c.Claims {
			if note != "" && (claim.Wanting != Inconclusive || !strings.Contains(claim.Why, note)) {
				t.Errorf("%v: %v: %s", claim.Capability, claim.Wanting, claim.Why)
			}
		}
	}
}
