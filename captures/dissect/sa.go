package dissect

import (
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/esp"
)

// Origin says where knowledge of an IPsec SA comes from.
type Origin uint8

// The origins of an SA.
const (
	OriginObserved   Origin = iota + 1 // only its packets were seen
	OriginSupplied                     // the key log names it, no captured quick mode does
	OriginNegotiated                   // a readable quick mode agreed on it
)

// String gives the origin's name, or Unknown(n).
func (o Origin) String() string {
	switch o {
	case OriginObserved:
		return "observed"
	case OriginSupplied:
		return "supplied"
	case OriginNegotiated:
		return "negotiated"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(o))
}

// SA is one IPsec SA: one direction, one protocol (RFC 2401 4.1).
type SA struct {
	Proto    esp.Proto
	SPI      uint32
	Src, Dst netip.Addr // of the packets on the wire; Dst chose the SPI
	Origin   Origin

	// Quick is the exchange that negotiated the SA, nil otherwise. ToResponder:
	// its packets travel from that quick mode's initiator to its responder.
	Quick       *Quick
	ToResponder bool

	Mode  esp.Mode  // as negotiated, 0 when not known
	UDP   bool      // UDP encapsulation was negotiated (RFC 3947 5.1)
	Suite esp.Suite // zero when not known
	// SuiteErr: the transform is none this program can compute.
	SuiteErr error

	// Keyed: packets can be decrypted. Why says why not.
	Keyed bool
	Why   string
	// KeysDerived: there are keys computed from SKEYID_d (RFC 2409 5.5).
	// KeysDiffer: the key log has other keys for this SA than those. Whichever
	// verify a packet are used for it.
	KeysDerived bool
	KeysDiffer  bool

	// Counters over the packets seen so far, the current event included.
	Packets               uint64
	ICVGood, ICVBad       uint64
	FirstFrame, LastFrame int // frames of the first and the latest packet
	FirstSeq, HighSeq     uint32

	// Negotiated is the frame of the quick mode message that fixed the SA;
	// Deleted that of the first readable Delete, sent by Dst, that names it; 0 if none.
	Negotiated, Deleted int
	// Replaced is the SA with the same destination, protocol and SPI that this
	// one took the place of, if there was one. Packets which only its keys
	// verify are still counted as its.
	Replaced *SA

	openers []opener // candidates, the one that worked last first
}

type saKey struct {
	dst   netip.Addr
	spi   uint32
	proto esp.Proto
}

func (sa *SA) key() saKey { return saKey{dst: sa.Dst, spi: sa.SPI, proto: sa.Proto} }

// lookupSA finds the SA of a packet, or makes one for it.
func (d *Decoder) lookupSA(proto esp.Proto, spi uint32, src, dst netip.Addr) *SA {
	if sa, ok := d.sas.get(saKey{dst: dst, spi: spi, proto: proto}); ok {
		return sa
	}
	sa := &SA{Proto: proto, SPI: spi, Src: src, Dst: dst, Origin: OriginObserved}
	d.supply(sa)
	if sa.Origin == OriginObserved {
		sa.Why = fmt.Sprintf("no key for SPI 0x%08x", spi)
	}
	d.addSA(sa)
	return sa
}

// addSA enters an SA, in the place of one with the same name.
func (d *Decoder) addSA(sa *SA) {
	if old, ok := d.sas.get(sa.key()); ok {
		old.Replaced = nil
		sa.Replaced = old
	}
	if old, evicted := d.sas.put(sa.key(), sa); evicted {
		d.note(fmt.Sprintf("SA to %v with SPI 0x%08x was forgotten: more than %d SAs", old.Dst, old.SPI, d.lim.SAs))
	}
}

// supply gives an SA the keys the key log has for it. An entry that names other
// addresses is tried too, where an ICV can tell whether it fits: a NAT between
// the tap and an endpoint makes them differ.
func (d *Decoder) supply(sa *SA) {
	found := d.log.LookupSA(sa.Proto, sa.SPI, sa.Src, sa.Dst)
	exact := len(found)
	if exact == 0 {
		found = d.log.LookupSA(sa.Proto, sa.SPI, netip.Addr{}, netip.Addr{})
	}
	for _, k := range found {
		o, err := newOpener(sa.Proto, k.Suite, k.Keys, k.AnyICV, k.ICVBits)
		switch {
		case exact == 0 && !o.verifies():
			continue
		case err != nil:
			sa.SuiteErr = err
			sa.Why = fmt.Sprintf("keys for SPI 0x%08x are known, but not how to use them: %v", sa.SPI, err)
		case len(sa.openers) < maxOpeners:
			sa.add(o)
		}
		if sa.Origin == OriginObserved {
			sa.Origin = OriginSupplied
		}
	}
}

// maxOpeners bounds the keys tried on an SA's packets.
const maxOpeners = 4

// add enters a candidate.
func (sa *SA) add(o opener) {
	for _, have := range sa.openers {
		if have.same(o) {
			return
		}
	}
	sa.openers = append(sa.openers, o)
	sa.Keyed, sa.Why = true, ""
	if sa.Suite == (esp.Suite{}) {
		sa.Suite = o.suite
	}
}

// count enters a packet in the counters.
func (sa *SA) count(frame int, seq uint32) {
	if sa.Packets == 0 {
		sa.FirstFrame, sa.FirstSeq = frame, seq
	}
	sa.Packets++
	sa.LastFrame = frame
	sa.HighSeq = max(sa.HighSeq, seq)
}
