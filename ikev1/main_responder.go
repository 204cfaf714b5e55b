package ikev1

import (
	"bytes"
	"errors"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// handleMain takes a new message of main mode to the state it belongs to.
func (s *Session) handleMain(d Datagram, m *wire.Message, digest [32]byte) ([]Datagram, error) {
	if m.MessageID != 0 {
		if err := s.tolerate(refuse(wire.NotifyInvalidMessageID, "message ID %#x in phase 1 (RFC 2408 3.1)", m.MessageID)); err != nil {
			return s.drop("%v", err)
		}
	}
	sealed := m.Flags&wire.FlagEncryption != 0
	if want := s.state == StateMain4Sent || s.state == StateMain5Sent; sealed != want {
		err := refuse(wire.NotifyInvalidFlags, "encryption flag is %v in state %v (RFC 2409 5.4)", sealed, s.state)
		if sealed || s.tolerate(err) != nil {
			return s.drop("%v", err)
		}
	}
	var out []Datagram
	var err error
	switch s.state {
	case StateNew:
		out, err = s.recvMain1(m)
	case StateMain1Sent:
		out, err = s.recvMain2(m)
	case StateMain2Sent:
		out, err = s.recvMain3(d, m)
	case StateMain3Sent:
		out, err = s.recvMain4(d, m)
	case StateMain4Sent:
		out, err = s.recvMain5(d, m)
	case StateMain5Sent:
		err = s.recvMain6(m)
	default:
		return s.drop("main mode message in state %v", s.state)
	}
	if err == nil {
		s.flight.accept(digest, out)
		return out, nil
	}
	return s.refusePhase1(m, err)
}

// refusePhase1 tells the peer why its message is refused. What anybody could have sent does
// not end the negotiation: a message that does not decrypt, or, while nothing is
// authenticated, a second version of a message. The first message, the choice of the
// responder and a wrong proof do.
func (s *Session) refusePhase1(m *wire.Message, err error) ([]Datagram, error) {
	var ne *NotifyError
	if !errors.As(err, &ne) {
		return nil, s.fail(err)
	}
	out, serr := s.notifyClear(m, ne.Notify)
	if serr != nil {
		return nil, s.fail(errors.Join(err, serr))
	}
	if m.Sealed != nil && ne.Notify == wire.NotifyPayloadMalformed {
		s.record(Event{Kind: EventDropped, Detail: ne.Error()})
		return out, nil
	}
	return out, s.fail(err)
}

// notifyClear is an informational exchange in the clear, as RFC 2409 5.7 has it while no SA is established.
func (s *Session) notifyClear(m *wire.Message, n wire.NotifyType) ([]Datagram, error) {
	h := wire.Header{CookieI: m.CookieI, CookieR: m.CookieR, Version: wire.Version1, Exchange: wire.ExchangeInformational}
	if s.role == Responder && !s.cookieR.IsZero() {
		h.CookieR = s.cookieR
	}
	id, err := s.messageID()
	if err != nil {
		return nil, err
	}
	h.MessageID = id
	s.record(Event{Kind: EventNotifySent, Notify: n, MessageID: id})
	return s.clear(Info, h, &wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: n})
}

// recvMain1 chooses a transform.
func (s *Session) recvMain1(m *wire.Message) ([]Datagram, error) {
	s.cookieI = m.CookieI
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
	ps := []wire.Payload{chosen}
	if s.natt.offered {
		ps = append(ps, s.vendorIDs()...)
	}
	out, err := s.clear(Main2, s.mainHeader(), ps...)
	if err != nil {
		return nil, err
	}
	s.enter(StateMain2Sent)
	// A responder does not repeat message 2 by itself: nobody must be able to make it send more than it got.
	return s.send(&s.flight, out, false), nil
}

// recvMain3 takes KE and Ni and sends its own.
func (s *Session) recvMain3(d Datagram, m *wire.Message) ([]Datagram, error) {
	if err := s.readKE(m, &s.gxi, &s.ni); err != nil {
		return nil, err
	}
	if err := s.makeKE(&s.gxr, &s.nr); err != nil {
		return nil, err
	}
	s.detectNAT(d, m.Payloads)
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
	o, err := s.open(m, s.iv)
	if err != nil {
		return nil, err
	}
	if err := s.verify(0, o); err != nil {
		return nil, err
	}
	s.follow(d)
	id, hash, err := s.proof(1)
	if err != nil {
		return nil, err
	}
	out, iv, err := s.sealMain(Main6, o.iv, id, hash)
	if err != nil {
		return nil, err
	}
	s.iv = iv
	s.send(&s.flight, out, false)
	s.enter(StateEstablished)
	return out, nil
}
