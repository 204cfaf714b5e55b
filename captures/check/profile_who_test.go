package check

import (
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// TestProfileInTrials holds trials against answers about who the peer is and what
// it can do besides: what the scenario does not exercise is no failure.
func TestProfileInTrials(t *testing.T) {
	listed := func(p *profile.Profile) {
		p.Authorization.Accept, p.Authorization.Identities = profile.AcceptIdentities, []string{"*.example.com"}
	}
	issued := func(issuer string) func(p *profile.Profile) {
		return func(p *profile.Profile) {
			p.Authorization.Accept, p.Authorization.Issuers = profile.AcceptIssued, []string{issuer}
		}
	}
	fragmenting := func(s *scenarios.Scenario) { s.IKE.Fragmentation = true }
	probing := func(s *scenarios.Scenario) { s.IKE.DPD = scenarios.Duration(10e9) }
	for _, tt := range []struct {
		name string
		rule string
		role scenarios.Role
		spec func(*scenarios.Scenario)
		ask  func(*profile.Profile)
		set  func(*scene)
		want Verdict
		says string
	}{
		{"listed", "profile.authorization", responder, signed, listed, nil, Pass, "responder.example.com"},
		{"not the listed one", "profile.authorization", responder, signed, listed, as(wire.ID{IDType: wire.IDFQDN, Data: []byte("else.example.org")}), Fail, "else.example.org, which is not on the list"},
		{"the scenario's identity is not listed", "profile.authorization", responder, nil, listed, nil, NotApplicable, "not on the list"},
		{"issued", "profile.authorization", initiator, signed, issued("CN=Root"), nil, Pass, "CN=Root"},
		{"issued by another", "profile.authorization", initiator, signed, issued("CN=Root"), stranger, Fail, "a certificate issued by CN=Other"},
		{"issuer unknown to the trial", "profile.authorization", initiator, signed, issued("CN=Elsewhere, O=Org"), nil, NotApplicable, "made for the run"},
		{"issued, with a secret", "profile.authorization", initiator, nil, issued("CN=Root"), nil, NotApplicable, "or none"},
		{"designated", "profile.authorization", responder, nil, func(*profile.Profile) {}, nil, NotApplicable, "only an end that is not configured"},

		{"user SAs", "profile.user-granularity", responder, nil, func(p *profile.Profile) { p.UserGranularity.SA = profile.UserSANever }, nil, Pass, "no user"},
		{"an SA for a user", "profile.user-granularity", initiator, nil, func(p *profile.Profile) { p.UserGranularity.SA = profile.UserSANever }, func(s *scene) {
			s.edit = func(c *ikev1.Config) {
				c.Quick[0].LocalID = &wire.ID{IDType: wire.IDUserFQDN, Data: []byte("alice@example.com")}
				c.Quick[0].RemoteID = &wire.ID{IDType: wire.IDIPv4Addr, Data: []byte{192, 0, 2, 1}}
			}
		}, Fail, `"alice@example.com"`},

		{"fragmentation", "profile.fragmentation", responder, fragmenting, func(p *profile.Profile) { p.IKE.Fragmentation = profile.Required }, nil, Pass, "fragmentation"},
		{"no fragmentation", "profile.fragmentation", initiator, fragmenting, func(p *profile.Profile) { p.IKE.Fragmentation = profile.Required }, func(s *scene) {
			s.edit = func(c *ikev1.Config) { c.Fragmentation.Enable = false }
		}, Fail, "no fragmentation of IKE messages"},
		{"fragmentation not exercised", "profile.fragmentation", initiator, nil, func(p *profile.Profile) { p.IKE.Fragmentation = profile.Required }, nil, NotApplicable, "does not exercise"},
		{"fragmentation asked for", "profile.fragmentation", initiator, fragmenting, func(p *profile.Profile) { p.IKE.Fragmentation = profile.None }, nil, NotApplicable, "the scenario asks for"},
		{"fragmentation left open", "profile.fragmentation", initiator, fragmenting, func(p *profile.Profile) { p.IKE.Fragmentation = profile.Optional }, nil, NotApplicable, "leaves fragmentation of IKE messages open"},
		{"fragmentation unasked", "profile.fragmentation", initiator, nil, func(p *profile.Profile) { p.IKE.Fragmentation = profile.None }, func(s *scene) {
			s.edit = func(c *ikev1.Config) { c.Fragmentation.Enable = true }
		}, Fail, "fragmentation"},

		{"DPD", "profile.dead-peer-detection", initiator, probing, func(p *profile.Profile) { p.IKE.DeadPeerDetection = profile.Required }, nil, Pass, "dead peer detection"},
		{"no DPD", "profile.dead-peer-detection", responder, probing, func(p *profile.Profile) { p.IKE.DeadPeerDetection = profile.Required }, func(s *scene) { s.ike.DPDNoVendorID = true }, Fail, "no dead peer detection"},
		{"no NAT traversal", "profile.nat-traversal", responder, nil, func(p *profile.Profile) { p.IKE.NATTraversal = profile.Required }, func(s *scene) {
			s.edit = func(c *ikev1.Config) { c.NATT.Disable = true }
		}, Fail, "no NAT traversal"},
		{"NAT traversal off", "profile.nat-traversal", responder, func(s *scenarios.Scenario) { s.IKE.NATTraversal = scenarios.NATOff }, func(p *profile.Profile) { p.IKE.NATTraversal = profile.None }, nil, Pass, "no NAT traversal"},

		{"mode config", "profile.mode-config", initiator, configured(scenarios.Pull), func(p *profile.Profile) { p.IKE.ModeConfig = profile.Required }, nil, Pass, "mode config"},
		{"mode config skipped", "profile.mode-config", initiator, configured(scenarios.Pull), func(p *profile.Profile) { p.IKE.ModeConfig = profile.Required }, func(s *scene) { s.ike.SkipConfig = true }, Fail, "no mode config"},
		{"mode config not exercised", "profile.mode-config", initiator, nil, func(p *profile.Profile) { p.IKE.ModeConfig = profile.Required }, nil, NotApplicable, "does not exercise mode config"},

		{"NAT traversal without keys is plain to see", "profile.nat-traversal", responder, nil, func(p *profile.Profile) { p.IKE.NATTraversal = profile.Required }, nil, Pass, "NAT traversal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := bgpSpec()
			if tt.spec != nil {
				tt.spec(&spec)
			}
			p := bgpProfile()
			tt.ask(p)
			s := play(t, spec, tt.role)
			if tt.set != nil {
				tt.set(s)
			}
			tr := s.marker().negotiate().against(p, &s.log)
			f := find(tr, tt.rule)
			if f.Verdict != tt.want || !strings.Contains(f.Actual+f.Witness, tt.says) {
				t.Errorf("%v %q, want %v saying %q", f.Verdict, f.Actual+f.Witness, tt.want, tt.says)
			}
			if f.Verdict == Fail && (len(f.Expected) == 0 || len(f.Frames) == 0 || f.Next == "") {
				t.Errorf("does not explain itself: %+v", f)
			}
		})
	}
}

// as has the peer assert another identity than it is configured to.
func as(id wire.ID) func(*scene) {
	return func(s *scene) { s.edit = func(c *ikev1.Config) { c.LocalID = id } }
}

// stranger gives the peer a certificate of another authority.
func stranger(s *scene) {
	ca, err := pki.NewCA(nil, sceneTime, pki.Template{Subject: "CN=Other", Key: pki.ECDSAP256})
	s.ok(err)
	role := responder
	if s.peerInitiates() {
		role = initiator
	}
	cred := (&papers{ca: ca}).issue(s.t, role, pki.Template{Key: pki.ECDSAP256})
	s.edit = func(c *ikev1.Config) { c.Auth.Credentials = []pki.Credential{cred} }
}

// TestBypassed: whether traffic in clear is a bypass is for the profile to say.
func TestBypassed(t *testing.T) {
	p := bgpProfile()
	p.Selectors.Otherwise = profile.Protect
	s := play(t, full(bgpSpec()), responder).marker().negotiate().talk(179, true).talk(8179, false)
	if f := find(s.against(p, &s.log), "policy.bypass-in-clear"); f.Verdict != NotApplicable {
		t.Errorf("%+v", f)
	}
}
