package scenarios_test

import (
	"testing"

	"github.com/useipsec/useipsec/scenarios"
)

func TestFault(t *testing.T) {
	for _, tt := range []struct {
		fault       scenarios.Fault
		want        string
		first, last int
	}{
		{scenarios.Fault{Fault: scenarios.Drop}, "drop packet", 1, 1},
		{scenarios.Fault{Fault: scenarios.Drop, Exchange: "quick", Message: 3, From: scenarios.FromInitiator}, "drop quick message 3 from the initiator", 1, 1},
		{scenarios.Fault{Fault: scenarios.Reorder, Packet: scenarios.PacketESP, Nth: 4}, "reorder esp packet (the 4.)", 4, 4},
		{scenarios.Fault{Fault: scenarios.Duplicate, Exchange: "main", Nth: 2, Count: 3, From: scenarios.FromPeer}, "duplicate main message from the peer (2 to 4)", 2, 4},
	} {
		if got := tt.fault.String(); got != tt.want || tt.fault.First() != tt.first || tt.fault.Last() != tt.last {
			t.Errorf("got %q, %d to %d; want %q", got, tt.fault.First(), tt.fault.Last(), tt.want)
		}
	}
}

// TestSender: the harness is the initiator where the peer responds.
func TestSender(t *testing.T) {
	const harness, peer = scenarios.PartyHarness, scenarios.PartyPeer
	for _, tt := range []struct {
		from                   scenarios.Sender
		responding, initiating scenarios.Party
	}{
		{scenarios.FromAny, 0, 0},
		{scenarios.FromInitiator, harness, peer},
		{scenarios.FromResponder, peer, harness},
		{scenarios.FromHarness, harness, harness},
		{scenarios.FromPeer, peer, peer},
	} {
		if r, i := tt.from.Party(scenarios.Responder), tt.from.Party(scenarios.Initiator); r != tt.responding || i != tt.initiating {
			t.Errorf("from the %v: %v where the peer responds, %v where it initiates", tt.from, r, i)
		}
	}
}
