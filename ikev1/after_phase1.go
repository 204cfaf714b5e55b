package ikev1

import (
	"slices"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// alsoDone is phase1Done for an end whose last message of phase 1 is out.
func (s *Session) alsoDone(out []Datagram, ps []wire.Payload) ([]Datagram, error) {
	more, err := s.phase1Done(ps)
	return append(slices.Clip(out), more...), err
}

// phase1Done goes on to extended authentication where the method asks for it, and then to mode config.
func (s *Session) phase1Done(ps []wire.Payload) ([]Datagram, error) {
	out, err := s.afterPhase1(ps)
	if s.cfg.Deviations.ReplayMessageOne {
		out = append(slices.Clip(out), s.first...)
	}
	return out, err
}

func (s *Session) afterPhase1(ps []wire.Payload) ([]Datagram, error) {
	s.noteStatus(ps)
	s.giveUp = s.now.Add(halfOpenTime)
	switch xauthClient(s.cfg.Auth.Method) {
	case 0:
		return s.configure()
	case s.role:
		s.stage = stageProving
		s.enter(StateTransaction)
		return nil, nil
	}
	s.enter(StateTransaction)
	return s.askXAUTH()
}

// noteStatus takes the status notifies that may come with the last message of phase 1.
func (s *Session) noteStatus(ps []wire.Payload) {
	for _, p := range ps {
		n, ok := p.(*wire.Notify)
		if !ok {
			continue
		}
		s.record(Event{Kind: EventNotifyReceived, Notify: n.MsgType, Protected: true})
		switch n.MsgType {
		case wire.NotifyInitialContact:
			s.record(Event{Kind: EventInitialContact, Protected: true})
		case wire.NotifyResponderLifetime:
			s.life = s.life.shorter(lifePhase1.heard(n))
		}
	}
}
