package check

import (
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/captures/dissect"
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
		terms(Rule{
			ID: "profile.protocol", Item: profile.ItemProtection, Ref: "RFC5406/8", Level: Must,
			Title:       "The SAs are of a protocol of the profile",
			Requirement: "The negotiated protocol, AH or ESP, is one that the profile admits.",
			fix:         "configure the peer's protocol",
			noun:        "IPsec SA", needs: stageSA,
		}, protocolAsked, answered, protocolShown),
		terms(Rule{
			ID: "profile.mode", Item: profile.ItemProtection, Ref: "RFC5406/8", Level: Must,
			Title:       "The SAs are in a mode of the profile",
			Requirement: "The negotiated mode, transport or tunnel, is one that the profile admits, between hosts or gateways as the selectors show them.",
			fix:         "configure the peer's mode",
			noun:        "IPsec SA", needs: stageSA,
		}, modeAsked, answered, modeShown),
		terms(Rule{
			ID: "profile.algorithms-phase2", Item: profile.ItemProtection, Ref: "RFC5406/8", Level: Must,
			Title:       "The SAs use algorithms of the profile",
			Requirement: "Cipher and integrity algorithm of the SAs are among those that the profile admits, and none of those it forbids; integrity and confidentiality are there where it requires them.",
			fix:         "take the algorithm out of the peer's proposals",
			noun:        "IPsec SA", needs: stageSA,
		}, phase2Asked, answered, phase2Shown),
		terms(Rule{
			ID: "profile.pfs", Item: profile.ItemKeying, Ref: "RFC5406/8", Level: Must,
			Title:       "Perfect forward secrecy is as the profile asks",
			Requirement: "Quick mode has a key exchange of its own where the profile requires perfect forward secrecy, in a group that it admits.",
			fix:         "configure the peer's group for quick mode",
			noun:        "quick mode", needs: stageSA,
		}, pfsAsked, answered, pfsShown),
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
	if l := q.Phase1.Lease; l.ClientInitiated {
		ends.Initiator = append(ends.Initiator, l.Addresses...)
	} else {
		ends.Responder = append(ends.Responder, l.Addresses...)
	}
	if !o.s.Foreign() {
		ends = o.s.ends()
	}
	verb := "proposes"
	if m.Index == 2 {
		verb = "accepts"
	}
	if m.Index == 2 && q.IDci2 != nil && q.IDcr2 != nil && !(ok && o.s.covered(sel, ends)) {
		if taken, is := selectorOf(q.IDci2, q.IDcr2); is { // what the responder makes of it
			sel, ok = taken, true
		}
	}
	switch {
	case !ok && m.Index == 2 && q.IDci != nil && q.IDci.IDType == wire.IDFQDN:
		o.tolerate(m.Frame, m.Src.Addr(), "accepts the name %s for its client, as Windows sends it", idText(q.IDci))
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
