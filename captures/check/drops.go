package check

import (
	"net/netip"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2406 3.4: what a receiver has to drop. That it does shows in what it does not answer: every datagram of a
// conversation over UDP is answered by one.

func dropRules() []Rule {
	return []Rule{
		stateful(Rule{
			ID: "esp.anti-replay", Item: profile.ItemProtection, Ref: "RFC2406/3.4.3", Level: Must,
			Title:       "A packet that has been received is not received again",
			Requirement: "For each received packet the receiver MUST verify that it has a sequence number that does not duplicate that of any other received during the life of the SA; duplicates are rejected.",
			expected:    []string{"one answer to a datagram that arrives twice in the same packet of ESP"},
			fix:         "look whether the anti-replay service is switched off: a replay window of 0",
			noun:        "replayed packet", needs: stageAny, role: scenarios.Responder, unless: asksNothing,
		}, unanswered(func(a arrival) bool { return a.again && a.datagram })),
		stateful(Rule{
			ID: "esp.icv-verified", Item: profile.ItemProtection, Ref: "RFC2406/3.4.4", Level: Must,
			Title:       "A packet whose ICV does not verify is discarded",
			Requirement: "The receiver computes the ICV over the packet and verifies that it is the same as the one in the packet; if the test fails, the receiver MUST discard the received packet as invalid.",
			expected:    []string{"no answer to a datagram in a packet whose ICV is wrong"},
			fix:         "without the verification anybody on the path can change what is inside",
			noun:        "corrupted packet", needs: stageAny, role: scenarios.Responder, unless: asksNothing,
		}, unanswered(func(a arrival) bool { return a.icv == esp.ICVBad })),
	}
}

// asksNothing: without datagrams there is nothing that an answer could be one too many to.
func asksNothing(s *Subject) string {
	if s.exchanges(func(e *scenarios.Exchange) bool { return e.Protocol == 17 && e.Expect.Allows(scenarios.Protected) }) {
		return ""
	}
	return "the script has no protected conversation over UDP, in which what is answered could be counted"
}

// arrival is a packet of ESP on its way to the peer.
type arrival struct {
	frame int
	again bool // with a sequence number that was there before
	icv   esp.ICVState

	datagram bool // inside it, as far as that can be read
}

// numbered is one packet of an SA.
type numbered struct {
	dst        netip.Addr
	spi, seq   uint32
	negotiated int
}

// unanswered counts datagrams to the peer and its answers. A packet that is to be dropped proves itself by a later
// datagram that is answered once, and no answer is left over for it.
func unanswered(bad func(arrival) bool) func() (func(*observer, *dissect.Event), func(*observer)) {
	return func() (func(*observer, *dissect.Event), func(*observer)) {
		seen := map[numbered]bool{}
		asked, answered := 0, 0
		var dropped []int // frames that were to be
		proved := 0       // of them, by later answers
		see := func(o *observer, e *dissect.Event) {
			if o.s.Foreign() || e.Kind != dissect.KindESP || e.ESP == nil || e.ESP.SA == nil || e.ESP.SA.Origin != dissect.OriginNegotiated {
				return
			}
			in := e.Innermost()
			datagram := in != e && in.Kind == dissect.KindUDP
			if o.s.Judges(e.Src.Addr()) {
				if !datagram {
					return
				}
				switch answered++; {
				case len(dropped) == 0:
				case answered > asked:
					o.fail(dropped[0], e.Src.Addr(), "%s to %s in frame %d and before, the last of them in frame %d", count(answered, "answer"), count(asked, "datagram"), dropped[0], e.Frame)
				case answered == asked:
					for ; proved < len(dropped); proved++ {
						o.pass(dropped[proved], "not answered before frame %d", e.Frame)
					}
				}
				return
			}
			key := numbered{e.Dst.Addr(), e.ESP.SPI, e.ESP.Seq, e.ESP.SA.Negotiated}
			a := arrival{e.Frame, seen[key], e.ESP.Facts.ICV, datagram}
			if a.icv == esp.ICVGood && len(seen) < maxRemembered {
				seen[key] = true
			}
			switch {
			case bad(a) && answered != asked:
				o.unseen(a.frame, "let the datagrams before it be answered first", "datagrams before it have no answer yet")
			case bad(a) && len(dropped) < MaxFrames:
				dropped = append(dropped, a.frame)
			case datagram && !a.again:
				asked++
			}
		}
		return see, func(o *observer) {
			for _, frame := range dropped[proved:] {
				o.unseen(frame, "converse over UDP after it: what is answered then shows what was not", "no datagram after it was answered")
			}
		}
	}
}
