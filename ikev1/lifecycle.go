package ikev1

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// DPD is dead peer detection (RFC 3706): after Idle without a message from the peer it is
// asked whether it is there, again after Interval, and given up after Tries questions.
type DPD struct {
	Idle     time.Duration // 0: never ask; the peer's questions are answered all the same
	Interval time.Duration // 0: a tenth of Idle
	Tries    int           // 0: 3
}

// ErrDead says that the peer does not answer dead peer detection.
var ErrDead = errors.New("the peer is dead")

// dpd is where our questions stand.
type dpd struct {
	heard time.Time // when the peer last showed that it is there
	next  time.Time // when to ask
	seq   uint32
	asked bool
	open  int // questions without an answer
}

// heard notes a sign of life: any message that was authenticated.
func (s *Session) heard() {
	s.dpd.heard, s.dpd.open = s.now, 0
	s.dpd.next = time.Time{}
	if d := s.cfg.DPD.Idle; d > 0 && s.state == StateEstablished {
		s.dpd.next = s.now.Add(d)
	}
}

// probes tells whether the peer is to be asked under this SA, or under the one that replaced it.
func (s *Session) probes() bool { return !s.succeeded() || s.cfg.Deviations.DPDOldSA }

// probe asks the peer whether it is there, or gives it up.
func (s *Session) probe() ([]Datagram, error) {
	d := s.cfg.DPD
	if d.Interval <= 0 {
		d.Interval = max(d.Idle/10, time.Second)
	}
	if d.Tries <= 0 {
		d.Tries = 3
	}
	if s.dpd.open >= d.Tries {
		s.dpd.next = time.Time{}
		s.orphan()
		s.err = fmt.Errorf("ikev1: %w: %d questions without an answer (RFC 3706 5.5)", ErrDead, s.dpd.open)
		s.record(Event{Kind: EventFailed, Detail: s.err.Error()})
		_ = s.gone()
		return nil, s.err
	}
	if !s.dpd.asked {
		b, err := s.random(4)
		if err != nil {
			return nil, err
		}
		s.dpd.seq = binary.BigEndian.Uint32(b) >> 1 // RFC 3706 5.4: the first one is random, the top bit clear
	}
	spi := s.cookiePair()
	switch dev := &s.cfg.Deviations; {
	case dev.DPDRepeat && s.dpd.asked:
	case dev.DPDZero && !s.dpd.asked:
		s.dpd.seq = 0
	case dev.DPDSkip:
		s.dpd.seq += 2
	default:
		s.dpd.seq++
	}
	if s.cfg.Deviations.DPDReversedCookies {
		spi = append(spi[8:16:16], spi[:8]...)
	}
	s.dpd.asked = true
	s.dpd.open++
	s.dpd.next = s.now.Add(d.Interval)
	return s.sendInfo(&wire.Notify{
		DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyRUThere,
		SPI: spi, Data: binary.BigEndian.AppendUint32(nil, s.dpd.seq),
	})
}

// isAck tells whether an informational message is an R-U-THERE-ACK.
func isAck(ps []wire.Payload) bool {
	return slices.ContainsFunc(ps, func(p wire.Payload) bool {
		n, ok := p.(*wire.Notify)
		return ok && n.MsgType == wire.NotifyRUThereAck
	})
}

// answered takes an R-U-THERE-ACK. One with a number that is not of an open question proves nothing (RFC 3706 5.4).
func (s *Session) answered(n *wire.Notify) {
	if len(n.Data) != 4 || s.dpd.seq-binary.BigEndian.Uint32(n.Data) >= uint32(s.dpd.open) {
		s.record(Event{Kind: EventDropped, Detail: "R-U-THERE-ACK with another sequence number than asked"})
		return
	}
	s.heard()
}

// halfOpenTime is how long a responder keeps a negotiation that the initiator does not go on with.
const halfOpenTime = 30 * time.Second

// rekeyAt is the part of a lifetime after which the initiator of an SA replaces it.
const rekeyAt = 0.9

// lives sets the times of an SA that begins now.
func (s *Session) lives(lifetime time.Duration) (rekey, end time.Time) {
	return s.now.Add(time.Duration(float64(lifetime) * rekeyAt)), s.now.Add(lifetime)
}

// halfOpen tells whether this is a responder that waits for an initiator to go on, or an end that waits for extended
// authentication or configuration.
func (s *Session) halfOpen() bool {
	return s.role == Responder && s.state > StateNew && s.state < StateTransaction || s.state == StateTransaction
}

// age does what the lifetimes ask for: new children in time where Config.Rekey says so, and the end of what has lived.
func (s *Session) age() (out []Datagram, err error) {
	if !s.succeeded() {
		out, err = s.ageChildren()
	}
	if s.halfOpen() && !s.now.Before(s.giveUp) {
		return out, errors.Join(err, s.fail(fmt.Errorf("%w: the peer does not go on", ErrTimeout)))
	}
	if s.state != StateEstablished {
		return out, err
	}
	switch {
	case !s.now.Before(s.expires), s.worn(1):
		more, derr := s.Delete(s.now)
		out, err = append(out, more...), errors.Join(err, derr)
	case s.mustRekey() && (!s.now.Before(s.rekey) || s.worn(rekeyAt)):
		s.rekeyed = true
		s.record(Event{Kind: EventRekey})
	}
	return out, err
}

// mustRekey tells whether it is for this end to replace the ISAKMP SA, and that is not done yet.
func (s *Session) mustRekey() bool {
	return s.cfg.Rekey && s.role == Initiator && !s.rekeyed && !s.succeeded()
}

// worn tells whether a part of the kilobytes is used up that may be encrypted under the ISAKMP SA.
func (s *Session) worn(part float64) bool {
	return s.life.kilobytes > 0 && float64(s.protected) >= part*1024*float64(s.life.kilobytes)
}

// ageChildren does it for the children.
func (s *Session) ageChildren() (out []Datagram, err error) {
	for _, c := range s.Children() {
		switch {
		case !s.now.Before(c.expires) && s.state != StateEstablished:
			s.removeChild(c) // there is nothing left to tell it by
		case !s.now.Before(c.expires):
			more, derr := s.DeleteChild(s.now, c.SPIIn)
			out, err = append(out, more...), errors.Join(err, derr)
		case s.replaces(c) && !s.now.Before(c.rekey):
			c.rekeyed = true
			more, qerr := s.StartQuick(s.now, c.Policy)
			out, err = append(out, more...), errors.Join(err, qerr)
		}
	}
	return out, err
}

// replaces tells whether it is for this end to replace a child, and that is not done yet.
func (s *Session) replaces(c *Child) bool {
	return s.cfg.Rekey && c.Role == Initiator && !c.rekeyed && s.state == StateEstablished
}

// due is when lifetimes or dead peer detection want Tick.
func (s *Session) due(earlier func(time.Time)) {
	heir := s.succeeded()
	for _, c := range s.kids.list {
		if heir {
			break
		}
		earlier(c.expires)
		if s.replaces(c) {
			earlier(c.rekey)
		}
	}
	if s.halfOpen() {
		earlier(s.giveUp)
	}
	if s.state != StateEstablished {
		return
	}
	earlier(s.expires)
	if s.probes() {
		earlier(s.dpd.next)
	}
	earlier(s.natt.keepalive)
	if s.worn(1) || s.mustRekey() && s.worn(rekeyAt) {
		earlier(s.now)
	}
	if s.mustRekey() {
		earlier(s.rekey)
	}
}
