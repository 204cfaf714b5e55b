package check

import (
	"time"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2406 and RFC 2402: the packets of ESP and AH.

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
			noun:        "packet of ESP or AH", needs: stageTraffic,
		}, sequenceRises),
		packets(Rule{
			ID: "esp.icv", Item: profile.ItemProtection, Ref: "RFC2406/3.3.4", Level: Must,
			Title:       "The ICV verifies",
			Requirement: "If authentication is selected for the SA, the sender computes the ICV over the ESP packet minus the authentication data, with the negotiated algorithm and key.",
			expected:    []string{"the ICV computed with the SA's key over SPI to next header"},
			fix:         "if no packet verifies, suspect the key or the truncation (SHA-256 with 96 instead of 128 bits); if some do, the packet",
			noun:        "packet of ESP or AH", needs: stageTraffic,
		}, icv),
		espPackets(Rule{
			ID: "esp.padding", Item: profile.ItemProtection, Ref: "RFC2406/2.4", Level: Must,
			Title:       "The padding is 1, 2, 3, … and aligns the trailer",
			Requirement: "Where the encryption algorithm does not say what the padding contains, the octets are 1, 2, 3, …; pad length and next header are right aligned within a 4-octet word.",
			expected:    []string{"pad octets 1, 2, 3, … up to pad length"},
			fix:         "receivers that inspect the padding drop the packet",
			noun:        "ESP packet", needs: stageESP,
		}, padding),
		packets(Rule{
			ID: "esp.inner-within-selectors", Item: profile.ItemSelectors, Ref: "RFC2401/5.1.1", Level: Must,
			Title:       "What is inside an SA belongs there",
			Requirement: "A packet is sent on an SA whose selectors it matches; the receiver MUST drop one that does not match the selectors of the SA it came in (RFC 2401 5.2.1).",
			expected:    []string{"packets that match IDci and IDcr of the quick mode which made the SA"},
			fix:         "compare the packet with the SA's selectors: the sender has put it on the wrong SA",
			noun:        "packet inside ESP or AH", needs: stageTraffic,
		}, innerSelectors),
		stateful(Rule{
			ID: "esp.spi-known", Item: profile.ItemProtection, Ref: "RFC2401/4.1", Level: Must,
			Title:       "Packets are sent on SAs that the receiver has",
			Requirement: "The SPI and destination of a packet select the receiver's SA: it is one that the receiver chose in quick mode and has not deleted.",
			expected:    []string{"an SPI that the destination chose in a quick mode, and no Delete from it since"},
			fix:         "after a restart or a lost Delete one end still uses an SA the other has forgotten: dead peer detection and INITIAL-CONTACT cure it",
			noun:        "packet of ESP or AH", needs: stageTraffic,
		}, spiKnown),
	}
}

// sealed is what packets of ESP and AH have in common.
type sealed struct {
	*dissect.Event
	spi, seq uint32
	sa       *dissect.SA
	icv      esp.ICVState
	open     bool // what is inside could be read
}

// sealedPacket is a packet of ESP or AH of whom the trial judges.
func sealedPacket(o *observer, e *dissect.Event) (sealed, bool) {
	switch {
	case !o.s.Judges(e.Src.Addr()):
	case e.Kind == dissect.KindESP && e.ESP != nil && e.ESP.SA != nil:
		return sealed{e, e.ESP.SPI, e.ESP.Seq, e.ESP.SA, e.ESP.Facts.ICV, e.ESP.Decrypted}, true
	case e.Kind == dissect.KindAH && e.AH != nil && e.AH.SA != nil:
		return sealed{e, e.AH.SPI, e.AH.Seq, e.AH.SA, e.AH.State, e.AH.State != esp.ICVUnchecked}, true
	}
	return sealed{}, false
}

// packets gives the rule r a checker that calls see for every packet of ESP or AH
// of whom the trial judges.
func packets(r Rule, see func(*observer, sealed)) Rule {
	return observe(r, func(o *observer, e *dissect.Event) {
		if p, ok := sealedPacket(o, e); ok {
			see(o, p)
		}
	})
}

// espPackets is packets for what only ESP has.
func espPackets(r Rule, see func(*observer, *dissect.Event)) Rule {
	return packets(r, func(o *observer, p sealed) {
		if p.ESP != nil {
			see(o, p.Event)
		}
	})
}

// opened reports whether the packet's content can be trusted, and notes it if
// not for want of keys.
func (p sealed) opened(o *observer) bool {
	switch {
	case p.Truncated:
		o.unseen(p.Frame, "capture whole packets", "truncated by the capture")
	case !p.open:
		o.unseen(p.Frame, nextESPKeys, "%s", orElse(p.Opaque, "not decrypted"))
	case p.icv == esp.ICVBad:
		// The ICV covers what is inside; esp.icv is about this.
		return false
	default:
		return true
	}
	return false
}

func sequenceStart(o *observer, p sealed) {
	switch {
	case p.sa.Packets != 1:
	case p.sa.Origin != dissect.OriginNegotiated:
		o.unseen(p.Frame, "capture from the quick mode on, and supply keys", "SPI %#08x was not negotiated in the capture, so its first packet is not known", p.spi)
	case p.seq == 1:
		o.pass(p.Frame, "SPI %#08x starts at 1", p.spi)
	case p.seq != 0 && o.s.Foreign():
		o.unseen(p.Frame, "capture at the sender", "SPI %#08x starts at %d: the packets before may have been lost on their way to the capture", p.spi, p.seq)
	default:
		o.fail(p.Frame, p.Src.Addr(), "SPI %#08x starts at %d", p.spi, p.seq)
	}
}

func icv(o *observer, p sealed) {
	switch {
	case p.Truncated:
		o.unseen(p.Frame, "capture whole packets", "truncated by the capture")
	case !p.open && p.icv != esp.ICVBad:
		o.unseen(p.Frame, nextESPKeys, "%s", orElse(p.Opaque, "not decrypted"))
	case p.icv == esp.ICVGood:
		o.pass(p.Frame, "%s verifies", icvMaker(p.sa.Suite))
	case p.icv == esp.ICVBad:
		o.fail(p.Frame, p.Src.Addr(), "SPI %#08x: the %s ICV does not verify", p.spi, icvMaker(p.sa.Suite))
	case p.icv == esp.ICVUnchecked:
		o.unseen(p.Frame, "name the integrity algorithm and its key in esp_sa", "SPI %#08x: the keys given do not say how to verify the ICV", p.spi)
	}
}

// icvMaker names what makes the ICV of a suite.
func icvMaker(s esp.Suite) string {
	if profile.AEAD(s.Cipher.String()) {
		return s.Cipher.String()
	}
	return s.Integrity.String()
}

func padding(o *observer, e *dissect.Event) {
	if p, ok := sealedPacket(o, e); !ok || !p.opened(o) {
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

func innerSelectors(o *observer, e sealed) {
	if !e.opened(o) || e.Inner == nil || e.Inner.Kind == dissect.KindMalformed {
		return
	}
	sa := e.sa
	if sa.Quick == nil || sa.Quick.Offered == nil {
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
	case sa.Mode == esp.Transport && sa.UDP && sel.matches(behindNAT(e.Inner.Flow, sel, sa.ToResponder), sa.ToResponder):
		// The selector has the addresses that the ends see, the packet those of the wire.
		o.pass(e.Frame, "")
	default:
		o.fail(e.Frame, e.Src.Addr(), "%v in an SA for %v", e.Inner.Flow, sel)
	}
}

// behindNAT is the flow with the addresses of the selector's ends, where each is one host.
func behindNAT(f spd.Flow, sel selector, fromInitiator bool) spd.Flow {
	if sel.ci.lo != sel.ci.hi || sel.cr.lo != sel.cr.hi {
		return f
	}
	f.Src, f.Dst = sel.ci.lo, sel.cr.lo
	if !fromInitiator {
		f.Src, f.Dst = f.Dst, f.Src
	}
	return f
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
		p, ok := sealedPacket(o, e)
		if !ok {
			return
		}
		sa := p.sa
		switch {
		case sa.Origin != dissect.OriginNegotiated && (unread || o.s.Foreign()):
			o.unseen(e.Frame, "capture from the quick mode on, and supply keys", "SPI %#08x was not negotiated in what was read", p.spi)
		case sa.Origin != dissect.OriginNegotiated:
			o.fail(e.Frame, e.Src.Addr(), "SPI %#08x, which no quick mode made", p.spi)
		case sa.Deleted != 0 && sa.Deleted < e.Frame:
			for _, d := range deletes {
				if d.frame == sa.Deleted && e.Time.Sub(d.at) <= inFlight {
					return
				}
			}
			o.fail(e.Frame, e.Src.Addr(), "SPI %#08x, which its receiver deleted in frame %d", p.spi, sa.Deleted)
		default:
			o.pass(e.Frame, "")
		}
	}, nil
}
