package ikev1_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

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
		}, notify: wire.NotifyNoProposalChosen},
		{name: "two nonces", do: func(m *wire.Message) { m.Payloads = append(m.Payloads, m.Payloads[2]) }, notify: wire.NotifyPayloadMalformed},
		{name: "SA after the nonce", do: func(m *wire.Message) {
			m.Payloads[1], m.Payloads[2] = m.Payloads[2], m.Payloads[1]
		}, notify: wire.NotifyPayloadMalformed},
		{name: "identities apart", do: func(m *wire.Message) {
			n := len(m.Payloads)
			m.Payloads = append(m.Payloads[:n-1:n-1], &wire.VendorID{Data: []byte("between")}, m.Payloads[n-1])
		}, notify: wire.NotifyInvalidIDInformation},
		{name: "DOI 2", do: payload(func(sa *wire.SA) { sa.DOI = 2 }), notify: wire.NotifyDOINotSupported},
		{name: "situation 8", do: payload(func(sa *wire.SA) { sa.Situation = 8 }), notify: wire.NotifySituationNotSupported},
		{name: "encapsulation beyond 16 bits", do: attributes(set(wire.TLV32(wire.P2Encapsulation, 0x10000+uint32(wire.EncapTransport)))), notify: wire.NotifyNoProposalChosen},
		{name: "integrity beyond 16 bits", do: attributes(set(wire.TLV32(wire.P2Auth, 0x10000+uint32(wire.AuthHMACSHA1)))), notify: wire.NotifyNoProposalChosen},
		{name: "key length 0 of a cipher that has none", edit: func(i, r *ikev1.Config) {
			for _, c := range []*ikev1.Config{i, r} {
				c.Quick[0].Suites = []esp.Suite{{Cipher: esp.TripleDESCBC, Integrity: esp.HMACSHA1x96}}
			}
		}, do: attributes(set(wire.TV(wire.P2KeyLength, 0))), notify: wire.NotifyNoProposalChosen},
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
		{name: "another attribute instead of the duration", do: attributes(func(as []wire.Attribute) []wire.Attribute {
			return append(without(wire.P2LifeDuration)(as), wire.TV(wire.P2KeyRounds, 8))
		}), notify: wire.NotifyBadProposalSyntax},
		{name: "nonce of 7 octets", do: payload(func(n *wire.Nonce) { n.Data = make([]byte, 7) }), notify: wire.NotifyPayloadMalformed},
		{name: "nonce of 257 octets", do: payload(func(n *wire.Nonce) { n.Data = make([]byte, 257) }), notify: wire.NotifyPayloadMalformed},
		{name: "two SAs", do: func(m *wire.Message) {
			m.Payloads = slices.Insert(m.Payloads, 2, m.Payloads[1])
		}, notify: wire.NotifyNoProposalChosen},
	} {
		c.step = ikev1.Quick2
		c.check(t)
	}
}
