package ikev1

import (
	"bytes"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// recvOffer reads the offer of message 1 and chooses from it.
func (s *Session) recvOffer(m *wire.Message) (*wire.SA, error) {
	s.cookieI = m.CookieI
	s.giveUp = s.now.Add(halfOpenTime)
	sa, raw := get[*wire.SA](m.Payloads, m.Bodies)
	if raw == nil {
		return nil, refuse(wire.NotifyPayloadMalformed, "message 1 has no SA payload")
	}
	s.saBody = bytes.Clone(raw)
	chosen, err := s.choosePhase1(sa)
	if err != nil {
		return nil, err
	}
	if err := s.randomCookie(&s.cookieR); err != nil {
		return nil, err
	}
	s.noteVendorIDs(m.Payloads)
	s.noteRequests(m.Payloads)
	return chosen, nil
}

// recvMain1 answers with the choice.
func (s *Session) recvMain1(m *wire.Message) ([]Datagram, error) {
	chosen, err := s.recvOffer(m)
	if err != nil {
		return nil, err
	}
	out, err := s.clear(Main2, s.mainHeader(), append([]wire.Payload{chosen}, s.vendorIDs()...)...)
	if err != nil {
		return nil, err
	}
	s.enter(StateMain2Sent)
	// A responder does not repeat message 2 by itself: nobody must be able to make it send more than it got.
	return s.send(&s.flight, out, false), nil
}

// recvMain3 takes KE and Ni and sends its own.
func (s *Session) recvMain3(d Datagram, m *wire.Message) ([]Datagram, error) {
	if err := s.decryptPayloads(0, m); err != nil {
		return nil, err
	}
	if err := s.readKE(m, &s.gxi, &s.ni); err != nil {
		return nil, err
	}
	if err := s.makeKE(&s.gxr, &s.nr); err != nil {
		return nil, err
	}
	s.detectNAT(d, m.Payloads)
	s.noteRequests(m.Payloads)
	out, err := s.sendKE(Main4, s.gxr, s.nr)
	if err != nil {
		return nil, err
	}
	if err := s.derive(s.gxi); err != nil {
		return nil, err
	}
	s.enter(StateMain4Sent)
	return s.send(&s.flight, out, true), nil
}

// recvMain5 checks who the initiator is, and proves itself.
func (s *Session) recvMain5(d Datagram, m *wire.Message) ([]Datagram, error) {
	o, err := s.openPhase1(m)
	if err != nil {
		return nil, err
	}
	if err := s.verify(0, o); err != nil {
		return nil, err
	}
	s.follow(d)
	s.noteRequests(o.payloads)
	ps, err := s.proof(1)
	if err != nil {
		return nil, err
	}
	ps = append(ps, s.phase1Lifetime()...)
	out, iv, err := s.sealMain(Main6, o.iv, ps...)
	if err != nil {
		return nil, err
	}
	s.iv = iv
	s.send(&s.flight, out, false)
	return s.alsoDone(out, o)
}
