package wire

import (
	"encoding/binary"
	"math"
	"slices"
)

// Message is one ISAKMP message (RFC 2408 3).
type Message struct {
	Header
	// Payloads are the payloads of a message in clear, in wire order. A session sets it to the decrypted ones before it looks at them.
	Payloads []Payload
	// Bodies holds, parallel to Payloads, each body as received, without the 4-octet generic header. Hashes and signatures are computed
	// over these octets (RFC 2409 5), never over a payload written again. Parse sets it, Append ignores it.
	Bodies [][]byte
	// Padding is what is left between the last payload and Length. In clear messages some peers pad to a multiple of 4 octets.
	Padding []byte
	// Sealed is the ciphertext of a message with FlagEncryption: everything after the header, whatever its length. It is not nil then,
	// even if empty.
	Sealed []byte
	// Trailing is what the datagram has after Header.Length octets.
	Trailing []byte
}

// Parse reads a whole datagram (without the non-ESP marker of RFC 3948). The result aliases b.
//
// If FlagEncryption is set, the body goes to Sealed and no payload is read, unless the first one is [PayloadFragment]: fragments are always
// in clear, and some vendors leave in their header the flag of the message that was cut up.
//
// Errors are [*ParseError], with offsets into b. The message is returned with an error as well if the header could be read (nil only if b is
// shorter than HeaderLen): with ErrVersion it holds just the header, otherwise also the payloads before the bad one.
func Parse(b []byte) (*Message, error) {
	b = slices.Clip(b)
	r := newReader(b)
	r.ref = refHeader
	h := readHeader(&r)
	if len(b) < HeaderLen {
		return nil, r.result()
	}
	m := &Message{Header: h}
	if r.err == nil && uint64(h.Length) > uint64(len(b)) {
		r.fail(24, "length", because(ErrTruncated, "%d > datagram %d", h.Length, len(b)))
	}
	if r.err != nil {
		return m, r.result()
	}
	if int(h.Length) < len(b) {
		m.Trailing = b[h.Length:]
		r.s, r.end = r.s[:h.Length-HeaderLen], int(h.Length)
	}
	if h.Flags&FlagEncryption != 0 && h.NextPayload != PayloadFragment {
		m.Sealed = slices.Clip([]byte(r.s))
		return m, nil
	}
	m.Payloads, m.Bodies = readPayloads(h.NextPayload, &r)
	if r.err != nil {
		return m, r.result()
	}
	m.Padding = r.remaining()
	return m, nil
}

// Append writes the message to the end of b and returns the extended slice. It fills in Length, and NextPayload from the first payload;
// m itself is not changed. If Sealed is not nil it is the body, Payloads and Padding are not written, and NextPayload is taken from the
// header. Everything else in the header is written as it stands; Version is not defaulted.
//
// Trailing is written after the message and not counted in Length. With an error, which is one of AppendPayloads', the result is nil.
func (m *Message) Append(b []byte) ([]byte, error) {
	start := len(b)
	h := m.Header
	if m.Sealed == nil {
		h.NextPayload = FirstType(m.Payloads)
	}
	b = appendHeader(b, h)
	if m.Sealed != nil {
		b = append(b, m.Sealed...)
	} else {
		var err error
		if b, err = AppendPayloads(b, m.Payloads); err != nil {
			return nil, err
		}
		b = append(b, m.Padding...)
	}
	n := len(b) - start
	if uint64(n) > math.MaxUint32 {
		return nil, appendError("length", refHeader, ErrTooLong, "%d > 32 bits", n)
	}
	binary.BigEndian.PutUint32(b[start+24:], uint32(n))
	return append(b, m.Trailing...), nil
}
