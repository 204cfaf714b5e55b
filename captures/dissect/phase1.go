package dissect

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var errNoSA = errors.New("the chosen SA payload is not in the capture")

// place gives a message its place in the exchange, from its direction and from
// what it carries. msg may be nil.
func (x *exchange) place(p *Phase1, m *ISAKMP, msg *wire.Message) {
	if !x.begun {
		x.begun, x.byInitiator = true, m.FromInitiator
		if x.quick != nil {
			x.quick.FromInitiator = m.FromInitiator
			x.quick.Initiator, x.quick.Responder = m.Src, m.Dst
		}
	}
	if x.phase1 {
		m.Index = p.place(m, msg)
		return
	}
	same := m.FromInitiator == x.byInitiator
	switch {
	case same && !x.answered:
		m.Index = 1
	case same && !x.closed:
		m.Index, x.closed = 3, true
	case same:
		m.Index = 4
	case !x.closed:
		m.Index, x.answered = 2, true
	default:
		m.Index = 4
	}
}

// place is exchange.place for phase 1 (RFC 2409 5.4, RFC 2408 4.5 to 4.7).
func (p *Phase1) place(m *ISAKMP, msg *wire.Message) int {
	has := func(t wire.PayloadType) bool {
		if m.Header.NextPayload == t {
			return true
		}
		for i := 0; msg != nil && i < len(msg.Payloads); i++ {
			if msg.Payloads[i].Type() == t {
				return true
			}
		}
		return false
	}
	pick := func(fromInitiator, fromResponder int) int {
		if m.FromInitiator {
			return fromInitiator
		}
		return fromResponder
	}
	switch {
	case m.Header.Exchange == wire.ExchangeAggressive && m.FromInitiator && (m.Encrypted || !has(wire.PayloadSA)):
		return 3
	case m.Header.Exchange == wire.ExchangeAggressive:
		return pick(1, 2)
	case m.Header.Exchange == wire.ExchangeMain && m.Encrypted:
		return pick(5, 6)
	case m.Header.Exchange == wire.ExchangeMain && has(wire.PayloadSA):
		return pick(1, 2)
	case m.Header.Exchange == wire.ExchangeMain && has(wire.PayloadKE):
		return pick(3, 4)
	}
	// Nothing tells: the next place that this side can have.
	last := 0
	for _, k := range p.Messages {
		last = max(last, k.Index)
	}
	if (last%2 == 0) == m.FromInitiator {
		return last + 1
	}
	return last + 2
}

// absorb takes the facts of phase 1 out of a message. What is known stays: the
// first message of a kind is the one that both ends went on from.
func (p *Phase1) absorb(m *ISAKMP) {
	if sa, at := payload[*wire.SA](m.Message); at >= 0 {
		p.absorbSA(m.FromInitiator, sa, m.Message.Bodies[at])
	}
	if !m.Encrypted {
		m.Concealed = concealed(p.method(), m.Message)
	}
	for i, raw := range m.Message.Payloads {
		if slices.Contains(m.Concealed, raw.Type()) {
			continue
		}
		switch v := typed(raw).(type) {
		case *wire.KE:
			set(side(m, &p.KEi, &p.KEr), v.Data)
		case *wire.Nonce:
			set(side(m, &p.Ni, &p.Nr), v.Data)
		case *wire.ID:
			if id := side(m, &p.IDii, &p.IDir); *id == nil {
				*id = v
				*side(m, &p.IDiiBody, &p.IDirBody) = m.Message.Bodies[i]
			}
		case *wire.VendorID:
			list := side(m, &p.VendorsI, &p.VendorsR)
			for _, have := range *list {
				if bytes.Equal(have, v.Data) {
					list = nil
					break
				}
			}
			if list != nil && len(*list) < maxVendors {
				*list = append(*list, v.Data)
			}
		case *wire.Cert:
			if list := side(m, &p.CertsI, &p.CertsR); len(*list) < maxCerts {
				*list = append(*list, v)
			}
		}
	}
}

// maxCerts bounds the CERT payloads kept for each side.
const maxCerts = 64

// maxVendors bounds the vendor IDs kept for each side.
const maxVendors = 64

func (p *Phase1) absorbSA(fromInitiator bool, sa *wire.SA, body []byte) {
	if fromInitiator {
		if p.Offered == nil {
			p.Offered, p.OfferedBody = sa, body
		}
		return
	}
	if p.Chosen != nil {
		return
	}
	p.Chosen, p.ChosenBody = sa, body
	p.Suite, p.Auth, p.SuiteErr = suite(sa)
	if p.SuiteErr == nil {
		_, there := sa.Proposals[0].Transforms[0].Attr(wire.P1KeyLength)
		p.KeyLengthImplied = !there && p.Suite.KeyBits != 0
	}
}

// impliedKeyBits is the key length that those mean who leave KEY_LENGTH out of a
// transform with AES, which has to have it (RFC 3602 5.3).
const impliedKeyBits = 128

// suite reads the chosen transform.
func suite(sa *wire.SA) (s keymat.Suite, auth wire.AuthMethod, err error) {
	if len(sa.Proposals) == 0 || len(sa.Proposals[0].Transforms) == 0 {
		return s, 0, errors.New("the responder's SA payload has no transform")
	}
	t := sa.Proposals[0].Transforms[0]
	value := func(a wire.AttributeType) uint64 {
		if attr, ok := t.Attr(a); ok {
			if v, ok := attr.Uint(); ok && v <= 0xffff {
				return v
			}
		}
		return 0
	}
	auth = wire.AuthMethod(value(wire.P1Auth))
	s = keymat.Suite{
		Cipher:  keymat.Cipher(value(wire.P1Encryption)),
		KeyBits: int(value(wire.P1KeyLength)),
		Hash:    keymat.Hash(value(wire.P1Hash)),
		Group:   keymat.Group(value(wire.P1Group)),
	}
	if _, there := t.Attr(wire.P1KeyLength); !there && s.Cipher == keymat.AESCBC {
		s.KeyBits = impliedKeyBits
	}
	if _, err := s.Cipher.KeySize(s.KeyBits); err != nil {
		return s, auth, err
	}
	if s.Hash.Size() == 0 {
		return s, auth, fmt.Errorf("captures/dissect: hash algorithm %v: %w", s.Hash, keymat.ErrUnknown)
	}
	return s, auth, nil
}

// method is the method of authentication, or while none is chosen the one that is
// offered first.
func (p *Phase1) method() wire.AuthMethod {
	if p.Chosen != nil || p.Offered == nil {
		return p.Auth
	}
	_, m, _ := suite(p.Offered)
	return m
}

// concealed lists the payloads of a message in clear whose bodies the method
// encrypts to a public key, or with a key made of a nonce: those that come with
// the nonce (RFC 2409 5.2, 5.3).
func concealed(method wire.AuthMethod, msg *wire.Message) []wire.PayloadType {
	_, nonce := payload[*wire.Nonce](msg)
	_, id := payload[*wire.ID](msg)
	// With no other method is there an identity beside the nonce of main mode.
	unknown := method == 0 && msg.Exchange == wire.ExchangeMain && id >= 0
	switch {
	case nonce < 0 || !method.Encrypts() && !unknown:
		return nil
	case method.Revised() || unknown:
		return []wire.PayloadType{wire.PayloadNonce, wire.PayloadKE, wire.PayloadID, wire.PayloadCert}
	}
	return []wire.PayloadType{wire.PayloadNonce, wire.PayloadID}
}

// side picks the initiator's or the responder's variable.
func side[T any](m *ISAKMP, i, r *T) *T {
	if m.FromInitiator {
		return i
	}
	return r
}

func set(dst *[]byte, v []byte) {
	if *dst == nil {
		*dst = v
	}
}

// checkNATD compares the NAT-D payloads with the packet's own addresses.
func (m *ISAKMP) checkNATD() {
	p := m.Phase1
	for _, n := range payloads[*wire.NATD](m.Message) {
		c := NATDCheck{Draft: n.Draft}
		switch {
		case p.Chosen == nil:
			c.Why = errNoSA.Error()
		case p.Suite.Hash.Size() == 0:
			c.Why = p.SuiteErr.Error()
		default:
			c.MatchesDst = bytes.Equal(n.Data, p.natd(m.Dst))
			c.MatchesSrc = bytes.Equal(n.Data, p.natd(m.Src))
		}
		m.NATD = append(m.NATD, c)
	}
}

// natd is HASH(CKY-I | CKY-R | IP | Port), RFC 3947 3.2.
func (p *Phase1) natd(a netip.AddrPort) []byte {
	return p.Suite.Hash.Sum(p.CookieI[:], p.CookieR[:], a.Addr().AsSlice(), []byte{byte(a.Port() >> 8), byte(a.Port())})
}
