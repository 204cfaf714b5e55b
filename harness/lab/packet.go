package lab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/esp/spd"
)

// Protocols and lengths of headers.
const (
	protoICMP = 1
	protoTCP  = 6
	protoUDP  = 17
	protoESP  = 50
	protoAH   = 51

	ip4HeaderLen  = 20
	icmpHeaderLen = 8
)

// wireMTU is the longest packet on the wire.
const wireMTU = 1500

// wholePackets lets a stage see whole packets: fragments are put together before it and cut again after it, as
// NATs do it, since only the first of them has ports.
type wholePackets struct{ fragments spd.Reassembler }

func (w *wholePackets) whole(at time.Time, ip []byte) []byte { return w.fragments.Packet(at, ip) }

// cut is a packet as it goes on.
func cut(ip []byte) [][]byte { return spd.Fragment(ip, wireMTU, 0) }

// ipv4 is an IPv4 packet that is no fragment; it may have been cut off behind its first octets, as ICMP quotes them.
type ipv4 []byte

// parseIPv4 takes a packet, without what may stand behind its end; ok is false for what is none.
func parseIPv4(b []byte) (p ipv4, ok bool) {
	if len(b) < ip4HeaderLen || b[0]>>4 != 4 {
		return nil, false
	}
	hl, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if hl < ip4HeaderLen || hl > len(b) || total < hl || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
		return nil, false
	}
	return b[:min(total, len(b))], true
}

func (p ipv4) proto() uint8      { return p[9] }
func (p ipv4) src() netip.Addr   { return netip.AddrFrom4([4]byte(p[12:16])) }
func (p ipv4) dst() netip.Addr   { return netip.AddrFrom4([4]byte(p[16:20])) }
func (p ipv4) upper() []byte     { return p[int(p[0]&15)*4:] }
func (p ipv4) protoText() string { return fmt.Sprintf("protocol %d", p.proto()) }

// checksum is the field of the checksum over the pseudo-header, aliasing p; nil where there is none.
func (p ipv4) checksum() []byte {
	at := map[uint8]int{protoTCP: 16, protoUDP: 6}[p.proto()]
	if u := p.upper(); at != 0 && len(u) >= at+2 && (p.proto() != protoUDP || u[6]|u[7] != 0) {
		return u[at : at+2]
	}
	return nil
}

// set puts other octets into a field of even length and offset, and corrects the checksums that cover it by the
// difference alone (RFC 1624), so that one that was wrong stays so.
func (p ipv4) set(field, to []byte, sums ...[]byte) {
	for _, sum := range sums {
		if sum == nil {
			continue
		}
		c := uint32(^binary.BigEndian.Uint16(sum))
		for i := 0; i < len(field); i += 2 {
			c += uint32(^binary.BigEndian.Uint16(field[i:])) + uint32(binary.BigEndian.Uint16(to[i:]))
		}
		for c > 0xffff {
			c = c>>16 + c&0xffff
		}
		if c = ^c & 0xffff; c == 0 && p.proto() == protoUDP && &sum[0] != &p[10] {
			c = 0xffff // 0 means none (RFC 768)
		}
		binary.BigEndian.PutUint16(sum, uint16(c))
	}
	copy(field, to)
}

// readdress puts an address and, where there are any, a port in the place of the packet's source or destination.
func (p ipv4) readdress(source bool, to netip.AddrPort) {
	at, port := 16, 2
	if source {
		at, port = 12, 0
	}
	addr := to.Addr().As4()
	p.set(p[at:at+4], addr[:], p[10:12], p.checksum())
	u := p.upper()
	value := binary.BigEndian.AppendUint16(nil, to.Port())
	switch p.proto() {
	case protoTCP, protoUDP:
		p.set(u[port:port+2], value, p.checksum())
	case protoICMP:
		if isICMPQuery(u) {
			p.set(u[4:6], value, u[2:4])
		}
	}
}

// endpoints are the source and the destination; the identifier of an ICMP query is its port (RFC 5508 3.1).
func (p ipv4) endpoints() (src, dst netip.AddrPort, ok bool) {
	u := p.upper()
	switch p.proto() {
	case protoTCP, protoUDP:
		if len(u) < 8 {
			return src, dst, false
		}
		return netip.AddrPortFrom(p.src(), binary.BigEndian.Uint16(u)), netip.AddrPortFrom(p.dst(), binary.BigEndian.Uint16(u[2:])), true
	case protoICMP:
		if !isICMPQuery(u) {
			return src, dst, false
		}
		id := binary.BigEndian.Uint16(u[4:])
		return netip.AddrPortFrom(p.src(), id), netip.AddrPortFrom(p.dst(), id), true
	}
	return netip.AddrPortFrom(p.src(), 0), netip.AddrPortFrom(p.dst(), 0), true
}

// isICMPQuery tells whether an ICMP message is an echo, or the reply to one.
func isICMPQuery(icmp []byte) bool {
	return len(icmp) >= icmpHeaderLen && (icmp[0] == 0 || icmp[0] == 8)
}

// quoted is the packet that an ICMP error is about.
func (p ipv4) quoted() (ipv4, bool) {
	u := p.upper()
	if p.proto() != protoICMP || len(u) < icmpHeaderLen {
		return nil, false
	}
	switch u[0] {
	case 3, 4, 11, 12: // RFC 792
		return parseIPv4(u[icmpHeaderLen:])
	}
	return nil, false
}

// sumICMP makes the checksum of an ICMP message right.
func sumICMP(icmp []byte) {
	icmp[2], icmp[3] = 0, 0
	binary.BigEndian.PutUint16(icmp[2:], ^spd.Sum16(0, icmp))
}
