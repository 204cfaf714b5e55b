package check

import (
	"hash/maphash"
	"net/netip"

	"github.com/useipsec/useipsec/captures/dissect"
)

// RFC 2406 3.3.3: sequence numbers.

// sequence is what is remembered of the numbers of one SA.
type sequence struct {
	high   uint32
	recent [64]struct { // by number
		seq    uint32
		octets uint64 // a hash of them that is never 0
	}
}

// note remembers a packet, and reports whether there was another one with its number,
// and whether that had the same octets.
func (s *sequence) note(seq uint32, octets uint64) (again, same bool) {
	slot := &s.recent[seq%uint32(len(s.recent))]
	again, same = slot.seq == seq && slot.octets != 0, slot.octets == octets
	slot.seq, slot.octets = seq, octets
	return again, same
}

func sequenceRises() (func(*observer, *dissect.Event), func(*observer)) {
	// The SA itself would keep the whole negotiation in memory.
	type name struct {
		src, dst   netip.Addr
		spi        uint32
		negotiated int
	}
	seen := map[name]*sequence{}
	seed := maphash.MakeSeed()
	return func(o *observer, e *dissect.Event) {
		p, ok := sealedPacket(o, e)
		if !ok {
			return
		}
		sa, seq := p.sa, p.seq
		if !o.s.Foreign() && sa.Origin != dissect.OriginNegotiated {
			// Several SAs of the peer may hide behind an SPI that is none.
			o.unseen(e.Frame, nextESPKeys, "SPI %#08x was not negotiated in what was read", p.spi)
			return
		}
		key := name{e.Src.Addr(), e.Dst.Addr(), sa.SPI, sa.Negotiated}
		s := seen[key]
		first := s == nil
		if first {
			if len(seen) >= maxRemembered {
				return
			}
			s = &sequence{}
			seen[key] = s
		}
		last := s.high
		again, same := s.note(seq, maphash.Bytes(seed, e.Payload)|1)
		switch {
		case first || seq > last:
			s.high = seq
			o.pass(e.Frame, "")
		case o.s.Foreign() && again && same:
			// Taps see a packet on its way in and on its way out, networks double it.
			o.tolerate(e.Frame, e.Src.Addr(), "SPI %#08x: packet %d twice with the same octets, by the network, the tap or the sender", p.spi, seq)
		case o.s.Foreign() && !again && seq < last:
			// A network may reorder what the sender sent in order.
			o.tolerate(e.Frame, e.Src.Addr(), "SPI %#08x: %d after %d, reordered before the capture or by the sender", p.spi, seq, last)
		default:
			o.fail(e.Frame, e.Src.Addr(), "SPI %#08x: %d after %d", p.spi, seq, last)
		}
	}, nil
}
