package check

import (
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 3947 3.1 and 4: which specification of NAT traversal the ends agree on, and
// when they change ports.

func nattVersionRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.natt.version", Item: profile.ItemAvailability, Ref: "RFC3947/3.1", Level: Must,
			Title:       "The numbers of NAT traversal are those of the version agreed on",
			Requirement: "The vendor IDs of both ends say which specification is used. RFC 3947 has payloads 20 and 21 and encapsulation modes 3 and 4; its drafts have the private numbers 130, 131, 61443 and 61444.",
			expected:    []string{"NAT-D 20, NAT-OA 21, modes 3 and 4 when both ends sent the vendor ID of RFC 3947", "NAT-D 130, NAT-OA 131, modes 61443 and 61444 when both sent that of a draft"},
			fix:         "the numbers have to follow from the vendor IDs of both ends, not from the own one",
			noun:        "message with numbers of NAT traversal", needs: stageAny,
		}, nattVersion),
		messages(Rule{
			ID: "ike.natt.float", Item: profile.ItemAvailability, Ref: "RFC3947/4", Level: Must,
			Title:       "The initiator moves to port 4500 when there is a NAT",
			Requirement: "In main mode, if there is a NAT between the hosts, the initiator MUST set both the UDP source and destination ports to 4500 for the message with the ID; in aggressive mode for its last one.",
			expected:    []string{"message 5 of main mode, or 3 of aggressive mode, from and to port 4500"},
			fix:         "compare the NAT-D payloads received with the addresses of the packets",
			noun:        "change of ports", needs: stageAny, role: scenarios.Initiator,
		}, nattFloat),
	}
}

// agreedNATT tells which versions both ends of an ISAKMP SA have announced.
func agreedNATT(p *dissect.Phase1) (names []string, rfc, draft bool) {
	for _, v := range nattVersions {
		if vendor(p.VendorsI, v.vendor) && vendor(p.VendorsR, v.vendor) {
			names = append(names, v.slug)
			rfc, draft = rfc || !v.draft, draft || v.draft
		}
	}
	return names, rfc, draft
}

func nattVersion(o *observer, m *dissect.ISAKMP) {
	plain, private := nattNumbers(m)
	if len(plain)+len(private) == 0 {
		return
	}
	names, rfc, draft := agreedNATT(m.Phase1)
	agreed := orElse(strings.Join(names, ", "), "nothing")
	switch {
	case m.Phase1.Offered == nil || m.Phase1.Chosen == nil: // what vendor IDs come with
		o.unseen(m.Frame, "capture from the first message on", "the vendor IDs are not captured")
	case len(private) > 0 && !draft:
		o.fail(m.Frame, m.Src.Addr(), "%s of the drafts, agreed on was %s", strings.Join(private, " and "), agreed)
	case len(plain) > 0 && !rfc:
		o.fail(m.Frame, m.Src.Addr(), "%s of RFC 3947, agreed on was %s", strings.Join(plain, " and "), agreed)
	default:
		o.pass(m.Frame, "%s", agreed)
	}
}

// nattNumbers lists what in a message has a number of RFC 3947, and what has one of
// its drafts.
func nattNumbers(m *dissect.ISAKMP) (plain, private []string) {
	note := func(draft bool, what string) {
		list := &plain
		if draft {
			list = &private
		}
		if !slices.Contains(*list, what) {
			*list = append(*list, what)
		}
	}
	for _, n := range payloads[*wire.NATD](m) {
		note(n.Draft, "NAT-D")
	}
	for _, n := range payloads[*wire.NATOA](m) {
		note(n.Draft, "NAT-OA")
	}
	if m.Quick != nil {
		forEachTransform(m, func(_ wire.Proposal, t wire.Transform) {
			switch a, _ := t.Attr(wire.P2Encapsulation); attributeOf(a) {
			case uint64(wire.EncapUDPTunnel), uint64(wire.EncapUDPTransport):
				note(false, "an encapsulation mode")
			case uint64(wire.EncapUDPTunnelDraft), uint64(wire.EncapUDPTransportDraft):
				note(true, "an encapsulation mode")
			}
		})
	}
	return plain, private
}

func attributeOf(a wire.Attribute) uint64 {
	n, _ := a.Uint()
	return n
}

// staysOn500 reports whether the ends agreed on draft-00 only, which has no port
// 4500.
func staysOn500(p *dissect.Phase1) bool {
	names, _, _ := agreedNATT(p)
	return len(names) == 1 && names[0] == ikev1.NATTDraft00.String()
}

func nattFloat(o *observer, m *dissect.ISAKMP) {
	last := m.Header.Exchange == wire.ExchangeMain && m.Index == 5 || m.Header.Exchange == wire.ExchangeAggressive && m.Index == 3
	if !last || !m.FromInitiator {
		return
	}
	if names, _, _ := agreedNATT(m.Phase1); len(names) == 0 || staysOn500(m.Phase1) {
		return
	}
	nat, told := natShown(m.Phase1)
	floated := m.Src.Port() == nattPort || m.Dst.Port() == nattPort
	switch {
	case !told:
	case nat && o.s.Foreign() && !floated:
		o.unseen(m.Frame, "capture on the initiator's side of the NAT", "the NAT-D payloads do not fit at the place of the capture")
	case nat && !floated:
		o.fail(m.Frame, m.Src.Addr(), "port %d to port %d, although the NAT-D payloads show a NAT", m.Src.Port(), m.Dst.Port())
	case nat:
		o.pass(m.Frame, "port 4500 after NAT-D payloads that show a NAT")
	case !floated:
		o.pass(m.Frame, "no NAT, port %d", m.Dst.Port())
	}
}

// natShown reports whether the NAT-D payloads that the initiator had before its
// last message show a NAT, its own included; told that the responder sent any that
// it had to heed.
func natShown(p *dissect.Phase1) (nat, told bool) {
	for _, m := range p.Messages {
		if !usableNATD(m) || m.NATD[0].Why != "" || m.Header.Exchange == wire.ExchangeAggressive && m.Index == 3 {
			continue
		}
		told = told || !m.FromInitiator
		source := slices.ContainsFunc(m.NATD[1:], func(n dissect.NATDCheck) bool { return n.MatchesSrc })
		nat = nat || !m.NATD[0].MatchesDst || !source
	}
	return nat, told
}
