package check

import (
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2406: the packets of ESP.

func espRules() []Rule {
	return []Rule{
		packets(Rule{
			ID: "esp.sequence-start", Item: profile.ItemProtection, Ref: "RFC2406/3.3.3", Level: Must,
			Title:       "The first packet of an SA has sequence number 1",
			Requirement: "The sender's counter is initialised to 0 when an SA is established and incremented before each packet: the first packet sent using a given SA has the sequence number 1.",
			expected:    []string{"sequence number 1 in the first packet after the SA was negotiated"},
			fix:         "a receiver's window starts at 1 too; look whether packets were lost before the tap",
			noun:        "SA", needs: stageTraffic,
		}, sequenceStart),
		stateful(Rule{
			ID: "esp.sequence-rises", Item: profile.ItemProtection, Ref: "RFC2406/3.3.3", Level: Must,
			Title:       "Sequence numbers rise by one and never repeat",
			Requirement: "The sender increments the sequence number for this SA by one for each packet, and must not let it cycle.",
			expected:    []string{"each packet's number greater than all before it in the SA"},
			fix:         "receivers drop what they take for a replay",
			noun:        "ESP packet", needs: stageTraffic,
		}, sequenceRises),
		packets(Rule{
			ID: "esp.icv", Item: profile.ItemProtection, Ref: "RFC2406/3.3.4", Level: Must,
			Title:       "The ICV verifies",
			Requirement: "If authentication is selected for the SA, the sender computes the ICV over the ESP packet minus the authentication data, with the negotiated algorithm and key.",
			expected:    []string{"the ICV computed with the SA's key over SPI to next header"},
			fix:         "if no packet verifies, suspect the key or the truncation (SHA-256 with 96 instead of 128 bits); if some do, the packet",
			noun:        "ESP packet", needs: stageTraffic,
		}, icv),
		packets(Rule{
			ID: "esp.padding", Item: profile.ItemProtection, Ref: "RFC2406/2.4", Level: Must,
			Title:       "The padding is 1, 2, 3, … and aligns the trailer",
			Requirement: "Where the encryption algorithm does not say what the padding contains, the octets are 1, 2, 3, …; pad length and next header are right aligned within a 4-octet word.",
			expected:    []string{"pad octets 1, 2, 3, … up to pad length"},
			fix:         "receivers that inspect the padding drop the packet",
			noun:        "ESP packet", needs: stageTraffic,
		}, padding),
		packets(Rule{
			ID: "esp.inner-within-selectors", Item: profile.ItemSelectors, Ref: "RFC2401/5.1.1", Level: Must,
			Title:       "What is inside an SA belongs there",
			Requirement: "A packet is sent on an SA whose selectors it matches; the receiver MUST drop one that does not match the selectors of the SA it came in (RFC 2401 5.2.1).",
			expected:    []string{"packets that match IDci and IDcr of the quick mode which made the SA"},
			fix:         "compare the packet with the SA's selectors: the sender has put it on the wrong SA",
			noun:        "packet inside ESP", needs: stageTraffic,
		}, innerSelectors),
		stateful(Rule{
			ID: "esp.spi-known", Item: profile.ItemProtection, Ref: "RFC2401/4.1", Level: Must,
			Title:       "Packets are sent on SAs that the receiver has",
			Requirement: "The SPI and destination of a packet select the receiver's SA: it is one that the receiver chose in quick mode and has not deleted.",
			expected:    []string{"an SPI that the destination chose in a quick mode, and no Delete from it since"},
			fix:         "after a restart or a lost Delete one end still uses an SA the other has forgotten: dead peer detection and INITIAL-CONTACT cure it",
			noun:        "ESP packet", needs: stageTraffic,
		}, spiKnown),
	}
}

// packets gives the rule r a checker that calls see for every ESP packet of whom
// the trial judges.
func packets(r Rule, see func(*observer, *dissect.Event)) Rule {
	return observe(r, func(o *observer, e *dissect.Event) {
		if isESP(o, e) {
			see(o, e)
		}
	})
}

func isESP(o *observer, e *dissect.Event) bool {
	return e.Kind == dissect.KindESP && e.ESP != nil && e.ESP.SA != nil && o.s.Judges(e.Src.Addr())
}

// opened reports whether the packet's content can be trusted, and notes it if
// not for want of keys.
func opened(o *observer, e *dissect.Event) bool {
	switch {
	case e.Truncated:
		o.unseen(e.Frame, "capture whole packets", "truncated by the capture")
	case !e.ESP.Decrypted:
		o.unseen(e.Frame, nextESPKeys, "%s", orElse(e.Opaque, "not decrypted"))
	case e.ESP.Facts.ICV == esp.ICVBad:
		// The ICV covers what is inside; esp.icv is about this.
		return false
	default:
		return true
	}
	return false
}

func sequenceStart(o *observer, e *dissect.Event) {
	p := e.ESP
	switch {
	case p.SA.Packets != 1:
	case p.SA.Origin != dissect.OriginNegotiated:
		o.unseen(e.Frame, "capture from the quick mode on, and supply keys", "SPI %#08x was not negotiated in the capture, so its first packet is not known", p.SPI)
	case p.Seq == 1:
		o.pass(e.Frame, "SPI %#08x starts at 1", p.SPI)
	default:
		o.fail(e.Frame, e.Src.Addr(), "SPI %#08x starts at %d", p.SPI, p.Seq)
	}
}

func sequenceRises() (func(*observer, *dissect.Event), func(*observer)) {
	// The SA itself would keep the whole negotiation in memory.
	type name struct {
		src, dst   netip.Addr
		spi        uint32
		negotiated int
	}
	high := map[name]uint32{}
	return func(o *observer, e *dissect.Event) {
		if !isESP(o, e) {
			return
		}
		sa, seq := e.ESP.SA, e.ESP.Seq
		if !o.s.Foreign() && sa.Origin != dissect.OriginNegotiated {
			// Several SAs of the peer may hide behind an SPI that is none.
			o.unseen(e.Frame, nextESPKeys, "SPI %#08x was not negotiated in what was read", e.ESP.SPI)
			return
		}
		key := name{e.Src.Addr(), e.Dst.Addr(), sa.SPI, sa.Negotiated}
		last, known := high[key]
		switch {
		case !known && len(high) >= maxRemembered:
			return
		case !known:
			high[key] = seq
			o.pass(e.Frame, "")
		case seq > last:
			high[key] = seq
			o.pass(e.Frame, "")
		case o.s.Foreign() && seq < last:
			// A network may reorder what the sender sent in order.
			o.tolerate(e.Frame, e.Src.Addr(), "SPI %#08x: %d after %d, reordered before the capture or by the sender", e.ESP.SPI, seq, last)
		default:
			o.fail(e.Frame, e.Src.Addr(), "SPI %#08x: %d after %d", e.ESP.SPI, seq, last)
		}
	}, nil
}

func icv(o *observer, e *dissect.Event) {
	switch p := e.ESP; {
	case e.Truncated:
		o.unseen(e.Frame, "capture whole packets", "truncated by the capture")
	case !p.Decrypted && p.Facts.ICV != esp.ICVBad:
		o.unseen(e.Frame, nextESPKeys, "%s", orElse(e.Opaque, "not decrypted"))
	case p.Facts.ICV == esp.ICVGood:
		o.pass(e.Frame, "%v verifies", p.SA.Suite.Integrity)
	case p.Facts.ICV == esp.ICVBad:
		o.fail(e.Frame, e.Src.Addr(), "SPI %#08x: the %v ICV does not verify", p.SPI, p.SA.Suite.Integrity)
	case p.Facts.ICV == esp.ICVUnchecked:
		o.unseen(e.Frame, "name the integrity algorithm and its key in esp_sa", "SPI %#08x: the keys given do not say how to verify the ICV", p.SPI)
	}
}

func padding(o *observer, e *dissect.Event) {
	if !opened(o, e) {
		return
	}
	f := e.ESP.Facts
	switch {
	case !f.PadOK && f.ICV != esp.ICVGood:
		o.unseen(e.Frame, nextESPKeys, "SPI %#08x: bad padding and no ICV that verifies: the keys may be wrong", e.ESP.SPI)
	case !f.PadOK:
		o.fail(e.Frame, e.Src.Addr(), "SPI %#08x sequence %d: %s", e.ESP.SPI, e.ESP.Seq, orElse(f.Note, esp.NotePadOctets))
	case f.Note == esp.NoteAlignment:
		o.fail(e.Frame, e.Src.Addr(), "SPI %#08x sequence %d: %s", e.ESP.SPI, e.ESP.Seq, f.Note)
	default:
		o.pass(e.Frame, "")
	}
}

func innerSelectors(o *observer, e *dissect.Event) {
	if !opened(o, e) || e.Inner == nil || e.Inner.Kind == dissect.KindMalformed {
		return
	}
	sa := e.ESP.SA
	if sa.Quick == nil {
		o.unseen(e.Frame, "capture from the quick mode on, and supply keys", "the quick mode of SPI %#08x is not in the capture", sa.SPI)
		return
	}
	sel, ok := quickSelector(sa.Quick)
	switch {
	case !ok:
		o.unseen(e.Frame, "", "the identities of the quick mode are no set of addresses")
	case e.Inner.Kind == dissect.KindOther && e.Inner.Flow.Proto == 59:
		// A dummy packet, discarded silently (RFC 4303 2.6).
	case sel.matches(e.Inner.Flow, sa.ToResponder):
		o.pass(e.Frame, "")
	default:
		o.fail(e.Frame, e.Src.Addr(), "%v in an SA for %v", e.Inner.Flow, sel)
	}
}

// inFlight is how long packets may still be on their way after the Delete for
// their SA.
const inFlight = time.Second

func spiKnown() (func(*observer, *dissect.Event), func(*observer)) {
	type when struct {
		frame int
		at    time.Time
	}
	var deletes []when // the latest informational messages
	unread := false    // a quick mode that might have made any SA
	return func(o *observer, e *dissect.Event) {
		m := e.ISAKMP
		if m != nil && m.Header.Exchange == wire.ExchangeQuick && m.Message == nil {
			unread = true
		}
		if m != nil && m.Header.Exchange == wire.ExchangeInformational {
			if len(deletes) == maxRecent {
				deletes = deletes[1:]
			}
			deletes = append(deletes, when{e.Frame, e.Time})
		}
		if !isESP(o, e) {
			return
		}
		sa := e.ESP.SA
		switch {
		case sa.Origin != dissect.OriginNegotiated && (unread || o.s.Foreign()):
			o.unseen(e.Frame, "capture from the quick mode on, and supply keys", "SPI %#08x was not negotiated in what was read", e.ESP.SPI)
		case sa.Origin != dissect.OriginNegotiated:
			o.fail(e.Frame, e.Src.Addr(), "SPI %#08x, which no quick mode made", e.ESP.SPI)
		case sa.Deleted != 0 && sa.Deleted < e.Frame:
			for _, d := range deletes {
				if d.frame == sa.Deleted && e.Time.Sub(d.at) <= inFlight {
					return
				}
			}
			o.fail(e.Frame, e.Src.Addr(), "SPI %#08x, which its receiver deleted in frame %d", e.ESP.SPI, sa.Deleted)
		default:
			o.pass(e.Frame, "")
		}
	}, nil
}
