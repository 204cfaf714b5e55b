package check

import (
	"testing"

	"github.com/useipsec/useipsec/captures"
)

// BenchmarkJudge feeds all rules with the packets of a conversation that goes
// on and on.
func BenchmarkJudge(b *testing.B) {
	s := play(&testing.T{}, full(bgpSpec()), initiator).marker().negotiate()
	head := s.packets
	s.packets = nil
	s.talk(179, true)
	tail := s.packets
	packets := append([]captures.Packet{}, head...)
	for range 100 {
		packets = append(packets, tail...)
	}
	for i := range packets {
		packets[i].Number = i + 1
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Capture("x", each(packets), &s.log, nil, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(packets))/b.Elapsed().Seconds(), "packets/s")
}
