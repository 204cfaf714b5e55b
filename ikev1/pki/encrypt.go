package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

// RSA encryption as a method (RFC 2409 section 5.2). The body of the ID payload and the body of the nonce payload are each
// encrypted to the peer's public key; the generic headers stay in clear, and their length is that of the ciphertext:
//
//	HDR, SA                               -->
//	                                      <--  HDR, SA
//	HDR, KE, [ HASH(1), ] <IDii_b>PubKey_r,
//	         <Ni_b>PubKey_r               -->
//	                                      <--  HDR, KE, <IDir_b>PubKey_i, <Nr_b>PubKey_i
//	HDR*, HASH_I                          -->
//	                                      <--  HDR*, HASH_R

// pkcs1Overhead is 00 02, eight octets of padding and 00.
const pkcs1Overhead = 11

// MaxBody returns the octets that one public key operation can encrypt: a nonce or an identity must not be longer.
func MaxBody(pub *rsa.PublicKey) int { return max(0, pub.Size()-pkcs1Overhead) }

// EncryptBody encrypts the body of an ID or nonce payload to the peer's key, in the encoding of PKCS #1 block type 2. The result
// has the length of the modulus. The padding comes from random, crypto/rand if it is nil: given the same octets it is the same.
// Errors wrap ErrTooLong or ErrKey, or come from random.
func EncryptBody(random io.Reader, pub *rsa.PublicKey, body []byte) ([]byte, error) {
	if random == nil {
		random = rand.Reader
	}
	if pub == nil || pub.N == nil {
		return nil, failure(ErrKey, "none to encrypt to")
	}
	if len(body) > MaxBody(pub) {
		return nil, failure(ErrTooLong, "%d octets, %s takes %d (RFC 2409 section 5.2)", len(body), describeKey(pub), MaxBody(pub))
	}
	em := make([]byte, pub.Size()) // 00 02 padding 00 body
	em[1] = 2
	padding := em[2 : len(em)-len(body)-1]
	if _, err := io.ReadFull(random, padding); err != nil {
		return nil, fmt.Errorf("ikev1/pki: padding: %w", err)
	}
	for i := range padding {
		for padding[i] == 0 {
			if _, err := io.ReadFull(random, padding[i:i+1]); err != nil {
				return nil, fmt.Errorf("ikev1/pki: padding: %w", err)
			}
		}
	}
	copy(em[len(em)-len(body):], body)
	return rsaPublic(pub, em)
}

// DecryptBody decrypts what EncryptBody made. The key's holder need not be in this process. Errors wrap ErrDecrypt or ErrKey.
func DecryptBody(key crypto.Decrypter, sealed []byte) ([]byte, error) {
	if key == nil {
		return nil, failure(ErrKey, "none to decrypt with")
	}
	pub, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		return nil, failure(ErrKey, "%s, expected RSA", describeKey(key.Public()))
	}
	if len(sealed) != pub.Size() {
		return nil, failure(ErrDecrypt, "%d octets, expected the %d of the modulus", len(sealed), pub.Size())
	}
	body, err := key.Decrypt(rand.Reader, sealed, nil) // nil options are PKCS #1 v1.5
	if err != nil {
		reason := "not PKCS #1 block type 2 under this key"
		if !errors.Is(err, rsa.ErrDecryption) {
			reason = err.Error()
		}
		return nil, failure(ErrDecrypt, "%s", reason)
	}
	return body, nil
}

// CertHash returns HASH(1) of sections 5.2 and 5.3: the negotiated hash of the certificate whose key the initiator encrypts to,
// by which a responder with several keys finds the right one. cert is DER.
func CertHash(h keymat.Hash, cert []byte) []byte { return h.Sum(cert) }

// describeKey names a public key without its value.
func describeKey(pub crypto.PublicKey) string {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if k == nil || k.N == nil {
			return "RSA without a modulus"
		}
		return fmt.Sprintf("RSA-%d", k.N.BitLen())
	case *ecdsa.PublicKey:
		if k == nil || k.Curve == nil {
			return "ECDSA without a curve"
		}
		return "ECDSA " + k.Curve.Params().Name
	}
	if isDSS(pub) {
		return "DSA"
	}
	if pub == nil {
		return "no key"
	}
	return fmt.Sprintf("%T", pub)
}
