package ikev1

import (
	"errors"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// handlePhase1 takes a new message of phase 1 to the state it belongs to.
func (s *Session) handlePhase1(d Datagram, m *wire.Message, digest [32]byte) ([]Datagram, error) {
	if m.MessageID != 0 {
		if err := s.tolerate(refuse(wire.NotifyInvalidMessageID, "message ID %#x in phase 1 (RFC 2408 3.1)", m.MessageID)); err != nil {
			return s.drop("%v", err)
		}
	}
	sealed := m.Flags&wire.FlagEncryption != 0
	either := s.state == StateAggressive2Sent
	if want := s.state == StateMain4Sent || s.state == StateMain5Sent; sealed != want && !either {
		err := refuse(wire.NotifyInvalidFlags, "encryption flag is %v in state %v (RFC 2409 5.4)", sealed, s.state)
		if sealed || s.tolerate(err) != nil {
			return s.drop("%v", err)
		}
	}
	var out []Datagram
	err := s.checkForm(m.Exchange, m.Payloads)
	switch {
	case err != nil && s.state == StateNew:
		s.follow(d)
		s.cookieI = m.CookieI
		return s.refusePhase1(m, err)
	case err != nil:
		return s.refusePhase1(m, err)
	}
	switch s.state {
	case StateNew:
		s.follow(d)
		if s.cfg.Mode == Aggressive {
			out, err = s.recvAggressive1(m)
		} else {
			out, err = s.recvMain1(m)
		}
	case StateMain1Sent:
		out, err = s.recvMain2(m)
	case StateMain2Sent:
		s.follow(d)
		out, err = s.recvMain3(d, m)
	case StateMain3Sent:
		out, err = s.recvMain4(d, m)
	case StateMain4Sent:
		out, err = s.recvMain5(d, m)
	case StateMain5Sent:
		out, err = s.recvMain6(m)
	case StateAggressive1Sent:
		out, err = s.recvAggressive2(d, m)
	case StateAggressive2Sent:
		out, err = s.recvAggressive3(d, m)
	default:
		return s.drop("%v message in state %v", m.Exchange, s.state)
	}
	if err == nil {
		s.flight.accept(digest, s.answer(out))
		return out, nil
	}
	return s.refusePhase1(m, err)
}

// openPhase1 decrypts a message of phase 1 and looks at its form.
func (s *Session) openPhase1(m *wire.Message) (*opened, error) {
	o, err := s.open(m, s.iv)
	if err != nil {
		return nil, err
	}
	return o, s.checkForm(m.Exchange, o.payloads)
}

// answer is what belongs to phase 1 in what was sent: a transaction that begins after it is repeated by itself.
func (s *Session) answer(out []Datagram) []Datagram {
	if len(s.trans) == 0 {
		return out
	}
	if out = out[:max(0, len(out)-len(s.trans[0].flight.last))]; len(out) == 0 {
		return nil
	}
	return out
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
