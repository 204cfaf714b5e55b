package keymat

import (
	"fmt"
	"math/big"
	"strings"
	"sync"
)

// modp is the multiplicative group modulo a safe prime p = 2q+1, with generator 2 (which generates the subgroup of order q).
type modp struct {
	p, pMinus1 *big.Int
	octets     int // of p
	secret     int // of a fresh exponent
	comb       func() *comb
}

var (
	big1 = big.NewInt(1)
	big2 = big.NewInt(2)
)

// newMODP makes a group from a table entry: the prime in hexadecimal with white space, its bits, and the bits of a fresh
// exponent.
func newMODP(bits, secretBits int, hex string) *modp {
	p, ok := new(big.Int).SetString(strings.Join(strings.Fields(hex), ""), 16)
	if !ok || p.BitLen() != bits {
		panic("ikev1/keymat: a prime in the table is damaged") // only a change of primes.go can do that
	}
	return &modp{
		p:       p,
		pMinus1: new(big.Int).Sub(p, big1),
		octets:  bits / 8,
		secret:  secretBits / 8,
		comb:    sync.OnceValue(func() *comb { return newComb(big2, p, secretBits) }),
	}
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
	e := new(big.Int).SetBytes(x)
	var y *big.Int
	if e.BitLen() <= 8*m.secret {
		y = m.comb().exp(e)
	} else {
		y = new(big.Int).Exp(big2, e, m.p) // an exponent from elsewhere
	}
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

// A comb raises one base to many exponents of bounded length (Lim and Lee, "More Flexible Exponentiation with
// Precomputation", 1994). The exponent's bits are written in combTeeth rows; each column is then one index into a table, and one
// squaring and one multiplication finish it. An eighth of the squarings remain. To make the table costs about as much as one
// exponentiation the plain way, so it pays from the second exchange on.
type comb struct {
	p       *big.Int
	columns int
	table   [1 << combTeeth]*big.Int // table[i] is the product of base^(2^(t*columns)) for all bits t set in i
}

const combTeeth = 8

func newComb(base, p *big.Int, bits int) *comb {
	c := &comb{p: p, columns: (bits + combTeeth - 1) / combTeeth}
	r := newReducer(p)
	c.table[0] = big1
	power := new(big.Int).Set(base)
	for t := range combTeeth {
		for i := range 1 << t {
			c.table[1<<t|i] = r.mul(new(big.Int), c.table[i], power)
		}
		for range c.columns {
			r.mul(power, power, power)
		}
	}
	return c
}

// exp returns base^e mod p; e must not be longer than the comb.
func (c *comb) exp(e *big.Int) *big.Int {
	r := newReducer(c.p)
	y := big.NewInt(1)
	for column := c.columns - 1; column >= 0; column-- {
		index := uint(0)
		for t := range combTeeth {
			index |= e.Bit(t*c.columns+column) << t
		}
		r.mul(y, y, y)
		r.mul(y, y, c.table[index])
	}
	return y
}

// A reducer multiplies modulo p without a new allocation each time.
type reducer struct{ p, product, quotient *big.Int }

func newReducer(p *big.Int) *reducer { return &reducer{p, new(big.Int), new(big.Int)} }

// mul sets z to a*b mod p and returns it.
func (r *reducer) mul(z, a, b *big.Int) *big.Int {
	r.product.Mul(a, b)
	r.quotient.QuoRem(r.product, r.p, z)
	return z
}
