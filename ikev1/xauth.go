package ikev1

import (
	"bytes"
	"fmt"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Extended authentication (draft-beaulieu-ike-xauth-02 5), after phase 1 with a method that asks for it:
//
//	Server                                       Client
//	------                                       ------
//	REQUEST(USER_NAME="", USER_PASSWORD="")  -->
//	                                         <-- REPLY(USER_NAME, USER_PASSWORD)
//	SET(STATUS)                              -->
//	                                         <-- ACK(STATUS)

// XAUTH is what extended authentication needs. Auth.Method says whether there is any, and which end is the client.
type XAUTH struct {
	User     string // as client
	Password []byte
	// Verify decides as server; nil refuses everybody.
	Verify  func(user string, password []byte) bool
	Message string // what the client is told with the question
}

// askXAUTH asks the client for its name and password.
func (s *Session) askXAUTH() ([]Datagram, error) {
	as := []wire.Attribute{wire.TV(wire.CFGXAUTHType, 0), wire.TLV(wire.CFGXAUTHUserName, nil), wire.TLV(wire.CFGXAUTHUserPassword, nil)}
	if m := s.cfg.XAUTH.Message; m != "" {
		as = append(as, wire.TLV(wire.CFGXAUTHMessage, []byte(m)))
	}
	s.stage = stageAsked
	return s.begin(ConfigRequest, wire.CFGRequest, as...)
}

// answerXAUTH gives what the server asks for, nil if it asks for something else.
func (s *Session) answerXAUTH(attr *wire.Attributes) ([]wire.Attribute, error) {
	var as []wire.Attribute
	for _, a := range attr.Attributes {
		switch a.Type {
		case wire.CFGXAUTHType:
			if v, ok := a.Uint(); !ok || v != 0 {
				return nil, fmt.Errorf("XAUTH: %w: type %d is not generic", ErrRefused, v)
			}
			as = append(as, wire.TV(wire.CFGXAUTHType, 0))
		case wire.CFGXAUTHUserName:
			as = append(as, wire.TLV(a.Type, s.userName()))
		case wire.CFGXAUTHUserPassword, wire.CFGXAUTHPasscode:
			as = append(as, wire.TLV(a.Type, s.password()))
		}
	}
	if as != nil && (!s.client() || s.stage != stageProving) {
		return nil, fmt.Errorf("XAUTH: %w: this end is asked who it is, and has nothing to prove", ErrRefused)
	}
	return as, nil
}

func (s *Session) userName() []byte {
	b := []byte(s.cfg.XAUTH.User)
	if s.cfg.Deviations.UserCut {
		b = b[:max(len(b)-1, 0)]
	}
	return b
}

func (s *Session) password() []byte {
	b := bytes.Clone(s.cfg.XAUTH.Password)
	if s.cfg.Deviations.PasswordNUL {
		b = append(b, 0)
	}
	return b
}

// judgeXAUTH decides about the client, and tells it.
func (s *Session) judgeXAUTH(attr *wire.Attributes) ([]Datagram, error) {
	user, _ := attribute(attr, wire.CFGXAUTHUserName)
	password, _ := attribute(attr, wire.CFGXAUTHUserPassword)
	good := s.cfg.XAUTH.Verify != nil && s.cfg.XAUTH.Verify(string(user.Value), password.Value)
	s.stage = stageToldFail
	var status uint16
	if good {
		s.stage, s.user, status = stageToldOK, string(user.Value), 1
	}
	s.record(Event{Kind: EventXAUTH, Detail: fmt.Sprintf("user %q: %s", user.Value, map[bool]string{true: "accepted", false: "refused"}[good])})
	return s.begin(ConfigSet, wire.CFGSet, wire.TV(wire.CFGXAUTHStatus, status))
}

// recvXAUTHStatus is the client's end of it.
func (s *Session) recvXAUTHStatus(ok bool) ([]Datagram, error) {
	switch {
	case s.stage != stageProving || !s.client():
		return s.drop("XAUTH status that was not expected")
	case !ok:
		s.record(Event{Kind: EventXAUTH, Detail: "refused"})
		return nil, fmt.Errorf("XAUTH: %w", ErrRefused)
	}
	s.record(Event{Kind: EventXAUTH, Detail: "accepted"})
	return s.configure()
}

// User is who authenticated by XAUTH, as server; empty if nobody did.
func (s *Session) User() string { return s.user }
