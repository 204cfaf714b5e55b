package keymat_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

func privateKey(t testing.TB, g keymat.Group, x []byte) *keymat.PrivateKey {
	t.Helper()
	k, err := keymat.PrivateKeyFromBytes(g, x)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func shared(t testing.TB, k *keymat.PrivateKey, peer []byte) []byte {
	t.Helper()
	z, err := k.Shared(peer)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestDHKnownAnswers(t *testing.T) {
	digest := func(b []byte) string {
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:])
	}
	for _, v := range slices.Concat(dhVectors, groupVectors) {
		t.Run(v.group.String()+"/"+v.name, func(t *testing.T) {
			i, r := privateKey(t, v.group, unhex(t, v.privI)), privateKey(t, v.group, unhex(t, v.privR))
			for _, c := range []struct {
				what string
				got  []byte
				size int
				want string
			}{
				{"g^xi", i.Public(), v.group.Size(), v.pubI},
				{"g^xr", r.Public(), v.group.Size(), v.pubR},
				{"g^xy of the initiator", shared(t, i, r.Public()), v.group.SharedSize(), v.shared},
				{"g^xy of the responder", shared(t, r, i.Public()), v.group.SharedSize(), v.shared},
			} {
				if len(c.got) != c.size || digest(c.got) != c.want {
					t.Errorf("%s: %d octets with digest %s, want %s", c.what, len(c.got), digest(c.got), c.want)
				}
			}
		})
	}
}

func TestGenerateAgrees(t *testing.T) {
	for _, g := range everyGroup {
		t.Run(g.String(), func(t *testing.T) {
			var keys [2]*keymat.PrivateKey
			for i := range keys {
				k, err := g.Generate(nil)
				if err != nil {
					t.Fatal(err)
				}
				if k.Group() != g || len(k.Public()) != g.Size() {
					t.Errorf("group %v, public value of %d octets", k.Group(), len(k.Public()))
				}
				keys[i] = k
			}
			if bytes.Equal(keys[0].Public(), keys[1].Public()) {
				t.Error("two keys are the same")
			}
			a, b := shared(t, keys[0], keys[1].Public()), shared(t, keys[1], keys[0].Public())
			if !bytes.Equal(a, b) || len(a) != g.SharedSize() {
				t.Errorf("the ends disagree:\n%x\n%x", a, b)
			}
		})
	}
}

// The same source gives the same key, having lost the same octets, and its errors come through.
func TestGenerateFromReader(t *testing.T) {
	seed := [32]byte{1}
	for _, g := range slices.Concat(safePrimeGroups[:3], subgroups, curves) {
		first, second := rand.NewChaCha8(seed), rand.NewChaCha8(seed)
		a, errA := g.Generate(first)
		b, errB := g.Generate(iotest.OneByteReader(second))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if !bytes.Equal(a.Public(), b.Public()) {
			t.Errorf("%v: the same octets give different keys", g)
		}
		if first.Uint64() != second.Uint64() {
			t.Errorf("%v: the sources were read differently far", g)
		}
	}
	if _, err := keymat.MODP768.Generate(strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

// A source of nothing but zeros, or ones, must still end, and give a key that counts as one.
func TestGenerateFromStuckReader(t *testing.T) {
	for _, g := range slices.Concat(safePrimeGroups[:3], subgroups, curves) {
		for _, octet := range []byte{0x00, 0xff} {
			k, err := g.Generate(bytes.NewReader(bytes.Repeat([]byte{octet}, 128)))
			if err != nil {
				t.Fatalf("%v: %v", g, err)
			}
			// 1 + 0 in a subgroup is the generator itself: no secret, but a public value.
			if _, err := privateKey(t, g, []byte{3}).Shared(k.Public()); err != nil {
				t.Errorf("%v: a source of %#x gives a bad key: %v", g, octet, err)
			}
		}
	}
}

// 2^x of a small x has nearly only zero octets, and so has a product of such: all are kept.
func TestLeadingZerosKept(t *testing.T) {
	for _, g := range safePrimeGroups {
		size := g.Size()
		three, five := privateKey(t, g, []byte{3}), privateKey(t, g, []byte{0, 0, 5})
		if want := append(make([]byte, size-1), 1<<3); !bytes.Equal(three.Public(), want) {
			t.Errorf("%v: 2^3 = %x", g, three.Public())
		}
		want := append(make([]byte, size-2), 1<<7, 0)
		if got := shared(t, three, five.Public()); !bytes.Equal(got, want) {
			t.Errorf("%v: 2^15 = %x", g, got)
		}
		if got := shared(t, five, three.Public()); !bytes.Equal(got, want) {
			t.Errorf("%v: 2^15 = %x", g, got)
		}
	}
}

// The same with values of full strength: one in 256 begins with a zero octet.
func TestLeadingZerosOfRealKeys(t *testing.T) {
	const g = keymat.MODP768
	random := rand.NewChaCha8([32]byte{2})
	var ke, secret bool
	for tries := 0; !ke || !secret; tries++ {
		if tries == 10000 {
			t.Fatal("no leading zero in 10000 exchanges")
		}
		a, errA := g.Generate(random)
		b, errB := g.Generate(random)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		z := shared(t, a, b.Public())
		if a.Public()[0] != 0 && z[0] != 0 {
			continue
		}
		ke, secret = ke || a.Public()[0] == 0, secret || z[0] == 0
		if len(a.Public()) != g.Size() || len(z) != g.Size() {
			t.Fatalf("KE of %d and secret of %d octets", len(a.Public()), len(z))
		}
		if !bytes.Equal(z, shared(t, b, a.Public())) {
			t.Fatal("the ends disagree")
		}
	}
}

func TestSharedRefusesBadKE(t *testing.T) {
	for _, g := range []keymat.Group{keymat.MODP768, keymat.MODP2048} {
		mine, err := g.Generate(nil)
		if err != nil {
			t.Fatal(err)
		}
		p := prime(t, g)
		value := func(add int64) []byte {
			n := new(big.Int).Add(p, big.NewInt(add))
			return n.FillBytes(make([]byte, g.Size()))
		}
		small := func(n byte) []byte { return append(make([]byte, g.Size()-1), n) }
		good := small(4)
		for _, tt := range []struct {
			name string
			ke   []byte
			ok   bool
		}{
			{"nothing", nil, false},
			{"one octet", []byte{4}, false},
			{"one octet short", good[1:], false},
			{"one zero octet too many", append([]byte{0}, good...), false},
			{"one octet too many", append(bytes.Clone(good), 4), false},
			{"0", small(0), false},
			{"1", small(1), false},
			{"2", small(2), true},
			{"p-2", value(-2), true},
			{"p-1", value(-1), false},
			{"p", value(0), false},
			{"p+1", value(1), false},
			{"p+2", value(2), false},
			{"all ones", bytes.Repeat([]byte{0xff}, g.Size()), false},
		} {
			z, err := mine.Shared(tt.ke)
			switch {
			case tt.ok && (err != nil || len(z) != g.Size()):
				t.Errorf("%v: %s: %v", g, tt.name, err)
			case !tt.ok && (!errors.Is(err, keymat.ErrInvalidKE) || z != nil):
				t.Errorf("%v: %s: error %v, want %v", g, tt.name, err, keymat.ErrInvalidKE)
			}
		}
	}
}

// prime finds a group's prime from outside: p = 2^n - (2^n mod p), because 2^n lies between p and 2p.
func prime(t testing.TB, g keymat.Group) *big.Int {
	t.Helper()
	n := 8 * g.Size()
	rest := privateKey(t, g, big.NewInt(int64(n)).Bytes()).Public()
	p := new(big.Int).Lsh(big.NewInt(1), uint(n))
	return p.Sub(p, new(big.Int).SetBytes(rest))
}

func TestPrivateKeyFromBytesRange(t *testing.T) {
	const g = keymat.MODP768
	p := prime(t, g)
	minus := func(n int64) []byte { return new(big.Int).Sub(p, big.NewInt(n)).Bytes() }
	for _, tt := range []struct {
		name string
		x    []byte
		ok   bool
	}{
		{"nothing", nil, false},
		{"zeros", make([]byte, 200), false},
		{"one", []byte{1}, true},
		{"one after many zeros", append(make([]byte, 200), 1), true},
		{"p-2", minus(2), true},
		{"p-1", minus(1), false},
		{"p", minus(0), false},
		{"too long", bytes.Repeat([]byte{1}, 97), false},
	} {
		_, err := keymat.PrivateKeyFromBytes(g, tt.x)
		if tt.ok && err != nil || !tt.ok && !errors.Is(err, keymat.ErrInvalidPrivate) {
			t.Errorf("%s: error %v", tt.name, err)
		}
	}
}

func TestPrivateKeyDoesNotAlias(t *testing.T) {
	x := []byte{3}
	k := privateKey(t, keymat.MODP768, x)
	x[0] = 5
	clear(k.Public())
	if want := append(make([]byte, 95), 8); !bytes.Equal(k.Public(), want) {
		t.Errorf("public value changed to %x", k.Public())
	}
	if z := shared(t, k, k.Public()); z[94] != 2 { // 2^9
		t.Errorf("exponent changed: %x", z)
	}
}

// One key, and one group's table, may serve many sessions at once.
func TestConcurrentUse(t *testing.T) {
	const g = keymat.MODP1536
	mine := generate(t, g)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			theirs, err := g.Generate(nil)
			if err != nil {
				t.Error(err)
				return
			}
			a, errA := mine.Shared(theirs.Public())
			b, errB := theirs.Shared(mine.Public())
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Errorf("the ends disagree: %v, %v", errA, errB)
			}
		})
	}
	wg.Wait()
}

func TestUnknownGroup(t *testing.T) {
	const none = keymat.Group(99)
	if _, err := none.Generate(nil); !errors.Is(err, keymat.ErrUnknown) {
		t.Errorf("Generate: error %v", err)
	}
	if _, err := keymat.PrivateKeyFromBytes(none, []byte{1}); !errors.Is(err, keymat.ErrUnknown) {
		t.Errorf("PrivateKeyFromBytes: error %v", err)
	}
	if none.Size() != 0 || none.SharedSize() != 0 || none.Weak() {
		t.Errorf("size %d and %d, weak %v", none.Size(), none.SharedSize(), none.Weak())
	}
}

// FuzzShared: whatever a peer sends as KE is refused as invalid, or gives a secret of the group's size.
func FuzzShared(f *testing.F) {
	fuzzShared(f, keymat.MODP768)
}

// FuzzSharedSubgroup and FuzzSharedCurve: the same where most values of the right size are refused.
func FuzzSharedSubgroup(f *testing.F) {
	fuzzShared(f, keymat.MODP1024S160)
}

func FuzzSharedCurve(f *testing.F) {
	fuzzShared(f, keymat.ECP521)
}

func fuzzShared(f *testing.F, g keymat.Group) {
	mine := privateKey(f, g, []byte{3})
	f.Add(mine.Public())
	f.Fuzz(func(t *testing.T, ke []byte) {
		before := bytes.Clone(ke)
		z, err := mine.Shared(ke)
		if err != nil && !errors.Is(err, keymat.ErrInvalidKE) || err == nil && len(z) != g.SharedSize() {
			t.Errorf("%d octets, %v", len(z), err)
		}
		if !bytes.Equal(ke, before) {
			t.Error("the argument was changed")
		}
	})
}
