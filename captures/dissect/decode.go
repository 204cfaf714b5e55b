package dissect

import (
	"crypto/x509"
	"errors"
	"iter"
	"slices"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/keylog"
)

// ErrMalformed is wrapped by Event.Err when IP, UDP, TCP, ESP or AH headers are
// broken. ISAKMP messages have *wire.ParseError instead.
var ErrMalformed = errors.New("malformed packet")

// errCut says that a header is missing octets because of the snaplen.
var errCut = errors.New("cut off")

// opaqueTruncated is Event.Opaque of a packet the capture holds too little of.
const opaqueTruncated = "truncated by snaplen"

// Decode gives one event for each packet of a capture, with the keys of log
// (nil for none). An error of the packet source is passed on with a nil event;
// whether the source goes on after it is the source's business. Breaking off
// is fine. The sequence can be ranged over as often as packets can.
func Decode(packets iter.Seq2[captures.Packet, error], log *keylog.Log) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		NewDecoder(log, Limits{}).Decode(packets)(yield)
	}
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
	Phase1    int // ISAKMP SAs followed at once, by initiator cookie; default 1024
	Exchanges int // exchanges followed under each ISAKMP SA, and Phase1.Quicks; default 64
	Messages  int // messages kept for each exchange; default 32
	Octets    int // octets of ISAKMP messages kept in all; default 64 MiB
	SAs       int // IPsec SAs, those only observed included; default 4096
	Fragments int // datagrams, and ISAKMP messages, under reassembly; default 64
	Depth     int // headers of ESP, AH and IP inside each other; default 4
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&l.Phase1, 1024},
		{&l.Exchanges, 64},
		{&l.Messages, 32},
		{&l.Octets, 64 << 20},
		{&l.SAs, 4096},
		{&l.Fragments, 64},
		{&l.Depth, 4},
	} {
		if *f.field <= 0 {
			*f.field = f.value
		}
	}
	return l
}

// Decoder follows the exchanges and SAs of one capture. It is not safe for
// concurrent use.
type Decoder struct {
	// Certificates are those that may have signed where the signer sends none.
	// They are to be set before the first packet.
	Certificates []*x509.Certificate

	lim Limits
	log *keylog.Log

	frames []frame // the current packet: one for each depth
	notes  []string

	fragments *table[datagramKey, *datagram]
	pieces    *table[fragmentKey, *pieces]
	phase1s   *table[cookie, *family]
	octets    int // kept in phase1s
	sas       *table[saKey, *SA]
}

// frame is an event with the parts its pointers lead to.
type frame struct {
	Event
	udp   UDP
	tcp   TCP
	esp   ESP
	ah    AH
	plain []byte // what ESP decrypts to
	whole []byte // the IP packet, when it is no fragment and all there
}

// NewDecoder returns a decoder that uses the keys of log, which may be nil and
// is not changed.
func NewDecoder(log *keylog.Log, lim Limits) *Decoder {
	if log == nil {
		log = new(keylog.Log)
	}
	lim = lim.withDefaults()
	return &Decoder{
		lim:       lim,
		log:       log,
		frames:    make([]frame, lim.Depth+1),
		fragments: newTable[datagramKey, *datagram](lim.Fragments),
		pieces:    newTable[fragmentKey, *pieces](lim.Fragments),
		phase1s:   newTable[cookie, *family](lim.Phase1),
		sas:       newTable[saKey, *SA](lim.SAs),
	}
}

// Packet decodes one packet. The event is valid until the next call.
func (d *Decoder) Packet(p captures.Packet) *Event {
	e := &d.frames[0].Event
	*e = Event{
		Frame: p.Number, Time: p.Time, Iface: p.Iface, Link: p.Link, Dir: p.Dir,
		CapLen: len(p.Data), OrigLen: max(p.OrigLen, len(p.Data)), Comment: p.Comment,
	}
	d.notes = d.notes[:0]
	b, err := p.IP()
	switch {
	case err == nil:
		d.ip(0, b, p.Cut())
	case p.Cut() && err != captures.ErrNotIP: // it cannot be said that it is not
		e.Kind, e.Truncated, e.Opaque = KindUnknown, true, opaqueTruncated
	default:
		e.Kind = KindNonIP
		if err != captures.ErrNotIP { // there is more to say
			e.Opaque = err.Error()
		}
	}
	if len(d.notes) > 0 {
		e.Notes = d.notes
	}
	return e
}

// inner decodes what an ESP or AH packet, or IP in IP, holds: b of protocol next.
func (d *Decoder) inner(depth int, next uint8, b []byte) {
	outer := &d.frames[depth].Event
	if depth+1 >= len(d.frames) {
		outer.Opaque = "too many headers inside each other"
		return
	}
	e := &d.frames[depth+1].Event
	*e = Event{
		Frame: outer.Frame, Time: outer.Time, Iface: outer.Iface, Link: outer.Link, Dir: outer.Dir,
		CapLen: len(b), OrigLen: len(b), Truncated: outer.Truncated,
	}
	outer.Inner = e
	if next == protoIPv4 || next == protoIPv6 {
		d.ip(depth+1, b, outer.Truncated)
		return
	}
	d.frames[depth+1].whole = nil
	e.IP = outer.IP
	e.address(outer.Src.Addr(), outer.Dst.Addr())
	d.upper(depth+1, next, b)
}

func (d *Decoder) note(s string) { d.notes = append(d.notes, s) }

// Phase1s gives the ISAKMP SAs seen and still remembered, in order of first appearance.
func (d *Decoder) Phase1s() []*Phase1 {
	var ps []*Phase1
	for _, f := range d.phase1s.values() {
		ps = append(ps, f.members...)
	}
	slices.SortStableFunc(ps, func(a, b *Phase1) int { return a.FirstFrame - b.FirstFrame })
	return ps
}

// SAs gives the IPsec SAs seen or negotiated and still remembered, in order of
// appearance. Supplied SAs whose packets never came are not among them.
func (d *Decoder) SAs() []*SA { return d.sas.values() }

// Clone returns a deep copy that stays valid, Inner included. ISAKMP, SA and
// what they point to are shared, as they are never reused.
func (e *Event) Clone() *Event {
	if e == nil {
		return nil
	}
	c := *e
	c.Fragments, c.Notes, c.Payload = slices.Clone(e.Fragments), slices.Clone(e.Notes), slices.Clone(e.Payload)
	c.UDP, c.TCP, c.ESP, c.AH = clone(e.UDP), clone(e.TCP), clone(e.ESP), clone(e.AH)
	if c.ESP != nil {
		f := &c.ESP.Facts
		f.IV, f.Payload, f.Padding = slices.Clone(f.IV), slices.Clone(f.Payload), slices.Clone(f.Padding)
	}
	if c.AH != nil {
		c.AH.ICV = slices.Clone(c.AH.ICV)
	}
	c.Inner = e.Inner.Clone()
	return &c
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
