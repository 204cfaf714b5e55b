package scenarios_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

func TestAdapt(t *testing.T) {
	bgp, err := profile.Builtin("bgp")
	if err != nil {
		t.Fatal(err)
	}
	ldap := *bgp
	ldap.Selectors.Policies = []profile.Policy{{Action: profile.Discard}, {
		Action: profile.Protect, Protocol: 17, Server: profile.Side{Ports: []profile.PortRange{{Lo: 389, Hi: 390}}},
	}}
	twoSided := ldap
	twoSided.Selectors.Policies = []profile.Policy{{
		Action: profile.Protect, Protocol: 17,
		Client: profile.Side{Ports: []profile.PortRange{{Lo: 1701, Hi: 1701}}}, Server: profile.Side{Ports: []profile.PortRange{{Lo: 1701, Hi: 1701}}},
	}}
	get := func(id string) *scenarios.Scenario {
		s, err := scenarios.Builtin(id)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, id := range []string{"quick/transport", "quick/tunnel-any", "refuse/selector"} {
		for name, p := range map[string]*profile.Profile{"bgp": bgp, "a port on both sides": &twoSided} {
			if diff := cmp.Diff(get(id), get(id).Adapt(p)); diff != "" {
				t.Errorf("%s, %s: %s", id, name, diff)
			}
		}
	}
	s := get("quick/transport")
	a := s.Adapt(&ldap)
	want := *s
	want.Child.Selector = &scenarios.Selector{Protocol: 17, ServerPort: 389}
	want.Script = []scenarios.Step{
		{Initiate: &scenarios.Initiate{}},
		{Exchange: &scenarios.Exchange{Protocol: 17, Port: 389, Expect: scenarios.Protected}},
		{Exchange: &scenarios.Exchange{Protocol: 17, Port: 389, Size: 1400, Expect: scenarios.Protected}},
	}
	if diff := cmp.Diff(&want, a); diff != "" {
		t.Error(diff)
	}
	if s.Script[1].Exchange.Port != 179 || s.Child.Selector.ServerPort != 179 {
		t.Error("the library itself has changed")
	}
	if got := get("refuse/selector").Adapt(&ldap).PeerConfig().Child.Selector; *got != (scenarios.Selector{Protocol: 17, ServerPort: 8179}) {
		t.Errorf("the peer's other port: %v", got)
	}
	if got := get("policy/bgp-only").Adapt(&ldap).Script[2].Exchange; got.Protocol != 6 || got.Port != 8179 {
		t.Errorf("the port in clear: %+v", got)
	}
}
