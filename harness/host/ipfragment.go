package host

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// IP fragments (RFC 791 3.2, RFC 8200 4.5): messages with certificates do not fit into a packet.

const (
	wireMTU         = 1500
	protoFragment   = 44
	fragmentHeader  = 8  // of IPv6
	maxPartial      = 16 // datagrams under reassembly; the oldest makes room
	partialTime     = 30 * time.Second
	moreFragments   = 0x2000 // of IPv4; of IPv6 it is the last bit
	fragmentsOffset = 0x1fff // in units of 8 octets
)

// fragment is an IP packet that is a part of one.
type fragment struct {
	key    fragmentKey
	header []byte // that of the whole packet, but for its length
	offset int
	more   bool
	data   []byte
}

type fragmentKey struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8
}

// partial is a packet under reassembly.
type partial struct {
	key     fragmentKey
	started time.Time
	pieces  []fragment // by offset
}

// readFragment reads a fragment, and false if ip is a whole packet, or none.
func readFragment(ip []byte) (f fragment, ok bool) {
	switch {
	case len(ip) >= ipv4Len && ip[0]>>4 == 4:
		hl, total, bits := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:])), binary.BigEndian.Uint16(ip[6:])
		if hl < ipv4Len || total < hl || total > len(ip) || bits&(moreFragments|fragmentsOffset) == 0 {
			return f, false
		}
		f.key = fragmentKey{netip.AddrFrom4([4]byte(ip[12:16])), netip.AddrFrom4([4]byte(ip[16:20])), uint32(binary.BigEndian.Uint16(ip[4:])), ip[9]}
		f.header, f.data = slices.Clone(ip[:hl]), ip[hl:total]
		f.offset, f.more = int(bits&fragmentsOffset)*8, bits&moreFragments != 0
		binary.BigEndian.PutUint16(f.header[6:], 0)
	case len(ip) >= ipv6Len+fragmentHeader && ip[0]>>4 == 6 && ip[6] == protoFragment:
		total, head := ipv6Len+int(binary.BigEndian.Uint16(ip[4:])), ip[ipv6Len:]
		if total < ipv6Len+fragmentHeader || total > len(ip) {
			return f, false
		}
		f.key = fragmentKey{netip.AddrFrom16([16]byte(ip[8:24])), netip.AddrFrom16([16]byte(ip[24:40])), binary.BigEndian.Uint32(head[4:]), head[0]}
		f.header, f.data = slices.Clone(ip[:ipv6Len]), ip[ipv6Len+fragmentHeader:total]
		bits := binary.BigEndian.Uint16(head[2:])
		f.offset, f.more = int(bits&^7), bits&1 != 0
		f.header[6] = head[0]
	default:
		return f, false
	}
	return f, true
}

// reassemble returns ip if it is a whole packet, the packet that ip completes if it is a fragment, or nil.
func (h *Host) reassemble(now time.Time, ip []byte) []byte {
	f, ok := readFragment(ip)
	if !ok {
		return ip
	}
	f.data = slices.Clone(f.data)
	h.partials = slices.DeleteFunc(h.partials, func(p *partial) bool { return now.Sub(p.started) > partialTime })
	i := slices.IndexFunc(h.partials, func(p *partial) bool { return p.key == f.key })
	if i < 0 {
		h.partials = append(h.partials, &partial{key: f.key, started: now})
		if len(h.partials) > maxPartial {
			h.partials = h.partials[1:]
		}
		i = len(h.partials) - 1
	}
	whole, done := h.partials[i].add(f)
	if done {
		h.partials = slices.Delete(h.partials, i, i+1)
	}
	return whole
}

// add takes a fragment in. It is done when the packet is whole, and also when there can be none: a
// fragment overlaps another (RFC 5722), or the packet is too long.
func (p *partial) add(f fragment) (whole []byte, done bool) {
	i, twice := slices.BinarySearchFunc(p.pieces, f.offset, func(q fragment, at int) int { return q.offset - at })
	switch {
	case twice && string(p.pieces[i].data) == string(f.data):
		return nil, false
	case twice, len(f.data) == 0, f.offset+len(f.data)+len(f.header) > 0xffff,
		i > 0 && p.pieces[i-1].offset+len(p.pieces[i-1].data) > f.offset,
		i < len(p.pieces) && f.offset+len(f.data) > p.pieces[i].offset:
		return nil, true
	}
	p.pieces = slices.Insert(p.pieces, i, f)
	end := 0
	for _, q := range p.pieces {
		if q.offset != end {
			return nil, false
		}
		end += len(q.data)
	}
	if p.pieces[len(p.pieces)-1].more {
		return nil, false
	}
	whole = slices.Clone(p.pieces[0].header)
	for _, q := range p.pieces {
		whole = append(whole, q.data...)
	}
	setLength(whole, len(p.pieces[0].header))
	return whole, true
}

// setLength writes an IP packet's length, and the checksum of an IPv4 header of hl octets.
func setLength(ip []byte, hl int) {
	if ip[0]>>4 == 6 {
		binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-ipv6Len))
		return
	}
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	binary.BigEndian.PutUint16(ip[10:], 0)
	binary.BigEndian.PutUint16(ip[10:], checksum(ip[:hl], 0))
}

// split makes fragments of a packet that is too long for the wire. ident is the IPv6 identification.
func split(ip []byte, ident uint32) [][]byte {
	if len(ip) <= wireMTU {
		return [][]byte{ip}
	}
	hl, room := ipv4Len, wireMTU-ipv4Len
	if ip[0]>>4 == 6 {
		hl, room = ipv6Len, wireMTU-ipv6Len-fragmentHeader
	}
	room &^= 7
	var all [][]byte
	for at, data := 0, ip[hl:]; len(data) > 0; at += room {
		n := min(room, len(data))
		f := slices.Clone(ip[:hl])
		more := uint16(0)
		if len(data) > n {
			more = 1
		}
		if hl == ipv4Len {
			binary.BigEndian.PutUint16(f[6:], uint16(at/8)|more*moreFragments)
		} else {
			f = append(f, ip[6], 0)
			f[6] = protoFragment
			f = binary.BigEndian.AppendUint16(f, uint16(at)|more)
			f = binary.BigEndian.AppendUint32(f, ident)
		}
		f = append(f, data[:n]...)
		setLength(f, hl)
		all, data = append(all, f), data[n:]
	}
	return all
}
