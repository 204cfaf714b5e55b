package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"slices"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Request returns the certificate request payload that asks for a certificate for signatures issued under ca, or under any CA
// when ca is nil: then it names none (RFC 2408 section 3.10, RFC 4945 section 3.2). Data aliases the certificate.
func Request(ca *x509.Certificate) *wire.CertRequest {
	r := &wire.CertRequest{Encoding: wire.CertX509Signature}
	if ca != nil {
		r.Data = ca.RawSubject
	}
	return r
}

// Credential is a private key with its certificate and what leads from there towards a root. Printing it with package fmt shows
// no key.
type Credential struct {
	Key   crypto.Signer
	Chain []*x509.Certificate // the key's certificate first, then its issuer's, …; the root may be left out
}

// Leaf returns the key's certificate, nil if there is none.
func (c Credential) Leaf() *x509.Certificate {
	if len(c.Chain) == 0 {
		return nil
	}
	return c.Chain[0]
}

// String names the certificate and shows no key.
func (c Credential) String() string {
	if len(c.Chain) == 0 {
		return "credential without a certificate"
	}
	return "credential of " + subject(c.Chain[0].RawSubject)
}

// GoString is String.
func (c Credential) GoString() string { return c.String() }

// Select returns the first credential that a request asks for, and true. When none fits, or nothing was requested, it returns the
// first one and false: a request names what the peer would like, and an unknown CA in it is no reason to give up (RFC 4945
// section 3.2). Without credentials the result is empty.
func Select(reqs []*wire.CertRequest, creds []Credential) (Credential, bool) {
	for _, c := range creds {
		if slices.ContainsFunc(reqs, func(r *wire.CertRequest) bool { return Answers(r, c.Chain) }) {
			return c, true
		}
	}
	if len(creds) == 0 {
		return Credential{}, false
	}
	return creds[0], false
}

// Answers tells whether the chain is what the request asks for: it asks for X.509 certificates, by themselves or in PKCS #7, and
// names no CA, or one that issued or is a certificate of the chain. Names are compared by their octets.
func Answers(r *wire.CertRequest, chain []*x509.Certificate) bool {
	if r == nil || len(chain) == 0 {
		return false
	}
	switch r.Encoding {
	case wire.CertX509Signature, wire.CertX509KeyExchange, wire.CertPKCS7:
	default:
		return false
	}
	if len(r.Data) == 0 {
		return true
	}
	return slices.ContainsFunc(chain, func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawIssuer, r.Data) || c.IsCA && bytes.Equal(c.RawSubject, r.Data)
	})
}

// Answer returns the certificate payloads that answer the requests with a credential: its certificates as X.509 for signatures,
// or in PKCS #7 where that is asked for and the other is not; and those CRLs that are asked for. Data
// aliases them.
func Answer(reqs []*wire.CertRequest, cred Credential, crls []*x509.RevocationList) ([]*wire.Cert, error) {
	var out []*wire.Cert
	if asks(reqs, cred, wire.CertPKCS7) && !asks(reqs, cred, wire.CertX509Signature) {
		p, err := PKCS7Payload(cred.Presented(), nil)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	} else {
		out = Payloads(cred.Presented(), wire.CertX509Signature)
	}
	for _, crl := range crls {
		if WantsCRL(reqs, crl) {
			out = append(out, CRLPayload(crl))
		}
	}
	return out, nil
}

// asks tells whether a request asks for the credential in an encoding.
func asks(reqs []*wire.CertRequest, cred Credential, enc wire.CertEncoding) bool {
	return slices.ContainsFunc(reqs, func(r *wire.CertRequest) bool { return Answers(r, cred.Chain) && r.Encoding == enc })
}

// WantsCRL tells whether a request asks for the issuer's CRL, or for any.
func WantsCRL(reqs []*wire.CertRequest, crl *x509.RevocationList) bool {
	return slices.ContainsFunc(reqs, func(r *wire.CertRequest) bool {
		return r != nil && (r.Encoding == wire.CertCRL || r.Encoding == wire.CertARL) &&
			(len(r.Data) == 0 || bytes.Equal(r.Data, crl.RawIssuer))
	})
}

// FormatRequest writes what a request asks for: the encoding, and the CA or "any CA".
func FormatRequest(r *wire.CertRequest) string {
	if len(r.Data) == 0 {
		return r.Encoding.String() + ", any CA"
	}
	return r.Encoding.String() + ", " + FormatID(wire.ID{IDType: wire.IDDERASN1DN, Data: r.Data})
}
