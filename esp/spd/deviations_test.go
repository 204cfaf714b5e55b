package spd

import (
	"bytes"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
)

var segment = tcp(alice, bob, 40000, 179, "open")

// sent counts what an endpoint puts on the wire: the packet itself, and ESP packets.
func sent(t *testing.T, e *Endpoint, pkt []byte) (clear, protected int, v Verdict) {
	t.Helper()
	v, out := e.Outbound(now, pkt)
	for _, p := range out {
		switch {
		case bytes.Equal(p, pkt):
			clear++
		case wellFormed(t, p).flow.Proto == protoESP:
			protected++
		default:
			t.Fatalf("neither clear nor ESP: %x", p)
		}
	}
	return clear, protected, v
}

func TestLeaks(t *testing.T) {
	type count struct{ clear, protected int }
	send := func(n int) func(*testing.T, *Endpoint) []count {
		return func(t *testing.T, e *Endpoint) []count {
			var all []count
			for range n {
				c, p, _ := sent(t, e, segment)
				all = append(all, count{c, p})
			}
			return all
		}
	}
	// lifetime of an SA: before, with it, without it again
	life := func(t *testing.T, e *Endpoint) []count {
		all := send(1)(t, e)
		pair, _ := bgp().pairs(t, 0x3001, 0x3002)
		install(t, e, pair)
		all = append(all, send(1)(t, e)...)
		e.RemoveOutbound(0x3001)
		return append(all, send(1)(t, e)...)
	}
	for _, tc := range []struct {
		name string
		d    Deviations
		do   func(*testing.T, *Endpoint) []count
		want []count
	}{
		{"honest", Deviations{}, life, []count{{0, 0}, {0, 1}, {0, 0}}},
		{"leak_cleartext", Deviations{LeakCleartext: 2}, life, []count{{1, 0}, {1, 1}, {0, 0}}},
		{"leak_without_sa", Deviations{LeakWithoutSA: true}, life, []count{{1, 0}, {0, 1}, {1, 0}}},
		{"leak_after_delete", Deviations{LeakAfterDelete: true}, life, []count{{0, 0}, {0, 1}, {1, 0}}},
		{"keep_deleted", Deviations{KeepDeleted: true}, life, []count{{0, 0}, {0, 1}, {0, 1}}},
	} {
		s := bgp()
		s.dev = tc.d
		a, _ := s.endpoints()
		got := tc.do(t, a)
		for i := range tc.want {
			if got[i] != tc.want[i] {
				t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
				break
			}
		}
	}
}

func TestLeakStillAsksForSA(t *testing.T) {
	for _, d := range []Deviations{{LeakCleartext: 1}, {LeakWithoutSA: true}} {
		s := bgp()
		s.dev = d
		a, _ := s.endpoints()
		if _, _, v := sent(t, a, segment); v.NeedSA == nil || v.Reason != ReasonLeak || v.Action != Protect {
			t.Errorf("%+v: %+v", d, v)
		}
	}
}

func TestAnyPort(t *testing.T) {
	s := bgp()
	s.dev.AnyPort = true
	s.rest = []Policy{{Name: "rest", Action: Bypass}}
	a, b := s.connected(t)
	web := tcp(alice, bob, 40000, 80, "get")
	v, out := a.Outbound(now, web)
	if v, in := b.Inbound(now, one(t, v, out)); v.Reason != ReasonOutside || len(in) != 0 {
		t.Errorf("an honest peer: %+v", v)
	}
	if clear, _, _ := sent(t, a, udp(alice, bob, 1, 2, nil)); clear != 1 {
		t.Error("other protocols are not meant")
	}
	s.dev = Deviations{}
	a, _ = s.connected(t)
	if clear, protected, _ := sent(t, a, web); clear != 1 || protected != 0 {
		t.Error("the honest end is not honest")
	}
}

// TestSpoofInner has packets outside the selectors, and nothing else wrong with them.
func TestSpoofInner(t *testing.T) {
	for name, tc := range map[string]struct {
		s   setup
		pkt []byte
	}{
		"transport": {bgp(), segment},
		"tunnel":    {gateways(), udp(aliceInner, bobInner, 1, 2, []byte("odd"))},
	} {
		s := tc.s
		s.dev.SpoofInner = 2
		a, b := s.connected(t)
		for n := 1; n <= 3; n++ {
			v, out := a.Outbound(now, tc.pkt)
			v, in := b.Inbound(now, one(t, v, out))
			if spoofed := v.Reason == ReasonOutside && len(in) == 0; spoofed != (n == 2) {
				t.Errorf("%s: packet %d: %+v", name, n, v)
			}
		}
		p, err := parse(tc.pkt)
		if err != nil {
			t.Fatal(err)
		}
		q := wellFormed(t, spoof(p, s.mode).raw)
		if q.flow == p.flow || transportChecksum(q.raw, q, q.flow.Proto) != 0 {
			t.Errorf("%s: spoofed %v, checksum %x", name, q.flow, transportChecksum(q.raw, q, q.flow.Proto))
		}
		if !bytes.Equal(p.raw, tc.pkt) {
			t.Errorf("%s: the packet given was changed", name)
		}
	}
}

// TestSpoofHarmless holds that packets which offer nothing to spoof survive.
func TestSpoofHarmless(t *testing.T) {
	for _, pkt := range [][]byte{
		icmp(alice, bob, 8, nil), ip(alice, bob, protoUDP, make([]byte, 4)),
		tcp(alice6, bob6, 1, 2, "x"), fragment(tcp(alice, bob, 1, 2, "x"), 1, true),
	} {
		p, err := parse(pkt)
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []esp.Mode{esp.Tunnel, esp.Transport} {
			wellFormed(t, spoof(p, mode).raw)
		}
	}
}

func TestIgnoreRekey(t *testing.T) {
	s := bgp()
	s.dev.IgnoreRekey = true
	a, _ := s.connected(t)
	pair, _ := s.pairs(t, spiAB+1, spiBA+1)
	install(t, a, pair)
	if _, _, v := sent(t, a, segment); v.SPI != spiAB {
		t.Errorf("%+v", v)
	}
}

func TestKeepDeletedInbound(t *testing.T) {
	s := bgp()
	s.dev.KeepDeleted = true
	a, b := s.connected(t)
	v, out := b.Outbound(now, tcp(bob, alice, 179, 40000, ""))
	if !a.Remove(spiBA) {
		t.Error("Remove says there was none")
	}
	if v, in := a.Inbound(now, one(t, v, out)); v.Action != Protect || len(in) != 1 {
		t.Errorf("%+v", v)
	}
}

func TestNeverExpire(t *testing.T) {
	s := bgp()
	s.dev.NeverExpire = true
	a, _ := s.endpoints()
	pair, _ := s.pairs(t, spiAB, spiBA)
	pair.Expires = now.Add(-time.Hour)
	install(t, a, pair)
	if _, protected, v := sent(t, a, segment); protected != 1 {
		t.Errorf("%+v", v)
	}
}

func TestReuseSPI(t *testing.T) {
	s := bgp()
	s.dev.ReuseSPI = true
	a, _ := s.connected(t)
	pair, _ := s.pairs(t, spiAB+1, spiBA)
	install(t, a, pair)
	if got := a.InboundSAs(); len(got) != 1 || got[0] != pair.In {
		t.Errorf("%v", got)
	}
}

func TestUDPChecksum(t *testing.T) {
	s := bgp()
	s.encap, s.dev.UDPChecksum = true, true
	a, b := s.connected(t)
	v, out := a.Outbound(now, segment)
	pkt := one(t, v, out)
	p := wellFormed(t, pkt)
	if c := [2]byte(p.payload()[6:]); c == [2]byte{} || transportChecksum(pkt, p, protoUDP) == 0 {
		t.Errorf("checksum %x", c)
	}
	// RFC 3948 2.1: a receiver must not look at it.
	if v, in := b.Inbound(now, pkt); v.Action != Protect || len(in) != 1 {
		t.Errorf("%+v", v)
	}
}

func TestReceiverDeviations(t *testing.T) {
	s := bgp()
	s.dev.AcceptClear = true
	a, _ := s.connected(t)
	clear := tcp(bob, alice, 179, 40000, "")
	if v, in := a.Inbound(now, clear); v.Action != Bypass || v.Reason != "clear packet matches protect policy bgp" || len(in) != 1 {
		t.Errorf("accept_clear: %+v", v)
	}
	s.dev = Deviations{AcceptOutside: true}
	a, _ = s.connected(t)
	pkt, err := s.newSA(t, false, spiBA, esp.Deviations{}).Seal(nil, tcp(bob, alice, 80, 40000, "")[20:], protoTCP)
	if err != nil {
		t.Fatal(err)
	}
	if v, in := a.Inbound(now, ip(bob, alice, protoESP, pkt)); v.Action != Protect || v.Reason != ReasonOutside || len(in) != 1 {
		t.Errorf("accept_outside: %+v", v)
	}
}

// TestESPDeviationsShow has a fault of the SA reach the verdict of the other end.
func TestESPDeviationsShow(t *testing.T) {
	for name, tc := range map[string]struct {
		d      esp.Deviations
		reason string
	}{
		"bad_icv":           {esp.Deviations{BadICV: 2}, ReasonICV},
		"repeat_sequence":   {esp.Deviations{RepeatSequence: 2}, ReasonReplay},
		"pad_not_monotonic": {esp.Deviations{PadNotMonotonic: true}, ReasonPadding},
		"next_header":       {esp.Deviations{NextHeader: 59}, ReasonDummy},
		"spi":               {esp.Deviations{SPI: 255}, ReasonNoSA},
	} {
		s := bgp()
		s.espDev = tc.d
		a, b := s.connected(t)
		var last Verdict
		for range 2 {
			v, out := a.Outbound(now, segment)
			last, _ = b.Inbound(now, one(t, v, out))
		}
		if last.Action != Discard || last.Reason != tc.reason {
			t.Errorf("%s: %+v", name, last)
		}
	}
}
