package dissect

import (
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// hashName names the hash or signature that RFC 2409 asks of a message, or "".
func (m *ISAKMP) hashName(x *exchange) string {
	switch {
	case x.phase1:
		side := m.authenticates()
		switch {
		case side == 0:
		case m.Phase1.Auth.Signs(side == 'I'):
			return "SIG_" + string(side)
		default:
			return "HASH_" + string(side)
		}
	case x.quick != nil:
		switch m.Index {
		case 1:
			return "HASH(1)"
		case 2:
			return "HASH(2)"
		case 3:
			return "HASH(3)"
		case 4:
			return "HASH(4)"
		}
	case m.Encrypted: // informational and transaction, RFC 2409 5.7
		return "HASH(1)"
	}
	return ""
}

// authenticates tells whether a phase 1 message is the one that authenticates
// its sender: 'I', 'R', or 0.
func (m *ISAKMP) authenticates() byte {
	switch {
	case m.Phase1.Exchange == wire.ExchangeMain && m.Index == 5,
		m.Phase1.Exchange == wire.ExchangeAggressive && m.Index == 3:
		return 'I'
	case m.Phase1.Exchange == wire.ExchangeMain && m.Index == 6,
		m.Phase1.Exchange == wire.ExchangeAggressive && m.Index == 2:
		return 'R'
	}
	return 0
}

// checkHash recomputes the HASH payload of a message, or verifies the signature
// that is there instead.
func (d *Decoder) checkHash(m *ISAKMP, x *exchange) {
	c := &m.Hash
	c.Name = m.hashName(x)
	if m.Message == nil || m.Opaque != "" {
		if c.Name != "" {
			c.State, c.Why = HashUnverifiable, m.unread()
		}
		return
	}
	if side := m.authenticates(); x.phase1 && side != 0 && m.Phase1.Auth.Signs(side == 'I') {
		d.checkSignature(m)
		return
	}
	h, at := payload[*wire.Hash](m.Message)
	if at < 0 {
		if _, sig := payload[*wire.Sig](m.Message); sig >= 0 && m.Phase1.Auth == 0 {
			c.State, c.Why = HashUnverifiable, "a signature, and the method of authentication is not known"
		}
		return
	}
	c.First = at == 0
	var want []byte
	switch {
	case c.Name == "":
		c.Why = "RFC 2409 has no hash in this message"
	case x.phase1:
		want, c.Why = m.Phase1.authHash(m.FromInitiator, m.Phase1.Suite)
	case m.Phase1.keys().a == nil:
		c.Why = m.Phase1.lacksA()
	default:
		want, c.Why = m.messageHash(x, at)
	}
	switch {
	case want == nil:
		c.State = HashUnverifiable
	case equal(want, h.Data):
		c.State = HashGood
	default:
		c.State = HashBad
		if x.phase1 {
			c.Why = m.Phase1.mistaken(m.FromInitiator, h.Data)
		}
	}
}

// unread says why a message is not readable.
func (m *ISAKMP) unread() string {
	if m.Err != nil {
		return "the message is malformed"
	}
	return m.Opaque
}

// lacksA says why there is no SKEYID_a.
func (p *Phase1) lacksA() string {
	if p.Why == "" {
		return "no SKEYID_a"
	}
	return "no SKEYID_a: " + p.Why
}

// authHash computes HASH_I or HASH_R (RFC 2409 5) with the hash of s, or says
// what is missing.
func (p *Phase1) authHash(initiator bool, s keymat.Suite) (hash []byte, why string) {
	k := p.keys()
	id := p.IDirBody
	if initiator {
		id = p.IDiiBody
	}
	switch {
	case p.SuiteErr != nil:
		return nil, p.SuiteErr.Error()
	case k.skeyid == nil && p.Keys == KeysNone:
		return nil, "no SKEYID: " + p.Why
	case k.skeyid == nil:
		return nil, "no SKEYID: " + lacking(candidate{missing: k.missingForKEYID})
	case p.OfferedBody == nil:
		return nil, "the first message, with the SA payload that is hashed, is not in the capture"
	case p.Auth.Revised() && (p.KEi == nil || p.KEr == nil || id == nil):
		return nil, "public values and identities are encrypted with keys made of the nonces (RFC 2409 5.3)"
	case p.KEi == nil || p.KEr == nil:
		return nil, "the KE payloads are not in the capture"
	case p.Auth.Encrypts() && id == nil:
		return nil, "the identity is encrypted to a public key (RFC 2409 5.2)"
	case id == nil:
		return nil, "the message has no ID payload"
	case initiator:
		return keymat.HashI(s, k.skeyid, p.material(), p.OfferedBody, id), ""
	}
	return keymat.HashR(s, k.skeyid, p.material(), p.OfferedBody, id), ""
}

// messageHash computes HASH(1), HASH(2) or HASH(3) (RFC 2409 5.5, 5.7) for a
// message whose HASH payload has index at, or says what is missing.
func (m *ISAKMP) messageHash(x *exchange, at int) (hash []byte, why string) {
	p := m.Phase1
	h, a := p.Suite.Hash, p.keys().a
	octets, starts, ok := m.octets()
	if !ok {
		return nil, "the message is malformed"
	}
	rest := octets[starts[at]+4+len(m.Message.Bodies[at]):]
	q := x.quick
	switch {
	case q == nil || m.Index == 1:
		return keymat.Hash1(h, a, x.id, rest), ""
	case q.Ni == nil:
		return nil, "the first message, with the initiator's nonce, was not read"
	case m.Index == 2:
		return keymat.Hash2(h, a, x.id, q.Ni, rest), ""
	case m.Index == 3 && q.Nr == nil:
		return nil, "the second message, with the responder's nonce, was not read"
	case m.Index == 3:
		return keymat.Hash3(h, a, x.id, q.Ni, q.Nr), ""
	}
	return nil, "RFC 2409 has no fourth message"
}
