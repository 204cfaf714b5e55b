package ikev1

import (
	"bytes"
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Quick mode (RFC 2409 5.5):
//
//	Initiator                                    Responder
//	----------                                   ---------
//	HDR*, HASH(1), SA, Ni
//	  [, KE ] [, IDci, IDcr ]            -->
//	                                     <--     HDR*, HASH(2), SA, Nr
//	                                               [, KE ] [, IDci, IDcr ]
//	HDR*, HASH(3)                        -->

// quickState is where a quick mode stands; it is named as State is.
type quickState uint8

const (
	quick1Sent quickState = 1 + iota // initiator
	quick2Sent                       // responder
	quick3Sent                       // initiator that waits for CONNECTED
	quickDone
	quickFailed
)

// quick is one quick mode.
type quick struct {
	id       uint32
	role     Role
	state    quickState
	policy   *QuickPolicy
	iv       []byte
	offer    *wire.SA
	ids      [2]*wire.ID // IDci, IDcr as proposed; nil when there were none
	ni, nr   []byte
	dh       *keymat.PrivateKey
	peerGX   []byte
	spiIn    uint32
	spiOut   uint32
	suite    esp.Suite
	commit   bool // the responder wants us to wait for CONNECTED
	life     life
	original [2]netip.Addr // the hosts' addresses as the peer knows them: NAT-OA, the initiator's first
	flight   flight
}

// remember keeps a quick mode, and forgets the oldest finished one where there are too many.
func (s *Session) remember(q *quick) bool {
	if len(s.order) >= maxQuicks {
		gone := -1
		for i, id := range s.order {
			if st := s.quicks[id].state; st == quickDone || st == quickFailed {
				gone = i
				break
			}
		}
		if gone < 0 {
			return false
		}
		s.seen.add(s.order[gone])
		delete(s.quicks, s.order[gone])
		s.order = append(s.order[:gone], s.order[gone+1:]...)
	}
	if _, known := s.quicks[q.id]; !known {
		s.order = append(s.order, q.id)
	}
	s.quicks[q.id] = q
	return true
}

func (s *Session) failQuick(q *quick, err error) error {
	q.state = quickFailed
	q.flight.waiting = false
	err = fmt.Errorf("ikev1: quick mode %#08x for %s: %w", q.id, q.name(), err)
	s.record(Event{Kind: EventFailed, MessageID: q.id, Detail: err.Error()})
	return err
}

// unfinished tells whether something of the quick mode is still to come.
func (q *quick) unfinished() bool { return q.state != quickDone && q.state != quickFailed }

func (q *quick) name() string {
	if q.policy == nil {
		return "an unknown policy"
	}
	return "policy " + q.policy.Name
}

// handleQuick takes a new quick mode message to the exchange it belongs to.
func (s *Session) handleQuick(d Datagram, m *wire.Message, digest [32]byte) ([]Datagram, error) {
	if s.state != StateEstablished {
		return s.drop("quick mode message in phase 1 state %v", s.state)
	}
	if m.Flags&wire.FlagEncryption == 0 {
		return s.drop("quick mode message without encryption")
	}
	if m.MessageID == 0 {
		if err := s.tolerate(refuse(wire.NotifyInvalidMessageID, "quick mode with message ID 0 (RFC 2408 3.1)")); err != nil {
			return s.drop("%v", err)
		}
	}
	q := s.quicks[m.MessageID]
	fresh := q == nil
	if fresh && s.seen.has(m.MessageID) {
		return s.drop("quick mode %#08x is long over", m.MessageID)
	}
	if q != nil && (q.state == quickDone || q.state == quickFailed) && s.cfg.Tolerant {
		fresh = true                                                       // a message ID used again
		s.tolerate(fmt.Errorf("message ID %#08x used again", m.MessageID)) //nolint:errcheck // Tolerant is set
	}
	if fresh {
		q = &quick{id: m.MessageID, role: Responder, iv: s.quickIV(m.MessageID)}
	}
	o, err := s.open(m, q.iv)
	if err != nil {
		return s.drop("%v", err)
	}
	if err := s.checkQuickHash(q, m.MessageID, o); err != nil {
		if err = s.tolerate(err); err != nil {
			return s.drop("%v", err)
		}
	}
	if fresh {
		if hash, _ := get[*wire.Hash](o.payloads, o.bodies); hash != nil && s.replayed(hash.Data) && !s.cfg.Tolerant {
			return s.drop("quick mode message %#08x was handled before", m.MessageID)
		}
	}
	s.heard()
	s.remap(d)
	var out []Datagram
	switch {
	case fresh:
		if !s.remember(q) {
			return s.drop("%d quick modes are open already", maxQuicks)
		}
		q.iv = o.iv
		if err = s.checkForm(wire.ExchangeQuick, o.payloads); err == nil {
			out, err = s.recvQuick1(q, o)
		}
	case q.role == Initiator && q.state == quick1Sent:
		q.iv = o.iv
		q.commit = m.Flags&wire.FlagCommit != 0
		if err = s.checkForm(wire.ExchangeQuick, o.payloads); err == nil {
			out, err = s.recvQuick2(q, o)
		}
	case q.role == Responder && q.state == quick2Sent:
		q.iv = o.iv
		q.flight.waiting = false
		s.install(q)
		out, err = s.connected(q)
	default:
		return s.drop("quick mode message after its end")
	}
	if err == nil {
		q.flight.accept(digest, out)
		return out, nil
	}
	return s.refuseQuick(q, err)
}

// checkQuickHash verifies HASH(1), (2) or (3) of the message that q expects next.
func (s *Session) checkQuickHash(q *quick, id uint32, o *opened) error {
	hash, raw := get[*wire.Hash](o.payloads, o.bodies)
	if raw == nil {
		return refuse(wire.NotifyInvalidHashInformation, "quick mode message without hash (RFC 2409 5.5)")
	}
	if _, first := o.payloads[0].(*wire.Hash); !first {
		return refuse(wire.NotifyInvalidHashInformation, "the hash does not come first (RFC 2409 5.5)")
	}
	rest := o.plain[4+len(raw):]
	var want []byte
	switch {
	case q.state == 0:
		want = keymat.Hash1(s.suite.Hash, s.keys.A, id, rest)
	case q.role == Initiator:
		want = keymat.Hash2(s.suite.Hash, s.keys.A, id, q.ni, rest)
	default:
		want = keymat.Hash3(s.suite.Hash, s.keys.A, id, q.ni, q.nr)
	}
	if !bytes.Equal(want, hash.Data) {
		return refuse(wire.NotifyInvalidHashInformation, "the hash of a quick mode message is wrong")
	}
	return nil
}

// sealQuick puts the hash before the payloads, encrypts, and rolls the chain.
func (s *Session) sealQuick(step Step, q *quick, hash func(rest []byte) []byte, ps ...wire.Payload) ([]Datagram, error) {
	h := s.header(wire.ExchangeQuick, q.id, 0)
	if step == Quick2 && s.cfg.Commit {
		h.Flags |= wire.FlagCommit
	}
	out, iv, err := s.sealHashed(step, h, q.iv, hash, ps...)
	if err != nil {
		return nil, err
	}
	if !s.cfg.Deviations.StaleIV {
		q.iv = iv
	}
	return out, nil
}

// install makes the child of a finished quick mode usable (RFC 2409 5.5).
func (s *Session) install(q *quick) {
	var gxy []byte
	if q.dh != nil {
		gxy, _ = q.dh.Shared(q.peerGX) // was computed once before
	}
	n := q.suite.KEYMATLen()
	proto := uint8(protocolID(q.policy.Proto))
	km := func(spi uint32) esp.Keys {
		k, _ := esp.SplitKEYMAT(q.suite, keymat.KEYMAT(s.suite.Hash, s.keys.D, gxy, proto, spiBytes(spi), q.ni, q.nr, n))
		return k
	}
	c := &Child{
		Policy: q.policy.Name, Role: q.role, Selector: s.selector(q.policy), Proto: q.policy.Proto, Mode: q.policy.Mode,
		Suite: q.suite, SPIIn: q.spiIn, SPIOut: q.spiOut, KeysIn: km(q.spiIn), KeysOut: km(q.spiOut),
		Local: s.local.Addr(), Remote: s.remote.Addr(), Lifetime: q.life.time, Kilobytes: q.life.kilobytes,
		OriginalInitiator: q.original[0], OriginalResponder: q.original[1],
	}
	if s.natt.detected {
		c.Encap = &esp.UDPEncap{SrcPort: s.local.Port(), DstPort: s.remote.Port()}
	}
	c.rekey, c.expires = s.lives(q.life.time)
	q.state = quickDone
	s.kids.list = append(s.kids.list, c)
	s.record(Event{Kind: EventChild, MessageID: q.id, Child: c, Detail: fmt.Sprintf("%s %v in %#08x out %#08x", c.Policy, c.Suite, c.SPIIn, c.SPIOut)})
}
