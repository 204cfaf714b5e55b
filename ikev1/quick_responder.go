package ikev1

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// recvQuick1 finds the policy for the identities, chooses a transform and answers.
func (s *Session) recvQuick1(q *quick, o *opened) ([]Datagram, error) {
	sa, saRaw := get[*wire.SA](o.payloads, o.bodies)
	no, noRaw := get[*wire.Nonce](o.payloads, o.bodies)
	if saRaw == nil || noRaw == nil {
		return nil, refuse(wire.NotifyPayloadMalformed, "quick mode message 1 lacks SA or nonce")
	}
	if len(sa.Proposals) > 0 && len(sa.Proposals[0].SPI) == 4 {
		q.spiOut = binary.BigEndian.Uint32(sa.Proposals[0].SPI) // for the notify, should it come to that
	}
	if err := checkNonce(no.Data); err != nil {
		return nil, err
	}
	q.ni = bytes.Clone(no.Data)
	if live, most := s.peerChildren(), cmp.Or(s.cfg.MaxChildren, defaultMaxChildren); live >= most {
		return nil, refuse(wire.NotifyNoProposalChosen, "the peer has %d children already, and may have %d", live, most)
	}
	err := checkDomain(sa)
	if err != nil {
		return nil, err
	}
	if q.policy, err = s.proposedPolicy(q, o); err != nil {
		return nil, err
	}
	chosen, err := s.chooseQuick(q, sa)
	if err != nil {
		return nil, err
	}
	if err := s.makeQuick(q, q.policy); err != nil {
		return nil, err
	}
	if err := s.takeKE(q, o); err != nil {
		return nil, err
	}
	chosen.SPI = spiBytes(q.spiIn)
	ps := []wire.Payload{
		&wire.SA{DOI: 1, Situation: 1, Proposals: []wire.Proposal{chosen}},
		&wire.Nonce{Data: q.nr},
	}
	if q.dh != nil {
		ps = append(ps, &wire.KE{Data: q.dh.Public()})
	}
	if q.ids[0] != nil {
		ps = append(ps, s.deviateQuickIDs(s.returnedID(q.ids[0]), s.returnedID(q.ids[1]))...)
	}
	ps = append(ps, s.natOAs(q)...)
	ps = append(ps, s.quickLifetime(q)...)
	out, err := s.sealQuick(Quick2, q, func(rest []byte) []byte {
		return keymat.Hash2(s.suite.Hash, s.keys.A, q.id, q.ni, rest)
	}, ps...)
	if err != nil {
		return nil, err
	}
	q.state = quick2Sent
	return s.send(&q.flight, out, true), nil
}

// peerChildren counts the children that the peer made, and those that it is about to.
func (s *Session) peerChildren() (n int) {
	for _, c := range s.kids.list {
		if c.Role == Responder {
			n++
		}
	}
	for _, q := range s.quicks {
		if q.role == Responder && q.state == quick2Sent {
			n++
		}
	}
	return n
}

func (s *Session) returnedID(id *wire.ID) wire.Payload {
	if !s.cfg.Deviations.WrongSelector {
		return id
	}
	wrong := *id
	wrong.Port ^= 1
	return &wrong
}

// refuseQuick tells the peer, under protection, why its quick mode ends here.
func (s *Session) refuseQuick(q *quick, err error) ([]Datagram, error) {
	failed := s.failQuick(q, err)
	var ne *NotifyError
	if !errors.As(err, &ne) {
		return nil, failed
	}
	n := &wire.Notify{DOI: 1, Protocol: wire.ProtoESP, MsgType: ne.Notify}
	if q.policy != nil {
		n.Protocol = protocolID(q.policy.Proto)
	}
	if q.spiOut != 0 {
		n.SPI = spiBytes(q.spiOut)
	}
	out, serr := s.sendInfo(n)
	if serr != nil {
		return nil, errors.Join(failed, serr)
	}
	s.record(Event{Kind: EventNotifySent, Notify: ne.Notify, Protected: true, MessageID: q.id})
	return out, failed
}

// quickFor finds the unfinished quick mode that a notify speaks of: by SPI, else the oldest one that waits for the peer,
// ours before the peer's.
func (s *Session) quickFor(n *wire.Notify) *quick {
	var waiting *quick
	for _, id := range s.order {
		q := s.quicks[id]
		if !q.unfinished() {
			continue
		}
		if slices.Equal(n.SPI, spiBytes(q.spiIn)) {
			return q
		}
		if waiting == nil || waiting.role == Responder && q.role == Initiator {
			waiting = q
		}
	}
	return waiting
}
