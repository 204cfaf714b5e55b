package keymat

import (
	"bytes"
	"math/big"
	"testing"
)

// piTimesTwoTo returns floor(2^bits * pi), by Machin's formula pi = 16 atan(1/5) - 4 atan(1/239).
func piTimesTwoTo(bits uint) *big.Int {
	const guard = 64
	one := new(big.Int).Lsh(big1, bits+guard)
	atanInverse := func(x int64) *big.Int {
		term := new(big.Int).Quo(one, big.NewInt(x))
		sum, square := new(big.Int), big.NewInt(x*x)
		for n := int64(1); term.Sign() != 0; n += 2 {
			part := new(big.Int).Quo(term, big.NewInt(n))
			if n%4 == 1 {
				sum.Add(sum, part)
			} else {
				sum.Sub(sum, part)
			}
			term.Quo(term, square)
		}
		return sum
	}
	pi := atanInverse(5)
	pi.Mul(pi, big.NewInt(16))
	pi.Sub(pi, new(big.Int).Mul(atanInverse(239), big.NewInt(4)))
	return pi.Rsh(pi, guard)
}

// The numbers k of RFC 2409 6.1 and 6.2 and RFC 3526 2 to 7.
var primeFormula = []struct {
	group Group
	bits  uint
	k     int64
}{
	{MODP768, 768, 149686},
	{MODP1024, 1024, 129093},
	{MODP1536, 1536, 741804},
	{MODP2048, 2048, 124476},
	{MODP3072, 3072, 1690314},
	{MODP4096, 4096, 240904},
	{MODP6144, 6144, 929484},
	{MODP8192, 8192, 4743158},
}

func TestPrimesFollowTheirFormula(t *testing.T) {
	for _, f := range primeFormula {
		t.Run(f.group.String(), func(t *testing.T) {
			m := groups[f.group].arith.(*modp)
			// p = 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) pi) + k)
			want := new(big.Int).Lsh(big1, f.bits)
			want.Sub(want, new(big.Int).Lsh(big1, f.bits-64))
			want.Sub(want, big1)
			middle := piTimesTwoTo(f.bits - 130)
			middle.Add(middle, big.NewInt(f.k))
			want.Add(want, middle.Lsh(middle, 64))
			if m.p.Cmp(want) != 0 {
				t.Errorf("the prime is\n%X, the formula says\n%X", m.p, want)
			}
			if m.octets != int(f.bits/8) {
				t.Errorf("size %d octets, want %d", m.octets, f.bits/8)
			}
			if f.bits > 2048 {
				return // the formula is proof enough; testing these takes seconds
			}
			q := new(big.Int).Rsh(m.p, 1)
			if !m.p.ProbablyPrime(4) || !q.ProbablyPrime(4) {
				t.Error("not a safe prime")
			}
		})
	}
}

// 2 generates the subgroup of order q, so an exponent of any size up to q is as good as it looks.
func TestGeneratorOrder(t *testing.T) {
	for _, f := range primeFormula {
		m := groups[f.group].arith.(*modp)
		if big.Jacobi(big2, m.p) != 1 {
			t.Errorf("%v: 2 is no square", f.group)
		}
	}
}

// At least twice the strength of the group, which RFC 3526 8 (first estimate) and NIST SP 800-56A revision 3 appendix D give.
func TestExponentSizes(t *testing.T) {
	strength := map[Group]int{
		MODP768: 80, MODP1024: 80, MODP1536: 120, MODP2048: 112, MODP3072: 130, MODP4096: 152, MODP6144: 176, MODP8192: 200,
	}
	for _, f := range primeFormula {
		arith := groups[f.group].arith
		seed := make([]byte, arith.seedSize())
		if bits := new(big.Int).SetBytes(arith.secret(seed)).BitLen(); bits < 2*strength[f.group] {
			t.Errorf("%v: exponents of %d bits for a strength of %d", f.group, bits, strength[f.group])
		}
	}
}

func TestCombAgreesWithExp(t *testing.T) {
	for _, g := range []Group{MODP768, MODP1024, MODP1536, MODP2048, MODP1024S160, MODP2048S224, MODP2048S256} {
		t.Run(g.String(), func(t *testing.T) {
			m := groups[g].arith.(*modp)
			bits := uint(m.secretBits)
			limit := new(big.Int).Lsh(big1, bits)
			exponents := []*big.Int{
				new(big.Int), big1, big2, big.NewInt(255), big.NewInt(256),
				new(big.Int).Sub(limit, big1), new(big.Int).Rsh(limit, 1),
				new(big.Int).Rem(m.p, limit), new(big.Int).Rem(new(big.Int).Rsh(m.p, 99), limit),
			}
			for i := range bits {
				exponents = append(exponents, new(big.Int).Lsh(big1, i))
			}
			for _, e := range exponents {
				if got, want := m.comb().exp(e), new(big.Int).Exp(m.g, e, m.p); got.Cmp(want) != 0 {
					t.Fatalf("g^%x = %x, want %x", e, got, want)
				}
			}
		})
	}
}

// BenchmarkPublic shows what the table saves.
func BenchmarkPublic(b *testing.B) {
	for _, f := range primeFormula {
		m := groups[f.group].arith.(*modp)
		x := new(big.Int).SetBytes(m.secret(bytes.Repeat([]byte{0x55}, m.seedSize())))
		b.Run(f.group.String()+"/comb", func(b *testing.B) {
			c := m.comb()
			for b.Loop() {
				c.exp(x)
			}
		})
		b.Run(f.group.String()+"/exp", func(b *testing.B) {
			for b.Loop() {
				new(big.Int).Exp(m.g, x, m.p)
			}
		})
	}
}

func BenchmarkNewComb(b *testing.B) {
	for _, f := range primeFormula {
		b.Run(f.group.String(), func(b *testing.B) {
			m := groups[f.group].arith.(*modp)
			for b.Loop() {
				newComb(m.g, m.p, m.secretBits)
			}
		})
	}
}
