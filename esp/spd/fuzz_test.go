package spd

import (
	"bytes"
	"testing"
)

// FuzzParseFlow holds that what is parsed can be parsed again from the same octets
// alone, and that a flow is what selectors take it for.
func FuzzParseFlow(f *testing.F) {
	for _, pkt := range [][]byte{
		nil, tcp(alice, bob, 40000, 179, "x"), tcp(alice6, bob6, 40000, 179, "x"),
		fragment(udp(alice, bob, 1, 2, nil), 1, true), icmp(alice, bob, 3, segment[:28]),
		ext6(tcp(alice6, bob6, 1, 2, ""), extFragment, 0, 1, 0, 0, 0, 1),
	} {
		f.Add(pkt)
	}
	f.Fuzz(func(t *testing.T, pkt []byte) {
		p, err := parse(pkt)
		if err != nil {
			return
		}
		again, err := ParseFlow(p.raw)
		if err != nil || again != p.flow {
			t.Fatalf("%v, then %v, %v", p.flow, again, err)
		}
		if p.upper > len(p.raw) || p.nh >= p.upper {
			t.Fatalf("upper layer at %d, named at %d of %d", p.upper, p.nh, len(p.raw))
		}
		if r := p.flow.Reverse().Reverse(); r != p.flow {
			t.Fatalf("%v reversed twice is %v", p.flow, r)
		}
		exact := Selector{Src: host(p.flow.Src), Dst: host(p.flow.Dst), Proto: p.flow.Proto}
		if !exact.Match(p.flow) || !exact.Reverse().Match(p.flow.Reverse()) {
			t.Fatalf("%v does not match %v", exact, p.flow)
		}
		quoted(p)
	})
}

// FuzzInbound gives an endpoint whatever there is. No packet comes through that neither
// policy nor SA lets through, and an honest packet comes through afterwards.
func FuzzInbound(f *testing.F) {
	transport, tunnel := bgp(), gateways()
	tunnel.encap = true
	for i, s := range []setup{transport, tunnel} {
		a, _ := s.connected(f)
		pkt := segment
		if i == 1 {
			pkt = tcp(aliceInner, bobInner, 1, 2, "x")
		}
		_, out := a.Outbound(now, pkt)
		f.Add(i == 1, out[0])
	}
	f.Add(false, segment)
	f.Add(false, icmp(carol, bob, 3, segment[:28]))
	f.Add(true, udp(alice, bob, 4500, 4500, []byte{0xff}))
	f.Fuzz(func(t *testing.T, inTunnel bool, pkt []byte) {
		s, honest := transport, segment
		if inTunnel {
			s, honest = tunnel, tcp(aliceInner, bobInner, 1, 2, "x")
		}
		a, b := s.connected(t)
		before := bytes.Clone(pkt)
		v, in := b.Inbound(now, pkt)
		if !bytes.Equal(pkt, before) {
			t.Fatal("the packet given was changed")
		}
		switch {
		case v.Action == Discard && (len(in) != 0 || v.Reason == ""):
			t.Fatalf("discarded: %d packets, %+v", len(in), v)
		case v.Action == Bypass && v.Reason != ReasonICMPError:
			t.Fatalf("nothing else may come in clear: %+v", v)
		case v.Action != Discard && len(in) != 1:
			t.Fatalf("%d packets, %+v", len(in), v)
		case v.Action == Protect:
			if flow, err := ParseFlow(in[0]); err != nil || !s.sel.Match(flow) {
				q, ok := quoted(mustParse(t, in[0]))
				if !ok || !s.sel.Match(q.Reverse()) {
					t.Fatalf("outside the selectors: %v, %v", flow, err)
				}
			}
		}
		_, out := a.Outbound(now, honest)
		if v, in := b.Inbound(now, out[0]); v.Reason != ReasonReplay && (len(in) != 1 || !bytes.Equal(in[0], honest)) {
			t.Fatalf("an honest packet afterwards: %+v", v)
		}
	})
}

func mustParse(t *testing.T, pkt []byte) packet {
	t.Helper()
	p, err := parse(pkt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
