package check

import (
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2409 5: aggressive mode.
//
//	     Initiator                            Responder
//	1    HDR, SA, KE, Ni, IDii          -->
//	2                                   <--   HDR, SA, KE, Nr, IDir, HASH_R | SIG_R
//	3    HDR, HASH_I | SIG_I            -->

func aggressiveRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.aggressive.payloads", Item: profile.ItemIKE, Ref: "RFC2409/5", Level: Must,
			Title:       "Aggressive mode has three messages, each with its payloads",
			Requirement: "Messages 1 and 2 of aggressive mode negotiate policy, exchange public values, nonces and identities, in clear; the second authenticates the responder, the third the initiator. Each carries the payloads of its figure in RFC 2409 5.1 to 5.4.",
			expected:    []string{"SA, KE, nonce and ID in messages 1 and 2 in clear, HASH (or SIG) in 2 and 3"},
			fix:         "compare the message with the figures of RFC 2409 5.1 to 5.4",
			noun:        "aggressive mode message", needs: stageIKE, unless: notAggressive,
		}, aggressivePayloads),
		messages(Rule{
			ID: "ike.aggressive.one-group", Item: profile.ItemKeying, Ref: "RFC2409/5", Level: Must,
			Title:       "All transforms of an aggressive mode offer have one group",
			Requirement: "The KE payload is in the message with the offer, so that the group in which the exchange is performed cannot be negotiated in aggressive mode.",
			expected:    []string{"the same group description in every transform"},
			fix:         "offer one group; a responder that picks another one cannot use the KE payload",
			noun:        "aggressive mode offer", needs: stageIKE, role: scenarios.Initiator, unless: notAggressive,
		}, oneGroup),
		stateful(Rule{
			ID: "ike.aggressive.psk-exposed", Item: profile.ItemAuthentication, Ref: "RFC5406/3.3", Level: Should,
			Title:       "No hash of a pre-shared key is shown to whoever asks",
			Requirement: "In aggressive mode with a pre-shared key HASH_R is sent in clear to anybody who sends a first message, and whoever has it can try keys without talking to the responder again: secrets that people choose should not be used so.",
			expected:    []string{"main mode, or signatures", "a pre-shared key that is random and long, which packets do not show"},
			fix:         "use main mode or certificates; if it has to be aggressive mode, a random key of 128 bits or more",
			noun:        "HASH_R of aggressive mode", needs: stageAny, role: scenarios.Responder,
		}, pskExposed),
	}
}

func notAggressive(s *Subject) string {
	if s.peer.IKE.Mode != "aggressive" {
		return "phase 1 is " + s.peer.IKE.Mode + " mode"
	}
	return ""
}

func aggressivePayloads(o *observer, m *dissect.ISAKMP) {
	if m.Header.Exchange != wire.ExchangeAggressive || m.Index == 0 {
		return
	}
	if m.Encrypted && m.Index < 3 {
		o.fail(m.Frame, m.Src.Addr(), "message %d has the encryption flag, and there are no keys yet", m.Index)
		return
	}
	if m.Message == nil {
		o.sealed(m)
		return
	}
	types := []wire.PayloadType{wire.PayloadSA, wire.PayloadKE, wire.PayloadNonce, wire.PayloadID}
	switch auth := m.Phase1.Auth; m.Index {
	case 2:
		types = append(types, proof(auth, false))
	case 3:
		types = []wire.PayloadType{proof(auth, true)}
	}
	switch missing := lacking(m, types...); {
	case m.Err != nil: // see ike.well-formed
	case len(missing) > 0:
		o.fail(m.Frame, m.Src.Addr(), "message %d lacks %s", m.Index, strings.Join(missing, " and "))
	case len(repeated(m)) > 0:
		o.fail(m.Frame, m.Src.Addr(), "message %d has more than one %s", m.Index, strings.Join(repeated(m), " and "))
	default:
		o.pass(m.Frame, "message %d", m.Index)
	}
}

func oneGroup(o *observer, m *dissect.ISAKMP) {
	if m.Header.Exchange != wire.ExchangeAggressive || m.Index != 1 {
		return
	}
	var groups []string
	any := forEachTransform(m, func(_ wire.Proposal, t wire.Transform) {
		g := "none"
		if a, ok := t.Attr(wire.P1Group); ok {
			g = keymat.Group(attributeOf(a)).String()
		}
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	})
	switch {
	case !any:
	case len(groups) > 1:
		o.fail(m.Frame, m.Src.Addr(), "transforms with the groups %s", strings.Join(groups, ", "))
	default:
		o.pass(m.Frame, "%s", groups[0])
	}
}

// pskExposed tells it once, not for each exchange.
func pskExposed() (func(*observer, *dissect.Event), func(*observer)) {
	return onMessage(func(o *observer, m *dissect.ISAKMP) {
		_, hash := first[*wire.Hash](m)
		if m.Header.Exchange != wire.ExchangeAggressive || m.Index != 2 || m.Encrypted || !hash || !m.Phase1.Auth.PSK() || o.wrong.n > 0 {
			return
		}
		o.fail(m.Frame, m.Src.Addr(), "HASH_R in clear, made from nothing secret but the pre-shared key")
	}), nil
}
