package spd

import (
	"errors"
	"testing"

	"github.com/useipsec/useipsec/esp"
)

func TestLookup(t *testing.T) {
	ike := Policy{Name: "ike", Action: Bypass, Selector: Selector{Proto: protoUDP, DstPorts: Port(500)}}
	peers := Policy{Name: "bgp", Action: Protect, Mode: esp.Transport, Selector: bgp().sel}
	rest := Policy{Name: "rest", Action: Bypass}
	all := Policy{Name: "all", Action: Protect, Mode: esp.Tunnel}
	first := Flow{Src: alice, Dst: bob, Proto: protoTCP, SrcPort: 40000, DstPort: 179}
	later := Flow{Src: alice, Dst: bob, Proto: protoTCP, Fragment: true}
	laterUDP := Flow{Src: alice, Dst: bob, Proto: protoUDP, Fragment: true}
	for _, tc := range []struct {
		name      string
		spd       SPD
		flow      Flow
		policy    string
		undecided string
		action    Action
	}{
		{"empty SPD", nil, first, "", "", Discard},
		{"no match", SPD{ike}, first, "", "", Discard},
		{"first match", SPD{ike, peers, rest}, first, "bgp", "", Protect},
		{"order matters", SPD{rest, peers}, first, "rest", "", Bypass},
		{"later fragment that may be protected", SPD{peers, rest}, later, "rest", "bgp", Discard},
		{"later fragment of no other match", SPD{peers}, later, "", "bgp", Discard},
		{"later fragment of another protocol", SPD{peers, rest}, laterUDP, "rest", "", Bypass},
		{"later fragment, bypass either way", SPD{ike, rest}, laterUDP, "rest", "", Bypass},
		{"later fragment, bypass or protect", SPD{ike, all}, laterUDP, "all", "ike", Discard},
		{"later fragment, a protect between two bypasses", SPD{
			{Name: "a", Action: Bypass, Selector: Selector{Proto: protoTCP, DstPorts: Port(80)}}, peers, rest,
		}, later, "rest", "bgp", Discard},
		{"later fragment of one portless policy", SPD{all}, later, "all", "", Protect},
	} {
		m := tc.spd.Lookup(tc.flow)
		name := func(p *Policy) string {
			if p == nil {
				return ""
			}
			return p.Name
		}
		if name(m.Policy) != tc.policy || name(m.Undecided) != tc.undecided || m.Action() != tc.action {
			t.Errorf("%s: policy %q, undecided %q, %v", tc.name, name(m.Policy), name(m.Undecided), m.Action())
		}
	}
}

func TestValidate(t *testing.T) {
	good := Policy{Name: "bgp", Action: Protect, Mode: esp.Transport, Selector: bgp().sel}
	with := func(edit func(*Policy)) SPD {
		p := good
		edit(&p)
		return SPD{p, {Name: "rest"}}
	}
	if err := with(func(*Policy) {}).Validate(); err != nil {
		t.Error(err)
	}
	for name, spd := range map[string]SPD{
		"no name":          with(func(p *Policy) { p.Name = "" }),
		"same name":        with(func(p *Policy) { p.Name = "rest" }),
		"action":           with(func(p *Policy) { p.Action = 9 }),
		"mode":             with(func(p *Policy) { p.Mode = 0 }),
		"range":            with(func(p *Policy) { p.Selector.SrcPorts = PortRange{2, 1} }),
		"address families": with(func(p *Policy) { p.Selector.Src = host(alice6) }),
	} {
		if err := spd.Validate(); !errors.Is(err, ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
