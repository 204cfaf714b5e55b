package ikev1

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// IKE fragmentation as vendors have it ([MS-IKEE] 2.2.3): an ISAKMP message that is too large for one datagram is cut
// into numbered pieces, each the only payload of a message in clear with the header of the whole one. A lost piece means
// that the whole message is sent again.

// Fragmentation says how large messages travel.
type Fragmentation struct {
	Enable bool // announce it, and use it with a peer that announces it
	Size   int  // octets of a message that is still sent whole; 0: 1200
	Force  bool // use it without having been told that the peer knows it
}

const (
	defaultFragmentSize = 1200
	fragmentOverhead    = wire.HeaderLen + 4 + 4
	maxFragments        = 255
	maxReassembled      = 1 << 16
	maxReassemblies     = 4
)

// fragmentVendorID announces fragmentation, with the capability bits for main and aggressive mode.
func (s *Session) fragmentVendorID() wire.Payload {
	if s.cfg.Deviations.FragmentNoCapabilities {
		return vendorID(wire.VendorIDFragmentation)
	}
	return &wire.VendorID{Data: append(bytes.Clone(wire.VendorIDFragmentation), 0xc0, 0, 0, 0)}
}

// noteFragmentation finds out whether the peer can put fragments together.
func (s *Session) noteFragmentation(ps []wire.Payload) {
	for _, p := range ps {
		if v, ok := p.(*wire.VendorID); ok && bytes.HasPrefix(v.Data, wire.VendorIDFragmentation) {
			s.peerFragments = true
		}
	}
}

// split cuts a message into fragments, if it has to be.
func (s *Session) split(h wire.Header, b []byte) ([][]byte, error) {
	f, d := s.cfg.Fragmentation, &s.cfg.Deviations
	size := f.Size
	if size <= 0 {
		size = defaultFragmentSize
	}
	size = max(size-fragmentOverhead, 1)
	if len(b) <= size+fragmentOverhead && !d.FragmentAll || !f.Enable || !s.peerFragments && !f.Force {
		return [][]byte{b}, nil
	}
	if d.FragmentAll {
		size = min(size, (len(b)+2)/3)
	}
	if d.FragmentMany {
		size = 1
	} else {
		size = max(size, (len(b)+maxFragments-1)/maxFragments)
	}
	s.fragmentID++
	h.Flags, h.MessageID = 0, 0 // what others send; the whole message has its own
	var parts [][]byte
	for n := 1; len(b) > 0; n++ {
		k := min(size, len(b))
		p := &wire.Fragment{ID: s.fragmentID, Number: uint8(n), Last: k == len(b) && !d.FragmentNoLast, Data: b[:k]}
		b = b[k:]
		switch {
		case d.FragmentIDZero:
			p.ID = 0
		case d.FragmentMixedIDs:
			p.ID += uint16(n)
		case d.FragmentNumberZero:
			p.Number--
		}
		part, err := (&wire.Message{Header: h, Payloads: []wire.Payload{p}}).Append(nil)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	last := len(parts) - 1
	switch {
	case d.FragmentTwiceLast:
		parts = append(parts, parts[last])
	case d.FragmentLastFirst:
		parts = append([][]byte{parts[last]}, parts[:last]...)
	}
	return parts, nil
}

// reassembly is a message of the peer that is being put together.
type reassembly struct {
	id     uint16
	parts  map[uint8][]byte
	last   uint8 // number of the last fragment, 0 while it is not known
	octets int
}

// fragmentOf is the fragment that a message is, or nil. Flags that have no meaning are not looked at.
func fragmentOf(m *wire.Message) *wire.Fragment {
	if f, raw := get[*wire.Fragment](m.Payloads, m.Bodies); raw != nil {
		return f
	}
	if raw := rawBody(m, wire.PayloadFragment); raw != nil {
		if p, err := (&wire.Raw{PT: wire.PayloadFragment, Body: raw}).Typed(); err == nil {
			return p.(*wire.Fragment)
		}
	}
	return nil
}

// reassemble takes a fragment and gives the whole message when nothing is missing, or why there is none. Fragments of several
// messages may come mixed; where they are too many, the oldest message is given up.
func (s *Session) reassemble(f *wire.Fragment) (whole []byte, why string) {
	i := slices.IndexFunc(s.reassemblies, func(r *reassembly) bool { return r.id == f.ID })
	if i < 0 {
		if len(s.reassemblies) == maxReassemblies {
			s.record(Event{Kind: EventDropped, Detail: fmt.Sprintf("%d fragments of a message that was never whole", len(s.reassemblies[0].parts))})
			s.reassemblies = slices.Delete(s.reassemblies, 0, 1)
		}
		i = len(s.reassemblies)
		s.reassemblies = append(s.reassemblies, &reassembly{id: f.ID, parts: map[uint8][]byte{}})
	}
	r := s.reassemblies[i]
	switch {
	case f.Number == 0:
		return nil, "fragment with number 0"
	case r.parts[f.Number] != nil:
		return nil, "fragment that is here already"
	case r.last != 0 && (f.Last || f.Number > r.last):
		return nil, "fragment after the last one"
	case r.octets+len(f.Data) > maxReassembled:
		s.reassemblies = slices.Delete(s.reassemblies, i, i+1)
		return nil, "fragments of more than 64 KiB"
	}
	r.parts[f.Number] = append([]byte{}, f.Data...)
	r.octets += len(f.Data)
	if f.Last {
		r.last = f.Number
	}
	if r.last == 0 || len(r.parts) < int(r.last) {
		return nil, ""
	}
	for n := range int(r.last) {
		part, ok := r.parts[uint8(n+1)]
		if !ok {
			return nil, ""
		}
		whole = append(whole, part...)
	}
	s.reassemblies = slices.Delete(s.reassemblies, i, i+1)
	return whole, ""
}
