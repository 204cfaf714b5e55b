package keymat

import (
	"fmt"
	"math/big"
	"strings"
)

// modp is the multiplicative group modulo a safe prime p = 2q+1, with generator 2 (which generates the subgroup of order q).
type modp struct {
	p, pMinus1 *big.Int
	octets     int // of p
	secret     int // of a fresh exponent
}

var big2 = big.NewInt(2)

func newMODP(bits, secretBits int, hex string) *modp {
	p, ok := new(big.Int).SetString(strings.Join(strings.Fields(hex), ""), 16)
	if !ok || p.BitLen() != bits {
		panic("ikev1/keymat: a prime in the table is damaged") // only a change of primes.go can do that
	}
	return &modp{p: p, pMinus1: new(big.Int).Sub(p, big1), octets: bits / 8, secret: secretBits / 8}
}

func (m *modp) size() int       { return m.octets }
func (m *modp) secretSize() int { return m.secret }

func (m *modp) checkSecret(x []byte) error {
	n := new(big.Int).SetBytes(x)
	if n.Sign() == 0 || n.Cmp(m.pMinus1) >= 0 {
		return ErrInvalidPrivate
	}
	return nil
}

func (m *modp) public(x []byte) []byte {
	y := new(big.Int).Exp(big2, new(big.Int).SetBytes(x), m.p)
	return y.FillBytes(make([]byte, m.octets))
}

func (m *modp) shared(x, peer []byte) ([]byte, error) {
	if len(peer) != m.octets {
		return nil, fmt.Errorf("%w: %d octets, want %d (RFC 2409 5)", ErrInvalidKE, len(peer), m.octets)
	}
	y := new(big.Int).SetBytes(peer)
	if y.Cmp(big1) <= 0 || y.Cmp(m.pMinus1) >= 0 {
		return nil, fmt.Errorf("%w: not within 2..p-2", ErrInvalidKE)
	}
	z := new(big.Int).Exp(y, new(big.Int).SetBytes(x), m.p)
	return z.FillBytes(make([]byte, m.octets)), nil
}
