package ikev1_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var inside = netip.MustParseAddrPort("10.0.0.2:500")

// nat puts the initiator of a pair behind a NAT that adds shift to its ports.
func nat(p *pair, shift *uint16) {
	p.path = func(from *end, d ikev1.Datagram) ikev1.Datagram {
		if from == p.i {
			d.Local = netip.AddrPortFrom(addrI.Addr(), d.Local.Port()+*shift)
			return d
		}
		d.Remote = netip.AddrPortFrom(inside.Addr(), d.Remote.Port()-*shift)
		return d
	}
}

func behindNAT(i, _ *ikev1.Config) {
	i.Local, i.LocalID = inside, fqdn("i.example.org")
	i.Quick[0].Selector = bgp(inside, addrR)
}

// payloadTypes collects the types of all payloads that an end sends.
func payloadTypes(d *ikev1.Deviations) map[wire.PayloadType]int {
	seen := map[wire.PayloadType]int{}
	d.EditMessage = func(_ ikev1.Step, m *wire.Message) {
		for _, p := range m.Payloads {
			seen[p.Type()]++
		}
	}
	return seen
}

func TestNAT(t *testing.T) {
	for _, v := range []ikev1.NATTVersion{ikev1.NATTRFC3947, ikev1.NATTDraft03, ikev1.NATTDraft02n, ikev1.NATTDraft02, ikev1.NATTDraft00} {
		for _, mode := range []esp.Mode{esp.Transport, esp.Tunnel} {
			for name, phase1 := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
				t.Run(fmt.Sprintf("%v %v %s", v, mode, name), func(t *testing.T) {
					var seen map[wire.PayloadType]int
					p := newPair(t, both(behindNAT, phase1, func(i, r *ikev1.Config) {
						i.NATT.Versions = []ikev1.NATTVersion{ikev1.NATTRFC3947, v}
						r.NATT.Versions = []ikev1.NATTVersion{v, ikev1.NATTDraft02}
						i.Quick[0].Mode, r.Quick[0].Mode = mode, mode
						if mode == esp.Tunnel {
							r.Quick[0].Selector = i.Quick[0].Selector.Reverse()
						}
						seen = payloadTypes(&i.Deviations)
					}))
					shift := uint16(10000)
					nat(p, &shift)
					p.start().quick()
					if len(p.i.Children()) != 1 || len(p.r.Children()) != 1 {
						t.Fatalf("no children: %v %v", p.i.errs, p.r.errs)
					}
					draft := v != ikev1.NATTRFC3947
					natd, oa := wire.PayloadNATD, wire.PayloadNATOA
					if draft {
						natd, oa = wire.PayloadNATDDraft, wire.PayloadNATOADraft
					}
					wantOA := map[esp.Mode]int{esp.Transport: 2}[mode]
					if seen[natd] != 2 || seen[oa] != wantOA {
						t.Errorf("payloads %v", seen)
					}
					last := p.i.sent[len(p.i.sent)-1].Local.Port()
					if float := v != ikev1.NATTDraft00; float != (last == ikev1.PortNATT) {
						t.Errorf("the last message leaves from port %d", last)
					}
					c := p.r.Children()[0]
					if c.Encap == nil || c.Encap.DstPort != last+shift {
						t.Errorf("the responder encapsulates to %+v", c.Encap)
					}
					if mode == esp.Transport && (c.OriginalInitiator != inside.Addr() || c.OriginalResponder != addrR.Addr() || c.Selector.Dst.Addr() != addrI.Addr()) {
						t.Errorf("original addresses %v and %v, selector %v", c.OriginalInitiator, c.OriginalResponder, c.Selector)
					}
				})
			}
		}
	}
}

func TestNATTVersions(t *testing.T) {
	p := newPair(t, func(i, r *ikev1.Config) {
		i.NATT.Versions = []ikev1.NATTVersion{ikev1.NATTDraft03}
		r.NATT.Force = true
	}).start().quick()
	p.mirror()
	if p.i.Children()[0].Encap != nil {
		t.Error("the ends have no version in common and encapsulate all the same")
	}
	if s := ikev1.NATTDraft02n.String() + ikev1.NATTVersion(9).String(); s != "draft-02nUnknown(9)" {
		t.Error(s)
	}
}

// TestKeepalive: the end behind the NAT keeps the mapping, the other one does not.
func TestKeepalive(t *testing.T) {
	p := newPair(t, both(behindNAT, func(i, _ *ikev1.Config) { i.NATT.Keepalive = 10 * time.Second }))
	shift := uint16(1)
	nat(p, &shift)
	p.start().quick()
	before, answers := len(p.i.sent), len(p.r.sent)
	for range 6 {
		p.tick()
	}
	if p.now.Sub(start) < time.Minute || p.now.Sub(start) > 61*time.Second || len(p.i.sent) != before+6 || len(p.r.sent) != answers {
		t.Errorf("%d keepalives after %v, %d answers", len(p.i.sent)-before, p.now.Sub(start), len(p.r.sent)-answers)
	}
	for _, d := range p.i.sent[before:] {
		if len(d.Data) != 1 || d.Data[0] != 0xff || d.Local.Port() != ikev1.PortNATT {
			t.Errorf("keepalive %+v", d)
		}
	}
	if p.r.has(ikev1.EventDropped) {
		t.Error("the responder dropped a keepalive")
	}
	off := newPair(t, both(behindNAT, func(i, _ *ikev1.Config) { i.NATT.Keepalive = -1 }))
	nat(off, &shift)
	off.start()
	if at, _ := off.i.Deadline(); at.Sub(start) < time.Hour {
		t.Errorf("something to do at %v", at)
	}
}

// TestRemap: the NAT forgets its mapping and makes another one. Only what is authenticated moves the responder.
func TestRemap(t *testing.T) {
	p := newPair(t, behindNAT)
	shift := uint16(100)
	nat(p, &shift)
	p.start().quick()
	old := p.i.sent[len(p.i.sent)-1]
	shift = 200
	p.carry(p.i, []ikev1.Datagram{old}) // a copy of a message from somewhere else
	spoofed := old
	spoofed.Data = append([]byte(nil), old.Data...)
	spoofed.Data[len(spoofed.Data)-1] ^= 1
	binary.BigEndian.PutUint32(spoofed.Data[4+20:], 77)
	p.carry(p.i, []ikev1.Datagram{spoofed})
	if p.r.has(ikev1.EventRemap) {
		t.Fatal("the responder follows what anybody could send")
	}
	p.quick()
	if c := p.r.Children()[0]; !p.r.has(ikev1.EventRemap) || c.Encap.DstPort != 4700 || len(p.r.Children()) != 2 {
		t.Errorf("child %+v after the NAT moved", c.Encap)
	}
	out, err := p.r.DeleteChild(p.now, p.r.Children()[0].SPIIn)
	if err != nil || out[0].Remote.Port() != 4700 {
		t.Errorf("the responder writes to %v: %v", out[0].Remote, err)
	}
}

// TestIPv6 goes through everything that has an address in it.
func TestIPv6(t *testing.T) {
	i6, r6 := netip.MustParseAddrPort("[2001:db8::1]:500"), netip.MustParseAddrPort("[2001:db8::2]:500")
	net1, net2 := netip.MustParsePrefix("2001:db8:1::/48"), netip.MustParsePrefix("2001:db8:2::/64")
	lo, hi := netip.MustParseAddr("2001:db8:2::"), netip.MustParseAddr("2001:db8:2::ffff:ffff:ffff:ffff")
	for name, edit := range map[string]func(i, r *ikev1.Config){
		"transport": nothing,
		"encapsulated": func(i, _ *ikev1.Config) {
			i.NATT.Force = true
		},
		"subnets": func(i, r *ikev1.Config) {
			i.Quick[0].Mode, r.Quick[0].Mode = esp.Tunnel, esp.Tunnel
			i.Quick[0].Selector = spd.Selector{Src: net1, Dst: net2}
			r.Quick[0].Selector = i.Quick[0].Selector.Reverse()
		},
		"range": func(i, r *ikev1.Config) {
			id := ikev1.RangeID(lo, hi, 6, 179)
			i.Quick[0].RemoteID = &id
			i.Quick[0].Selector.Dst = net2
			i.Quick[0].Selector.SrcPorts = spd.PortRange{}
			r.Quick[0].Selector = i.Quick[0].Selector.Reverse()
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, func(i, r *ikev1.Config) {
				i.Local, i.Remote, r.Local, r.Remote = i6, r6, r6, i6
				i.LocalID, r.LocalID = ikev1.AddrID(i6.Addr()), ikev1.AddrID(r6.Addr())
				i.RemoteID, r.RemoteID = &r.LocalID, &i.LocalID
				i.Quick[0].Selector = bgp(i6, r6)
				r.Quick[0].Selector = bgp(i6, r6).Reverse()
				edit(i, r)
			}).start().quick()
			p.mirror()
		})
	}
}

// TestQuickIdentities: what IDci and IDcr may say.
func TestQuickIdentities(t *testing.T) {
	lo, hi := netip.MustParseAddr("10.0.0.3"), netip.MustParseAddr("10.0.0.9")
	odd, even := ikev1.RangeID(lo, hi, 0, 0), ikev1.RangeID(netip.MustParseAddr("10.0.0.0"), netip.MustParseAddr("10.0.0.255"), 0, 0)
	name := fqdn("windows.example.org")
	hosts := spd.Selector{Src: netip.MustParsePrefix("192.0.2.1/32"), Dst: netip.MustParsePrefix("192.0.2.2/32")}
	nets := spd.Selector{Src: netip.MustParsePrefix("10.0.0.0/24"), Dst: netip.MustParsePrefix("10.2.0.0/16")}
	raw := func(k wire.IDType, b ...byte) *wire.ID { return &wire.ID{IDType: k, Data: b} }
	set := func(sel spd.Selector) func(i, r *ikev1.Config) {
		return func(i, r *ikev1.Config) { i.Quick[0].Selector, r.Quick[0].Selector = sel, sel.Reverse() }
	}
	tests := []struct {
		name string
		edit func(i, r *ikev1.Config)
		ok   bool
	}{
		{"none", both(set(hosts), func(i, _ *ikev1.Config) { i.Quick[0].NoIDs = true }), true},
		{"none for subnets", both(set(nets), func(i, _ *ikev1.Config) { i.Quick[0].NoIDs = true }), false},
		{"subnets", set(nets), true},
		{"range that is a subnet", both(set(nets), func(i, _ *ikev1.Config) { i.Quick[0].LocalID = &even }), true},
		{"range that is none", both(set(nets), func(i, _ *ikev1.Config) { i.Quick[0].LocalID = &odd }), false},
		{"range by name", both(set(nets), func(i, r *ikev1.Config) {
			id := ikev1.RangeID(lo, hi, 0, 0)
			i.Quick[0].LocalID, r.Quick[0].RemoteID, r.Quick[0].LocalID = &odd, &id, &name
			i.Quick[0].RemoteID = &name
		}), true},
		{"subnet that is an address", both(set(hosts), func(i, _ *ikev1.Config) {
			i.Quick[0].LocalID = raw(wire.IDIPv4Subnet, 192, 0, 2, 1, 255, 255, 255, 255)
		}), true},
		{"mask with a hole", both(set(hosts), func(i, _ *ikev1.Config) {
			i.Quick[0].LocalID = raw(wire.IDIPv4Subnet, 192, 0, 2, 1, 255, 0, 255, 255)
		}), false},
		{"mask with a hole in an octet", both(set(hosts), func(i, _ *ikev1.Config) {
			i.Quick[0].LocalID = raw(wire.IDIPv4Subnet, 192, 0, 2, 1, 255, 255, 253, 0)
		}), false},
		{"short subnet", both(set(hosts), func(i, _ *ikev1.Config) { i.Quick[0].LocalID = raw(wire.IDIPv4Subnet, 192, 0, 2) }), false},
		{"short range", both(set(hosts), func(i, _ *ikev1.Config) { i.Quick[0].LocalID = raw(wire.IDIPv4Range, 192, 0, 2, 2) }), false},
		{"range backwards", both(set(hosts), func(i, _ *ikev1.Config) {
			i.Quick[0].LocalID = raw(wire.IDIPv4Range, 192, 0, 2, 2, 192, 0, 2, 1)
		}), false},
		{"address of 5 octets", both(set(hosts), func(i, _ *ikev1.Config) { i.Quick[0].LocalID = raw(wire.IDIPv4Addr, 192, 0, 2, 1, 0) }), false},
		{"name", both(set(hosts), func(i, _ *ikev1.Config) { i.Quick[0].LocalID = &name }), false},
		{"two protocols", both(set(hosts), func(i, _ *ikev1.Config) {
			id := ikev1.AddrID(addrI.Addr())
			id.Protocol = 17
			i.Quick[0].LocalID = &id
		}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, tt.edit).start().quick()
			if got := len(p.r.Children()) == 1; got != tt.ok {
				t.Fatalf("accepted: %v; %v", got, p.r.errs)
			}
			if !tt.ok && p.i.find(ikev1.EventNotifyReceived).Notify != wire.NotifyInvalidIDInformation {
				t.Errorf("notify %v", p.i.find(ikev1.EventNotifyReceived).Notify)
			}
		})
	}
}
