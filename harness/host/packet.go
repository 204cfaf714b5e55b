package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
)

const (
	protoUDP     = 17
	ipv4Len      = 20
	ipv6Len      = 40
	udpHeaderLen = 8
)

// ikeDatagram recognises an IKE message: UDP to port 500, or to port 4500 with the non-ESP marker (RFC 3948 2.2).
func ikeDatagram(ip []byte) (ikev1.Datagram, bool) {
	var d ikev1.Datagram
	src, dst, udp, ok := udpPacket(ip)
	if !ok {
		return d, false
	}
	d.Data = udp[udpHeaderLen:]
	d.Remote = netip.AddrPortFrom(src, binary.BigEndian.Uint16(udp))
	d.Local = netip.AddrPortFrom(dst, binary.BigEndian.Uint16(udp[2:]))
	switch d.Local.Port() {
	case ikev1.Port:
		return d, true
	case ikev1.PortNATT:
		return d, len(d.Data) >= 4 && binary.BigEndian.Uint32(d.Data) == 0
	}
	return d, false
}

// udpPacket gives the addresses and the UDP datagram of a whole, unfragmented IP packet.
func udpPacket(ip []byte) (src, dst netip.Addr, udp []byte, ok bool) {
	if len(ip) < ipv4Len {
		return src, dst, nil, false
	}
	switch ip[0] >> 4 {
	case 4:
		hl, total := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:]))
		fragment := binary.BigEndian.Uint16(ip[6:])&0x3fff != 0
		if hl < ipv4Len || total < hl || total > len(ip) || ip[9] != protoUDP || fragment {
			return src, dst, nil, false
		}
		src, dst = netip.AddrFrom4([4]byte(ip[12:16])), netip.AddrFrom4([4]byte(ip[16:20]))
		udp = ip[hl:total]
	case 6:
		if len(ip) < ipv6Len || ip[6] != protoUDP {
			return src, dst, nil, false
		}
		total := ipv6Len + int(binary.BigEndian.Uint16(ip[4:]))
		if total > len(ip) {
			return src, dst, nil, false
		}
		src, dst = netip.AddrFrom16([16]byte(ip[8:24])), netip.AddrFrom16([16]byte(ip[24:40]))
		udp = ip[ipv6Len:total]
	default:
		return src, dst, nil, false
	}
	if len(udp) < udpHeaderLen {
		return src, dst, nil, false
	}
	n := int(binary.BigEndian.Uint16(udp[4:]))
	if n < udpHeaderLen || n > len(udp) {
		return src, dst, nil, false
	}
	return src, dst, udp[:n], true
}

// wireMTU is the longest packet on the wire.
const wireMTU = 1500

// toWire puts IKE messages into IP packets, in fragments where one is too long for the wire.
func (h *Host) toWire(ds []ikev1.Datagram) Output {
	var o Output
	for _, d := range ds {
		h.ident++
		p := UDPPacket(h.ident, d.Local, d.Remote, d.Data)
		o.Wire = append(o.Wire, spd.Fragment(p, wireMTU, uint32(h.ident))...)
	}
	return o
}

// UDPPacket makes an IP packet with one UDP datagram, both with their checksums. ident is
// the IPv4 identification.
func UDPPacket(ident uint16, src, dst netip.AddrPort, data []byte) []byte {
	n := udpHeaderLen + len(data)
	var p []byte
	s, t := src.Addr().AsSlice(), dst.Addr().AsSlice()
	if src.Addr().Is4() {
		p = make([]byte, ipv4Len, ipv4Len+n)
		p[0], p[8], p[9] = 0x45, 64, protoUDP
		binary.BigEndian.PutUint16(p[2:], uint16(ipv4Len+n))
		binary.BigEndian.PutUint16(p[4:], ident)
		copy(p[12:], s)
		copy(p[16:], t)
		binary.BigEndian.PutUint16(p[10:], ^spd.Sum16(0, p))
	} else {
		p = make([]byte, ipv6Len, ipv6Len+n)
		p[0], p[6], p[7] = 0x60, protoUDP, 64
		binary.BigEndian.PutUint16(p[4:], uint16(n))
		copy(p[8:], s)
		copy(p[24:], t)
	}
	pseudo := spd.Sum16(int(spd.Sum16(n+protoUDP, s)), t)
	head := len(p)
	p = binary.BigEndian.AppendUint16(p, src.Port())
	p = binary.BigEndian.AppendUint16(p, dst.Port())
	p = binary.BigEndian.AppendUint16(p, uint16(n))
	p = append(p, 0, 0)
	p = append(p, data...)
	c := ^spd.Sum16(int(pseudo), p[head:])
	if c == 0 {
		c = 0xffff // 0 means none (RFC 768)
	}
	binary.BigEndian.PutUint16(p[head+6:], c)
	return p
}
