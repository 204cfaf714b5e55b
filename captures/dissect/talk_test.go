package dissect_test

import (
	"bytes"
	"encoding/binary"
	"iter"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// talk is a conversation of two hosts, written down packet by packet. It builds
// messages with wire, keymat and esp, not with a session, so that a test can
// make any of them wrong.
type talk struct {
	t       testing.TB
	packets []captures.Packet
	i, r    netip.AddrPort
	suite   keymat.Suite
	psk     []byte
	x       keymat.Exchange
	keys    keymat.Phase1
	cbc     *keymat.CBC // phase 1
	sai     []byte
	auth    wire.AuthMethod

	noKeyLength bool // leaves KEY_LENGTH out of phase 1
}

var epoch = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func newTalk(t testing.TB) *talk {
	c := &talk{
		t: t, psk: []byte("Wolowitz"), auth: wire.AuthPSK,
		i: netip.MustParseAddrPort("192.0.2.1:500"), r: netip.MustParseAddrPort("192.0.2.2:500"),
		suite: keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA1, Group: keymat.MODP1024},
	}
	c.x = keymat.Exchange{
		CookieI: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}, CookieR: [8]byte{0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8},
		Ni: bytes.Repeat([]byte{0x11}, 16), Nr: bytes.Repeat([]byte{0x22}, 16),
		GXi: bytes.Repeat([]byte{0x33}, 128), GXr: bytes.Repeat([]byte{0x44}, 128), GXY: bytes.Repeat([]byte{0x55}, 128),
	}
	c.derive()
	return c
}

func (c *talk) derive() {
	var err error
	if c.keys, err = keymat.DerivePSK(c.suite, c.psk, c.x); err != nil {
		c.t.Fatal(err)
	}
	if c.cbc, err = keymat.NewCBC(c.suite, c.keys.Key, c.keys.IV); err != nil {
		c.t.Fatal(err)
	}
}

// log has all keys of the ISAKMP SA, by what they are made of.
func (c *talk) log() *keylog.Log {
	return &keylog.Log{ISAKMP: []keylog.ISAKMP{{CookieI: c.x.CookieI, PSK: c.psk, GXY: c.x.GXY}}}
}

// ip writes down an IPv4 packet.
func (c *talk) ip(src, dst netip.Addr, proto uint8, payload []byte) {
	c.raw(ipv4(src, dst, proto, payload))
}

func (c *talk) raw(b []byte) {
	n := len(c.packets) + 1
	c.packets = append(c.packets, captures.Packet{
		Number: n, Time: epoch.Add(time.Duration(n) * time.Second), Link: captures.LinkRaw, OrigLen: len(b), Data: b,
	})
}

func ipv4(src, dst netip.Addr, proto uint8, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	b[0], b[8], b[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	copy(b[12:], src.AsSlice())
	copy(b[16:], dst.AsSlice())
	return append(b, payload...)
}

func udp(src, dst uint16, data []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(data)))
	return append(append(b, 0, 0), data...)
}

func tcp(src, dst uint16, flags dissect.TCPFlags, data string) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = append(b, make([]byte, 16)...)
	b[12], b[13] = 5<<4, byte(flags)
	return append(b, data...)
}

// send writes down an ISAKMP message from one side to the other.
func (c *talk) send(fromInitiator bool, octets []byte) []byte {
	src, dst := c.i, c.r
	if !fromInitiator {
		src, dst = dst, src
	}
	if src.Port() == 4500 {
		octets = esp.AppendIKE(nil, octets)
	}
	c.ip(src.Addr(), dst.Addr(), 17, udp(src.Port(), dst.Port(), octets))
	return octets
}

func (c *talk) header(x wire.ExchangeType, id uint32) wire.Header {
	return wire.Header{CookieI: c.x.CookieI, CookieR: c.x.CookieR, Version: wire.Version1, Exchange: x, MessageID: id}
}

func (c *talk) plain(fromInitiator bool, h wire.Header, ps ...wire.Payload) []byte {
	m := wire.Message{Header: h, Payloads: ps}
	b, err := m.Append(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(fromInitiator, b)
}

// sealed sends an encrypted message and moves the chain.
func (c *talk) sealed(fromInitiator bool, cbc *keymat.CBC, h wire.Header, ps ...wire.Payload) []byte {
	b := appendPayloads(c.t, ps)
	for len(b)%cbc.BlockSize() != 0 {
		b = append(b, 0)
	}
	sealed, err := cbc.Encrypt(nil, b)
	if err != nil {
		c.t.Fatal(err)
	}
	h.Flags |= wire.FlagEncryption
	h.NextPayload = wire.FirstType(ps)
	m := wire.Message{Header: h, Sealed: sealed}
	octets, err := m.Append(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(fromInitiator, octets)
}

func appendPayloads(t testing.TB, ps []wire.Payload) []byte {
	b, err := wire.AppendPayloads(nil, ps)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func body(t testing.TB, p wire.Payload) []byte { return appendPayloads(t, []wire.Payload{p})[4:] }

func (c *talk) sa() *wire.SA {
	as := []wire.Attribute{
		wire.TV(wire.P1Encryption, uint16(c.suite.Cipher)), wire.TV(wire.P1KeyLength, uint16(c.suite.KeyBits)),
		wire.TV(wire.P1Hash, uint16(c.suite.Hash)), wire.TV(wire.P1Group, uint16(c.suite.Group)),
		wire.TV(wire.P1Auth, uint16(c.auth)),
	}
	if c.noKeyLength {
		as = slices.Delete(as, 1, 2)
	}
	return &wire.SA{DOI: wire.DOIIPSEC, Situation: wire.SitIdentityOnly, Proposals: []wire.Proposal{{
		Number: 1, Protocol: wire.ProtoISAKMP,
		Transforms: []wire.Transform{{Number: 1, ID: wire.KeyIKE, Attributes: as}},
	}}}
}

func (c *talk) id(a netip.Addr) *wire.ID { return &wire.ID{IDType: wire.IDIPv4Addr, Data: a.AsSlice()} }

// opening sends messages 1 to 4 of main mode.
func (c *talk) opening() {
	h := c.header(wire.ExchangeMain, 0)
	first := h
	first.CookieR = wire.Cookie{}
	c.sai = body(c.t, c.sa())
	c.plain(true, first, c.sa(), &wire.VendorID{Data: wire.VendorIDRFC3947})
	c.plain(false, h, c.sa(), &wire.VendorID{Data: wire.VendorIDRFC3947})
	c.plain(true, h, &wire.KE{Data: c.x.GXi}, &wire.Nonce{Data: c.x.Ni})
	c.plain(false, h, &wire.KE{Data: c.x.GXr}, &wire.Nonce{Data: c.x.Nr})
}

// authenticate sends messages 5 and 6.
func (c *talk) authenticate() {
	h := c.header(wire.ExchangeMain, 0)
	id := c.id(c.i.Addr())
	c.sealed(true, c.cbc, h, id, &wire.Hash{Data: keymat.HashI(c.suite, c.keys.SKEYID, c.x, c.sai, body(c.t, id))})
	id = c.id(c.r.Addr())
	c.sealed(false, c.cbc, h, id, &wire.Hash{Data: keymat.HashR(c.suite, c.keys.SKEYID, c.x, c.sai, body(c.t, id))})
}

func (c *talk) main() { c.opening(); c.authenticate() }

// chain starts the CBC chain of an exchange under the ISAKMP SA.
func (c *talk) chain(id uint32) *keymat.CBC {
	cbc, err := c.cbc.WithIV(keymat.QuickIV(c.suite, c.cbc.IV(), id))
	if err != nil {
		c.t.Fatal(err)
	}
	return cbc
}

const (
	spiI, spiR = 0x0a0b0c0d, 0x1a1b1c1d
	quickID    = 0x12345678
)

func espSA(spi uint32, encap uint16) *wire.SA {
	return &wire.SA{DOI: wire.DOIIPSEC, Situation: wire.SitIdentityOnly, Proposals: []wire.Proposal{{
		Number: 1, Protocol: wire.ProtoESP, SPI: binary.BigEndian.AppendUint32(nil, spi),
		Transforms: []wire.Transform{{Number: 1, ID: wire.ESPAES, Attributes: []wire.Attribute{
			wire.TV(wire.P2KeyLength, 128), wire.TV(wire.P2Auth, wire.AuthHMACSHA1), wire.TV(wire.P2Encapsulation, encap),
		}}},
	}}}
}

// quick sends the three messages of quick mode and returns the SAs to the
// responder and back.
func (c *talk) quick() (toR, toI *esp.SA) {
	ni, nr := bytes.Repeat([]byte{0x66}, 16), bytes.Repeat([]byte{0x77}, 16)
	cbc := c.chain(quickID)
	h := c.header(wire.ExchangeQuick, quickID)
	ids := []wire.Payload{c.id(c.i.Addr()), c.id(c.r.Addr())}
	rest := append([]wire.Payload{espSA(spiI, wire.EncapTransport), &wire.Nonce{Data: ni}}, ids...)
	hash := &wire.Hash{Data: keymat.Hash1(c.suite.Hash, c.keys.A, quickID, appendPayloads(c.t, rest))}
	c.sealed(true, cbc, h, append([]wire.Payload{hash}, rest...)...)
	rest = append([]wire.Payload{espSA(spiR, wire.EncapTransport), &wire.Nonce{Data: nr}}, ids...)
	hash = &wire.Hash{Data: keymat.Hash2(c.suite.Hash, c.keys.A, quickID, ni, appendPayloads(c.t, rest))}
	c.sealed(false, cbc, h, append([]wire.Payload{hash}, rest...)...)
	c.sealed(true, cbc, h, &wire.Hash{Data: keymat.Hash3(c.suite.Hash, c.keys.A, quickID, ni, nr)})
	return c.espSA(spiR, ni, nr), c.espSA(spiI, ni, nr)
}

func (c *talk) espSA(spi uint32, ni, nr []byte) *esp.SA {
	s := esp.Suite{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}
	km := keymat.KEYMAT(c.suite.Hash, c.keys.D, nil, uint8(wire.ProtoESP), binary.BigEndian.AppendUint32(nil, spi), ni, nr, s.KEYMATLen())
	k, err := esp.SplitKEYMAT(s, km)
	if err != nil {
		c.t.Fatal(err)
	}
	return newSA(c.t, spi, s, k)
}

func newSA(t testing.TB, spi uint32, s esp.Suite, k esp.Keys) *esp.SA {
	sa, err := esp.New(esp.Params{SPI: spi, Mode: esp.Transport, Suite: s, Keys: k})
	if err != nil {
		t.Fatal(err)
	}
	return sa
}

func seal(t testing.TB, sa *esp.SA, payload []byte, next uint8) []byte {
	b, err := sa.Seal(nil, payload, next)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (c *talk) all() iter.Seq2[captures.Packet, error] {
	return func(yield func(captures.Packet, error) bool) {
		for _, p := range c.packets {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// decode decodes the conversation and copies every event.
func (c *talk) decode(log *keylog.Log) []*dissect.Event {
	c.t.Helper()
	var es []*dissect.Event
	for e, err := range dissect.Decode(c.all(), log) {
		if err != nil {
			c.t.Fatal(err)
		}
		es = append(es, e.Clone())
	}
	return es
}
