package pki

import (
	"crypto/dsa" //lint:ignore SA1019 certificates with DSS keys are told from others
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"
)

// minRSA is the smallest modulus that is not weak (NIST SP 800-131A, RFC 8247 section 4.1).
const minRSA = 2048

// weaknesses names what is weak in a chain. The signature under the root counts for nothing.
func weaknesses(chain []*x509.Certificate) []string {
	var out []string
	for i, c := range chain {
		name := subject(c.RawSubject)
		switch k := c.PublicKey.(type) {
		case *rsa.PublicKey:
			if k.N.BitLen() < minRSA {
				out = append(out, fmt.Sprintf("%q has an RSA key of %d bits, expected %d or more", name, k.N.BitLen(), minRSA))
			}
		case *dsa.PublicKey:
			out = append(out, fmt.Sprintf("%q has a DSA key", name))
		}
		if i < len(chain)-1 && weakSignature(c.SignatureAlgorithm) {
			out = append(out, fmt.Sprintf("%q is signed with %v", name, c.SignatureAlgorithm))
		}
	}
	return out
}

func weakSignature(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.DSAWithSHA256, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// keyUsages are in the order of their bits (RFC 5280 section 4.2.1.3), which is that of crypto/x509.
var keyUsages = []string{
	"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
}

func formatKeyUsage(u x509.KeyUsage) string {
	var names []string
	for i, name := range keyUsages {
		if u&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func pathError(c *x509.Certificate, err error, format string, args ...any) error {
	return &PathError{Subject: subject(c.RawSubject), Err: err, Detail: fmt.Sprintf(format, args...)}
}
