package ikev1

import (
	"crypto/sha256"
	"fmt"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// datagram encodes a message, gives it the non-ESP marker where its port asks for one, and addresses it.
func (s *Session) datagram(step Step, m *wire.Message) ([]Datagram, error) {
	b, err := m.Append(nil)
	if err != nil {
		return nil, fmt.Errorf("ikev1: %v: %w", step, err)
	}
	b = s.deviateOctets(b)
	s.own = sha256.Sum256(b)
	parts, err := s.split(m.Header, b)
	if err != nil {
		return nil, fmt.Errorf("ikev1: %v: %w", step, err)
	}
	out := make([]Datagram, 0, len(parts))
	for _, part := range parts {
		part = s.marked(part)
		if s.cfg.Deviations.EditBytes != nil {
			part = s.cfg.Deviations.EditBytes(step, part)
		}
		if s.sent != int(s.cfg.Deviations.DropMessage) {
			out = append(out, Datagram{Local: s.local, Remote: s.remote, Data: part})
		}
	}
	return out, nil
}

func (s *Session) header(x wire.ExchangeType, id uint32, f wire.Flags) wire.Header {
	return wire.Header{CookieI: s.cookieI, CookieR: s.cookieR, Version: wire.Version1, Exchange: x, Flags: f, MessageID: id}
}

func (s *Session) edit(step Step, m *wire.Message) {
	if s.cfg.Deviations.EditMessage != nil {
		s.cfg.Deviations.EditMessage(step, m)
	}
}

// clear sends payloads unprotected.
func (s *Session) clear(step Step, h wire.Header, ps ...wire.Payload) ([]Datagram, error) {
	ps, err := s.allFaults(step, ps)
	if err != nil {
		return nil, err
	}
	m := &wire.Message{Header: h, Payloads: ps}
	s.deviateHeader(step, m, false)
	s.edit(step, m)
	if m.NextPayload, m.Sealed, err = s.encode(step, m.Payloads); err != nil {
		return nil, err
	}
	return s.datagram(step, m)
}

func (s *Session) allFaults(step Step, ps []wire.Payload) ([]wire.Payload, error) {
	ps, err := s.faulty(step, ps, false)
	if err != nil {
		return nil, err
	}
	return s.faulty(step, ps, true)
}

// seal sends payloads encrypted under iv and gives the IV that follows: the last ciphertext block.
func (s *Session) seal(step Step, h wire.Header, iv []byte, ps ...wire.Payload) ([]Datagram, []byte, error) {
	ps, err := s.allFaults(step, ps)
	if err != nil {
		return nil, nil, err
	}
	return s.encrypt(step, h, iv, ps)
}

// sealHashed sends payloads behind a hash of them, encrypted: everything under an ISAKMP SA. hash is given the payloads
// with their generic headers.
func (s *Session) sealHashed(step Step, h wire.Header, iv []byte, hash func(rest []byte) []byte, ps ...wire.Payload) ([]Datagram, []byte, error) {
	ps, err := s.faulty(step, ps, false)
	if err != nil {
		return nil, nil, err
	}
	_, rest, err := s.encode(step, ps)
	if err != nil {
		return nil, nil, err
	}
	own := hash(rest)
	s.hashes.add(string(own)) // it must not be taken for the peer's if somebody sends it back
	if ps, err = s.faulty(step, s.withHash(step, &wire.Hash{Data: own}, ps), true); err != nil {
		return nil, nil, err
	}
	return s.encrypt(step, h, iv, ps)
}

// withHash puts the hash before the payloads.
func (s *Session) withHash(step Step, hash *wire.Hash, ps []wire.Payload) []wire.Payload {
	d := &s.cfg.Deviations
	quick := step == Quick1 || step == Quick2 || step == Quick3
	hash.Data = flip(hash.Data, quick && d.WrongQuickHash || step == Info && d.WrongInfoHash)
	if quick && d.TruncatedQuickHash {
		hash.Data = hash.Data[:len(hash.Data)-4]
	}
	switch {
	case quick && d.OmitQuickHash && len(ps) > 0:
		return ps
	case quick && d.QuickHashLast:
		return append(ps, hash)
	}
	return append([]wire.Payload{hash}, ps...)
}

// encrypt sends payloads as they are, under iv.
func (s *Session) encrypt(step Step, h wire.Header, iv []byte, ps []wire.Payload) ([]Datagram, []byte, error) {
	m := &wire.Message{Header: h, Payloads: ps}
	m.Flags |= wire.FlagEncryption
	s.deviateHeader(step, m, true)
	s.edit(step, m)
	first, plain, err := s.encode(step, m.Payloads)
	if err != nil {
		return nil, nil, err
	}
	block := keymat.BlockSize(s.suite.Cipher)
	for len(plain)%block != 0 {
		plain = append(plain, 0) // RFC 2409 appendix B
	}
	c, err := keymat.NewCBC(s.suite, s.keys.Key, iv)
	if err != nil {
		return nil, nil, fmt.Errorf("ikev1: %v: %w", step, err)
	}
	sealed, err := c.Encrypt([]byte{}, plain)
	if err != nil {
		return nil, nil, fmt.Errorf("ikev1: %v: %w", step, err)
	}
	m.NextPayload, m.Payloads, m.Sealed = first, nil, sealed
	s.protected += uint64(len(sealed))
	out, err := s.datagram(step, m)
	if len(sealed) == 0 {
		return out, iv, err // every payload was left out
	}
	return out, append([]byte(nil), sealed[len(sealed)-block:]...), err
}

// opened is the plaintext of a message.
type opened struct {
	payloads []wire.Payload
	bodies   [][]byte
	plain    []byte // the payloads with their generic headers, without padding
	iv       []byte // what follows in the chain
	sealed   bool   // it was encrypted
}

// open decrypts a message under iv. Nothing of the Session changes, so a message that does
// not decrypt cannot spoil the chain.
func (s *Session) open(m *wire.Message, iv []byte) (*opened, error) {
	if m.Flags&wire.FlagEncryption == 0 { // tolerated by the caller
		return &opened{payloads: m.Payloads, bodies: m.Bodies, iv: iv}, nil
	}
	block := keymat.BlockSize(s.suite.Cipher)
	if len(m.Sealed) == 0 || len(m.Sealed)%block != 0 {
		return nil, refuse(wire.NotifyPayloadMalformed, "%d octets of ciphertext, block is %d", len(m.Sealed), block)
	}
	c, err := keymat.NewCBC(s.suite, s.keys.Key, iv)
	if err != nil {
		return nil, err
	}
	plain, err := c.Decrypt(nil, m.Sealed)
	if err != nil {
		return nil, err
	}
	ps, bodies, rest, err := wire.ParsePayloads(m.NextPayload, plain)
	if err != nil {
		return nil, refuse(wire.NotifyPayloadMalformed, "does not decrypt to payloads: %v", err)
	}
	next := append([]byte(nil), m.Sealed[len(m.Sealed)-block:]...)
	return &opened{payloads: ps, bodies: bodies, plain: plain[:len(plain)-len(rest)], iv: next, sealed: true}, nil
}

// checkForm wants what of a message there may be only one of, and the places that payloads must have: SA is the first of phase 1
// (RFC 2409 5) and follows HASH in quick mode, where IDci and IDcr stand together (5.5).
func (s *Session) checkForm(x wire.ExchangeType, ps []wire.Payload) error {
	count := map[wire.PayloadType]int{}
	for at, p := range ps {
		t := p.Type()
		count[t]++
		quick := x == wire.ExchangeQuick
		var err error
		switch t {
		case wire.PayloadSA:
			want := 0
			if quick {
				want = 1
			}
			if at != want && count[t] == 1 {
				err = refuse(wire.NotifyPayloadMalformed, "the SA payload has place %d, not %d (RFC 2409 5)", at+1, want+1)
			} else if count[t] > 1 && quick {
				err = refuse(wire.NotifyNoProposalChosen, "several SAs in one quick mode are not supported (RFC 2409 5.5)")
			} else if count[t] > 1 {
				err = refuse(wire.NotifyPayloadMalformed, "several SA payloads (RFC 2409 5)")
			}
		case wire.PayloadID:
			if quick && at > 0 && count[t] > 1 && ps[at-1].Type() != t {
				err = refuse(wire.NotifyInvalidIDInformation, "the identities do not stand together (RFC 2409 5.5)")
			} else if !quick && count[t] > 1 {
				err = refuse(wire.NotifyPayloadMalformed, "several %v payloads", t)
			}
		case wire.PayloadKE, wire.PayloadNonce, wire.PayloadHash, wire.PayloadSig:
			if count[t] > 1 {
				err = refuse(wire.NotifyPayloadMalformed, "several %v payloads", t)
			}
		}
		if err != nil && s.tolerate(err) != nil {
			return err
		}
	}
	return nil
}

// get finds the first payload of a type; body is nil when there is none.
func get[P wire.Payload](ps []wire.Payload, bodies [][]byte) (p P, body []byte) {
	for i := range ps {
		if q, ok := ps[i].(P); ok {
			return q, bodies[i]
		}
	}
	return p, nil
}

// body encodes a payload without its generic header, the form hashes are computed over.
func body(p wire.Payload) ([]byte, error) {
	b, err := wire.AppendPayloads(nil, []wire.Payload{p})
	if err != nil {
		return nil, err
	}
	return b[4:], nil
}

func flip(b []byte, yes bool) []byte {
	if yes && len(b) > 0 {
		b[0] ^= 1
	}
	return b
}
