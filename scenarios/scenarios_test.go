package scenarios_test

import (
	"testing"

	"github.com/useipsec/useipsec/scenarios"
)

func TestBuiltins(t *testing.T) {
	all, err := scenarios.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		t.Log(s.ID, s.Needs(scenarios.Initiator))
	}
}
