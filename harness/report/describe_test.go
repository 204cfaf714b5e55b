package report

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func tcp(flags dissect.TCPFlags, payload string) *dissect.Event {
	return &dissect.Event{
		Kind: dissect.KindTCP, Src: at("192.0.2.1:49152"), Dst: at("192.0.2.2:179"),
		TCP: &dissect.TCP{Flags: flags}, Payload: []byte(payload),
	}
}

func isakmp(m dissect.ISAKMP, ex wire.ExchangeType, ps ...wire.Payload) *dissect.Event {
	m.Header.Exchange = ex
	if ps != nil {
		m.Message = &wire.Message{Payloads: ps}
	}
	return &dissect.Event{Kind: dissect.KindISAKMP, ISAKMP: &m, Opaque: m.Opaque}
}

func id(proto uint8, port uint16, data ...byte) *wire.ID {
	t := wire.IDIPv4Addr
	if len(data) == 8 {
		t = wire.IDIPv4Subnet
	}
	return &wire.ID{IDType: t, Protocol: proto, Port: port, Data: data}
}

func TestDescribe(t *testing.T) {
	const marker = "marker 1"
	ci, cr := id(6, 0, 192, 0, 2, 1), id(6, 179, 192, 0, 2, 2)
	suite := esp.Suite{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}
	agreed := &dissect.Quick{IDci: ci, IDcr: cr, SAs: []*dissect.SA{
		{Proto: esp.ESP, SPI: 0x1000, Suite: suite, Mode: esp.Transport},
		{Proto: esp.ESP, SPI: 0x2000, Suite: suite, Mode: esp.Transport},
	}}
	broken := tcp(dissect.SYN, "")
	broken.Err = errors.New("too short")
	for name, c := range map[string]struct {
		e             *dissect.Event
		class         class
		label, detail string
	}{
		"offer":  {isakmp(dissect.ISAKMP{Index: 1}, wire.ExchangeMain, &wire.SA{}, &wire.VendorID{}, &wire.VendorID{}), classIKE, "Main 1: SA, VID ×2", ""},
		"sealed": {isakmp(dissect.ISAKMP{Index: 5, Encrypted: true, Opaque: "no key"}, wire.ExchangeMain), classSealed, "Main 5: encrypted", "no key"},
		"identity": {
			isakmp(dissect.ISAKMP{Index: 5, Encrypted: true, Decrypted: true}, wire.ExchangeMain, id(17, 500, 192, 0, 2, 1), &wire.Hash{}),
			classSealed, "Main 5: ID, HASH", "192.0.2.1 udp port 500",
		},
		"subnet": {isakmp(dissect.ISAKMP{Index: 1}, wire.ExchangeQuick, id(0, 0, 10, 0, 0, 0, 255, 0, 0, 0)), classIKE, "Quick 1: ID", "10.0.0.0/255.0.0.0"},
		"agreed": {
			isakmp(dissect.ISAKMP{Index: 2, Encrypted: true, Quick: agreed}, wire.ExchangeQuick, &wire.Hash{}, &wire.SA{}, &wire.Nonce{}, ci, cr),
			classSealed, "Quick 2: HASH, SA, NONCE, ID ×2", "esp aes128-cbc/hmac-sha1-96 transport SPI 0x00001000, SPI 0x00002000",
		},
		"narrowed": {
			isakmp(dissect.ISAKMP{Index: 2, Quick: &dissect.Quick{IDci: ci, IDcr: cr}}, wire.ExchangeQuick, ci, id(6, 180, 192, 0, 2, 2)),
			classIKE, "Quick 2: ID ×2", "192.0.2.2 tcp port 180",
		},
		"bad hash": {
			isakmp(dissect.ISAKMP{Index: 1, Encrypted: true, Hash: dissect.HashCheck{State: dissect.HashBad, Name: "HASH(1)"}}, wire.ExchangeQuick, &wire.Hash{}),
			classBad, "Quick 1: HASH", "HASH(1) does not verify",
		},
		"again": {isakmp(dissect.ISAKMP{Index: 3, Retransmission: true, Of: 7}, wire.ExchangeMain, &wire.KE{}), classIKE, "Main 3: KE", "again, as in frame 7"},
		"notify": {
			isakmp(dissect.ISAKMP{Index: 1}, wire.ExchangeInformational, &wire.Notify{MsgType: wire.NotifyNoProposalChosen}),
			classIKE, "Informational: N", "NO-PROPOSAL-CHOSEN",
		},
		"delete": {
			isakmp(dissect.ISAKMP{}, wire.ExchangeInformational, &wire.Hash{}, &wire.Delete{Protocol: wire.ProtoESP, SPIs: [][]byte{{0, 0, 0x10, 0}}}),
			classIKE, "Informational: HASH, D", "esp SPI 0x00001000",
		},
		"syn":   {tcp(dissect.SYN, ""), classClear, "TCP 49152 → 179 SYN", "in clear"},
		"data":  {tcp(dissect.PSH|dissect.ACK, "x"), classClear, "TCP 49152 → 179 PSH,ACK, 1 octet", "in clear"},
		"error": {broken, classBad, "TCP 49152 → 179 SYN", "too short"},
		"esp": {
			&dissect.Event{Kind: dissect.KindESP, ESP: &dissect.ESP{SPI: 0x1000, Seq: 3}, Inner: tcp(dissect.SYN, "")},
			classESP, "ESP seq 3 (TCP 49152 → 179 SYN)", "SPI 0x00001000",
		},
		"udp esp": {
			&dissect.Event{Kind: dissect.KindESP, ESP: &dissect.ESP{SPI: 1, Seq: 3, UDPEncap: true}, Opaque: "no key"},
			classESP, "ESP in UDP, seq 3", "SPI 0x00000001, no key",
		},
		"icv": {
			&dissect.Event{Kind: dissect.KindESP, ESP: &dissect.ESP{SPI: 1, Seq: 3, Facts: esp.Facts{ICV: esp.ICVBad}}},
			classBad, "ESP seq 3", "SPI 0x00000001, the ICV does not verify",
		},
		"ah":        {&dissect.Event{Kind: dissect.KindAH, AH: &dissect.AH{SPI: 1, Seq: 2}}, classESP, "AH seq 2", "SPI 0x00000001"},
		"keepalive": {&dissect.Event{Kind: dissect.KindKeepalive}, classESP, "NAT-keepalive", ""},
		"marker":    {&dissect.Event{Kind: dissect.KindUDP, Payload: []byte(marker)}, classMarker, "marker", "the tap is alive"},
		"headless":  {&dissect.Event{Kind: dissect.KindISAKMP, Err: errors.New("no header")}, classBad, "isakmp", "no header"},
	} {
		gotClass, label, detail := describe(c.e, marker)
		if gotClass != c.class || label != c.label || detail != c.detail {
			t.Errorf("%s: got %s %q %q, want %s %q %q", name, gotClass, label, detail, c.class, c.label, c.detail)
		}
	}
}
