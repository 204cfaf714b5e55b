package check

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// TestProfileFails holds an honest capture against a profile that asks for
// something else: exactly the rule that is about it fails.
func TestProfileFails(t *testing.T) {
	s := play(t, full(bgpSpec()), initiator).marker().negotiate().talk(179, true).talk(8179, false).quick().deletes()
	for _, tt := range []struct {
		name   string
		change func(*profile.Profile)
		want   []string
		says   string
	}{
		{"as asked", func(*profile.Profile) {}, nil, ""},
		{"AH", func(p *profile.Profile) { p.Protection.Protocols = profile.Levels{Must: []string{"ah"}} }, []string{"profile.protocol"}, "protocol ah"},
		{"tunnel mode", func(p *profile.Profile) { p.Protection.Modes = profile.Levels{Must: []string{"tunnel"}} }, []string{"profile.mode"}, "mode tunnel"},
		{"another port", func(p *profile.Profile) {
			p.Selectors.Policies[0].Server.Ports = []profile.PortRange{{Lo: 646, Hi: 646}}
		}, []string{"profile.selectors"}, "port [646]"},
		{"no encryption", func(p *profile.Profile) { p.Protection.Confidentiality = profile.None }, []string{"profile.algorithms-phase2"}, "cipher"},
		{"another integrity", func(p *profile.Profile) {
			p.Protection.Algorithms.Integrity = profile.Levels{Must: []string{"hmac-sha256-128"}}
		}, []string{"profile.algorithms-phase2"}, "integrity hmac-sha256-128"},
		{"forward secrecy", func(p *profile.Profile) { p.Keying.Phase2.PFS = profile.Required }, []string{"profile.pfs"}, "required"},
		{"another group", func(p *profile.Profile) { p.Keying.Phase1.Group = profile.Levels{Must: []string{"modp2048"}} }, []string{"profile.algorithms-phase1"}, "group modp2048"},
		{"a forbidden hash", func(p *profile.Profile) { p.Keying.Phase1.Hash = profile.Levels{MustNot: []string{"sha1"}} }, []string{"profile.algorithms-phase1"}, "any hash but sha1"},
		{"names", func(p *profile.Profile) { p.Identification.Forms = profile.Levels{Must: []string{"fqdn"}} }, []string{"profile.identification"}, "identity fqdn"},
		{"certificates", func(p *profile.Profile) { p.Authentication.Methods = profile.Levels{Must: []string{"rsa-sig"}} }, []string{"profile.authentication"}, "authentication rsa-sig"},
		{"aggressive mode", func(p *profile.Profile) { p.IKE.Modes = profile.Levels{Must: []string{"aggressive"}} }, []string{"profile.exchange"}, "mode aggressive"},
		{"tunnel mode between hosts", func(p *profile.Profile) {
			p.Protection.Segments = []profile.Span{{Segment: profile.HostToHost, Modes: profile.Levels{Must: []string{"tunnel"}}}}
		}, []string{"profile.mode"}, "mode host-to-host tunnel"},
		{"tunnel mode between gateways", func(p *profile.Profile) {
			p.Protection.Segments = []profile.Span{{Segment: profile.GatewayToGateway, Modes: profile.Levels{Must: []string{"tunnel"}}}}
		}, nil, ""},
		{"initiators by name", func(p *profile.Profile) { p.Identification.Initiator = profile.Levels{Must: []string{"fqdn"}} }, []string{"profile.identification"}, "identity fqdn"},
		{"names, and responders by address", func(p *profile.Profile) {
			p.Identification = profile.Identification{
				Forms: profile.Levels{Must: []string{"fqdn", "ipv4_addr"}}, Responder: profile.Levels{Must: []string{"ipv4_addr"}},
			}
		}, nil, ""},
		{"a method in a context", func(p *profile.Profile) {
			p.Authentication = profile.Authentication{
				Methods:  profile.Levels{Must: []string{"rsa-sig"}},
				Contexts: []profile.Context{{Where: "peering links", Methods: profile.Levels{May: []string{"psk"}}}},
			}
		}, nil, ""},
		{"an hour", func(p *profile.Profile) { p.Keying.Phase1.Lifetime.Max = strict.Duration(time.Hour) }, []string{"profile.lifetime-phase1"}, "a lifetime of 3600 s or less"},
		{"eight hours", func(p *profile.Profile) {
			p.Keying.Phase1.Lifetime.Max, p.Keying.Phase2.Lifetime.Max = strict.Duration(8*time.Hour), strict.Duration(8*time.Hour)
		}, nil, ""},
		{"a minute for children", func(p *profile.Profile) { p.Keying.Phase2.Lifetime.Max = strict.Duration(time.Minute) }, []string{"profile.lifetime-phase2"}, "a lifetime of 60 s or less"},
		{"anybody", func(p *profile.Profile) { p.Authorization.Accept = profile.AcceptAny }, nil, ""},
		{"listed names", func(p *profile.Profile) {
			p.Authorization.Accept, p.Authorization.Identities = profile.AcceptIdentities, []string{"*@example.com"}
		}, []string{"profile.authorization"}, "an identity like *@example.com"},
		{"listed addresses", func(p *profile.Profile) {
			p.Authorization.Accept, p.Authorization.Identities = profile.AcceptIdentities, []string{"192.0.2.*"}
		}, nil, ""},
		{"certificates of an authority", func(p *profile.Profile) {
			p.Authorization.Accept, p.Authorization.Issuers = profile.AcceptIssued, []string{"CN=Root"}
		}, []string{"profile.authorization"}, "a certificate issued by CN=Root"},
		{"SAs for users", func(p *profile.Profile) { p.UserGranularity.SA = profile.UserSAOnLogin }, nil, ""},
		{"NAT traversal", func(p *profile.Profile) { p.IKE.NATTraversal = profile.Required }, nil, ""},
		{"no NAT traversal", func(p *profile.Profile) { p.IKE.NATTraversal = profile.None }, []string{"profile.nat-traversal"}, "no NAT traversal"},
		{"dead peer detection", func(p *profile.Profile) { p.IKE.DeadPeerDetection = profile.Required }, nil, ""},
		{"no dead peer detection", func(p *profile.Profile) { p.IKE.DeadPeerDetection = profile.None }, []string{"profile.dead-peer-detection"}, "no dead peer detection"},
		{"fragmentation", func(p *profile.Profile) { p.IKE.Fragmentation = profile.Required }, []string{"profile.fragmentation"}, "fragmentation of IKE messages"},
		{"no fragmentation", func(p *profile.Profile) { p.IKE.Fragmentation = profile.None }, nil, ""},
		{"mode config", func(p *profile.Profile) { p.IKE.ModeConfig = profile.Required }, []string{"profile.mode-config"}, "mode config"},
		{"no mode config", func(p *profile.Profile) { p.IKE.ModeConfig = profile.None }, nil, ""},
		{"version 2", func(p *profile.Profile) { p.IKE.Version = profile.Version2 }, []string{"profile.ike-version"}, "IKE version 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := bgpProfile()
			tt.change(p)
			tr := foreign(t, s, p)
			if d := cmp.Diff(tt.want, verdicts(tr, Fail)); d != "" {
				t.Error(d)
			}
			for _, id := range tt.want {
				f := find(tr, id)
				if !strings.Contains(strings.Join(f.Expected, "; "), tt.says) || f.Actual == "" || len(f.Frames) == 0 || f.Next == "" {
					t.Errorf("%+v does not say %q", f, tt.says)
				}
			}
		})
	}
}

// TestOutsideProfile: what the scenario itself asks for is not the peer's fault.
func TestOutsideProfile(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*scenarios.Scenario)
		want   []string
		says   string
	}{
		{"tunnel mode", func(s *scenarios.Scenario) { s.Child.Mode = "tunnel" }, []string{"profile.mode"}, "the scenario asks for mode tunnel, outside the profile's answer b"},
		{"all ports", func(s *scenarios.Scenario) { s.Child.Selector = &scenarios.Selector{Protocol: 6} }, []string{"profile.selectors"}, "answer a"},
		{"group 1", func(s *scenarios.Scenario) { s.IKE.Proposals[0].Group = "modp768" }, []string{"profile.algorithms-phase1"}, "the scenario asks for group modp768, outside the profile's answer c"},
		{"DES", func(s *scenarios.Scenario) { s.Child.Proposals[0].Encryption = "des-cbc" }, []string{"profile.algorithms-phase2"}, "answer b"},
		{"only at the peer", func(s *scenarios.Scenario) {
			s.Peer.IKE = &scenarios.IKE{Proposals: []scenarios.IKEProposal{{Encryption: "aes128-cbc", Hash: "sha1", Group: "modp768"}, s.IKE.Proposals[0]}}
		}, []string{"profile.algorithms-phase1"}, "answer c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := bgpSpec()
			tt.change(&spec)
			tr := play(t, spec, responder).marker().negotiate().judge(true)
			var got []string
			for _, f := range tr.Findings {
				if f.Verdict == NotApplicable && strings.Contains(f.Actual, "the scenario asks for") {
					got = append(got, f.Rule)
				}
				if f.Verdict == Fail {
					t.Errorf("%s: %s", f.Rule, f.Actual)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if f := find(tr, tt.want[0]); !strings.Contains(f.Actual, tt.says) {
				t.Errorf("%q does not say %q", f.Actual, tt.says)
			}
		})
	}
}

// TestInsideProfile: when the scenario stays inside the profile and the wire
// does not, it is a failure. (TestMutants has the other cases.)
func TestInsideProfile(t *testing.T) {
	s := play(t, bgpSpec(), responder)
	s.ike = ikev1.Deviations{TunnelInstead: true}
	if f := find(s.marker().negotiate().judge(true), "profile.mode"); f.Verdict != Fail || f.Actual != "mode tunnel" {
		t.Errorf("%+v", f)
	}
}

// TestManualKeys: ESP between hosts that never spoke IKE.
func TestManualKeys(t *testing.T) {
	s := play(t, full(bgpSpec()), responder).marker().negotiate().talk(179, true).talk(8179, false)
	kept := s.packets[:0]
	for _, p := range s.packets {
		if ip := p.Data; ip[9] != 17 || ip[21] == 9 { // no IKE
			kept = append(kept, p)
		}
	}
	s.packets = kept
	if f := find(s.judge(true), "profile.keying"); f.Verdict != Fail {
		t.Errorf("a trial: %+v", f)
	}
	if f := find(foreign(t, s, bgpProfile()), "profile.keying"); f.Verdict != Inconclusive {
		t.Errorf("a capture from elsewhere: %+v", f)
	}
}

// TestHarnessAtFault: nothing of the profile is held against a peer that meets a harness which misbehaves, and what the
// RFCs ask of it still is.
func TestHarnessAtFault(t *testing.T) {
	spec := bgpSpec()
	spec.Deviations = []string{"ike.life_seconds=2147483"}
	tr := play(t, spec, responder).marker().negotiate().judge(true)
	rfc := 0
	for _, f := range tr.Findings {
		switch {
		case strings.HasPrefix(f.Rule, "profile.") && f.Verdict != NotApplicable:
			t.Errorf("%s: %v", f.Rule, f.Verdict)
		case strings.HasPrefix(f.Rule, "ike.") && f.Verdict == Pass:
			rfc++
		}
	}
	if rfc < 10 {
		t.Errorf("%d rules of IKE passed", rfc)
	}
}
