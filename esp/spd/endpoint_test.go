package spd

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/useipsec/useipsec/esp"
)

// TestRoundTrip sends packets through both ends in every form, and looks at the wire.
func TestRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name  string
		edit  func(*setup)
		pkt   []byte // from a
		proto uint8  // on the wire
		wire  Flow   // addresses and ports there
	}{
		{
			"transport", func(*setup) {}, tcp(alice, bob, 40000, 179, "open"), protoESP,
			Flow{Src: alice, Dst: bob},
		},
		{
			"transport in UDP", func(s *setup) { s.encap = true }, tcp(alice, bob, 40000, 179, "open"), protoUDP,
			Flow{Src: alice, Dst: bob, SrcPort: 4500, DstPort: 4500},
		},
		{
			"transport, NULL", func(s *setup) { s.suite.Cipher = esp.NULL }, tcp(alice, bob, 40000, 179, "open"), protoESP,
			Flow{Src: alice, Dst: bob},
		},
		{
			"transport, everything", func(s *setup) { s.sel = Selector{} }, icmp(alice, bob, 8, []byte("ping")), protoESP,
			Flow{Src: alice, Dst: bob},
		},
		{
			"transport, IPv6", func(s *setup) { s.a, s.b, s.sel = alice6, bob6, Selector{} }, tcp(alice6, bob6, 40000, 179, "open"), protoESP,
			Flow{Src: alice6, Dst: bob6},
		},
		{
			"transport in UDP, IPv6", func(s *setup) { s.a, s.b, s.sel, s.encap = alice6, bob6, Selector{}, true },
			tcp(alice6, bob6, 40000, 179, "open"), protoUDP,
			Flow{Src: alice6, Dst: bob6, SrcPort: 4500, DstPort: 4500},
		},
		{
			"transport, IPv6 with an extension header", func(s *setup) { s.a, s.b, s.sel = alice6, bob6, Selector{} },
			ext6(tcp(alice6, bob6, 40000, 179, "open"), extHopByHop, 1, 4, 0, 0, 0, 0), protoESP,
			Flow{Src: alice6, Dst: bob6},
		},
		{
			"tunnel", func(s *setup) { *s = gateways() }, udp(aliceInner, bobInner, 53, 53, []byte("query")), protoESP,
			Flow{Src: alice, Dst: bob},
		},
		{
			"tunnel in UDP", func(s *setup) { *s = gateways(); s.encap = true }, tcp(aliceInner, bobInner, 53, 53, "query"), protoUDP,
			Flow{Src: alice, Dst: bob, SrcPort: 4500, DstPort: 4500},
		},
		{
			"tunnel, fragment", func(s *setup) { *s = gateways() }, fragment(udp(aliceInner, bobInner, 53, 53, []byte("query")), 5, true), protoESP,
			Flow{Src: alice, Dst: bob},
		},
		{
			"tunnel, IPv6 in IPv4", func(s *setup) { *s = gateways(); s.sel = Selector{} }, tcp(alice6, bob6, 1, 2, "x"), protoESP,
			Flow{Src: alice, Dst: bob},
		},
		{
			"tunnel, IPv4 in IPv6", func(s *setup) { *s = gateways(); s.a, s.b = alice6, bob6 }, tcp(aliceInner, bobInner, 1, 2, "x"), protoESP,
			Flow{Src: alice6, Dst: bob6},
		},
		{
			"AH transport", func(s *setup) { *s = s.ah() }, tcp(alice, bob, 40000, 179, "open"), protoAH,
			Flow{Src: alice, Dst: bob},
		},
		{
			"AH transport, IPv6 with an extension header", func(s *setup) { *s = s.ah(); s.a, s.b, s.sel = alice6, bob6, Selector{} },
			ext6(tcp(alice6, bob6, 40000, 179, "open"), extHopByHop, 1, 4, 0, 0, 0, 0), protoAH,
			Flow{Src: alice6, Dst: bob6},
		},
		{
			"AH tunnel", func(s *setup) { *s = gateways().ah() }, udp(aliceInner, bobInner, 53, 53, []byte("query")), protoAH,
			Flow{Src: alice, Dst: bob},
		},
		{
			"AH tunnel, IPv4 in IPv6", func(s *setup) { *s = gateways().ah(); s.a, s.b = alice6, bob6 }, tcp(aliceInner, bobInner, 1, 2, "x"), protoAH,
			Flow{Src: alice6, Dst: bob6},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := bgp()
			tc.edit(&s)
			a, b := s.connected(t)
			given := bytes.Clone(tc.pkt)
			for seq := uint32(1); seq <= 3; seq++ {
				v, out := a.Outbound(now, tc.pkt)
				if diff := cmp.Diff(Verdict{Action: Protect, Policy: "bgp", SPI: spiAB, Seq: seq}, v); diff != "" {
					t.Fatalf("outbound verdict (-want +got):\n%s", diff)
				}
				onWire := one(t, v, out)
				p := wellFormed(t, onWire)
				want := tc.wire
				want.Proto = tc.proto
				if diff := cmp.Diff(want, p.flow, cmpopts.EquateComparable(Flow{})); diff != "" {
					t.Fatalf("on the wire (-want +got):\n%s", diff)
				}
				if s.encap {
					checkUDP(t, p)
				}
				v, in := b.Inbound(now, onWire)
				if diff := cmp.Diff(Verdict{Action: Protect, Policy: "bgp", SPI: spiAB, Seq: seq}, v); diff != "" {
					t.Fatalf("inbound verdict (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(given, one(t, v, in)); diff != "" {
					t.Fatalf("packet (-want +got):\n%s", diff)
				}
			}
			if !bytes.Equal(tc.pkt, given) {
				t.Error("the packet given was changed")
			}
		})
	}
}

// checkUDP holds length and checksum of encapsulated ESP (RFC 3948 2.1, RFC 2460 8.1).
func checkUDP(t *testing.T, p packet) {
	t.Helper()
	u := p.payload()
	if n := int(u[4])<<8 | int(u[5]); n != len(u) {
		t.Errorf("UDP length %d of %d", n, len(u))
	}
	switch zero := u[6] == 0 && u[7] == 0; {
	case !p.v6 && !zero:
		t.Errorf("UDP checksum %x in IPv4", u[6:8])
	case p.v6 && (zero || transportChecksum(p.raw, p, protoUDP) != 0):
		t.Errorf("UDP checksum %x in IPv6", u[6:8])
	}
}
