package keymat

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"fmt"
	"math/big"
)

// ecp is a curve modulo a prime (RFC 5903). Its order is prime too, so every point but the one at infinity, which cannot be
// written down, generates the whole group.
type ecp struct {
	curve  ecdh.Curve
	order  *big.Int
	octets int // of a coordinate, and of the order
}

func newECP(curve ecdh.Curve, params *elliptic.CurveParams) *ecp {
	return &ecp{curve: curve, order: params.N, octets: (params.BitSize + 7) / 8}
}

// A public value is x | y, each with leading zeros; the secret is x alone. RFC 4753 had x | y for both, until its errata and
// RFC 5903 section 9 put that right.
func (e *ecp) size() int       { return 2 * e.octets }
func (e *ecp) sharedSize() int { return e.octets }

func (e *ecp) seedSize() int             { return seedSize(e.order) }
func (e *ecp) secret(seed []byte) []byte { return below(e.order, seed) }

func (e *ecp) private(x []byte) (private, error) {
	n := new(big.Int).SetBytes(x)
	if n.Sign() == 0 || n.Cmp(e.order) >= 0 {
		return nil, ErrInvalidPrivate
	}
	key, err := e.curve.NewPrivateKey(n.FillBytes(make([]byte, e.octets)))
	if err != nil {
		return nil, ErrInvalidPrivate // the library's words might show something of the number
	}
	return &ecpPrivate{group: e, key: key}, nil
}

type ecpPrivate struct {
	group *ecp
	key   *ecdh.PrivateKey
}

// uncompressed is the octet before x | y in the form of SEC 1 2.3.3, which the library reads and writes.
const uncompressed = 4

func (k *ecpPrivate) public() []byte { return k.key.PublicKey().Bytes()[1:] }

func (k *ecpPrivate) shared(peer []byte) ([]byte, error) {
	if len(peer) != k.group.size() {
		return nil, fmt.Errorf("%w: %d octets, want %d (RFC 5903 7)", ErrInvalidKE, len(peer), k.group.size())
	}
	point, err := k.group.curve.NewPublicKey(append([]byte{uncompressed}, peer...))
	if err != nil {
		return nil, fmt.Errorf("%w: not a point of the curve (RFC 6989 2.3)", ErrInvalidKE)
	}
	z, err := k.key.ECDH(point)
	if err != nil { // the point at infinity: not with a curve of prime order
		return nil, fmt.Errorf("%w: the secret is no point with coordinates", ErrInvalidKE)
	}
	return z, nil
}
