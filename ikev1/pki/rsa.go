package pki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"math/big"
)

func verifyRSA(pub *rsa.PublicKey, hash, sig []byte) error {
	err := rsa.VerifyPKCS1v15(pub, crypto.Hash(0), hash, sig)
	if err == nil {
		return nil
	}
	got, rerr := RecoverRSA(pub, sig)
	switch {
	case rerr != nil:
		return rerr
	case bytes.Equal(got, hash): // the key itself is refused, for its size
		return failure(ErrKey, "%s: %w", describeKey(pub), err)
	case len(got) > len(hash) && bytes.HasSuffix(got, hash):
		return failure(ErrSignature, "recovered the hash with %d octets before it, expected the hash alone (RFC 2409 section 5.1)%s",
			len(got)-len(hash), digestInfoHint(got))
	case len(got) != len(hash):
		return failure(ErrSignature, "recovered %d octets, expected %d of the hash (RFC 2409 section 5.1)", len(got), len(hash))
	}
	return failure(ErrSignature, "recovered another hash of %d octets: the peers disagree about what is signed", len(got))
}

func digestInfoHint(got []byte) string {
	if got[0] == 0x30 {
		return ": it looks like a DigestInfo, as in a certificate's signature"
	}
	return ""
}

// RecoverRSA undoes the private key encryption of PKCS #1 block type 1 (RFC 2313 section 8) and returns what was encrypted: in
// IKEv1 a bare hash. It checks the whole encoding: the length of sig, 00 01, at least eight FF, 00. Errors wrap ErrSignature.
func RecoverRSA(pub *rsa.PublicKey, sig []byte) ([]byte, error) {
	em, err := rsaPublic(pub, sig)
	if err != nil {
		return nil, err
	}
	const minPadding = 8
	if len(em) < 3+minPadding || em[0] != 0 || em[1] != 1 {
		return nil, failure(ErrSignature, "not PKCS #1 block type 1 after the public key operation: another key, or damaged")
	}
	padding := em[2:]
	n := 0
	for n < len(padding) && padding[n] == 0xff {
		n++
	}
	if n < minPadding || n == len(padding) || padding[n] != 0 {
		return nil, failure(ErrSignature, "padding of PKCS #1 block type 1 is damaged after %d octets", n)
	}
	return padding[n+1:], nil
}

// rsaPublic is the public key operation on whole blocks; the result has the length of the modulus.
func rsaPublic(pub *rsa.PublicKey, in []byte) ([]byte, error) {
	// Key sizes are bounded as crypto/rsa bounds them for verification, so that a peer's certificate cannot cost hours.
	if pub.N == nil || pub.N.Sign() <= 0 || pub.N.BitLen() > 16384 || pub.E < 2 {
		return nil, failure(ErrKey, "RSA with an impossible modulus or exponent")
	}
	if len(in) != pub.Size() {
		return nil, failure(ErrSignature, "%d octets, expected the %d of the modulus", len(in), pub.Size())
	}
	x := new(big.Int).SetBytes(in)
	if x.Cmp(pub.N) >= 0 {
		return nil, failure(ErrSignature, "not smaller than the modulus")
	}
	return x.Exp(x, big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, pub.Size())), nil
}
