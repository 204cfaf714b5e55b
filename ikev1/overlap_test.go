package ikev1_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

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
