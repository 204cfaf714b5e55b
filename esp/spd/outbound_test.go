package spd

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

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
