package check

import (
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2409 5: public values and nonces.

func keyRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.ke-length", Item: profile.ItemKeying, Ref: "RFC2409/5", Level: Must,
			Title:       "The public value has the length of the group's modulus",
			Requirement: "The Diffie-Hellman public value in a KE payload, of phase 1 or phase 2, MUST have the length of the negotiated group, enforced if necessary by prepending zeros.",
			expected:    []string{"a KE payload as long as the modulus of the group"},
			fix:         "keep leading zeros; a value that loses them fails once in 256 exchanges",
			noun:        "KE payload", needs: stagePhase1, unless: publicValueSealed,
		}, keLength),
		messages(Rule{
			ID: "ike.nonce-length", Item: profile.ItemKeying, Ref: "RFC2409/5", Level: Must,
			Title:       "Nonces have 8 to 256 octets",
			Requirement: "The length of the nonce payload MUST be between 8 and 256 octets inclusive.",
			expected:    []string{"8 to 256 octets"},
			fix:         "peers refuse shorter and longer ones",
			noun:        "nonce", needs: stagePhase1, unless: identitySealed,
		}, nonceLength),
	}
}

func keLength(o *observer, m *dissect.ISAKMP) {
	for _, ke := range payloads[*wire.KE](m) {
		group, ok := groupOf(m)
		switch {
		case m.Quick == nil && m.Phase1.Chosen == nil && len(groupsOf(m.Phase1.Offered)) > 1:
			o.unseen(m.Frame, "capture both directions", "it is not known which of the offered groups was chosen")
		case !ok:
			o.unseen(m.Frame, "capture from the first message on", "the group is not known")
		case group.Size() == 0:
			o.unseen(m.Frame, "", "group %v has no size here", group)
		case len(ke.Data) != group.Size():
			o.fail(m.Frame, m.Src.Addr(), "%d octets, %v has %d", len(ke.Data), group, group.Size())
		default:
			o.pass(m.Frame, "%d octets for %v", len(ke.Data), group)
		}
	}
}

// groupsOf lists the groups of a phase 1 offer.
func groupsOf(sa *wire.SA) (groups []uint64) {
	if sa == nil {
		return nil
	}
	for _, p := range sa.Proposals {
		for _, t := range p.Transforms {
			if g := attribute(t, wire.P1Group); !slices.Contains(groups, g) {
				groups = append(groups, g)
			}
		}
	}
	return groups
}

// groupOf returns the group of a message's KE payload.
func groupOf(m *dissect.ISAKMP) (keymat.Group, bool) {
	var sa *wire.SA
	typ := wire.P1Group
	if q := m.Quick; q != nil {
		sa, typ = q.Offered, wire.P2Group
	} else {
		sa = m.Phase1.Offered
	}
	if own, ok := first[*wire.SA](m); ok {
		sa = own
	} else if m.Quick == nil && m.Phase1.Chosen != nil {
		sa = m.Phase1.Chosen
	}
	if sa == nil {
		return 0, false
	}
	for _, p := range sa.Proposals {
		for _, t := range p.Transforms {
			if a, ok := t.Attr(typ); ok {
				n, _ := a.Uint()
				return keymat.Group(n), true
			}
		}
	}
	return 0, false
}

func nonceLength(o *observer, m *dissect.ISAKMP) {
	for _, n := range payloads[*wire.Nonce](m) {
		if len(n.Data) < 8 || len(n.Data) > 256 {
			o.fail(m.Frame, m.Src.Addr(), "a nonce of %s", count(len(n.Data), "octet"))
		} else {
			o.pass(m.Frame, "")
		}
	}
}

// RFC 2407 4.6.2: identities in phase 1.

func identityRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.id-port", Item: profile.ItemIdentification, Ref: "RFC2407/4.6.2", Level: Must,
			Title:       "Protocol and port of a phase 1 identity are 0 and 0, or UDP and 500",
			Requirement: "During phase 1 negotiations the ID port and protocol fields MUST be set to zero or to UDP port 500; other values MUST be treated as an error and the setup aborted.",
			expected:    []string{"protocol 0, port 0", "protocol 17, port 500"},
			fix:         "behind a NAT too the port is 500 or 0: what the packets use does not matter here",
			noun:        "phase 1 identity", needs: stagePhase1, unless: identitySealed,
		}, idPort),
	}
}

func idPort(o *observer, m *dissect.ISAKMP) {
	id, ok := phase1ID(m)
	switch {
	case !isPhase1(m.Header.Exchange):
	case !ok && m.Encrypted && m.Message == nil:
		o.sealed(m)
	case !ok:
	case id.Protocol == 0 && id.Port == 0, id.Protocol == 17 && id.Port == 500:
		o.pass(m.Frame, "protocol %d, port %d", id.Protocol, id.Port)
	default:
		o.fail(m.Frame, m.Src.Addr(), "protocol %d, port %d", id.Protocol, id.Port)
	}
}

// phase1ID returns the identity in a phase 1 message.
func phase1ID(m *dissect.ISAKMP) (*wire.ID, bool) {
	if !isPhase1(m.Header.Exchange) {
		return nil, false
	}
	return first[*wire.ID](m)
}

// addressOf is idAddress for an identity that may be nil.
func addressOf(id *wire.ID) (netip.Addr, bool) {
	if id == nil {
		return netip.Addr{}, false
	}
	return idAddress(id)
}

// idAddress returns the address of an identity that is one.
func idAddress(id *wire.ID) (netip.Addr, bool) {
	if id.IDType != wire.IDIPv4Addr && id.IDType != wire.IDIPv6Addr {
		return netip.Addr{}, false
	}
	a, ok := netip.AddrFromSlice(id.Data)
	return a, ok && a.Is4() == (id.IDType == wire.IDIPv4Addr)
}
