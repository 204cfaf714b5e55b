package keymat

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
)

var (
	// ErrInvalidKE says that a peer's public value is none: it has the wrong size, lies outside 2..p-2 or the subgroup, or is
	// no point of the curve.
	ErrInvalidKE = errors.New("invalid key exchange value")
	// ErrInvalidPrivate says that a private exponent lies outside 1..p-2, or 1..q-1 where the group states the order q.
	ErrInvalidPrivate = errors.New("invalid private exponent")
)

// Group is a value of the phase 1 attribute Group Description, and of the phase 2 attribute for perfect forward secrecy
// (RFC 2409 section 6 and appendix A, RFC 3526, RFC 5114, RFC 5903). The ECP groups of 192 and 224 bits (25 and 26), those of
// Brainpool (27 to 30) and the EC2N groups (3 and 4) are left out: crypto/ecdh does not have their curves.
type Group uint16

// The groups, by their attribute value. S160, S224 and S256 tell the bits of the order of the subgroup.
const (
	MODP768  Group = 1
	MODP1024 Group = 2
	MODP1536 Group = 5
	MODP2048 Group = 14
	MODP3072 Group = 15
	MODP4096 Group = 16
	MODP6144 Group = 17
	MODP8192 Group = 18

	ECP256 Group = 19
	ECP384 Group = 20
	ECP521 Group = 21

	MODP1024S160 Group = 22
	MODP2048S224 Group = 23
	MODP2048S256 Group = 24
)

// A groupSpec names a group. Its arithmetic is behind a small interface, so that faster code for a group changes nothing else.
type groupSpec struct {
	slug  string
	arith arithmetic
	weak  bool
}

// An arithmetic knows one group. All slices are big endian.
type arithmetic interface {
	// size is the octets of a public value, sharedSize those of a shared secret.
	size() int
	sharedSize() int
	// seedSize is the random octets that make a fresh private exponent.
	seedSize() int
	// secret makes a private exponent of them. It is good whatever they are.
	secret(seed []byte) []byte
	// private takes a private exponent of any length, or returns ErrInvalidPrivate. It keeps no reference to x.
	private(x []byte) (private, error)
}

// A private exponent and its group.
type private interface {
	// public returns g^x in a fresh slice.
	public() []byte
	// shared returns peer^x, or an error wrapping ErrInvalidKE.
	shared(peer []byte) ([]byte, error)
}

// A fresh private exponent for a safe prime has the number of bits given here, its top bit always set. That is at least twice the
// strength of the group by the first estimate of RFC 3526 section 8 (90, 110, 130, 150, 170 and 190 bits from group 5 to group
// 18) and by NIST SP 800-56A revision 3, appendix D (112, 128, 152, 176 and 200 bits from group 14 on): a longer one would cost
// time and make the secret no safer. The two smaller groups are weaker still. Where the group states the order of its generator,
// a fresh exponent is any below that.
var groups = map[Group]groupSpec{
	MODP768:  {slug: "modp768", arith: newMODP(768, 256, prime768), weak: true},
	MODP1024: {slug: "modp1024", arith: newMODP(1024, 256, prime1024), weak: true},
	MODP1536: {slug: "modp1536", arith: newMODP(1536, 256, prime1536)},
	MODP2048: {slug: "modp2048", arith: newMODP(2048, 256, prime2048)},
	MODP3072: {slug: "modp3072", arith: newMODP(3072, 320, prime3072)},
	MODP4096: {slug: "modp4096", arith: newMODP(4096, 320, prime4096)},
	MODP6144: {slug: "modp6144", arith: newMODP(6144, 384, prime6144)},
	MODP8192: {slug: "modp8192", arith: newMODP(8192, 448, prime8192)},

	ECP256: {slug: "ecp256", arith: newECP(ecdh.P256(), elliptic.P256().Params())},
	ECP384: {slug: "ecp384", arith: newECP(ecdh.P384(), elliptic.P384().Params())},
	ECP521: {slug: "ecp521", arith: newECP(ecdh.P521(), elliptic.P521().Params())},

	MODP1024S160: {
		slug: "modp1024s160", arith: newSubgroup(1024, 160, prime1024s160, generator1024s160, order1024s160), weak: true,
	},
	MODP2048S224: {slug: "modp2048s224", arith: newSubgroup(2048, 224, prime2048s224, generator2048s224, order2048s224)},
	MODP2048S256: {slug: "modp2048s256", arith: newSubgroup(2048, 256, prime2048s256, generator2048s256, order2048s256)},
}

// seedSize is the octets that below wants.
func seedSize(order *big.Int) int { return (order.BitLen()+7)/8 + 8 }

// below makes a number within 1..order-1 of random octets, as long as the order. There are 64 bits more than the order has, so
// that no number is more likely than another by anything one could notice, and no octets are ever thrown away and others
// asked for (NIST SP 800-56A revision 3, 5.6.1.1.3 and 5.6.1.2.1).
func below(order *big.Int, seed []byte) []byte {
	n := new(big.Int).SetBytes(seed)
	n.Mod(n, new(big.Int).Sub(order, big1))
	return n.Add(n, big1).FillBytes(make([]byte, (order.BitLen()+7)/8))
}

// ParseGroup returns the group with the given slug, such as "modp2048". Its error wraps ErrUnknown.
func ParseGroup(slug string) (Group, error) {
	for g, spec := range groups {
		if spec.slug == slug {
			return g, nil
		}
	}
	return 0, fmt.Errorf("ikev1/keymat: group %q: %w", slug, ErrUnknown)
}

// String returns the slug.
func (g Group) String() string {
	if spec, ok := groups[g]; ok {
		return spec.slug
	}
	return fmt.Sprintf("Unknown(%d)", uint16(g))
}

// Size returns the octets of a public value, the body of the KE payload; 0 when the group is unknown.
func (g Group) Size() int {
	if spec, ok := groups[g]; ok {
		return spec.arith.size()
	}
	return 0
}

// SharedSize returns the octets of g^xy, 0 when the group is unknown. It is Size for a MODP group, half of it for an ECP group:
// there g^xy is the x coordinate alone (RFC 5903 section 7).
func (g Group) SharedSize() int {
	if spec, ok := groups[g]; ok {
		return spec.arith.sharedSize()
	}
	return 0
}

// Weak reports whether the group's discrete logarithm is within reach: MODP768, MODP1024 and MODP1024S160 (RFC 8247 section
// 2.4). That section advises against MODP2048S224 and MODP2048S256 too, because nobody knows how their primes were made.
func (g Group) Weak() bool { return groups[g].weak }

// PrivateKey is one end's half of a Diffie-Hellman exchange. It may be used by several goroutines at once. Printing it with
// package fmt does not show the exponent.
type PrivateKey struct {
	group   Group
	private private
	public  []byte
}

// Generate draws a private exponent from random, or from crypto/rand when it is nil. It reads the same number of octets each
// time, so that a deterministic source gives a deterministic run. Its error is the source's, or wraps ErrUnknown.
func (g Group) Generate(random io.Reader) (*PrivateKey, error) {
	spec, ok := groups[g]
	if !ok {
		return nil, fmt.Errorf("ikev1/keymat: group %v: %w", g, ErrUnknown)
	}
	if random == nil {
		random = rand.Reader
	}
	seed := make([]byte, spec.arith.seedSize())
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, fmt.Errorf("ikev1/keymat: private exponent for %v: %w", g, err)
	}
	return PrivateKeyFromBytes(g, spec.arith.secret(seed))
}

// PrivateKeyFromBytes makes a key of a known exponent, for deterministic runs and test vectors. x is of any length; leading
// zeros do not matter. The error wraps ErrUnknown or ErrInvalidPrivate.
func PrivateKeyFromBytes(g Group, x []byte) (*PrivateKey, error) {
	spec, ok := groups[g]
	if !ok {
		return nil, fmt.Errorf("ikev1/keymat: group %v: %w", g, ErrUnknown)
	}
	p, err := spec.arith.private(x)
	if err != nil {
		return nil, fmt.Errorf("ikev1/keymat: private exponent for %v: %w", g, err)
	}
	return &PrivateKey{group: g, private: p, public: p.public()}, nil
}

// Group returns the group the key belongs to.
func (k *PrivateKey) Group() Group { return k.group }

// Public returns g^x as the body of the KE payload: Group.Size octets, leading zeros kept (RFC 2409 section 5). On a curve that
// is x | y, each half of them, without an octet for the form (RFC 5903 section 7).
func (k *PrivateKey) Public() []byte { return append([]byte(nil), k.public...) }

// Shared returns g^xy for the body of the peer's KE payload: Group.SharedSize octets, leading zeros kept. A value of another
// size, outside 2..p-2 (0, 1 and p-1 leave no secret), outside the subgroup whose order the group states, or off the curve is
// refused with an error that wraps ErrInvalidKE.
func (k *PrivateKey) Shared(peer []byte) ([]byte, error) {
	z, err := k.private.shared(peer)
	if err != nil {
		return nil, fmt.Errorf("ikev1/keymat: %v: %w", k.group, err)
	}
	return z, nil
}

// String tells the group and nothing of the exponent.
func (k *PrivateKey) String() string { return fmt.Sprintf("private key of %v", k.group) }

// GoString is String, so that %#v shows no secret either.
func (k *PrivateKey) GoString() string { return k.String() }
