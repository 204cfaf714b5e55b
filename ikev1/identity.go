package ikev1

import (
	"bytes"
	"fmt"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// identity is this end's identity payload; side is 0 for the initiator, 1 for the responder.
func (s *Session) identity(side int) (wire.Payload, error) {
	id := s.cfg.LocalID
	s.deviateID(&id)
	b, err := body(&id)
	if err != nil {
		return nil, fmt.Errorf("ikev1: identity: %w", err)
	}
	s.idBody[side] = b
	return &id, nil
}

// proof is this end's identity and what proves it: a hash, or certificates and a signature.
func (s *Session) proof(side int) ([]wire.Payload, error) {
	if s.cfg.Auth.Method.Encrypts() {
		return s.prove(side) // the identity went with the nonce
	}
	id, err := s.identity(side)
	if err != nil {
		return nil, err
	}
	ps, err := s.prove(side)
	return append([]wire.Payload{id}, ps...), err
}

// prove is HASH_I or HASH_R over the identity sent before, or certificates and a signature of it.
func (s *Session) prove(side int) ([]wire.Payload, error) {
	if s.cfg.Auth.Method.Signs(side == 0) {
		return s.signature(side)
	}
	return []wire.Payload{&wire.Hash{Data: flip(s.phase1Hash(side, s.idBody[side]), s.cfg.Deviations.WrongPhase1Hash)}}, nil
}

// phase1Hash is HASH_I (side 0) or HASH_R (side 1), RFC 2409 5. Some methods sign another hash than the negotiated one.
func (s *Session) phase1Hash(side int, id []byte) []byte {
	suite := s.suite
	if h, fixed := pki.AuthHash(s.cfg.Auth.Method); fixed && s.cfg.Auth.Method.Signs(side == 0) {
		suite.Hash = h
	}
	if side == 0 {
		return keymat.HashI(suite, s.keys.SKEYID, s.exchange(), s.hashedSA(), id)
	}
	return keymat.HashR(suite, s.keys.SKEYID, s.exchange(), s.hashedSA(), id)
}

// verify checks the identity and the proof of the end named by side.
func (s *Session) verify(side int, o *opened) error {
	if !s.cfg.Auth.Method.Encrypts() {
		if err := s.noteIdentity(side, o.payloads, o.bodies); err != nil {
			return err
		}
	}
	return s.verifyProof(side, o)
}

// verifyProof checks what proves the identity that is known already.
func (s *Session) verifyProof(side int, o *opened) error {
	if s.cfg.Auth.Method.Signs(side == 0) {
		return s.verifySignature(side, o)
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

// addressOctets are the lengths of identities made of addresses (RFC 2407 4.6.2).
var addressOctets = map[wire.IDType]int{
	wire.IDIPv4Addr: 4, wire.IDIPv4Subnet: 8, wire.IDIPv4Range: 8, wire.IDIPv6Addr: 16, wire.IDIPv6Subnet: 32, wire.IDIPv6Range: 32,
}

// noteIdentity takes the identity of the end named by side, if it may have it. It is proved only by the hash.
func (s *Session) noteIdentity(side int, ps []wire.Payload, bodies [][]byte) error {
	id, raw := get[*wire.ID](ps, bodies)
	if raw == nil {
		return refuse(wire.NotifyPayloadMalformed, "the identity is missing")
	}
	if want := s.cfg.RemoteID; want != nil && (!sameName(want, id)) {
		if err := s.tolerate(refuse(wire.NotifyInvalidIDInformation, "the peer asserts another identity than configured")); err != nil {
			return err
		}
	}
	if n, fixed := addressOctets[id.IDType]; fixed && len(id.Data) != n {
		return refuse(wire.NotifyInvalidIDInformation, "identity of type %v with %d octets, want %d (RFC 2407 4.6.2)", id.IDType, len(id.Data), n)
	}
	if zero := id.Protocol == 0 && id.Port == 0; !zero && (id.Protocol != 17 || id.Port != Port) {
		if err := s.tolerate(refuse(wire.NotifyInvalidIDInformation, "identity with protocol %d port %d (RFC 2407 4.6.2)", id.Protocol, id.Port)); err != nil {
			return err
		}
	}
	s.idBody[side], s.peerID = bytes.Clone(raw), *id
	s.peerID.Data = bytes.Clone(id.Data)
	return nil
}
