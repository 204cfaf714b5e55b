package profile_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/scenarios/profile"
)

func TestLevels(t *testing.T) {
	l := profile.Levels{Must: []string{"a"}, Should: []string{"b"}, May: []string{"c"}, MustNot: []string{"d"}}
	for slug, want := range map[string]profile.Level{"a": profile.Must, "b": profile.Should, "c": profile.May, "d": profile.MustNot, "e": profile.Unlisted} {
		if got := l.Level(slug); got != want {
			t.Errorf("%s is %s, want %s", slug, got, want)
		}
		if got := l.Admits(slug); got != (want >= profile.May) {
			t.Errorf("%s is admitted: %v", slug, got)
		}
	}
	if !(profile.Levels{}).Admits("x") || (profile.Levels{}).Stated() {
		t.Error("a list that says nothing restricts nothing")
	}
	if no := (profile.Levels{MustNot: []string{"x"}}); no.Admits("x") || !no.Admits("y") || !no.Stated() {
		t.Error("a list that only forbids admits the rest")
	}
}

// TestBGP asks the profile what a checker asks it.
func TestBGP(t *testing.T) {
	p, err := profile.Builtin("bgp")
	if err != nil {
		t.Fatal(err)
	}
	b, c := p.Protection, p.Keying
	for what, got := range map[string]bool{
		"esp":                     b.AllowsProtocol("esp"),
		"ah":                      b.AllowsProtocol("ah"),
		"transport":               b.AllowsMode("transport"),
		"null":                    b.AllowsEncryption("null"),
		"aes":                     b.AllowsEncryption("aes256-cbc"),
		"sha1":                    b.AllowsIntegrity("hmac-sha1-96"),
		"null with sha1":          b.AllowsSuite("null", "hmac-sha1-96"),
		"gcm":                     b.AllowsSuite("aes128-gcm16", "none"),
		"phase 1 aes":             c.Phase1.AllowsCipher("aes128-cbc"),
		"phase 1 sha1":            c.Phase1.AllowsHash("sha1"),
		"phase 1 group 2":         c.Phase1.AllowsGroup("modp1024"),
		"no pfs":                  c.AllowsPFS(""),
		"pfs":                     c.AllowsPFS("modp2048"),
		"address":                 p.Identification.Allows("ipv4_addr"),
		"psk":                     p.Authentication.Allows("psk"),
		"rsa-sig":                 p.Authentication.Allows("rsa-sig"),
		"address has to match":    *p.Authorization.AddressMatch,
		"main":                    p.IKE.AllowsMode("main"),
		"version 1":               p.IKE.AllowsVersion(1),
		"rsa-sig is a must":       p.Authentication.Methods.Level("rsa-sig") == profile.Must,
		"does not switch users":   !*p.UserGranularity.SwitchesUser,
		"only designated peers":   p.Authorization.Accept == profile.AcceptDesignated,
		"replay protection":       b.ReplayProtection == profile.Required,
		"nat traversal left open": p.IKE.NATTraversal == profile.Optional,
	} {
		if !got {
			t.Errorf("not: %s", what)
		}
	}
	for what, got := range map[string]bool{
		"tunnel":             b.AllowsMode("tunnel"),
		"des":                b.AllowsEncryption("des-cbc"),
		"no integrity":       b.AllowsIntegrity("none"),
		"null with none":     b.AllowsSuite("null", "none"),
		"aes with none":      b.AllowsSuite("aes128-cbc", "none"),
		"gcm with sha1":      b.AllowsSuite("aes128-gcm16", "hmac-sha1-96"),
		"short sha256":       b.AllowsIntegrity("hmac-sha256-96"),
		"phase 1 des":        c.Phase1.AllowsCipher("des-cbc"),
		"phase 1 md5":        c.Phase1.AllowsHash("md5"),
		"phase 1 group 1":    c.Phase1.AllowsGroup("modp768"),
		"pfs with group 1":   c.AllowsPFS("modp768"),
		"name":               p.Identification.Allows("fqdn"),
		"aggressive":         p.IKE.AllowsMode("aggressive"),
		"version 2":          p.IKE.AllowsVersion(2),
		"rsa encryption":     p.Authentication.Allows("rsa-enc"),
		"unknown encryption": b.AllowsEncryption("Unknown(99)"),
	} {
		if got {
			t.Errorf("admitted: %s", what)
		}
	}
}

func TestServices(t *testing.T) {
	required := profile.Protection{Confidentiality: profile.Required, Integrity: profile.Required}
	none := profile.Protection{Confidentiality: profile.None, Integrity: profile.None}
	if required.AllowsEncryption("null") || required.AllowsIntegrity("none") || !required.AllowsEncryption("aes128-cbc") {
		t.Error("required services are not kept")
	}
	if none.AllowsEncryption("aes128-cbc") || none.AllowsIntegrity("hmac-sha1-96") || !none.AllowsEncryption("null") || none.AllowsSuite("aes128-gcm16", "none") {
		t.Error("unwanted services are admitted")
	}
	k := profile.Keying{Phase2: profile.Phase2{PFS: profile.None}}
	if k.AllowsPFS("modp2048") || !k.AllowsPFS("") {
		t.Error("unwanted PFS is admitted")
	}
	k = profile.Keying{Phase2: profile.Phase2{PFS: profile.Required, Groups: profile.Levels{Must: []string{"modp2048"}}}}
	if k.AllowsPFS("") || k.AllowsPFS("modp1024") || !k.AllowsPFS("modp2048") {
		t.Error("required PFS is not kept")
	}
	for version, major := range map[profile.IKEVersion]int{profile.Version1: 1, profile.Version2: 2} {
		v := profile.IKEVariants{Version: version}
		if !v.AllowsVersion(major) || v.AllowsVersion(3-major) {
			t.Errorf("version %s", version)
		}
	}
	if (profile.IKEVariants{Version: profile.VersionNone}).AllowsVersion(1) || !(profile.IKEVariants{}).AllowsVersion(2) {
		t.Error("no version, or none stated")
	}
	context := profile.Authentication{
		Methods:  profile.Levels{Must: []string{"rsa-sig"}, MustNot: []string{"rsa-enc"}},
		Contexts: []profile.Context{{Methods: profile.Levels{May: []string{"psk", "rsa-enc"}}}},
	}
	if !context.Allows("psk") || context.Allows("rsa-enc") || context.Allows("dss-sig") {
		t.Error("contexts are wrong")
	}
}

// TestParts: what differs by segment, by role, by context and by policy.
func TestParts(t *testing.T) {
	b := profile.Protection{
		Modes:    profile.Levels{Must: []string{"tunnel"}},
		Segments: []profile.Span{{Segment: profile.HostToHost, Inside: profile.HostToGateway, Modes: profile.Levels{Must: []string{"transport"}}}},
	}
	d := profile.Identification{
		Forms:     profile.Levels{Must: []string{"fqdn"}, MustNot: []string{"key_id"}},
		Initiator: profile.Levels{Must: []string{"user_fqdn", "key_id"}},
	}
	both := d
	both.Responder = profile.Levels{Must: []string{"ipv4_addr"}}
	f := profile.Authentication{
		Methods:  profile.Levels{Must: []string{"rsa-sig"}, MustNot: []string{"rsa-enc"}},
		Contexts: []profile.Context{{Where: "peering links", Methods: profile.Levels{Must: []string{"psk", "rsa-enc"}}}},
	}
	g := profile.Authorization{
		Accept: profile.AcceptIssued, Issuers: []string{"CN=ca"},
		Rules: []profile.Grant{{Policies: []string{"ssh"}, Accept: profile.AcceptIdentities, Identities: []string{"admin"}}},
	}
	for what, got := range map[string]bool{
		"both modes somewhere":               b.AllowsMode("transport") && b.AllowsMode("tunnel"),
		"transport mode between hosts":       b.AllowsModeOn(profile.HostToHost, "transport") && !b.AllowsModeOn(profile.HostToHost, "tunnel"),
		"tunnel mode to a gateway":           b.AllowsModeOn(profile.HostToGateway, "tunnel") && !b.AllowsModeOn(profile.HostToGateway, "transport"),
		"a user's name in some role":         d.Allows("user_fqdn") && d.Allows("fqdn") && !d.Allows("key_id") && !d.Allows("ipv4_addr"),
		"the initiator's names":              d.AllowsInitiator("user_fqdn") && !d.AllowsInitiator("fqdn") && !d.AllowsInitiator("key_id"),
		"the responder's names":              d.AllowsResponder("fqdn") && !d.AllowsResponder("user_fqdn"),
		"general forms that no role is left": !both.Allows("fqdn") && both.Allows("user_fqdn") && both.Allows("ipv4_addr"),
		"secrets on peering links":           f.Allows("psk") && f.AllowsIn("peering links", "psk") && !f.AllowsIn("peering links", "rsa-sig"),
		"certificates elsewhere":             f.AllowsIn("elsewhere", "rsa-sig") && !f.AllowsIn("elsewhere", "psk") && !f.AllowsIn("peering links", "rsa-enc"),
		"the rule of a policy":               g.For("ssh").Accept == profile.AcceptIdentities && g.For("ssh").Identities[0] == "admin",
		"the general rule":                   g.For("web").Accept == profile.AcceptIssued && g.For("web").Issuers[0] == "CN=ca",
	} {
		if !got {
			t.Errorf("not: %s", what)
		}
	}
}

// TestOutOfReach: what no run can show is named.
func TestOutOfReach(t *testing.T) {
	for want, p := range map[string]profile.Profile{
		"":                      {Keying: profile.Keying{Method: profile.IKE}, IKE: profile.IKEVariants{Version: profile.Version1}},
		"keying.method: KINK":   {Keying: profile.Keying{Method: profile.KINK}},
		"keying.method: keys":   {Keying: profile.Keying{Method: profile.Manual}},
		"ike.version: this too": {Keying: profile.Keying{Method: profile.IKE}, IKE: profile.IKEVariants{Version: profile.Version2}},
	} {
		got := p.OutOfReach()
		if want == "" && got != nil || want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], want)) {
			t.Errorf("%q: %q", want, got)
		}
	}
}

// TestBuiltinAnswers: what sets each of the built-in profiles apart.
func TestBuiltinAnswers(t *testing.T) {
	intranet, branch, headquarters := netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.2.0.1")
	l2tp := flow(hostA, 1701, hostB, 1701)
	l2tp.Proto = 17
	ike := flow(hostA, 500, hostB, 500)
	ike.Proto = 17
	tests := []struct {
		name     string
		flow     profile.Flow
		want     profile.Action
		mode     string
		other    string // mode that is not admitted
		yes, no  string // authentication
		required string
	}{
		{"bgp", flow(hostA, 40000, hostB, 179), profile.Protect, "transport", "tunnel", "psk", "xauth-init-psk", "port-selectors"},
		{"bgp-isp", flow(hostA, 40000, hostB, 179), profile.Protect, "transport", "tunnel", "rsa-sig", "psk", "port-selectors"},
		{"host-to-host", flow(hostA, 40000, hostB, 5432), profile.Protect, "transport", "tunnel", "psk", "rsa-enc", "point-to-point"},
		{"host-to-host", ike, profile.Bypass, "transport", "tunnel", "rsa-sig", "rsa-enc", ""},
		{"l2tp", l2tp, profile.Protect, "tunnel", "", "psk", "xauth-init-psk", "point-to-point"},
		{"l2tp", flow(hostA, 1701, hostB, 1701), profile.Bypass, "transport", "", "rsa-sig", "rsa-enc", ""},
		{"road-warrior", flow(hostA, 40000, intranet, 22), profile.Protect, "tunnel", "transport", "xauth-init-psk", "psk", ""},
		{"road-warrior", flow(hostA, 40000, other, 443), profile.Bypass, "tunnel", "transport", "hybrid-init-rsa", "psk", ""},
		{"site-to-site", flow(branch, 40000, headquarters, 22), profile.Protect, "tunnel", "transport", "psk", "rsa-enc", ""},
		{"site-to-site", flow(headquarters, 40000, branch, 22), profile.Protect, "tunnel", "transport", "rsa-sig", "rsa-enc", ""},
		{"site-to-site", flow(branch, 40000, other, 443), profile.Bypass, "tunnel", "transport", "rsa-sig", "rsa-enc", ""},
	}
	for _, tt := range tests {
		p, err := profile.Builtin(tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if got, policy := p.Selectors.Action(tt.flow, ends); got != tt.want {
			t.Errorf("%s: %v: %s by %q", tt.name, tt.flow, got, policy)
		}
		if !p.Protection.AllowsMode(tt.mode) || tt.other != "" && p.Protection.AllowsMode(tt.other) {
			t.Errorf("%s: modes %v", tt.name, p.Protection.Modes)
		}
		if !p.Authentication.Allows(tt.yes) || p.Authentication.Allows(tt.no) {
			t.Errorf("%s: not %s, or %s", tt.name, tt.yes, tt.no)
		}
		if tt.required != "" && !p.Availability.RequiresFeature(tt.required) {
			t.Errorf("%s: does not require %s", tt.name, tt.required)
		}
		if got := p.OutOfReach(); got != nil {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}
