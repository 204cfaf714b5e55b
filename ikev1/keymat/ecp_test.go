package keymat_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

var curveParams = map[keymat.Group]*elliptic.CurveParams{
	keymat.ECP256: elliptic.P256().Params(), keymat.ECP384: elliptic.P384().Params(), keymat.ECP521: elliptic.P521().Params(),
}

// Exponent 1 gives the base point: x | y as in the standard, without the octet for the form, and a secret of x alone.
func TestCurveFormats(t *testing.T) {
	for _, g := range curves {
		c := curveParams[g]
		want := make([]byte, g.Size())
		c.Gx.FillBytes(want[:g.Size()/2])
		c.Gy.FillBytes(want[g.Size()/2:])
		one := privateKey(t, g, []byte{1})
		if !bytes.Equal(one.Public(), want) {
			t.Errorf("%v: public value %x, want %x", g, one.Public(), want)
		}
		if got := shared(t, one, one.Public()); !bytes.Equal(got, want[:g.SharedSize()]) {
			t.Errorf("%v: secret %x, want x", g, got)
		}
	}
}

// The vectors with zeros really have them where they say, so that TestDHKnownAnswers shows they are kept.
func TestLeadingZerosOfVectors(t *testing.T) {
	seen := 0
	for _, v := range groupVectors {
		if v.name != "leading zeros" {
			continue
		}
		seen++
		i, r := privateKey(t, v.group, unhex(t, v.privI)), privateKey(t, v.group, unhex(t, v.privR))
		z := shared(t, i, r.Public())
		// P-521 has seven zero bits in front anyway.
		zeros := make([]byte, 1)
		if v.group == keymat.ECP521 {
			zeros = make([]byte, 2)
		}
		parts := [][]byte{i.Public(), z}
		if slices.Contains(curves, v.group) {
			parts = append(parts, r.Public()[v.group.Size()/2:])
		}
		for _, part := range parts {
			if !bytes.HasPrefix(part, zeros) {
				t.Errorf("%v: %x does not begin with zeros", v.group, part)
			}
		}
		if sum := sha256.Sum256(z); hex.EncodeToString(sum[:]) != v.shared {
			t.Errorf("%v: secret %x", v.group, z)
		}
	}
	if seen != len(subgroups)+len(curves) {
		t.Errorf("%d groups have such a vector", seen)
	}
}

func TestSharedRefusesOffCurve(t *testing.T) {
	for _, g := range curves {
		half := g.Size() / 2
		mine := privateKey(t, g, []byte{3})
		good := privateKey(t, g, []byte{5}).Public()
		x, y := good[:half], good[half:]
		changed := bytes.Clone(good)
		changed[g.Size()-1] ^= 1
		p := curveParams[g].P.FillBytes(make([]byte, half))
		compressed := append([]byte{2 + y[half-1]&1}, x...)
		for _, tt := range []struct {
			name string
			ke   []byte
			ok   bool
		}{
			{"a point", good, true},
			{"one bit changed", changed, false},
			{"y before x", slices.Concat(y, x), false},
			{"the form before it", append([]byte{4}, good...), false},
			{"compressed", compressed, false},
			{"x alone", x, false},
			{"infinity", []byte{0}, false},
			{"zeros", make([]byte, g.Size()), false},
			{"coordinates of p", slices.Concat(p, p), false},
			{"ones", bytes.Repeat([]byte{0xff}, g.Size()), false},
			{"one octet short", good[1:], false},
			{"one zero octet too many", append([]byte{0}, good...), false},
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

func TestCurvePrivateKeyRange(t *testing.T) {
	for _, g := range curves {
		checkPrivateRange(t, g, curveParams[g].N)
	}
}

// The keys are those of the standard library, whose own way of drawing them does not listen to the source it is given.
func TestCurvesAgreeWithLibrary(t *testing.T) {
	for g, curve := range map[keymat.Group]ecdh.Curve{
		keymat.ECP256: ecdh.P256(), keymat.ECP384: ecdh.P384(), keymat.ECP521: ecdh.P521(),
	} {
		theirs, err := curve.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		mine := generate(t, g)
		point, err := curve.NewPublicKey(append([]byte{4}, mine.Public()...))
		if err != nil {
			t.Fatal(err)
		}
		want, err := theirs.ECDH(point)
		if err != nil {
			t.Fatal(err)
		}
		if got := shared(t, mine, theirs.PublicKey().Bytes()[1:]); !bytes.Equal(got, want) {
			t.Errorf("%v: the ends disagree:\n%x\n%x", g, got, want)
		}
	}
}
