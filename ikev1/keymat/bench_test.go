package keymat_test

import (
	"slices"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

var (
	safePrimeGroups = []keymat.Group{
		keymat.MODP768, keymat.MODP1024, keymat.MODP1536, keymat.MODP2048,
		keymat.MODP3072, keymat.MODP4096, keymat.MODP6144, keymat.MODP8192,
	}
	subgroups  = []keymat.Group{keymat.MODP1024S160, keymat.MODP2048S224, keymat.MODP2048S256}
	curves     = []keymat.Group{keymat.ECP256, keymat.ECP384, keymat.ECP521}
	everyGroup = slices.Concat(safePrimeGroups, subgroups, curves)
)

func generate(tb testing.TB, g keymat.Group) *keymat.PrivateKey {
	tb.Helper()
	k, err := g.Generate(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func BenchmarkGenerate(b *testing.B) {
	for _, g := range everyGroup {
		b.Run(g.String(), func(b *testing.B) {
			generate(b, g) // makes the group's table
			b.ReportAllocs()
			for b.Loop() {
				generate(b, g)
			}
		})
	}
}

func BenchmarkShared(b *testing.B) {
	for _, g := range everyGroup {
		b.Run(g.String(), func(b *testing.B) {
			mine, peer := generate(b, g), generate(b, g).Public()
			b.ReportAllocs()
			for b.Loop() {
				shared(b, mine, peer)
			}
		})
	}
}

func BenchmarkDerivePSK(b *testing.B) {
	for _, s := range []keymat.Suite{
		suite(b, "3des-cbc", "md5", "modp1024"),
		suite(b, "aes128-cbc", "sha1", "modp1024"),
		suite(b, "aes256-cbc", "sha256", "modp2048"),
	} {
		b.Run(s.String(), func(b *testing.B) {
			in := madeUp()
			in.GXi, in.GXr, in.GXY = make([]byte, s.Group.Size()), make([]byte, s.Group.Size()), make([]byte, s.Group.Size())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := keymat.DerivePSK(s, madeUpPSK, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkKEYMAT(b *testing.B) {
	in, skeyidD := madeUp(), octets(0, 20)
	b.ReportAllocs()
	for b.Loop() {
		keymat.KEYMAT(keymat.SHA1, skeyidD, nil, 3, madeUpSPI, in.Ni, in.Nr, 36)
	}
}

// BenchmarkCBC handles one message of the size of a quick mode's first, in place.
func BenchmarkCBC(b *testing.B) {
	for _, slug := range []string{"des-cbc", "3des-cbc", "blowfish128-cbc", "cast128-cbc", "aes128-cbc", "aes256-cbc"} {
		cipher, bits, err := keymat.ParseCipher(slug)
		if err != nil {
			b.Fatal(err)
		}
		size, err := cipher.KeySize(bits)
		if err != nil {
			b.Fatal(err)
		}
		c := newCBC(b, slug, octets(1, size), make([]byte, keymat.BlockSize(cipher)))
		buf := make([]byte, 176)
		for _, way := range []struct {
			name string
			do   func(dst, src []byte) ([]byte, error)
		}{{"encrypt", c.Encrypt}, {"decrypt", c.Decrypt}} {
			b.Run(slug+"/"+way.name, func(b *testing.B) {
				b.SetBytes(int64(len(buf)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := way.do(buf[:0], buf); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// handshake does the cryptography of a main and a quick mode, both ends.
func handshake(tb testing.TB, s keymat.Suite, pfs bool) {
	exchange := func() (i, r *keymat.PrivateKey, zi, zr []byte) {
		i, r = generate(tb, s.Group), generate(tb, s.Group)
		return i, r, shared(tb, i, r.Public()), shared(tb, r, i.Public())
	}
	const msgID = 1
	i, r, zi, zr := exchange()
	var qi, qr []byte
	if pfs {
		_, _, qi, qr = exchange()
	}
	in := madeUp()
	in.GXi, in.GXr = i.Public(), r.Public()
	for _, end := range []struct{ z, q []byte }{{zi, qi}, {zr, qr}} {
		in.GXY = end.z
		p, err := keymat.DerivePSK(s, madeUpPSK, in)
		if err != nil {
			tb.Fatal(err)
		}
		sa, id, message := in.Ni, in.Nr, make([]byte, 176)
		keymat.HashI(s, p.SKEYID, in, sa, id)
		keymat.HashR(s, p.SKEYID, in, sa, id)
		keymat.Hash1(s.Hash, p.A, msgID, message)
		keymat.Hash2(s.Hash, p.A, msgID, in.Ni, message)
		keymat.Hash3(s.Hash, p.A, msgID, in.Ni, in.Nr)
		c, err := keymat.NewCBC(s, p.Key, p.IV)
		if err != nil {
			tb.Fatal(err)
		}
		for range 5 { // two messages of main mode are encrypted, three of quick mode
			if _, err := c.Encrypt(message[:0], message); err != nil {
				tb.Fatal(err)
			}
		}
		for range 2 { // one for each direction
			keymat.KEYMAT(s.Hash, p.D, end.q, 3, madeUpSPI, in.Ni, in.Nr, 36)
		}
	}
}

func BenchmarkHandshake(b *testing.B) {
	for _, group := range []string{"modp1024", "modp2048", "modp2048s256", "ecp256"} {
		s := suite(b, "aes128-cbc", "sha1", group)
		for _, pfs := range []bool{false, true} {
			name := group
			if pfs {
				name += "-pfs"
			}
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					handshake(b, s, pfs)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "handshakes/s")
			})
			b.Run(name+"-parallel", func(b *testing.B) {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						handshake(b, s, pfs)
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "handshakes/s")
			})
		}
	}
}
