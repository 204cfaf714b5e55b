package keymat

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrInvalidKE says that a peer's public value is none: it has the wrong size or lies outside 2..p-2.
	ErrInvalidKE = errors.New("invalid key exchange value")
	// ErrInvalidPrivate says that a private exponent lies outside 1..p-2.
	ErrInvalidPrivate = errors.New("invalid private exponent")
)

// Group is a value of the phase 1 attribute Group Description, and of the phase 2 attribute for perfect forward secrecy
// (RFC 2409 section 6 and appendix A, RFC 3526).
type Group uint16

// The MODP groups, by their attribute value.
const (
	MODP768  Group = 1
	MODP1024 Group = 2
	MODP1536 Group = 5
	MODP2048 Group = 14
	MODP3072 Group = 15
	MODP4096 Group = 16
	MODP6144 Group = 17
	MODP8192 Group = 18
)

// A groupSpec names a group. Its arithmetic is behind this small interface, so that faster code for a group, or a group that
// is not MODP, changes nothing else.
type groupSpec struct {
	slug  string
	arith arithmetic
	weak  bool
}

// An arithmetic knows one group. All slices are big endian; public and shared values have size octets.
type arithmetic interface {
	size() int
	// secretSize is the octets of a fresh private exponent.
	secretSize() int
	// checkSecret rejects what cannot be a private exponent.
	checkSecret(x []byte) error
	// public returns g^x.
	public(x []byte) []byte
	// shared returns y^x, or an error wrapping ErrInvalidKE.
	shared(x, y []byte) ([]byte, error)
}

// A fresh private exponent has the number of bits given here, its top bit always set. That is at least twice the strength of
// the group by the first estimate of RFC 3526 section 8 (90, 110, 130, 150, 170 and 190 bits from group 5 to group 18) and by
// NIST SP 800-56A revision 3, appendix D (112, 128, 152, 176 and 200 bits from group 14 on): a longer one would cost time and
// make the secret no safer. The two smaller groups are weaker still.
var groups = map[Group]groupSpec{
	MODP768:  {slug: "modp768", arith: newMODP(768, 256, prime768), weak: true},
	MODP1024: {slug: "modp1024", arith: newMODP(1024, 256, prime1024), weak: true},
	MODP1536: {slug: "modp1536", arith: newMODP(1536, 256, prime1536)},
	MODP2048: {slug: "modp2048", arith: newMODP(2048, 256, prime2048)},
	MODP3072: {slug: "modp3072", arith: newMODP(3072, 320, prime3072)},
	MODP4096: {slug: "modp4096", arith: newMODP(4096, 320, prime4096)},
	MODP6144: {slug: "modp6144", arith: newMODP(6144, 384, prime6144)},
	MODP8192: {slug: "modp8192", arith: newMODP(8192, 448, prime8192)},
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

// Size returns the octets of a public value and of g^xy, 0 when the group is unknown.
func (g Group) Size() int {
	if spec, ok := groups[g]; ok {
		return spec.arith.size()
	}
	return 0
}

// Weak reports whether the group's discrete logarithm is within reach: MODP768 and MODP1024 (RFC 8247 section 2.4).
func (g Group) Weak() bool { return groups[g].weak }

// PrivateKey is one end's half of a Diffie-Hellman exchange. It may be used by several goroutines at once. Printing it with
// package fmt does not show the exponent.
type PrivateKey struct {
	group  Group
	arith  arithmetic
	x      []byte
	public []byte
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
	x := make([]byte, spec.arith.secretSize())
	if _, err := io.ReadFull(random, x); err != nil {
		return nil, fmt.Errorf("ikev1/keymat: private exponent for %v: %w", g, err)
	}
	x[0] |= 0x80 // never zero, and always of the length the group asks for
	return newPrivateKey(g, spec.arith, x), nil
}

// PrivateKeyFromBytes makes a key of a known exponent, for deterministic runs and test vectors. x is of any length; leading
// zeros do not matter. The error wraps ErrUnknown or ErrInvalidPrivate.
func PrivateKeyFromBytes(g Group, x []byte) (*PrivateKey, error) {
	spec, ok := groups[g]
	if !ok {
		return nil, fmt.Errorf("ikev1/keymat: group %v: %w", g, ErrUnknown)
	}
	if err := spec.arith.checkSecret(x); err != nil {
		return nil, fmt.Errorf("ikev1/keymat: private exponent for %v: %w", g, err)
	}
	return newPrivateKey(g, spec.arith, append([]byte(nil), x...)), nil
}

func newPrivateKey(g Group, a arithmetic, x []byte) *PrivateKey {
	return &PrivateKey{group: g, arith: a, x: x, public: a.public(x)}
}

// Group returns the group the key belongs to.
func (k *PrivateKey) Group() Group { return k.group }

// Public returns g^x as the body of the KE payload: Group.Size octets, leading zeros kept (RFC 2409 section 5).
func (k *PrivateKey) Public() []byte { return append([]byte(nil), k.public...) }

// Shared returns g^xy for the body of the peer's KE payload: Group.Size octets, leading zeros kept. A value of another size,
// or outside 2..p-2 (0, 1 and p-1 leave no secret), is refused with an error that wraps ErrInvalidKE.
func (k *PrivateKey) Shared(peer []byte) ([]byte, error) {
	z, err := k.arith.shared(k.x, peer)
	if err != nil {
		return nil, fmt.Errorf("ikev1/keymat: %v: %w", k.group, err)
	}
	return z, nil
}

// String tells the group and nothing of the exponent.
func (k *PrivateKey) String() string { return fmt.Sprintf("private key of %v", k.group) }

// GoString is String, so that %#v shows no secret either.
func (k *PrivateKey) GoString() string { return k.String() }
