package keymat_test

import (
	"bytes"
	"errors"
	"math/big"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

// RFC 5114 does not say how its numbers were found, but that they form a group of prime order can be checked.
func TestSubgroupParameters(t *testing.T) {
	for i, g := range subgroups {
		p, generator, q := keymat.Params(g)
		if want := []int{160, 224, 256}[i]; p.BitLen() != 8*g.Size() || q.BitLen() != want {
			t.Errorf("%v: a prime of %d and an order of %d bits", g, p.BitLen(), q.BitLen())
		}
		one := big.NewInt(1)
		rest := new(big.Int).Sub(p, one)
		if rest.Mod(rest, q).Sign() != 0 || !p.ProbablyPrime(4) || !q.ProbablyPrime(4) {
			t.Errorf("%v: p and q are not primes with q dividing p-1", g)
		}
		if generator.Cmp(one) <= 0 || new(big.Int).Exp(generator, q, p).Cmp(one) != 0 {
			t.Errorf("%v: the generator has not order q", g)
		}
		if got := privateKey(t, g, []byte{1}).Public(); new(big.Int).SetBytes(got).Cmp(generator) != 0 {
			t.Errorf("%v: g^1 = %x", g, got)
		}
	}
}

// A peer must not be able to lead us into another subgroup: not the whole group, not one of small order, nor a product with such.
func TestSharedRefusesOtherSubgroups(t *testing.T) {
	smallFactor := map[keymat.Group]int64{keymat.MODP1024S160: 7, keymat.MODP2048S224: 3, keymat.MODP2048S256: 7} // of (p-1)/q
	for _, g := range subgroups {
		p, generator, q := keymat.Params(g)
		mine := privateKey(t, g, []byte{3})
		octets := func(n *big.Int) []byte { return n.FillBytes(make([]byte, g.Size())) }
		minus := func(n int64) *big.Int { return new(big.Int).Sub(p, big.NewInt(n)) }

		exponent := minus(1)
		exponent.Quo(exponent, big.NewInt(smallFactor[g]))
		small := big.NewInt(1)
		for base := int64(2); small.Cmp(big.NewInt(1)) == 0; base++ {
			small.Exp(big.NewInt(base), exponent, p)
		}
		mixed := new(big.Int).Mul(generator, small)
		for _, tt := range []struct {
			name string
			ke   []byte
			ok   bool
		}{
			{"the generator", octets(generator), true},
			{"g^(q-1)", octets(new(big.Int).Exp(generator, new(big.Int).Sub(q, big.NewInt(1)), p)), true},
			{"a value of small order", octets(small), false},
			{"the generator times that", octets(mixed.Mod(mixed, p)), false},
			{"minus the generator", octets(new(big.Int).Sub(p, generator)), false},
			{"2", octets(big.NewInt(2)), false},
			{"p-2", octets(minus(2)), false},
			{"0", octets(new(big.Int)), false},
			{"1", octets(big.NewInt(1)), false},
			{"p-1", octets(minus(1)), false},
			{"p", octets(p), false},
			{"all ones", bytes.Repeat([]byte{0xff}, g.Size()), false},
			{"one octet short", octets(generator)[1:], false},
			{"one zero octet too many", append([]byte{0}, octets(generator)...), false},
			{"nothing", nil, false},
		} {
			z, err := mine.Shared(tt.ke)
			switch {
			case tt.ok && (err != nil || len(z) != g.SharedSize()):
				t.Errorf("%v: %s: %v", g, tt.name, err)
			case !tt.ok && (!errors.Is(err, keymat.ErrInvalidKE) || z != nil):
				t.Errorf("%v: %s: error %v, want %v", g, tt.name, err, keymat.ErrInvalidKE)
			}
		}
	}
}

func TestSubgroupPrivateKeyRange(t *testing.T) {
	for _, g := range subgroups {
		_, _, q := keymat.Params(g)
		checkPrivateRange(t, g, q)
	}
}

// checkPrivateRange: 1..order-1 are private exponents, and nothing else is.
func checkPrivateRange(t *testing.T, g keymat.Group, order *big.Int) {
	t.Helper()
	below := new(big.Int).Sub(order, big.NewInt(1)).Bytes()
	for _, tt := range []struct {
		name string
		x    []byte
		ok   bool
	}{
		{"nothing", nil, false},
		{"zeros", make([]byte, 300), false},
		{"one", []byte{1}, true},
		{"one after many zeros", append(make([]byte, 300), 1), true},
		{"q-1", below, true},
		{"q-1 after zeros", append(make([]byte, 3), below...), true},
		{"q", order.Bytes(), false},
		{"q+1", new(big.Int).Add(order, big.NewInt(1)).Bytes(), false},
		{"too long", bytes.Repeat([]byte{1}, len(below)+1), false},
	} {
		_, err := keymat.PrivateKeyFromBytes(g, tt.x)
		if tt.ok && err != nil || !tt.ok && !errors.Is(err, keymat.ErrInvalidPrivate) {
			t.Errorf("%v: %s: error %v", g, tt.name, err)
		}
	}
}
