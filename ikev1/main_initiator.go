package ikev1

import (
	"bytes"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Main mode (RFC 2409 5), here with a pre-shared key (5.4), the initiator's side:
//
//	Initiator                        Responder
//	----------                       -----------
//	HDR, SA                   -->
//	                          <--    HDR, SA
//	HDR, KE, Ni               -->
//	                          <--    HDR, KE, Nr
//	HDR*, IDii, HASH_I        -->
//	                          <--    HDR*, IDir, HASH_R
//
// With NAT traversal (RFC 3947) messages 1 and 2 carry its vendor ID, 3 and 4 NAT-D payloads,
// and 5 and 6 travel on port 4500 when there is a NAT.

func (s *Session) mainHeader() wire.Header {
	return s.header(wire.ExchangeMain, s.cfg.Deviations.Phase1MessageID, 0)
}

func (s *Session) sendMain1() ([]Datagram, error) {
	s.offer = s.phase1Offer()
	var err error
	if s.saBody, err = body(s.offer); err != nil {
		return nil, s.fail(err)
	}
	out, err := s.clear(Main1, s.mainHeader(), append([]wire.Payload{s.offer}, s.vendorIDs()...)...)
	if err != nil {
		return nil, s.fail(err)
	}
	s.enter(StateMain1Sent)
	s.first = out
	return s.send(&s.flight, out, true), nil
}

// recvChoice reads the responder's choice.
func (s *Session) recvChoice(m *wire.Message) error {
	sa, raw := get[*wire.SA](m.Payloads, m.Bodies)
	if raw == nil {
		return refuse(wire.NotifyPayloadMalformed, "message 2 has no SA payload")
	}
	p, t, err := s.checkChosen(s.offer, sa, wire.P1LifeDuration)
	if err != nil && (s.tolerate(err) != nil || len(p.Transforms) == 0) {
		return err
	}
	suite, _, err := phase1Suite(t)
	if err != nil {
		return refuse(wire.NotifyBadProposalSyntax, "message 2: %v", err)
	}
	s.suite = s.configured(suite)
	s.cookieR = m.CookieR
	s.noteVendorIDs(m.Payloads)
	s.noteRequests(m.Payloads)
	return nil
}

// recvMain2 reads the responder's choice and sends KE and Ni.
func (s *Session) recvMain2(m *wire.Message) ([]Datagram, error) {
	if err := s.recvChoice(m); err != nil {
		return nil, err
	}
	if err := s.makeKE(&s.gxi, &s.ni); err != nil {
		return nil, err
	}
	out, err := s.sendKE(Main3, s.gxi, s.ni)
	if err != nil {
		return nil, err
	}
	s.enter(StateMain3Sent)
	return s.send(&s.flight, out, true), nil
}

// makeKE draws the private exponent and the nonce.
func (s *Session) makeKE(gx, nonce *[]byte) (err error) {
	if s.dh, err = s.suite.Group.Generate(s.rand); err != nil {
		return err
	}
	*gx = s.deviateKE(s.dh.Public())
	n := 32
	if s.cfg.Deviations.ShortNonce {
		n = 7
	}
	*nonce, err = s.random(n)
	return err
}

// sendKE is message 3 or 4.
func (s *Session) sendKE(step Step, gx, nonce []byte) ([]Datagram, error) {
	ps, err := s.noncePayloads(sideOf(s.role), gx, nonce)
	if err != nil {
		return nil, err
	}
	if s.role == Initiator {
		ps = append(s.certHash(), ps...)
	}
	ps = append(ps, s.certRequests()...)
	out, err := s.clear(step, s.mainHeader(), append(ps, s.natDs()...)...)
	if err == nil && s.cfg.Deviations.SendTwice {
		out = append(out, s.again(out)...)
	}
	return out, err
}

func (s *Session) noncePayload(nonce []byte) wire.Payload {
	if s.cfg.Deviations.ReservedNotZero {
		return &wire.Raw{PT: wire.PayloadNonce, Reserved: 1, Body: nonce}
	}
	return &wire.Nonce{Data: nonce}
}

// readKE takes the peer's KE and nonce and derives the keys.
func (s *Session) readKE(m *wire.Message, gx, nonce *[]byte) error {
	ke, raw := get[*wire.KE](m.Payloads, m.Bodies)
	if raw == nil {
		return refuse(wire.NotifyPayloadMalformed, "no KE payload")
	}
	no, noRaw := get[*wire.Nonce](m.Payloads, m.Bodies)
	switch {
	case no != nil:
		noRaw = no.Data
	case s.cfg.Tolerant: // a nonce with a reserved octet that is not 0
		noRaw = rawBody(m, wire.PayloadNonce)
	}
	if noRaw == nil {
		return refuse(wire.NotifyPayloadMalformed, "no nonce payload")
	}
	if err := checkNonce(noRaw); err != nil && s.tolerate(err) != nil {
		return err
	}
	*gx, *nonce = bytes.Clone(ke.Data), bytes.Clone(noRaw)
	return nil
}

func checkNonce(b []byte) error {
	if n := len(b); n < 8 || n > 256 {
		return refuse(wire.NotifyPayloadMalformed, "nonce of %d octets, 8 to 256 allowed (RFC 2409 5)", n)
	}
	return nil
}

// rawBody is the body of a payload that was kept raw.
func rawBody(m *wire.Message, t wire.PayloadType) []byte {
	for _, p := range m.Payloads {
		if r, ok := p.(*wire.Raw); ok && r.PT == t {
			return r.Body
		}
	}
	return nil
}

// recvMain4 reads KE and Nr, and proves itself.
func (s *Session) recvMain4(d Datagram, m *wire.Message) ([]Datagram, error) {
	if err := s.decryptPayloads(1, m); err != nil {
		return nil, err
	}
	if err := s.readKE(m, &s.gxr, &s.nr); err != nil {
		return nil, err
	}
	if err := s.derive(s.gxr); err != nil {
		return nil, err
	}
	s.detectNAT(d, m.Payloads)
	s.float()
	s.noteRequests(m.Payloads)
	ps, err := s.proof(0)
	if err != nil {
		return nil, err
	}
	ps = append(ps, s.contact()...)
	out, iv, err := s.sealMain(Main5, s.iv, ps...)
	if err != nil {
		return nil, err
	}
	s.iv = iv
	s.enter(StateMain5Sent)
	return s.send(&s.flight, out, true), nil
}

// sealMain is message 5 or 6: everything in it is encrypted.
func (s *Session) sealMain(step Step, iv []byte, ps ...wire.Payload) ([]Datagram, []byte, error) {
	if s.cfg.Deviations.ClearIdentity {
		out, err := s.clear(step, s.mainHeader(), ps...)
		return out, iv, err
	}
	return s.seal(step, s.mainHeader(), iv, ps...)
}

// recvMain6 checks who the responder is. Then phase 1 is done.
func (s *Session) recvMain6(m *wire.Message) ([]Datagram, error) {
	o, err := s.openPhase1(m)
	if err != nil {
		return nil, err
	}
	if err := s.verify(1, o); err != nil {
		return nil, err
	}
	s.iv = o.iv
	s.flight.waiting = false
	return s.phase1Done(o)
}

// contact is INITIAL-CONTACT, where this is the only SA with the peer.
func (s *Session) contact() []wire.Payload {
	if s.cfg.NoInitialContact || s.cfg.FirstContact != nil && !s.cfg.FirstContact() {
		return nil
	}
	return []wire.Payload{s.initialContact()}
}

// initialContact tells the peer that this is the only SA we have with it (RFC 2407 4.6.3.3).
func (s *Session) initialContact() wire.Payload {
	if s.cfg.Deviations.ContactNoSPI {
		return &wire.Notify{DOI: 1, MsgType: wire.NotifyInitialContact}
	}
	return &wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyInitialContact, SPI: s.cookiePair()}
}
