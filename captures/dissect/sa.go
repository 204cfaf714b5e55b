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
	Src, Dst netip.Addr // Dst chose the SPI. Invalid: any, in supplied SAs
	Origin   Origin

	// Quick is the exchange that negotiated the SA, nil otherwise. ToResponder:
	// its packets travel from that quick mode's initiator to its responder.
	Quick       *Quick
	ToResponder bool

	Mode  esp.Mode // as negotiated, 0 when not known
	UDP   bool     // UDP encapsulation was negotiated (RFC 3947 5.1)
	Suite esp.Suite
	// SuiteErr: the negotiated transform is none this package can compute.
	SuiteErr error

	// Keyed: packets can be decrypted or verified. Why says why not.
	Keyed bool
	Why   string
	// KeysDerived: the keys were computed from SKEYID_d (RFC 2409 5.5) and not
	// taken from the key log. KeysDiffer: the key log has others.
	KeysDerived bool
	KeysDiffer  bool

	// Counters over the packets seen so far, the current event included.
	Packets             uint64
	FirstFrame          int // first packet
	LastFrame           int
	FirstSeq, HighSeq   uint32
	ICVGood, ICVBad     uint64
	Negotiated, Deleted int // frames: the quick mode message that fixed it, the first Delete that names it; 0 if none

	saState
}
