package wire

import (
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// reader walks octets and knows how far it has come. The first failure sticks: every later read returns zero and changes nothing, so
// a parse function reads a whole header and looks at err once.
type reader struct {
	s   cryptobyte.String
	end int    // offset of the octet after s
	ref string // the section being read
	odd bool   // a reserved octet was not zero
	err *ParseError
}

func newReader(b []byte) reader { return reader{s: b, end: len(b)} }

// offset is the position of the next octet.
func (r *reader) offset() int { return r.end - len(r.s) }

func (r *reader) empty() bool { return len(r.s) == 0 }

func (r *reader) fail(offset int, field string, err error) {
	if r.err == nil {
		r.err = &ParseError{Offset: offset, Field: field, Ref: r.ref, Err: err}
	}
}

// need fails unless n octets are left.
func (r *reader) need(n int, field string) bool {
	if r.err == nil && len(r.s) < n {
		r.fail(r.offset(), field, because(ErrTruncated, "truncated: %d octets needed, %d left", n, len(r.s)))
	}
	return r.err == nil
}

func (r *reader) u8(field string) (v uint8) {
	if r.need(1, field) {
		r.s.ReadUint8(&v)
	}
	return v
}

func (r *reader) u16(field string) (v uint16) {
	if r.need(2, field) {
		r.s.ReadUint16(&v)
	}
	return v
}

func (r *reader) u32(field string) (v uint32) {
	if r.need(4, field) {
		r.s.ReadUint32(&v)
	}
	return v
}

// octets reads n octets; the result aliases the input and is nil when n is 0.
func (r *reader) octets(n int, field string) []byte {
	if n == 0 || !r.need(n, field) {
		return nil
	}
	var v []byte
	r.s.ReadBytes(&v, n)
	return slices.Clip(v)
}

// remaining reads what is left.
func (r *reader) remaining() []byte { return r.octets(len(r.s), "") }

// reserved reads n octets that ought to be zero and remembers if they are not.
func (r *reader) reserved(n int) {
	for _, v := range r.octets(n, "RESERVED") {
		r.odd = r.odd || v != 0
	}
}

// enter narrows the reader to what a 16-bit length, just read, still covers: length counts a header of header octets, of which read have
// been read. The caller gives the result to leave.
func (r *reader) enter(field string, length, read, header int) (outer reader) {
	at := r.offset() - 2
	if r.err != nil {
		return *r
	}
	if length < header {
		r.fail(at, field, because(ErrLength, "%d < header %d", length, header))
		return *r
	}
	body := length - read
	if body > len(r.s) {
		r.fail(at, field, because(ErrTruncated, "%d > %d left", length, len(r.s)+read))
		return *r
	}
	outer = reader{s: r.s[body:], end: r.end}
	r.end = r.offset() + body
	r.s = r.s[:body]
	return outer
}

// leave ends what enter began. Octets not read are an error.
func (r *reader) leave(outer reader, what string) {
	if r.err != nil {
		return
	}
	if !r.empty() {
		r.fail(r.offset(), what, because(ErrTrailing, "has %d trailing octets", len(r.s)))
		return
	}
	r.s, r.end = outer.s, outer.end
}

// in says of a failure inside a payload which one it was.
func (r *reader) in(t PayloadType) {
	if r.err != nil {
		r.err.Field = t.String() + " " + r.err.Field
	}
}

// result is err as an interface that is nil when there is none.
func (r *reader) result() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

// backfill writes the length of b from start on into the two octets at start+2, where all headers below the ISAKMP header have it.
func backfill(b []byte, start int, what, ref string) ([]byte, error) {
	n := len(b) - start
	if n > 0xffff {
		return nil, appendError(what+" length", ref, ErrTooLong, "%d > 65535", n)
	}
	b[start+2], b[start+3] = byte(n>>8), byte(n)
	return b, nil
}
