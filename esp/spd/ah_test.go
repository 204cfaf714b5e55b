package spd

import (
	"slices"
	"testing"

	"github.com/useipsec/useipsec/esp"
)

// TestAH: routers may change what they must, and nothing else; what AH carries is held against the policy as ESP's is.
func TestAH(t *testing.T) {
	for name, s := range map[string]setup{"transport": bgp().ah(), "tunnel": gateways().ah()} {
		t.Run(name, func(t *testing.T) {
			pkt := tcp(alice, bob, 40000, 179, "open")
			if s.mode == esp.Tunnel {
				pkt = tcp(aliceInner, bobInner, 40000, 179, "open")
			}
			a, b := s.connected(t)
			v, out := a.Outbound(now, pkt)
			sealed := one(t, v, out)
			for _, change := range []struct {
				at   int
				xor  byte
				want string
			}{{1, 3, ""}, {8, 1, ReasonReplay}, {4, 1, ReasonICV}, {len(sealed) - 1, 1, ReasonICV}, {15, 1, ReasonICV}, {26, 1, ReasonNoSA}} {
				x := slices.Clone(sealed)
				x[change.at] ^= change.xor
				x[8]--
				setIPv4Checksum(x, ipv4HeaderLen)
				if change.want == ReasonICV {
					x[31] += 9 // another sequence number, or it would be a replay
				}
				if v, _ := b.Inbound(now, x); v.Reason != change.want {
					t.Errorf("octet %d changed: %+v, want %q", change.at, v, change.want)
				}
			}
			if v, _ := b.Inbound(now, fragment(slices.Clone(sealed), 0, true)); v.Reason != ReasonFragment {
				t.Errorf("fragment: %+v", v)
			}
			if v, _ := b.Inbound(now, pkt); s.mode == esp.Transport && v.Action != Discard {
				t.Errorf("clear: %+v", v)
			}
			if v, _ := b.Inbound(now, ip(alice, bob, protoESP, sealed[24:])); v.Reason != ReasonNoSA {
				t.Errorf("ESP to an SPI of AH: %+v", v)
			}
		})
	}
	s := bgp().ah()
	_, b := s.connected(t)
	wrong := s
	wrong.sel = Selector{}
	a, _ := wrong.connected(t)
	v, out := a.Outbound(now, tcp(alice, bob, 40000, 80, "not BGP"))
	if v, _ := b.Inbound(now, one(t, v, out)); v.Reason != ReasonOutside {
		t.Errorf("outside the selectors: %+v", v)
	}
	big := udp(alice, bob, 1, 2, make([]byte, 65535-20-8-10))
	if v, out := a.Outbound(now, big); v.Reason != ReasonTooBig || len(out) != 0 {
		t.Errorf("too big: %+v", v)
	}
}
