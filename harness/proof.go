package harness

import (
	"crypto/rand"
	"crypto/subtle"
	"crypto/x509"
	"encoding/hex"
	"fmt"

	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// secrets are the pre-shared keys and passwords of one run; scenarios only say which one an end has.
type secrets struct{ psk, password [2][]byte }

// newSecrets draws them. Their text is hex, which every daemon's files can hold.
func newSecrets() (s secrets, err error) {
	for _, list := range []*[2][]byte{&s.psk, &s.password} {
		for i := range list {
			b := make([]byte, 16)
			if _, err := rand.Read(b); err != nil {
				return s, fmt.Errorf("harness: secrets: %w", err)
			}
			list[i] = []byte(hex.EncodeToString(b))
		}
	}
	return s, nil
}

// proof is what one end proves itself with, and what it knows of the other end beforehand.
type proof struct {
	psk, password []byte
	own, other    *papers           // nil where the end has no certificate
	root          *x509.Certificate // nil where nobody has one
}

// proofs makes those of both ends, whose configurations may differ. The role is the harness's.
func (r *run) proofs(harness, peer scenarios.Config, s side) (ours, theirs proof, err error) {
	ours = proof{psk: r.secrets.psk[harness.PSK], password: r.secrets.password[harness.Password]}
	theirs = proof{psk: r.secrets.psk[peer.PSK], password: r.secrets.password[peer.Password]}
	role := s.role()
	if harness.IKE.HasCertificate(role) {
		if ours.own, err = r.authorities.issue(harness.IKE, role, s.local); err != nil {
			return ours, theirs, err
		}
	}
	if peer.IKE.HasCertificate(role.Other()) {
		if theirs.own, err = r.authorities.issue(peer.IKE, role.Other(), s.other); err != nil {
			return ours, theirs, err
		}
	}
	ours.other, theirs.other = theirs.own, ours.own
	if ours.own != nil || theirs.own != nil {
		ours.root, err = r.authorities.trusted()
		theirs.root = ours.root
	}
	return ours, theirs, err
}

// auth is the proof for one of our own hosts.
func (p proof) auth(m wire.AuthMethod) ikev1.Auth {
	a := ikev1.Auth{Method: m}
	if m.PSK() {
		a.PSK = p.psk
	}
	if p.own != nil {
		a.Credentials = []pki.Credential{p.own.Credential}
	}
	if p.root != nil {
		a.Trust.Roots = []*x509.Certificate{p.root}
	}
	if m.Encrypts() {
		a.Trust.Purpose = pki.ForEncryption
	}
	if p.other != nil {
		a.Trust.CRLs = p.other.crls
		if m.Encrypts() {
			a.PeerCertificate = p.other.Leaf()
		}
	}
	return a
}

// xauth is extended authentication of the end with the role.
func (p proof) xauth(k scenarios.IKE, r scenarios.Role) (x ikev1.XAUTH) {
	switch k.XAUTHClient() {
	case 0:
	case r:
		x.User, x.Password = scenarios.User, p.password
	default:
		x.Verify = func(user string, password []byte) bool {
			return user == scenarios.User && subtle.ConstantTimeCompare(password, p.password) == 1
		}
	}
	return x
}

// credentials is the proof for a driver.
func (p proof) credentials(k scenarios.IKE, r scenarios.Role) (*peer.Credentials, error) {
	if p.root == nil {
		return nil, nil
	}
	c := &peer.Credentials{Roots: [][]byte{pki.CertPEM(p.root)}}
	if p.own != nil {
		var err error
		if c.Key, err = pki.KeyPEM(p.own.Key); err != nil {
			return nil, fmt.Errorf("harness: key of the %v: %w", r, err)
		}
		c.Certificate = pki.CertPEM(p.own.Leaf())
		for _, ca := range p.own.Presented()[1:] {
			c.Intermediates = append(c.Intermediates, pki.CertPEM(ca))
		}
	}
	if p.other != nil {
		for _, crl := range p.other.crls {
			c.CRLs = append(c.CRLs, pki.CRLPEM(crl))
		}
		if k.Method().Encrypts() {
			c.Remote = pki.CertPEM(p.other.Leaf())
		}
	}
	return c, nil
}

// certificates are all that the two ends of a trial may show each other, as PEM; they are public.
func (p proof) certificates() []byte {
	var all []*x509.Certificate
	for _, q := range []*papers{p.own, p.other} {
		if q != nil {
			all = append(all, q.Presented()...)
		}
	}
	if p.root != nil {
		all = append(all, p.root)
	}
	return pki.CertPEM(all...)
}
