package ikev1

import (
	"bytes"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// The commit bit (RFC 2408 3.1): a responder that sets it in quick mode message 2 says CONNECTED when its end is ready,
// and the initiator waits for that before it uses the SAs.
//
//	Initiator                                    Responder
//	HDR*, HASH(1), SA, Ni, …             -->
//	                                     <--     HDR* (commit), HASH(2), SA, Nr, …
//	HDR*, HASH(3)                        -->
//	                                     <--     HDR*, HASH(1), N(CONNECTED)

// connected is the responder's notify once the child is usable.
func (s *Session) connected(q *quick) ([]Datagram, error) {
	if !s.cfg.Commit {
		return nil, nil
	}
	return s.sendInfo(&wire.Notify{DOI: 1, Protocol: protocolID(q.policy.Proto), SPI: spiBytes(q.spiIn), MsgType: wire.NotifyConnected})
}

// peerConnected makes the child usable that waited for the responder. The notify names it by either SPI, or not at all.
func (s *Session) peerConnected(n *wire.Notify) {
	for _, id := range s.order {
		q := s.quicks[id]
		if q.state != quick3Sent {
			continue
		}
		if len(n.SPI) != 4 || bytes.Equal(n.SPI, spiBytes(q.spiIn)) || bytes.Equal(n.SPI, spiBytes(q.spiOut)) {
			q.flight.waiting = false
			s.install(q)
			return
		}
	}
}
