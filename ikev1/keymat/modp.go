package keymat

import (
	"fmt"
	"math/big"
	"strings"
	"sync"
)

// modp is the multiplicative group modulo a prime. With a safe prime p = 2q+1 its generator is 2, which generates the subgroup of
// order q; otherwise generator and order are the group's own.
type modp struct {
	p, pMinus1 *big.Int
	g          *big.Int
	order      *big.Int // of g, when it is much smaller than p; nil with a safe prime
	octets     int      // of p
	secretBits int      // no fresh exponent is longer
	comb       func() *comb
}

var (
	big1 = big.NewInt(1)
	big2 = big.NewInt(2)
)

// newMODP makes a group from a table entry: the bits of the prime and of a fresh exponent, and the prime.
func newMODP(bits, secretBits int, prime string) *modp {
	return (&modp{p: number(prime, bits), g: big2, secretBits: secretBits}).complete()
}

// newSubgroup makes a group of prime order from a table entry: the bits of prime and order, and the numbers.
func newSubgroup(bits, orderBits int, prime, generator, order string) *modp {
	p := number(prime, bits)
	g := number(generator, 0)
	return (&modp{p: p, g: g, order: number(order, orderBits), secretBits: orderBits}).complete()
}

func (m *modp) complete() *modp {
	m.pMinus1 = new(big.Int).Sub(m.p, big1)
	m.octets = (m.p.BitLen() + 7) / 8
	m.comb = sync.OnceValue(func() *comb { return newComb(m.g, m.p, m.secretBits) })
	return m
}

// number reads hexadecimal digits with white space among them. It must have the given bits, unless they are 0.
func number(hex string, bits int) *big.Int {
	n, ok := new(big.Int).SetString(strings.Join(strings.Fields(hex), ""), 16)
	if !ok || bits != 0 && n.BitLen() != bits {
		panic("ikev1/keymat: a number in the tables is damaged") // only a change of primes.go or rfc5114.go can do that
	}
	return n
}

func (m *modp) size() int       { return m.octets }
func (m *modp) sharedSize() int { return m.octets }

func (m *modp) seedSize() int {
	if m.order != nil {
		return seedSize(m.order)
	}
	return m.secretBits / 8
}

func (m *modp) secret(seed []byte) []byte {
	if m.order != nil {
		return below(m.order, seed)
	}
	x := append([]byte(nil), seed...)
	x[0] |= 0x80 // never zero, and always of the length the group asks for
	return x
}

func (m *modp) private(x []byte) (private, error) {
	limit := m.pMinus1
	if m.order != nil {
		limit = m.order
	}
	n := new(big.Int).SetBytes(x)
	if n.Sign() == 0 || n.Cmp(limit) >= 0 {
		return nil, ErrInvalidPrivate
	}
	return &modpPrivate{group: m, x: n}, nil
}

type modpPrivate struct {
	group *modp
	x     *big.Int
}

func (k *modpPrivate) public() []byte {
	var y *big.Int
	if k.x.BitLen() <= k.group.secretBits {
		y = k.group.comb().exp(k.x)
	} else {
		y = new(big.Int).Exp(k.group.g, k.x, k.group.p) // an exponent from elsewhere
	}
	return y.FillBytes(make([]byte, k.group.octets))
}

func (k *modpPrivate) shared(peer []byte) ([]byte, error) {
	if len(peer) != k.group.octets {
		return nil, fmt.Errorf("%w: %d octets, want %d (RFC 2409 5)", ErrInvalidKE, len(peer), k.group.octets)
	}
	y := new(big.Int).SetBytes(peer)
	if y.Cmp(big1) <= 0 || y.Cmp(k.group.pMinus1) >= 0 {
		return nil, fmt.Errorf("%w: not within 2..p-2", ErrInvalidKE)
	}
	// A value of small order would betray the exponent modulo that order. With a safe prime there is none left; here there are
	// many, and to look costs another exponentiation.
	if k.group.order != nil && new(big.Int).Exp(y, k.group.order, k.group.p).Cmp(big1) != 0 {
		return nil, fmt.Errorf("%w: not in the subgroup of order q (RFC 6989 2.2)", ErrInvalidKE)
	}
	// filippo.io/bigmod takes a tenth less time for this at 1024, 1536 and 2048 bits, and two and a half times as long at 3072 and
	// 4096, for which it has no code of its own: not enough to depend on it.
	return new(big.Int).Exp(y, k.x, k.group.p).FillBytes(make([]byte, k.group.octets)), nil
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
