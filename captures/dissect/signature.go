package dissect

import (
	"crypto/x509"
	"errors"
	"slices"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// checkSignature verifies SIG_I or SIG_R: the signature of HASH_I or HASH_R, which
// some methods compute with a hash of their own (RFC 2409 5.1, RFC 4754 4).
func (d *Decoder) checkSignature(m *ISAKMP) {
	c, p := &m.Hash, m.Phase1
	sig, at := payload[*wire.Sig](m.Message)
	if at < 0 {
		return
	}
	c.First = at == 0
	s := p.Suite
	if h, fixed := pki.AuthHash(p.Auth); fixed {
		s.Hash = h
	}
	hash, why := p.authHash(m.FromInitiator, s)
	if hash == nil {
		c.State, c.Why = HashUnverifiable, why
		return
	}
	c.State, c.Why = HashUnverifiable, "no certificate with the signer's key: none was sent, and none is given that speaks for "+m.signerName()
	for _, k := range d.signers(m) {
		err := pki.Verify(k.cert.PublicKey, p.Auth, hash, sig.Data)
		switch {
		case err == nil:
			c.State, c.Why = HashGood, ""
			*side(m, &p.SignerI, &p.SignerR) = k.cert
			return
		case c.State == HashBad || !k.named:
		case errors.Is(err, pki.ErrSignature):
			c.State, c.Why = HashBad, err.Error()
		default:
			c.Why = err.Error()
		}
	}
}

// signer is a certificate that may have the key of a signature.
type signer struct {
	cert *x509.Certificate
	// named: the sender has said that it is this one or one beside it, by sending
	// it, or by an identity that it speaks for.
	named bool
}

// signers lists the certificates to try: those sent, the one for the identity
// first. Only where none was sent it is those given beforehand (RFC 4945 3.3.1).
func (d *Decoder) signers(m *ISAKMP) []signer {
	p := m.Phase1
	id := *side(m, &p.IDii, &p.IDir)
	var all []signer
	if sent, _ := pki.Collect(*side(m, &p.CertsI, &p.CertsR)); len(sent.Certs) > 0 {
		var leaf *x509.Certificate
		if id != nil {
			leaf, _ = sent.EndEntity(*id)
			all = append(all, signer{leaf, true})
		}
		for _, c := range sent.Certs {
			if c != leaf {
				all = append(all, signer{c, true})
			}
		}
		return all
	}
	for _, c := range d.Certificates {
		all = append(all, signer{c, id != nil && pki.Match(c, *id) == nil})
	}
	slices.SortStableFunc(all, func(a, b signer) int {
		switch {
		case a.named == b.named:
			return 0
		case a.named:
			return -1
		}
		return 1
	})
	return all
}

// signerName names who is to have signed.
func (m *ISAKMP) signerName() string {
	if id := *side(m, &m.Phase1.IDii, &m.Phase1.IDir); id != nil {
		return pki.FormatID(*id)
	}
	return "its sender"
}
