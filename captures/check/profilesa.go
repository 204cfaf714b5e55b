package check

import (
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 5406 8 a and b: the answers of the profile about what is protected, and
// how.

func profileSARules() []Rule {
	return []Rule{
		profiledMessages(Rule{
			ID: "profile.selectors", Item: profile.ItemSelectors, Ref: "RFC5406/8", Level: Must,
			Title:       "Quick mode negotiates selectors of the profile",
			Requirement: "IDci and IDcr name what the profile's selectors protect, or part of it, and nothing beyond: addresses, protocol and ports.",
			fix:         "align the peer's selectors with the profile's; a port of 0 means any",
			noun:        "quick mode", needs: stageQuick,
		}, selectorsOutside, selectors),
		profiledMessages(Rule{
			ID: "profile.protocol", Item: profile.ItemProtection, Ref: "RFC5406/8", Level: Must,
			Title:       "The SAs are of a protocol of the profile",
			Requirement: "The negotiated protocol, AH or ESP, is one that the profile admits.",
			fix:         "configure the peer's protocol",
			noun:        "IPsec SA", needs: stageSA,
		}, protocolOutside, protocol),
		profiledMessages(Rule{
			ID: "profile.mode", Item: profile.ItemProtection, Ref: "RFC5406/8", Level: Must,
			Title:       "The SAs are in a mode of the profile",
			Requirement: "The negotiated mode, transport or tunnel, is one that the profile admits.",
			fix:         "configure the peer's mode",
			noun:        "IPsec SA", needs: stageSA,
		}, modeOutside, saMode),
		profiledMessages(Rule{
			ID: "profile.algorithms-phase2", Item: profile.ItemProtection, Ref: "RFC5406/8", Level: Must,
			Title:       "The SAs use algorithms of the profile",
			Requirement: "Cipher and integrity algorithm of the SAs are among those that the profile admits, and none of those it forbids; integrity and confidentiality are there where it requires them.",
			fix:         "take the algorithm out of the peer's proposals",
			noun:        "IPsec SA", needs: stageSA,
		}, phase2Outside, phase2Algorithms),
		profiledMessages(Rule{
			ID: "profile.pfs", Item: profile.ItemKeying, Ref: "RFC5406/8", Level: Must,
			Title:       "Perfect forward secrecy is as the profile asks",
			Requirement: "Quick mode has a key exchange of its own where the profile requires perfect forward secrecy, in a group that it admits.",
			fix:         "configure the peer's group for quick mode",
			noun:        "quick mode", needs: stageSA,
		}, pfsOutside, pfs),
	}
}

func selectorsOutside(s *Subject, c scenarios.Config) string {
	client, server := s.traffic(c.Child.Mode)
	sel := selector{
		ci: addresses{client, client}, cr: addresses{server, server}, hasIDs: true,
		proto: uint8(c.Child.Selector.Protocol), portCI: c.Child.Selector.ClientPort, portCR: c.Child.Selector.ServerPort,
	}
	if !s.covered(sel, s.ends()) {
		return "the selector " + sel.String()
	}
	return ""
}

// covered reports whether a policy of the profile that protects has all of the
// selector, in either orientation.
func (s *Subject) covered(sel selector, ends profile.Ends) bool {
	for _, p := range s.Profile.Selectors.Policies {
		if p.Action != profile.Protect || sel.protoDiffers || p.Protocol != 0 && uint8(p.Protocol) != sel.proto {
			continue
		}
		if sideCovers(p.Client, sel.ci, sel.portCI, ends) && sideCovers(p.Server, sel.cr, sel.portCR, ends) ||
			sideCovers(p.Client, sel.cr, sel.portCR, ends) && sideCovers(p.Server, sel.ci, sel.portCI, ends) {
			return true
		}
	}
	return false
}

func sideCovers(side profile.Side, set addresses, port uint16, ends profile.Ends) bool {
	ports := len(side.Ports) == 0
	for _, r := range side.Ports {
		ports = ports || port != 0 && r.Lo <= port && port <= r.Hi
	}
	if !ports {
		return false
	}
	for _, a := range side.Addresses {
		// The named sets are single hosts, all others have no gaps.
		gapless := a.Name == "" || a.Name == "any" || set.lo == set.hi
		if gapless && a.Matches(set.lo, ends) && a.Matches(set.hi, ends) {
			return true
		}
	}
	return false
}

func selectors(o *observer, m *dissect.ISAKMP) {
	if !o.s.Judges(m.Src.Addr()) || !quick(o, m, 1, 2) {
		return
	}
	q := m.Quick
	if q.Offered == nil {
		o.unseen(m.Frame, nextISAKMPKeys, "message 1 of the quick mode was not read")
		return
	}
	sel, ok := quickSelector(q)
	ends := profile.Ends{
		Initiator: []netip.Addr{q.Phase1.Initiator.Addr()},
		Responder: []netip.Addr{q.Phase1.Responder.Addr()},
	}
	if !o.s.Foreign() {
		ends = o.s.ends()
	}
	verb := "proposes"
	if m.Index == 2 {
		verb = "accepts"
	}
	switch {
	case !ok:
		o.fail(m.Frame, m.Src.Addr(), "%s IDci %s and IDcr %s, which are no set of addresses", verb, idText(q.IDci), idText(q.IDcr))
	case o.s.covered(sel, ends):
		o.pass(m.Frame, "%v", sel)
	default:
		o.expect(policies(o.s.Profile)...)
		o.fail(m.Frame, m.Src.Addr(), "%s %v", verb, sel)
	}
}

// policies words what the profile protects.
func policies(p *profile.Profile) []string {
	var out []string
	for _, pol := range p.Selectors.Policies {
		if pol.Action == profile.Protect {
			out = append(out, fmt.Sprintf("%s: %v %v%v <-> %v%v", pol.Name, pol.Protocol,
				pol.Client.Addresses, portsText(pol.Client.Ports), pol.Server.Addresses, portsText(pol.Server.Ports)))
		}
	}
	return out
}

func portsText(ports []profile.PortRange) string {
	if len(ports) == 0 {
		return ""
	}
	return fmt.Sprintf(" port %v", ports)
}

// answered reports whether m is the readable answer of a quick mode, from
// whichever side: what it holds is what both agreed on.
func answered(o *observer, m *dissect.ISAKMP) bool {
	return quick(o, m, 2)
}

func protocolOutside(s *Subject, c scenarios.Config) string {
	if !s.Profile.Protection.AllowsProtocol(c.Child.Protocol) {
		return c.Child.Protocol
	}
	return ""
}

func protocolSlug(p wire.ProtocolID) string {
	switch p {
	case wire.ProtoESP:
		return "esp"
	case wire.ProtoAH:
		return "ah"
	}
	return p.String()
}

func protocol(o *observer, m *dissect.ISAKMP) {
	if !answered(o, m) {
		return
	}
	forEachTransform(m, func(p wire.Proposal, _ wire.Transform) {
		slug := protocolSlug(p.Protocol)
		if o.s.Profile.Protection.AllowsProtocol(slug) {
			o.pass(m.Frame, "%s", slug)
		} else {
			o.expect(admitted("protocol", o.s.Profile.Protection.Protocols)...)
			o.differs(m.Frame, "protocol %s", slug)
		}
	})
}

func modeOutside(s *Subject, c scenarios.Config) string {
	if c.Child.Mode != "" && !s.Profile.Protection.AllowsMode(c.Child.Mode) {
		return c.Child.Mode + " mode"
	}
	return ""
}

func saMode(o *observer, m *dissect.ISAKMP) {
	if !answered(o, m) {
		return
	}
	forEachTransform(m, func(_ wire.Proposal, t wire.Transform) {
		switch slug, _, ok := mode(t); {
		case !ok:
			o.unseen(m.Frame, "send the encapsulation mode attribute", "no encapsulation mode attribute: what it means then depends on the host (RFC 2407 4.5)")
		case o.s.Profile.Protection.AllowsMode(slug):
			o.pass(m.Frame, "%s mode", slug)
		default:
			o.expect(admitted("mode", o.s.Profile.Protection.Modes)...)
			o.differs(m.Frame, "%s mode", slug)
		}
	})
}

func phase2Outside(s *Subject, c scenarios.Config) string {
	for _, p := range c.Child.Proposals {
		switch {
		case c.Child.Protocol == "esp" && !s.Profile.Protection.AllowsEncryption(p.Encryption):
			return p.Encryption
		case !s.Profile.Protection.AllowsIntegrity(p.Integrity):
			return p.Integrity
		}
	}
	return ""
}

func phase2Algorithms(o *observer, m *dissect.ISAKMP) {
	if !answered(o, m) {
		return
	}
	forEachTransform(m, func(p wire.Proposal, t wire.Transform) {
		id := t.ID
		if p.Protocol == wire.ProtoAH {
			id = wire.ESPNull // for the name of the integrity algorithm only
		}
		suite, err := esp.FromIKE(id, int(attribute(t, wire.P2KeyLength)), uint16(attribute(t, wire.P2Auth)))
		prot := o.s.Profile.Protection
		switch {
		case err != nil:
			o.expect(admitted("cipher", prot.Algorithms.Encryption)...)
			o.expect(admitted("integrity", prot.Algorithms.Integrity)...)
			o.differs(m.Frame, "%s with integrity algorithm %d, which the profile's lists do not know", wire.TransformName(p.Protocol, t.ID), attribute(t, wire.P2Auth))
		case p.Protocol == wire.ProtoESP && !prot.AllowsEncryption(suite.Cipher.String()):
			o.expect(admitted("cipher", prot.Algorithms.Encryption)...)
			o.differs(m.Frame, "cipher %v", suite.Cipher)
		case !prot.AllowsIntegrity(suite.Integrity.String()):
			o.expect(admitted("integrity", prot.Algorithms.Integrity)...)
			o.differs(m.Frame, "integrity %v", suite.Integrity)
		default:
			o.pass(m.Frame, "%v", suite)
		}
	})
}

// attribute is the numeric value of an attribute, 0 when it is not there.
func attribute(t wire.Transform, typ wire.AttributeType) uint64 {
	a, ok := t.Attr(typ)
	n, fits := a.Uint()
	if !ok || !fits || n > 0xffff {
		return 0
	}
	return n
}

func pfsOutside(s *Subject, c scenarios.Config) string {
	if !s.Profile.Keying.AllowsPFS(c.Child.PFS) {
		return orElse(c.Child.PFS, "no perfect forward secrecy")
	}
	return ""
}

func pfs(o *observer, m *dissect.ISAKMP) {
	if !answered(o, m) {
		return
	}
	group := ""
	forEachTransform(m, func(_ wire.Proposal, t wire.Transform) {
		if g := attribute(t, wire.P2Group); g != 0 {
			group = keymat.Group(g).String()
		}
	})
	if o.s.Profile.Keying.AllowsPFS(group) {
		o.pass(m.Frame, "%s", orElse(group, "none"))
	} else {
		o.expect(fmt.Sprintf("perfect forward secrecy %v", o.s.Profile.Keying.Phase2.PFS))
		o.differs(m.Frame, "%s", orElse(group, "no perfect forward secrecy"))
	}
}
