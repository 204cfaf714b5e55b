package spd

import (
	"encoding/binary"
	"time"
)

// Bounds of a Reassembler.
const (
	reassemblyTime = 60 * time.Second // RFC 8200 4.5; RFC 1122 3.3.2
	maxPartial     = 64               // packets at once; the oldest gives way
)

// Reassembler puts packets together that IP has cut, as RFC 2401 5.2 asks for before
// anything is done with them. The zero value is ready; it is bounded in memory.
type Reassembler struct {
	partial map[fragmentKey]*partial
	order   []fragmentKey // oldest first
}

type fragmentKey struct {
	src, dst [16]byte
	id       uint32
	proto    uint8
	v6       bool
}

// partial is a packet of which fragments have come.
type partial struct {
	Datagram
	started time.Time
	header  []byte // of the first fragment, without what IPv6 adds for fragments; nil until it came
	proto   uint8  // the upper layer's, from the first fragment
}

// Packet takes a packet and returns it as it is, if it is whole, or what it completes;
// nil while something is missing, and for what cannot be put together.
func (r *Reassembler) Packet(now time.Time, ip []byte) []byte {
	p, err := parse(ip)
	if err != nil || !p.fragmented() {
		return ip
	}
	var offset int
	var id uint32
	if p.v6 {
		if p.nh != p.upper-fragmentHeaderLen {
			return nil // further extension headers in the first fragment
		}
		h := p.raw[p.upper-fragmentHeaderLen:]
		offset, id = int(binary.BigEndian.Uint16(h[2:])&^7), binary.BigEndian.Uint32(h[4:])
	} else {
		offset, id = int(binary.BigEndian.Uint16(ip[6:])&offsetMask)*8, uint32(binary.BigEndian.Uint16(ip[4:]))
	}
	b := p.payload()
	if p.flow.MoreFragments && (len(b)%8 != 0 || len(b) == 0) {
		return nil
	}
	k := fragmentKey{src: p.flow.Src.As16(), dst: p.flow.Dst.As16(), id: id, v6: p.v6}
	if !p.v6 {
		k.proto = p.flow.Proto
	}
	g := r.find(now, k)
	if !g.Add(offset, b, !p.flow.MoreFragments) {
		r.forget(k)
		return nil
	}
	if offset == 0 {
		g.header, g.proto = p.unfragmented(), p.flow.Proto
	}
	whole, ok := g.Whole()
	if !ok || g.header == nil {
		return nil
	}
	r.forget(k)
	return join(g.header, whole, p.v6)
}

// find is the packet that fragments with the key belong to, a new one if the last of
// them came too long ago.
func (r *Reassembler) find(now time.Time, k fragmentKey) *partial {
	if g := r.partial[k]; g != nil {
		if now.Sub(g.started) <= reassemblyTime {
			return g
		}
		r.forget(k)
	}
	if len(r.order) >= maxPartial {
		r.forget(r.order[0])
	}
	if r.partial == nil {
		r.partial = map[fragmentKey]*partial{}
	}
	g := &partial{started: now}
	r.partial[k], r.order = g, append(r.order, k)
	return g
}

func (r *Reassembler) forget(k fragmentKey) {
	delete(r.partial, k)
	for i, o := range r.order {
		if o == k {
			r.order = append(r.order[:i], r.order[i+1:]...)
			return
		}
	}
}

const fragmentHeaderLen = 8 // RFC 8200 4.5

// unfragmented is a copy of the packet's IP header with options or extension headers, but
// for the Fragment header. In it nothing says that the packet is a fragment.
func (p packet) unfragmented() []byte {
	h := append([]byte(nil), p.raw[:p.upper]...)
	if !p.v6 {
		binary.BigEndian.PutUint16(h[6:], binary.BigEndian.Uint16(h[6:])&flagDF)
		return h
	}
	// The Fragment header is the last one, and p.nh is its first octet.
	h = h[:p.upper-fragmentHeaderLen]
	h[lastNextHeader(h)] = p.raw[p.nh]
	return h
}

// lastNextHeader is the offset of the field that says what follows the IPv6 headers h.
func lastNextHeader(h []byte) int {
	nh, at := 6, ipv6HeaderLen
	for at < len(h) {
		nh, at = at, at+(int(h[at+1])+1)*8
	}
	return nh
}

// join is a packet of a header and all that it is about, with the header's length and
// checksum as they have to be; nil if that is too long.
func join(header, payload []byte, v6 bool) []byte {
	if len(header)+len(payload) > MaxDatagram {
		return nil
	}
	ip := append(header[:len(header):len(header)], payload...)
	if v6 {
		binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-ipv6HeaderLen))
		return ip
	}
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	setIPv4Checksum(ip, len(header))
	return ip
}

// Fragment cuts a packet so that no piece is longer than mtu octets, which has to be
// 1280 or more. A packet that fits, and one that cannot be cut, is returned as it is. The
// Don't Fragment flag is not obeyed: it is the sender itself that cuts. ident
// identifies the pieces of an IPv6 packet; IPv4 packets have an identification.
func Fragment(ip []byte, mtu int, ident uint32) [][]byte {
	p, err := parse(ip)
	if err != nil || len(ip) <= mtu || p.fragmented() {
		return [][]byte{ip}
	}
	header := append([]byte(nil), ip[:p.upper]...)
	if p.v6 {
		// All extension headers count as unfragmentable: few hosts use any.
		header[lastNextHeader(header)] = extFragment
		header = append(header, p.flow.Proto, 0, 0, 0)
		header = binary.BigEndian.AppendUint32(header, ident)
	}
	size := (mtu - len(header)) &^ 7
	if size <= 0 { // headers alone are as long
		return [][]byte{ip}
	}
	var out [][]byte
	for at, b := 0, p.payload(); at < len(b); at += size {
		end, more := min(at+size, len(b)), at+size < len(b)
		h := append([]byte(nil), header...)
		if p.v6 {
			binary.BigEndian.PutUint16(h[len(h)-6:], uint16(at)|flag(more, 1))
		} else {
			binary.BigEndian.PutUint16(h[6:], uint16(at/8)|flag(more, flagMF))
		}
		out = append(out, join(h, b[at:end], p.v6))
	}
	return out
}

func flag(set bool, value uint16) uint16 {
	if set {
		return value
	}
	return 0
}
