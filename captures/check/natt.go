package check

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 3947: negotiation of NAT traversal.

const (
	ikePort  = 500
	nattPort = 4500
)

func nattRules() []Rule {
	return []Rule{
		stateful(Rule{
			ID: "ike.natt.nat-d", Item: profile.ItemAvailability, Ref: "RFC3947/3.2", Level: Must,
			Title:       "NAT-D payloads: at least two, the destination's hash first",
			Requirement: "When both ends have sent the vendor ID, messages 3 and 4 of main mode (2 and 3 of aggressive mode) have NAT-D payloads: HASH(CKY-I | CKY-R | IP | port) of the remote end first, then one or more for the own end.",
			expected:    []string{"two or more NAT-D payloads, the first for the packet's destination, one of the others for its source", "a source's hash that fits no address, because a NAT is in between or to force UDP encapsulation"},
			fix:         "check the order of cookies, address and port, and that the hash is the negotiated one",
			noun:        "message with NAT-D payloads", needs: stageAny,
		}, natD),
		messages(Rule{
			ID: "ike.natt.encapsulation-mode", Item: profile.ItemAvailability, Ref: "RFC3947/5.1", Level: Should,
			Title:       "UDP-encapsulated modes go with a NAT, the others without",
			Requirement: "If there is a NAT between the hosts UDP encapsulation SHOULD be used, and if there is none it SHOULD NOT; an initiator should not propose both kinds.",
			expected:    []string{"UDP-Encapsulated-Tunnel or -Transport once IKE has moved to port 4500", "Tunnel or Transport as long as it is on port 500"},
			fix:         "compare what the NAT-D payloads showed with the encapsulation mode of quick mode",
			noun:        "quick mode message", needs: stageQuick,
		}, encapsulationMode),
		observe(Rule{
			ID: "ike.natt.marker", Item: profile.ItemAvailability, Ref: "RFC3947/4", Level: Must,
			Title:       "IKE on port 4500 has the non-ESP marker, on port 500 it has not",
			Requirement: "After the change of ports IKE data MUST be prepended with a non-ESP marker of four zero octets (RFC 3948 2.2), which lets the receiver tell it from ESP; on port 500 there is none.",
			expected:    []string{"four zero octets before the ISAKMP header on port 4500", "none on port 500"},
			fix:         "without the marker the receiver takes the cookie for an SPI",
			noun:        "ISAKMP message on port 4500", needs: stageAny,
		}, marker),
	}
}

// natD collects the messages with NAT-D payloads whose first hash does not fit:
// whether that is a fault shows in how the exchange goes on.
func natD() (func(*observer, *dissect.Event), func(*observer)) {
	type doubt struct {
		frame   int
		from    netip.Addr
		p1      *dissect.Phase1
		mangled bool
	}
	var doubts []doubt
	see := onMessage(func(o *observer, m *dissect.ISAKMP) {
		if !isPhase1(m.Header.Exchange) || m.Message == nil {
			return
		}
		if len(m.NATD) == 0 {
			if expectsNATD(m) {
				o.fail(m.Frame, m.Src.Addr(), "no NAT-D payload in message %d, although both ends have sent the vendor ID", m.Index)
			}
			return
		}
		if len(m.NATD) < 2 {
			o.fail(m.Frame, m.Src.Addr(), "one NAT-D payload")
			return
		}
		if why := m.NATD[0].Why; why != "" {
			o.unseen(m.Frame, "capture from the first message on", "NAT-D not compared: %s", why)
			return
		}
		dst, source := natdFits(m)
		switch {
		case dst && source:
			o.pass(m.Frame, "both ends' hashes are right")
		case dst:
			// A NAT in front of the sender, or its wish for encapsulation.
			o.pass(m.Frame, "the destination's hash is right, the source's says that there is a NAT")
		case m.NATD[0].MatchesSrc:
			o.fail(m.Frame, m.Src.Addr(), "the source's hash comes first")
		case len(doubts) < MaxFrames:
			doubts = append(doubts, doubt{m.Frame, m.Src.Addr(), m.Phase1, mangled(m)})
		}
	})
	done := func(o *observer) {
		for _, d := range doubts {
			const what = "the destination's hash is wrong"
			switch {
			case d.mangled && (udpModes(d.p1, d.from) || len(d.p1.Quicks) == 0 && d.p1.FloatedI):
				o.tolerate(d.frame, d.from, "%s, computed for port 0, and UDP encapsulation follows: this forces it", what)
			case o.s.Foreign() && (d.p1.FloatedI || d.p1.FloatedR || staysOn500(d.p1) || !d.p1.Complete()):
				o.unseen(d.frame, "capture on the sender's side of the NAT", "%s at the place of the capture: a NAT may be in between", what)
			default:
				o.fail(d.frame, d.from, "%s", what)
			}
		}
	}
	return see, done
}

// natdFits reports whether the first NAT-D payload is the destination's, and one of
// the others the source's. The last message of aggressive mode is sent from port
// 4500 where there is a NAT, but the ports it is about may be those of the first.
func natdFits(m *dissect.ISAKMP) (dst, source bool) {
	dst = m.NATD[0].MatchesDst
	source = slices.ContainsFunc(m.NATD[1:], func(n dissect.NATDCheck) bool { return n.MatchesSrc })
	if m.Header.Exchange != wire.ExchangeAggressive || m.Index != 3 {
		return dst, source
	}
	own := payloads[*wire.NATD](m)
	dst = dst || bytes.Equal(own[0].Data, natdHash(m.Phase1, m.Dst.Addr(), ikePort))
	source = source || slices.ContainsFunc(own[1:], func(n *wire.NATD) bool { return bytes.Equal(n.Data, natdHash(m.Phase1, m.Src.Addr(), ikePort)) })
	return dst, source
}

// natdHash is HASH(CKY-I | CKY-R | IP | port), RFC 3947 3.2.
func natdHash(p *dissect.Phase1, a netip.Addr, port uint16) []byte {
	return p.Suite.Hash.Sum(p.CookieI[:], p.CookieR[:], a.AsSlice(), binary.BigEndian.AppendUint16(nil, port))
}

// mangled reports whether the first NAT-D payload is that of the destination
// with port 0, which libreswan sends to force UDP encapsulation.
func mangled(m *dissect.ISAKMP) bool {
	n, ok := first[*wire.NATD](m)
	p := m.Phase1
	return ok && slices.ContainsFunc([]netip.Addr{m.Dst.Addr(), m.Src.Addr()}, func(a netip.Addr) bool {
		return bytes.Equal(n.Data, natdHash(p, a, 0))
	})
}

// udpModes reports whether the side at addr proposed or chose a UDP-encapsulated
// mode under p.
func udpModes(p *dissect.Phase1, addr netip.Addr) bool {
	for _, q := range p.Quicks {
		sa := q.Offered
		if q.Initiator.Addr() != addr {
			sa = q.Chosen
		}
		if sa == nil {
			continue
		}
		for _, pr := range sa.Proposals {
			for _, t := range pr.Transforms {
				if _, udp, ok := mode(t); ok && udp {
					return true
				}
			}
		}
	}
	return false
}

// expectsNATD reports whether m is a message that has to have NAT-D payloads: both
// ends have sent the vendor ID of RFC 3947 or of one of its drafts.
func expectsNATD(m *dissect.ISAKMP) bool {
	names, _, _ := agreedNATT(m.Phase1)
	if len(names) == 0 {
		return false
	}
	answers := 0 // the message with the other end's NAT-D payloads, without which this end need not go on
	switch x := m.Header.Exchange; {
	case x == wire.ExchangeMain && m.Index == 3, x == wire.ExchangeAggressive && m.Index == 2:
		return true
	case x == wire.ExchangeMain && m.Index == 4:
		answers = 3
	case x == wire.ExchangeAggressive && m.Index == 3:
		answers = 2
	default:
		return false
	}
	return slices.ContainsFunc(m.Phase1.Messages, func(k *dissect.ISAKMP) bool { return k.Index == answers && usableNATD(k) })
}

// usableNATD reports whether a message has the two NAT-D payloads, with a number of
// a version agreed on, that NAT traversal cannot do without.
func usableNATD(m *dissect.ISAKMP) bool {
	_, rfc, draft := agreedNATT(m.Phase1)
	n := 0
	for _, d := range m.NATD {
		if d.Draft && draft || !d.Draft && rfc {
			n++
		}
	}
	return n >= 2
}

func vendor(ids [][]byte, want []byte) bool {
	for _, id := range ids {
		if string(id) == string(want) {
			return true
		}
	}
	return false
}

// mode reads a transform's encapsulation mode as a slug.
func mode(t wire.Transform) (slug string, udp, ok bool) {
	a, ok := t.Attr(wire.P2Encapsulation)
	n, fits := a.Uint()
	if !ok || !fits || n > 0xffff {
		return "", false, false
	}
	switch uint16(n) {
	case wire.EncapTunnel:
		return "tunnel", false, true
	case wire.EncapTransport:
		return "transport", false, true
	case wire.EncapUDPTunnel, wire.EncapUDPTunnelDraft:
		return "tunnel", true, true
	case wire.EncapUDPTransport, wire.EncapUDPTransportDraft:
		return "transport", true, true
	}
	return "", false, false
}

func encapsulationMode(o *observer, m *dissect.ISAKMP) {
	if !quick(o, m, 1, 2) {
		return
	}
	if staysOn500(m.Phase1) {
		return // the port says nothing then
	}
	floated := m.Src.Port() == nattPort || m.Dst.Port() == nattPort
	plain, udp := 0, 0
	forEachTransform(m, func(_ wire.Proposal, t wire.Transform) {
		if _, u, ok := mode(t); ok && u {
			udp++
		} else if ok {
			plain++
		}
	})
	switch {
	case plain+udp == 0:
	case m.Index == 2 && m.Quick.Offered != nil && !offersBoth(m.Quick.Offered):
		o.pass(m.Frame, "the only kind that was offered")
	case plain > 0 && udp > 0:
		o.fail(m.Frame, m.Src.Addr(), "both UDP-encapsulated modes and others in one message")
	case floated && plain > 0:
		o.fail(m.Frame, m.Src.Addr(), "no UDP encapsulation, although IKE has moved to port 4500")
	case !floated && udp > 0:
		o.fail(m.Frame, m.Src.Addr(), "a UDP-encapsulated mode, although IKE has stayed on port 500")
	case floated:
		o.pass(m.Frame, "UDP encapsulation on port 4500")
	default:
		o.pass(m.Frame, "no UDP encapsulation on port 500")
	}
}

// offersBoth reports whether an offer leaves the choice between UDP-encapsulated
// modes and others.
func offersBoth(sa *wire.SA) bool {
	seen := map[bool]bool{}
	for _, p := range sa.Proposals {
		for _, t := range p.Transforms {
			if _, udp, ok := mode(t); ok {
				seen[udp] = true
			}
		}
	}
	return len(seen) == 2
}

func marker(o *observer, e *dissect.Event) {
	if e.Kind != dissect.KindISAKMP || e.UDP == nil || e.ISAKMP == nil || !o.s.Judges(e.Src.Addr()) {
		return
	}
	floated := e.Src.Port() == nattPort || e.Dst.Port() == nattPort
	switch has := e.UDP.NonESPMarker; {
	case e.UDP.DoubleMarker:
		o.fail(e.Frame, e.Src.Addr(), "two non-ESP markers on port %d", e.Dst.Port())
	case floated && !has:
		o.fail(e.Frame, e.Src.Addr(), "no non-ESP marker on port %d", e.Dst.Port())
	case !floated && has:
		o.fail(e.Frame, e.Src.Addr(), "a non-ESP marker on port %d", e.Dst.Port())
	case floated:
		o.pass(e.Frame, "")
	}
}
