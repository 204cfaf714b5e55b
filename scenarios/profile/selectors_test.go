package profile_test

import (
	"net/netip"
	"testing"

	"github.com/useipsec/useipsec/scenarios/profile"
)

var (
	hostA, hostB = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	other        = netip.MustParseAddr("198.51.100.7")
	loopback     = netip.MustParseAddr("10.2.0.1")
	v6           = netip.MustParseAddr("2001:db8::1")
	ends         = profile.Ends{Initiator: []netip.Addr{hostA}, Responder: []netip.Addr{hostB, loopback}}
)

func flow(src netip.Addr, srcPort uint16, dst netip.Addr, dstPort uint16) profile.Flow {
	return profile.Flow{Src: src, Dst: dst, Proto: 6, SrcPort: srcPort, DstPort: dstPort}
}

func TestSelectorsBGP(t *testing.T) {
	p, err := profile.Builtin("bgp")
	if err != nil {
		t.Fatal(err)
	}
	udp := flow(hostA, 40000, hostB, 179)
	udp.Proto = 17
	fragment := flow(hostA, 0, hostB, 0)
	fragment.Fragment = true
	tests := []struct {
		name   string
		flow   profile.Flow
		action profile.Action
		policy string
	}{
		{"to the port", flow(hostA, 40000, hostB, 179), profile.Protect, "bgp-session"},
		{"the answer", flow(hostB, 179, hostA, 40000), profile.Protect, "bgp-session"},
		{"the other speaker connects", flow(hostB, 40000, hostA, 179), profile.Protect, "bgp-session"},
		{"and its answer", flow(hostA, 179, hostB, 40000), profile.Protect, "bgp-session"},
		{"to a loopback address", flow(hostA, 40000, loopback, 179), profile.Protect, "bgp-session"},
		{"another port", flow(hostA, 40000, hostB, 8179), profile.Bypass, ""},
		{"another protocol", udp, profile.Bypass, ""},
		{"another host", flow(other, 40000, hostB, 179), profile.Bypass, ""},
		{"to another host", flow(hostA, 40000, other, 179), profile.Bypass, ""},
		{"another address family", flow(v6, 40000, hostB, 179), profile.Bypass, ""},
		{"a later fragment shows no port", fragment, profile.Bypass, ""},
	}
	for _, tt := range tests {
		action, policy := p.Selectors.Action(tt.flow, ends)
		if action != tt.action || policy != tt.policy {
			t.Errorf("%s: %v by %q, want %v by %q", tt.name, action, policy, tt.action, tt.policy)
		}
	}
}

func TestAddress(t *testing.T) {
	tests := []struct {
		text    string
		in, out []netip.Addr
	}{
		{"any", []netip.Addr{hostA, v6}, nil},
		{"peers", []netip.Addr{hostA, hostB, loopback}, []netip.Addr{other, v6}},
		{"initiator", []netip.Addr{hostA}, []netip.Addr{hostB}},
		{"responder", []netip.Addr{hostB, loopback}, []netip.Addr{hostA}},
		{"192.0.2.1", []netip.Addr{hostA}, []netip.Addr{hostB}},
		{"192.0.2.0/24", []netip.Addr{hostA, hostB}, []netip.Addr{other, v6}},
		{"192.0.2.2-198.51.100.7", []netip.Addr{hostB, other}, []netip.Addr{hostA, v6}},
		{"2001:db8::/32", []netip.Addr{v6}, []netip.Addr{hostA}},
		{"2001:db8::1-2001:db8::9", []netip.Addr{v6}, []netip.Addr{hostA}},
	}
	for _, tt := range tests {
		var a profile.Address
		if err := a.UnmarshalText([]byte(tt.text)); err != nil {
			t.Error(err)
			continue
		}
		if a.String() != tt.text {
			t.Errorf("%s is written %s", tt.text, a)
		}
		for _, addr := range tt.in {
			if !a.Matches(addr, ends) {
				t.Errorf("%s does not have %s", a, addr)
			}
		}
		for _, addr := range tt.out {
			if a.Matches(addr, ends) {
				t.Errorf("%s has %s", a, addr)
			}
		}
	}
	for _, text := range []string{"", "Anyone", "any one", "192.0.2.300", "192.0.2.1/24", "192.0.2.0/33", "::ffff:192.0.2.1", "192.0.2.9-192.0.2.1", "192.0.2.1-2001:db8::1", "192.0.2.1-x", "fe80::1%eth0", "-", "1-2"} {
		var a profile.Address
		if err := a.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %s", text, a)
		}
	}
	if (profile.Address{}).Matches(hostA, ends) || (profile.Address{}).Matches(netip.Addr{}, ends) {
		t.Error("the zero value has an address")
	}
}

// TestNetworks: a network is as good as its addresses, and known by its name.
func TestNetworks(t *testing.T) {
	p, err := profile.Parse("base.yaml", []byte(base(t, edit{
		"  policies:", "  networks:\n    - {name: branch, addresses: [192.0.2.0/31, \"2001:db8::/64\"]}\n    - {name: centre, addresses: 192.0.2.2-192.0.2.9}\n  policies:",
		"[initiator]", "[branch]", "[responder]", "[centre]",
	})))
	if err != nil {
		t.Fatal(err)
	}
	client, server := p.Selectors.Policies[0].Client.Addresses[0], p.Selectors.Policies[0].Server.Addresses[0]
	if client.String() != "branch" || client.Network() != "branch" || client.Name != "" || len(client.Sets()) != 2 || len(server.Sets()) != 1 || server.Sets()[0].Hi.String() != "192.0.2.9" {
		t.Errorf("%+v, %+v", client, server)
	}
	for _, tt := range []struct {
		flow profile.Flow
		want profile.Action
	}{
		{flow(hostA, 40000, hostB, 7), profile.Protect},
		{flow(hostB, 7, hostA, 40000), profile.Protect},
		{flow(hostB, 40000, hostA, 7), profile.Bypass},
		{flow(netip.MustParseAddr("2001:db8::9"), 40000, hostB, 7), profile.Protect},
		{flow(netip.MustParseAddr("2001:db8:0:1::9"), 40000, hostB, 7), profile.Bypass},
	} {
		if got, _ := p.Selectors.Action(tt.flow, profile.Ends{}); got != tt.want {
			t.Errorf("%v: %s", tt.flow, got)
		}
	}
}

func TestPortRange(t *testing.T) {
	for text, want := range map[string]profile.PortRange{"179": {Lo: 179, Hi: 179}, "1024-65535": {Lo: 1024, Hi: 65535}} {
		var r profile.PortRange
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want || r.String() != text {
			t.Errorf("%s: %v, %v", text, r, err)
		}
	}
	for _, text := range []string{"", "0", "65536", "9-8", "a", "1-", "-1", "1-2-3", "+1"} {
		var r profile.PortRange
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %s", text, r)
		}
	}
}

func TestProtocol(t *testing.T) {
	for text, want := range map[string]profile.Protocol{"any": 0, "tcp": 6, "udp": 17, "47": 47, "icmpv6": 58} {
		var p profile.Protocol
		if err := p.UnmarshalText([]byte(text)); err != nil || p != want || p.String() != text {
			t.Errorf("%s: %v, %v", text, p, err)
		}
	}
	var p profile.Protocol
	if err := p.UnmarshalText([]byte("tpc")); err == nil {
		t.Errorf("tpc is taken for %s", p)
	}
	if !p.Matches(99) || profile.Protocol(6).Matches(17) {
		t.Error("Matches is wrong")
	}
}
