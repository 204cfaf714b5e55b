package scenarios_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/scenarios"
)

func builtins(t *testing.T) []*scenarios.Scenario {
	t.Helper()
	all, err := scenarios.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestBuiltins: what the library has to have, by what its scenarios are about.
func TestBuiltins(t *testing.T) {
	all := builtins(t)
	if len(all) < 14 {
		t.Errorf("only %d scenarios", len(all))
	}
	has := map[string]bool{}
	for _, s := range all {
		for _, role := range s.Trials() {
			for _, c := range s.Needs(role) {
				has[c.String()] = true
			}
		}
		for _, item := range s.Items {
			has["item "+item.String()] = true
		}
		for _, ref := range s.Refs { // as rules and deviations have it: RFC2409/B
			if strings.Contains(ref, "Appendix") {
				t.Errorf("%s: an appendix is its letter: %s", s.ID, ref)
			}
		}
		has["phase1 "+s.Expect.Phase1.String()] = true
		has["phase2 "+s.Expect.Phase2.String()] = true
	}
	for _, want := range []string{
		"role initiator", "role responder", "mode transport", "mode tunnel", "pfs modp2048", "encryption null", "encryption 3des-cbc", "bypass clear",
		"rekey child", "delete child", "traffic transport", "traffic tunnel", "selector port", "phase1 refused", "phase2 refused",
		"item a", "item b", "item c", "item f", "item g", "item h",
	} {
		if !has[want] {
			t.Errorf("no scenario is about %s", want)
		}
	}
}

// TestLibraryAndBGP: what the library negotiates in transport mode is within the
// profile that it is run under by default.
func TestBuiltin(t *testing.T) {
	s, err := scenarios.Builtin("refuse/psk")
	if err != nil || s.PeerConfig().PSK != scenarios.SecretOther || s.Harness().PSK != scenarios.SecretShared {
		t.Errorf("got %+v, %v", s, err)
	}
	_, err = scenarios.Builtin("refuse/pks")
	if !errors.Is(err, scenarios.ErrUnknown) || !strings.Contains(err.Error(), "refuse/psk") {
		t.Errorf("got %v", err)
	}
}
