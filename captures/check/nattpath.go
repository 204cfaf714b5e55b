package check

import (
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 3947 5.2, 7 and RFC 3948 4: what a NAT on the path asks of the two ends once they have found it.

func nattPathRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.natt.nat-oa", Item: profile.ItemAvailability, Ref: "RFC3947/5.2", Level: Must,
			Title:       "UDP-encapsulated transport mode goes with both original addresses",
			Requirement: "The initiator MUST send the NAT-OA payloads if it proposes any UDP-Encapsulated-Transport mode, and the responder if it selects one: the original address of the initiator, then that of the responder.",
			expected:    []string{"two NAT-OA payloads in messages 1 and 2 of quick mode, the sender's own address in its place"},
			fix:         "without them the receiver cannot correct the checksums of TCP and UDP (RFC 3948 3.1.2)",
			noun:        "quick mode message", needs: stageAny,
		}, natOA),
		stateful(Rule{
			ID: "ike.natt.remap", Item: profile.ItemAvailability, Ref: "RFC3947/7", Level: Should,
			Title:       "Who is not behind the NAT follows when it changes its mapping",
			Requirement: "Ends that are not behind a NAT SHOULD use the last valid UDP-encapsulated IKE or ESP packet from the other end to determine which address and port should be used.",
			expected:    []string{"packets to the address and port that the last authenticated packet came from"},
			fix:         "the NAT drops what goes to the old port: traffic stays away until the SAs are negotiated anew",
			noun:        "UDP-encapsulated packet", needs: stageAny, role: scenarios.Responder,
		}, remap),
		stateful(Rule{
			ID: "esp.keepalive-interval", Item: profile.ItemAvailability, Ref: "RFC3948/4", Level: Should,
			Title:       "Who is behind the NAT sends a NAT-keepalive when nothing else is sent",
			Requirement: "A NAT-keepalive packet is sent by the end behind the NAT while an SA exists and no other packet to the peer has been sent in M seconds, by default 20.",
			expected:    []string{"a packet at least every 20 s (and 5 s of patience)"},
			fix:         "NATs forget the mapping of UDP after as little as 30 s, and nothing reaches this end from then on",
			noun:        "NAT-keepalive", needs: stageAny, role: scenarios.Initiator,
		}, keepsMapping),
	}
}

func natOA(o *observer, m *dissect.ISAKMP) {
	if m.Message == nil && !m.Phase1.FloatedI || !quick(o, m, 1, 2) { // what cannot be read matters where there is a NAT
		return
	}
	transport := false
	forEachTransform(m, func(_ wire.Proposal, t wire.Transform) {
		slug, udp, ok := mode(t)
		transport = transport || ok && udp && slug == "transport"
	})
	oas := payloads[*wire.NATOA](m)
	own := m.Src.Addr()
	if o.s.behindNAT() {
		own = o.s.Trial.Inside
	}
	at := m.Index - 1 // the initiator's comes first
	switch {
	case !transport:
	case len(oas) != 2:
		o.fail(m.Frame, m.Src.Addr(), "%s in message %d", count(len(oas), "NAT-OA payload"), m.Index)
	case o.s.Foreign(): // it may be behind a NAT
		o.pass(m.Frame, "both in message %d", m.Index)
	default:
		if is, ok := netip.AddrFromSlice(oas[at].Data); !ok || is != own {
			o.fail(m.Frame, m.Src.Addr(), "%v as its own original address in message %d, which is %v", is, m.Index, own)
			return
		}
		o.pass(m.Frame, "both in message %d", m.Index)
	}
}

// remapTime is how long an end may take to notice; what it sends meanwhile still goes to the old place.
const remapTime = 2 * time.Second

// remap follows where the harness, behind its NAT, was last heard from, and where the peer sends.
func remap() (func(*observer, *dissect.Event), func(*observer)) {
	var first, at netip.AddrPort
	var since time.Time
	frame := 0
	return func(o *observer, e *dissect.Event) {
		if o.s.Trial == nil || !o.s.Trial.Inside.IsValid() || o.s.behindNAT() || e.UDP == nil || e.Src.Port() != nattPort && e.Dst.Port() != nattPort {
			return
		}
		if !o.s.Judges(e.Src.Addr()) {
			if authentic(e) && e.Src != at {
				at, since, frame = e.Src, e.Time, e.Frame
				if !first.IsValid() {
					first = at
				}
			}
			return
		}
		switch {
		case e.Kind != dissect.KindESP && e.Kind != dissect.KindISAKMP || !at.IsValid() || at == first:
		case e.Dst == at:
			o.pass(e.Frame, "to %v, from where it was sent to since frame %d", at, frame)
		case e.Time.Sub(since) > remapTime:
			o.fail(e.Frame, e.Src.Addr(), "to %v, although the other end sends from %v since frame %d", e.Dst, at, frame)
		}
	}, nil
}

// authentic reports whether a packet can only be from who has the keys.
func authentic(e *dissect.Event) bool {
	switch {
	case e.Kind == dissect.KindESP && e.ESP != nil:
		return e.ESP.Facts.ICV == esp.ICVGood
	case e.Kind == dissect.KindISAKMP && e.ISAKMP != nil:
		return e.ISAKMP.Hash.State == dissect.HashGood && !e.ISAKMP.Retransmission
	}
	return false
}

// Between two packets of an end behind a NAT.
const (
	keepaliveEvery    = 20 * time.Second
	keepalivePatience = 5 * time.Second
)

// keepsMapping watches how long the peer is silent while an ISAKMP SA over port 4500 stands.
func keepsMapping() (func(*observer, *dissect.Event), func(*observer)) {
	var last time.Time
	var p1 *dissect.Phase1
	frame := 0
	return func(o *observer, e *dissect.Event) {
		if !o.s.behindNAT() {
			return
		}
		if m := e.ISAKMP; m != nil && m.Phase1 != nil && established1(m.Phase1) {
			p1 = m.Phase1
		}
		quiet := e.Time.Sub(last)
		if p1 != nil && p1.FloatedI && p1.Deleted == 0 && !last.IsZero() && quiet > keepaliveEvery+keepalivePatience {
			o.fail(frame, o.s.Trial.PeerAddr, "nothing after frame %d for %v", frame, quiet.Round(time.Second))
			last = e.Time // once for each silence
		}
		if !o.s.Judges(e.Src.Addr()) || e.Src.Addr() != o.s.Trial.PeerAddr {
			return
		}
		if e.Kind == dissect.KindKeepalive && p1 != nil {
			o.pass(e.Frame, "")
		}
		last, frame = e.Time, e.Frame
	}, nil
}
