package check

import (
	"testing"

	"github.com/useipsec/useipsec/scenarios"
)

// everything is what a scenario may ask of phase 1 and of what follows it, each with
// what makes it.
var everything = []struct {
	name string
	make func(*scenarios.Scenario)
}{
	{"aggressive", func(s *scenarios.Scenario) { s.IKE.Mode = "aggressive" }},
	{"aggressive by name", func(s *scenarios.Scenario) {
		s.IKE.Mode = "aggressive"
		s.IKE.Identities = scenarios.Identities{Initiator: "key_id", Responder: "fqdn"}
	}},
	{"rsa-sig", method("rsa-sig")},
	{"rsa-sig aggressive", func(s *scenarios.Scenario) { method("rsa-sig")(s); s.IKE.Mode = "aggressive" }},
	{"ecdsa-sha256", method("ecdsa-sha256")},
	{"rsa-enc", method("rsa-enc")},
	{"rsa-enc aggressive", func(s *scenarios.Scenario) { method("rsa-enc")(s); s.IKE.Mode = "aggressive" }},
	{"rsa-rev-enc", method("rsa-rev-enc")},
	{"xauth-init-psk", method("xauth-init-psk")},
	{"xauth-init-psk aggressive", func(s *scenarios.Scenario) { method("xauth-init-psk")(s); s.IKE.Mode = "aggressive" }},
	{"xauth-init-rsa-sig", method("xauth-init-rsa-sig")},
	{"hybrid-init-rsa", method("hybrid-init-rsa")},
	{"xauth and mode config", func(s *scenarios.Scenario) { method("xauth-init-psk")(s); configured(scenarios.Pull)(s) }},
	{"mode config pull", configured(scenarios.Pull)},
	{"mode config push", configured(scenarios.Push)},
	{"IPv6", func(s *scenarios.Scenario) { s.Family = scenarios.IPv6 }},
	{"IPv6 tunnel", func(s *scenarios.Scenario) { s.Family, s.Child.Mode = scenarios.IPv6, "tunnel" }},
	{"IPv6 rsa-sig", func(s *scenarios.Scenario) { s.Family = scenarios.IPv6; method("rsa-sig")(s) }},
	{"no NAT traversal", func(s *scenarios.Scenario) { s.IKE.NATTraversal = scenarios.NATOff }},
	{"UDP encapsulation", func(s *scenarios.Scenario) { s.IKE.NATTraversal = scenarios.NATForced }},
	{"UDP encapsulation, aggressive", func(s *scenarios.Scenario) { s.IKE.NATTraversal, s.IKE.Mode = scenarios.NATForced, "aggressive" }},
	{"UDP encapsulation, IPv6", func(s *scenarios.Scenario) { s.Family, s.IKE.NATTraversal = scenarios.IPv6, scenarios.NATForced }},
	{"UDP encapsulation, draft-03", func(s *scenarios.Scenario) {
		s.IKE.NATTraversal, s.IKE.NATTVersions = scenarios.NATForced, []string{"draft-03"}
	}},
	{"UDP encapsulation, draft-02n", func(s *scenarios.Scenario) {
		s.IKE.NATTraversal, s.IKE.NATTVersions = scenarios.NATForced, []string{"draft-02n", "draft-02"}
	}},
	{"fragmentation", func(s *scenarios.Scenario) { method("rsa-sig")(s); s.IKE.Fragmentation = true }},
}

// method has both ends authenticate by a method, with names where there are
// certificates.
func method(slug string) func(*scenarios.Scenario) {
	return func(s *scenarios.Scenario) {
		s.IKE.Authentication = slug
		if s.IKE.HasCertificate(responder) {
			s.IKE.Identities = scenarios.Identities{Initiator: "fqdn", Responder: "fqdn"}
		}
	}
}

func configured(how scenarios.ModeConfig) func(*scenarios.Scenario) {
	return func(s *scenarios.Scenario) { s.IKE.ModeConfig, s.Child.Mode = how, "tunnel" }
}

// TestHonest has a peer without faults do everything that IKE version 1 offers:
// nothing fails, and nothing that the scenario leads to is left undecided.
func TestHonest(t *testing.T) {
	for _, o := range everything {
		for _, role := range roles {
			t.Run(o.name+", peer as "+role.String(), func(t *testing.T) {
				spec := full(bgpSpec())
				o.make(&spec)
				s := play(t, spec, role)
				s.marker().negotiate().talk(179, true).talk(8179, false).quick().deletes()
				tr := s.judge(true)
				for _, f := range tr.Findings {
					if f.Level == Must && f.Verdict != Pass && f.Verdict != NotApplicable {
						t.Errorf("%v %s: %s %v", f.Verdict, f.Rule, f.Actual, f.Frames)
					}
				}
				for _, id := range []string{"scenario.outcome", "scenario.traffic"} {
					if f := find(tr, id); f.Verdict != Pass || f.Tolerated {
						t.Errorf("%v %s: %s", f.Verdict, id, f.Actual)
					}
				}
			})
		}
	}
}
