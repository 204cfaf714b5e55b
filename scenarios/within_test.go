package scenarios_test

import (
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
	"github.com/useipsec/useipsec/scenarios/profiles"
)

func ends(f scenarios.Family) profile.Ends {
	if f == scenarios.IPv6 {
		return profile.Ends{
			Initiator: []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8:1::1")},
			Responder: []netip.Addr{netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8:2::1")},
		}
	}
	return profile.Ends{
		Initiator: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("10.1.0.1")},
		Responder: []netip.Addr{netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("10.2.0.1")},
	}
}

func TestOutside(t *testing.T) {
	tests := []struct {
		profile, scenario string
		want              []string
	}{
		{"bgp", "main/psk/aes128-sha1-modp2048", nil},
		{"bgp", "refuse/psk", nil},
		{"bgp", "policy/bgp-only", nil},
		{"bgp", "quick/tunnel", []string{"tunnel mode"}},
		{"bgp", "quick/transport-any", []string{"protection of udp port 8179", "the selector any"}},
		{"bgp", "natt/nat/transport", []string{"a NAT, which changes the address of the initiator"}},
		{"site-to-site", "quick/tunnel-any", nil},
		{"site-to-site", "quick/transport", []string{"protection of tcp port 179", "the selector tcp server port 179", "transport mode"}},
		{"road-warrior", "quick/tunnel-any", []string{"authentication psk", "initiators that are named by ipv4_addr", "no mode config"}},
	}
	for _, tt := range tests {
		t.Run(tt.profile+" "+tt.scenario, func(t *testing.T) {
			p, err := profile.Builtin(tt.profile)
			if err != nil {
				t.Fatal(err)
			}
			s, err := scenarios.Builtin(tt.scenario)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, s.Outside(p, ends)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEveryProfileAsksForSomething: a profile that ships has scenarios in the library, with the peer in both roles.
// TestOutOfReach: a profile whose keys are not made by version 1 of IKE asks for no
// scenario, and each says so.
func TestOutOfReach(t *testing.T) {
	text, err := fs.ReadFile(profiles.FS, "site-to-site.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for old, edited := range map[string][2]string{
		"method: ike": {"method: kink", "keying.method: KINK (RFC 4430) needs a Kerberos realm, and this tool does not speak it"},
		"version: 1":  {"version: 2", "ike.version: this tool speaks version 1 of IKE only"},
	} {
		edits := []string{old, edited[0], "modes: {must: [main], must-not: [aggressive]}", "modes: {}"}
		if edited[0] == "method: kink" {
			edits = append(edits, "version: 1", "version: none")
		}
		p, err := profile.Parse("p.yaml", []byte(strings.NewReplacer(edits...).Replace(string(text))))
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenarios.Builtin("quick/tunnel-any")
		if err != nil {
			t.Fatal(err)
		}
		if why := s.Outside(p, ends); !slices.Contains(why, edited[1]) {
			t.Errorf("%s: %q", edited[0], why)
		}
	}
}

func TestEveryProfileAsksForSomething(t *testing.T) {
	for _, name := range profile.Builtins() {
		p, err := profile.Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		plays := map[scenarios.Role]int{}
		for _, s := range scenarios.Within(builtins(t), p, ends) {
			for _, r := range s.Trials() {
				plays[r]++
			}
		}
		t.Logf("%s: %v", name, plays)
		if plays[scenarios.Initiator] == 0 || plays[scenarios.Responder] == 0 {
			t.Errorf("%s: %v", name, plays)
		}
	}
}
