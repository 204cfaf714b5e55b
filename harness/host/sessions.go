package host

import (
	"fmt"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// session is an IKE session with what the host knows about it.
type session struct {
	*ikev1.Session
	cfg     ikev1.Config // the host's, with what is this session's own
	pending []string     // policies to negotiate once phase 1 is done
	ready   time.Time    // when to negotiate them, once it is
	began   time.Time    // when message 1 came or went
	since   time.Time    // when it was established, zero before
	first   bool         // the peer said INITIAL-CONTACT
	renew   time.Time    // when to replace it, zero while nothing asks for that
	old     *session     // that it is to replace
	retire  time.Time    // when to delete it, after it was replaced
}

// maxHalfOpen bounds the half-open negotiations of a host. A new one takes the place of the oldest that has not come
// back yet, so that a flood costs no more memory and a real peer still gets its turn.
const maxHalfOpen = 64

// overlap is how long an ISAKMP SA is kept beside the one that replaces it, and how long after a failure another is tried.
const overlap = 10 * time.Second

// settle is how long a last message of ours before quick mode gets to be taken. Its arrival shows in nothing, and a peer
// with several threads takes what comes together in any order: strongSwan ignores a quick mode that overtakes the end of
// aggressive mode, and forgets the ISAKMP SA over one that overtakes the end of XAUTH.
const settle = 50 * time.Millisecond

// add makes a session, of either role. One that is to replace another takes its way: behind a NAT there is no other.
func (h *Host) add(now time.Time, role ikev1.Role, old *session) (*session, error) {
	s := &session{cfg: h.cfg.IKE, began: now, old: old}
	if old != nil {
		s.cfg.Local, s.cfg.Remote = old.Path()
	}
	s.cfg.Deviations = h.cfg.Deviations.IKE
	s.cfg.Record = func(e ikev1.Event) { h.follow(s, e) }
	s.cfg.FirstContact = func() bool { return h.alone(s) }
	var err error
	if role == ikev1.Initiator {
		s.Session, err = ikev1.NewInitiator(&s.cfg)
	} else {
		s.Session, err = ikev1.NewResponder(&s.cfg)
	}
	if err != nil {
		return nil, err
	}
	h.sessions = append(h.sessions, s)
	return s, nil
}

// alone tells whether there is no other ISAKMP SA.
func (h *Host) alone(s *session) bool {
	for _, o := range h.sessions {
		if o != s && o.State() == ikev1.StateEstablished {
			return false
		}
	}
	return true
}

func (h *Host) established() *session {
	for i := len(h.sessions) - 1; i >= 0; i-- {
		if h.sessions[i].State() == ikev1.StateEstablished {
			return h.sessions[i]
		}
	}
	return nil
}

// handleIKE takes a message to its session, and begins what waited for it.
func (h *Host) handleIKE(now time.Time, d ikev1.Datagram) Output {
	s := h.sessionFor(now, d)
	if s == nil {
		return Output{}
	}
	ds, err := s.Handle(now, d)
	h.failedFor(s, err)
	o := h.toWire(ds)
	if s.State() == ikev1.StateEstablished && s.ready.IsZero() {
		s.ready = now
		// A client that asks for an address does so first of all.
		if m := h.cfg.IKE.ModeConfig; len(ds) > 0 || m.Lease != nil && !m.Push {
			s.ready = now.Add(settle)
		}
	}
	o.add(h.begin(now, s))
	h.sweep()
	return o
}

// begin begins what waited for phase 1.
func (h *Host) begin(now time.Time, s *session) Output {
	var o Output
	if s.ready.IsZero() || now.Before(s.ready) || s.State() != ikev1.StateEstablished {
		return o
	}
	for _, p := range s.pending {
		ds, err := s.StartQuick(now, p)
		_ = h.failed(err)
		o.add(h.toWire(ds))
	}
	s.pending = nil
	return o
}

// sessionFor finds the session a datagram belongs to, or makes one for a message 1.
func (h *Host) sessionFor(now time.Time, d ikev1.Datagram) *session {
	data := d.Data
	if d.Local.Port() == ikev1.PortNATT {
		data = data[4:]
	}
	hd, err := wire.ParseHeader(data)
	if err != nil {
		h.record(now, "dropped", err.Error())
		return nil
	}
	half, victim := 0, -1
	for k, s := range h.sessions {
		i, r := s.Cookies()
		if hd.CookieI == i && (hd.CookieR == r || hd.CookieR.IsZero() || r.IsZero()) {
			return s
		}
		if s.Role() != ikev1.Responder || s.State() >= ikev1.StateTransaction {
			continue
		}
		half++
		if victim < 0 || h.sessions[victim].State() > ikev1.StateMain2Sent && s.State() <= ikev1.StateMain2Sent {
			victim = k
		}
	}
	remote := h.cfg.IKE.Remote.Addr()
	switch {
	case hd.Exchange != wire.ExchangeMain && hd.Exchange != wire.ExchangeAggressive || !hd.CookieR.IsZero():
		h.record(now, "dropped", fmt.Sprintf("%v message of no SA of ours", hd.Exchange))
		return nil
	case d.Remote.Addr() != remote && !remote.IsUnspecified():
		h.record(now, "dropped", fmt.Sprintf("message 1 from %v, who is not our peer", d.Remote.Addr()))
		return nil
	case half >= maxHalfOpen:
		h.record(now, "dropped", fmt.Sprintf("one of %d half-open negotiations gives way to a new one", half))
		h.sessions = append(h.sessions[:victim], h.sessions[victim+1:]...)
	}
	s, err := h.add(now, ikev1.Responder, nil)
	if err != nil {
		h.record(now, "dropped", fmt.Sprintf("message 1, and this host cannot be responder: %v", err))
		return nil
	}
	return s
}

// sweep forgets sessions that are over; their children live on in the SAD only as long as a session has them.
func (h *Host) sweep() {
	live := h.sessions[:0]
	for _, s := range h.sessions {
		over := s.State() == ikev1.StateFailed || s.State() == ikev1.StateDeleted || s.State() == ikev1.StateNew
		if !over || len(s.Children()) > 0 {
			live = append(live, s)
		}
	}
	clear(h.sessions[len(live):])
	h.sessions = live
}
