package ikev1_test

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// change is what becomes of a message before it is encrypted and sent, and how the other end takes it.
type change struct {
	name   string
	step   ikev1.Step
	edit   func(i, r *ikev1.Config)
	do     func(m *wire.Message)
	notify wire.NotifyType // the refusal; 0 if it goes on
	same   bool            // SAi_b is what the initiator knows
}

// check runs main mode and a quick mode with the change.
func (c change) check(t *testing.T) {
	t.Run(c.name, func(t *testing.T) {
		done := false
		var ni []byte
		var p *pair
		p = newPair(t, func(i, r *ikev1.Config) {
			if c.edit != nil {
				c.edit(i, r)
			}
			alter := func(s ikev1.Step, m *wire.Message) {
				if s == ikev1.Quick1 {
					payload(func(n *wire.Nonce) { ni = n.Data })(m)
				}
				if s == c.step && !done {
					done = true
					c.do(m)
					if m.Exchange == wire.ExchangeQuick {
						rehash(t, m, p.i.find(ikev1.EventKeys).Keys.A, s, ni)
					}
				}
			}
			i.Deviations.EditMessage, r.Deviations.EditMessage = alter, alter
		}).start()
		p.wait()
		if p.i.State() == ikev1.StateEstablished {
			p.quick()
			p.wait()
		}
		if !done {
			t.Fatal("there was no such message")
		}
		victim := p.r
		if c.step == ikev1.Main2 || c.step == ikev1.Main4 || c.step == ikev1.Quick2 {
			victim = p.i
		}
		sent := victim.find(ikev1.EventNotifySent)
		switch {
		case c.notify == 0 && (len(p.i.Children()) != 1 || len(p.r.Children()) != 1):
			t.Errorf("it did not go on: %v %v", p.i.errs, p.r.errs)
		case c.notify == 0:
			p.mirror()
		case sent == nil || sent.Notify != c.notify:
			t.Errorf("notify %+v, want %v; %v", sent, c.notify, victim.errs)
		case len(victim.Children()) != 0:
			t.Error("a child all the same")
		}
	})
}

// rehash makes HASH(1) or HASH(2) of a changed message right.
func rehash(t *testing.T, m *wire.Message, a []byte, s ikev1.Step, ni []byte) {
	t.Helper()
	rest, err := wire.AppendPayloads(nil, m.Payloads[1:])
	if err != nil {
		t.Fatal(err)
	}
	hash := keymat.Hash1(keymat.SHA1, a, m.MessageID, rest)
	if s == ikev1.Quick2 {
		hash = keymat.Hash2(keymat.SHA1, a, m.MessageID, ni, rest)
	}
	m.Payloads = append([]wire.Payload{&wire.Hash{Data: hash}}, m.Payloads[1:]...)
}

// transforms changes the transforms of an SA payload.
func transforms(f func(ts []wire.Transform) []wire.Transform) func(m *wire.Message) {
	return func(m *wire.Message) {
		for _, p := range m.Payloads {
			if sa, ok := p.(*wire.SA); ok {
				sa.Proposals = slices.Clone(sa.Proposals)
				sa.Proposals[0].Transforms = f(slices.Clone(sa.Proposals[0].Transforms))
			}
		}
	}
}

// attributes changes the attributes of every transform.
func attributes(f func(as []wire.Attribute) []wire.Attribute) func(m *wire.Message) {
	return transforms(func(ts []wire.Transform) []wire.Transform {
		for i := range ts {
			ts[i].Attributes = f(slices.Clone(ts[i].Attributes))
		}
		return ts
	})
}

// set replaces an attribute, or adds it.
func set(a wire.Attribute) func(as []wire.Attribute) []wire.Attribute {
	return func(as []wire.Attribute) []wire.Attribute {
		if i := slices.IndexFunc(as, func(x wire.Attribute) bool { return x.Type == a.Type }); i >= 0 {
			as[i] = a
			return as
		}
		return append(as, a)
	}
}

func without(t wire.AttributeType) func(as []wire.Attribute) []wire.Attribute {
	return func(as []wire.Attribute) []wire.Attribute {
		return slices.DeleteFunc(as, func(a wire.Attribute) bool { return a.Type == t })
	}
}

func payload[P wire.Payload](f func(p P)) func(m *wire.Message) {
	return func(m *wire.Message) {
		for _, p := range m.Payloads {
			if q, ok := p.(P); ok {
				f(q)
			}
		}
	}
}

// TestOffers: what a responder makes of an offer in phase 1 (RFC 2408 3.5, 3.6, RFC 2409 5 and appendix A, RFC 2407 4.5).
func TestOffers(t *testing.T) {
	forty := transforms(func(ts []wire.Transform) []wire.Transform {
		for n := range 40 {
			other := ts[0]
			other.Attributes = set(wire.TV(wire.P1KeyLength, 256))(slices.Clone(other.Attributes))
			other.Number = uint8(n + 1)
			ts = append([]wire.Transform{other}, ts...)
		}
		ts[40].Number = 41
		return ts
	})
	for _, c := range []change{
		{name: "attributes in another order", do: attributes(func(as []wire.Attribute) []wire.Attribute {
			slices.SortFunc(as[:5], func(a, b wire.Attribute) int { return int(b.Type) - int(a.Type) })
			return as
		})},
		{name: "lifetime of 2 octets", do: attributes(set(wire.TLV(wire.P1LifeDuration, []byte{0x0e, 0x10})))},
		{name: "lifetime of 8 octets", do: attributes(set(wire.TLV(wire.P1LifeDuration, []byte{0, 0, 0, 0, 0, 1, 0x51, 0x80})))},
		{name: "lifetime as TV", same: true, do: attributes(set(wire.TV(wire.P1LifeDuration, 28800)))},
		{name: "lifetime 2147483", do: attributes(set(wire.TLV32(wire.P1LifeDuration, 2147483)))},
		{name: "lifetime 0", do: attributes(set(wire.TV(wire.P1LifeDuration, 0)))},
		{name: "lifetime of 9 octets", do: attributes(set(wire.TLV(wire.P1LifeDuration, bytes.Repeat([]byte{9}, 9))))},
		{name: "no lifetime", do: attributes(func(as []wire.Attribute) []wire.Attribute {
			return without(wire.P1LifeDuration)(without(wire.P1LifeType)(as))
		})},
		{name: "group as TLV", do: attributes(set(wire.TLV(wire.P1Group, []byte{0, 2})))},
		{name: "unknown attribute in one transform", do: transforms(func(ts []wire.Transform) []wire.Transform {
			odd := ts[0]
			odd.Attributes = append(slices.Clone(odd.Attributes), wire.TV(32001, 1))
			ts[0].Number = 2
			return []wire.Transform{odd, ts[0]}
		})},
		{name: "unknown attribute everywhere", do: attributes(set(wire.TV(32001, 1))), notify: wire.NotifyNoProposalChosen},
		{name: "attribute twice", do: attributes(func(as []wire.Attribute) []wire.Attribute { return append(as, as[0]) }), notify: wire.NotifyNoProposalChosen},
		{name: "no key length", do: attributes(without(wire.P1KeyLength)), notify: wire.NotifyNoProposalChosen},
		{name: "key length 0", do: attributes(set(wire.TV(wire.P1KeyLength, 0))), notify: wire.NotifyNoProposalChosen},
		{name: "key length 129", do: attributes(set(wire.TV(wire.P1KeyLength, 129))), notify: wire.NotifyNoProposalChosen},
		{name: "key length of 8 octets", do: attributes(set(wire.TLV(wire.P1KeyLength, bytes.Repeat([]byte{1}, 8)))), notify: wire.NotifyNoProposalChosen},
		{name: "40 transforms and then the right one", do: forty},
		{name: "numbers that fall", do: transforms(func(ts []wire.Transform) []wire.Transform {
			ts[0].Number = 200
			return append(ts, wire.Transform{Number: 1, ID: wire.KeyIKE, Attributes: ts[0].Attributes})
		})},
		{name: "another transform ID", do: transforms(func(ts []wire.Transform) []wire.Transform {
			ts[0].ID = 2
			return ts
		}), notify: wire.NotifyNoProposalChosen},
		{name: "an SPI of 8 octets", do: payload(func(sa *wire.SA) { sa.Proposals[0].SPI = []byte("12345678") })},
		{name: "an SPI of 16 octets", do: payload(func(sa *wire.SA) { sa.Proposals[0].SPI = []byte("1234567812345678") })},
		{name: "DOI 0", do: payload(func(sa *wire.SA) { sa.DOI = 0 }), notify: wire.NotifyDOINotSupported},
		{name: "situation 4", do: payload(func(sa *wire.SA) { sa.Situation = 4 }), notify: wire.NotifySituationNotSupported},
		{name: "protocol ESP", do: payload(func(sa *wire.SA) { sa.Proposals[0].Protocol = wire.ProtoESP }), notify: wire.NotifyInvalidProtocolID},
		{name: "two proposals", do: payload(func(sa *wire.SA) { sa.Proposals = append(sa.Proposals, sa.Proposals[0]) }), notify: wire.NotifyBadProposalSyntax},
		{name: "no SA", do: func(m *wire.Message) { m.Payloads = []wire.Payload{&wire.VendorID{Data: []byte("only me")}} }, notify: wire.NotifyPayloadMalformed},
		{name: "20 vendor IDs", same: true, do: func(m *wire.Message) {
			for n := range 20 {
				m.Payloads = append(m.Payloads, &wire.VendorID{Data: bytes.Repeat([]byte{byte(n)}, n+1)})
			}
		}},
		{name: "two SAs", do: func(m *wire.Message) { m.Payloads = append(m.Payloads, m.Payloads[0]) }, notify: wire.NotifyPayloadMalformed},
		{name: "SA after a vendor ID", do: func(m *wire.Message) {
			m.Payloads[0], m.Payloads[1] = m.Payloads[1], m.Payloads[0]
		}, notify: wire.NotifyPayloadMalformed},
		{name: "a cipher beyond 16 bits", do: attributes(set(wire.TLV32(wire.P1Encryption, 0x10000+uint32(keymat.AESCBC)))), notify: wire.NotifyNoProposalChosen},
		{name: "key length 0 of a cipher that has none", edit: func(i, r *ikev1.Config) {
			i.Proposals = []keymat.Suite{{Cipher: keymat.TripleDESCBC, Hash: keymat.SHA1, Group: keymat.MODP1024}}
			r.Proposals = i.Proposals
		}, do: attributes(set(wire.TV(wire.P1KeyLength, 0))), notify: wire.NotifyNoProposalChosen},
		{name: "an unknown payload", same: true, do: func(m *wire.Message) { m.Payloads = append(m.Payloads, &wire.Raw{PT: 200, Body: []byte("?")}) }},
	} {
		c.step = ikev1.Main1
		if c.notify == 0 && !c.same {
			// The responder chooses, and what was changed on the way shows in HASH_I: nobody can strip an offer (RFC 2409 5).
			c.notify = wire.NotifyInvalidHashInformation
		}
		c.check(t)
	}
}

// TestChoices: an initiator goes on only with what it offered (RFC 2408 4.2).
func TestChoices(t *testing.T) {
	for _, c := range []change{
		{name: "another authentication method", do: attributes(set(wire.TV(wire.P1Auth, 3)))},
		{name: "another hash", do: attributes(set(wire.TV(wire.P1Hash, 4)))},
		{name: "another key length", do: attributes(set(wire.TV(wire.P1KeyLength, 256)))},
		{name: "one attribute less", do: attributes(without(wire.P1Group))},
		{name: "one attribute more", do: attributes(set(wire.TV(32001, 1)))},
		{name: "two transforms", do: transforms(func(ts []wire.Transform) []wire.Transform { return append(ts, ts[0]) })},
		{name: "two proposals", do: payload(func(sa *wire.SA) { sa.Proposals = append(sa.Proposals, sa.Proposals[0]) })},
		{name: "another attribute instead of the duration", do: attributes(func(as []wire.Attribute) []wire.Attribute {
			return append(without(wire.P1LifeDuration)(as), wire.TV(wire.P1PRF, 1))
		})},
	} {
		c.step, c.notify = ikev1.Main2, wire.NotifyBadProposalSyntax
		c.check(t)
	}
	for _, c := range []change{
		{name: "another lifetime", do: attributes(set(wire.TV(wire.P1LifeDuration, 60)))},
		{name: "another transform number", do: transforms(func(ts []wire.Transform) []wire.Transform { ts[0].Number = 9; return ts })},
		{name: "another proposal number", do: payload(func(sa *wire.SA) { sa.Proposals[0].Number = 7 })},
	} {
		c.step = ikev1.Main2
		c.check(t)
	}
}

// TestKeyExchange: public values and nonces that may and may not be (RFC 2408 5.7, RFC 2409 5).
func TestKeyExchange(t *testing.T) {
	prime, _ := new(big.Int).SetString(strings.Repeat("f", 16)+`c90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff`, 16)
	octets := func(n *big.Int) []byte { return n.FillBytes(make([]byte, 128)) }
	for name, ke := range map[string][]byte{
		"0": make([]byte, 128), "1": octets(big.NewInt(1)), "p-1": octets(new(big.Int).Sub(prime, big.NewInt(1))), "p": octets(prime),
		"short": make([]byte, 127), "long": make([]byte, 129), "empty": {},
	} {
		for _, step := range []ikev1.Step{ikev1.Main3, ikev1.Main4} {
			notify := wire.NotifyInvalidKeyInformation
			change{name: "KE " + name + " in " + step.String(), step: step, notify: notify, do: payload(func(k *wire.KE) { k.Data = ke })}.check(t)
		}
	}
	for n, notify := range map[int]wire.NotifyType{0: wire.NotifyPayloadMalformed, 7: wire.NotifyPayloadMalformed, 257: wire.NotifyPayloadMalformed} {
		change{name: "nonce", step: ikev1.Main3, notify: notify, do: payload(func(x *wire.Nonce) { x.Data = make([]byte, n) })}.check(t)
		change{name: "nonce of quick mode", step: ikev1.Quick1, notify: notify, do: payload(func(x *wire.Nonce) { x.Data = make([]byte, n) })}.check(t)
	}
	for _, twice := range []wire.PayloadType{wire.PayloadKE, wire.PayloadNonce} {
		change{name: "two " + twice.String(), step: ikev1.Main3, notify: wire.NotifyPayloadMalformed, do: func(m *wire.Message) {
			i := slices.IndexFunc(m.Payloads, func(p wire.Payload) bool { return p.Type() == twice })
			m.Payloads = append(m.Payloads, m.Payloads[i])
		}}.check(t)
	}
	for _, missing := range []wire.PayloadType{wire.PayloadKE, wire.PayloadNonce} {
		change{name: "without " + missing.String(), step: ikev1.Main3, notify: wire.NotifyPayloadMalformed, do: func(m *wire.Message) {
			m.Payloads = slices.DeleteFunc(m.Payloads, func(p wire.Payload) bool { return p.Type() == missing })
		}}.check(t)
	}
}
