package dissect

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/esp/spd"
)

// IP protocol numbers the decoder looks into.
const (
	protoICMP     = 1
	protoIPv4     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoESP      = 50
	protoAH       = 51
	protoICMPv6   = 58
	protoHopByHop = 0
	protoRouting  = 43
	protoFragment = 44
	protoDestOpts = 60
)

const (
	ipv4HeaderLen = 20
	ipv6HeaderLen = 40
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("captures/dissect: %w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// ip decodes an IP packet into the frame at depth. cut says that the capture
// may hold less of it than there was.
func (d *Decoder) ip(depth int, b []byte, cut bool) {
	e := &d.frames[depth].Event
	d.frames[depth].whole = nil
	e.Src, e.Dst, e.IP, e.Flow = netip.AddrPort{}, netip.AddrPort{}, IP{}, spd.Flow{}
	var (
		next   uint8
		err    error
		packet = b
	)
	switch {
	case len(b) == 0:
		err = malformed("no octet of an IP header")
	case b[0]>>4 == 4:
		next, b, err = parseIPv4(e, b, cut)
	case b[0]>>4 == 6:
		next, b, err = parseIPv6(e, b, cut)
	default:
		err = malformed("IP version %d", b[0]>>4)
	}
	if err == errCut {
		e.Kind, e.Truncated, e.Opaque = KindUnknown, true, opaqueTruncated
		return
	}
	if err != nil {
		e.Kind, e.Err = KindMalformed, err
		return
	}
	e.Payload = b
	if !e.Truncated && !e.IP.MF && e.IP.FragOffset == 0 && e.IP.Len <= len(packet) {
		d.frames[depth].whole = packet[:e.IP.Len]
	}
	if e.IP.MF || e.IP.FragOffset > 0 {
		if next, b = d.fragment(depth, next, b); b == nil {
			return
		}
	}
	d.extensions(depth, next, b)
}

// parseIPv4 reads the header of RFC 791 3.1 and returns protocol and payload.
func parseIPv4(e *Event, b []byte, cut bool) (uint8, []byte, error) {
	if len(b) < ipv4HeaderLen {
		return 0, nil, short(cut, "%d octets < IPv4 header %d (RFC 791 3.1)", len(b), ipv4HeaderLen)
	}
	hdr, total := int(b[0]&0xf)*4, int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 { // segmentation offload: the tap was ahead of the driver
		total = len(b)
	}
	if hdr < ipv4HeaderLen || total < hdr {
		return 0, nil, malformed("IPv4 header length %d, total length %d (RFC 791 3.1)", hdr, total)
	}
	frag := binary.BigEndian.Uint16(b[6:])
	e.IP = IP{
		Version: 4, Proto: b[9], TTL: b[8], TOS: b[1], ID: uint32(binary.BigEndian.Uint16(b[4:])),
		DF: frag&0x4000 != 0, MF: frag&0x2000 != 0, FragOffset: int(frag&0x1fff) * 8, Len: total, HeaderLen: hdr,
	}
	e.address(netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20])))
	e.Flow.Proto = b[9]
	if len(b) < hdr {
		return 0, nil, short(cut, "%d octets < IPv4 header with options %d (RFC 791 3.1)", len(b), hdr)
	}
	e.IP.ChecksumBad = binary.BigEndian.Uint16(b[10:]) != 0 && fold(sum(0, b[:hdr])) != 0xffff
	if total > len(b) {
		if !cut {
			return 0, nil, malformed("IPv4 total length %d, %d octets there (RFC 791 3.1)", total, len(b))
		}
		e.Truncated = true
		total = len(b)
	}
	return b[9], b[hdr:total:total], nil
}

// parseIPv6 reads the header of RFC 8200 3 and the extension headers up to and
// including a fragment header.
func parseIPv6(e *Event, b []byte, cut bool) (uint8, []byte, error) {
	if len(b) < ipv6HeaderLen {
		return 0, nil, short(cut, "%d octets < IPv6 header %d (RFC 8200 3)", len(b), ipv6HeaderLen)
	}
	total := ipv6HeaderLen + int(binary.BigEndian.Uint16(b[4:]))
	if total == ipv6HeaderLen && b[6] == protoHopByHop { // jumbogram, or segmentation offload
		total = len(b)
	}
	e.IP = IP{
		Version: 6, Proto: b[6], TTL: b[7], TOS: uint8(binary.BigEndian.Uint16(b) >> 4), Len: total, HeaderLen: ipv6HeaderLen,
	}
	e.address(netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40])))
	e.Flow.Proto = b[6]
	if total > len(b) {
		if !cut {
			return 0, nil, malformed("IPv6 payload length %d, %d octets there (RFC 8200 3)", total-ipv6HeaderLen, len(b)-ipv6HeaderLen)
		}
		e.Truncated = true
		total = len(b)
	}
	next, rest, err := e.extensions(b[6], b[ipv6HeaderLen:total:total])
	if err != nil || next != protoFragment {
		return next, rest, err
	}
	if len(rest) < 8 {
		return 0, nil, short(e.Truncated, "fragment header of %d octets (RFC 8200 4.5)", len(rest))
	}
	frag := binary.BigEndian.Uint16(rest[2:])
	e.IP.MF, e.IP.FragOffset, e.IP.ID = frag&1 != 0, int(frag&^7), binary.BigEndian.Uint32(rest[4:])
	e.IP.HeaderLen += 8
	next = rest[0]
	e.IP.Proto, e.Flow.Proto = next, next
	return next, rest[8:], nil // an atomic fragment (RFC 6946) goes on like a whole packet
}

// extensions skips the IPv6 extension headers before b's upper layer, or before
// a fragment header.
func (e *Event) extensions(next uint8, b []byte) (uint8, []byte, error) {
	for next == protoHopByHop || next == protoRouting || next == protoDestOpts {
		n := 8
		if len(b) >= 2 {
			n += int(b[1]) * 8
		}
		if n > len(b) {
			return 0, nil, short(e.Truncated, "extension header %d of %d octets, %d there (RFC 8200 4)", next, n, len(b))
		}
		next, b = b[0], b[n:]
		e.IP.HeaderLen += n
	}
	e.IP.Proto, e.Flow.Proto = next, next
	return next, b, nil
}

// extensions goes on after reassembly, where IPv6 may have further extension
// headers, and hands over to the upper layer.
func (d *Decoder) extensions(depth int, next uint8, b []byte) {
	e := &d.frames[depth].Event
	if e.IP.Version == 6 {
		var err error
		if next, b, err = e.extensions(next, b); err == nil && next == protoFragment {
			err = malformed("fragment header inside a fragment (RFC 8200 4.5)")
		}
		if err == errCut {
			e.Kind, e.Truncated, e.Opaque = KindUnknown, true, opaqueTruncated
			return
		}
		if err != nil {
			e.Kind, e.Err = KindMalformed, err
			return
		}
	}
	d.upper(depth, next, b)
}

func (e *Event) address(src, dst netip.Addr) {
	e.Src, e.Dst = netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0)
	e.Flow.Src, e.Flow.Dst = src, dst
}

// ports enters the ports everywhere they belong.
func (e *Event) ports(src, dst uint16) {
	e.Src, e.Dst = netip.AddrPortFrom(e.Src.Addr(), src), netip.AddrPortFrom(e.Dst.Addr(), dst)
	e.Flow.SrcPort, e.Flow.DstPort = src, dst
}

// short is errCut where the capture is to blame and a malformed packet otherwise.
func short(cut bool, format string, args ...any) error {
	if cut {
		return errCut
	}
	return malformed(format, args...)
}

// sum adds up b in 16-bit words, one's complement, RFC 1071.
func sum(acc uint64, b []byte) uint64 {
	for len(b) >= 8 {
		v := binary.BigEndian.Uint64(b)
		acc += v>>48 + v>>32&0xffff + v>>16&0xffff + v&0xffff
		b = b[8:]
	}
	for len(b) >= 2 {
		acc += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		acc += uint64(b[0]) << 8
	}
	return acc
}

func fold(acc uint64) uint16 {
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	return uint16(acc)
}
