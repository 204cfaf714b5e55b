package scenarios_test

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios"
)

func TestConfig(t *testing.T) {
	ike := []scenarios.IKEProposal{{Encryption: "aes128-cbc", Hash: "sha1", Group: "modp2048"}}
	esp := []scenarios.ChildProposal{{Encryption: "aes128-cbc", Integrity: "hmac-sha1-96"}}
	base := func() scenarios.Config {
		return scenarios.Config{
			IKE: scenarios.IKE{Mode: "main", Authentication: "psk", Lifetime: scenarios.DefaultIKELifetime, Proposals: ike},
			Child: scenarios.Child{
				Protocol: "esp", Mode: "transport", Lifetime: scenarios.DefaultChildLifetime, Proposals: esp, Selector: &scenarios.Selector{},
			},
		}
	}
	tests := []struct {
		name    string
		edit    []string
		harness func(*scenarios.Config)
		peer    func(*scenarios.Config) // on top of harness
	}{
		{"defaults", nil, nil, nil},
		{
			"stated for both",
			[]string{"mode: transport", "mode: tunnel\n  pfs: modp2048\n  lifetime: 20m\n  selector: {protocol: tcp, server_port: 179}"},
			func(c *scenarios.Config) {
				c.Child.Mode, c.Child.PFS, c.Child.Lifetime = "tunnel", "modp2048", scenarios.Duration(20*time.Minute)
				c.Child.Selector = &scenarios.Selector{Protocol: 6, ServerPort: 179}
			}, nil,
		},
		{"another secret", []string{"expect:", "peer: {psk: other}\nexpect:"}, nil, func(c *scenarios.Config) { c.PSK = scenarios.SecretOther }},
		{
			"another lifetime and proposal",
			[]string{"expect:", "peer: {ike: {lifetime: 1h, proposals: [{encryption: 3des-cbc, hash: md5, group: modp768}]}}\nexpect:"},
			nil, func(c *scenarios.Config) {
				c.IKE.Lifetime = scenarios.Duration(time.Hour)
				c.IKE.Proposals = []scenarios.IKEProposal{{Encryption: "3des-cbc", Hash: "md5", Group: "modp768"}}
			},
		},
		{
			"no PFS, and everything selected",
			[]string{"mode: transport", "mode: transport\n  pfs: modp1024\n  selector: {protocol: udp}", "expect:", "peer: {child: {pfs: none, selector: {}}}\nexpect:"},
			func(c *scenarios.Config) {
				c.Child.PFS, c.Child.Selector = "modp1024", &scenarios.Selector{Protocol: 17}
			},
			func(c *scenarios.Config) { c.Child.PFS, c.Child.Selector = "", &scenarios.Selector{} },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := parse(t, tt.edit...)
			harness, peer := base(), base()
			for _, change := range []func(*scenarios.Config){tt.harness, tt.peer} {
				if change != nil {
					change(&peer)
				}
			}
			if tt.harness != nil {
				tt.harness(&harness)
			}
			if diff := cmp.Diff(harness, s.Harness()); diff != "" {
				t.Errorf("harness: %s", diff)
			}
			if diff := cmp.Diff(peer, s.PeerConfig()); diff != "" {
				t.Errorf("peer: %s", diff)
			}
		})
	}
}

// TestConfigOwnsItself: whoever gets a configuration may change it.
func TestConfigOwnsItself(t *testing.T) {
	s := parse(t, "mode: transport", "mode: transport\n  selector: {protocol: tcp}")
	for _, c := range []scenarios.Config{s.Harness(), s.PeerConfig()} {
		c.IKE.Proposals[0].Hash = "md5"
		c.Child.Proposals[0].Integrity = "none"
		c.Child.Selector.ServerPort = 1
	}
	if s.IKE.Proposals[0].Hash != "sha1" || s.Child.Proposals[0].Integrity != "hmac-sha1-96" || s.Child.Selector.ServerPort != 0 {
		t.Error("the scenario was changed")
	}
}

func TestSteps(t *testing.T) {
	if diff := cmp.Diff([]scenarios.Step{{Initiate: &scenarios.Initiate{}}}, parse(t).Steps()); diff != "" {
		t.Error(diff)
	}
	s := parse(t, "expect:", `script:
  - initiate: {}
  - exchange: {protocol: tcp, port: 179, expect: protected or blocked}
  - rekey: {}
  - rekey: {what: ike}
  - delete: {by: peer, what: child}
  - exchange: {protocol: udp, port: 9000, size: 1kB, expect: clear}
expect:`)
	want := []scenarios.Step{
		{Initiate: &scenarios.Initiate{}},
		{Exchange: &scenarios.Exchange{Protocol: 6, Port: 179, Size: 64, Expect: scenarios.Protected | scenarios.Blocked}},
		{Rekey: &scenarios.Rekey{What: scenarios.WhatChild}},
		{Rekey: &scenarios.Rekey{What: scenarios.WhatIKE}},
		{Delete: &scenarios.Delete{By: scenarios.PartyPeer, What: scenarios.WhatChild}},
		{Exchange: &scenarios.Exchange{Protocol: 17, Port: 9000, Size: 1000, Expect: scenarios.Clear}},
	}
	if diff := cmp.Diff(want, s.Steps()); diff != "" {
		t.Error(diff)
	}
	if s.Script[1].Exchange.Size != 0 || s.Script[2].Rekey.What != 0 {
		t.Error("the scenario was changed")
	}
}

func TestNeeds(t *testing.T) {
	s := parse(t, "expect:", `peer:
  ike: {proposals: [{encryption: 3des-cbc, hash: md5, group: modp1024}, {encryption: 3des-cbc, hash: sha1, group: modp1024}]}
  child: {pfs: modp1536, selector: {protocol: tcp, server_port: 179}}
script:
  - exchange: {protocol: tcp, port: 179, expect: protected}
  - exchange: {protocol: tcp, port: 8179, expect: clear}
  - rekey: {}
  - delete: {by: peer, what: ike}
  - delete: {by: harness, what: child}
expect:`)
	common := []string{
		"exchange-mode main", "authentication psk", "ike-encryption 3des-cbc", "ike-hash md5", "ike-hash sha1", "group modp1024", "family ipv4",
		"protocol esp", "mode transport", "encryption aes128-cbc", "integrity hmac-sha1-96", "pfs modp1536", "selector port", "traffic transport", "bypass clear",
	}
	for role, want := range map[scenarios.Role][]string{
		scenarios.Responder: append(append([]string{"role responder"}, common...), "delete ike"),
		scenarios.Initiator: append(append([]string{"role initiator"}, common...), "rekey child", "delete ike"),
	} {
		var got []string
		for _, c := range s.Needs(role) {
			got = append(got, c.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	roaming := parse(t, "  proposals: [{encryption: aes128-cbc, hash", `  authentication: hybrid-init-rsa
  identities: {initiator: user_fqdn, responder: fqdn}
  mode_config: push
  nat_traversal: forced
  natt_versions: [draft-02n]
  fragmentation: true
  dpd: 10s
  proposals: [{encryption: aes128-cbc, hash`, "mode: transport", "mode: tunnel", "expect:", "family: ipv6\nexpect:")
	for role, want := range map[scenarios.Role][]string{
		scenarios.Initiator: {"family ipv6", "identification user_fqdn", "mode-config push", "nat-traversal forced", "nat-traversal draft-02n", "fragmentation ike", "dpd ask"},
		scenarios.Responder: {"family ipv6", "identification fqdn", "certificate rsa2048", "mode-config push", "nat-traversal forced", "nat-traversal draft-02n", "fragmentation ike", "dpd ask"},
	} {
		var got []string
		for _, c := range roaming.Needs(role) {
			if scenarios.CapFamily <= c.Kind && c.Kind < scenarios.CapProtocol {
				got = append(got, c.String())
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", role, diff)
		}
	}
	refused := parse(t, "phase1: established, phase2: established", "phase1: refused, silence: true")
	for _, c := range refused.Needs(scenarios.Responder) {
		if c.Kind >= scenarios.CapProtocol {
			t.Errorf("phase 2 is not reached, and %v is needed", c)
		}
	}
	mode := scenarios.Capability{Kind: scenarios.CapMode, Value: "transport"}
	for _, c := range parse(t, "phase2: established", "phase2: refused, silence: true").Needs(scenarios.Responder) {
		if c == mode {
			t.Error("no SA is installed, and the mode is needed")
		}
	}
}

// TestTexts: what String writes UnmarshalText reads, for every value.
func TestTexts(t *testing.T) {
	for _, e := range []fmt.Stringer{
		new(scenarios.Role), new(scenarios.Party), new(scenarios.What), new(scenarios.Secret), new(scenarios.Outcome), new(scenarios.Traffic), new(scenarios.CapabilityKind),
		new(scenarios.Family), new(scenarios.ModeConfig), new(scenarios.NAT), new(scenarios.CertificateFault),
	} {
		v := reflect.ValueOf(e).Elem()
		known := 0
		for n := range 256 {
			v.SetUint(uint64(n))
			text := e.String()
			if text == fmt.Sprintf("Unknown(%d)", n) {
				continue
			}
			known++
			if err := e.(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil || v.Uint() != uint64(n) {
				t.Errorf("%s %q reads as %d, %v", v.Type(), text, v.Uint(), err)
			}
		}
		if known < 2 {
			t.Errorf("%s has no values", v.Type())
		}
		if err := e.(encoding.TextUnmarshaler).UnmarshalText([]byte("nonsense")); err == nil {
			t.Errorf("%s takes nonsense", v.Type())
		}
	}
	if got := (scenarios.Protected | scenarios.Blocked).String(); got != "protected or blocked" {
		t.Error(got)
	}
	if scenarios.Initiator.Other() != scenarios.Responder || scenarios.Responder.Other() != scenarios.Initiator || scenarios.Role(0).Other() != 0 {
		t.Error("Other is wrong")
	}
}
