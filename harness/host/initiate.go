package host

import (
	"fmt"
	"time"

	"github.com/useipsec/useipsec/ikev1"
)

// Initiate negotiates a child for the policy, and before that, where there is none, an ISAKMP SA.
func (h *Host) Initiate(now time.Time, policy string) (Output, error) {
	if s := h.established(); s != nil {
		ds, err := s.StartQuick(now, policy)
		return h.toWire(ds), h.failed(err)
	}
	for _, s := range h.sessions {
		if s.Role() == ikev1.Initiator && s.State() < ikev1.StateEstablished {
			s.want(policy)
			return Output{}, nil
		}
	}
	s, err := h.add(now, ikev1.Initiator, nil)
	if err != nil {
		return Output{}, h.failed(err)
	}
	s.want(policy)
	ds, err := s.Start(now)
	return h.toWire(ds), h.failed(err)
}

func (s *session) want(policy string) {
	for _, p := range s.pending {
		if p == policy {
			return
		}
	}
	s.pending = append(s.pending, policy)
}

// DeleteChild deletes the newest child of the policy and tells the peer.
func (h *Host) DeleteChild(now time.Time, policy string) (Output, error) {
	for i := len(h.sessions) - 1; i >= 0; i-- {
		kids := h.sessions[i].Children()
		for j := len(kids) - 1; j >= 0; j-- {
			if kids[j].Policy == policy {
				ds, err := h.sessions[i].DeleteChild(now, kids[j].SPIIn)
				return h.toWire(ds), err
			}
		}
	}
	return Output{}, fmt.Errorf("harness/host: %s has no child of policy %q: %w", h.cfg.Name, policy, ikev1.ErrUnknownName)
}

// DeleteIKE deletes the ISAKMP SA and tells the peer.
func (h *Host) DeleteIKE(now time.Time) (Output, error) {
	s := h.established()
	if s == nil {
		return Output{}, fmt.Errorf("harness/host: %s: %w", h.cfg.Name, ikev1.ErrNotReady)
	}
	ds, err := s.Delete(now)
	return h.toWire(ds), err
}
