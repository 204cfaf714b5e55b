package wire_test

import (
	"testing"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// The benchmarks take main mode message 1: an SA with one transform and two vendor IDs, 128 octets.

func BenchmarkParse(b *testing.B) {
	in := mainMode1(b)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	in := mainMode1(b)
	m, err := wire.Parse(in)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 2*len(in))
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Append(buf); err != nil {
			b.Fatal(err)
		}
	}
}
