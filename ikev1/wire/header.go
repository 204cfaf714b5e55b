package wire

import (
	"encoding/binary"
	"encoding/hex"
)

// HeaderLen is the length of the ISAKMP header in octets (RFC 2408 3.1).
const HeaderLen = 28

// Version1 is ISAKMP version 1.0, the major version in the high four bits (RFC 2408 3.1).
const Version1 = 0x10

// Cookie is one of the two 8-octet halves of an ISAKMP SA's name (RFC 2408 2.5.3, 3.1).
type Cookie [8]byte

// String returns 16 hexadecimal digits.
func (c Cookie) String() string { return hex.EncodeToString(c[:]) }

// IsZero reports whether all octets are zero, as the responder's cookie is in the first message.
func (c Cookie) IsZero() bool { return c == Cookie{} }

// Header is the ISAKMP header, in wire order (RFC 2408 3.1).
type Header struct {
	CookieI     Cookie
	CookieR     Cookie
	NextPayload PayloadType
	Version     uint8 // major version in the high four bits, minor in the low four
	Exchange    ExchangeType
	Flags       Flags
	MessageID   uint32
	Length      uint32 // of the whole message, this header included, in octets
}

// Major returns the major version.
func (h Header) Major() uint8 { return h.Version >> 4 }

// Minor returns the minor version.
func (h Header) Minor() uint8 { return h.Version & 0x0f }

// ParseHeader reads the header at the start of b. Octets after it are not looked at, nor is Length compared with them.
//
// Errors are [*ParseError]: ErrTruncated if b is shorter than HeaderLen; ErrVersion if the major version is not 1; ErrLength if Length is
// less than HeaderLen. With the latter two the header is returned as well.
func ParseHeader(b []byte) (Header, error) {
	r := newReader(b)
	r.ref = refHeader
	h := readHeader(&r)
	return h, r.result()
}

const refHeader = "RFC 2408 3.1"

func readHeader(r *reader) Header {
	var h Header
	start := r.offset()
	copy(h.CookieI[:], r.octets(8, "initiator cookie"))
	copy(h.CookieR[:], r.octets(8, "responder cookie"))
	h.NextPayload = PayloadType(r.u8("next payload"))
	h.Version = r.u8("version")
	h.Exchange = ExchangeType(r.u8("exchange type"))
	h.Flags = Flags(r.u8("flags"))
	h.MessageID = r.u32("message ID")
	h.Length = r.u32("length")
	if r.err != nil {
		return Header{}
	}
	if h.Major() != 1 {
		r.fail(start+17, "version", because(ErrVersion, "%d.%d is not 1.x", h.Major(), h.Minor()))
	}
	if h.Length < HeaderLen {
		r.fail(start+24, "length", because(ErrLength, "%d < header %d", h.Length, HeaderLen))
	}
	return h
}

// appendHeader writes h as it is.
func appendHeader(b []byte, h Header) []byte {
	b = append(b, h.CookieI[:]...)
	b = append(b, h.CookieR[:]...)
	b = append(b, byte(h.NextPayload), h.Version, byte(h.Exchange), byte(h.Flags))
	b = binary.BigEndian.AppendUint32(b, h.MessageID)
	return binary.BigEndian.AppendUint32(b, h.Length)
}
