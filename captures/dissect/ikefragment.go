package dissect

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// What a message is that was cut into pieces by IKE itself ([MS-IKEE] 2.2.3), as
// long as pieces of it are missing.
const opaqueFragment = "an IKE fragment; the rest of its message is not there"

// fragmentKey names the message a piece belongs to: numbers are the sender's own.
type fragmentKey struct {
	i, r     cookie
	src, dst netip.AddrPort
	id       uint16
}

// pieces is a message under reassembly.
type pieces struct {
	parts  map[uint8][]byte
	frames []int
	last   uint8 // the number of the last one, 0 while it is not known
	octets int
	broken bool // there was a number 0, so that nobody knows what comes first
}

// ikeFragment takes in a message if it is a fragment. whole is the message that it
// completes, nil if it completes none.
func (d *Decoder) ikeFragment(m *ISAKMP) (whole []byte, frames []int) {
	if m.Header.NextPayload != wire.PayloadFragment {
		return nil, nil
	}
	msg, err := wire.Parse(m.Octets)
	if m.Err = err; err != nil {
		return nil, nil
	}
	m.Message = msg
	f, at := payload[*wire.Fragment](msg)
	if at < 0 {
		return nil, nil
	}
	m.Fragment, m.Opaque = f, opaqueFragment
	k := fragmentKey{m.Header.CookieI, m.Header.CookieR, m.Src, m.Dst, f.ID}
	g, ok := d.pieces.get(k)
	if !ok {
		g = &pieces{parts: map[uint8][]byte{}}
		if _, evicted := d.pieces.put(k, g); evicted {
			d.note("IKE fragments were dropped: too many messages under reassembly at once")
		}
	}
	if why := g.add(m.Frame, f); why != "" {
		m.Opaque = "an IKE fragment, " + why
		return nil, nil
	}
	if whole = g.whole(); whole == nil {
		return nil, nil
	}
	d.pieces.remove(k)
	return whole, g.frames
}

// add enters a piece, or says why it cannot be one of the message. A copy of one
// that is there changes nothing.
func (g *pieces) add(frame int, f *wire.Fragment) (why string) {
	have, again := g.parts[f.Number]
	switch {
	case f.Number == 0:
		g.broken = true
		return "with number 0"
	case again && bytes.Equal(have, f.Data):
		return ""
	case again:
		return fmt.Sprintf("another one of number %d", f.Number)
	case g.last != 0 && (f.Last || f.Number > g.last):
		return "beyond the last one"
	case g.octets+len(f.Data) > spd.MaxDatagram:
		return "of a message of more than 64 KiB"
	}
	g.parts[f.Number] = bytes.Clone(f.Data)
	g.frames = append(g.frames, frame)
	g.octets += len(f.Data)
	if f.Last {
		g.last = f.Number
	}
	return ""
}

// whole puts the pieces together, nil if one is missing.
func (g *pieces) whole() []byte {
	if g.broken || g.last == 0 || len(g.parts) != int(g.last) {
		return nil
	}
	b := []byte{}
	for n := range int(g.last) {
		part, ok := g.parts[uint8(n+1)]
		if !ok {
			return nil
		}
		b = append(b, part...)
	}
	return slices.Clip(b)
}

// assembled makes m, the fragment that completes a message, that message.
func (m *ISAKMP) assembled(whole []byte, frames []int) {
	m.Octets, m.Fragments = whole, frames
	m.Message, m.Fragment, m.Opaque, m.Err = nil, nil, "", nil
	h, err := wire.ParseHeader(whole)
	if err == nil && h.NextPayload == wire.PayloadFragment {
		err = fmt.Errorf("captures/dissect: %w: an IKE fragment inside another", ErrMalformed)
	}
	m.Header, m.Err = h, err
	m.Encrypted = h.Flags&wire.FlagEncryption != 0
}
