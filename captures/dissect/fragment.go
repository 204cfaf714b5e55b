package dissect

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// reassemblyTime is how long the pieces of a datagram are waited for, by the
// capture's clock (RFC 8200 4.5; RFC 1122 3.3.2).
const reassemblyTime = 60 * time.Second

// maxDatagram is the longest payload a datagram can have, in octets.
const maxDatagram = 65535

// datagramKey names the datagram a fragment belongs to (RFC 791 3.2, RFC 8200 4.5).
type datagramKey struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8 // of IPv4; 0 for IPv6, where later fragments may differ
	version  uint8
}

// datagram is a datagram under reassembly.
type datagram struct {
	started  time.Time
	frames   []int
	data     []byte // payload, holes included
	have     []span // ascending, apart from each other
	total    int    // length of the payload, -1 until the last fragment came
	next     uint8  // protocol, from the first fragment
	hasFirst bool
}

type span struct{ from, to int }

// fragment takes in a fragment with payload b. It returns the whole payload and
// its protocol if this fragment completes the datagram, else nil; the event is
// then finished as KindFragment. The payload is valid until the next call.
func (d *Decoder) fragment(depth int, next uint8, b []byte) (uint8, []byte) {
	e := &d.frames[depth].Event
	e.Kind = KindFragment
	e.Flow.Fragment, e.Flow.MoreFragments = e.IP.FragOffset > 0, e.IP.MF
	if e.IP.FragOffset == 0 && (next == protoTCP || next == protoUDP) && len(b) >= 4 {
		e.ports(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	}
	switch {
	case e.Truncated:
		e.Opaque = opaqueTruncated
		return 0, nil
	case depth > 0:
		e.Opaque = "a fragment inside a tunnel is not reassembled"
		return 0, nil
	case e.IP.MF && (len(b)%8 != 0 || len(b) == 0):
		e.Err = malformed("fragment of %d octets with more to come is not a multiple of 8 (RFC 791 3.2)", len(b))
		return 0, nil
	case e.IP.FragOffset+len(b) > maxDatagram:
		e.Err = malformed("fragment ends at octet %d of a datagram (RFC 791 3.2)", e.IP.FragOffset+len(b))
		return 0, nil
	}
	k := datagramKey{src: e.Src.Addr(), dst: e.Dst.Addr(), id: e.IP.ID, version: e.IP.Version}
	if e.IP.Version == 4 {
		k.proto = next
	}
	g, ok := d.fragments.get(k)
	if ok && !e.Time.IsZero() && e.Time.Sub(g.started) > reassemblyTime {
		ok = false
	}
	if !ok {
		g = &datagram{started: e.Time, total: -1}
		if _, evicted := d.fragments.put(k, g); evicted {
			d.note("a datagram under reassembly was dropped: too many at once")
		}
	}
	spans, octets := len(g.have), g.octets()
	if !g.add(e.IP.FragOffset, b, !e.IP.MF) {
		d.fragments.remove(k)
		e.Err = malformed("fragments of datagram %#x overlap and differ", e.IP.ID)
		return 0, nil
	}
	if g.octets() != octets || spans == 0 { // not for mere copies: there may be any number
		g.frames = append(g.frames, e.Frame)
	}
	if e.IP.FragOffset == 0 {
		g.next, g.hasFirst = next, true
	}
	if !g.complete() {
		return 0, nil
	}
	d.fragments.remove(k)
	e.Kind = 0
	e.Fragments = g.frames
	e.Payload = g.data
	e.IP.MF, e.IP.FragOffset, e.IP.Len = false, 0, e.IP.HeaderLen+len(g.data)
	e.Flow.Fragment, e.Flow.MoreFragments = false, false
	return g.next, g.data
}

// add enters octets from..; it reports false if they contradict what is there.
func (g *datagram) add(from int, b []byte, last bool) bool {
	to := from + len(b)
	if last && g.total >= 0 && g.total != to || g.total >= 0 && to > g.total {
		return false
	}
	if last {
		if len(g.have) > 0 && g.have[len(g.have)-1].to > to {
			return false
		}
		g.total = to
	}
	if to > len(g.data) {
		g.data = slices.Grow(g.data, to-len(g.data))[:to]
	}
	i := 0
	for i < len(g.have) && g.have[i].to < from {
		i++
	}
	merged := span{from, to}
	j := i
	for ; j < len(g.have) && g.have[j].from <= to; j++ {
		s := g.have[j]
		lo, hi := max(s.from, from), min(s.to, to)
		if lo < hi && !bytes.Equal(g.data[lo:hi], b[lo-from:hi-from]) {
			return false
		}
		merged = span{min(merged.from, s.from), max(merged.to, s.to)}
	}
	copy(g.data[from:], b)
	g.have = slices.Replace(g.have, i, j, merged)
	return true
}

// octets counts what is there.
func (g *datagram) octets() int {
	n := 0
	for _, s := range g.have {
		n += s.to - s.from
	}
	return n
}

func (g *datagram) complete() bool {
	return g.hasFirst && g.total >= 0 && len(g.have) == 1 && g.have[0] == span{0, g.total}
}
