package spd

import (
	"net/netip"
	"testing"
)

func TestSelectorMatch(t *testing.T) {
	flow := Flow{Src: alice, Dst: bob, Proto: protoTCP, SrcPort: 40000, DstPort: 179}
	with := func(edit func(*Flow)) Flow {
		f := flow
		edit(&f)
		return f
	}
	bgpOnly := Selector{Src: host(alice), Dst: host(bob), Proto: protoTCP, DstPorts: Port(179)}
	for _, tc := range []struct {
		name string
		sel  Selector
		flow Flow
		want bool
	}{
		{"everything", Selector{}, flow, true},
		{"everything, without ports", Selector{}, Flow{Src: alice, Dst: bob, Proto: protoICMP}, true},
		{"exactly", bgpOnly, flow, true},
		{"other direction", bgpOnly, flow.Reverse(), false},
		{"reversed, other direction", bgpOnly.Reverse(), flow.Reverse(), true},
		{"other source", bgpOnly, with(func(f *Flow) { f.Src = carol }), false},
		{"other destination", bgpOnly, with(func(f *Flow) { f.Dst = carol }), false},
		{"other port", bgpOnly, with(func(f *Flow) { f.DstPort = 80 }), false},
		{"port of the other end", bgpOnly, with(func(f *Flow) { f.SrcPort, f.DstPort = 179, 40000 }), false},
		{"other protocol, same port", bgpOnly, with(func(f *Flow) { f.Proto = protoUDP }), false},
		{"later fragment", bgpOnly, with(func(f *Flow) { f.Fragment, f.SrcPort, f.DstPort = true, 0, 0 }), false},
		{"later fragment, no ports asked", Selector{Proto: protoTCP}, with(func(f *Flow) { f.Fragment = true }), true},
		{"first fragment", bgpOnly, with(func(f *Flow) { f.MoreFragments = true }), true},
		{"ports of any protocol", Selector{DstPorts: Port(179)}, flow, true},
		{"ports of one that has none", Selector{DstPorts: Port(179)}, Flow{Src: alice, Dst: bob, Proto: protoICMP}, false},
		{"port range", Selector{SrcPorts: PortRange{1024, 65535}}, flow, true},
		{"below the port range", Selector{SrcPorts: PortRange{40001, 65535}}, flow, false},
		{"prefix", Selector{Src: prefix("192.0.2.0/24")}, flow, true},
		{"prefix of the other family", Selector{Src: prefix("::/0")}, flow, false},
	} {
		if got := tc.sel.Match(tc.flow); got != tc.want {
			t.Errorf("%s: %v matches %v: %t", tc.name, tc.sel, tc.flow, got)
		}
	}
}

func TestSelectorContains(t *testing.T) {
	policy := Selector{Src: prefix("10.1.0.0/16"), Dst: host(bob), Proto: protoTCP, DstPorts: PortRange{100, 200}}
	with := func(edit func(*Selector)) Selector {
		s := policy
		edit(&s)
		return s
	}
	for _, tc := range []struct {
		name string
		sel  Selector
		want bool
	}{
		{"itself", policy, true},
		{"narrower prefix", with(func(s *Selector) { s.Src = prefix("10.1.2.0/24") }), true},
		{"wider prefix", with(func(s *Selector) { s.Src = prefix("10.0.0.0/8") }), false},
		{"any source", with(func(s *Selector) { s.Src = netip.Prefix{} }), false},
		{"other prefix", with(func(s *Selector) { s.Src = prefix("10.2.0.0/16") }), false},
		{"narrower ports", with(func(s *Selector) { s.DstPorts = Port(179) }), true},
		{"wider ports", with(func(s *Selector) { s.DstPorts = PortRange{100, 201} }), false},
		{"any port", with(func(s *Selector) { s.DstPorts = PortRange{} }), false},
		{"source port too", with(func(s *Selector) { s.SrcPorts = Port(179) }), true},
		{"any protocol", with(func(s *Selector) { s.Proto = 0 }), false},
		{"everything", Selector{}, false},
	} {
		if got := policy.Contains(tc.sel); got != tc.want {
			t.Errorf("%s: %t", tc.name, got)
		}
		if !(Selector{}).Contains(tc.sel) {
			t.Errorf("%s: not in everything", tc.name)
		}
	}
}

func TestStrings(t *testing.T) {
	for _, tc := range []struct {
		got, want string
	}{
		{Selector{}.String(), "any * -> *"},
		{bgp().sel.String(), "tcp 192.0.2.1/32 -> 192.0.2.2/32[179]"},
		{Selector{Proto: 47, SrcPorts: PortRange{1, 9}}.String(), "protocol 47 *[1-9] -> *"},
		{Flow{Src: alice, Dst: bob, Proto: 6, SrcPort: 1, DstPort: 179}.String(), "tcp 192.0.2.1:1 -> 192.0.2.2:179"},
		{Flow{Src: alice6, Dst: bob6, Proto: 17, SrcPort: 1, DstPort: 2, MoreFragments: true}.String(), "udp [2001:db8::1]:1 -> [2001:db8::2]:2 (first fragment)"},
		{Flow{Src: alice, Dst: bob, Proto: 6, Fragment: true}.String(), "tcp 192.0.2.1 -> 192.0.2.2 (later fragment)"},
		{Flow{Src: alice, Dst: bob, Proto: 1}.String(), "icmp 192.0.2.1 -> 192.0.2.2"},
		{PortRange{}.String() + PortRange{0, 65535}.String(), "**"},
		{Discard.String() + Bypass.String() + Protect.String() + Action(42).String(), "discardbypassprotectUnknown(42)"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
