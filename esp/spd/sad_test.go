package spd

import (
	"errors"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
)

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
