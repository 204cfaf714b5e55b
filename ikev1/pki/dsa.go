package pki

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 DSS is one of RFC 2409's methods, and peers that offer it must be answered
	"crypto/rand"
	"encoding/asn1"
	"io"
	"math/big"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// dssSize is the length of r and of s: q has 160 bits.
const dssSize = 20

// DSAKey makes a crypto.Signer of a DSA key, which the standard library no longer does. It is weak, by its hash and its usual
// sizes. Printing it with package fmt shows no key.
type DSAKey struct{ Key *dsa.PrivateKey }

// Public returns the *dsa.PublicKey.
func (k DSAKey) Public() crypto.PublicKey { return &k.Key.PublicKey }

// Sign returns the ASN.1 of r and s over digest. Since Go 1.26 crypto/dsa takes no notice of random.
func (k DSAKey) Sign(random io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	if random == nil {
		random = rand.Reader
	}
	r, s, err := dsa.Sign(random, k.Key, digest)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(rs{r, s})
}

// String shows no key.
func (DSAKey) String() string { return "DSA key (not shown)" }

// GoString is String.
func (k DSAKey) GoString() string { return k.String() }

// soundDSA tells whether it is safe to compute with the key: nothing is missing, and sizes are bounded, so that a peer's certificate
// cannot cost hours.
func soundDSA(k *dsa.PublicKey) bool {
	const maxBits = 4096
	return k != nil && k.P != nil && k.Q != nil && k.G != nil && k.Y != nil && k.P.BitLen() <= maxBits && k.Q.BitLen() <= maxBits
}

func isDSS(pub crypto.PublicKey) bool {
	k, ok := pub.(*dsa.PublicKey)
	return ok && soundDSA(k) && k.Q.BitLen() == 8*dssSize
}

// verifyDSS expects a key that isDSS.
func verifyDSS(pub crypto.PublicKey, m wire.AuthMethod, hash, sig []byte) error {
	if len(sig) != 2*dssSize {
		_, err := joinDER(m, sig, dssSize)
		return err
	}
	r, s := new(big.Int).SetBytes(sig[:dssSize]), new(big.Int).SetBytes(sig[dssSize:])
	if !dsa.Verify(pub.(*dsa.PublicKey), hash, r, s) {
		return failure(ErrSignature, "%v: r and s are not of this hash under this key (RFC 2409 section 5.1)", m)
	}
	return nil
}
