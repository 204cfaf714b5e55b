package ikev1

import (
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Aggressive mode (RFC 2409 5), here with a pre-shared key (5.4):
//
//	Initiator                        Responder
//	----------                       -----------
//	HDR, SA, KE, Ni, IDii     -->
//	                          <--    HDR, SA, KE, Nr, IDir, HASH_R
//	HDR*, HASH_I              -->
//
// The last message may be in the clear; it is sent encrypted and taken either way. With NAT
// traversal (RFC 3947) messages 1 and 2 carry its vendor ID, 2 and 3 NAT-D payloads, and 3
// travels on port 4500 when there is a NAT.

func (s *Session) aggressiveHeader() wire.Header {
	return s.header(wire.ExchangeAggressive, s.cfg.Deviations.Phase1MessageID, 0)
}

// sendAggressive1 offers transforms of one group only: the KE payload is in the same message (RFC 2409 5).
func (s *Session) sendAggressive1() ([]Datagram, error) {
	s.offer = s.phase1Offer()
	var err error
	if s.saBody, err = body(s.offer); err != nil {
		return nil, s.fail(err)
	}
	s.suite = s.cfg.Proposals[0] // its group is not negotiated; revised encryption has use for the rest
	if err := s.makeKE(&s.gxi, &s.ni); err != nil {
		return nil, s.fail(err)
	}
	ke, err := s.aggressiveKE(0, s.gxi, s.ni)
	if err != nil {
		return nil, s.fail(err)
	}
	ps := append([]wire.Payload{s.offer}, s.certHash()...)
	ps = append(append(ps, ke...), s.certRequests()...)
	ps = append(ps, s.vendorIDs()...)
	out, err := s.clear(Aggressive1, s.aggressiveHeader(), ps...)
	if err != nil {
		return nil, s.fail(err)
	}
	s.enter(StateAggressive1Sent)
	s.first = out
	return s.send(&s.flight, out, true), nil
}

// aggressiveKE is KE, nonce and identity of message 1 or 2.
func (s *Session) aggressiveKE(side int, gx, nonce []byte) ([]wire.Payload, error) {
	ps, err := s.noncePayloads(side, gx, nonce)
	if err != nil || s.cfg.Auth.Method.Encrypts() {
		return ps, err // the identity is among them
	}
	id, err := s.identity(side)
	return append(ps, id), err
}

// recvAggressive1 chooses a transform and proves itself at once.
func (s *Session) recvAggressive1(m *wire.Message) ([]Datagram, error) {
	chosen, err := s.recvOffer(m)
	if err != nil {
		return nil, err
	}
	if err := s.decryptPayloads(0, m); err != nil {
		return nil, err
	}
	if err := s.readKE(m, &s.gxi, &s.ni); err != nil {
		return nil, err
	}
	if !s.cfg.Auth.Method.Encrypts() {
		if err := s.noteIdentity(0, m.Payloads, m.Bodies); err != nil {
			return nil, err
		}
	}
	if err := s.makeKE(&s.gxr, &s.nr); err != nil {
		return nil, err
	}
	ke, err := s.aggressiveKE(1, s.gxr, s.nr)
	if err != nil {
		return nil, err
	}
	if err := s.derive(s.gxi); err != nil {
		return nil, err
	}
	proof, err := s.prove(1)
	if err != nil {
		return nil, err
	}
	proof = append(proof, s.phase1Lifetime()...)
	ps := append(append([]wire.Payload{chosen}, ke...), proof...)
	ps = append(ps, s.certRequests()...)
	ps = append(ps, s.vendorIDs()...)
	ps = append(ps, s.natDs()...)
	out, err := s.clear(Aggressive2, s.aggressiveHeader(), ps...)
	if err != nil {
		return nil, err
	}
	s.enter(StateAggressive2Sent)
	return s.send(&s.flight, out, true), nil
}

// recvAggressive2 checks who the responder is and proves itself. Then phase 1 is done.
func (s *Session) recvAggressive2(d Datagram, m *wire.Message) ([]Datagram, error) {
	if err := s.recvChoice(m); err != nil {
		return nil, err
	}
	if s.suite.Group != s.dh.Group() {
		return nil, refuse(wire.NotifyBadProposalSyntax, "the responder chose %v, the KE payload was of %v", s.suite.Group, s.dh.Group())
	}
	if err := s.decryptPayloads(1, m); err != nil {
		return nil, err
	}
	if err := s.readKE(m, &s.gxr, &s.nr); err != nil {
		return nil, err
	}
	if err := s.derive(s.gxr); err != nil {
		return nil, err
	}
	o := &opened{payloads: m.Payloads, bodies: m.Bodies}
	if err := s.verify(1, o); err != nil {
		return nil, err
	}
	s.detectNAT(d, m.Payloads)
	ps, err := s.prove(0)
	if err != nil {
		return nil, err
	}
	ps = append(ps, s.natDs()...)
	ps = append(ps, s.contact()...)
	s.float()
	var out []Datagram
	if s.cfg.Deviations.ClearIdentity {
		out, err = s.clear(Aggressive3, s.aggressiveHeader(), ps...)
	} else {
		out, s.iv, err = s.seal(Aggressive3, s.aggressiveHeader(), s.iv, ps...)
	}
	if err != nil {
		return nil, err
	}
	return s.alsoDone(s.send(&s.flight, out, false), o)
}

// recvAggressive3 checks who the initiator is.
func (s *Session) recvAggressive3(d Datagram, m *wire.Message) ([]Datagram, error) {
	o, err := s.openPhase1(m)
	if err != nil {
		return nil, err
	}
	if err := s.verifyProof(0, o); err != nil {
		return nil, err
	}
	s.detectNAT(d, o.payloads)
	s.iv = o.iv
	s.follow(d)
	s.flight.waiting = false
	return s.phase1Done(o)
}
