package ikev1

import (
	"bytes"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// New group mode (RFC 2409 5.6):
//
//	Initiator                        Responder
//	-----------                      -----------
//	HDR*, HASH(1), SA         -->
//	                          <--    HDR*, HASH(2), SA
//
// It is read and refused: the groups of RFC 3526 and RFC 5903 have made it unnecessary, and private groups are a way to
// offer weak ones.

// handleNewGroup refuses a private group under protection.
func (s *Session) handleNewGroup(m *wire.Message) ([]Datagram, error) {
	if !s.authenticated() || m.Flags&wire.FlagEncryption == 0 {
		return s.drop("new group mode message in state %v, or without encryption", s.state)
	}
	o, err := s.open(m, s.quickIV(m.MessageID))
	if err != nil {
		return s.drop("%v", err)
	}
	hash, raw := get[*wire.Hash](o.payloads, o.bodies)
	if raw == nil || len(o.plain) < 4+len(raw) ||
		!bytes.Equal(hash.Data, keymat.Hash1(s.suite.Hash, s.keys.A, m.MessageID, o.plain[4+len(raw):])) {
		return s.drop("the hash of a new group mode message is wrong or missing")
	}
	if s.replayed(hash.Data) {
		return s.drop("new group mode message %#08x was handled before", m.MessageID)
	}
	s.heard()
	notify := wire.NotifyAttributesNotSupported
	if _, raw := get[*wire.SA](o.payloads, o.bodies); raw == nil {
		notify = wire.NotifyPayloadMalformed
	}
	s.record(Event{Kind: EventNotifySent, Notify: notify, Protected: true, MessageID: m.MessageID})
	return s.sendInfo(&wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, SPI: s.cookiePair(), MsgType: notify})
}
