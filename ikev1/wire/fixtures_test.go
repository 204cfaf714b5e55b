package wire_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// fixture is a message and its octets, written down by hand from the RFCs' figures so that parsing and appending cannot agree on a mistake.
type fixture struct {
	name string
	msg  *wire.Message // Length filled in, Bodies left out
	hex  string        // white space and "; comments" are skipped
}

func (f fixture) octets(t testing.TB) []byte {
	t.Helper()
	return unhex(t, f.hex)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(s) {
		line, _, _ = strings.Cut(line, ";")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	cookieI = wire.Cookie{0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18}
	cookieR = wire.Cookie{0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28}
)

func header(np wire.PayloadType, x wire.ExchangeType, f wire.Flags, id, length uint32) wire.Header {
	return wire.Header{
		CookieI: cookieI, CookieR: cookieR, NextPayload: np, Version: wire.Version1, Exchange: x, Flags: f, MessageID: id, Length: length,
	}
}

func firstHeader(np wire.PayloadType, x wire.ExchangeType, length uint32) wire.Header {
	h := header(np, x, 0, 0, length)
	h.CookieR = wire.Cookie{}
	return h
}

var fixtures = []fixture{
	{
		name: "main-1",
		msg: &wire.Message{
			Header: firstHeader(wire.PayloadSA, wire.ExchangeMain, 0x80),
			Payloads: []wire.Payload{
				&wire.SA{DOI: wire.DOIIPSEC, Situation: wire.SitIdentityOnly, Proposals: []wire.Proposal{{
					Number: 1, Protocol: wire.ProtoISAKMP, Transforms: []wire.Transform{{
						Number: 1, ID: wire.KeyIKE, Attributes: []wire.Attribute{
							wire.TV(wire.P1Encryption, 7), wire.TV(wire.P1KeyLength, 128), wire.TV(wire.P1Hash, 2), wire.TV(wire.P1Auth, 1),
							wire.TV(wire.P1Group, 2), wire.TV(wire.P1LifeType, wire.LifeSeconds), wire.TLV32(wire.P1LifeDuration, 28800),
						},
					}},
				}}},
				&wire.VendorID{Data: wire.VendorIDRFC3947},
				&wire.VendorID{Data: wire.VendorIDDPD},
			},
		},
		hex: `1112131415161718 0000000000000000 01 10 02 00 00000000 00000080
			0d 00 003c 00000001 00000001 ; SA, DOI, situation
			00 00 0030 01 01 00 01       ; proposal 1, PROTO_ISAKMP, no SPI, one transform
			00 00 0028 01 01 0000        ; transform 1, KEY_IKE
			80010007 800e0080 80020002 80030001 80040002 800b0001 000c 0004 00007080
			0d 00 0014 4a131c81070358455c5728f20e95452f
			00 00 0014 afcad71368a1f1c96b8696fc77570100`,
	},
	{
		name: "main-3",
		msg: &wire.Message{
			Header: header(wire.PayloadKE, wire.ExchangeMain, 0, 0, 0x54),
			Payloads: []wire.Payload{
				&wire.KE{Data: []byte("\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8")},
				&wire.Nonce{Data: []byte("\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8")},
				&wire.NATD{Data: []byte("\xa1\xa2\xa3\xa4")},
				&wire.NATD{Draft: true, Data: []byte("\xb1\xb2\xb3\xb4")},
				&wire.CertRequest{Encoding: wire.CertX509Signature},
			},
			Padding: []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		},
		hex: `1112131415161718 2122232425262728 04 10 02 00 00000000 00000054
			0a 00 000c d1d2d3d4d5d6d7d8
			14 00 000c e1e2e3e4e5e6e7e8
			82 00 0008 a1a2a3a4
			07 00 0008 b1b2b3b4
			00 00 0005 04
			000000 0000000000000000 ; octets that no payload claims`,
	},
	{
		name: "aggressive-2",
		msg: &wire.Message{
			Header: header(wire.PayloadID, wire.ExchangeAggressive, 0, 0, 0x50),
			Payloads: []wire.Payload{
				&wire.ID{IDType: wire.IDUserFQDN, Protocol: 17, Port: 500, Data: []byte("a@b.example")},
				&wire.Cert{Encoding: wire.CertX509Signature, Data: []byte("\x30\x00")},
				&wire.Sig{Data: []byte("\xc1\xc2\xc3")},
				&wire.Hash{Data: []byte("\xf1\xf2\xf3")},
				&wire.VendorID{},
				&wire.ID{},
			},
		},
		hex: `1112131415161718 2122232425262728 05 10 04 00 00000000 00000050
			06 00 0013 03 11 01f4 6140622e6578616d706c65
			09 00 0007 04 3000
			08 00 0007 c1c2c3
			0d 00 0007 f1f2f3
			05 00 0004
			00 00 0008 00 00 0000`,
	},
	{
		name: "quick-1",
		msg: &wire.Message{
			Header: header(wire.PayloadHash, wire.ExchangeQuick, wire.FlagCommit, 0xdeadbeef, 0xb1),
			Payloads: []wire.Payload{
				&wire.Hash{Data: []byte("\xf1\xf2\xf3\xf4")},
				&wire.SA{DOI: wire.DOIIPSEC, Situation: wire.SitIdentityOnly, Proposals: []wire.Proposal{
					{Number: 1, Protocol: wire.ProtoAH, SPI: []byte("\x01\x02\x03\x04"), Transforms: []wire.Transform{
						{Number: 1, ID: wire.AHSHA, Attributes: []wire.Attribute{wire.TV(wire.P2Auth, wire.AuthHMACSHA1)}},
					}},
					{Number: 1, Protocol: wire.ProtoESP, SPI: []byte("\x05\x06\x07\x08"), Transforms: []wire.Transform{
						{Number: 1, ID: wire.ESPAES, Attributes: []wire.Attribute{wire.TV(wire.P2Encapsulation, wire.EncapTransport)}},
						{Number: 2, ID: 200, Attributes: []wire.Attribute{wire.TLV(0x7fff, []byte("\xaa"))}},
						{Number: 3, ID: wire.ESPNull},
					}},
				}},
				&wire.Nonce{Data: []byte("\xe1\xe2\xe3\xe4")},
				&wire.ID{IDType: wire.IDIPv4Addr, Protocol: 6, Port: 179, Data: []byte{192, 0, 2, 1}},
				&wire.ID{IDType: wire.IDIPv4Subnet, Data: []byte{10, 2, 0, 0, 255, 255, 0, 0}},
				&wire.NATOA{IDType: wire.IDIPv4Addr, Data: []byte{10, 0, 0, 1}},
				&wire.NATOA{Draft: true, IDType: wire.IDIPv4Addr, Data: []byte{10, 0, 0, 2}},
			},
		},
		hex: `1112131415161718 2122232425262728 08 10 20 02 deadbeef 000000b1
			01 00 0008 f1f2f3f4
			0a 00 0051 00000001 00000001
			02 00 0018 01 02 04 01 01020304 ; AH and ESP: the same number
			00 00 000c 01 03 0000 80050002
			00 00 002d 01 03 04 03 05060708
			03 00 000c 01 0c 0000 80040002
			03 00 000d 02 c8 0000 7fff 0001 aa ; a transform nobody knows keeps its attributes
			00 00 0008 03 0b 0000
			05 00 0008 e1e2e3e4
			05 00 000c 01 06 00b3 c0000201
			15 00 0010 04 00 0000 0a020000 ffff0000
			83 00 000c 01 000000 0a000001
			00 00 000c 01 000000 0a000002`,
	},
	{
		name: "informational",
		msg: &wire.Message{
			Header: header(wire.PayloadNotify, wire.ExchangeInformational, 0, 1, 0x68),
			Payloads: []wire.Payload{
				&wire.Notify{
					DOI: wire.DOIIPSEC, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyRUThere,
					SPI: []byte("\x11\x12\x13\x14\x15\x16\x17\x18\x21\x22\x23\x24\x25\x26\x27\x28"), Data: []byte{0, 0, 0, 7},
				},
				&wire.Notify{Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyNoProposalChosen},
				&wire.Delete{DOI: wire.DOIIPSEC, Protocol: wire.ProtoESP, SPISize: 4, SPIs: [][]byte{{1, 2, 3, 4}, {5, 6, 7, 8}}},
				&wire.Delete{DOI: wire.DOIIPSEC, Protocol: wire.ProtoISAKMP},
			},
		},
		hex: `1112131415161718 2122232425262728 0b 10 05 00 00000001 00000068
			0b 00 0020 00000001 01 10 8d28 1112131415161718 2122232425262728 00000007
			0c 00 000c 00000000 01 00 000e
			0c 00 0014 00000001 03 04 0002 01020304 05060708
			00 00 000c 00000001 01 00 0000`,
	},
	{
		name: "transaction",
		msg: &wire.Message{
			Header: header(wire.PayloadAttributes, wire.ExchangeTransaction, 0, 2, 0x34),
			Payloads: []wire.Payload{
				&wire.Attributes{MsgType: wire.CFGRequest, Identifier: 0x1234, Attributes: []wire.Attribute{
					wire.TLV(wire.CFGInternalIP4Address, nil), wire.TV(wire.CFGXAUTHType, 0), wire.TLV(wire.CFGXAUTHUserName, []byte("joe")),
				}},
			},
			Padding: []byte{0},
		},
		hex: `1112131415161718 2122232425262728 0e 10 06 00 00000002 00000034
			00 00 0017 01 00 1234 0001 0000 c088 0000 4089 0003 6a6f65
			00`,
	},
	{
		name: "fragment", // with the flag of the message that was cut up
		msg: &wire.Message{
			Header: header(wire.PayloadFragment, wire.ExchangeMain, wire.FlagEncryption, 0, 0x28),
			Payloads: []wire.Payload{
				&wire.Fragment{ID: 1, Number: 2, Last: true, Data: []byte("\xca\xfe\xba\xbe")},
			},
		},
		hex: `1112131415161718 2122232425262728 84 10 02 01 00000000 00000028
			00 00 000c 0001 02 01 cafebabe`,
	},
	{
		name: "sealed",
		msg: &wire.Message{
			Header: header(wire.PayloadID, wire.ExchangeMain, wire.FlagEncryption, 0, 0x24),
			Sealed: []byte{1, 2, 3, 4, 5, 6, 7, 8},
		},
		hex: `1112131415161718 2122232425262728 05 10 02 01 00000000 00000024 0102030405060708`,
	},
	{
		name: "sealed-empty",
		msg: &wire.Message{
			Header: header(wire.PayloadNone, wire.ExchangeQuick, wire.FlagEncryption, 3, 0x1c),
			Sealed: []byte{},
		},
		hex: `1112131415161718 2122232425262728 00 10 20 01 00000003 0000001c`,
	},
	{
		name: "sealed-odd", // no cipher has a block of 3 octets: for the session to judge
		msg: &wire.Message{
			Header: header(wire.PayloadHash, wire.ExchangeQuick, wire.FlagEncryption, 3, 0x1f),
			Sealed: []byte{1, 2, 3},
		},
		hex: `1112131415161718 2122232425262728 08 10 20 01 00000003 0000001f 010203`,
	},
	{
		name: "header-only",
		msg:  &wire.Message{Header: header(wire.PayloadNone, wire.ExchangeInformational, 0, 0, 0x1c)},
		hex:  `1112131415161718 2122232425262728 00 10 05 00 00000000 0000001c`,
	},
	{
		name: "raw",
		msg: &wire.Message{
			Header: header(wire.PayloadNonce, wire.ExchangeMain, 0, 0, 0x4b),
			Payloads: []wire.Payload{
				&wire.Raw{PT: wire.PayloadNonce, Reserved: 0x80, Body: []byte{1, 2, 3, 4}},
				&wire.Raw{PT: 200, Body: []byte{5}},
				&wire.Raw{PT: wire.PayloadTransform},
				&wire.Raw{PT: wire.PayloadNATOA, Body: []byte{1, 0, 1, 0, 10, 0, 0, 1}},
				&wire.Raw{PT: wire.PayloadAttributes, Body: []byte{1, 9, 0, 1}},
				&wire.Raw{PT: wire.PayloadFragment, Body: []byte{0, 1, 1, 2, 0xff, 0xff}},
			},
		},
		hex: `1112131415161718 2122232425262728 0a 10 02 00 00000000 0000004b
			c8 80 0008 01020304
			03 00 0005 05
			15 00 0004
			0e 00 000c 01 000100 0a000001
			84 00 0008 01 09 0001
			00 00 000a 0001 01 02 ffff`,
	},
	{
		name: "raw-sa", // reserved octets in a proposal and a transform
		msg: &wire.Message{
			Header: header(wire.PayloadSA, wire.ExchangeMain, 0, 0, 0x38),
			Payloads: []wire.Payload{
				&wire.Raw{PT: wire.PayloadSA, Body: []byte{
					0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 1, 1, 0, 5,
				}},
			},
		},
		hex: `1112131415161718 2122232425262728 01 10 02 00 00000000 00000038
			00 00 001c 00000001 00000001
			00 01 0010 01 01 00 01
			00 00 0008 01 01 0005`,
	},
	{
		name: "other-situations",
		msg: &wire.Message{
			Header: header(wire.PayloadSA, wire.ExchangeMain, 0, 0, 0x40),
			Payloads: []wire.Payload{
				&wire.SA{DOI: 2, Situation: 1, Extra: []byte{0xaa, 0xbb}},
				&wire.SA{DOI: wire.DOIIPSEC, Situation: wire.SitIdentityOnly | wire.SitSecrecy, Extra: []byte{0, 0, 0, 1}},
				&wire.VendorID{Data: []byte{1, 2}},
			},
		},
		hex: `1112131415161718 2122232425262728 01 10 02 00 00000000 00000040
			01 00 000e 00000002 00000001 aabb
			0d 00 0010 00000001 00000003 00000001
			00 00 0006 0102`,
	},
	{
		name: "trailing",
		msg: &wire.Message{
			Header:   header(wire.PayloadHash, wire.ExchangeInformational, 0, 0, 0x22),
			Payloads: []wire.Payload{&wire.Hash{Data: []byte{1, 2}}},
			Trailing: []byte{9, 9},
		},
		hex: `1112131415161718 2122232425262728 08 10 05 00 00000000 00000022
			00 00 0006 0102
			0909`,
	},
}

// mainMode1 returns the octets of the fixture that tests of single fields start from, ready to be spoilt.
func mainMode1(t testing.TB) []byte { return bytes.Clone(fixtures[0].octets(t)) }
