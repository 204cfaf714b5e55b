package keymat

import "math/big"

// Params gives the tests a MODP group's prime, its generator, and the order of that when the group states one.
func Params(g Group) (p, generator, order *big.Int) {
	m := groups[g].arith.(*modp)
	return m.p, m.g, m.order
}
