package ikev1

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Informational exchange (RFC 2409 5.7), under an established ISAKMP SA:
//
//	HDR*, HASH(1), N/D   -->

// sendInfo protects a notify or delete.
func (s *Session) sendInfo(ps ...wire.Payload) ([]Datagram, error) {
	id, err := s.messageID()
	if err != nil {
		return nil, err
	}
	h := s.header(wire.ExchangeInformational, id, 0)
	if _, isDelete := ps[0].(*wire.Delete); isDelete && s.cfg.Deviations.DeleteInClear {
		return s.clear(Info, h, ps...)
	}
	out, _, err := s.sealHashed(Info, h, s.infoIV(id), func(rest []byte) []byte {
		return keymat.Hash1(s.suite.Hash, s.keys.A, id, rest)
	}, ps...)
	return out, err
}

// DeleteChild removes the child that receives on spi and tells the peer (RFC 2408 3.15): a
// Delete names the SPI its sender receives on.
func (s *Session) DeleteChild(now time.Time, spi uint32) ([]Datagram, error) {
	s.now = now
	c := s.childBySPIIn(spi)
	if c == nil {
		return nil, fmt.Errorf("ikev1: delete SPI %#08x: %w", spi, ErrUnknownName)
	}
	named := c.SPIIn
	if s.cfg.Deviations.DeleteWrongSide {
		named = c.SPIOut
	}
	out, err := s.sendDelete(&wire.Delete{DOI: 1, Protocol: protocolID(c.Proto), SPISize: 4, SPIs: [][]byte{spiBytes(named)}}, c.SPIOut)
	s.removeChild(c)
	return out, err
}

// Delete ends the ISAKMP SA and tells the peer. Children stay: they were negotiated, not borrowed (RFC 2408 4.3).
func (s *Session) Delete(now time.Time) ([]Datagram, error) {
	s.now = now
	if !s.authenticated() {
		return nil, fmt.Errorf("ikev1: delete in state %v: %w", s.state, ErrNotReady)
	}
	out, err := s.deleteISAKMP()
	_ = s.gone() // what is not over is given up with it
	return out, err
}

func (s *Session) deleteISAKMP() ([]Datagram, error) {
	return s.sendDelete(&wire.Delete{DOI: 1, Protocol: wire.ProtoISAKMP, SPISize: 16, SPIs: [][]byte{s.cookiePair()}}, 0)
}

// sendDelete sends a Delete; other is the SPI that it rightly leaves out.
func (s *Session) sendDelete(d *wire.Delete, other uint32) ([]Datagram, error) {
	if s.cfg.Deviations.NeverDelete {
		return nil, nil
	}
	return s.sendInfo(s.deviateDelete(d, other)...)
}

// cookiePair is the SPI of the ISAKMP SA (RFC 2408 2.4).
func (s *Session) cookiePair() []byte {
	return append(append([]byte(nil), s.cookieI[:]...), s.cookieR[:]...)
}

// gone ends the ISAKMP SA, and with it the exchanges under it that are not over: nothing is repeated under an SA that is no
// more. The error is theirs.
func (s *Session) gone() (err error) {
	s.stopWaiting()
	for _, id := range s.order {
		if q := s.quicks[id]; q.unfinished() {
			err = errors.Join(err, s.failQuick(q, fmt.Errorf("%w: the ISAKMP SA is deleted", ErrNotReady)))
		}
	}
	s.enter(StateDeleted)
	s.record(Event{Kind: EventDeleted})
	return err
}

func (s *Session) stopWaiting() {
	s.flight.waiting = false
	for _, q := range s.quicks {
		q.flight.waiting = false
	}
	s.stopTransactions()
}

func (s *Session) childBySPIIn(spi uint32) *Child {
	for _, c := range s.kids.list {
		if c.SPIIn == spi {
			return c
		}
	}
	return nil
}

func (s *Session) removeChild(c *Child) {
	s.kids.list = slices.DeleteFunc(s.kids.list, func(k *Child) bool { return k == c })
	s.record(Event{Kind: EventChildGone, Child: c, Detail: fmt.Sprintf("%s in %#08x out %#08x", c.Policy, c.SPIIn, c.SPIOut)})
}

// handleInfo takes a notify or delete. What is not protected may end a negotiation that has
// authenticated nobody yet, and nothing else (RFC 2409 5.7).
func (s *Session) handleInfo(d Datagram, m *wire.Message) ([]Datagram, error) {
	if m.Flags&wire.FlagEncryption == 0 {
		return s.handleClearInfo(m)
	}
	if s.keys.Key == nil {
		return s.drop("encrypted informational message before there are keys")
	}
	o, err := s.open(m, keymat.QuickIV(s.suite, s.iv, m.MessageID))
	if err != nil {
		return s.drop("%v", err)
	}
	hash, raw := get[*wire.Hash](o.payloads, o.bodies)
	if raw == nil || len(o.plain) < 4+len(raw) {
		return s.drop("informational message without hash (RFC 2409 5.7)")
	}
	if want := keymat.Hash1(s.suite.Hash, s.keys.A, m.MessageID, o.plain[4+len(raw):]); !bytes.Equal(want, hash.Data) {
		return s.drop("the hash of an informational message is wrong")
	}
	if s.replayed(hash.Data) {
		return s.drop("informational message %#08x was handled before", m.MessageID)
	}
	if !isAck(o.payloads) { // whether that is a sign of life depends on its number
		s.heard()
	}
	s.remap(d)
	var out []Datagram
	empty := true
	for _, p := range o.payloads {
		switch p := p.(type) {
		case *wire.Delete:
			empty = false
			if err := s.peerDeletes(p); err != nil {
				return out, err
			}
		case *wire.Notify:
			empty = false
			more, err := s.peerNotifies(p)
			out = append(out, more...)
			if err != nil {
				return out, err
			}
		}
	}
	if empty {
		return s.drop("informational message %#08x has neither Notify nor Delete (RFC 2409 5.7)", m.MessageID)
	}
	return out, nil
}

func (s *Session) handleClearInfo(m *wire.Message) ([]Datagram, error) {
	n, raw := get[*wire.Notify](m.Payloads, m.Bodies)
	if raw == nil {
		return s.drop("unprotected informational message without notify")
	}
	s.record(Event{Kind: EventNotifyReceived, Notify: n.MsgType, MessageID: m.MessageID})
	if s.authenticated() || n.MsgType >= 16384 {
		return s.drop("unprotected notify %v changes nothing", n.MsgType)
	}
	return nil, s.fail(fmt.Errorf("%w: %v", ErrRefused, n.MsgType))
}

// peerDeletes heeds a protected Delete: it names this SA by its cookies, or a child by the SPI that its sender receives on
// (RFC 2408 3.15).
func (s *Session) peerDeletes(d *wire.Delete) error {
	for _, spi := range d.SPIs {
		if d.Protocol == wire.ProtoISAKMP && bytes.Equal(spi, s.cookiePair()) {
			if s.state == StateDeleted {
				continue // named twice
			}
			if err := s.gone(); err != nil {
				return err
			}
			continue
		}
		known := false
		for _, c := range s.Children() {
			if len(spi) == 4 && d.Protocol == protocolID(c.Proto) && c.SPIOut == binary.BigEndian.Uint32(spi) {
				s.removeChild(c)
				known = true
			}
		}
		if !known {
			s.record(Event{Kind: EventDropped, Detail: fmt.Sprintf("Delete of %v SPI %x, which is none that the peer receives on", d.Protocol, spi)})
		}
	}
	return nil
}

// peerNotifies handles a protected notify; R-U-THERE is answered whether or not DPD was announced (RFC 3706 5).
func (s *Session) peerNotifies(n *wire.Notify) ([]Datagram, error) {
	s.record(Event{Kind: EventNotifyReceived, Notify: n.MsgType, Protected: true})
	switch {
	case n.MsgType == wire.NotifyRUThere && s.cfg.Deviations.DPDNoAck:
		return nil, nil
	case n.MsgType == wire.NotifyRUThere:
		return s.sendInfo(&wire.Notify{DOI: 1, Protocol: n.Protocol, MsgType: wire.NotifyRUThereAck, SPI: n.SPI, Data: n.Data})
	case n.MsgType == wire.NotifyRUThereAck:
		s.answered(n)
		return nil, nil
	case n.MsgType == wire.NotifyConnected:
		s.peerConnected(n)
		return nil, nil
	case n.MsgType == wire.NotifyInitialContact:
		s.record(Event{Kind: EventInitialContact, Protected: true})
		return nil, nil
	case n.MsgType >= 16384:
		return nil, nil
	case s.state != StateEstablished:
		return nil, s.fail(fmt.Errorf("%w: %v", ErrRefused, n.MsgType))
	}
	if q := s.quickFor(n); q != nil {
		return nil, s.failQuick(q, fmt.Errorf("%w: %v", ErrRefused, n.MsgType))
	}
	return nil, nil
}
