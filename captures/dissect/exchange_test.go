package dissect_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var mainLines = []string{
	"main 1 > clear", "main 2 < clear", "main 3 > clear", "main 4 < clear",
	"main 5 > decrypted HASH_I good", "main 6 < decrypted HASH_R good",
}

func diffLines(t *testing.T, want []string, es []*dissect.Event) {
	t.Helper()
	if diff := cmp.Diff(want, summaries(es)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// From psk and g^xy alone: the SAs of quick mode decrypt without any key given
// for them.
func TestWholeConversation(t *testing.T) {
	c := newTalk(t)
	c.main()
	toR, toI := c.quick()
	ri, rr := c.i.Addr(), c.r.Addr()
	c.ip(ri, rr, 50, seal(t, toR, tcp(40000, 179, dissect.SYN, ""), 6))
	c.ip(rr, ri, 50, seal(t, toI, tcp(179, 40000, dissect.SYN|dissect.ACK, ""), 6))
	es := c.decode(c.log())
	diffLines(t, append(slices.Clone(mainLines),
		"quick 1 > decrypted HASH(1) good", "quick 2 < decrypted HASH(2) good", "quick 3 > decrypted HASH(3) good"), es)

	for i, want := range []struct {
		flags dissect.TCPFlags
		flow  string
	}{
		{dissect.SYN, "tcp 192.0.2.1:40000 -> 192.0.2.2:179"},
		{dissect.SYN | dissect.ACK, "tcp 192.0.2.2:179 -> 192.0.2.1:40000"},
	} {
		e := es[9+i]
		in := e.Inner
		if e.ESP.Facts.ICV != esp.ICVGood || in == nil || in.TCP.Flags != want.flags || in.Flow.String() != want.flow || in.Kind != dissect.KindTCP {
			t.Fatalf("frame %d: %+v, inner %+v", e.Frame, e.ESP, in)
		}
		sa := e.ESP.SA
		if sa.Origin != dissect.OriginNegotiated || sa.Mode != esp.Transport || !sa.KeysDerived || sa.ToResponder != (i == 0) ||
			sa.Negotiated != 8 || sa.Packets != 1 || sa.FirstSeq != 1 {
			t.Errorf("frame %d: SA %+v", e.Frame, sa)
		}
	}
	p := es[5].ISAKMP.Phase1
	if p.IDii == nil || !bytes.Equal(p.IDii.Data, ri.AsSlice()) || p.HashI != dissect.HashGood || p.HashR != dissect.HashGood || !p.Complete() {
		t.Errorf("phase 1: %+v", p)
	}
}

// Without KEY_LENGTH AES is taken for the 128 bits that are meant, and that is said.
func TestImpliedKeyLength(t *testing.T) {
	for _, implied := range []bool{false, true} {
		c := newTalk(t)
		c.noKeyLength = implied
		c.main()
		c.quick()
		es := c.decode(c.log())
		diffLines(t, append(slices.Clone(mainLines),
			"quick 1 > decrypted HASH(1) good", "quick 2 < decrypted HASH(2) good", "quick 3 > decrypted HASH(3) good"), es)
		if p := es[5].ISAKMP.Phase1; p.KeyLengthImplied != implied || p.Suite.KeyBits != 128 {
			t.Errorf("implied %v: %v, %d bits", implied, p.KeyLengthImplied, p.Suite.KeyBits)
		}
	}
}

// Retransmissions, and octets that decrypt to nothing, do not move the IV chain.
func TestChainHolds(t *testing.T) {
	c := newTalk(t)
	c.opening()
	c.authenticate()
	fifth, sixth := c.packets[4], c.packets[5]
	junk := fifth
	junk.Data = slices.Clone(fifth.Data)
	for i := 60; i < 76; i++ { // the first block of ciphertext
		junk.Data[i] ^= 0x5a
	}
	c.packets = append(c.packets[:4:4], junk, fifth, fifth, sixth, fifth, sixth)
	for i := range c.packets {
		c.packets[i].Number = i + 1
	}
	c.quick()
	diffLines(t, []string{
		"main 1 > clear", "main 2 < clear", "main 3 > clear", "main 4 < clear",
		"main 5 > encrypted HASH_I unverifiable (does not decrypt with the given key) opaque: does not decrypt with the given key",
		"main 5 > decrypted HASH_I good", "main 5 > again(6) decrypted HASH_I good", "main 6 < decrypted HASH_R good",
		"main 5 > again(6) decrypted HASH_I good", "main 6 < again(8) decrypted HASH_R good",
		"quick 1 > decrypted HASH(1) good", "quick 2 < decrypted HASH(2) good", "quick 3 > decrypted HASH(3) good",
	}, c.decode(c.log()))
}

// A sender with its own idea of IVs is read, and the difference noted.
func TestOddIVs(t *testing.T) {
	c := newTalk(t)
	c.opening()
	first := c.cbc.IV()
	c.authenticate()
	unhashed, err := c.cbc.WithIV(c.cbc.IV())
	if err != nil {
		t.Fatal(err)
	}
	h := c.header(wire.ExchangeInformational, 7)
	n := &wire.Notify{DOI: wire.DOIIPSEC, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyInvalidIDInformation}
	hash := &wire.Hash{Data: keymat.Hash1(c.suite.Hash, c.keys.A, 7, appendPayloads(t, []wire.Payload{n}))}
	cbc, err := c.cbc.WithIV(keymat.QuickIV(c.suite, first, 7))
	if err != nil {
		t.Fatal(err)
	}
	c.sealed(false, cbc, h, hash, n)
	h.MessageID = 8
	hash = &wire.Hash{Data: keymat.Hash1(c.suite.Hash, c.keys.A, 8, appendPayloads(t, []wire.Payload{n}))}
	c.sealed(false, unhashed, h, hash, n)
	diffLines(t, append(slices.Clone(mainLines),
		"informational 1 < decrypted HASH(1) good [an IV made of the IV of the first phase 1 message instead of the last phase 1 block]",
		"informational 1 < decrypted HASH(1) good [the last phase 1 block itself, without the message ID hashed in]"),
		c.decode(c.log()))
}

func TestWrongHashes(t *testing.T) {
	for _, tt := range []struct {
		name string
		hash func(c *talk, rest []byte) []wire.Payload
		want string
	}{
		{"wrong", func(*talk, []byte) []wire.Payload { return []wire.Payload{&wire.Hash{Data: make([]byte, 20)}} }, "HASH(1) bad"},
		{"absent", func(*talk, []byte) []wire.Payload { return nil }, "HASH(1) absent"},
		{"other message ID", func(c *talk, rest []byte) []wire.Payload {
			return []wire.Payload{&wire.Hash{Data: keymat.Hash1(c.suite.Hash, c.keys.A, quickID+1, rest)}}
		}, "HASH(1) bad"},
		{"reserved octet not zero", func(c *talk, rest []byte) []wire.Payload {
			return []wire.Payload{&wire.Raw{PT: wire.PayloadHash, Reserved: 9, Body: keymat.Hash1(c.suite.Hash, c.keys.A, quickID, rest)}}
		}, "HASH(1) good"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newTalk(t)
			c.main()
			rest := []wire.Payload{espSA(spiI, wire.EncapTunnel), &wire.Nonce{Data: make([]byte, 16)}}
			c.sealed(true, c.chain(quickID), c.header(wire.ExchangeQuick, quickID), append(tt.hash(c, appendPayloads(t, rest)), rest...)...)
			diffLines(t, append(slices.Clone(mainLines), "quick 1 > decrypted "+tt.want), c.decode(c.log()))
		})
	}
}

// In aggressive mode the pre-shared key alone verifies HASH_R, right or wrong.
func TestAggressive(t *testing.T) {
	for _, tt := range []struct {
		psk, want string
	}{{"Wolowitz", "good"}, {"Wollowitz", "bad"}} {
		c := newTalk(t)
		h := c.header(wire.ExchangeAggressive, 0)
		first := h
		first.CookieR = wire.Cookie{}
		c.plain(true, first, c.sa(), &wire.KE{Data: c.x.GXi}, &wire.Nonce{Data: c.x.Ni}, c.id(c.i.Addr()))
		id := c.id(c.r.Addr())
		c.plain(false, h, c.sa(), &wire.KE{Data: c.x.GXr}, &wire.Nonce{Data: c.x.Nr}, id,
			&wire.Hash{Data: keymat.HashR(c.suite, c.keys.SKEYID, c.x, body(t, c.sa()), body(t, id))})
		id = c.id(c.i.Addr())
		c.plain(true, h, &wire.Hash{Data: keymat.HashI(c.suite, c.keys.SKEYID, c.x, body(t, c.sa()), body(t, id))})
		es := c.decode(&keylog.Log{ISAKMP: []keylog.ISAKMP{{PSK: []byte(tt.psk)}}})
		diffLines(t, []string{
			"aggressive 1 > clear", "aggressive 2 < clear HASH_R " + tt.want, "aggressive 3 > clear HASH_I " + tt.want,
		}, es)
		if p := es[2].ISAKMP.Phase1; p.Keys != dissect.KeysSKEYID || !p.Complete() {
			t.Errorf("keys %v, complete %v", p.Keys, p.Complete())
		}
	}
}

func TestDelete(t *testing.T) {
	c := newTalk(t)
	c.main()
	c.quick()
	send := func(id uint32, fromInitiator bool, del *wire.Delete) {
		hash := &wire.Hash{Data: keymat.Hash1(c.suite.Hash, c.keys.A, id, appendPayloads(t, []wire.Payload{del}))}
		c.sealed(fromInitiator, c.chain(id), c.header(wire.ExchangeInformational, id), hash, del)
	}
	esp := func(spi ...byte) *wire.Delete {
		return &wire.Delete{DOI: wire.DOIIPSEC, Protocol: wire.ProtoESP, SPIs: [][]byte{spi}}
	}
	send(21, true, esp(0x1a, 0x1b, 0x1c, 0x1d)) // the wrong side's SPI
	send(22, true, esp(0x0a, 0x0b, 0x0c, 0x0d))
	send(23, false, &wire.Delete{DOI: wire.DOIIPSEC, Protocol: wire.ProtoISAKMP, SPIs: [][]byte{slices.Concat(c.x.CookieI[:], c.x.CookieR[:])}})
	es := c.decode(c.log())
	q := es[8].ISAKMP.Quick
	got := []int{q.SAs[0].Deleted, q.SAs[1].Deleted, q.Phase1.Deleted}
	if diff := cmp.Diff([]int{0, 11, 12}, got); diff != "" {
		t.Errorf("deleted in frames (-want +got):\n%s", diff)
	}
}

// Two responders to one first message are two ISAKMP SAs.
func TestTwoResponders(t *testing.T) {
	c := newTalk(t)
	c.opening()
	c.packets = c.packets[:2]
	c.x.CookieR[0]++
	c.r = netip.MustParseAddrPort("192.0.2.3:500")
	c.plain(false, c.header(wire.ExchangeMain, 0), c.sa())
	es := c.decode(nil)
	p, q := es[1].ISAKMP.Phase1, es[2].ISAKMP.Phase1
	if p == q || es[0].ISAKMP.Phase1 != p || q.Offered == nil || q.Chosen == nil || fmt.Sprint(summaries(es)) != "[main 1 > clear main 2 < clear main 2 < clear]" {
		t.Errorf("%p %p: %v", p, q, summaries(es))
	}
}

// A new quick mode that takes the same SPI again replaces the SA; packets of the
// old one are still told apart.
func TestSPIReuse(t *testing.T) {
	c := newTalk(t)
	c.main()
	old, _ := c.quick()
	c.packets = c.packets[:len(c.packets):len(c.packets)]
	ni := bytes.Repeat([]byte{0x88}, 16)
	cbc := c.chain(99)
	h := c.header(wire.ExchangeQuick, 99)
	for i, spi := range []uint32{0x0a0b0c0e, spiR} {
		rest := []wire.Payload{espSA(spi, wire.EncapTransport), &wire.Nonce{Data: ni}}
		c.sealed(i == 0, cbc, h, append([]wire.Payload{&wire.Hash{Data: make([]byte, 20)}}, rest...)...)
	}
	fresh := c.espSA(spiR, ni, ni)
	for _, sa := range []*esp.SA{fresh, old, fresh} {
		c.ip(c.i.Addr(), c.r.Addr(), 50, seal(t, sa, udp(1, 2, nil), 17))
	}
	es := c.decode(c.log())
	n := len(es)
	a, b, x := es[n-3].ESP, es[n-2].ESP, es[n-1].ESP
	if a.SA != x.SA || a.SA.Replaced != b.SA || a.SA.ICVGood != 2 || b.SA.ICVGood != 1 || a.SA.Negotiated != 11 || b.SA.Negotiated != 8 {
		t.Errorf("SAs %+v and %+v", a.SA, b.SA)
	}
}

// What is no fragment of a whole message stays a fragment.
func TestIKEFragments(t *testing.T) {
	body := make([]byte, 8)
	for _, tt := range []struct {
		name string
		send []wire.Fragment
		want string
	}{
		{"alone", []wire.Fragment{{ID: 1, Number: 1, Data: body}}, "the rest of its message is not there"},
		{"last one missing", []wire.Fragment{{ID: 1, Number: 1, Data: body}, {ID: 1, Number: 2, Data: body}}, "the rest of its message is not there"},
		{"of two messages", []wire.Fragment{{ID: 1, Number: 1, Data: body}, {ID: 2, Number: 2, Last: true, Data: body}}, "the rest of its message is not there"},
		{"number 0", []wire.Fragment{{ID: 1, Number: 0, Data: body}}, "with number 0"},
		{"whole but for number 0", []wire.Fragment{{ID: 1, Number: 0, Data: body}, {ID: 1, Number: 1, Last: true, Data: body}}, "the rest of its message is not there"},
		{"beyond the last", []wire.Fragment{{ID: 1, Number: 2, Last: true, Data: body}, {ID: 1, Number: 3, Data: body}}, "beyond the last one"},
		{"with another text", []wire.Fragment{{ID: 1, Number: 1, Data: body}, {ID: 1, Number: 1, Data: body[1:]}}, "another one of number 1"},
	} {
		c := newTalk(t)
		for _, f := range tt.send {
			c.plain(true, c.header(wire.ExchangeMain, 0), &f)
		}
		es := c.decode(c.log())
		e := es[len(es)-1]
		if e.Opaque != "an IKE fragment, "+tt.want && e.Opaque != "an IKE fragment; "+tt.want || e.ISAKMP.Phase1 != nil || e.ISAKMP.Fragment == nil {
			t.Errorf("%s: %q, %+v", tt.name, e.Opaque, e.ISAKMP)
		}
	}
	c := newTalk(t)
	inner := c.plain(true, c.header(wire.ExchangeMain, 0), &wire.Fragment{ID: 9, Number: 1, Last: true})
	c.plain(true, c.header(wire.ExchangeMain, 0), &wire.Fragment{ID: 1, Number: 1, Last: true, Data: inner})
	c.plain(true, c.header(wire.ExchangeMain, 0), &wire.Fragment{ID: 2, Number: 1, Last: true, Data: body})
	for _, e := range c.decode(c.log()) {
		if e.Err == nil || e.ISAKMP.Phase1 != nil {
			t.Errorf("frame %d: %v", e.Frame, e.Err)
		}
	}
}
