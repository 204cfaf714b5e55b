package ikev1

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Handle takes a datagram from the peer and gives the answers. A datagram that is to be
// ignored gives neither an answer nor an error, but an EventDropped. An error means that the
// exchange it belongs to has failed; the datagrams that come with it tell the peer.
func (s *Session) Handle(now time.Time, d Datagram) ([]Datagram, error) {
	s.now = now
	if s.state == StateDeleted || s.state == StateFailed {
		return s.drop("the ISAKMP SA is %v", s.state)
	}
	data := d.Data
	if isKeepalive(data) {
		return nil, nil
	}
	if d.Local.Port() != Port && d.Local.Port() == s.nattPort() {
		if len(data) < 4 || binary.BigEndian.Uint32(data) != 0 {
			return s.drop("no non-ESP marker on port %d", d.Local.Port())
		}
		data = data[4:]
	}
	m, err := wire.Parse(data)
	if err != nil {
		return s.drop("%v", err)
	}
	if why := s.checkCookies(m.Header); why != "" {
		return s.drop("%s", why)
	}
	if f := fragmentOf(m); f != nil {
		if !s.cfg.Fragmentation.Enable || s.state == StateNew {
			return s.drop("fragment, and fragmentation was not announced")
		}
		whole, why := s.reassemble(f)
		if why != "" {
			return s.drop("%s", why)
		}
		if whole == nil {
			return nil, nil
		}
		return s.handleMessage(d, whole)
	}
	return s.handleParsed(d, m, data)
}

// handleMessage takes a message that was put together from fragments.
func (s *Session) handleMessage(d Datagram, data []byte) ([]Datagram, error) {
	m, err := wire.Parse(data)
	if err != nil {
		return s.drop("%v", err)
	}
	if why := s.checkCookies(m.Header); why != "" {
		return s.drop("%s", why)
	}
	return s.handleParsed(d, m, data)
}

// handleParsed takes a whole message of this SA to its exchange.
func (s *Session) handleParsed(d Datagram, m *wire.Message, data []byte) ([]Datagram, error) {
	digest := sha256.Sum256(data)
	if digest == s.own {
		return s.drop("our own message comes back")
	}
	if m.Minor() != 0 {
		if err := s.tolerate(refuse(wire.NotifyInvalidMinorVersion, "minor version %d (RFC 2408 3.1)", m.Minor())); err != nil {
			return s.drop("%v", err)
		}
	}
	switch m.Exchange {
	case s.cfg.Mode.exchange():
		if again, known := s.flight.duplicate(digest); known {
			return s.repeat(again)
		}
		return s.handlePhase1(d, m, digest)
	case wire.ExchangeQuick:
		if q := s.quicks[m.MessageID]; q != nil {
			if again, known := q.flight.duplicate(digest); known {
				return s.repeat(again)
			}
		}
		return s.handleQuick(d, m, digest)
	case wire.ExchangeInformational:
		return s.handleInfo(d, m)
	case wire.ExchangeNewGroup:
		return s.handleNewGroup(m)
	case wire.ExchangeTransaction:
		if t := s.transaction(m.MessageID); t != nil {
			if again, known := t.flight.duplicate(digest); known {
				return s.repeat(again)
			}
		}
		return s.handleTransaction(d, m, digest)
	}
	return s.drop("exchange type %v is not handled", m.Exchange)
}

// checkCookies tells why a message does not belong to this Session, or nothing.
func (s *Session) checkCookies(h wire.Header) string {
	if s.state == StateNew {
		if s.role == Initiator {
			return "nothing was sent yet"
		}
		if h.CookieI.IsZero() {
			return "initiator cookie is 0 (RFC 2408 5.2)"
		}
		if !h.CookieR.IsZero() {
			return "responder cookie is not 0 in message 1 (RFC 2408 3.1)"
		}
		return ""
	}
	if h.CookieI != s.cookieI {
		return "initiator cookie is not of this SA"
	}
	phase1 := h.Exchange == s.cfg.Mode.exchange()
	first := s.role == Initiator && (s.state == StateMain1Sent || s.state == StateAggressive1Sent)
	initial := s.role == Responder && phase1 && h.CookieR.IsZero() // message 1 again
	switch {
	case first && h.CookieR.IsZero() && phase1:
		return "responder cookie is 0 (RFC 2408 5.2)"
	case first || initial || h.CookieR == s.cookieR:
		return ""
	}
	return "responder cookie is not of this SA"
}
