package check

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/scenarios"
)

// TestRefused: where the peer stopped what was meant to be established, and
// what explains it.
func TestRefused(t *testing.T) {
	const offer = "role=responder family=ipv4 exchange-mode=main authentication=psk ike-encryption=aes128-cbc ike-hash=sha1 group=modp1024"
	deaf := func(s *scene) { s.lose = func(fromPeer bool, _ int) bool { return !fromPeer } }
	aggressive := func(s *scenarios.Scenario) { s.IKE.Mode = "aggressive" }
	mainOnly := func(s *scene) { s.edit = func(c *ikev1.Config) { c.Mode = ikev1.Main } }
	otherSuite := func(s *scene) {
		s.edit = func(c *ikev1.Config) { c.Proposals[0].KeyBits, c.Tolerant = 256, false }
	}
	otherChild := func(s *scene) {
		s.edit = func(c *ikev1.Config) { c.Quick[0].PFS, c.Tolerant = 14, false }
	}
	pfs := func(s *scenarios.Scenario) { s.Child.PFS = "modp1024" }
	for _, tt := range []struct {
		name    string
		role    scenarios.Role
		spec    func(*scenarios.Scenario)
		set     func(*scene)
		tap     bool // no marker
		stage   string
		how     string
		lacks   string
		unclear string
	}{
		{name: "established", role: responder},
		{name: "the offer", role: responder, set: otherSuite, stage: "phase 1, message 1", how: "the peer sent NO-PROPOSAL-CHOSEN in frame 4", lacks: offer},
		{name: "the exchange", role: responder, spec: aggressive, set: mainOnly, stage: "phase 1, message 1", how: "no answer", lacks: strings.Replace(offer, "main", "aggressive", 1)},
		{name: "silence", role: responder, set: deaf, stage: "phase 1, message 1", how: "no answer to 4 transmissions", lacks: offer},
		{name: "silence, and a tap that is not proven", role: responder, set: deaf, tap: true},
		{name: "silence of a host on which nobody listens", role: responder, set: func(s *scene) {
			deaf(s)
			unreachable(s, 500)
		}},
		{name: "silence, and nobody takes the marker", role: responder, set: func(s *scene) {
			deaf(s)
			unreachable(s, 9)
		}, stage: "phase 1, message 1", how: "no answer to 4 transmissions", lacks: offer},
		{name: "two offers, one of them the peer's", role: responder, set: deaf, spec: func(s *scenarios.Scenario) {
			s.Peer.IKE = &scenarios.IKE{Proposals: s.IKE.Proposals}
			s.IKE.Proposals = append([]scenarios.IKEProposal{{Encryption: "3des-cbc", Hash: "md5", Group: "modp768"}}, s.IKE.Proposals...)
		}, stage: "phase 1, message 1", how: "no answer", lacks: offer},
		{name: "another secret", role: responder, set: func(s *scene) { s.psk = "another secret" }, stage: "phase 1, message 5", how: "the peer sent PAYLOAD-MALFORMED", unclear: "pre-shared keys that differ look the same"},
		{name: "the harness refuses", role: initiator, set: func(s *scene) { s.psk = "another secret" }},
		{name: "meant to be refused", role: responder, set: otherSuite, spec: func(s *scenarios.Scenario) { s.Expect = scenarios.Expect{Phase1: scenarios.Refused} }},
		{name: "either will do", role: responder, set: otherSuite, spec: func(s *scenarios.Scenario) { s.Expect.Phase1 |= scenarios.Refused }},
		{name: "the harness deviates", role: responder, set: otherSuite, spec: func(s *scenarios.Scenario) { s.Deviations = []string{"ike.short_nonce"} }, stage: "phase 1, message 1", how: "the peer", unclear: "the harness deviates"},
		{name: "another lifetime", role: responder, set: otherSuite, spec: func(s *scenarios.Scenario) { s.Peer.IKE = &scenarios.IKE{Lifetime: 60e9} }, stage: "phase 1, message 1", how: "the peer", unclear: "configures the two ends differently"},
		{name: "a certificate at fault", role: responder, set: otherSuite, spec: func(s *scenarios.Scenario) { s.IKE.Certificate.Fault = scenarios.Expired }, stage: "phase 1, message 1", how: "the peer", unclear: "the harness's certificate is at fault"},
		{name: "secrets that differ", role: responder, set: otherSuite, spec: func(s *scenarios.Scenario) { s.Peer.PSK = scenarios.SecretOther }, stage: "phase 1, message 1", how: "the peer", unclear: "secrets of their own"},
		{name: "two configurations", role: responder, set: otherSuite, spec: func(s *scenarios.Scenario) { s.Peer.IKE = &scenarios.IKE{Mode: "aggressive"} }, stage: "phase 1, message 1", how: "no answer", unclear: "configures the two ends differently"},
		{name: "the child", role: responder, spec: pfs, set: otherChild, stage: "quick mode, message 1", how: "the peer sent", lacks: "protocol=esp mode=transport encryption=aes128-cbc integrity=hmac-sha1-96 pfs=modp1024 selector=port"},
		{name: "the child, or the last message of phase 1", role: responder, spec: aggressive, set: func(s *scene) {
			s.repeats = 2
			n := 0
			s.lose = func(fromPeer bool, _ int) bool {
				if !fromPeer {
					n++
				}
				return !fromPeer && n > 1
			}
		}, stage: "quick mode, message 1", how: "no answer", unclear: "nothing shows that the peer accepted phase 1"},
		{name: "the child, in UDP", role: responder, spec: func(s *scenarios.Scenario) {
			pfs(s)
			s.IKE.NATTraversal, s.IKE.NATTVersions = scenarios.NATForced, []string{"draft-03"}
		}, set: otherChild, stage: "quick mode, message 1", how: "the peer sent", lacks: "nat-traversal=forced nat-traversal=draft-03 protocol=esp mode=transport encryption=aes128-cbc integrity=hmac-sha1-96 pfs=modp1024 selector=port"},
		{name: "the signature", role: responder, spec: func(s *scenarios.Scenario) { method("rsa-sig")(s); s.IKE.Fragmentation = true }, set: func(s *scene) {
			s.edit = func(c *ikev1.Config) {
				c.Auth.Trust.Roots, c.Auth.PeerCertificate, c.Tolerant = papersFor(s.t, pki.ECDSAP256).ca.Chain, nil, false
			}
		}, stage: "phase 1, message 5", how: "the peer", lacks: "authentication=rsa-sig identification=fqdn certificate=rsa2048 fragmentation=ike"},
		{name: "the child, by the harness", role: initiator, spec: pfs, set: otherChild},
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
			if !tt.tap {
				s.marker()
			}
			got := s.negotiate().judge(true).Refused
			if got == nil {
				if tt.stage != "" {
					t.Fatal("no refusal")
				}
				return
			}
			var lacks string
			for _, set := range got.Lacks {
				lacks += names(set)
			}
			if got.Stage != tt.stage || !strings.Contains(got.How, tt.how) || lacks != tt.lacks || !strings.Contains(got.Unclear, tt.unclear) || (got.Unclear == "") != (tt.unclear == "") || len(got.Frames) == 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestRefusedConfig: what comes between phase 1 and quick mode and is not
// answered.
func TestRefusedConfig(t *testing.T) {
	// deafAfter has the peer hear nothing but so many datagrams of the harness.
	deafAfter := func(heard int) func(*scene) {
		return func(s *scene) {
			n := 0
			s.lose = func(fromPeer bool, _ int) bool {
				if !fromPeer {
					n++
				}
				return !fromPeer && n > heard
			}
		}
	}
	quicker := func(spec func(*scenarios.Scenario)) func(*scenarios.Scenario) {
		return func(s *scenarios.Scenario) { spec(s); s.IKE.Mode = "aggressive" }
	}
	for _, tt := range []struct {
		name  string
		role  scenarios.Role
		spec  func(*scenarios.Scenario)
		set   func(*scene)
		tap   bool // no marker
		stage string
		lacks string

		unclear string
	}{
		{name: "an address asked for", role: responder, spec: configured(scenarios.Pull), set: deafAfter(3), stage: "mode config", lacks: "mode-config=pull"},
		{name: "an address asked for, and a tap that is not proven", role: responder, spec: configured(scenarios.Pull), set: deafAfter(3), tap: true},
		{name: "an address told", role: initiator, spec: quicker(configured(scenarios.Push)), set: deafAfter(1), stage: "mode config", lacks: "mode-config=push"},
		{name: "an address told, or the last message of phase 1", role: initiator, spec: configured(scenarios.Push), set: deafAfter(3), stage: "mode config", unclear: "nothing shows that the peer accepted phase 1"},
		{name: "an address that the peer asks for", role: initiator, spec: configured(scenarios.Pull), set: deafAfter(3)},
		{name: "a question of XAUTH", role: initiator, spec: quicker(method("xauth-init-psk")), set: deafAfter(1), stage: "XAUTH", lacks: "authentication=xauth-init-psk"},
		{name: "a question of XAUTH, or the last message of phase 1", role: initiator, spec: method("xauth-init-psk"), set: deafAfter(3), stage: "XAUTH", unclear: "nothing shows that the peer accepted phase 1"},
		{name: "a peer whose process ended", role: initiator, spec: quicker(method("xauth-init-psk")), set: func(s *scene) {
			deafAfter(1)(s)
			s.trial.PeerProcess = "signal: bus error"
		}, stage: "XAUTH", unclear: "the peer's process ended"},
		{name: "a question that the peer asks", role: responder, spec: method("xauth-init-psk"), set: deafAfter(3)},
		{name: "another password", role: initiator, spec: func(s *scenarios.Scenario) {
			method("xauth-init-psk")(s)
			s.Peer.Password = scenarios.SecretOther
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := bgpSpec()
			tt.spec(&spec)
			s := play(t, spec, tt.role)
			if tt.set != nil {
				tt.set(s)
			}
			if !tt.tap {
				s.marker()
			}
			s.negotiate()
			for range 2 { // the harness repeats what it asks
				s.now = s.now.Add(10 * time.Second)
				out, _ := s.ours.Tick(s.now)
				s.exchange(false, out)
			}
			var lacks string
			r := s.judge(true).Refused
			if r == nil {
				r = &Refusal{}
			}
			for _, set := range r.Lacks {
				lacks += names(set)
			}
			if r.Stage != tt.stage || lacks != tt.lacks || r.Unclear != tt.unclear || r.Stage != "" && (len(r.Frames) < 2 || !strings.Contains(r.How, "no answer to")) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// unreachable has the peer's host say that nobody listens on a UDP port.
func unreachable(s *scene, port uint16) {
	icmp := append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, ipPacket(s.us, s.them, 17, udpHeader(500, port, nil))...)
	s.ip(s.them, s.us, 1, icmp)
}

// TestRefusedPort: quotes that are cut off, of other protocols and of IPv6.
func TestRefusedPort(t *testing.T) {
	them, us := netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8::1")
	quote4 := ipPacket(harnessAddr, peerAddr, 17, udpHeader(500, 500, nil))
	quote6 := ipPacket(us, them, 17, udpHeader(500, 4500, nil))
	for _, tt := range []struct {
		name     string
		typ, cod uint8
		quote    []byte
		port     uint16
		ok       bool
	}{
		{"IPv4", 3, 3, quote4, 500, true},
		{"IPv6", 1, 4, quote6, 4500, true},
		{"another code", 3, 1, quote4, 0, false},
		{"echo", 8, 0, quote4, 0, false},
		{"TCP", 3, 3, ipPacket(harnessAddr, peerAddr, 6, udpHeader(500, 500, nil)), 0, false},
		{"nothing quoted", 3, 3, nil, 0, false},
		{"no ports", 3, 3, quote4[:23], 0, false},
		{"no ports in IPv6", 1, 4, quote6[:43], 0, false},
		{"a header that is longer than the packet", 3, 3, append([]byte{0x4f}, quote4[1:]...), 0, false},
	} {
		e := &dissect.Event{Kind: dissect.KindICMP, Flow: spd.Flow{ICMPType: tt.typ, ICMPCode: tt.cod}, Payload: append(make([]byte, 8), tt.quote...)}
		if port, ok := refusedPort(e); port != tt.port || ok != tt.ok {
			t.Errorf("%s: %d, %v", tt.name, port, ok)
		}
	}
}

// TestRefusedTraffic: SAs that carry nothing.
func TestRefusedTraffic(t *testing.T) {
	for _, tt := range []struct {
		name string
		rest func(*scene)
		want string
	}{
		{"silence to two packets", func(s *scene) {
			for range 2 {
				s.segment(false, tcpSegment(40001, 179, 2, ""), true)
			}
		}, "no answer to 2 packets in the SAs"},
		{"silence, and nobody takes the marker", func(s *scene) {
			unreachable(s, 9)
			for range 2 {
				s.segment(false, tcpSegment(40001, 179, 2, ""), true)
			}
		}, "no answer to 2 packets in the SAs"},
		{"one packet", func(s *scene) { s.segment(false, tcpSegment(40001, 179, 2, ""), true) }, ""},
		{"an answer in clear", func(s *scene) {
			for range 2 {
				s.segment(false, tcpSegment(40001, 179, 2, ""), true)
				s.segment(true, tcpSegment(179, 40001, 0x12, ""), false)
			}
		}, ""},
		{"an answer", func(s *scene) { s.talk(179, true) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, full(bgpSpec()), responder).marker().negotiate()
			tt.rest(s)
			r := s.judge(true).Refused
			if r == nil {
				r = &Refusal{}
			} else if names(r.Lacks[0]) != "traffic=transport encryption=aes128-cbc integrity=hmac-sha1-96" {
				t.Errorf("%+v", r)
			}
			if r.How != tt.want {
				t.Errorf("%q, want %q", r.How, tt.want)
			}
		})
	}
}
