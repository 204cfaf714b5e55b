package scenarios_test

import (
	"fmt"

	"github.com/useipsec/useipsec/scenarios"
)

func Example() {
	all, err := scenarios.Builtins()
	if err != nil {
		fmt.Println(err)
		return
	}
	chosen, err := scenarios.Select(all, scenarios.Selection{Patterns: []string{"refuse"}, Tags: []string{"psk"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range chosen {
		fmt.Println(s.ID, s.Trials(), "phase 1", s.Expect.Phase1)
	}
	_, err = scenarios.Select(all, scenarios.Selection{Patterns: []string{"lifecycle/rekey"}})
	fmt.Println(err)
	// Output:
	// refuse/psk [responder initiator] phase 1 refused
	// scenarios: "lifecycle/rekey" selects no scenario; did you mean lifecycle/rekey-child or lifecycle/rekey-ike or lifecycle/dpd?
}
