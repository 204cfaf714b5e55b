package keymat_test

import (
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

var everyGroup = []keymat.Group{
	keymat.MODP768, keymat.MODP1024, keymat.MODP1536, keymat.MODP2048,
	keymat.MODP3072, keymat.MODP4096, keymat.MODP6144, keymat.MODP8192,
}

func BenchmarkGenerate(b *testing.B) {
	for _, g := range everyGroup {
		b.Run(g.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Generate(nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkShared(b *testing.B) {
	for _, g := range everyGroup {
		b.Run(g.String(), func(b *testing.B) {
			mine, err := g.Generate(nil)
			if err != nil {
				b.Fatal(err)
			}
			theirs, err := g.Generate(nil)
			if err != nil {
				b.Fatal(err)
			}
			peer := theirs.Public()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := mine.Shared(peer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
