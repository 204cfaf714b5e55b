package wire

import (
	"bytes"
	"encoding/binary"
)

// AttributeType is the number of a data attribute, 15 bits wide (RFC 2408 3.3). What it means depends on where it stands: phase 1
// transforms (RFC 2409 appendix A, P1 names), phase 2 transforms (RFC 2407 4.5, P2 names), Attributes payloads (CFG names).
type AttributeType uint16

// Attribute is a data attribute (RFC 2408 3.3).
type Attribute struct {
	Type AttributeType
	// Basic: the attribute is written in the short form, type and value. Value then has exactly 2 octets.
	Basic bool
	Value []byte // big endian if it is a number
}

// TV returns the short form: type and 2-octet value.
func TV(t AttributeType, v uint16) Attribute {
	return Attribute{Type: t, Basic: true, Value: binary.BigEndian.AppendUint16(nil, v)}
}

// TLV returns the long form: type, length, value. The result aliases v.
func TLV(t AttributeType, v []byte) Attribute { return Attribute{Type: t, Value: v} }

// TLV32 returns the long form of a 4-octet number.
func TLV32(t AttributeType, v uint32) Attribute {
	return Attribute{Type: t, Value: binary.BigEndian.AppendUint32(nil, v)}
}

// Uint returns the value as a number, in either form. It reports false if Value is empty or has more than 8 significant octets.
func (a Attribute) Uint() (uint64, bool) {
	v := bytes.TrimLeft(a.Value, "\x00")
	if len(a.Value) == 0 || len(v) > 8 {
		return 0, false
	}
	var n uint64
	for _, o := range v {
		n = n<<8 | uint64(o)
	}
	return n, true
}

// Equal reports whether a and b are the same octets on the wire. The same number in short and long form is not equal; compare Uint for that.
func (a Attribute) Equal(b Attribute) bool {
	return a.Type == b.Type && a.Basic == b.Basic && bytes.Equal(a.Value, b.Value)
}

const (
	refAttribute = "RFC 2408 3.3"
	// basicBit is the attribute format bit in front of the type: 1 for the short form.
	basicBit = 0x8000
)

// readAttributes reads attributes until nothing is left.
func readAttributes(r *reader) []Attribute {
	return readAttributesUntil(r, func() bool { return false })
}

// readAttributesUntil reads attributes until nothing is left, or what is left is the end.
func readAttributesUntil(r *reader, end func() bool) []Attribute {
	r.ref = refAttribute
	as := make([]Attribute, 0, countAttributes(r.s))
	for r.err == nil && !r.empty() && !end() {
		t := r.u16("attribute type")
		a := Attribute{Type: AttributeType(t &^ basicBit), Basic: t&basicBit != 0}
		n := 2
		if !a.Basic {
			n = int(r.u16("attribute length"))
		}
		a.Value = r.octets(n, "attribute value")
		as = append(as, a)
	}
	if len(as) == 0 {
		return nil
	}
	return as
}

// ParseAttributes reads attributes that stand alone, as in the data of RESPONDER-LIFETIME (RFC 2407 4.6.3.1). The values
// alias b. The error is a *ParseError.
func ParseAttributes(b []byte) ([]Attribute, error) {
	r := newReader(b)
	as := readAttributes(&r)
	if r.err != nil {
		return nil, r.err
	}
	return as, nil
}

// AppendAttributes writes them.
func AppendAttributes(b []byte, as []Attribute) ([]byte, error) { return appendAttributes(b, as) }

// countAttributes counts the attributes that are really there, so that a list is allocated once.
func countAttributes(s []byte) (n int) {
	for ; len(s) >= 4; n++ {
		size := 4
		if s[0]&(basicBit>>8) == 0 {
			size += int(binary.BigEndian.Uint16(s[2:]))
		}
		s = s[min(size, len(s)):]
	}
	return n
}

func appendAttributes(b []byte, as []Attribute) ([]byte, error) {
	for _, a := range as {
		n := len(a.Value)
		switch {
		case a.Type >= basicBit:
			return nil, appendError("attribute type", refAttribute, ErrTooLong, "%d > 15 bits", a.Type)
		case a.Basic && n != 2:
			return nil, appendError("attribute value", refAttribute, ErrLength, "of %d octets, the short form has 2", n)
		case n > 0xffff:
			return nil, appendError("attribute length", refAttribute, ErrTooLong, "%d > 65535", n)
		case a.Basic:
			b = binary.BigEndian.AppendUint16(b, uint16(a.Type)|basicBit)
		default:
			b = binary.BigEndian.AppendUint16(b, uint16(a.Type))
			b = binary.BigEndian.AppendUint16(b, uint16(n))
		}
		b = append(b, a.Value...)
	}
	return b, nil
}
