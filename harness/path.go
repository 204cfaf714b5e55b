package harness

import (
	"net/netip"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/scenarios"
)

// onWire are the addresses of both ends between a NAT and the other end: outside is what an initiator behind one is called.
func onWire(a lab.Addressing, t Trial) (harness, peer netip.Addr) {
	switch {
	case !t.Scenario.Translates():
	case t.PeerPlays == scenarios.Responder:
		return a.Outside, a.Peer
	default:
		return a.Harness, a.Outside
	}
	return a.Harness, a.Peer
}

// path is what the scenario has on the wire. The tap stands at the peer's end of it: only the peer is judged.
func (t *trial) path() lab.Path {
	p := lab.Path{Tapped: peerPort, Record: t.incident}
	w := t.Scenario.Wire
	if w == nil {
		return p
	}
	if w.NAT != nil {
		p.NAT = &lab.NAT{Translator: *w.NAT, Behind: harnessPort, Inside: t.meta.Inside, Outside: t.addr.Outside}
		if t.PeerPlays == scenarios.Initiator {
			p.NAT.Behind = peerPort
		}
	}
	for _, f := range w.Faults {
		fault := lab.Fault{Fault: f}
		switch f.From.Party(t.PeerPlays) {
		case scenarios.PartyHarness:
			fault.From = new(harnessPort)
		case scenarios.PartyPeer:
			fault.From = new(peerPort)
		}
		p.Faults = append(p.Faults, fault)
	}
	return p
}

// incident keeps what the wire did to a packet.
func (t *trial) incident(i evidence.Incident) { t.writer.Fault(i) }
