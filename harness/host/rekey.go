package host

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/useipsec/useipsec/ikev1"
)

// An ISAKMP SA is replaced by a new phase 1 beside it. Once that is done the children belong to the new one, and the end
// that began it deletes the old one after the overlap. Where both ends do so at once there are two new ones, both usable.

// RekeyIKE negotiates an ISAKMP SA that takes the place of the one there is.
func (h *Host) RekeyIKE(now time.Time) (Output, error) {
	old := h.established()
	if old == nil {
		return Output{}, fmt.Errorf("harness/host: %s: rekey: %w", h.cfg.Name, ikev1.ErrNotReady)
	}
	return h.replace(now, old)
}

func (h *Host) replace(now time.Time, old *session) (Output, error) {
	old.renew = time.Time{}
	s, err := h.add(now, ikev1.Initiator, old)
	if err != nil {
		return Output{}, h.failed(err)
	}
	ds, err := s.Start(now)
	return h.toWire(ds), h.failed(err)
}

// replacing tells whether the replacement of a session is under way.
func (h *Host) replacing(old *session) bool {
	return slices.ContainsFunc(h.sessions, func(s *session) bool { return s.old == old && s.State() < ikev1.StateEstablished })
}

// succeed puts an ISAKMP SA that is now established in the place of the older ones with the same peer. What the peer
// does not know any more goes: those that stood before it began this one with INITIAL-CONTACT (RFC 2407 4.6.3.3).
func (h *Host) succeed(now time.Time, s *session) {
	s.since = now
	h.phases1++
	for _, o := range slices.Clone(h.sessions) {
		switch {
		case o == s || o.since.IsZero() || !samePeer(o, s):
		case s.first && o.since.Before(s.began):
			h.record(now, "initial-contact", "the peer knows nothing of what was before")
			o.Forget(now)
		default:
			s.Succeed(o.Session)
		}
	}
	if s.old != nil {
		s.old.retire = now.Add(overlap)
	}
}

// contact takes an INITIAL-CONTACT under an SA that stands.
func (h *Host) contact(now time.Time, s *session) {
	s.first = true
	if s.since.IsZero() {
		return // it is heeded when the peer has proved itself
	}
	for _, o := range slices.Clone(h.sessions) {
		if o != s && o.since.Before(s.began) && !o.since.IsZero() && samePeer(o, s) {
			o.Forget(now)
		}
	}
}

// samePeer tells whether two sessions are with the same identity, and the same user behind it.
func samePeer(a, b *session) bool {
	x, y := a.PeerID(), b.PeerID()
	return x.IDType == y.IDType && bytes.Equal(x.Data, y.Data) && a.User() == b.User()
}

// renewals does what is due about ISAKMP SAs: replacements that begin, and old ones that end.
func (h *Host) renewals(now time.Time) Output {
	var o Output
	for _, s := range slices.Clone(h.sessions) {
		if s.State() != ikev1.StateEstablished {
			continue
		}
		if due(s.renew, now) {
			more, _ := h.replace(now, s) // a failure is among the host's
			o.add(more)
		}
		if due(s.retire, now) {
			s.retire = time.Time{}
			ds, err := s.Delete(now)
			_ = h.failed(err)
			o.add(h.toWire(ds))
		}
	}
	return o
}

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }
