package host

import (
	"fmt"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// session is an IKE session with the children that wait for it.
type session struct {
	*ikev1.Session
	pending []string // policies to negotiate once phase 1 is done
}

// maxHalfOpen bounds the half-open negotiations of a host. A new one takes the place of the
// oldest, so that a flood costs no more memory and a real peer still gets its turn.
const maxHalfOpen = 64

func (h *Host) established() *session {
	for i := len(h.sessions) - 1; i >= 0; i-- {
		if h.sessions[i].State() == ikev1.StateEstablished {
			return h.sessions[i]
		}
	}
	return nil
}

func (h *Host) handleIKE(now time.Time, d ikev1.Datagram) Output {
	s := h.sessionFor(now, d)
	if s == nil {
		return Output{}
	}
	ds, err := s.Handle(now, d)
	_ = h.failed(err)
	o := h.toWire(ds)
	if s.State() == ikev1.StateEstablished {
		for _, p := range s.pending {
			ds, err := s.StartQuick(now, p)
			_ = h.failed(err)
			o.add(h.toWire(ds))
		}
		s.pending = nil
	}
	h.sweep()
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
	half, oldest := 0, -1
	for k, s := range h.sessions {
		i, r := s.Cookies()
		if hd.CookieI == i && (hd.CookieR == r || hd.CookieR.IsZero() || r.IsZero()) {
			return s
		}
		if s.Role() == ikev1.Responder && s.State() < ikev1.StateEstablished {
			if half++; oldest < 0 {
				oldest = k
			}
		}
	}
	switch {
	case hd.Exchange != wire.ExchangeMain && hd.Exchange != wire.ExchangeAggressive || !hd.CookieR.IsZero():
		h.record(now, "dropped", fmt.Sprintf("%v message of no SA of ours", hd.Exchange))
		return nil
	case d.Remote.Addr() != h.cfg.IKE.Remote.Addr():
		h.record(now, "dropped", fmt.Sprintf("message 1 from %v, who is not our peer", d.Remote.Addr()))
		return nil
	case half >= maxHalfOpen:
		h.record(now, "dropped", fmt.Sprintf("the oldest of %d half-open negotiations gives way to a new one", half))
		h.sessions = append(h.sessions[:oldest], h.sessions[oldest+1:]...)
	}
	raw, err := ikev1.NewResponder(&h.ike)
	if err != nil {
		_ = h.failed(err)
		return nil
	}
	s := &session{Session: raw}
	h.sessions = append(h.sessions, s)
	return s
}

// sweep forgets sessions that are over; their children live on in the SAD only as long as the session does.
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
