package pki

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Bundle is what a peer's certificate payloads contain, each thing once, in the order received. Nothing in it is verified.
type Bundle struct {
	Certs []*x509.Certificate
	CRLs  []*x509.RevocationList
}

// maxObjects bounds what one exchange may bring: a datagram of 64 KB can hold many small certificates, and each costs time.
const maxObjects = 100

// Collect reads certificate payloads of the encodings in use (RFC 4945 section 3.3): X.509 certificates for signature (4) and for
// key exchange (5), PKCS #7 wrapped certificates and CRLs (1), CRLs (7) and ARLs (8). A payload that cannot be read does not hide
// the others: the Bundle has the rest, and the error joins what was wrong, wrapping ErrEncoding or ErrMalformed.
func Collect(payloads []*wire.Cert) (*Bundle, error) {
	b := new(Bundle)
	var errs []error
	for i, p := range payloads {
		if err := b.add(p); err != nil {
			errs = append(errs, fmt.Errorf("certificate payload %d: %w", i+1, err))
		}
	}
	return b, errors.Join(errs...)
}

func (b *Bundle) add(p *wire.Cert) error {
	if p == nil {
		return failure(ErrMalformed, "nil payload")
	}
	switch p.Encoding {
	case wire.CertX509Signature, wire.CertX509KeyExchange:
		return b.addCert(p.Data)
	case wire.CertCRL, wire.CertARL:
		return b.addCRL(p.Data)
	case wire.CertPKCS7:
		certs, crls, err := splitPKCS7(p.Data)
		if err != nil {
			return err
		}
		var errs []error
		for _, c := range certs {
			errs = append(errs, b.addCert(c))
		}
		for _, c := range crls {
			errs = append(errs, b.addCRL(c))
		}
		return errors.Join(errs...)
	}
	return failure(ErrEncoding, "%d, %v (RFC 2408 section 3.9)", uint8(p.Encoding), p.Encoding)
}

func (b *Bundle) full() bool { return len(b.Certs)+len(b.CRLs) >= maxObjects }

func (b *Bundle) addCert(der []byte) error {
	if slices.ContainsFunc(b.Certs, func(c *x509.Certificate) bool { return bytes.Equal(c.Raw, der) }) {
		return nil
	}
	if b.full() {
		return failure(ErrMalformed, "more than %d certificates and CRLs", maxObjects)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return failure(ErrMalformed, "X.509 certificate of %d octets: %w", len(der), err)
	}
	b.Certs = append(b.Certs, c)
	return nil
}

func (b *Bundle) addCRL(der []byte) error {
	if slices.ContainsFunc(b.CRLs, func(c *x509.RevocationList) bool { return bytes.Equal(c.Raw, der) }) {
		return nil
	}
	if b.full() {
		return failure(ErrMalformed, "more than %d certificates and CRLs", maxObjects)
	}
	c, err := x509.ParseRevocationList(der)
	if err != nil {
		return failure(ErrMalformed, "CRL of %d octets: %w", len(der), err)
	}
	b.CRLs = append(b.CRLs, c)
	return nil
}

// EndEntity returns the certificate that speaks for id. The order of the payloads says nothing (RFC 4945 section 3.3): of the
// certificates that match id the first is taken that did not issue another one here, or else the first.
//
// Without a match it returns the first certificate that did not issue another one, with an [*IdentityError] that wraps
// ErrIdentity, so that whoever ignores the identity can go on. Without any certificate the error wraps ErrNoCertificate.
func (b *Bundle) EndEntity(id wire.ID) (*x509.Certificate, error) {
	if len(b.Certs) == 0 {
		return nil, failure(ErrNoCertificate, "received for %s (RFC 4945 section 3.3)", FormatID(id))
	}
	var matching []*x509.Certificate
	for _, c := range b.Certs {
		if Match(c, id) == nil {
			matching = append(matching, c)
		}
	}
	if len(matching) > 0 {
		return b.firstLeaf(matching), nil
	}
	leaf := b.firstLeaf(b.Certs)
	return leaf, Match(leaf, id)
}

// EndEntities returns the certificates that speak for id, that of EndEntity first: an old one may come with its successor, and
// only the signature and the path tell which of them is meant.
func (b *Bundle) EndEntities(id wire.ID) []*x509.Certificate {
	first, err := b.EndEntity(id)
	if err != nil {
		return nil
	}
	out := []*x509.Certificate{first}
	for _, c := range b.Certs {
		if c != first && Match(c, id) == nil {
			out = append(out, c)
		}
	}
	return out
}

// firstLeaf returns the first of some that issued no other certificate of the bundle.
func (b *Bundle) firstLeaf(some []*x509.Certificate) *x509.Certificate {
	for _, c := range some {
		issued := func(other *x509.Certificate) bool {
			return other != c && bytes.Equal(other.RawIssuer, c.RawSubject) && !bytes.Equal(other.RawSubject, c.RawSubject)
		}
		if !slices.ContainsFunc(b.Certs, issued) {
			return c
		}
	}
	return some[0]
}

// Payloads returns one certificate payload for each certificate, in that order: encoding 4, or 5 where the method encrypts to the
// key instead of verifying with it. Data aliases the certificates. A root is left out by not passing it (RFC 4945 section 3.3).
func Payloads(chain []*x509.Certificate, enc wire.CertEncoding) []*wire.Cert {
	out := make([]*wire.Cert, len(chain))
	for i, c := range chain {
		out[i] = &wire.Cert{Encoding: enc, Data: c.Raw}
	}
	return out
}

// CRLPayload returns a certificate payload that carries a CRL. Data aliases it.
func CRLPayload(crl *x509.RevocationList) *wire.Cert {
	return &wire.Cert{Encoding: wire.CertCRL, Data: crl.Raw}
}

// PKCS7Payload returns one certificate payload with all certificates and CRLs in it.
func PKCS7Payload(certs []*x509.Certificate, crls []*x509.RevocationList) (*wire.Cert, error) {
	data, err := WrapPKCS7(certs, crls)
	if err != nil {
		return nil, err
	}
	return &wire.Cert{Encoding: wire.CertPKCS7, Data: data}, nil
}
