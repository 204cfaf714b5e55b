package check

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 5406 8 h: the extensions of IKE that the profile requires, or has none of.

// feature is an extension, and how the packets show it.
type feature struct {
	slug, name, requirement, fix string

	need func(profile.IKEVariants) profile.Need
	// asked reports whether a configuration makes use of the extension. Without that
	// its absence says nothing.
	asked func(scenarios.Config) bool
	// shows reports whether a message of the peer does.
	shows func(*dissect.ISAKMP) bool
	// after is how far a negotiation comes for its absence to count.
	after stage
}

func profileFeatureRules() []Rule {
	var rules []Rule
	for _, f := range []feature{
		{
			slug: "nat-traversal", name: "NAT traversal", fix: "enable NAT traversal at the peer, or disable it",
			requirement: "Where the profile requires NAT traversal the peer announces RFC 3947 or one of its drafts by a vendor ID; where it has none the peer does not.",
			need:        func(i profile.IKEVariants) profile.Need { return i.NATTraversal },
			asked:       func(c scenarios.Config) bool { return c.IKE.NATTraversal != scenarios.NATOff },
			shows: func(m *dissect.ISAKMP) bool {
				return slices.ContainsFunc(nattVersions, func(v nattVersionID) bool {
					return announces(m, func(id []byte) bool { return bytes.Equal(v.vendor, id) })
				})
			},
			after: stagePhase1,
		},
		{
			slug: "dead-peer-detection", name: "dead peer detection", fix: "enable dead peer detection at the peer, or disable it",
			requirement: "Where the profile requires dead peer detection the peer announces it by the vendor ID of RFC 3706; where it has none the peer does not.",
			need:        func(i profile.IKEVariants) profile.Need { return i.DeadPeerDetection },
			asked:       func(c scenarios.Config) bool { return c.IKE.DPD != 0 },
			shows: func(m *dissect.ISAKMP) bool {
				return announces(m, func(id []byte) bool { return bytes.HasPrefix(id, wire.VendorIDDPD[:14]) })
			},
			after: stagePhase1,
		},
		{
			slug: "fragmentation", name: "fragmentation of IKE messages", fix: "enable IKE fragmentation at the peer, or disable it",
			requirement: "Where the profile requires fragmentation of IKE messages the peer announces it by its vendor ID; where it has none the peer does not.",
			need:        func(i profile.IKEVariants) profile.Need { return i.Fragmentation },
			asked:       func(c scenarios.Config) bool { return c.IKE.Fragmentation },
			shows: func(m *dissect.ISAKMP) bool {
				return announces(m, func(id []byte) bool { return bytes.HasPrefix(id, wire.VendorIDFragmentation) })
			},
			after: stagePhase1,
		},
		{
			slug: "mode-config", name: "mode config", fix: "configure the peer to give, or to take, an address by mode config",
			requirement: "Where the profile requires mode config the client gets its address by it before quick mode; where it has none no address is asked for or given.",
			need:        func(i profile.IKEVariants) profile.Need { return i.ModeConfig },
			asked:       func(c scenarios.Config) bool { return c.IKE.ModeConfig != scenarios.NoModeConfig },
			shows:       configures,
			after:       stageSA,
		},
	} {
		rules = append(rules, f.rule())
	}
	return rules
}

// announces reports whether a phase 1 message has a vendor ID.
func announces(m *dissect.ISAKMP, is func([]byte) bool) bool {
	return isPhase1(m.Header.Exchange) && slices.ContainsFunc(payloads[*wire.VendorID](m), func(v *wire.VendorID) bool { return is(v.Data) })
}

// configures reports whether a message asks for an address, gives one or takes note
// of it.
func configures(m *dissect.ISAKMP) bool {
	l := m.Phase1.Lease
	return slices.Contains([]int{l.Request, l.Assigned, l.Ack}, m.Frame)
}

func (f feature) rule() Rule {
	r := Rule{
		ID: "profile." + f.slug, Item: profile.ItemIKE, Ref: "RFC5406/8", Level: Must,
		Title:       "The peer has " + f.name + " as the profile asks",
		Requirement: f.requirement, fix: f.fix,
		noun: "ISAKMP SA", needs: f.after,
	}
	r.new = func(s *Subject, r *Rule) Checker {
		if s.Profile == nil {
			return decided(notApplicable("no profile was given"))
		}
		need := f.need(s.Profile.IKE)
		switch {
		case need != profile.Required && need != profile.None:
			return decided(notApplicable("the profile leaves %s open", f.name))
		case need == profile.None && s.Trial != nil && (f.asked(s.harness) || f.asked(s.peer)):
			return decided(notApplicable("the scenario asks for %s, outside the profile's answer %s", f.name, r.Letter()))
		}
		c := &featureCheck{feature: f, required: need == profile.Required}
		if c.required {
			r.unless = f.unexercised
		}
		return &observer{s: s, rule: r, see: onMessage(c.see), done: c.done}
	}
	return r
}

// featureCheck looks for the extension in what the peer says.
type featureCheck struct {
	feature
	required bool
	found    bool
	last     *dissect.ISAKMP // of the peer, where its absence would count
	blind    *dissect.ISAKMP
}

func (c *featureCheck) see(o *observer, m *dissect.ISAKMP) {
	switch {
	case m.Encrypted && m.Message == nil:
		c.blind = m
	case c.shows(m):
		c.found = true
		if c.required {
			o.pass(m.Frame, "%s", c.name)
		} else {
			o.expect("no " + c.name)
			o.fail(m.Frame, m.Src.Addr(), "%s", c.name)
		}
	case c.counts(m):
		c.last = m
	}
}

// counts reports whether a message that does not show the extension is one by which
// it would have been shown.
func (c *featureCheck) counts(m *dissect.ISAKMP) bool {
	proof := isPhase1(m.Header.Exchange) && m.Hash.Name != ""
	return m.Quick != nil || proof && c.after == stagePhase1
}

func (c *featureCheck) done(o *observer) {
	exercised := o.s.Foreign() || c.asked(o.s.peer) && c.asked(o.s.harness)
	switch {
	case c.found || c.last == nil && c.blind == nil:
	case c.blind != nil:
		o.sealed(c.blind)
	case !c.required:
		o.pass(c.last.Frame, "no %s", c.name)
	case exercised:
		o.expect(c.name)
		o.fail(c.last.Frame, c.last.Src.Addr(), "no %s up to this message", c.name)
	}
}

// unexercised says that a scenario does not ask for the extension.
func (f feature) unexercised(s *Subject) string {
	if f.asked(s.peer) && f.asked(s.harness) {
		return ""
	}
	return fmt.Sprintf("the scenario does not exercise %s", f.name)
}
