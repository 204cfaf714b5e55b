package check

import (
	"fmt"

	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// Why the configuration of a trial gives a rule nothing to look at: functions for
// Rule.unless.

// method is the method of authentication that the peer is configured for.
func (s *Subject) method() wire.AuthMethod { return s.peer.IKE.Method() }

// signs reports whether the peer proves itself by a signature.
func (s *Subject) signs() bool { return s.method().Signs(s.Role() == scenarios.Initiator) }

func aggressive(s *Subject) string { return s.exchangeIs("aggressive") }

func (s *Subject) exchangeIs(mode string) string {
	if s.peer.IKE.Mode == mode {
		return "phase 1 is " + mode + " mode"
	}
	return ""
}

func signsInstead(s *Subject) string {
	if s.signs() {
		return fmt.Sprintf("with %v the peer signs instead of sending a hash", s.method())
	}
	return ""
}

func identitySealed(s *Subject) string {
	if s.method().Encrypts() {
		return fmt.Sprintf("with %v identities are encrypted to public keys", s.method())
	}
	return ""
}

func publicValueSealed(s *Subject) string {
	if s.method().Revised() {
		return fmt.Sprintf("with %v public values are encrypted with keys made of the nonces", s.method())
	}
	return ""
}
