package esp

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// An AH packet (RFC 2402 2), behind the IP headers it protects too:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------------------------------------------------------+
//	| Next Header   |  Payload Len  |          RESERVED             |
//	+---------------------------------------------------------------+
//	|                 Security Parameters Index (SPI)               |
//	+---------------------------------------------------------------+
//	|                    Sequence Number Field                      |
//	+---------------------------------------------------------------+
//	|                Authentication Data (variable)                 |
//	+---------------------------------------------------------------+

// ahFixed is the length of the fields before Authentication Data.
const ahFixed = 12

// AHHeader is the clear beginning of AH, and how long all of it is.
type AHHeader struct {
	Header
	NextHeader uint8
	Len        int // octets with Authentication Data and padding
}

// ParseAH reads the header at the start of b; ErrTruncated when it is not all there.
func ParseAH(b []byte) (AHHeader, error) {
	if len(b) < ahFixed {
		return AHHeader{}, fmt.Errorf("esp: AH of %d octets < header %d: %w (RFC 2402 2)", len(b), ahFixed, ErrTruncated)
	}
	h := AHHeader{
		Header:     Header{SPI: binary.BigEndian.Uint32(b[4:]), Seq: binary.BigEndian.Uint32(b[8:])},
		NextHeader: b[0], Len: (int(b[1]) + 2) * 4,
	}
	if h.Len < ahFixed || h.Len > len(b) {
		return h, fmt.Errorf("esp: AH SPI %#08x: length %d of %d octets: %w (RFC 2402 2.2)", h.SPI, h.Len, len(b), ErrTruncated)
	}
	return h, nil
}

// ahLen is the length of AH: a multiple of 4 octets in IPv4, of 8 in IPv6 (RFC 2402 3.3.3.2.1).
func (sa *SA) ahLen(v6 bool) int {
	n := ahFixed + sa.icvLen
	if v6 {
		return (n + 7) &^ 7
	}
	return (n + 3) &^ 3
}

// SealAH puts AH between the IP headers and the payload of a packet. headers are the IPv4 header with its options, or
// the IPv6 header with the extension headers that come before AH (RFC 2402 3.1), and name AH as what follows already.
// The whole packet is appended to dst, with the lengths it has now; the IPv4 checksum is left as it was. next is the
// protocol number of the payload: a transport protocol, or 4 or 41 in tunnel mode.
//
// Errors wrap ErrSequenceExhausted, ErrTooLong, ErrTruncated for headers that cannot be read, or ErrUnsupported
// (Params.InspectOnly); dst is then returned as it was.
func (sa *SA) SealAH(dst, headers, payload []byte, next uint8) ([]byte, error) {
	if err := sa.usableFor(AH); err != nil {
		return dst, err
	}
	v6, err := ipVersion(headers)
	if err != nil {
		return dst, err
	}
	n := sa.ahLen(v6)
	total := len(headers) + n + len(payload)
	if err := fitsIP(v6, total); err != nil {
		return dst, err
	}
	seq, err := sa.nextSequence()
	if err != nil {
		return dst, err
	}
	d := &sa.params.Deviations
	if d.NextHeader != 0 {
		next = d.NextHeader
	}
	out := append(slices.Grow(dst, total), headers...)
	out = append(out, next, byte(n/4-2), 0, 0)
	out = binary.BigEndian.AppendUint32(out, sa.wireSPI())
	out = binary.BigEndian.AppendUint32(out, seq)
	out = append(out, make([]byte, n-ahFixed)...)
	out = append(out, payload...)
	ip := out[len(dst):]
	setIPLength(ip, v6)
	icv, err := sa.ahICV(ip, len(headers))
	if err != nil {
		return dst, err
	}
	at := len(headers) + ahFixed
	copy(ip[at:], icv)
	if sa.packets == uint64(d.BadICV) || d.BadICVFrom > 0 && sa.packets >= uint64(d.BadICVFrom) {
		ip[at] ^= 0xff
	}
	sa.octets += uint64(len(payload))
	return out, nil
}

// OpenAH verifies the IP packet ip, whose AH begins at octet at, appends what follows AH to dst and returns the extended
// slice. In this order, as RFC 2402 3.4 has it: SPI, window, ICV, window again. The packet must be whole: fragments are
// put together before.
//
// Errors wrap ErrTruncated, ErrSPI, ErrReplay, ErrICV or ErrUnsupported (Params.InspectOnly); dst is then returned as it
// was. Info holds SPI, sequence number and next header as soon as the packet has them.
func (sa *SA) OpenAH(dst, ip []byte, at int) ([]byte, Info, error) {
	if err := sa.usableFor(AH); err != nil {
		return dst, Info{}, err
	}
	h, err := sa.splitAH(ip, at)
	info := Info{SPI: h.SPI, Seq: h.Seq, NextHeader: h.NextHeader}
	if err != nil {
		return dst, info, err
	}
	d := &sa.params.Deviations
	drop := func(err error, section string) ([]byte, Info, error) {
		return dst, info, fmt.Errorf("esp: AH SPI %#08x sequence %d: %w (RFC 2402 %s)", h.SPI, h.Seq, err, section)
	}
	if h.SPI != sa.params.SPI {
		return drop(ErrSPI, "3.4.2")
	}
	if !d.AcceptReplay && !sa.window.Fresh(h.Seq) {
		return drop(ErrReplay, "3.4.3")
	}
	if d.AdvanceOnBadICV {
		sa.window.Mark(h.Seq)
	}
	good, err := sa.goodAH(ip, at)
	if err != nil {
		return dst, info, err
	}
	if !good && !d.AcceptBadICV {
		return drop(ErrICV, "3.4.4")
	}
	sa.window.Mark(h.Seq)
	sa.last = max(sa.last, h.Seq)
	sa.packets++
	payload := ip[at+h.Len:]
	sa.octets += uint64(len(payload))
	return append(dst, payload...), info, nil
}

// InspectAH is the checker's view of the IP packet ip, whose AH begins at octet at. It reports a bad ICV instead of
// refusing it, and neither looks at the window, nor compares the SPI, nor counts the packet. Facts.Payload aliases ip.
// Errors wrap ErrTruncated; the Facts then hold what was found before.
func (sa *SA) InspectAH(ip []byte, at int) (Facts, error) {
	h, err := sa.splitAH(ip, at)
	f := Facts{SPI: h.SPI, Seq: h.Seq, NextHeader: h.NextHeader, PadOK: true}
	if err != nil {
		return f, err
	}
	f.Payload = ip[at+h.Len:]
	good, err := sa.goodAH(ip, at)
	switch {
	case err != nil:
		return f, err
	case good:
		f.ICV = ICVGood
	default:
		f.ICV, f.Note = ICVBad, NoteBadICV
	}
	return f, nil
}

// splitAH reads the header at octet at, and sees that the ICV of the suite is there.
func (sa *SA) splitAH(ip []byte, at int) (AHHeader, error) {
	if at < 0 || at > len(ip) {
		return AHHeader{}, fmt.Errorf("esp: AH at octet %d of %d: %w", at, len(ip), ErrTruncated)
	}
	h, err := ParseAH(ip[at:])
	if err == nil && h.Len < ahFixed+sa.icvLen {
		err = fmt.Errorf("esp: AH SPI %#08x sequence %d: %d octets < %d for %v: %w (RFC 2402 2.6)",
			h.SPI, h.Seq, h.Len, ahFixed+sa.icvLen, sa.params.Suite.Integrity, ErrTruncated)
	}
	return h, err
}

// goodAH verifies the ICV of what splitAH accepted.
func (sa *SA) goodAH(ip []byte, at int) (bool, error) {
	icv, err := sa.ahICV(ip, at)
	if err != nil {
		return false, err
	}
	got := ip[at+ahFixed:][:len(icv)]
	return subtleEqual(icv, got), nil
}

// ahICV computes the ICV of an IP packet with AH at octet at, over a copy with the fields zeroed that may change on the
// way, and Authentication Data (RFC 2402 3.3.3).
func (sa *SA) ahICV(ip []byte, at int) ([]byte, error) {
	sa.muted = append(sa.muted[:0], ip...)
	if err := muteIP(sa.muted[:at]); err != nil {
		return nil, err
	}
	clear(sa.muted[at+ahFixed:][:sa.icvLen]) // padding behind it counts as it is (RFC 2402 3.3.3.2.1)
	return sa.mac.compute(sa.muted), nil
}
