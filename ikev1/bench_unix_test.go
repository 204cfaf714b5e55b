//go:build unix

package ikev1_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
)

// cpuTime is what this process has used of its processors, the garbage collector's part included.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkHandshake counts phase 1 with a quick mode without PFS in a second of one processor, both ends together, and the part of it
// that goes into modular exponentiation: two public values and two shared secrets. Exponents are fresh, 256 bits long for
// MODP groups up to 2048 bits.
func BenchmarkHandshake(b *testing.B) {
	for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
		for _, g := range []keymat.Group{keymat.MODP1024, keymat.MODP1536, keymat.MODP2048, keymat.MODP3072, keymat.ECP256} {
			b.Run(name+"/"+g.String(), func(b *testing.B) {
				exponentiate(b, g) // makes the group's table
				b.ReportAllocs()
				n, before := 0, cpuTime(b)
				for b.Loop() {
					p := newPair(b, both(mode, func(i, r *ikev1.Config) {
						i.Proposals = []keymat.Suite{{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA1, Group: g}}
						r.Proposals = i.Proposals
					})).start().quick()
					if len(p.r.Children()) != 1 {
						b.Fatal("no child")
					}
					n++
				}
				used := cpuTime(b) - before
				b.ReportMetric(float64(n)/used.Seconds(), "handshakes/cpu-s")
				before = cpuTime(b)
				for range n {
					exponentiate(b, g)
				}
				b.ReportMetric(100*float64(cpuTime(b)-before)/float64(used), "%modexp")
			})
		}
	}
}

func exponentiate(b *testing.B, g keymat.Group) {
	b.Helper()
	var k [2]*keymat.PrivateKey
	for i := range k {
		var err error
		if k[i], err = g.Generate(nil); err != nil {
			b.Fatal(err)
		}
	}
	for i := range k {
		if _, err := k[i].Shared(k[1-i].Public()); err != nil {
			b.Fatal(err)
		}
	}
}
