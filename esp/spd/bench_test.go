package spd

import "testing"

// BenchmarkEndpoint is one packet from own host to own host, through both ends.
func BenchmarkEndpoint(b *testing.B) {
	for name, s := range map[string]setup{"transport": bgp(), "tunnel": gateways()} {
		b.Run(name, func(b *testing.B) {
			from, to := s.connected(b)
			pkt := tcp(alice, bob, 40000, 179, string(make([]byte, 1000)))
			if name == "tunnel" {
				pkt = tcp(aliceInner, bobInner, 40000, 179, string(make([]byte, 1000)))
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(pkt)))
			for b.Loop() {
				_, out := from.Outbound(now, pkt)
				if v, in := to.Inbound(now, out[0]); len(in) != 1 {
					b.Fatal(v)
				}
			}
		})
	}
}
