package spd

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInboundICMPErrors lets errors pass in clear, from anybody, but nothing else.
func TestInboundICMPErrors(t *testing.T) {
	s := bgp()
	s.sel = Selector{Src: host(alice), Dst: host(bob)} // everything between the two
	quote := tcp(bob, alice, 179, 40000, "")[:28]
	denied := SPD{{Name: "no icmp", Selector: Selector{Proto: protoICMP}}}
	for _, tc := range []struct {
		name string
		spd  SPD // nil: the setup's
		pkt  []byte
		want Verdict
	}{
		{"unreachable from the peer", nil, icmp(alice, bob, 3, quote), Verdict{Action: Bypass, Policy: "bgp", Reason: "ICMP error"}},
		{"too big from a router", nil, icmp(carol, bob, 3, quote), Verdict{Action: Bypass, Reason: "ICMP error"}},
		{"time exceeded that quotes nothing", nil, icmp(carol, bob, 11, nil), Verdict{Action: Bypass, Reason: "ICMP error"}},
		{"echo from the peer", nil, icmp(alice, bob, 8, nil), Verdict{Policy: "bgp", Reason: "clear packet matches protect policy bgp"}},
		{"redirect", nil, icmp(carol, bob, 5, quote), Verdict{Reason: "no policy"}},
		{"later fragment", nil, fragment(icmp(carol, bob, 3, quote), 4, false), Verdict{Reason: "no policy"}},
		{"a policy says discard", denied, icmp(carol, bob, 3, quote), Verdict{Policy: "no icmp", Reason: "discard policy no icmp"}},
		{"ICMPv6 too big", nil, icmp(alice6, bob6, 2, nil), Verdict{Action: Bypass, Reason: "ICMP error"}},
		{"ICMPv6 neighbour discovery", nil, icmp(alice6, bob6, 135, nil), Verdict{Reason: "no policy"}},
	} {
		_, b := s.connected(t)
		if tc.spd != nil {
			b.SetPolicy(tc.spd)
		}
		v, in := b.Inbound(now, tc.pkt)
		if diff := cmp.Diff(tc.want, v); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if passed := len(in) == 1 && bytes.Equal(in[0], tc.pkt); passed != (tc.want.Action == Bypass) {
			t.Errorf("%s: %d packets", tc.name, len(in))
		}
	}
}

// TestICMPErrorThroughSA accepts an error where the packet it quotes belongs.
func TestICMPErrorThroughSA(t *testing.T) {
	about := func(port uint16) []byte {
		return icmp(alice, bob, 3, tcp(bob, alice, 179, port, "")[:28])[ipv4HeaderLen:]
	}
	s := bgp()
	s.sel.SrcPorts = PortRange{40000, 50000}
	if v, in := sendRaw(t, s, about(40000), protoICMP); v.Action != Protect || len(in) != 1 {
		t.Errorf("about a protected packet: %+v", v)
	}
	if v, _ := sendRaw(t, s, about(30000), protoICMP); v.Reason != ReasonOutside {
		t.Errorf("about another: %+v", v)
	}
	if v, _ := sendRaw(t, s, icmp(alice, bob, 8, nil)[ipv4HeaderLen:], protoICMP); v.Reason != ReasonOutside {
		t.Errorf("echo: %+v", v)
	}
	if v, _ := sendRaw(t, s, icmp(alice, bob, 3, nil)[ipv4HeaderLen:], protoICMP); v.Reason != ReasonOutside {
		t.Errorf("about nothing: %+v", v)
	}
}

// TestOutboundICMPErrors keeps octets of protected packets from leaving in clear.
func TestOutboundICMPErrors(t *testing.T) {
	protected := tcp(bob, alice, 40000, 179, "secret")
	web := tcp(bob, alice, 40000, 80, "public")
	bypass := Policy{Name: "rest", Action: Bypass}
	webOnly := Policy{Name: "web", Action: Bypass, Selector: Selector{SrcPorts: Port(80)}}
	protect := Policy{Name: "bgp", Action: Protect, Mode: bgp().mode, Selector: Selector{Src: host(alice), Dst: host(bob), Proto: protoTCP, SrcPorts: Port(179)}}
	for _, tc := range []struct {
		name string
		spd  SPD
		pkt  []byte
		want Verdict
	}{
		{"quotes a protected packet", SPD{protect, bypass}, icmp(alice, bob, 3, protected), Verdict{Policy: "bgp", Reason: "ICMP error quotes a packet of protect policy bgp"}},
		{"quotes its first octets", SPD{protect, bypass}, icmp(alice, bob, 3, protected[:24]), Verdict{Policy: "bgp", Reason: "ICMP error quotes a packet of protect policy bgp"}},
		{"quotes a part that may be protected", SPD{protect, bypass}, icmp(alice, bob, 3, fragment(bytes.Clone(protected), 5, false)), Verdict{Policy: "bgp", Reason: "ICMP error quotes a packet of protect policy bgp"}},
		{"quotes a bypassed packet", SPD{protect, bypass}, icmp(alice, bob, 3, web), Verdict{Action: Bypass, Policy: "rest"}},
		{"has no policy but what it quotes has", SPD{protect, webOnly}, icmp(alice, bob, 3, web), Verdict{Action: Bypass, Policy: "web", Reason: "ICMP error"}},
		{"neither has", SPD{protect}, icmp(alice, bob, 3, web), Verdict{Reason: "no policy"}},
		{"quotes too little to say", SPD{protect, bypass}, icmp(alice, bob, 3, protected[:21]), Verdict{Action: Bypass, Policy: "rest"}},
		{"is no error", SPD{protect, bypass}, icmp(alice, bob, 8, protected), Verdict{Action: Bypass, Policy: "rest"}},
	} {
		v, out := NewEndpoint(tc.spd, Deviations{}).Outbound(now, tc.pkt)
		if diff := cmp.Diff(tc.want, v); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		if (len(out) == 1) != (tc.want.Action == Bypass) {
			t.Errorf("%s: %d packets", tc.name, len(out))
		}
	}
}
