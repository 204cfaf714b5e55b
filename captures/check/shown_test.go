package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// names lists capabilities for a test, one a word.
func names[T fmt.Stringer](cs []T) string {
	var out []string
	for _, c := range cs {
		out = append(out, strings.ReplaceAll(c.String(), " ", "="))
	}
	return strings.Join(out, " ")
}

const (
	bgpPhase1 = "exchange-mode=main authentication=psk ike-encryption=aes128-cbc ike-hash=sha1 group=modp1024 family=ipv4 identification=ipv4_addr nat-traversal=rfc3947"
	bgpChild  = "protocol=esp mode=transport encryption=aes128-cbc integrity=hmac-sha1-96 selector=port selector=protocol"
	// bgpAgreed is what quick mode alone shows.
	bgpAgreed = "protocol=esp mode=transport selector=port selector=protocol"
)

// TestShown: what a trial shows is what was in use on the wire, and no more.
func TestShown(t *testing.T) {
	for _, tt := range []struct {
		name string
		role scenarios.Role
		spec func(*scenarios.Scenario)
		set  func(*scene)
		// before and rest are what comes before and after the negotiation.
		before, rest func(*scene)

		blind bool
		want  string
	}{
		{name: "responder", role: responder, rest: func(s *scene) { s.talk(179, true).talk(8179, false).quick().deletes() }, want: "role=responder " + bgpPhase1 + " " + bgpChild + " traffic=transport bypass=clear delete=child"},
		{name: "initiator", role: initiator, rest: func(s *scene) { s.talk(179, true).talk(8179, false).quick().deletes() }, want: "role=initiator " + bgpPhase1 + " " + bgpChild + " traffic=transport bypass=clear rekey=child delete=child"},
		{name: "no keys", role: responder, blind: true, rest: func(s *scene) { s.talk(179, true).talk(8179, false).quick().deletes() }},
		{name: "another secret", role: responder, set: func(s *scene) { s.psk = "another secret" }},
		{name: "wrong hash", role: responder, set: func(s *scene) { s.ike.WrongPhase1Hash = true }},
		{name: "negotiated only", role: responder, want: "role=responder " + bgpPhase1 + " " + bgpAgreed},
		{name: "data one way", role: responder, rest: func(s *scene) {
			s.segment(false, tcpSegment(40001, 179, 0x18, "hello"), true)
			s.segment(true, tcpSegment(179, 40001, 0x10, ""), true)
		}, want: "role=responder " + bgpPhase1 + " " + bgpChild},
		{name: "a signature that the peer does not take", role: initiator, spec: method("rsa-sig"), set: func(s *scene) {
			s.edit = func(c *ikev1.Config) {
				c.Auth.Trust.Roots, c.Auth.PeerCertificate, c.Tolerant = papersFor(s.t, pki.ECDSAP256).ca.Chain, nil, false
			}
		}},
		{name: "in clear before there are SAs", role: responder, before: func(s *scene) { s.talk(8179, false) }, want: "role=responder " + bgpPhase1 + " " + bgpAgreed},
		{name: "a harness at fault", role: responder, spec: func(s *scenarios.Scenario) { s.Deviations = []string{"ike.short_nonce"} }, rest: func(s *scene) { s.talk(179, true) }},
		{name: "packets that do not open", role: responder, set: func(s *scene) { s.esp.BadICVFrom = 1 }, rest: func(s *scene) { s.talk(179, true) }, want: "role=responder " + bgpPhase1 + " " + bgpAgreed},
		{name: "in clear where nobody asks for that", role: responder, rest: func(s *scene) { s.talk(22, false) }, want: "role=responder " + bgpPhase1 + " " + bgpAgreed},
		{name: "a new SA after the Delete is no rekey", role: initiator, rest: func(s *scene) { s.deletes().quick() }, want: "role=initiator " + bgpPhase1 + " " + bgpAgreed + " delete=child"},
		{name: "a Delete in clear", role: responder, set: func(s *scene) { s.ike.DeleteInClear = true }, rest: func(s *scene) { s.deletes() }, want: "role=responder " + bgpPhase1 + " " + bgpAgreed},
		{name: "a Delete by the harness", role: responder, rest: func(s *scene) {
			out, err := s.ours.DeleteChild(s.now, s.children(false)[0].SPIIn)
			s.ok(err)
			s.exchange(false, out)
		}, want: "role=responder " + bgpPhase1 + " " + bgpAgreed},
		{
			name: "aggressive mode, tunnel, PFS, any protocol", role: initiator,
			spec: func(s *scenarios.Scenario) {
				s.IKE.Mode, s.Child.Mode, s.Child.PFS = "aggressive", "tunnel", "modp1024"
				s.Child.Selector = &scenarios.Selector{}
			},
			rest: func(s *scene) { s.talk(179, true) },
			want: "role=initiator " + strings.Replace(bgpPhase1, "main", "aggressive", 1) + " protocol=esp mode=tunnel encryption=aes128-cbc integrity=hmac-sha1-96 pfs=modp1024 traffic=tunnel",
		},
		{
			name: "ESP in UDP", role: responder, set: forced, rest: func(s *scene) { s.talk(179, true) },
			want: "role=responder " + strings.Replace(bgpPhase1, "nat-traversal=", "nat-traversal=forced nat-traversal=", 1) + " " + bgpChild + " traffic=transport",
		},
		{
			name: "ESP in UDP through a NAT", role: responder, set: forced, rest: func(s *scene) { s.talk(179, true) },
			spec: func(s *scenarios.Scenario) {
				s.Wire = &scenarios.Wire{NAT: &scenarios.Translator{Kind: scenarios.FullCone}}
			},
			want: "role=responder " + bgpPhase1 + " " + bgpChild + " traffic=transport",
		},
		{
			name: "no NAT traversal", role: responder, set: func(s *scene) { s.edit = func(c *ikev1.Config) { c.NATT.Disable = true } },
			want: "role=responder " + strings.Replace(bgpPhase1, "rfc3947", "off", 1) + " " + bgpAgreed,
		},
		{
			name: "a name as identity", role: initiator, set: func(s *scene) {
				s.edit = func(c *ikev1.Config) { c.LocalID = wire.ID{IDType: wire.IDFQDN, Data: []byte("peer.example.com")} }
			},
			want: "role=initiator " + strings.Replace(bgpPhase1, "ipv4_addr", "fqdn", 1) + " " + bgpAgreed,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := full(bgpSpec())
			if tt.spec != nil {
				tt.spec(&spec)
			}
			s := play(t, spec, tt.role)
			if tt.set != nil {
				tt.set(s)
			}
			if s.marker(); tt.before != nil {
				tt.before(s)
			}
			s.negotiate()
			if tt.rest != nil {
				tt.rest(s)
			}
			tr := s.judge(!tt.blind)
			if d := cmp.Diff(tt.want, names(tr.Shown)); d != "" {
				t.Error(d)
			}
			for _, c := range tr.Shown {
				if len(c.Frames) == 0 || c.Witness == "" {
					t.Errorf("%v without a witness", c)
				}
			}
		})
	}
}

// TestShownLater: what comes after phase 1 counts when it came to its end.
func TestShownLater(t *testing.T) {
	tick := func(s *scene, peer bool) {
		s.now = s.now.Add(time.Minute)
		end := s.ours
		if peer {
			end = s.peer
		}
		out, err := end.Tick(s.now)
		s.ok(err)
		s.exchange(peer, out)
	}
	for _, tt := range []struct {
		name string
		role scenarios.Role
		spec func(*scenarios.Scenario)
		set  func(*scene)
		rest func(*scene)
		want string // of the kinds authentication, mode-config and dpd
	}{
		{name: "XAUTH", role: initiator, spec: method("xauth-init-psk"), want: "authentication=xauth-init-psk"},
		{name: "XAUTH, another password", role: initiator, spec: func(s *scenarios.Scenario) {
			method("xauth-init-psk")(s)
			s.Peer.Password = scenarios.SecretOther
		}},
		{name: "no mode config", role: responder, want: "authentication=psk"},
		{name: "an address asked for, and not given", role: responder, spec: configured(scenarios.Pull), set: func(s *scene) {
			s.edit = func(c *ikev1.Config) { c.ModeConfig.Lease = nil }
		}, want: "authentication=psk"},
		{name: "an address asked for, and told", role: responder, spec: configured(scenarios.Pull), set: func(s *scene) {
			s.edit = func(c *ikev1.Config) { c.ModeConfig.Push = true }
		}, want: "authentication=psk mode-config=push"},
		{name: "an address told", role: initiator, spec: configured(scenarios.Push), want: "authentication=psk mode-config=push"},
		{
			name: "dead peer detection, by the peer", role: responder, spec: func(s *scenarios.Scenario) { s.IKE.DPD = scenarios.Duration(10 * time.Second) },
			rest: func(s *scene) { tick(s, true) }, want: "authentication=psk dpd=ask",
		},
		{
			name: "dead peer detection, by the harness", role: responder, spec: func(s *scenarios.Scenario) { s.IKE.DPD = scenarios.Duration(10 * time.Second) },
			rest: func(s *scene) { tick(s, false) }, want: "authentication=psk dpd=answer",
		},
		{
			name: "dead peer detection, without an answer", role: responder, spec: func(s *scenarios.Scenario) { s.IKE.DPD = scenarios.Duration(10 * time.Second) },
			rest: func(s *scene) { s.lose = func(fromPeer bool, _ int) bool { return !fromPeer }; tick(s, false) }, want: "authentication=psk",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := bgpSpec()
			if tt.spec != nil {
				tt.spec(&spec)
			}
			s := play(t, spec, tt.role)
			if tt.set != nil {
				tt.set(s)
			}
			s.marker().negotiate()
			if tt.rest != nil {
				tt.rest(s)
			}
			got := slices.DeleteFunc(s.judge(true).Shown, func(c Shown) bool {
				return c.Kind != scenarios.CapAuthentication && c.Kind != scenarios.CapModeConfig && c.Kind != scenarios.CapDPD
			})
			if d := cmp.Diff(tt.want, names(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestShownHonest: a peer that honestly does what a scenario asks shows all of
// it, and no refusal.
func TestShownHonest(t *testing.T) {
	for _, o := range everything {
		for _, role := range roles {
			t.Run(o.name+", peer as "+role.String(), func(t *testing.T) {
				spec := full(bgpSpec())
				o.make(&spec)
				s := play(t, spec, role)
				tr := s.marker().negotiate().talk(179, true).talk(8179, false).quick().deletes().judge(true)
				shown := map[scenarios.Capability]bool{}
				for _, c := range tr.Shown {
					shown[c.Capability] = true
				}
				for _, c := range spec.Needs(role) {
					second := c.Value == "draft-02" && shown[scenarios.Capability{Kind: c.Kind, Value: "draft-02n"}]
					if !shown[c] && !second { // of two versions one is used
						t.Errorf("%v is not shown", c)
					}
				}
				if tr.Refused != nil {
					t.Errorf("refused: %+v", tr.Refused)
				}
				for _, c := range (&Result{Trials: []TrialResult{*tr}}).Demonstrated() {
					if !slices.Contains(scenarios.Claimable(), c.Capability) {
						t.Errorf("%v is shown, and cannot be claimed", c.Capability)
					}
				}
			})
		}
	}
}
