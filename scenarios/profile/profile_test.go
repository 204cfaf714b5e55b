package profile_test

import (
	"testing"

	"github.com/useipsec/useipsec/scenarios/profile"
)

func TestBuiltins(t *testing.T) {
	for _, n := range profile.Builtins() {
		if _, err := profile.Builtin(n); err != nil {
			t.Error(err)
		}
	}
}
