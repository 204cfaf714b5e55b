package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// The types of PEM blocks (RFC 7468; the traditional ones are OpenSSL's).
const (
	pemCertificate = "CERTIFICATE"
	pemCRL         = "X509 CRL"
	pemKey         = "PRIVATE KEY"
	pemRSAKey      = "RSA PRIVATE KEY"
	pemECKey       = "EC PRIVATE KEY"
)

// CertPEM writes certificates, one block each.
func CertPEM(certs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: c.Raw}))
	}
	return b.Bytes()
}

// CRLPEM writes a CRL.
func CRLPEM(crl *x509.RevocationList) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCRL, Bytes: crl.Raw})
}

// KeyPEM writes a private key as PKCS #8 without encryption. The error wraps ErrKey: the key is not RSA or ECDSA.
func KeyPEM(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, failure(ErrKey, "%T cannot be written as PKCS #8", key)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der}), nil
}

// TraditionalKeyPEM writes a private key as older daemons read it: PKCS #1 for RSA, RFC 5915 for ECDSA. The error wraps ErrKey.
func TraditionalKeyPEM(key crypto.Signer) ([]byte, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return pem.EncodeToMemory(&pem.Block{Type: pemRSAKey, Bytes: x509.MarshalPKCS1PrivateKey(k)}), nil
	case *ecdsa.PrivateKey:
		if der, err := x509.MarshalECPrivateKey(k); err == nil {
			return pem.EncodeToMemory(&pem.Block{Type: pemECKey, Bytes: der}), nil
		}
	}
	return nil, failure(ErrKey, "%T cannot be written as PKCS #1 or RFC 5915", key)
}

// Contents is what a PEM file holds, in its order. Printing it with package fmt shows no key.
type Contents struct {
	Certs []*x509.Certificate
	CRLs  []*x509.RevocationList
	Keys  []crypto.Signer
}

// String shows no key.
func (Contents) String() string { return "PEM contents (not shown)" }

// GoString is String.
func (c Contents) GoString() string { return c.String() }

// ParsePEM reads certificates, CRLs and private keys without encryption. Blocks of other types are left out. Errors wrap
// ErrMalformed and show nothing of a key; what came before the bad block is returned as well.
func ParsePEM(b []byte) (Contents, error) {
	var c Contents
	for n := 1; ; n++ {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return c, nil
		}
		var err error
		switch block.Type {
		case pemCertificate:
			err = parseInto(&c.Certs, x509.ParseCertificate, block.Bytes)
		case pemCRL:
			err = parseInto(&c.CRLs, x509.ParseRevocationList, block.Bytes)
		case pemKey, pemRSAKey, pemECKey:
			if parseInto(&c.Keys, parseKey, block.Bytes) != nil {
				err = errors.New("not a key this package reads") // what the parser says might quote the key
			}
		}
		if err != nil {
			return c, failure(ErrMalformed, "PEM block %d, %s of %d octets: %w", n, block.Type, len(block.Bytes), err)
		}
	}
}

func parseInto[T any](list *[]T, parse func([]byte) (T, error), der []byte) error {
	v, err := parse(der)
	if err == nil {
		*list = append(*list, v)
	}
	return err
}

func parseKey(der []byte) (crypto.Signer, error) {
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	if s, ok := k.(crypto.Signer); ok {
		return s, nil
	}
	return nil, failure(ErrKey, "%T", k)
}
