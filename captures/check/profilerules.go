package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 5406 8: the answers of the profile about key management: who, how, and
// with what.

func profileRules() []Rule {
	return slices.Concat(profileSARules(), lifetimeRules(), profileFeatureRules(), []Rule{
		profiled(Rule{
			ID: "profile.keying", Item: profile.ItemKeying, Ref: "RFC5406/8", Level: Must,
			Title:       "Keys come from the key management that the profile asks for",
			Requirement: "The profile says what form of key management is appropriate; with IKE, IPsec packets between two hosts follow an IKE negotiation between them.",
			expected:    []string{"an IKE negotiation between the hosts before their first ESP or AH packet"},
			fix:         "manual keys have no replay protection (RFC 5406 3.3): configure IKE",
			noun:        "IPsec packet", needs: stageTraffic,
		}, nil, keying),
		terms(Rule{
			ID: "profile.algorithms-phase1", Item: profile.ItemKeying, Ref: "RFC5406/8", Level: Must,
			Title:       "The ISAKMP SA uses algorithms of the profile",
			Requirement: "Cipher, hash and group of the ISAKMP SA are among those that the profile admits, and none of those it forbids.",
			fix:         "take the algorithm out of the peer's proposals",
			noun:        "ISAKMP SA", needs: stagePhase1,
		}, phase1Asked, agreed, phase1Shown),
		profiledMessages(Rule{
			ID: "profile.identification", Item: profile.ItemIdentification, Ref: "RFC5406/8", Level: Must,
			Title:       "The ends identify themselves in a form of the profile",
			Requirement: "The type of the phase 1 identity is one that the profile admits, for the role of its sender where the profile tells the roles apart.",
			fix:         "configure the peer's own identity",
			noun:        "phase 1 identity", needs: stagePhase1, unless: identitySealed,
		}, identificationOutside, identification),
		terms(Rule{
			ID: "profile.authentication", Item: profile.ItemAuthentication, Ref: "RFC5406/8", Level: Must,
			Title:       "The ends authenticate by a method of the profile",
			Requirement: "The authentication method of the ISAKMP SA is one that the profile admits, in general or in one of its contexts.",
			fix:         "configure the peer's authentication method",
			noun:        "ISAKMP SA", needs: stagePhase1,
		}, methodAsked, agreed, methodShown),
		profiled(Rule{
			ID: "profile.address-asserted", Item: profile.ItemAuthorization, Ref: "RFC5406/9", Level: Must,
			Title:       "The address asserted in the key exchange is the one that packets come from",
			Requirement: "If ESP is used, the sender's IP address is checked against the IP address asserted in the key management exchange.",
			expected:    []string{"a phase 1 identity that is the address its packets come from"},
			fix:         "the peer has another address configured as its identity, or a NAT is in between",
			noun:        "asserted address", needs: stagePhase1, unless: identitySealed,
		}, addressOutside, addressAsserted),
		profiledMessages(Rule{
			ID: "profile.exchange", Item: profile.ItemIKE, Ref: "RFC5406/8", Level: Must,
			Title:       "Phase 1 is an exchange of the profile",
			Requirement: "Phase 1 is main mode or aggressive mode, whichever the profile admits.",
			fix:         "configure the peer's exchange mode",
			noun:        "phase 1 message", needs: stageIKE,
		}, exchangeOutside, exchange),
		profiled(Rule{
			ID: "profile.ike-version", Item: profile.ItemIKE, Ref: "RFC5406/8", Level: Must,
			Title:       "IKE is of the version that the profile requires",
			Requirement: "There are two different versions of IKE; the profile says which it requires.",
			fix:         "configure the peer's IKE version",
			noun:        "IKE message", needs: stageIKE,
		}, nil, ikeVersion),
		authorizationRule(), userGranularityRule(),
	})
}

// profiled is observe for a rule that asks the profile. When the scenario
// itself asks for something outside the profile's answer the rule does not
// apply; outside says for what, or returns an empty text.
func profiled(r Rule, outside func(*Subject, scenarios.Config) string, see func(*observer, *dissect.Event)) Rule {
	r.new = func(s *Subject, r *Rule) Checker {
		if s.Profile == nil {
			return decided(notApplicable("no profile was given"))
		}
		if outside != nil && s.Trial != nil {
			for _, c := range []scenarios.Config{s.harness, s.peer} {
				if what := outside(s, c); what != "" {
					return decided(notApplicable("the scenario asks for %s, outside the profile's answer %s", what, r.Letter()))
				}
			}
		}
		return &observer{s: s, rule: r, see: see}
	}
	return r
}

// profiledMessages is profiled for what is seen in IKEv1 messages of both
// sides, retransmissions left out.
func profiledMessages(r Rule, outside func(*Subject, scenarios.Config) string, see func(*observer, *dissect.ISAKMP)) Rule {
	return profiled(r, outside, func(o *observer, e *dissect.Event) {
		if m := e.ISAKMP; e.Kind == dissect.KindISAKMP && m != nil && m.Phase1 != nil && !m.Retransmission {
			see(o, m)
		}
	})
}

// decided is a checker that needs no evidence.
type decided Finding

func (decided) Event(*dissect.Event) {}

func (d decided) Finding() Finding { return Finding(d) }

// admitted words a list of the profile.
func admitted(what string, l profile.Levels) []string {
	if got := l.Admitted(); len(got) > 0 {
		return []string{what + " " + strings.Join(got, ", ")}
	}
	return []string{fmt.Sprintf("any %s but %s", what, strings.Join(l.MustNot, ", "))}
}

func keying(o *observer, e *dissect.Event) {
	if o.s.Profile.Keying.Method != profile.IKE {
		return
	}
	if e.Kind == dissect.KindISAKMP || e.Kind == dissect.KindIKEv2 {
		if o.pairs == nil {
			o.pairs = map[pair]bool{}
		}
		if len(o.pairs) < maxPairs {
			o.pairs[pairOf(e.Flow)] = true
		}
		return
	}
	if e.Kind != dissect.KindESP && e.Kind != dissect.KindAH || !o.s.Judges(e.Src.Addr()) {
		return
	}
	switch {
	case o.pairs[pairOf(e.Flow)]:
		o.pass(e.Frame, "after IKE between %v and %v", pairOf(e.Flow).a, pairOf(e.Flow).b)
	case o.s.Foreign():
		o.unseen(e.Frame, "capture from the negotiation on", "no IKE between %v and %v before it in the capture", e.Src.Addr(), e.Dst.Addr())
	default:
		o.fail(e.Frame, e.Src.Addr(), "%v packets without any IKE negotiation", e.Kind)
	}
}

func exchangeOutside(s *Subject, c scenarios.Config) string {
	if !s.Profile.IKE.AllowsMode(c.IKE.Mode) {
		return c.IKE.Mode + " mode"
	}
	return ""
}

func exchange(o *observer, m *dissect.ISAKMP) {
	if !o.s.Judges(m.Src.Addr()) {
		return
	}
	var slug string
	switch m.Header.Exchange {
	case wire.ExchangeMain:
		slug = "main"
	case wire.ExchangeAggressive:
		slug = "aggressive"
	case wire.ExchangeBase:
		slug = "base"
	default:
		return
	}
	if o.s.Profile.IKE.AllowsMode(slug) {
		o.pass(m.Frame, "%s mode", slug)
	} else {
		o.expect(admitted("mode", o.s.Profile.IKE.Modes)...)
		o.fail(m.Frame, m.Src.Addr(), "%s mode", slug)
	}
}

func ikeVersion(o *observer, e *dissect.Event) {
	m := e.ISAKMP
	if m == nil || !o.s.Judges(e.Src.Addr()) {
		return
	}
	v := int(m.Header.Major())
	if v != 1 && int64(m.Header.Length) != int64(len(m.Octets)) {
		return // something else on the port of IKE
	}
	if o.s.Profile.IKE.AllowsVersion(v) {
		o.pass(e.Frame, "major version %d", v)
	} else {
		o.expect(fmt.Sprintf("IKE version %v", o.s.Profile.IKE.Version))
		o.fail(e.Frame, e.Src.Addr(), "major version %d", v)
	}
}
