package dissect

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// chain is the CBC chain of one exchange (RFC 2409 App B): it moves with each
// message that decrypts and stays where it is with any other.
type chain struct {
	last     []byte   // last ciphertext block of the latest message that decrypted
	rejected [][]byte // those of messages since then that did not
}

// maxRejected bounds the blocks remembered of messages that did not decrypt.
const maxRejected = 4

// iv is an IV to try and, if it is not the one that RFC 2409 asks for, what it is.
type iv struct {
	octets []byte
	note   string
}

// IVRejected is the ISAKMP.IVNote of a message that goes on from one that was not read.
const IVRejected = "the last block of a message that does not decrypt"

const (
	ivFirst    = "the IV of the first phase 1 message"
	ivUnhashed = "the last phase 1 block itself, without the message ID hashed in"
)

// phase1IVs lists the IVs a phase 1 message may have been encrypted with.
func (p *Phase1) phase1IVs() []iv {
	var ivs []iv
	c := &p.main.chain
	if c.last != nil {
		ivs = append(ivs, iv{c.last, ""})
	}
	if p.KEi != nil && p.KEr != nil {
		note := ""
		if c.last != nil {
			note = ivFirst
		}
		ivs = append(ivs, iv{keymat.FirstIV(p.Suite, p.KEi, p.KEr), note})
	}
	return append(ivs, c.others()...)
}

func (c *chain) others() []iv {
	var ivs []iv
	for _, b := range slices.Backward(c.rejected) {
		ivs = append(ivs, iv{b, IVRejected})
	}
	return ivs
}

// ivs lists the IVs a message of x may have been encrypted with, the right one first.
func (p *Phase1) ivs(x *exchange) []iv {
	if x.phase1 {
		return p.phase1IVs()
	}
	var ivs []iv
	if x.chain.last != nil {
		ivs = append(ivs, iv{x.chain.last, ""})
	}
	ivs = append(ivs, x.chain.others()...)
	for _, b := range p.phase1IVs() {
		first := iv{keymat.QuickIV(p.Suite, b.octets, x.id), ""}
		switch {
		case x.chain.last != nil:
			first.note = "a fresh IV of the exchange, as if it had just begun"
		case b.note != "":
			first.note = "an IV made of " + b.note + " instead of the last phase 1 block"
		}
		ivs = append(ivs, first)
	}
	if last := p.main.chain.last; last != nil {
		ivs = append(ivs, iv{last, ivUnhashed})
	}
	return ivs
}

// decrypt tries the known keys on a message.
func (d *Decoder) decrypt(m *ISAKMP, msg *wire.Message, x *exchange) {
	p := m.Phase1
	d.deriveKeys(p)
	if p.Keys < KeysCipher {
		m.Opaque = p.Why
		return
	}
	block := keymat.BlockSize(p.Suite.Cipher)
	sealed := msg.Sealed
	if len(sealed) == 0 || len(sealed)%block != 0 {
		m.Err = fmt.Errorf("captures/dissect: %w: %d encrypted octets are not one or more blocks of %d (RFC 2409 App B)", ErrMalformed, len(sealed), block)
		return
	}
	ivs := p.ivs(x)
	last := sealed[len(sealed)-block:]
	for i, c := range p.keyring.candidates {
		if c.cbc == nil {
			continue
		}
		for _, iv := range ivs {
			if plain, ok := p.attempt(c, iv.octets, msg); ok {
				p.confirm(i)
				x.chain = chain{last: last}
				m.IVNote = iv.note
				m.decrypted(msg, plain)
				return
			}
		}
	}
	if len(ivs) == 0 && x.phase1 && p.Auth.Revised() {
		// The first IV is made of what this method conceals. The ones after it are not.
		x.chain = chain{last: last}
		m.Opaque = "no IV: the KE payloads are encrypted with keys made of the nonces (RFC 2409 5.3)"
		return
	}
	c := &x.chain
	if c.rejected = append(c.rejected, last); len(c.rejected) > maxRejected {
		c.rejected = slices.Delete(c.rejected, 0, 1)
	}
	switch {
	case len(ivs) == 0:
		m.Opaque = "no IV: the KE payloads of phase 1 are not in the capture"
	case p.keyring.confirmed:
		m.Opaque = "does not decrypt, with the key that opened other messages of this ISAKMP SA"
	default:
		m.Opaque = "does not decrypt with the given key"
	}
}

// attempt decrypts the message and reports whether the outcome makes sense.
func (p *Phase1) attempt(c candidate, iv []byte, msg *wire.Message) ([]byte, bool) {
	cbc, err := c.cbc.WithIV(iv)
	if err != nil {
		return nil, false
	}
	plain, err := cbc.Decrypt(nil, msg.Sealed)
	return plain, err == nil && plausible(msg.NextPayload, plain, p.Suite.Hash.Size())
}

// plausible tells plaintext from what a wrong key or IV makes of a ciphertext, by
// the first generic header: a known type follows, the reserved octet is zero, the
// length fits. Random octets pass once in about two million. A first payload
// that is exactly one hash long passes too, whatever its reserved octet.
func plausible(first wire.PayloadType, plain []byte, hashSize int) bool {
	if len(plain) < 4 || !knownPayload(first) {
		return false
	}
	next, reserved, length := wire.PayloadType(plain[0]), plain[1], int(binary.BigEndian.Uint16(plain[2:]))
	if length < 4 || length > len(plain) || next != wire.PayloadNone && !knownPayload(next) {
		return false
	}
	return reserved == 0 || first == wire.PayloadHash && length == 4+hashSize
}

func knownPayload(t wire.PayloadType) bool {
	switch {
	case t >= wire.PayloadSA && t <= wire.PayloadAttributes:
		return t != wire.PayloadProposal && t != wire.PayloadTransform
	}
	switch t {
	case wire.PayloadNATD, wire.PayloadNATOA, wire.PayloadNATDDraft, wire.PayloadNATOADraft, wire.PayloadFragment:
		return true
	}
	return false
}

// decrypted parses the plaintext.
func (m *ISAKMP) decrypted(msg *wire.Message, plain []byte) {
	m.Decrypted, m.Plain = true, plain
	ps, bodies, rest, err := wire.ParsePayloads(msg.NextPayload, plain)
	msg.Payloads, msg.Bodies, msg.Padding = ps, bodies, rest
	m.Message, m.Pad = msg, rest
	if err != nil {
		m.Err = fmt.Errorf("captures/dissect: plaintext: %w", err)
	}
}

// octets gives the payloads of a message as hashes cover them: the octets of all
// payloads with their generic headers, padding left out, and where each begins.
// ok is false if the payloads could not all be read.
func (m *ISAKMP) octets() (b []byte, starts []int, ok bool) {
	if m.Message == nil || m.Err != nil {
		return nil, nil, false
	}
	b = m.Plain
	if !m.Decrypted {
		b = m.Octets[wire.HeaderLen:]
	}
	n := 0
	for _, body := range m.Message.Bodies {
		starts = append(starts, n)
		n += 4 + len(body)
	}
	if n > len(b) {
		return nil, nil, false
	}
	return b[:n], starts, true
}

func equal(a, b []byte) bool { return len(a) > 0 && bytes.Equal(a, b) }
