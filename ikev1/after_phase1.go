package ikev1

import (
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// alsoDone is phase1Done for an end whose last message of phase 1 is out.
func (s *Session) alsoDone(out []Datagram, o *opened) ([]Datagram, error) {
	more, err := s.phase1Done(o)
	return append(slices.Clip(out), more...), err
}

// phase1Done goes on to extended authentication where the method asks for it, and then to mode config.
func (s *Session) phase1Done(o *opened) ([]Datagram, error) {
	out, err := s.afterPhase1(o)
	if s.cfg.Deviations.ReplayMessageOne {
		out = append(slices.Clip(out), s.first...)
	}
	return out, err
}

func (s *Session) afterPhase1(o *opened) ([]Datagram, error) {
	s.noteStatus(o)
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

// noteStatus takes the status notifies that may come with the last message of phase 1. HASH_I, HASH_R and signatures do not
// cover them: in a message in clear, as those of aggressive mode may be, anybody can have put them there (RFC 2407 4.6.3).
func (s *Session) noteStatus(o *opened) {
	for _, p := range o.payloads {
		n, ok := p.(*wire.Notify)
		if !ok {
			continue
		}
		s.record(Event{Kind: EventNotifyReceived, Notify: n.MsgType, Protected: o.sealed})
		switch {
		case !o.sealed:
			s.record(Event{Kind: EventDropped, Detail: fmt.Sprintf("unprotected notify %v changes nothing", n.MsgType)})
		case n.MsgType == wire.NotifyInitialContact:
			s.record(Event{Kind: EventInitialContact, Protected: true})
		case n.MsgType == wire.NotifyResponderLifetime:
			s.life = s.life.shorter(lifePhase1.heard(n))
		}
	}
}
