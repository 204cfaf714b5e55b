package spd

import (
	"testing"

	"github.com/useipsec/useipsec/esp"
)

// sendRaw has a peer put payload into an SA, with no policy of its own in the way.
func sendRaw(t *testing.T, s setup, payload []byte, next uint8) (Verdict, [][]byte) {
	t.Helper()
	_, b := s.connected(t)
	pkt, err := s.newSA(t, true, spiAB, esp.Deviations{}).Seal(nil, payload, next)
	if err != nil {
		t.Fatal(err)
	}
	return b.Inbound(now, ip(s.a, s.b, protoESP, pkt))
}

// TestInnerCheck is RFC 2401 5.2.1: what comes out of an SA must be what it was
// negotiated for.
func TestInnerCheck(t *testing.T) {
	upper := func(pkt []byte) []byte { return pkt[ipv4HeaderLen:] }
	wide := bgp()
	wide.sel = Selector{}
	portTunnel := gateways()
	portTunnel.sel.Proto, portTunnel.sel.DstPorts = protoTCP, Port(179)
	for _, tc := range []struct {
		name    string
		s       setup
		payload []byte
		next    uint8
		reason  string
	}{
		{"transport, within", bgp(), upper(tcp(alice, bob, 40000, 179, "")), protoTCP, ""},
		{"transport, other port", bgp(), upper(tcp(alice, bob, 40000, 22, "")), protoTCP, ReasonOutside},
		{"transport, ports swapped", bgp(), upper(tcp(alice, bob, 179, 40000, "")), protoTCP, ReasonOutside},
		{"transport, other protocol", bgp(), upper(udp(alice, bob, 40000, 179, nil)), protoUDP, ReasonOutside},
		{"transport, a whole packet inside", bgp(), tcp(alice, bob, 40000, 179, ""), protoIPIP, ReasonOutside},
		{"transport, no ports to see", bgp(), []byte{1, 2}, protoTCP, ReasonInner},
		{"transport, dummy", wide, make([]byte, 30), protoNoNext, ReasonDummy},
		{"tunnel, within", gateways(), tcp(aliceInner, bobInner, 1, 2, ""), protoIPIP, ""},
		{"tunnel, octets behind the packet", gateways(), append(tcp(aliceInner, bobInner, 1, 2, ""), make([]byte, 50)...), protoIPIP, ""},
		{"tunnel, other source", gateways(), tcp(carol, bobInner, 1, 2, ""), protoIPIP, ReasonOutside},
		{"tunnel, other destination", gateways(), tcp(aliceInner, carol, 1, 2, ""), protoIPIP, ReasonOutside},
		{"tunnel, outer addresses inside", gateways(), tcp(alice, bob, 1, 2, ""), protoIPIP, ReasonOutside},
		{"tunnel, no packet", gateways(), []byte("nothing"), protoIPIP, ReasonInner},
		{"tunnel, empty", gateways(), nil, protoIPIP, ReasonInner},
		{"tunnel, transport mode inside", gateways(), upper(tcp(alice, bob, 1, 2, "")), protoTCP, ReasonInner},
		{"tunnel, IPv4 said to be IPv6", gateways(), tcp(aliceInner, bobInner, 1, 2, ""), protoIPv6, ReasonNextHeader},
		{"tunnel, dummy", gateways(), nil, protoNoNext, ReasonDummy},
		{"tunnel, fragment", gateways(), fragment(tcp(aliceInner, bobInner, 1, 2, ""), 9, false), protoIPIP, ""},
		{"tunnel, fragment without the ports that are needed", portTunnel, fragment(tcp(aliceInner, bobInner, 1, 179, ""), 9, false), protoIPIP, ReasonOutside},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, in := sendRaw(t, tc.s, tc.payload, tc.next)
			want := Verdict{Policy: "bgp", Reason: tc.reason, SPI: spiAB, Seq: 1}
			if tc.reason == "" {
				want.Action = Protect
			}
			if v != want || len(in) != 0 != (tc.reason == "") {
				t.Errorf("%d packets, %+v", len(in), v)
			}
		})
	}
}

// TestPolicyGone has the SPD change under a living SA (RFC 2401 5.2.1 step 4).
func TestPolicyGone(t *testing.T) {
	for name, spd := range map[string]SPD{
		"removed":            {},
		"bypass instead":     {{Name: "bgp", Action: Bypass}},
		"another name":       {{Name: "tcp", Action: Protect, Mode: esp.Transport}},
		"narrower than that": {{Name: "bgp", Action: Protect, Mode: esp.Transport, Selector: Selector{Proto: protoTCP, SrcPorts: Port(22)}}},
	} {
		a, b := bgp().connected(t)
		v, out := a.Outbound(now, tcp(alice, bob, 40000, 179, ""))
		b.SetPolicy(spd)
		if v, _ := b.Inbound(now, one(t, v, out)); v.Action != Discard || v.Reason != ReasonPolicyGone {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestSetPolicyKeepsItsOwnCopy(t *testing.T) {
	spd := SPD{{Name: "all", Action: Bypass}}
	e := NewEndpoint(spd, Deviations{})
	spd[0].Action = Discard
	if v, _ := e.Outbound(now, tcp(alice, bob, 1, 2, "")); v.Action != Bypass {
		t.Errorf("%+v", v)
	}
}
