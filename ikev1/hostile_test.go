package ikev1_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// message makes one in clear, with the cookies of a pair.
func (p *pair) message(t *testing.T, x wire.ExchangeType, flags wire.Flags, ps ...wire.Payload) []byte {
	t.Helper()
	i, r := p.i.Cookies()
	m := wire.Message{Header: wire.Header{CookieI: i, CookieR: r, Version: wire.Version1, Exchange: x, Flags: flags, MessageID: 77}, Payloads: ps}
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestHostile throws at both ends what somebody who has no keys can send, after phase 1 and a quick mode. Each is dropped with an
// event that says why, nothing is answered, and the SAs stand.
func TestHostile(t *testing.T) {
	spi := func(p *pair) []byte { return binary.BigEndian.AppendUint32(nil, p.i.Children()[0].SPIOut) }
	cookies := func(p *pair) []byte {
		i, r := p.i.Cookies()
		return append(i[:], r[:]...)
	}
	with := func(b []byte, at int, v ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], v)
		return b
	}
	for name, tt := range map[string]struct {
		data func(t *testing.T, p *pair) []byte
		why  string
	}{
		"nothing":         {func(*testing.T, *pair) []byte { return nil }, "truncated"},
		"half a header":   {func(_ *testing.T, p *pair) []byte { return p.i.sent[3].Data[:20] }, "truncated"},
		"junk":            {func(*testing.T, *pair) []byte { return bytes.Repeat([]byte("junk"), 50) }, "version"},
		"IKEv2":           {func(_ *testing.T, p *pair) []byte { return with(p.i.sent[3].Data, 17, 0x20) }, "version"},
		"length too long": {func(_ *testing.T, p *pair) []byte { return with(p.i.sent[3].Data, 24, 0, 1) }, "length"},
		"length zero":     {func(_ *testing.T, p *pair) []byte { return with(p.i.sent[3].Data, 24, 0, 0, 0, 0) }, "length"},
		"64 KiB": {func(_ *testing.T, p *pair) []byte {
			return append(bytes.Clone(p.i.sent[3].Data), make([]byte, 65000)...)
		}, "length"},
		"other cookies":      {func(_ *testing.T, p *pair) []byte { return with(p.i.sent[3].Data, 0, 9, 9) }, "cookie"},
		"no cookies":         {func(_ *testing.T, p *pair) []byte { return with(p.i.sent[3].Data, 0, make([]byte, 16)...) }, "cookie"},
		"another exchange":   {func(_ *testing.T, p *pair) []byte { return with(p.i.sent[3].Data, 18, 99) }, "exchange"},
		"another message ID": {func(_ *testing.T, p *pair) []byte { return with(p.i.sent[3].Data, 20, 1, 2, 3, 4) }, "does not decrypt"},
		"ciphertext changed": {func(_ *testing.T, p *pair) []byte {
			b := with(p.i.sent[3].Data, 20, 4, 3, 2, 1)
			b[len(b)-1] ^= 1
			return b
		}, "does not decrypt"},
		"a Delete of the child in clear": {func(t *testing.T, p *pair) []byte {
			return p.message(t, wire.ExchangeInformational, 0, &wire.Delete{DOI: 1, Protocol: wire.ProtoESP, SPISize: 4, SPIs: [][]byte{spi(p)}})
		}, "unprotected"},
		"a Delete of the ISAKMP SA in clear": {func(t *testing.T, p *pair) []byte {
			return p.message(t, wire.ExchangeInformational, 0, &wire.Delete{DOI: 1, Protocol: wire.ProtoISAKMP, SPISize: 16, SPIs: [][]byte{cookies(p)}})
		}, "unprotected"},
		"a notify in clear": {func(t *testing.T, p *pair) []byte {
			return p.message(t, wire.ExchangeInformational, 0, &wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyAuthenticationFailed})
		}, "unprotected"},
		"INITIAL-CONTACT in clear": {func(t *testing.T, p *pair) []byte {
			return p.message(t, wire.ExchangeInformational, 0, &wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyInitialContact, SPI: cookies(p)})
		}, "unprotected"},
		"a quick mode in clear": {func(t *testing.T, p *pair) []byte {
			return p.message(t, wire.ExchangeQuick, 0, &wire.Nonce{Data: make([]byte, 16)})
		}, "without encryption"},
		"a transaction in clear": {func(t *testing.T, p *pair) []byte {
			return p.message(t, wire.ExchangeTransaction, 0, &wire.Attributes{MsgType: wire.CFGSet})
		}, "without encryption"},
		"a new group in clear": {func(t *testing.T, p *pair) []byte {
			return p.message(t, wire.ExchangeNewGroup, 0, &wire.Hash{Data: make([]byte, 20)})
		}, "without encryption"},
		"phase 1 once more": {func(t *testing.T, p *pair) []byte {
			return with(p.message(t, wire.ExchangeMain, 0, &wire.Nonce{Data: make([]byte, 16)}), 20, 0, 0, 0, 0)
		}, "state"},
		"a fragment": {func(t *testing.T, p *pair) []byte {
			return p.message(t, wire.ExchangeMain, 0, &wire.Fragment{ID: 1, Number: 1, Data: []byte("x")})
		}, "fragment"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, nil).start().quick()
			data := tt.data(t, p)
			stranger := netip.MustParseAddrPort("198.51.100.99:500")
			for _, e := range []*end{p.i, p.r} {
				for _, remote := range []netip.AddrPort{p.other(e).cfg.Local, stranger} {
					n := len(e.events)
					out, err := e.Handle(p.now, ikev1.Datagram{Local: e.cfg.Local, Remote: remote, Data: bytes.Clone(data)})
					if len(out) != 0 || err != nil {
						t.Errorf("%v: %d answers, %v", e.Role(), len(out), err)
					}
					if len(e.events) == n {
						t.Fatalf("%v: no event", e.Role())
					}
					if last := e.events[len(e.events)-1]; last.Kind != ikev1.EventDropped || !strings.Contains(last.Detail, tt.why) {
						t.Errorf("%v: %v %q, want %q in it", e.Role(), last.Kind, last.Detail, tt.why)
					}
				}
			}
			p.quick().mirror()
			if n := len(p.r.Children()); n != 2 || p.i.State() != ikev1.StateEstablished || p.r.State() != ikev1.StateEstablished {
				t.Errorf("%d children", n)
			}
			if p.r.has(ikev1.EventRemap) || p.i.has(ikev1.EventRemap) {
				t.Error("a stranger is followed")
			}
		})
	}
}

// TestReplay sends every message of a whole life once more, to whom it was for, at the end and from elsewhere. Nothing comes of it but
// the last answer again, and not even that to a message of an exchange that is forgotten.
func TestReplay(t *testing.T) {
	for name, edit := range map[string]func(i, r *ikev1.Config){
		"main": nothing, "aggressive": aggressive, "XAUTH": remoteAccess, "probing": probing, "commit": func(_, r *ikev1.Config) { r.Commit = true },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, edit).start().quick()
			out, err := p.i.DeleteChild(p.now, p.i.Children()[0].SPIIn)
			if err != nil {
				t.Fatal(err)
			}
			p.carry(p.i, out)
			p.quick()
			for _, from := range []*end{p.i, p.r} {
				to := p.other(from)
				known := map[string]bool{}
				for _, d := range to.sent {
					known[string(d.Data)] = true
				}
				for n, d := range from.sent {
					got, err := to.Handle(p.now.Add(time.Minute), ikev1.Datagram{Local: d.Remote, Remote: netip.MustParseAddrPort("198.51.100.99:500"), Data: bytes.Clone(d.Data)})
					if err != nil || len(got) > 2 {
						t.Errorf("message %d of the %v: %d answers, %v", n+1, from.Role(), len(got), err)
					}
					for _, g := range got {
						if !known[string(g.Data)] {
							t.Errorf("message %d of the %v has a new answer", n+1, from.Role())
						}
						if g.Remote != d.Local {
							t.Errorf("message %d of the %v is answered to %v", n+1, from.Role(), g.Remote)
						}
					}
				}
			}
			p.mirror()
			if n := len(p.r.Children()); n != 1 {
				t.Errorf("%d children", n)
			}
		})
	}
}

// TestReplayOld: a message of an exchange that is long over is not taken for a new one, however many came after it.
func TestReplayOld(t *testing.T) {
	p := newPair(t, func(i, _ *ikev1.Config) { i.DPD = ikev1.DPD{Idle: time.Second} }).start().quick()
	quick1 := p.i.sent[3].Data
	for range 80 { // more than are remembered in full
		p.quick()
	}
	asked := len(p.i.sent)
	for p.now.Sub(start) < 15*time.Minute && p.tick() {
	}
	if n := len(p.i.sent) - asked; n < 800 {
		t.Fatalf("%d questions", n)
	}
	children := len(p.r.Children())
	for what, data := range map[string][]byte{"quick mode": quick1, "R-U-THERE": p.i.sent[asked].Data} {
		events := len(p.r.events)
		out, err := p.r.Handle(p.now, ikev1.Datagram{Local: addrR, Remote: addrI, Data: bytes.Clone(data)})
		if len(out) != 0 || err != nil || len(p.r.events) == events || p.r.events[events].Kind != ikev1.EventDropped {
			t.Errorf("%s: %d answers, %v", what, len(out), err)
		}
	}
	if n := len(p.r.Children()); n != children || p.r.Negotiating() {
		t.Errorf("%d children of %d", n, children)
	}
}
