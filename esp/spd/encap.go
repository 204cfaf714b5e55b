package spd

import (
	"encoding/binary"
	"errors"
	"math"
	"net/netip"

	"github.com/useipsec/useipsec/esp"
)

// outerTTL is the TTL or hop limit of outer headers (RFC 2401 5.1.2.1).
const outerTTL = 64

// refusal is an error that is a Reason.
type refusal string

func (r refusal) Error() string { return string(r) }

// reason returns the Reason of an error of this package or of package esp.
func reason(err error) string {
	var r refusal
	switch {
	case errors.As(err, &r):
		return string(r)
	case errors.Is(err, esp.ErrReplay):
		return ReasonReplay
	case errors.Is(err, esp.ErrICV):
		return ReasonICV
	case errors.Is(err, esp.ErrPadding), errors.Is(err, esp.ErrAlignment):
		return ReasonPadding
	case errors.Is(err, esp.ErrTruncated):
		return ReasonTruncated
	case errors.Is(err, esp.ErrSPI):
		return ReasonNoSA
	case errors.Is(err, esp.ErrTooLong):
		return ReasonTooBig
	}
	return ReasonRand
}

// encapsulate makes the packet for the wire, in new memory.
func (e *Endpoint) encapsulate(s *entry, p packet) ([]byte, error) {
	room := ipv6HeaderLen + udpHeaderLen + len(p.raw) + s.sa.Overhead()
	if s.params.Mode == esp.Tunnel {
		b, err := e.outerHeader(make([]byte, 0, room), s, p)
		if err != nil {
			return nil, err
		}
		next := uint8(protoIPIP)
		if p.v6 {
			next = protoIPv6
		}
		return e.seal(b, s, packet{v6: b[0]>>4 == 6, upper: len(b), nh: nextOffset(b)}, p.raw, next)
	}
	// ESP and AH go behind the IP header and its options (RFC 2406 3.1.1, RFC 2402 3.1.1)
	// and are applied to whole datagrams only (RFC 2406 3.3.4, RFC 2402 3.3.4).
	if p.fragmented() {
		return nil, refusal(ReasonTransportFrag)
	}
	b := append(make([]byte, 0, room), p.raw[:p.upper]...)
	return e.seal(b, s, p, p.payload(), p.flow.Proto)
}

func nextOffset(header []byte) int {
	if header[0]>>4 == 6 {
		return 6
	}
	return 9
}

// seal appends UDP header and ESP packet, or AH and payload, to the IP headers in b, which h describes, and
// completes the headers.
func (e *Endpoint) seal(b []byte, s *entry, h packet, payload []byte, next uint8) ([]byte, error) {
	if s.params.Proto == esp.AH {
		b[h.nh] = protoAH
		b, err := s.sa.SealAH(make([]byte, 0, cap(b)), b[:h.upper], payload, next)
		if err != nil {
			return nil, err
		}
		return finish(b, h, protoAH)
	}
	proto := uint8(protoESP)
	start := len(b)
	if s.params.Encap != nil {
		proto = protoUDP
		start += udpHeaderLen
	}
	b, err := s.sa.Seal(b[:start], payload, next)
	if err != nil {
		return nil, err
	}
	if s.params.Encap != nil {
		n := len(b) - start
		if n > math.MaxUint16-udpHeaderLen {
			return nil, refusal(ReasonTooBig)
		}
		s.params.Encap.AppendHeader(b[:h.upper], n)
		e.udpChecksum(b, h)
	}
	return finish(b, h, proto)
}

// finish sets next protocol, length and checksum of the IP header at the start of b.
func finish(b []byte, h packet, proto uint8) ([]byte, error) {
	b[h.nh] = proto
	if h.v6 {
		n := len(b) - ipv6HeaderLen
		if n > math.MaxUint16 {
			return nil, refusal(ReasonTooBig)
		}
		binary.BigEndian.PutUint16(b[4:], uint16(n))
		return b, nil
	}
	if len(b) > math.MaxUint16 {
		return nil, refusal(ReasonTooBig)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	setIPv4Checksum(b, h.upper)
	return b, nil
}

// udpChecksum keeps the 0 of RFC 3948 2.1 for IPv4; in IPv6 a UDP checksum is required
// (RFC 2460 8.1).
func (e *Endpoint) udpChecksum(b []byte, h packet) {
	if !h.v6 && !e.deviations.UDPChecksum {
		return
	}
	c := transportChecksum(b, h, protoUDP)
	if e.deviations.UDPChecksum {
		c ^= 0x5555
	}
	binary.BigEndian.PutUint16(b[h.upper+6:], nonZero(c))
}

// outerHeader appends the header of tunnel mode. The inner header's DSCP and ECN are
// copied, and DF where both are IPv4 (RFC 2401 5.1.2.1).
func (e *Endpoint) outerHeader(b []byte, s *entry, p packet) ([]byte, error) {
	src, dst := s.params.Src, s.params.Dst
	if !src.IsValid() || !dst.IsValid() || src.Is4() != dst.Is4() {
		return nil, refusal(ReasonNoTunnel)
	}
	tos := p.raw[1]
	if p.v6 {
		tos = byte(binary.BigEndian.Uint16(p.raw) >> 4)
	}
	if !src.Is4() {
		b = binary.BigEndian.AppendUint32(b, 6<<28|uint32(tos)<<20)
		b = append(b, 0, 0, protoESP, outerTTL)
		return appendAddrs(b, src, dst), nil
	}
	var df uint16
	if !p.v6 {
		df = binary.BigEndian.Uint16(p.raw[6:]) & flagDF
	}
	e.id++
	b = append(b, 0x45, tos, 0, 0)
	b = binary.BigEndian.AppendUint16(b, e.id)
	b = binary.BigEndian.AppendUint16(b, df)
	b = append(b, outerTTL, protoESP, 0, 0)
	return appendAddrs(b, src, dst), nil
}

func appendAddrs(b []byte, src, dst netip.Addr) []byte {
	return append(append(b, src.AsSlice()...), dst.AsSlice()...)
}

// host is the prefix of one address.
func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
