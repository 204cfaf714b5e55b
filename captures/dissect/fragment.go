package dissect

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/esp/spd"
)

// reassemblyTime is how long the pieces of a datagram are waited for, by the
// capture's clock (RFC 8200 4.5; RFC 1122 3.3.2).
const reassemblyTime = 60 * time.Second

// datagramKey names the datagram a fragment belongs to (RFC 791 3.2, RFC 8200 4.5).
type datagramKey struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8 // of IPv4; 0 for IPv6, where later fragments may differ
	version  uint8
}

// datagram is a datagram under reassembly.
type datagram struct {
	spd.Datagram
	started time.Time
	frames  []int
	next    uint8 // protocol, from the first fragment
}

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
	case e.IP.FragOffset+len(b) > spd.MaxDatagram:
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
		g = &datagram{started: e.Time}
		if _, evicted := d.fragments.put(k, g); evicted {
			d.note("a datagram under reassembly was dropped: too many at once")
		}
	}
	octets := g.Octets()
	if !g.Add(e.IP.FragOffset, b, !e.IP.MF) {
		d.fragments.remove(k)
		e.Err = malformed("fragments of datagram %#x overlap and differ", e.IP.ID)
		return 0, nil
	}
	if g.Octets() != octets || len(g.frames) == 0 { // not for mere copies: there may be any number
		g.frames = append(g.frames, e.Frame)
	}
	if e.IP.FragOffset == 0 {
		g.next = next
	}
	whole, ok := g.Whole()
	if !ok {
		return 0, nil
	}
	d.fragments.remove(k)
	e.Kind = 0
	e.Fragments = g.frames
	e.Payload = whole
	e.IP.MF, e.IP.FragOffset, e.IP.Len = false, 0, e.IP.HeaderLen+len(whole)
	e.Flow.Fragment, e.Flow.MoreFragments = false, false
	return g.next, whole
}
