package spd

import (
	"encoding/binary"
	"math"
	"net/netip"
)

// Sum16 is the one's complement sum of RFC 1071 over initial and the 16-bit words of b,
// the last one padded with a zero octet. The Internet checksum is its complement.
func Sum16(initial int, b []byte) uint16 {
	sum := uint64(initial)
	for ; len(b) >= 2; b = b[2:] {
		sum += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint64(b[0]) << 8
	}
	for sum > math.MaxUint16 {
		sum = sum>>16 + sum&math.MaxUint16
	}
	return uint16(sum)
}

// setIPv4Checksum completes the header at the start of b (RFC 791 3.1).
func setIPv4Checksum(b []byte, headerLen int) {
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], ^Sum16(0, b[:headerLen]))
}

// transportChecksum is the checksum over the pseudo-header and the upper layer of the
// IP packet b, which h describes. The checksum field must be zero, or the result is
// zero exactly when it was right (RFC 768, RFC 2460 8.1).
func transportChecksum(b []byte, h packet, proto uint8) uint16 {
	addrs := b[12:20]
	if h.v6 {
		addrs = b[8:40]
	}
	upper := b[h.upper:]
	pseudo := Sum16(int(proto)+len(upper), addrs)
	return ^Sum16(int(pseudo), upper)
}

// checksumField is the checksum of TCP or UDP in a packet, aliasing it; nil for what has none over its addresses.
func checksumField(p packet) []byte {
	at := 16
	switch p.flow.Proto {
	case protoTCP:
	case protoUDP:
		at = 6
	default:
		return nil
	}
	if upper := p.payload(); len(upper) >= at+2 {
		return upper[at : at+2]
	}
	return nil
}

// readdress corrects the checksum of TCP or UDP that the peer computed with other addresses than the packet has now
// (RFC 3948 3.1.2), by the difference alone (RFC 1624), so that it still shows what went wrong on the way.
func readdress(p packet, src, dst netip.Addr) {
	field := checksumField(p)
	if field == nil || p.flow.Fragment || p.flow.Proto == protoUDP && field[0]|field[1] == 0 {
		return
	}
	sum := int(^binary.BigEndian.Uint16(field))
	for _, was := range []netip.Addr{src, dst} {
		sum += int(^Sum16(0, was.AsSlice()))
	}
	for _, is := range []netip.Addr{p.flow.Src, p.flow.Dst} {
		sum = int(Sum16(sum, is.AsSlice()))
	}
	c := ^Sum16(sum, nil)
	if p.flow.Proto == protoUDP {
		c = nonZero(c)
	}
	binary.BigEndian.PutUint16(field, c)
}

// nonZero is the other zero of one's complement, since UDP uses 0 for none (RFC 768).
func nonZero(c uint16) uint16 {
	if c == 0 {
		return math.MaxUint16
	}
	return c
}
