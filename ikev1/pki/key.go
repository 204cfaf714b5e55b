package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"math/big"
)

// KeyType is a kind of private key. The zero value is none.
type KeyType uint8

// The key types.
const (
	RSA1024 KeyType = iota + 1 // weak
	RSA2048
	RSA3072
	RSA4096
	ECDSAP256
	ECDSAP384
	ECDSAP521
)

var keyTypes = map[KeyType]struct {
	slug  string
	bits  int // of an RSA modulus
	curve elliptic.Curve
}{
	RSA1024:   {"rsa1024", 1024, nil},
	RSA2048:   {"rsa2048", 2048, nil},
	RSA3072:   {"rsa3072", 3072, nil},
	RSA4096:   {"rsa4096", 4096, nil},
	ECDSAP256: {"ecdsa256", 0, elliptic.P256()},
	ECDSAP384: {"ecdsa384", 0, elliptic.P384()},
	ECDSAP521: {"ecdsa521", 0, elliptic.P521()},
}

// String returns the slug: "rsa2048", "ecdsa256".
func (t KeyType) String() string {
	if k, ok := keyTypes[t]; ok {
		return k.slug
	}
	return fmt.Sprintf("Unknown(%d)", uint8(t))
}

// ParseKeyType is the inverse of String. The error wraps ErrKey.
func ParseKeyType(slug string) (KeyType, error) {
	for t, k := range keyTypes {
		if k.slug == slug {
			return t, nil
		}
	}
	return 0, failure(ErrKey, "unknown type %q", slug)
}

// Weak reports whether keys of the type are too small for anything but tests.
func (t KeyType) Weak() bool { return keyTypes[t].bits != 0 && keyTypes[t].bits < minRSA }

// GenerateKey makes a private key. With random nil it is the standard library's, from crypto/rand. Otherwise the key is a function
// of the octets read from random: the same octets give the same key, which the standard library no longer does. Such a key is as
// secret as those octets, and its primes are searched without care for timing. The error wraps ErrKey or comes from random.
func GenerateKey(random io.Reader, t KeyType) (crypto.Signer, error) {
	k, ok := keyTypes[t]
	switch {
	case !ok:
		return nil, failure(ErrKey, "unknown type %v", t)
	case random == nil && k.curve != nil:
		return ecdsa.GenerateKey(k.curve, rand.Reader)
	case random == nil:
		return rsa.GenerateKey(rand.Reader, k.bits)
	case k.curve != nil:
		return ecdsaFrom(random, k.curve)
	}
	return rsaFrom(random, k.bits)
}

// ecdsaFrom draws private keys until one is in range, which is nearly always the first.
func ecdsaFrom(random io.Reader, curve elliptic.Curve) (crypto.Signer, error) {
	bits := curve.Params().N.BitLen()
	buf := make([]byte, (bits+7)/8)
	for range 100 {
		if _, err := io.ReadFull(random, buf); err != nil {
			return nil, fmt.Errorf("ikev1/pki: private key: %w", err)
		}
		if extra := bits % 8; extra != 0 {
			buf[0] &= 1<<extra - 1
		}
		if key, err := ecdsa.ParseRawPrivateKey(curve, buf); err == nil {
			return key, nil
		}
	}
	return nil, failure(ErrKey, "the random octets give no private key")
}

const rsaExponent = 65537

// rsaFrom draws two primes with their two highest bits set, so that the modulus has exactly the given bits.
func rsaFrom(random io.Reader, bits int) (crypto.Signer, error) {
	e, one := big.NewInt(rsaExponent), big.NewInt(1)
	p, err := primeFrom(random, bits/2, nil)
	if err != nil {
		return nil, err
	}
	q, err := primeFrom(random, bits/2, p)
	if err != nil {
		return nil, err
	}
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    []*big.Int{p, q},
	}
	key.Precompute()
	if err := key.Validate(); err != nil {
		return nil, failure(ErrKey, "the random octets give no RSA key: %w", err)
	}
	return key, nil
}

// primeFrom starts anywhere and takes the next prime with p-1 prime to the exponent.
func primeFrom(random io.Reader, bits int, not *big.Int) (*big.Int, error) {
	buf := make([]byte, bits/8)
	const rounds = 20
	mod, two := new(big.Int), big.NewInt(2)
	for range 100 {
		if _, err := io.ReadFull(random, buf); err != nil {
			return nil, fmt.Errorf("ikev1/pki: prime: %w", err)
		}
		buf[0] |= 0xc0
		buf[len(buf)-1] |= 1
		for p := new(big.Int).SetBytes(buf); p.BitLen() == bits; p.Add(p, two) {
			if mod.Mod(p, big.NewInt(rsaExponent)).Cmp(big.NewInt(1)) == 0 || not != nil && p.Cmp(not) == 0 {
				continue
			}
			if p.ProbablyPrime(rounds) {
				return p, nil
			}
		}
	}
	return nil, failure(ErrKey, "the random octets give no prime")
}
