package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"
)

// Policy is what a certificate has to satisfy.
type Policy struct {
	// Roots are trusted as they are. One of them may be the peer's own certificate.
	Roots []*x509.Certificate
	// Intermediates and CRLs are known beforehand, in addition to what a Bundle brings.
	Intermediates []*x509.Certificate
	CRLs          []*x509.RevocationList
	Purpose       Purpose
	Revocation    Revocation
	// AcceptEKU are extended key usages that are good enough, besides those of RFC 4945: see AllowedEKU.
	AcceptEKU []asn1.ObjectIdentifier
	// AllowWeak accepts SHA-1, MD5 and DSS signatures under certificates and CRLs, and RSA keys below 2048 bits. All of that can be
	// forged, or may soon be. Name constraints are not evaluated along such a path: a path that has them is refused.
	AllowWeak bool
}

// Purpose is what the end entity's key does in the exchange.
type Purpose uint8

// The purposes.
const (
	ForSignature  Purpose = iota // a key usage extension must have digitalSignature or nonRepudiation (RFC 4945 section 5.1.3.2)
	ForEncryption                // … keyEncipherment (RFC 5280 section 4.2.1.3): for the two methods with RSA encryption
)

// Revocation says how much CRLs count.
type Revocation uint8

// The strictness of revocation checks. A certificate on a genuine CRL is refused with all but RevocationOff, even if the CRL is out
// of date.
const (
	RevocationIfKnown  Revocation = iota // CRLs are used when there are any
	RevocationRequired                   // every certificate below the root needs a current CRL of its issuer
	RevocationOff
)

// Path is a verified path.
type Path struct {
	Chain []*x509.Certificate // the end entity first, the root last
	Weak  []string            // what in it is weak: empty without Policy.AllowWeak
	Notes []string            // CRLs that were there and could not be used, and why
}

// The extended key usages that mean IKE (RFC 4945 section 5.1.3.12).
var (
	OIDAnyExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	OIDIPsecIKE            = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 17}
)

// Others that are met in IPsec certificates. Implementations accept them by choice; RFC 4945 does not.
var (
	OIDServerAuth      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	OIDClientAuth      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	OIDIKEIntermediate = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 8, 2, 2}
)

var oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// Verify builds a path from leaf to one of the roots at the time now and checks everything the policy asks for but the identity:
// see [Match]. Intermediates and CRLs come from received, which may be nil, in any order. The errors wrap ErrExpired,
// ErrNotYetValid, ErrUntrusted, ErrWeak, ErrUsage, ErrRevoked or ErrNoCRL, mostly in a [*PathError] that names the certificate.
func (p *Policy) Verify(leaf *x509.Certificate, received *Bundle, now time.Time) (*Path, error) {
	if leaf == nil {
		return nil, failure(ErrNoCertificate, "to verify")
	}
	if received == nil {
		received = new(Bundle)
	}
	candidates, err := p.paths(leaf, append(slices.Clone(p.Intermediates), received.Certs...), now)
	if err != nil {
		return nil, err
	}
	if err := p.checkUsage(leaf); err != nil {
		return nil, err
	}
	crls := append(slices.Clone(p.CRLs), received.CRLs...)
	var first error
	for _, chain := range candidates {
		path := &Path{Chain: chain, Weak: weaknesses(chain)}
		if err = p.checkRevocation(path, crls, now); err == nil {
			return path, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// checkUsage is for the end entity; crypto/x509 looks after its issuers.
func (p *Policy) checkUsage(leaf *x509.Certificate) error {
	usage, want := x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment, "digitalSignature or nonRepudiation (RFC 4945 5.1.3.2)"
	if p.Purpose == ForEncryption {
		usage, want = x509.KeyUsageKeyEncipherment, "keyEncipherment (RFC 5280 4.2.1.3)"
	}
	if leaf.KeyUsage != 0 && leaf.KeyUsage&usage == 0 {
		return pathError(leaf, ErrUsage, "keyUsage is %s, expected %s", formatKeyUsage(leaf.KeyUsage), want)
	}
	ekus, err := extKeyUsages(leaf)
	if err != nil {
		return pathError(leaf, ErrUsage, "%v", err)
	}
	if len(ekus) == 0 {
		return nil
	}
	for _, oid := range ekus {
		if p.AllowedEKU(oid) {
			return nil
		}
	}
	return pathError(leaf, ErrUsage, "extendedKeyUsage is %v, expected ipsecIKE %v or any %v (RFC 4945 5.1.3.12)",
		ekus, OIDIPsecIKE, OIDAnyExtendedKeyUsage)
}

// AllowedEKU tells whether an extended key usage allows IKE under the policy. A certificate needs one such, or no extension.
func (p *Policy) AllowedEKU(oid asn1.ObjectIdentifier) bool {
	return oid.Equal(OIDIPsecIKE) || oid.Equal(OIDAnyExtendedKeyUsage) || slices.ContainsFunc(p.AcceptEKU, oid.Equal)
}

// extKeyUsages reads the extension itself: crypto/x509 sorts known and unknown ones apart.
func extKeyUsages(c *x509.Certificate) ([]asn1.ObjectIdentifier, error) {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidExtKeyUsage) {
			var oids []asn1.ObjectIdentifier
			if rest, err := asn1.Unmarshal(e.Value, &oids); err != nil || len(rest) > 0 || len(oids) == 0 {
				return nil, failure(ErrMalformed, "extendedKeyUsage")
			}
			return oids, nil
		}
	}
	return nil, nil
}
