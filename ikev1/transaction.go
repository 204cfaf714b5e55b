package ikev1

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Transaction exchange (draft-dukes-ike-mode-cfg-02 3.1), under an ISAKMP SA. Either end begins it:
//
//	HDR*, HASH, ATTR(REQUEST)   -->
//	                            <--   HDR*, HASH, ATTR(REPLY)
//
//	HDR*, HASH, ATTR(SET)       -->
//	                            <--   HDR*, HASH, ATTR(ACK)
//
// HASH = prf(SKEYID_a, M-ID | ATTR). Extended authentication and mode config are made of it.

// transaction is one pair of messages, or several under one message ID.
type transaction struct {
	id         uint32
	iv         []byte
	identifier uint16
	wants      wire.CFGType // the answer that is waited for, 0 if none
	flight     flight
}

// stage is how far extended authentication and mode config have come.
type stage uint8

const (
	stageNone       stage = iota
	stageAsked            // server: name and password are asked for
	stageToldOK           // server: the client was told that it may go on
	stageToldFail         // server: … that it may not
	stageProving          // client: waits to be asked, or for the result
	stageConfigure        // client: asked for an address, or waits for one
	stagePushed           // server: the client was told its address
	stageConfigured       // nothing more to do
)

// maxTransactions bounds the transactions a Session remembers.
const maxTransactions = 16

func (s *Session) transaction(id uint32) *transaction {
	for _, t := range s.trans {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (s *Session) remembered(t *transaction) *transaction {
	if len(s.trans) == maxTransactions {
		s.seen.add(s.trans[0].id)
		s.trans = slices.Delete(s.trans, 0, 1)
	}
	s.trans = append(s.trans, t)
	return t
}

// client tells whether this is the end that is authenticated further, and that gets an address.
func (s *Session) client() bool {
	if c := xauthClient(s.cfg.Auth.Method); c != 0 {
		return c == s.role
	}
	return s.role == Initiator
}

// begin starts a transaction of ours.
func (s *Session) begin(step Step, kind wire.CFGType, as ...wire.Attribute) ([]Datagram, error) {
	id, err := s.messageID()
	if err != nil {
		return nil, err
	}
	b, err := s.random(2)
	if err != nil {
		return nil, err
	}
	t := s.remembered(&transaction{id: id, iv: s.quickIV(id), identifier: binary.BigEndian.Uint16(b)})
	out, err := s.sendAttributes(t, step, kind, as...)
	if err != nil {
		return nil, err
	}
	t.wants = kind + 1 // REPLY after REQUEST, ACK after SET
	if s.cfg.Deviations.DuplicateRequest {
		other := &transaction{id: id ^ 1, iv: s.quickIV(id ^ 1), identifier: t.identifier}
		more, err := s.sendAttributes(other, step, kind, as...)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return s.send(&t.flight, out, true), nil
}

func (s *Session) sendAttributes(t *transaction, step Step, kind wire.CFGType, as ...wire.Attribute) ([]Datagram, error) {
	if s.cfg.Deviations.WrongConfigType && (kind == wire.CFGReply || kind == wire.CFGAck) {
		kind--
	}
	out, iv, err := s.sealHashed(step, s.header(wire.ExchangeTransaction, t.id, 0), t.iv, func(rest []byte) []byte {
		return keymat.Hash1(s.suite.Hash, s.keys.A, t.id, rest)
	}, &wire.Attributes{MsgType: kind, Identifier: t.identifier, Attributes: as})
	t.iv = iv
	return out, err
}

// handleTransaction takes a new transaction message to what it is about.
func (s *Session) handleTransaction(d Datagram, m *wire.Message, digest [32]byte) ([]Datagram, error) {
	if !s.authenticated() || m.Flags&wire.FlagEncryption == 0 {
		return s.drop("transaction message in state %v, or without encryption", s.state)
	}
	t := s.transaction(m.MessageID)
	if t == nil && s.seen.has(m.MessageID) {
		return s.drop("transaction %#08x is long over", m.MessageID)
	}
	if t == nil {
		t = &transaction{id: m.MessageID, iv: s.quickIV(m.MessageID)}
	}
	o, err := s.open(m, t.iv)
	if err != nil {
		return s.drop("%v", err)
	}
	hash, raw := get[*wire.Hash](o.payloads, o.bodies)
	attr, araw := get[*wire.Attributes](o.payloads, o.bodies)
	if raw == nil || araw == nil || len(o.plain) < 4+len(raw) {
		return s.drop("transaction message without hash or attributes")
	}
	if want := keymat.Hash1(s.suite.Hash, s.keys.A, m.MessageID, o.plain[4+len(raw):]); !bytes.Equal(want, hash.Data) {
		return s.drop("the hash of a transaction message is wrong")
	}
	if s.replayed(hash.Data) {
		return s.drop("transaction message %#08x was handled before", m.MessageID)
	}
	if s.transaction(t.id) == nil {
		s.remembered(t)
	}
	s.heard()
	s.remap(d)
	t.iv = o.iv
	answer := attr.MsgType == wire.CFGReply || attr.MsgType == wire.CFGAck
	if answer && attr.MsgType != t.wants {
		return s.drop("%v was not asked for", attr.MsgType)
	}
	if answer {
		t.wants, t.flight.waiting = 0, false
	} else {
		t.identifier = attr.Identifier
	}
	var out, next []Datagram
	if s.cfg.Deviations.ContactInXAUTH && s.stage == stageProving && attr.MsgType == wire.CFGRequest {
		if next, err = s.sendInfo(s.initialContact()); err != nil {
			return nil, err
		}
	}
	switch attr.MsgType {
	case wire.CFGRequest:
		out, err = s.recvRequest(t, attr)
	case wire.CFGReply:
		next, err = s.recvReply(attr)
	case wire.CFGSet:
		out, next, err = s.recvSet(t, attr)
	case wire.CFGAck:
		next, err = s.recvAck()
	default:
		return s.drop("transaction message of type %v", attr.MsgType)
	}
	t.flight.accept(digest, out)
	out = append(slices.Clip(out), next...)
	if err != nil && s.state != StateFailed {
		more, derr := s.deleteFailed()
		return append(out, more...), errors.Join(s.fail(err), derr)
	}
	return out, err
}

// deleteFailed tells the peer that the ISAKMP SA is no more, because what had to follow phase 1 failed.
func (s *Session) deleteFailed() ([]Datagram, error) {
	return s.deleteISAKMP()
}

// recvRequest answers what the peer asks: who we are, or which address it gets.
func (s *Session) recvRequest(t *transaction, attr *wire.Attributes) ([]Datagram, error) {
	as, err := s.answerXAUTH(attr)
	switch {
	case err != nil && s.state == StateEstablished:
		return s.drop("%v", err)
	case err != nil:
		return nil, err
	}
	if as == nil {
		if s.stage == stageToldOK || s.stage == stagePushed { // it goes on, so it knows, or asks what it is being told
			s.stopTransactions()
			s.enter(StateEstablished)
			s.stage = stageNone
		}
		if s.state != StateEstablished {
			return s.drop("configuration is asked for before the client has proved itself")
		}
		as = s.giveLease(attr)
	}
	return s.sendAttributes(t, ConfigReply, wire.CFGReply, as...)
}

func (s *Session) stopTransactions() {
	for _, t := range s.trans {
		t.flight.waiting = false
	}
}

// recvReply takes the answer to our question.
func (s *Session) recvReply(attr *wire.Attributes) ([]Datagram, error) {
	switch s.stage {
	case stageAsked:
		return s.judgeXAUTH(attr)
	case stageConfigure:
		s.takeLease(attr)
		return s.finish()
	}
	return s.drop("a reply that changes nothing")
}

// recvSet takes what the peer tells: the result of XAUTH, or our address.
func (s *Session) recvSet(t *transaction, attr *wire.Attributes) (out, next []Datagram, err error) {
	status, isXAUTH := attribute(attr, wire.CFGXAUTHStatus)
	if isXAUTH {
		ack := wire.TV(wire.CFGXAUTHStatus, 0)
		if out, err = s.sendAttributes(t, ConfigAck, wire.CFGAck, ack); err != nil {
			return nil, nil, err
		}
		v, _ := status.Uint()
		next, err = s.recvXAUTHStatus(v == 1)
		return out, next, err
	}
	if !s.client() || s.state == StateTransaction && s.stage != stageConfigure {
		out, err = s.drop("configuration that was not expected")
		return out, nil, err
	}
	s.takeLease(attr)
	names := make([]wire.Attribute, len(attr.Attributes))
	for i, a := range attr.Attributes {
		names[i] = wire.TLV(a.Type, nil) // what was taken, without values (draft-dukes-ike-mode-cfg-02 3.3)
	}
	if out, err = s.sendAttributes(t, ConfigAck, wire.CFGAck, names...); err != nil {
		return nil, nil, err
	}
	if s.state == StateTransaction {
		next, err = s.finish()
	}
	return out, next, err
}

// recvAck goes on after the peer has taken what it was told.
func (s *Session) recvAck() ([]Datagram, error) {
	switch s.stage {
	case stageToldOK:
		return s.configure()
	case stageToldFail:
		return nil, fmt.Errorf("XAUTH: %w: the name or the password is wrong", ErrRefused)
	case stagePushed:
		return s.finish()
	}
	return nil, nil
}

// tickTransactions repeats what is not answered.
func (s *Session) tickTransactions() (out []Datagram, err error) {
	for _, t := range s.trans {
		more, terr := s.tickFlight(&t.flight)
		out = append(out, more...)
		if terr != nil && s.state == StateTransaction {
			err = errors.Join(err, s.fail(terr))
		}
	}
	return out, err
}

func attribute(attr *wire.Attributes, t wire.AttributeType) (wire.Attribute, bool) {
	for _, a := range attr.Attributes {
		if a.Type == t {
			return a, true
		}
	}
	return wire.Attribute{}, false
}
