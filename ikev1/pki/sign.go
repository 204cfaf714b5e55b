package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"io"
	"math/big"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// curves are the groups of RFC 4754 section 4 with the length of r and of s in octets.
var curves = map[wire.AuthMethod]struct {
	curve elliptic.Curve
	hash  keymat.Hash
	id    crypto.Hash
	size  int
}{
	wire.AuthECDSA256: {elliptic.P256(), keymat.SHA256, crypto.SHA256, 32},
	wire.AuthECDSA384: {elliptic.P384(), keymat.SHA384, crypto.SHA384, 48},
	wire.AuthECDSA521: {elliptic.P521(), keymat.SHA512, crypto.SHA512, 66},
}

// Sign returns the data of a signature payload over hash, which is HASH_I or HASH_R computed with [AuthHash] or else the
// negotiated hash:
//
//   - RSA: the hash as it is, without a DigestInfo that names an algorithm, encrypted with the private key in the encoding of
//     PKCS #1, block type 1 (RFC 2409 section 5.1). As long as the modulus.
//   - DSS: r | s, 20 octets each.
//   - ECDSA: r | s, 32, 48 or 66 octets each (RFC 4754 section 7).
//
// An *ecdsa.PrivateKey makes the nonce from key and hash (RFC 6979), so the same input gives the same signature. Other keys are
// given random, or crypto/rand if it is nil. A DSS key is a [DSAKey]. Errors wrap ErrMethod, ErrKey or ErrHash.
func Sign(random io.Reader, key crypto.Signer, m wire.AuthMethod, hash []byte) ([]byte, error) {
	if random == nil {
		random = rand.Reader
	}
	if key == nil {
		return nil, failure(ErrKey, "none for %v", m)
	}
	if err := checkKey(key.Public(), m); err != nil {
		return nil, err
	}
	if err := checkHash(m, hash); err != nil {
		return nil, err
	}
	opts, size := crypto.Hash(0), 20
	switch algorithmOf(m) {
	case algRSA:
		sig, err := key.Sign(random, hash, opts)
		if err != nil {
			return nil, failure(ErrKey, "%v with %s: %w", m, describeKey(key.Public()), err)
		}
		return sig, nil
	case algECDSA:
		opts, size = curves[m].id, curves[m].size
		if _, ok := key.(*ecdsa.PrivateKey); ok {
			random = nil
		}
	case algDSS:
		opts = crypto.SHA1
	}
	der, err := key.Sign(random, hash, opts)
	if err != nil {
		return nil, failure(ErrKey, "%v with %s: %w", m, describeKey(key.Public()), err)
	}
	return splitDER(der, size)
}

// Verify checks the data of a signature payload over hash. An RSA signature must recover to exactly hash: nothing before it,
// nothing after it, no DigestInfo around it. Errors wrap ErrSignature, or ErrMethod, ErrKey and ErrHash if there was nothing to
// verify it with; for RSA they tell what was recovered instead.
func Verify(pub crypto.PublicKey, m wire.AuthMethod, hash, sig []byte) error {
	if err := checkKey(pub, m); err != nil {
		return err
	}
	if err := checkHash(m, hash); err != nil {
		return err
	}
	switch algorithmOf(m) {
	case algRSA:
		return verifyRSA(pub.(*rsa.PublicKey), hash, sig)
	case algECDSA:
		der, err := joinDER(m, sig, curves[m].size)
		if err != nil {
			return err
		}
		if !ecdsa.VerifyASN1(pub.(*ecdsa.PublicKey), hash, der) {
			return failure(ErrSignature, "%v: r and s are not of this hash under this key (RFC 4754 section 7)", m)
		}
		return nil
	}
	return verifyDSS(pub, m, hash, sig)
}

// checkKey tells whether the public key is of the method's kind.
func checkKey(pub crypto.PublicKey, m wire.AuthMethod) error {
	ok, want := false, ""
	switch algorithmOf(m) {
	case algNone:
		return failure(ErrMethod, "%v", m)
	case algRSA:
		k, is := pub.(*rsa.PublicKey)
		ok, want = is && k != nil && k.N != nil, "RSA"
	case algDSS:
		ok, want = isDSS(pub), "DSA with a 160 bit q"
	case algECDSA:
		k, is := pub.(*ecdsa.PublicKey)
		ok, want = is && k != nil && k.Curve == curves[m].curve, "ECDSA "+curves[m].curve.Params().Name
	}
	if !ok {
		return failure(ErrKey, "%s for %v, expected %s", describeKey(pub), m, want)
	}
	return nil
}

type rs struct{ R, S *big.Int }

// splitDER turns the ASN.1 of crypto.Signer into r | s of the given size each.
func splitDER(der []byte, size int) ([]byte, error) {
	var v rs
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 || v.R.Sign() <= 0 || v.S.Sign() <= 0 ||
		v.R.BitLen() > 8*size || v.S.BitLen() > 8*size {
		return nil, failure(ErrKey, "the signer returned no r and s of %d octets", size)
	}
	sig := make([]byte, 2*size)
	v.R.FillBytes(sig[:size])
	v.S.FillBytes(sig[size:])
	return sig, nil
}

// joinDER is the inverse of splitDER.
func joinDER(m wire.AuthMethod, sig []byte, size int) ([]byte, error) {
	if len(sig) != 2*size {
		hint := ""
		if len(sig) > 0 && sig[0] == 0x30 {
			hint = "; it looks like ASN.1, which is for certificates"
		}
		return nil, failure(ErrSignature, "%v: %d octets, expected r | s of %d%s", m, len(sig), 2*size, hint)
	}
	der, err := asn1.Marshal(rs{new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])})
	if err != nil {
		return nil, failure(ErrSignature, "%w", err)
	}
	return der, nil
}
