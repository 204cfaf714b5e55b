package ikev1

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/binary"
	"slices"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// What the named faults do to headers, datagrams, attributes and identities stands here, where it would get in the way of
// the conformant code that calls it.

// deviateHeader is given every message before it is encoded. sealed tells whether it will be encrypted.
func (s *Session) deviateHeader(step Step, m *wire.Message, sealed bool) {
	d := &s.cfg.Deviations
	quick := step == Quick1 || step == Quick2 || step == Quick3
	phase1 := step <= Aggressive3
	later := step != Main1 && step != Main2 && step != Aggressive1 && step != Aggressive2
	if d.Version != 0 {
		m.Version = d.Version
	}
	if d.ReservedFlag {
		m.Flags |= 0x80
	}
	if sealed && d.ClearEncryptionFlag {
		m.Flags &^= wire.FlagEncryption
	}
	if phase1 && !sealed && d.SetEncryptionFlag {
		m.Flags |= wire.FlagEncryption
	}
	if phase1 && d.CommitPhase1 || quick && d.CommitPhase2 {
		m.Flags |= wire.FlagCommit
	}
	if quick && d.QuickExchange != 0 {
		m.Exchange = wire.ExchangeType(d.QuickExchange)
	}
	switch {
	case d.MessageOneCookie && (step == Main1 || step == Aggressive1):
		m.CookieR = wire.Cookie{1, 2, 3, 4, 5, 6, 7, 8}
	case d.ZeroInitiatorCookie && (step == Main1 || step == Aggressive1):
		m.CookieI = wire.Cookie{}
	case d.WrongCookie && later:
		m.CookieR[0] ^= 1
	case d.WrongInitiatorCookie && later:
		m.CookieI[0] ^= 1
	case d.ZeroCookie && (step == Main2 || step == Aggressive2):
		m.CookieR = wire.Cookie{}
	}
}

// deviateOctets is given every message as it is, before fragmentation and the non-ESP marker.
func (s *Session) deviateOctets(b []byte) []byte {
	d := &s.cfg.Deviations
	if d.LengthPlus != 0 || d.LengthMinus != 0 {
		n := binary.BigEndian.Uint32(b[24:]) + uint32(d.LengthPlus) - uint32(d.LengthMinus)
		binary.BigEndian.PutUint32(b[24:], n)
	}
	s.sent++
	if int(d.CorruptMessage) == s.sent {
		b[len(b)-1] ^= 1
	}
	return append(b, make([]byte, d.TrailingOctets)...)
}

// marked puts the non-ESP marker before a message where its port asks for one (RFC 3948 2.2).
func (s *Session) marked(b []byte) []byte {
	d := &s.cfg.Deviations
	natt := s.local.Port() != Port && s.local.Port() == s.nattPort()
	n := 0
	switch {
	case natt && d.DoubleMarker:
		n = 8
	case natt && !d.NoMarker, !natt && d.MarkerOn500:
		n = 4
	}
	return append(make([]byte, n, n+len(b)), b...)
}

// quickIV is the first IV of an exchange under the ISAKMP SA (RFC 2409 appendix B).
func (s *Session) quickIV(id uint32) []byte {
	if s.cfg.Deviations.WrongQuickIV {
		h := s.suite.Hash.Sum(s.iv, binary.BigEndian.AppendUint32(nil, id))
		return h[len(h)-keymat.BlockSize(s.suite.Cipher):]
	}
	return keymat.QuickIV(s.suite, s.iv, id)
}

// infoIV is the IV of an informational message that this end sends.
func (s *Session) infoIV(id uint32) []byte {
	if s.cfg.Deviations.WrongInfoIV {
		return s.iv
	}
	return keymat.QuickIV(s.suite, s.iv, id)
}

// deviateKa expands the cipher key wrongly, if it has to be expanded at all.
func (s *Session) deviateKa() {
	n := len(s.keys.Key)
	if !s.cfg.Deviations.WrongKa || len(s.keys.E) >= n {
		return
	}
	var key []byte
	for k := []byte{1}; len(key) < n; {
		k = keymat.PRF(s.suite.Hash, s.keys.E, k)
		key = append(key, k...)
	}
	s.keys.Key = key[:n]
}

// deviateKE changes the public value on its way out.
func (s *Session) deviateKE(gx []byte) []byte {
	switch d := &s.cfg.Deviations; {
	case d.ZeroKE:
		return make([]byte, len(gx))
	case d.ShortKE:
		return gx[1:]
	}
	return gx
}

// sign makes SIG_I or SIG_R. The hash in a signature with RSA may be made too long or too short.
func (s *Session) sign(key crypto.Signer, hash []byte) ([]byte, error) {
	d := &s.cfg.Deviations
	_, isRSA := key.Public().(*rsa.PublicKey)
	if d.LongSignedHash == 0 && d.ShortSignedHash == 0 || !isRSA {
		return pki.Sign(s.rand, key, s.cfg.Auth.Method, hash)
	}
	hash = append(bytes.Clone(hash), make([]byte, d.LongSignedHash)...)
	return key.Sign(s.rand, hash[:len(hash)-min(int(d.ShortSignedHash), len(hash))], crypto.Hash(0))
}

func (s *Session) deviateSignature(sig []byte) []byte {
	d := &s.cfg.Deviations
	sig = append(sig, make([]byte, d.LongSignature)...)
	return sig[:len(sig)-min(int(d.ShortSignature), len(sig))]
}

// hashedSA is SAi_b as it goes into HASH_I and HASH_R.
func (s *Session) hashedSA() []byte {
	if !s.cfg.Deviations.ReencodedSA {
		return s.saBody
	}
	n := len(s.saBody) + 4
	return append([]byte{0, 0, byte(n >> 8), byte(n)}, s.saBody...)
}

// deviateOffer changes the SA payload of message 1.
func (s *Session) deviateOffer(sa *wire.SA) {
	d := &s.cfg.Deviations
	if d.WrongDOI != 0 {
		sa.DOI = d.WrongDOI
	}
	if d.WrongSituation != 0 {
		sa.Situation = d.WrongSituation
	}
	for i := range sa.Proposals {
		p := &sa.Proposals[i]
		if d.ProposalSPI != 0 {
			p.SPI = bytes.Repeat([]byte{0xa5}, int(d.ProposalSPI))
		}
		for j := range p.Transforms {
			switch {
			case d.SameTransformNumbers:
				p.Transforms[j].Number = 1
			case d.ZeroTransformNumbers:
				p.Transforms[j].Number = uint8(j)
			}
		}
	}
}

// deviateAttributes changes the attributes of a phase 1 transform.
func (s *Session) deviateAttributes(as []wire.Attribute) []wire.Attribute {
	d := &s.cfg.Deviations
	var out []wire.Attribute
	for _, a := range as {
		switch {
		case a.Type == wire.P1Encryption && d.DuplicateAttribute, a.Type == wire.P1KeyLength && d.KeyLengthTwice:
			out = append(out, a)
		case a.Type == wire.P1KeyLength && d.KeyLengthZero:
			a = wire.TV(a.Type, 0)
		case a.Type == wire.P1KeyLength && d.KeyLengthFirst:
			out = slices.Insert(out, 0, a)
			continue
		case a.Type == wire.P1Group && d.VariableGroup:
			a = wire.TLV(a.Type, a.Value)
		case a.Type == wire.P1LifeType && d.KilobytesFirst:
			out = append(out, wire.TV(wire.P1LifeType, wire.LifeKilobytes), wire.TLV32(wire.P1LifeDuration, 1<<20))
		case a.Type == wire.P1LifeDuration && d.LifeTypeAlone:
			continue
		case a.Type == wire.P1LifeDuration && d.LifeSeconds != 0:
			a = number(a.Type, uint64(d.LifeSeconds))
		}
		if a.Type == wire.P1LifeDuration && d.LifeOctets != 0 {
			v, _ := a.Uint()
			b := binary.BigEndian.AppendUint64(make([]byte, 256), v)
			a = wire.TLV(a.Type, b[len(b)-int(d.LifeOctets):])
		}
		out = append(out, a)
	}
	if d.UnknownAttribute {
		out = append(out, wire.TV(32001, 1))
	}
	return out
}

// deviateChoice changes the transform that the responder returns in phase 1.
func (s *Session) deviateChoice(t *wire.Transform) {
	d := &s.cfg.Deviations
	if d.ChosenNumberZero {
		t.Number = 0
	}
	if d.ChangeAuth != 0 {
		t.Attributes = slices.Clone(t.Attributes)
		for i, a := range t.Attributes {
			if a.Type == wire.P1Auth {
				t.Attributes[i] = wire.TV(a.Type, d.ChangeAuth)
			}
		}
	}
}

// deviateQuickOffer changes the transforms of a quick mode offer.
func (s *Session) deviateQuickOffer(ts []wire.Transform, suites []esp.Suite) {
	d := &s.cfg.Deviations
	for i := range ts {
		var as []wire.Attribute
		for _, a := range ts[i].Attributes {
			if a.Type == wire.P2Group && d.GroupInFirstOnly && i > 0 || a.Type == wire.P2KeyLength && d.OmitESPKeyLength {
				continue
			}
			if a.Type == wire.P2Auth && d.EncryptionAuth {
				continue
			}
			as = append(as, a)
		}
		if d.EncryptionAuth {
			auth := wire.AuthHMACSHA1
			if _, _, own := suites[i].ToIKE(); own == auth {
				auth = wire.AuthHMACMD5
			}
			as = append(as, wire.TV(wire.P2Auth, auth))
		}
		ts[i].Attributes = as
	}
}

// deviateID changes the phase 1 identity.
func (s *Session) deviateID(id *wire.ID) {
	d := &s.cfg.Deviations
	if d.IDPort != 0 {
		id.Protocol, id.Port = 17, d.IDPort
	}
	if d.IDProtocol != 0 {
		id.Protocol, id.Port = d.IDProtocol, 22
	}
	if d.WrongID && len(id.Data) > 0 {
		id.Data = bytes.Clone(id.Data)
		id.Data[len(id.Data)-1] ^= 0x40
	}
	if d.AddressAsFQDN {
		id.IDType, id.Data = wire.IDFQDN, []byte(s.cfg.Local.Addr().String())
	}
	if d.IDTrailingNUL {
		id.Data = append(bytes.Clone(id.Data), 0)
	}
}

// deviateQuickIDs changes the identities of a quick mode message.
func (s *Session) deviateQuickIDs(ids ...wire.Payload) []wire.Payload {
	d := &s.cfg.Deviations
	if d.QuickFQDN {
		ci := *ids[0].(*wire.ID)
		ci.IDType, ci.Data = wire.IDFQDN, []byte("client.example.org")
		ids[0] = &ci
	}
	switch {
	case d.OmitQuickIDs:
		return nil
	case d.OneQuickID:
		return ids[:1]
	case d.ThreeQuickIDs:
		return append(ids, ids[1])
	case d.SwapQuickIDs:
		ids[0], ids[1] = ids[1], ids[0]
	}
	return ids
}

// deviateDelete gives the payloads of an informational message with a Delete.
func (s *Session) deviateDelete(p *wire.Delete, other uint32) []wire.Payload {
	d := &s.cfg.Deviations
	if d.DeleteBothSPIs && p.Protocol != wire.ProtoISAKMP {
		p.SPIs = append(p.SPIs, spiBytes(other))
	}
	if d.DeleteOtherCookies && p.Protocol == wire.ProtoISAKMP {
		p.SPIs[0][0] ^= 1
	}
	if d.DeleteProtocolZero {
		p.Protocol = 0
	}
	ps := []wire.Payload{p}
	if d.DeleteTwice {
		ps = append(ps, p)
	}
	if d.DeleteAndNotify {
		ps = append(ps, &wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: 40001, SPI: s.cookiePair()})
	}
	return ps
}

// deviateNATD changes the NAT-D payloads.
func (s *Session) deviateNATD(ps []wire.Payload) []wire.Payload {
	d := &s.cfg.Deviations
	for _, p := range ps {
		p.(*wire.NATD).Draft = p.(*wire.NATD).Draft || d.NATDDraftPayloads
	}
	if d.SwapNATD {
		ps[0], ps[1] = ps[1], ps[0]
	}
	if d.ExtraNATD {
		ps = append(ps, &wire.NATD{Draft: ps[0].(*wire.NATD).Draft, Data: s.suite.Hash.Sum([]byte("nowhere"))})
	}
	if d.OneNATD {
		ps = ps[:1]
	}
	return ps
}
