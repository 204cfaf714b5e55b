package pki

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"github.com/useipsec/useipsec/ikev1/wire"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Template says what a certificate is to contain. Only Subject and Key must be set.
type Template struct {
	Subject string // as ParseDN reads it: "C=CH, O=useipsec, CN=gw"
	Key     KeyType
	// SAN are the names in SubjectAltName, as the identities that are to match them: IPV4_ADDR, IPV6_ADDR, FQDN, USER_FQDN,
	// DER_ASN1_DN (a directoryName) and DER_ASN1_GN (any name, in DER).
	SAN []wire.ID
	// NotBefore and NotAfter, if zero, are an hour before the CA's time, and a year (a CA: 20 years) after it.
	NotBefore, NotAfter time.Time
	// KeyUsage, if zero, is digitalSignature, with RSA also keyEncipherment; of a CA keyCertSign and cRLSign.
	KeyUsage   x509.KeyUsage
	NoKeyUsage bool                    // leave the extension out
	EKU        []asn1.ObjectIdentifier // none: leave the extension out, as RFC 4945 section 5.1.3.12 advises
	SHA1       bool                    // sign with SHA-1, which is weak
	CA         bool                    // basic constraints say so; NewCA and Intermediate set it
	Extensions []pkix.Extension        // more of them: unknown critical ones, or padding to make the certificate large
}

const (
	leafYears, caYears = 1, 20
	backdate           = -time.Hour // clocks of peers differ
)

// certificate fills in the standard library's template, without serial number and signature.
func (t *Template) certificate(now time.Time, pub crypto.PublicKey) (*x509.Certificate, error) {
	name, err := ParseDN(t.Subject)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		RawSubject: name, NotBefore: t.NotBefore.UTC(), NotAfter: t.NotAfter.UTC(), KeyUsage: t.KeyUsage,
		UnknownExtKeyUsage: t.EKU, BasicConstraintsValid: true, IsCA: t.CA, ExtraExtensions: append([]pkix.Extension(nil), t.Extensions...),
	}
	years := leafYears
	if t.CA {
		years = caYears
	}
	if t.NotBefore.IsZero() {
		c.NotBefore = now.Add(backdate).UTC()
	}
	if t.NotAfter.IsZero() {
		c.NotAfter = now.AddDate(years, 0, 0).UTC()
	}
	_, isRSA := pub.(*rsa.PublicKey)
	switch {
	case t.NoKeyUsage:
		c.KeyUsage = 0
	case c.KeyUsage != 0:
	case t.CA:
		c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	case isRSA:
		c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	default:
		c.KeyUsage = x509.KeyUsageDigitalSignature
	}
	if len(t.SAN) > 0 {
		ext, err := sanExtension(t.SAN)
		if err != nil {
			return nil, err
		}
		c.ExtraExtensions = append(c.ExtraExtensions, ext)
	}
	return c, nil
}

// sanExtension writes the names itself: crypto/x509 has no directoryName, and checks what a test may want wrong.
func sanExtension(ids []wire.ID) (pkix.Extension, error) {
	var b cryptobyte.Builder
	var err error
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, id := range ids {
			tag, ok := nameTags[id.IDType]
			switch {
			case ok:
				b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(id.Data) })
			case id.IDType == wire.IDDERASN1DN:
				b.AddASN1(tagDirectoryName, func(b *cryptobyte.Builder) { b.AddBytes(id.Data) })
			case id.IDType == wire.IDDERASN1GN:
				b.AddBytes(id.Data)
			default:
				err = failure(ErrIdentity, "%v has no counterpart in certificates", id.IDType)
			}
		}
	})
	if err != nil {
		return pkix.Extension{}, err
	}
	der, err := b.Bytes()
	if err != nil {
		return pkix.Extension{}, failure(ErrMalformed, "SubjectAltName: %w", err)
	}
	return pkix.Extension{Id: oidSubjectAltName, Value: der}, nil
}
