package ikev1

import (
	"fmt"
	"time"
)

// flight is the reliability of one exchange over UDP (RFC 2408 5.1): the last message sent,
// when to send it again, and what was already answered with it.
type flight struct {
	last     []Datagram // our last message, the same octets for every repetition
	waiting  bool       // an answer is expected
	next     time.Time
	interval time.Duration
	tries    int
	handled  []handled
}

// handled is a message of the peer that was accepted, and what it was answered with.
type handled struct {
	digest [32]byte
	answer []Datagram
}

// maxHandled is more than the messages one side sends in any exchange.
const maxHandled = 4

// duplicate tells whether a message was handled before, and what to answer: the newest
// message gets the last answer again, an older one nothing.
func (f *flight) duplicate(digest [32]byte) (again []Datagram, known bool) {
	for i, h := range f.handled {
		if h.digest == digest {
			if i == len(f.handled)-1 {
				return h.answer, true
			}
			return nil, true
		}
	}
	return nil, false
}

// accept notes that a message was handled and answered with out.
func (f *flight) accept(digest [32]byte, out []Datagram) {
	if len(f.handled) == maxHandled {
		f.handled = append(f.handled[:0], f.handled[1:]...)
	}
	f.handled = append(f.handled, handled{digest: digest, answer: out})
	if out == nil {
		f.waiting = false
	}
}

// send notes out as the last message; await starts the schedule of repetitions.
func (s *Session) send(f *flight, out []Datagram, await bool) []Datagram {
	p := s.retransmit()
	f.last, f.waiting, f.tries, f.interval = out, await, 0, p.Base
	f.next = s.now.Add(p.Base)
	return out
}

func (s *Session) retransmit() Retransmit {
	if p := s.cfg.Retransmit; p.Base > 0 {
		if p.Factor < 1 {
			p.Factor = 1
		}
		return p
	}
	return defaultRetransmit
}

// repeat answers a duplicate with the same octets as before.
func (s *Session) repeat(again []Datagram) ([]Datagram, error) {
	if again == nil {
		return s.drop("duplicate of a message that was answered before")
	}
	if s.cfg.Deviations.NoRetransmit {
		return nil, nil
	}
	s.record(Event{Kind: EventRetransmit, Detail: "the peer repeated its message"})
	return s.again(again), nil
}

// again gives the octets of a message a second time.
func (s *Session) again(ds []Datagram) []Datagram {
	dev := &s.cfg.Deviations
	resent := dev.ResentCookie && (s.state == StateMain1Sent || s.state == StateAggressive1Sent)
	if !dev.FreshRetransmit && !resent {
		return ds
	}
	out := make([]Datagram, len(ds))
	for i, d := range ds {
		d.Data = append([]byte(nil), d.Data...)
		if resent {
			copy(d.Data[8:16], "resent!!")
		} else {
			d.Data[len(d.Data)-1] ^= 1
		}
		out[i] = d
	}
	return out
}

// tickFlight repeats the last message when its time has come, and gives up after the last try.
func (s *Session) tickFlight(f *flight) ([]Datagram, error) {
	if !f.waiting || s.now.Before(f.next) {
		return nil, nil
	}
	p := s.retransmit()
	if s.cfg.Deviations.NoRetransmit {
		p.Tries = 0
	}
	if f.tries >= p.Tries {
		f.waiting = false
		return nil, fmt.Errorf("%w after %d retransmissions", ErrTimeout, f.tries)
	}
	f.tries++
	f.interval = time.Duration(float64(f.interval) * p.Factor)
	f.next = s.now.Add(f.interval)
	s.record(Event{Kind: EventRetransmit, Detail: fmt.Sprintf("repetition %d of %d", f.tries, p.Tries)})
	return s.again(f.last), nil
}
