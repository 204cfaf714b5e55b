package spd

import (
	"bytes"
	"errors"
	"testing"
	"time"

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

// TestOuterHeader is RFC 2401 5.1.2.1.
func TestOuterHeader(t *testing.T) {
	a, _ := gateways().connected(t)
	inner := tcp(aliceInner, bobInner, 1, 2, "x")
	inner[1] = 0xb9 // DSCP EF, ECT(1)
	inner[8] = 3
	setIPv4Checksum(inner, ipv4HeaderLen)
	v, out := a.Outbound(now, inner)
	outer := one(t, v, out)
	if outer[1] != 0xb9 || outer[6] != 0x40 || outer[8] != outerTTL {
		t.Errorf("TOS %#x, flags %#x, TTL %d", outer[1], outer[6], outer[8])
	}
	first := [2]byte(outer[4:])
	inner[6] = 0 // DF clear
	setIPv4Checksum(inner, ipv4HeaderLen)
	v, out = a.Outbound(now, inner)
	outer = one(t, v, out)
	if outer[6] != 0 || [2]byte(outer[4:]) == first {
		t.Errorf("flags %#x, identification %x after %x", outer[6], outer[4:6], first)
	}
}

func TestTransportKeepsOptions(t *testing.T) {
	s := bgp()
	s.sel = Selector{}
	a, b := s.connected(t)
	pkt := tcp(alice, bob, 1, 2, "x")
	pkt = append(pkt[:20:20], append([]byte{1, 1, 1, 0}, pkt[20:]...)...)
	pkt[0], pkt[3] = 0x46, pkt[3]+4
	setIPv4Checksum(pkt, 24)
	v, out := a.Outbound(now, pkt)
	onWire := one(t, v, out)
	if p := wellFormed(t, onWire); p.upper != 24 || !bytes.Equal(onWire[20:24], pkt[20:24]) {
		t.Errorf("header of %d octets, options %x", p.upper, onWire[20:24])
	}
	v, in := b.Inbound(now, onWire)
	if got := one(t, v, in); !bytes.Equal(got, pkt) {
		t.Errorf("got %x, want %x", got, pkt)
	}
}

func TestOutboundVerdicts(t *testing.T) {
	s := bgp()
	s.rest = []Policy{{Name: "web", Action: Bypass, Selector: Selector{DstPorts: Port(80)}}, {Name: "telnet", Selector: Selector{DstPorts: Port(23)}}}
	big := gateways()
	big.sel = Selector{}
	noTunnel := gateways()
	noTunnel.a, noTunnel.b = alice, alice6
	for _, tc := range []struct {
		name string
		s    setup
		pkt  []byte
		want Verdict
		n    int
	}{
		{"bypass", s, tcp(alice, bob, 1, 80, "x"), Verdict{Action: Bypass, Policy: "web"}, 1},
		{"discard", s, tcp(alice, bob, 1, 23, "x"), Verdict{Policy: "telnet", Reason: "discard policy telnet"}, 0},
		{"no policy", s, tcp(alice, bob, 1, 22, "x"), Verdict{Reason: "no policy"}, 0},
		{"malformed", s, []byte{0x45}, Verdict{Reason: "malformed packet"}, 0},
		{"first fragment in transport mode", s, fragment(tcp(alice, bob, 1, 179, "x"), 0, true), Verdict{Policy: "bgp", Reason: "fragment in transport mode"}, 0},
		{"later fragment", s, fragment(tcp(alice, bob, 1, 179, "x"), 9, false), Verdict{Policy: "bgp", Reason: "later fragment may match policy bgp"}, 0},
		{"too big", big, tcp(aliceInner, bobInner, 1, 2, string(make([]byte, 65480))), Verdict{Policy: "bgp", Reason: "longer than an IP packet can be"}, 0},
		{"no outer addresses", noTunnel, tcp(aliceInner, bobInner, 1, 2, ""), Verdict{Policy: "bgp", Reason: "no addresses for the outer header"}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, _ := tc.s.connected(t)
			v, out := a.Outbound(now, tc.pkt)
			if diff := cmp.Diff(tc.want, v); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(out) != tc.n || tc.n == 1 && !bytes.Equal(out[0], tc.pkt) {
				t.Errorf("%d packets", len(out))
			}
		})
	}
}

func TestTooBigInEveryForm(t *testing.T) {
	for _, encap := range []bool{false, true} {
		for _, six := range []bool{false, true} {
			s := gateways()
			s.sel, s.encap = Selector{}, encap
			if six {
				s.a, s.b = alice6, bob6
			}
			a, b := s.connected(t)
			sent, dropped := 0, 0
			for n := 65300; n <= 65535-ipv4HeaderLen; n += 7 {
				v, out := a.Outbound(now, ip(aliceInner, bobInner, 47, make([]byte, n)))
				if v.Action == Discard {
					if dropped++; v.Reason != ReasonTooBig {
						t.Fatalf("%+v", v)
					}
					continue
				}
				sent++
				if v, in := b.Inbound(now, one(t, v, out)); v.Action != Protect || len(in) != 1 {
					t.Fatalf("%d octets: %+v", n, v)
				}
			}
			if sent == 0 || dropped == 0 {
				t.Errorf("UDP %t, IPv6 %t: %d sent, %d dropped", encap, six, sent, dropped)
			}
		}
	}
}

func TestNeedSA(t *testing.T) {
	transport := bgp()
	transport.sel.Dst = prefix("192.0.2.0/24")
	narrowed := transport.sel
	narrowed.Dst = host(bob)
	for _, tc := range []struct {
		name string
		s    setup
		pkt  []byte
		want Selector
	}{
		{"transport mode has the packet's addresses", transport, tcp(alice, bob, 40000, 179, ""), narrowed},
		{"tunnel mode has the policy's", gateways(), tcp(aliceInner, bobInner, 1, 2, ""), gateways().sel},
	} {
		a, _ := tc.s.endpoints()
		v, out := a.Outbound(now, tc.pkt)
		want := Verdict{Action: Protect, Policy: "bgp", NeedSA: &tc.want, Reason: "no SA"}
		if diff := cmp.Diff(want, v, cmpopts.EquateComparable(Selector{})); diff != "" || len(out) != 0 {
			t.Errorf("%s: %d packets (-want +got):\n%s", tc.name, len(out), diff)
		}
	}
}

func TestSequenceExhaustedNeedsSA(t *testing.T) {
	s := bgp()
	s.espDev.StartSequence = 0xffffffff
	a, _ := s.connected(t)
	pkt := tcp(alice, bob, 40000, 179, "")
	if v, out := a.Outbound(now, pkt); v.Seq != 0xffffffff || len(out) != 1 {
		t.Fatalf("%+v", v)
	}
	if v, out := a.Outbound(now, pkt); v.NeedSA == nil || v.Reason != ReasonExhausted || len(out) != 0 {
		t.Errorf("%+v", v)
	}
}

func TestInboundVerdicts(t *testing.T) {
	s := bgp()
	s.rest = []Policy{{Name: "web", Action: Bypass, Selector: Selector{SrcPorts: Port(80)}}, {Name: "telnet", Selector: Selector{SrcPorts: Port(23)}}}
	sealed := func(t *testing.T) []byte {
		a, _ := s.connected(t)
		v, out := a.Outbound(now, tcp(alice, bob, 40000, 179, "open"))
		return one(t, v, out)
	}
	change := func(at int) func(*testing.T) []byte {
		return func(t *testing.T) []byte {
			pkt := sealed(t)
			pkt[at] ^= 1
			return pkt
		}
	}
	plain := func(pkt []byte) func(*testing.T) []byte { return func(*testing.T) []byte { return pkt } }
	for _, tc := range []struct {
		name string
		pkt  func(*testing.T) []byte
		want Verdict
		n    int
	}{
		{"malformed", plain(nil), Verdict{Reason: "malformed packet"}, 0},
		{"clear, protected", plain(tcp(alice, bob, 40000, 179, "")), Verdict{Policy: "bgp", Reason: "clear packet matches protect policy bgp"}, 0},
		{"clear, bypass", plain(tcp(alice, bob, 40000, 80, "")), Verdict{Action: Bypass, Policy: "web"}, 1},
		{"clear, discard", plain(tcp(alice, bob, 40000, 23, "")), Verdict{Policy: "telnet", Reason: "discard policy telnet"}, 0},
		{"clear, no policy", plain(tcp(alice, bob, 40000, 22, "")), Verdict{Reason: "no policy"}, 0},
		{"clear, later fragment", plain(fragment(tcp(alice, bob, 40000, 179, ""), 3, false)), Verdict{Policy: "bgp", Reason: "later fragment may match policy bgp"}, 0},
		{"unknown SPI", change(23), Verdict{Reason: "no SA", SPI: spiAB ^ 1, Seq: 1}, 0},
		{"another destination", func(t *testing.T) []byte {
			pkt := sealed(t)
			copy(pkt[16:20], carol.AsSlice())
			return pkt
		}, Verdict{Reason: "no SA", SPI: spiAB, Seq: 1}, 0},
		{"another source is no matter", func(t *testing.T) []byte {
			pkt := sealed(t)
			copy(pkt[12:16], carol.AsSlice())
			return pkt
		}, Verdict{Policy: "bgp", Reason: "inner packet outside the SA's selectors", SPI: spiAB, Seq: 1}, 0},
		{"ICV", change(60), Verdict{Policy: "bgp", Reason: "ICV", SPI: spiAB, Seq: 1}, 0},
		{"truncated", func(t *testing.T) []byte { return ip(alice, bob, protoESP, sealed(t)[20:50]) }, Verdict{Policy: "bgp", Reason: "truncated ESP packet", SPI: spiAB, Seq: 1}, 0},
		{"no ESP header", plain(ip(alice, bob, protoESP, make([]byte, 7))), Verdict{Reason: "truncated ESP packet"}, 0},
		{"fragment of ESP", func(t *testing.T) []byte { return fragment(sealed(t), 0, true) }, Verdict{Reason: "fragment of an ESP packet"}, 0},
		{"not in UDP", func(t *testing.T) []byte { return udp(alice, bob, 4500, 4500, sealed(t)[20:]) }, Verdict{Policy: "bgp", Reason: "UDP encapsulation is not as the SA has it", SPI: spiAB, Seq: 1}, 0},
		{"AH", plain(ip(alice, bob, protoAH, make([]byte, 24))), Verdict{Reason: "AH is not supported"}, 0},
		{"keepalive", plain(udp(alice, bob, 4500, 4500, []byte{0xff})), Verdict{Reason: "NAT keepalive"}, 0},
		{"IKE on 4500 is a clear packet", plain(udp(alice, bob, 4500, 4500, make([]byte, 32))), Verdict{Reason: "no policy"}, 0},
		{"neither ESP nor IKE on 4500", plain(udp(alice, bob, 4500, 4500, []byte{1, 2, 3})), Verdict{Reason: "truncated ESP packet"}, 0},
		{"UDP length", plain(udp(alice, bob, 4500, 4500, make([]byte, 9))[:30]), Verdict{Reason: "malformed packet"}, 0},
		{"UDP header cut", plain(ip(alice, bob, protoUDP, []byte{0x11, 0x94, 0x11, 0x94, 0, 9})), Verdict{Reason: "malformed packet"}, 0},
		{"UDP length beyond the packet", plain(ip(alice, bob, protoUDP, []byte{0x11, 0x94, 0x11, 0x94, 0, 99, 0, 0})), Verdict{Reason: "malformed packet"}, 0},
		{"first fragment of UDP", plain(fragment(udp(alice, bob, 4500, 4500, make([]byte, 40)), 0, true)), Verdict{Reason: "fragment of an ESP packet"}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, b := s.connected(t)
			v, in := b.Inbound(now, tc.pkt(t))
			if diff := cmp.Diff(tc.want, v); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(in) != tc.n {
				t.Errorf("%d packets", len(in))
			}
		})
	}
}

func TestReplayedOnTheWire(t *testing.T) {
	a, b := bgp().connected(t)
	v, out := a.Outbound(now, tcp(alice, bob, 40000, 179, ""))
	pkt := one(t, v, out)
	if v, _ := b.Inbound(now, pkt); v.Action != Protect {
		t.Fatalf("%+v", v)
	}
	want := Verdict{Policy: "bgp", Reason: "replay", SPI: spiAB, Seq: 1}
	if v, in := b.Inbound(now, pkt); !cmp.Equal(v, want) || in != nil {
		t.Errorf("%+v", v)
	}
}

// TestNATRebinding has the peer's source port change: SAs are found by SPI and
// destination (RFC 2401 4.4.3).
func TestNATRebinding(t *testing.T) {
	s := bgp()
	s.encap = true
	a, b := s.connected(t)
	v, out := a.Outbound(now, tcp(alice, bob, 40000, 179, ""))
	pkt := one(t, v, out)
	pkt[20], pkt[21] = 0xf0, 0x01
	if v, in := b.Inbound(now, pkt); v.Action != Protect || len(in) != 1 {
		t.Errorf("%+v", v)
	}
}

func TestInstallRefuses(t *testing.T) {
	s := bgp()
	s.rest = []Policy{{Name: "rest", Action: Bypass}}
	tunnel := gateways()
	for _, tc := range []struct {
		name string
		edit func(*SAPair)
		want error
	}{
		{"no such policy", func(p *SAPair) { p.Policy = "ospf" }, ErrNoPolicy},
		{"policy that does not protect", func(p *SAPair) { p.Policy = "rest" }, ErrNoPolicy},
		{"nothing", func(p *SAPair) { p.In, p.Out = nil, nil }, ErrNoSA},
		{"inbound of another mode", func(p *SAPair) { p.In = tunnel.newSA(t, false, 7, esp.Deviations{}) }, ErrMode},
		{"outbound of another mode", func(p *SAPair) { p.Out = tunnel.newSA(t, true, 7, esp.Deviations{}) }, ErrMode},
		{"SPI in use", func(p *SAPair) { p.In = s.newSA(t, false, spiBA, esp.Deviations{}) }, ErrDuplicateSPI},
	} {
		a, _ := s.connected(t)
		pair, _ := s.pairs(t, 0x1111, 0x2222)
		tc.edit(&pair)
		if err := a.Install(pair); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
		if len(a.InboundSAs()) != 1 || len(a.OutboundSAs()) != 1 {
			t.Errorf("%s: something was installed", tc.name)
		}
	}
}

// TestRekey has the new pair used at once and the old inbound SA serve late packets
// until it is removed.
func TestRekey(t *testing.T) {
	s := bgp()
	a, b := s.connected(t)
	pkt := tcp(alice, bob, 40000, 179, "")
	v, out := a.Outbound(now, pkt)
	late := one(t, v, out)
	newA, newB := s.pairs(t, spiAB+1, spiBA+1)
	install(t, a, newA)
	install(t, b, newB)
	v, out = a.Outbound(now, pkt)
	if v.SPI != spiAB+1 || v.Seq != 1 {
		t.Fatalf("old SA in use: %+v", v)
	}
	for _, p := range [][]byte{one(t, v, out), late} {
		if v, in := b.Inbound(now, p); v.Action != Protect || len(in) != 1 {
			t.Errorf("%+v", v)
		}
	}
	if !b.Remove(spiAB) || b.Remove(spiAB) {
		t.Error("Remove does not say whether there was an SA")
	}
	if v, _ := b.Inbound(now, late); v.Reason != ReasonNoSA {
		t.Errorf("removed SA: %+v", v)
	}
	if !a.RemoveOutbound(spiAB+1) || a.RemoveOutbound(spiAB+1) {
		t.Error("RemoveOutbound does not say whether there was an SA")
	}
	if v, _ := a.Outbound(now, pkt); v.SPI != spiAB {
		t.Errorf("the older SA is what is left: %+v", v)
	}
	a.RemoveOutbound(spiAB)
	if v, _ := a.Outbound(now, pkt); v.NeedSA == nil {
		t.Errorf("%+v", v)
	}
	if got := a.InboundSAs(); len(got) != 2 || got[0].SPI() != spiBA {
		t.Errorf("inbound SAs %v", got)
	}
}

func TestExpires(t *testing.T) {
	s := bgp()
	a, b := s.endpoints()
	pa, pb := s.pairs(t, spiAB, spiBA)
	pa.Expires, pb.Expires = now.Add(time.Hour), now.Add(2*time.Hour)
	install(t, a, pa)
	install(t, b, pb)
	pkt := tcp(alice, bob, 40000, 179, "")
	v, out := a.Outbound(now.Add(time.Hour-1), pkt)
	sealed := one(t, v, out)
	if v, _ := a.Outbound(now.Add(time.Hour), pkt); v.NeedSA == nil {
		t.Errorf("%+v", v)
	}
	if v, _ := b.Inbound(now.Add(2*time.Hour), sealed); v.Reason != ReasonExpired {
		t.Errorf("%+v", v)
	}
	if v, _ := b.Inbound(now.Add(2*time.Hour-1), sealed); v.Action != Protect {
		t.Errorf("%+v", v)
	}
}

// TestOneDirection has a responder that may receive before it may send.
func TestOneDirection(t *testing.T) {
	s := bgp()
	a, b := s.endpoints()
	pa, pb := s.pairs(t, spiAB, spiBA)
	install(t, a, pa)
	install(t, b, SAPair{Policy: "bgp", Selector: pb.Selector, In: pb.In})
	v, out := a.Outbound(now, tcp(alice, bob, 40000, 179, ""))
	if v, _ := b.Inbound(now, one(t, v, out)); v.Action != Protect {
		t.Errorf("%+v", v)
	}
	answer := tcp(bob, alice, 179, 40000, "")
	if v, _ := b.Outbound(now, answer); v.NeedSA == nil {
		t.Errorf("%+v", v)
	}
	install(t, b, SAPair{Policy: "bgp", Selector: pb.Selector, Out: pb.Out})
	v, out = b.Outbound(now, answer)
	if v, _ := a.Inbound(now, one(t, v, out)); v.Action != Protect {
		t.Errorf("%+v", v)
	}
}

// TestSeveralPeers has one policy for many neighbours, each with its own SA.
func TestSeveralPeers(t *testing.T) {
	a := NewEndpoint(SPD{{Name: "bgp", Action: Protect, Mode: esp.Transport, Selector: Selector{Src: host(alice), Proto: protoTCP, DstPorts: Port(179)}}}, Deviations{})
	toBob, toCarol := bgp(), bgp()
	toCarol.b = carol
	pair, _ := toBob.pairs(t, 0x1001, 0x2001)
	pair.Selector.Dst = prefix("0.0.0.0/0") // a negotiated selector may be that wide
	install(t, a, pair)
	pair, _ = toCarol.pairs(t, 0x1002, 0x2002)
	pair.Selector.Dst = prefix("0.0.0.0/0")
	install(t, a, pair)
	for spi, dst := range map[uint32][]byte{0x1001: tcp(alice, bob, 1, 179, ""), 0x1002: tcp(alice, carol, 1, 179, "")} {
		if v, _ := a.Outbound(now, dst); v.SPI != spi {
			t.Errorf("SPI %#x, want %#x", v.SPI, spi)
		}
	}
}
