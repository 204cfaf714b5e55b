package spd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// ErrMalformed is an IP packet that cannot be read as far as selectors need.
var ErrMalformed = errors.New("malformed packet")

// Lengths of fixed headers in octets.
const (
	ipv4HeaderLen = 20
	ipv6HeaderLen = 40
	udpHeaderLen  = 8
)

// Fields of the IPv4 flags and fragment offset (RFC 791 3.1).
const (
	flagDF     = 0x4000
	flagMF     = 0x2000
	offsetMask = 0x1fff
)

// packet is an IP packet, read as far as the ports.
type packet struct {
	raw   []byte // cut to the IP length
	v6    bool
	upper int // offset of the upper layer: IP header with options or extension headers
	nh    int // offset of the octet that names the upper layer's protocol
	flow  Flow
}

// payload is what follows the IP headers, aliasing the packet.
func (p packet) payload() []byte { return p.raw[p.upper:] }

// fragmented reports whether the packet is any part of a fragmented one.
func (p packet) fragmented() bool { return p.flow.Fragment || p.flow.MoreFragments }

func malformed(format string, args ...any) error {
	return fmt.Errorf("esp/spd: %w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func parse(ip []byte) (packet, error) { return parseVersion(ip, false) }

// parseQuoted is parse for what an ICMP error quotes, which may lack its end.
func parseQuoted(ip []byte) (packet, error) { return parseVersion(ip, true) }

func parseVersion(ip []byte, quoted bool) (packet, error) {
	if len(ip) == 0 {
		return packet{}, malformed("empty")
	}
	switch ip[0] >> 4 {
	case 4:
		return parseIPv4(ip, quoted)
	case 6:
		return parseIPv6(ip, quoted)
	}
	return packet{}, malformed("IP version %d", ip[0]>>4)
}

// parseIPv4 reads the header of RFC 791 3.1. The checksum is not verified.
func parseIPv4(ip []byte, quoted bool) (packet, error) {
	if len(ip) < ipv4HeaderLen {
		return packet{}, malformed("%d octets < IPv4 header %d (RFC 791 3.1)", len(ip), ipv4HeaderLen)
	}
	hdr, total := int(ip[0]&0xf)*4, int(binary.BigEndian.Uint16(ip[2:]))
	if quoted {
		total = min(total, len(ip))
	}
	if hdr < ipv4HeaderLen || total < hdr || total > len(ip) {
		return packet{}, malformed("header %d, total length %d of %d octets (RFC 791 3.1)", hdr, total, len(ip))
	}
	frag := binary.BigEndian.Uint16(ip[6:])
	p := packet{raw: ip[:total:total], upper: hdr, nh: 9}
	p.flow = Flow{
		Src:           netip.AddrFrom4([4]byte(ip[12:16])),
		Dst:           netip.AddrFrom4([4]byte(ip[16:20])),
		Proto:         ip[9],
		Fragment:      frag&offsetMask != 0,
		MoreFragments: frag&flagMF != 0,
	}
	return p, p.parseUpper()
}

// IPv6 extension headers (RFC 2460 4).
const (
	extHopByHop = 0
	extRouting  = 43
	extFragment = 44
	extDestOpts = 60
)

// parseIPv6 reads the header of RFC 2460 3 and its extension headers.
func parseIPv6(ip []byte, quoted bool) (packet, error) {
	if len(ip) < ipv6HeaderLen {
		return packet{}, malformed("%d octets < IPv6 header %d (RFC 2460 3)", len(ip), ipv6HeaderLen)
	}
	total := ipv6HeaderLen + int(binary.BigEndian.Uint16(ip[4:]))
	if quoted {
		total = min(total, len(ip))
	}
	if total > len(ip) {
		return packet{}, malformed("payload length %d of %d octets (RFC 2460 3)", total-ipv6HeaderLen, len(ip)-ipv6HeaderLen)
	}
	p := packet{raw: ip[:total:total], v6: true, upper: ipv6HeaderLen, nh: 6}
	p.flow.Src = netip.AddrFrom16([16]byte(ip[8:24]))
	p.flow.Dst = netip.AddrFrom16([16]byte(ip[24:40]))
	for !p.flow.Fragment {
		var n int
		rest := p.payload()
		switch next := p.raw[p.nh]; next {
		case extHopByHop, extRouting, extDestOpts:
			if len(rest) >= 2 {
				n = (int(rest[1]) + 1) * 8
			}
		case extFragment:
			n = 8
		default:
			p.flow.Proto = next
			return p, p.parseUpper()
		}
		if n == 0 || n > len(rest) {
			return packet{}, malformed("extension header %d at offset %d exceeds the packet (RFC 2460 4)", p.raw[p.nh], p.upper)
		}
		if p.raw[p.nh] == extFragment {
			frag := binary.BigEndian.Uint16(rest[2:])
			p.flow.Fragment, p.flow.MoreFragments = frag>>3 != 0, frag&1 != 0
		}
		p.nh, p.upper = p.upper, p.upper+n
	}
	// What a later fragment's Fragment header names may be an extension header of the
	// first fragment; the selectors then see its number.
	p.flow.Proto = p.raw[p.nh]
	return p, nil
}

// parseUpper reads ports, or ICMP type and code.
func (p *packet) parseUpper() error {
	if p.flow.Fragment {
		return nil
	}
	b := p.payload()
	switch {
	case hasPorts(p.flow.Proto):
		if len(b) < 4 {
			return malformed("%d octets of %s, too short for ports", len(b), protoName(p.flow.Proto))
		}
		p.flow.SrcPort = binary.BigEndian.Uint16(b)
		p.flow.DstPort = binary.BigEndian.Uint16(b[2:])
	case p.flow.Proto == protoICMP && !p.v6, p.flow.Proto == protoICMPv6 && p.v6:
		if len(b) < 2 {
			return malformed("%d octets of %s, too short for type and code", len(b), protoName(p.flow.Proto))
		}
		p.flow.ICMPType, p.flow.ICMPCode = b[0], b[1]
	}
	return nil
}
