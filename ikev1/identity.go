package ikev1

import (
	"bytes"
	"fmt"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// identity is this end's identity payload; side is 0 for the initiator, 1 for the responder.
func (s *Session) identity(side int) (wire.Payload, error) {
	id := s.cfg.LocalID
	if p := s.cfg.Deviations.IDPort; p != 0 {
		id.Protocol, id.Port = 17, p
	}
	if s.cfg.Deviations.WrongID && len(id.Data) > 0 {
		id.Data = bytes.Clone(id.Data)
		id.Data[len(id.Data)-1] ^= 0x40
	}
	b, err := body(&id)
	if err != nil {
		return nil, fmt.Errorf("ikev1: identity: %w", err)
	}
	s.idBody[side] = b
	return &id, nil
}

// proof is this end's identity and hash.
func (s *Session) proof(side int) (wire.Payload, wire.Payload, error) {
	id, err := s.identity(side)
	if err != nil {
		return nil, nil, err
	}
	return id, s.hashPayload(side), nil
}

// hashPayload is HASH_I or HASH_R over the identity sent before.
func (s *Session) hashPayload(side int) wire.Payload {
	return &wire.Hash{Data: flip(s.phase1Hash(side, s.idBody[side]), s.cfg.Deviations.WrongPhase1Hash)}
}

// phase1Hash is HASH_I (side 0) or HASH_R (side 1), RFC 2409 5.
func (s *Session) phase1Hash(side int, id []byte) []byte {
	if side == 0 {
		return keymat.HashI(s.suite, s.keys.SKEYID, s.exchange(), s.saBody, id)
	}
	return keymat.HashR(s.suite, s.keys.SKEYID, s.exchange(), s.saBody, id)
}

// verify checks the identity and the hash of the end named by side.
func (s *Session) verify(side int, o *opened) error {
	if err := s.noteIdentity(side, o.payloads, o.bodies); err != nil {
		return err
	}
	hash, raw := get[*wire.Hash](o.payloads, o.bodies)
	if raw == nil {
		return refuse(wire.NotifyPayloadMalformed, "HASH_%c is missing", "IR"[side])
	}
	if !bytes.Equal(hash.Data, s.phase1Hash(side, s.idBody[side])) {
		return s.tolerate(refuse(wire.NotifyInvalidHashInformation, "HASH_%c is wrong", "IR"[side]))
	}
	return nil
}

// noteIdentity takes the identity of the end named by side, if it may have it. It is proved only by the hash.
func (s *Session) noteIdentity(side int, ps []wire.Payload, bodies [][]byte) error {
	id, raw := get[*wire.ID](ps, bodies)
	if raw == nil {
		return refuse(wire.NotifyPayloadMalformed, "the identity is missing")
	}
	if want := s.cfg.RemoteID; want != nil && (want.IDType != id.IDType || !bytes.Equal(want.Data, id.Data)) {
		if err := s.tolerate(refuse(wire.NotifyInvalidIDInformation, "the peer asserts another identity than configured")); err != nil {
			return err
		}
	}
	if id.Port != 0 && (id.Protocol != 17 || id.Port != Port) {
		if err := s.tolerate(refuse(wire.NotifyInvalidIDInformation, "identity with protocol %d port %d (RFC 2407 4.6.2)", id.Protocol, id.Port)); err != nil {
			return err
		}
	}
	s.idBody[side], s.peerID = bytes.Clone(raw), *id
	s.peerID.Data = bytes.Clone(id.Data)
	return nil
}
