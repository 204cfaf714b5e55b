package spd

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		{"truncated", func(t *testing.T) []byte { return ip(alice, bob, protoESP, sealed(t)[20:50]) }, Verdict{Policy: "bgp", Reason: "truncated IPsec packet", SPI: spiAB, Seq: 1}, 0},
		{"no ESP header", plain(ip(alice, bob, protoESP, make([]byte, 7))), Verdict{Reason: "truncated IPsec packet"}, 0},
		{"fragment of ESP", func(t *testing.T) []byte { return fragment(sealed(t), 0, true) }, Verdict{Reason: "fragment of an IPsec packet"}, 0},
		{"not in UDP", func(t *testing.T) []byte { return udp(alice, bob, 4500, 4500, sealed(t)[20:]) }, Verdict{Policy: "bgp", Reason: "UDP encapsulation is not as the SA has it", SPI: spiAB, Seq: 1}, 0},
		{"AH of no SA", plain(ip(alice, bob, protoAH, append([]byte{6, 4, 0, 0, 0, 0, 1, 0}, make([]byte, 16)...))), Verdict{Reason: "no SA", SPI: 0x100}, 0},
		{"AH cut short", plain(ip(alice, bob, protoAH, []byte{6, 4, 0, 0, 0, 0, 1, 0})), Verdict{Reason: "truncated IPsec packet"}, 0},
		{"keepalive", plain(udp(alice, bob, 4500, 4500, []byte{0xff})), Verdict{Reason: "NAT keepalive"}, 0},
		{"IKE on 4500 is a clear packet", plain(udp(alice, bob, 4500, 4500, make([]byte, 32))), Verdict{Reason: "no policy"}, 0},
		{"neither ESP nor IKE on 4500", plain(udp(alice, bob, 4500, 4500, []byte{1, 2, 3})), Verdict{Reason: "truncated IPsec packet"}, 0},
		{"UDP length", plain(udp(alice, bob, 4500, 4500, make([]byte, 9))[:30]), Verdict{Reason: "malformed packet"}, 0},
		{"UDP header cut", plain(ip(alice, bob, protoUDP, []byte{0x11, 0x94, 0x11, 0x94, 0, 9})), Verdict{Reason: "malformed packet"}, 0},
		{"UDP length beyond the packet", plain(ip(alice, bob, protoUDP, []byte{0x11, 0x94, 0x11, 0x94, 0, 99, 0, 0})), Verdict{Reason: "malformed packet"}, 0},
		{"first fragment of UDP", plain(fragment(udp(alice, bob, 4500, 4500, make([]byte, 40)), 0, true)), Verdict{Reason: "fragment of an IPsec packet"}, 0},
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
