package spd

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/useipsec/useipsec/esp"
)

// from rewrites the source of a packet in UDP, as a NAT does.
func from(t *testing.T, pkt []byte, src netip.AddrPort) []byte {
	t.Helper()
	pkt = slices.Clone(pkt)
	p := wellFormed(t, pkt)
	if p.v6 {
		copy(pkt[8:], src.Addr().AsSlice())
	} else {
		copy(pkt[12:], src.Addr().AsSlice())
		setIPv4Checksum(pkt, p.upper)
	}
	binary.BigEndian.PutUint16(pkt[p.upper:], src.Port())
	return pkt
}

// TestMoved: where a packet came from is told once it is authenticated, and followed when asked to.
func TestMoved(t *testing.T) {
	for _, family := range []string{"ipv4", "ipv6"} {
		t.Run(family, func(t *testing.T) {
			s := gateways()
			s.encap = true
			there := netip.MustParseAddrPort("198.51.100.9:7777")
			if family == "ipv6" {
				s.a, s.b, there = alice6, bob6, netip.MustParseAddrPort("[2001:db8::99]:7777")
			}
			a, b := s.connected(t)
			pkt := tcp(aliceInner, bobInner, 1, 2, "data")
			v, out := a.Outbound(now, pkt)
			sealed := one(t, v, out)
			forged := slices.Clone(sealed)
			forged[len(forged)-1] ^= 1
			if v, _ := b.Inbound(now, from(t, forged, there)); v.Moved != nil || v.Reason != ReasonICV {
				t.Errorf("forged: %+v", v)
			}
			v, in := b.Inbound(now, from(t, sealed, there))
			one(t, v, in)
			if v.Moved == nil || *v.Moved != there {
				t.Fatalf("moved to %v", v.Moved)
			}
			b.Remap(spiAB, spiBA, there)
			v, out = b.Outbound(now, tcp(bobInner, aliceInner, 2, 1, "back"))
			back := wellFormed(t, one(t, v, out))
			if back.flow.Dst != there.Addr() || back.flow.DstPort != 7777 || back.flow.SrcPort != esp.NATTPort {
				t.Errorf("the answer goes to %v", back.flow)
			}
			v, out = a.Outbound(now, pkt)
			if v, _ := b.Inbound(now, from(t, one(t, v, out), there)); v.Moved != nil || v.Action != Protect {
				t.Errorf("after the move: %+v", v)
			}
		})
	}
	s := gateways() // without encapsulation there is no NAT to follow through, and no port
	a, b := s.connected(t)
	b.Remap(spiAB, spiBA, netip.AddrPortFrom(carol, 9))
	v, out := b.Outbound(now, tcp(bobInner, aliceInner, 2, 1, "back"))
	if p := wellFormed(t, one(t, v, out)); p.flow.Dst != carol || p.flow.Proto != protoESP {
		t.Errorf("goes to %v", p.flow)
	}
	v, out = a.Outbound(now, tcp(aliceInner, bobInner, 1, 2, "x"))
	if v, _ := b.Inbound(now, one(t, v, out)); v.Moved != nil {
		t.Errorf("%+v", v)
	}
}

// TestReaddress: TCP and UDP keep their checksums through a NAT in transport mode, right ones right and wrong ones wrong.
func TestReaddress(t *testing.T) {
	inside, seen := netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("203.0.113.200")
	noChecksum := udp(inside, seen, 7, 179, []byte("odd"))
	binary.BigEndian.PutUint16(noChecksum[26:], 0)
	damaged := tcp(inside, seen, 7, 179, "data")
	damaged[len(damaged)-1] ^= 1
	for name, tt := range map[string]struct {
		pkt  []byte
		want uint16 // the checksum over all that arrives, 0 if right
	}{
		"tcp":           {tcp(inside, seen, 7, 179, "data"), 0},
		"udp":           {udp(inside, seen, 7, 179, []byte("odd")), 0},
		"udp without":   {noChecksum, 0},
		"damaged":       {damaged, 1},
		"tcp cut short": {ip(inside, seen, protoTCP, []byte{0, 7, 0, 179}), 1},
		"icmp":          {icmp(inside, seen, 8, nil), 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := bgp()
			s.sel.Proto, s.sel.DstPorts = 0, PortRange{}
			a, b := s.endpoints()
			pa, pb := s.pairs(t, spiAB, spiBA)
			pb.PeerSrc, pb.PeerDst = inside, seen
			install(t, a, pa)
			install(t, b, pb)
			pkt := slices.Clone(tt.pkt)
			copy(pkt[12:], appendAddrs(nil, alice, bob)) // what the NAT does to the addresses
			setIPv4Checksum(pkt, ipv4HeaderLen)
			v, out := a.Outbound(now, pkt)
			v, in := b.Inbound(now, one(t, v, out))
			p := wellFormed(t, one(t, v, in))
			field := checksumField(p)
			switch {
			case name == "udp without":
				if field[0]|field[1] != 0 {
					t.Error("a checksum where there was none")
				}
			case field == nil:
				if !slices.Equal(p.payload(), wellFormed(t, pkt).payload()) {
					t.Error("changed")
				}
			case (transportChecksum(p.raw, p, p.flow.Proto) != 0) != (tt.want != 0):
				t.Errorf("checksum %x of %x", field, p.raw)
			}
		})
	}
}
