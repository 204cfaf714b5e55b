package ikev1

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// StartQuick begins a quick mode for the policy of that name, under the established ISAKMP
// SA. Calling it again for a policy that has a child makes a new one beside it: a rekey.
func (s *Session) StartQuick(now time.Time, policy string) ([]Datagram, error) {
	s.now = now
	if s.state != StateEstablished && !(s.cfg.Deviations.EarlyQuick && s.authenticated()) {
		return nil, fmt.Errorf("ikev1: quick mode in phase 1 state %v: %w", s.state, ErrNotReady)
	}
	var p *QuickPolicy
	for i := range s.cfg.Quick {
		if s.cfg.Quick[i].Name == policy {
			p = &s.cfg.Quick[i]
		}
	}
	if p == nil {
		return nil, fmt.Errorf("ikev1: quick mode policy %q: %w", policy, ErrUnknownName)
	}
	if p.Proto == esp.AH && s.natt.detected {
		return nil, fmt.Errorf("ikev1: quick mode policy %q: %w: AH covers the addresses, which a NAT changes (RFC 3715 2.1)", policy, ErrNotReady)
	}
	q := &quick{role: Initiator, policy: p, state: quick1Sent, life: p.life().or(defaultChildLifetime)}
	var err error
	if q.id, err = s.messageID(); err != nil {
		return nil, err
	}
	if s.cfg.Deviations.ReuseMessageID && len(s.order) > 0 {
		q.id = s.order[0]
	}
	switch d := &s.cfg.Deviations; {
	case d.MessageIDZero:
		q.id = 0
	case d.ShortMessageID:
		q.id = q.id&0xff | 1
	}
	q.iv = s.quickIV(q.id)
	if !s.remember(q) {
		return nil, fmt.Errorf("ikev1: %d quick modes are open already: %w", maxQuicks, ErrNotReady)
	}
	if err := s.makeQuick(q, p); err != nil {
		return nil, s.failQuick(q, err)
	}
	q.offer = s.quickOffer(q, p)
	q.ids = s.identities(p)
	ps := []wire.Payload{q.offer, &wire.Nonce{Data: q.ni}}
	if q.dh != nil {
		ps = append(ps, &wire.KE{Data: q.dh.Public()})
	}
	if q.ids[0] != nil {
		ps = append(ps, s.deviateQuickIDs(q.ids[0], q.ids[1])...)
	}
	ps = append(ps, s.natOAs(q)...)
	out, err := s.sealQuick(Quick1, q, func(rest []byte) []byte {
		return keymat.Hash1(s.suite.Hash, s.keys.A, q.id, rest)
	}, ps...)
	if err != nil {
		return nil, s.failQuick(q, err)
	}
	return s.send(&q.flight, out, true), nil
}

// makeQuick draws this end's SPI, nonce and, with PFS, exponent.
func (s *Session) makeQuick(q *quick, p *QuickPolicy) (err error) {
	if q.spiIn, err = s.newSPI(); err != nil {
		return err
	}
	nonce := &q.ni
	if q.role == Responder {
		nonce = &q.nr
	}
	if *nonce, err = s.random(32); err != nil {
		return err
	}
	if p.PFS != 0 {
		q.dh, err = p.PFS.Generate(s.rand)
	}
	return err
}

// newSPI draws an SPI that no child of this Session receives on; 0 to 255 are reserved (RFC 2406 2.1).
func (s *Session) newSPI() (uint32, error) {
	if s.cfg.Deviations.ReuseSPI && len(s.kids.list) > 0 {
		return s.kids.list[0].SPIIn, nil
	}
	for {
		b, err := s.random(4)
		if err != nil {
			return 0, err
		}
		spi := binary.BigEndian.Uint32(b)
		low := s.cfg.Deviations.LowSPI
		if low {
			spi = 1 + spi%255
		}
		if (spi > 255 || low) && s.childBySPIIn(spi) == nil {
			return spi, nil
		}
	}
}

// messageID draws a message ID that is not 0 and not in use.
func (s *Session) messageID() (uint32, error) {
	for {
		b, err := s.random(4)
		if err != nil {
			return 0, err
		}
		if id := binary.BigEndian.Uint32(b); id != 0 && s.quicks[id] == nil && !s.seen.has(id) {
			return id, nil
		}
	}
}

// recvQuick2 checks the responder's answer, installs the child and confirms.
func (s *Session) recvQuick2(q *quick, o *opened) ([]Datagram, error) {
	sa, saRaw := get[*wire.SA](o.payloads, o.bodies)
	no, noRaw := get[*wire.Nonce](o.payloads, o.bodies)
	if saRaw == nil || noRaw == nil {
		return nil, refuse(wire.NotifyPayloadMalformed, "quick mode message 2 lacks SA or nonce")
	}
	p, t, err := s.checkChosen(q.offer, sa, wire.P2LifeDuration)
	if err != nil {
		if s.tolerate(err) != nil || len(p.Transforms) == 0 {
			return nil, err
		}
	}
	if len(p.SPI) != 4 {
		return nil, refuse(wire.NotifyInvalidSPI, "SPI of %d octets", len(p.SPI))
	}
	if err := checkNonce(no.Data); err != nil {
		return nil, err
	}
	q.nr = bytes.Clone(no.Data)
	q.spiOut = binary.BigEndian.Uint32(p.SPI)
	if q.spiOut < 256 {
		if err := s.tolerate(refuse(wire.NotifyInvalidSPI, "SPI %d is reserved (RFC 2406 2.1)", q.spiOut)); err != nil {
			return nil, err
		}
	}
	c, err := s.readTransform(p.Protocol, t)
	if err != nil {
		return nil, refuse(wire.NotifyBadProposalSyntax, "%v", err)
	}
	q.suite = q.policy.meant(c.suite)
	q.noteNATOAs(o.payloads)
	q.shorten(o.payloads)
	if err := s.checkReturnedIDs(q, o); err != nil {
		return nil, err
	}
	if err := s.takeKE(q, o); err != nil {
		return nil, err
	}
	out, err := s.sealQuick(Quick3, q, func([]byte) []byte {
		return keymat.Hash3(s.suite.Hash, s.keys.A, q.id, q.ni, q.nr)
	})
	if err != nil {
		return nil, err
	}
	if s.cfg.Deviations.QuickFourth {
		more, err := s.sealQuick(Quick3, q, func([]byte) []byte { return keymat.Hash3(s.suite.Hash, s.keys.A, q.id, q.nr, q.ni) })
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	first := q.flight.last
	s.send(&q.flight, out, q.commit)
	if s.cfg.Deviations.ReplayEncrypted {
		out = append(slices.Clip(out), first...)
	}
	if q.commit {
		q.state = quick3Sent
		return out, nil
	}
	s.install(q)
	return out, nil
}

// takeKE reads the peer's KE payload, which must be there exactly when PFS is wanted (RFC 2409 5.5).
func (s *Session) takeKE(q *quick, o *opened) error {
	ke, raw := get[*wire.KE](o.payloads, o.bodies)
	switch {
	case q.dh == nil && raw == nil:
		return nil
	case q.dh == nil:
		return refuse(wire.NotifyNoProposalChosen, "KE payload without perfect forward secrecy")
	case raw == nil:
		return refuse(wire.NotifyNoProposalChosen, "no KE payload, perfect forward secrecy is wanted")
	}
	if _, err := q.dh.Shared(ke.Data); err != nil {
		return refuse(wire.NotifyInvalidKeyInformation, "%v", err)
	}
	q.peerGX = bytes.Clone(ke.Data)
	return nil
}

// checkReturnedIDs wants the identities back as they were proposed (RFC 2409 5.5).
func (s *Session) checkReturnedIDs(q *quick, o *opened) error {
	var got []*wire.ID
	for _, p := range o.payloads {
		if id, ok := p.(*wire.ID); ok {
			got = append(got, id)
		}
	}
	if len(got) == 0 && q.ids[0] == nil {
		return nil
	}
	if len(got) == 2 && q.ids[0] != nil && sameID(got[0], q.ids[0]) && sameID(got[1], q.ids[1]) {
		return nil
	}
	return s.tolerate(refuse(wire.NotifyInvalidIDInformation, "the responder returned other identities than were proposed"))
}
