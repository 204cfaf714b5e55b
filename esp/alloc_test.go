package esp

import (
	"fmt"
	"testing"
)

// TestNoAllocations holds the promise of Seal, Open and Inspect for every suite.
func TestNoAllocations(t *testing.T) {
	for _, s := range suites() {
		out, in := newSA(t, s), newSA(t, s)
		payload := make([]byte, 1400)
		pkt := make([]byte, 0, len(payload)+out.Overhead())
		dst := make([]byte, 0, cap(pkt))
		for name, f := range map[string]func() error{
			"Seal": func() error { _, err := out.Seal(pkt, payload, 6); return err },
			"Seal and Open": func() error {
				p, _ := out.Seal(pkt, payload, 6)
				_, _, err := in.Open(dst, p)
				return err
			},
			"Seal and Inspect": func() error {
				p, _ := out.Seal(pkt, payload, 6)
				_, err := in.Inspect(dst, p)
				return err
			},
		} {
			var err error
			if n := testing.AllocsPerRun(50, func() { err = f() }); n != 0 || err != nil {
				t.Errorf("%v: %s: %v allocations, %v", s, name, n, err)
			}
		}
	}
}

// benchmarked suites: each cipher with the HMAC it usually meets, each HMAC with AES.
var benchmarked = []Suite{
	{NULL, HMACSHA1x96},
	{DESCBC, HMACMD5x96},
	{TripleDESCBC, HMACSHA1x96},
	{AES128CBC, NoIntegrity},
	{AES128CBC, HMACMD5x96},
	{AES128CBC, HMACSHA1x96},
	{AES128CBC, HMACSHA256x128},
	{AES192CBC, HMACSHA1x96},
	{AES256CBC, HMACSHA256x128},
	{AES256CBC, HMACSHA384x192},
	{AES256CBC, HMACSHA512x256},
	{AES128CTR, HMACSHA1x96},
	{AES128GCM16, NoIntegrity},
	{AES128CBC, AESXCBC96},
}

func perSize(b *testing.B, f func(*testing.B, Suite, []byte)) {
	for _, s := range benchmarked {
		for _, n := range []int{64, 256, 1400} {
			b.Run(fmt.Sprintf("%v/%d", s, n), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(n))
				f(b, s, make([]byte, n))
			})
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	perSize(b, func(b *testing.B, s Suite, payload []byte) {
		sa := newSA(b, s)
		dst := make([]byte, 0, len(payload)+sa.Overhead())
		for b.Loop() {
			if _, err := sa.Seal(dst, payload, 6); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	perSize(b, func(b *testing.B, s Suite, payload []byte) {
		// The window is off, so that one packet can be opened again and again.
		in := newSA(b, s, func(p *Params) { p.Window = -1 })
		pkt := seal(b, newSA(b, s), payload, 6)
		dst := make([]byte, 0, len(pkt))
		for b.Loop() {
			if _, _, err := in.Open(dst, pkt); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkInspect(b *testing.B) {
	perSize(b, func(b *testing.B, s Suite, payload []byte) {
		sa := newSA(b, s)
		pkt := seal(b, newSA(b, s), payload, 6)
		dst := make([]byte, 0, len(pkt))
		for b.Loop() {
			if _, err := sa.Inspect(dst, pkt); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkWindow(b *testing.B) {
	w := NewWindow(DefaultWindow)
	b.ReportAllocs()
	for seq := uint32(1); b.Loop(); seq++ {
		w.Mark(seq)
	}
}
