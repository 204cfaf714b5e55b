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
	for _, missing := range []wire.PayloadType{wire.PayloadKE, wire.PayloadNonce} {
		change{name: "without " + missing.String(), step: ikev1.Main3, notify: wire.NotifyPayloadMalformed, do: func(m *wire.Message) {
			m.Payloads = slices.DeleteFunc(m.Payloads, func(p wire.Payload) bool { return p.Type() == missing })
		}}.check(t)
	}
}

// TestProposedChildren: what a responder makes of an offer in quick mode (RFC 2408 4.2, RFC 2409 5.5, RFC 2407 4.5, 4.6.2).
func TestProposedChildren(t *testing.T) {
	ids := func(f func(ids []*wire.ID)) func(m *wire.Message) {
		return func(m *wire.Message) {
			var all []*wire.ID
			for k, p := range m.Payloads {
				if id, ok := p.(*wire.ID); ok {
					c := *id
					m.Payloads[k] = &c
					all = append(all, &c)
				}
			}
			f(all)
		}
	}
	proposals := func(f func(ps []wire.Proposal) []wire.Proposal) func(m *wire.Message) {
		return payload(func(sa *wire.SA) { sa.Proposals = f(slices.Clone(sa.Proposals)) })
	}
	bad := func(p wire.Proposal, number uint8) wire.Proposal {
		p.Number = number
		p.Transforms = []wire.Transform{{Number: 1, ID: wire.ESPSEED, Attributes: p.Transforms[0].Attributes}}
		return p
	}
	spi := func(b ...byte) func(ps []wire.Proposal) []wire.Proposal {
		return func(ps []wire.Proposal) []wire.Proposal { ps[0].SPI = b; return ps }
	}
	for _, c := range []change{
		{name: "another proposal first", do: proposals(func(ps []wire.Proposal) []wire.Proposal {
			ps[0].Number = 2
			return []wire.Proposal{bad(ps[0], 1), ps[0]}
		})},
		{name: "two protocols under one number", do: proposals(func(ps []wire.Proposal) []wire.Proposal {
			ah := ps[0]
			ah.Protocol = wire.ProtoAH
			return []wire.Proposal{ps[0], ah}
		}), notify: wire.NotifyNoProposalChosen},
		{name: "AH and ESP, or ESP alone", do: proposals(func(ps []wire.Proposal) []wire.Proposal {
			ah, alone := ps[0], ps[0]
			ah.Protocol, alone.Number = wire.ProtoAH, 2
			return []wire.Proposal{ps[0], ah, alone}
		})},
		{name: "SPI 0", do: proposals(spi(0, 0, 0, 0)), notify: wire.NotifyInvalidSPI},
		{name: "SPI 1", do: proposals(spi(0, 0, 0, 1)), notify: wire.NotifyInvalidSPI},
		{name: "SPI 255", do: proposals(spi(0, 0, 0, 255)), notify: wire.NotifyInvalidSPI},
		{name: "SPI of 8 octets", do: proposals(spi(1, 2, 3, 4, 5, 6, 7, 8)), notify: wire.NotifyNoProposalChosen},
		{name: "tunnel for transport", do: attributes(set(wire.TV(wire.P2Encapsulation, wire.EncapTunnel))), notify: wire.NotifyNoProposalChosen},
		{name: "in UDP without a NAT", do: attributes(set(wire.TV(wire.P2Encapsulation, wire.EncapUDPTransport))), notify: wire.NotifyNoProposalChosen},
		{name: "no encapsulation mode", do: attributes(without(wire.P2Encapsulation)), notify: wire.NotifyNoProposalChosen},
		{name: "no key length", do: attributes(without(wire.P2KeyLength)), notify: wire.NotifyNoProposalChosen},
		{name: "extended sequence numbers", do: attributes(set(wire.TV(wire.P2ESN, 1))), notify: wire.NotifyNoProposalChosen},
		{name: "group without KE", do: attributes(set(wire.TV(wire.P2Group, 2))), notify: wire.NotifyNoProposalChosen},
		{name: "KE without group", do: func(m *wire.Message) {
			m.Payloads = append(m.Payloads, &wire.KE{Data: bytes.Repeat([]byte{7}, 128)})
		}, notify: wire.NotifyNoProposalChosen},
		{name: "kilobytes only", do: attributes(func(as []wire.Attribute) []wire.Attribute {
			return append(without(wire.P2LifeDuration)(without(wire.P2LifeType)(as)), wire.TV(wire.P2LifeType, wire.LifeKilobytes), wire.TLV32(wire.P2LifeDuration, 100000))
		})},
		{name: "one identity", do: func(m *wire.Message) { m.Payloads = m.Payloads[:len(m.Payloads)-1] }, notify: wire.NotifyInvalidIDInformation},
		{name: "three identities", do: func(m *wire.Message) { m.Payloads = append(m.Payloads, m.Payloads[len(m.Payloads)-1]) }, notify: wire.NotifyInvalidIDInformation},
		{name: "swapped", do: ids(func(all []*wire.ID) { *all[0], *all[1] = *all[1], *all[0] }), notify: wire.NotifyInvalidIDInformation},
		{name: "a subnet of one address", edit: func(i, _ *ikev1.Config) {
			id := wire.ID{IDType: wire.IDIPv4Subnet, Protocol: 6, Data: append(addrI.Addr().AsSlice(), 255, 255, 255, 255)}
			i.Quick[0].LocalID = &id
		}, do: func(*wire.Message) {}},
		{name: "a range of one address", edit: func(i, _ *ikev1.Config) {
			id := ikev1.RangeID(addrI.Addr(), addrI.Addr(), 6, 0)
			i.Quick[0].LocalID = &id
		}, do: func(*wire.Message) {}},
		{name: "a wider subnet", do: ids(func(all []*wire.ID) {
			all[0].IDType, all[0].Data = wire.IDIPv4Subnet, append(bytes.Clone(all[0].Data), 255, 255, 255, 0)
		}), notify: wire.NotifyInvalidIDInformation},
		{name: "a mask with holes", do: ids(func(all []*wire.ID) {
			all[0].IDType, all[0].Data = wire.IDIPv4Subnet, append(bytes.Clone(all[0].Data), 255, 0, 255, 0)
		}), notify: wire.NotifyInvalidIDInformation},
		{name: "another port", do: ids(func(all []*wire.ID) { all[1].Port = 180 }), notify: wire.NotifyInvalidIDInformation},
		{name: "two protocols", do: ids(func(all []*wire.ID) { all[1].Protocol = 17 }), notify: wire.NotifyInvalidIDInformation},
		{name: "a name", do: ids(func(all []*wire.ID) { all[0].IDType, all[0].Data = wire.IDFQDN, []byte("i.example.org") }), notify: wire.NotifyInvalidIDInformation},
		{name: "without SA", do: func(m *wire.Message) {
			m.Payloads = slices.DeleteFunc(m.Payloads, func(p wire.Payload) bool { return p.Type() == wire.PayloadSA })
		}, notify: wire.NotifyPayloadMalformed},
		{name: "two SAs", do: func(m *wire.Message) {
			m.Payloads = slices.Insert(m.Payloads, 2, m.Payloads[1])
		}},
	} {
		c.step = ikev1.Quick1
		c.check(t)
	}
}

// TestReturnedChildren: an initiator goes on only with what it proposed (RFC 2408 4.2, RFC 2409 5.5).
func TestReturnedChildren(t *testing.T) {
	id := func(n int, f func(id *wire.ID)) func(m *wire.Message) {
		return func(m *wire.Message) {
			for k, p := range m.Payloads {
				if old, ok := p.(*wire.ID); ok {
					if n--; n < 0 {
						c := *old
						f(&c)
						m.Payloads[k] = &c
						return
					}
				}
			}
		}
	}
	for _, c := range []change{
		{name: "narrower port", do: id(0, func(x *wire.ID) { x.Port = 40000 }), notify: wire.NotifyInvalidIDInformation},
		{name: "another address", do: id(1, func(x *wire.ID) { x.Data = []byte{192, 0, 2, 99} }), notify: wire.NotifyInvalidIDInformation},
		{name: "one identity", do: func(m *wire.Message) { m.Payloads = m.Payloads[:len(m.Payloads)-1] }, notify: wire.NotifyInvalidIDInformation},
		{name: "no identities", do: func(m *wire.Message) { m.Payloads = m.Payloads[:len(m.Payloads)-2] }, notify: wire.NotifyInvalidIDInformation},
		{name: "tunnel", do: attributes(set(wire.TV(wire.P2Encapsulation, wire.EncapTunnel))), notify: wire.NotifyBadProposalSyntax},
		{name: "another cipher", do: attributes(set(wire.TV(wire.P2KeyLength, 256))), notify: wire.NotifyBadProposalSyntax},
		{name: "SPI 7", do: payload(func(sa *wire.SA) { sa.Proposals[0].SPI = []byte{0, 0, 0, 7} }), notify: wire.NotifyInvalidSPI},
		{name: "SPI of 2 octets", do: payload(func(sa *wire.SA) { sa.Proposals[0].SPI = []byte{7, 7} }), notify: wire.NotifyInvalidSPI},
		{name: "KE nobody asked for", do: func(m *wire.Message) {
			m.Payloads = append(m.Payloads, &wire.KE{Data: bytes.Repeat([]byte{7}, 128)})
		}, notify: wire.NotifyNoProposalChosen},
		{name: "KE missing", edit: withPFS, do: func(m *wire.Message) {
			m.Payloads = slices.DeleteFunc(m.Payloads, func(p wire.Payload) bool { return p.Type() == wire.PayloadKE })
		}, notify: wire.NotifyNoProposalChosen},
		{name: "KE 0", edit: withPFS, do: payload(func(k *wire.KE) { k.Data = make([]byte, 128) }), notify: wire.NotifyInvalidKeyInformation},
		{name: "without nonce", do: func(m *wire.Message) {
			m.Payloads = slices.DeleteFunc(m.Payloads, func(p wire.Payload) bool { return p.Type() == wire.PayloadNonce })
		}, notify: wire.NotifyPayloadMalformed},
		{name: "another lifetime", do: attributes(set(wire.TV(wire.P2LifeDuration, 60)))},
	} {
		c.step = ikev1.Quick2
		c.check(t)
	}
}

// TestParallelQuick: quick modes of both ends overlap, message by message, in any order (RFC 2409 5.5).
func TestParallelQuick(t *testing.T) {
	p := newPair(t, nil).start()
	type flying struct {
		to *end
		d  ikev1.Datagram
	}
	var air []flying
	put := func(from *end, ds []ikev1.Datagram) {
		for _, d := range ds {
			air = append(air, flying{p.other(from), ikev1.Datagram{Local: d.Remote, Remote: d.Local, Data: d.Data}})
		}
	}
	const each = 4
	for range each {
		for _, e := range []*end{p.i, p.r} {
			ds, err := e.StartQuick(p.now, "bgp")
			if err != nil {
				t.Fatal(err)
			}
			put(e, ds)
		}
	}
	for n := 0; len(air) > 0; n++ {
		k := n * 7 % len(air) // any order
		f := air[k]
		air = slices.Delete(air, k, k+1)
		ds, err := f.to.Handle(p.now, f.d)
		if err != nil {
			t.Fatal(err)
		}
		put(f.to, ds)
	}
	if a, b := len(p.i.Children()), len(p.r.Children()); a != 2*each || b != 2*each {
		t.Fatalf("%d and %d children", a, b)
	}
	for _, c := range p.i.Children() {
		k := slices.IndexFunc(p.r.Children(), func(d *ikev1.Child) bool { return d.SPIIn == c.SPIOut })
		if k < 0 || !bytes.Equal(p.r.Children()[k].KeysIn.Encryption, c.KeysOut.Encryption) || p.r.Children()[k].SPIOut != c.SPIIn {
			t.Errorf("SPI %#08x has no other end", c.SPIOut)
		}
	}
	if len(p.i.errs)+len(p.r.errs) != 0 || p.i.Negotiating() || p.r.Negotiating() {
		t.Errorf("%v %v", p.i.errs, p.r.errs)
	}
}

// TestQuickOutside: a quick mode before phase 1 is done, after the ISAKMP SA is gone, or under an old message ID comes to nothing.
func TestQuickOutside(t *testing.T) {
	p := newPair(t, nil).start().quick()
	quick1 := p.i.sent[3].Data
	fresh := newPair(t, nil)
	for name, to := range map[string]*ikev1.Session{"before phase 1": fresh.r.Session, "before phase 1, as initiator": fresh.i.Session} {
		if out, err := to.Handle(p.now, ikev1.Datagram{Local: addrR, Remote: addrI, Data: quick1}); len(out) != 0 || err != nil && !strings.Contains(err.Error(), "PAYLOAD") {
			t.Errorf("%s: %d datagrams, %v", name, len(out), err)
		}
		if len(to.Children()) != 0 {
			t.Errorf("%s: a child", name)
		}
	}
	p.i.cfg.Deviations.ReuseMessageID = true
	p.quick()
	if n := len(p.r.Children()); n != 1 || p.r.events[len(p.r.events)-1].Kind != ikev1.EventDropped {
		t.Errorf("under an old message ID: %d children", n)
	}
	out, err := p.i.Delete(p.now)
	if err != nil {
		t.Fatal(err)
	}
	p.carry(p.i, out)
	if out, err := p.r.Handle(p.now, ikev1.Datagram{Local: addrR, Remote: addrI, Data: quick1}); len(out) != 0 || err != nil {
		t.Errorf("after the Delete: %d datagrams, %v", len(out), err)
	}
	if last := p.r.events[len(p.r.events)-1]; last.Kind != ikev1.EventDropped || !strings.Contains(last.Detail, "deleted") {
		t.Errorf("after the Delete: %+v", last)
	}
}

// TestPadding: padding is zeros, or counts itself in its last octet, or is longer than it need be (RFC 2409 appendix B).
func TestPadding(t *testing.T) {
	p := newPair(t, nil).start()
	keys := p.i.find(ikev1.EventKeys).Keys
	i, r := p.i.Cookies()
	last := p.r.sent[2].Data
	for id, pad := range []func(n int) []byte{
		func(n int) []byte { return make([]byte, n) },
		func(n int) []byte { return append(bytes.Repeat([]byte{0xa5}, n-1), byte(n-1)) },
		func(n int) []byte { return append(make([]byte, n), bytes.Repeat([]byte{7}, 48)...) },
	} {
		h := wire.Header{
			CookieI: i, CookieR: r, Version: wire.Version1, Exchange: wire.ExchangeInformational, Flags: wire.FlagEncryption,
			MessageID: uint32(id + 1), NextPayload: wire.PayloadHash,
		}
		n := &wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyRUThere, SPI: append(i[:], r[:]...), Data: []byte{0, 0, 0, 9}}
		rest, err := wire.AppendPayloads(nil, []wire.Payload{n})
		if err != nil {
			t.Fatal(err)
		}
		hash := &wire.Hash{Data: keymat.Hash1(keymat.SHA1, keys.A, h.MessageID, rest)}
		plain, err := wire.AppendPayloads(nil, []wire.Payload{hash, n})
		if err != nil {
			t.Fatal(err)
		}
		plain = append(plain, pad(16-len(plain)%16)...)
		c, err := keymat.NewCBC(aes128SHA1Group2, keys.Key, keymat.QuickIV(aes128SHA1Group2, last[len(last)-16:], h.MessageID))
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := c.Encrypt(nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		b, err := (&wire.Message{Header: h, Sealed: sealed}).Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.r.Handle(p.now, ikev1.Datagram{Local: addrR, Remote: addrI, Data: b})
		if err != nil || len(out) != 1 {
			t.Errorf("padding %d: %d answers, %v; %+v", id, len(out), err, p.r.events[len(p.r.events)-1])
		}
	}
}

// TestAggressiveAlternatives: message 3 may be in clear (RFC 2409 5.4), and a responder for main mode only does not answer.
func TestAggressiveAlternatives(t *testing.T) {
	p := newPair(t, both(aggressive, func(i, _ *ikev1.Config) { i.Deviations.ClearIdentity = true })).start()
	if p.i.sent[1].Data[19]&byte(wire.FlagEncryption) != 0 || p.r.State() != ikev1.StateEstablished {
		t.Errorf("state %v: %v", p.r.State(), p.r.errs)
	}
	p.quick().mirror()
	p = newPair(t, func(i, _ *ikev1.Config) { i.Mode = ikev1.Aggressive }).start()
	p.wait()
	if p.i.State() != ikev1.StateFailed || len(p.r.sent) != 0 || !p.r.has(ikev1.EventDropped) {
		t.Errorf("states %v %v", p.i.State(), p.r.State())
	}
}
