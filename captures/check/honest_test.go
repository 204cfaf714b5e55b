package check

import (
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
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

// TestWitnessed: the rules about what only some scenarios have come to a pass there,
// and say so.
func TestWitnessed(t *testing.T) {
	for _, tt := range []struct {
		rule string
		spec func(*scenarios.Scenario)
		rest func(*scene)
		says string
	}{
		{"ike.aggressive.payloads", aggressively, nil, "message"},
		{"ike.signature", method("rsa-sig"), nil, "SIG_"},
		{"ike.signature", both(signed, aggressively), nil, "SIG_"},
		{"ike.cert.identity", signed, nil, "example.com"},
		{"ike.cert.path", method("rsa-sig"), nil, "O=Example"},
		{"ike.main.hash", method("rsa-enc"), nil, "HASH_"},
		{"ike.main.hash", method("rsa-rev-enc"), nil, "HASH_"},
		{"ike.transaction.hash", method("xauth-init-rsa-sig"), nil, "HASH(1) is right"},
		{"ike.transaction.hash", configured(scenarios.Push), nil, "HASH(1) is right"},
		{"ike.xauth.exchange", method("xauth-init-psk"), nil, "STATUS=OK"},
		{"ike.xauth.exchange", otherPassword, nil, "STATUS=FAIL"},
		{"ike.xauth.before-quick", method("hybrid-init-rsa"), nil, "after STATUS=OK"},
		{"ike.config.client-address", configured(scenarios.Pull), nil, "10."},
		{"ike.config.client-address", configured(scenarios.Push), nil, "10."},
		{"ike.dpd.ack", withDPD, probing(false), "R-U-THERE-ACK"},
		{"ike.dpd.request", withDPD, probing(true), "R-U-THERE"},
		{"ike.natt.version", func(s *scenarios.Scenario) { s.IKE.NATTVersions = []string{"draft-02n"} }, nil, "draft-02n"},
		{"ike.fragments", both(method("rsa-sig"), func(s *scenarios.Scenario) { s.IKE.Fragmentation = true }), nil, "fragments"},
	} {
		for _, role := range roles {
			t.Run(tt.rule+", peer as "+role.String(), func(t *testing.T) {
				spec := full(bgpSpec())
				tt.spec(&spec)
				s := play(t, spec, role)
				if tt.rule == "ike.fragments" {
					s.ike.FragmentAll = true
				}
				s.marker().negotiate()
				if tt.rest != nil {
					tt.rest(s)
				}
				if f := find(s.judge(true), tt.rule); f.Verdict != Pass || f.Tolerated || !strings.Contains(f.Witness, tt.says) {
					t.Errorf("%v %s: %q, which does not say %q", f.Verdict, tt.rule, f.Actual+f.Witness, tt.says)
				}
			})
		}
	}
}

// TestUnknownSigner: without certificates signatures are not judged, and what would
// help is said.
func TestUnknownSigner(t *testing.T) {
	spec := bgpSpec()
	signed(&spec)
	s := play(t, spec, responder)
	s.edit = func(c *ikev1.Config) { c.Auth.SendCertificate = ikev1.SendNever }
	s.negotiate()
	s.certificates = nil
	tr := s.judge(true)
	for _, id := range []string{"ike.signature", "ike.cert.identity", "ike.cert.path"} {
		if f := find(tr, id); f.Verdict != Inconclusive || !strings.Contains(f.Next, "--certs") {
			t.Errorf("%+v", f)
		}
	}
	for _, f := range foreign(t, s, nil).Findings {
		if f.Rule == "ike.cert.path" && f.Verdict != Inconclusive {
			t.Errorf("%+v", f)
		}
	}
}

// TestCertificateFault: a bad certificate that the scenario itself gives the peer is
// none of its faults.
func TestCertificateFault(t *testing.T) {
	spec := bgpSpec()
	signed(&spec)
	spec.Peer.IKE = &scenarios.IKE{Certificate: scenarios.Certificate{Fault: scenarios.Expired}}
	s := play(t, spec, responder)
	certified(pki.Template{NotBefore: sceneTime.Add(-48 * time.Hour), NotAfter: sceneTime.Add(-time.Hour)})(s)
	f := find(s.negotiate().judge(true), "ike.cert.path")
	if f.Verdict != NotApplicable || !strings.Contains(f.Actual, "expired") {
		t.Errorf("%+v", f)
	}
}
