package peer

import (
	"bytes"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1/pki"
)

var update = flag.Bool("update", false, "write golden files")

func goldenConfig() Config {
	return Config{
		Role: Responder, Local: netip.MustParseAddr("192.0.2.2"), Remote: netip.MustParseAddr("192.0.2.1"),
		LocalInner: netip.MustParsePrefix("10.2.0.1/32"), RemoteInner: netip.MustParsePrefix("10.1.0.1/32"),
		IKE: IKEConfig{
			Mode: "main", Authentication: "psk", PSK: []byte("not in the evidence"), Lifetime: 8 * time.Hour,
			Proposals: []IKEProposal{{"aes256-cbc", "sha256", "modp2048"}, {"3des-cbc", "md5", "modp1024"}},
		},
		Child: ChildConfig{
			Protocol: "esp", Mode: "transport", Lifetime: time.Hour, PFS: "modp1536",
			Proposals: []ChildProposal{{"aes128-cbc", "hmac-sha1-96"}, {"null", "hmac-sha256-128"}},
			Selector:  Selector{Protocol: 6, LocalPort: 179},
		},
	}
}

func TestSwanctlConf(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"transport": func(*Config) {},
		"tunnel": func(c *Config) {
			c.Child.Mode, c.IKE.Mode = "tunnel", "aggressive"
			c.Child.Selector = Selector{Protocol: 17}
			c.IKE.LocalID, c.IKE.RemoteID = Identity{"fqdn", "peer.example"}, Identity{"user_fqdn", "user@harness.example"}
			c.IKE.Lifetime, c.Child.Lifetime = 0, 0
		},
		"ah": func(c *Config) {
			c.Child.Protocol, c.Child.PFS, c.Child.Selector = "ah", "", Selector{}
			c.Child.Proposals = []ChildProposal{{"", "hmac-sha1-96"}}
			c.IKE.DPD = 30 * time.Second
		},
		"certificates": func(c *Config) {
			c.IKE.Authentication, c.IKE.PSK, c.IKE.Fragmentation = "rsa-sig", nil, true
			c.IKE.Credentials = &Credentials{Key: []byte("a key"), Certificate: []byte("certificate")}
			c.IKE.LocalID, c.IKE.RemoteID = Identity{"der_asn1_dn", "C=US, CN=peer"}, Identity{"key_id", "#a \"key"}
		},
		"client": func(c *Config) {
			c.Role, c.Child.Mode = Initiator, "tunnel"
			c.IKE.Authentication, c.IKE.XAUTH = "xauth-init-psk", &XAUTH{User: "user@example.com", Password: []byte("not in the evidence either")}
			c.IKE.ModeConfig, c.IKE.NATTraversal = ModeConfigPull, NATTForced
		},
		"server": func(c *Config) {
			c.Child.Mode, c.IKE.ModeConfig = "tunnel", ModeConfigPush
			c.IKE.Authentication, c.IKE.XAUTH = "hybrid-init-rsa", &XAUTH{User: "user", Password: []byte("not in the evidence either")}
			c.IKE.PSK, c.IKE.Credentials = nil, &Credentials{Key: []byte("a key"), Certificate: []byte("certificate")}
		},
		"ipv6": func(c *Config) {
			c.Child.Mode, c.IKE.ModeConfig = "tunnel", ModeConfigPull
			c.Local, c.Remote = netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8::1")
			c.LocalInner, c.RemoteInner = netip.MustParsePrefix("2001:db8:2::1/128"), netip.MustParsePrefix("2001:db8:1::1/128")
			c.Child.Proposals = []ChildProposal{{"aes256-gcm16", "none"}, {"aes128-ctr", "hmac-sha256-96"}}
		},
		"ipv6-transport": func(c *Config) {
			c.Child.Selector = Selector{}
			c.Local, c.Remote = netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8::1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := goldenConfig()
			change(&c)
			conf, err := swanctlFiles(c, CarrierNamespace)
			if err != nil {
				t.Fatal(err)
			}
			got := redact(conf[swanctlFile], c.secrets())
			if bytes.Contains(got, []byte("not in the evidence")) || bytes.Contains(got, []byte("6e6f7420")) {
				t.Errorf("the secret is in the evidence:\n%s", got)
			}
			golden(t, name+".conf", got)
		})
	}
}

func TestStrongswanConf(t *testing.T) {
	for _, c := range []Carrier{CarrierNamespace, CarrierGuest} {
		golden(t, "strongswan-"+c.String()+".conf", strongswanConf("/dir", c))
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestStrongSwanSupports(t *testing.T) {
	initiate := func(c *Config) { c.Role = Initiator }
	certified := func(c *Config, method string, id Identity) {
		c.IKE.Authentication, c.IKE.LocalID, c.IKE.Credentials = method, id, testCredentials(t, pki.ECDSAP256, 2)
	}
	for _, c := range []struct {
		name   string
		change func(*Config)
		auto   string // part of the error; empty for none
		ns     string // the same, in a namespace
	}{
		{"transport", func(c *Config) { c.Child.Mode = "transport" }, "", "unsupported mode"},
		{"tunnel", func(*Config) {}, "", ""},
		{"ah", func(c *Config) { c.Child.Protocol = "ah" }, "", "ESP only"},
		{"ecdsa", func(c *Config) { certified(c, "ecdsa-sha256", Identity{}) }, "", ""},
		{"another key", func(c *Config) { certified(c, "rsa-sig", Identity{}) }, "the key decides", "the key decides"},
		{"another curve", func(c *Config) { certified(c, "ecdsa-sha384", Identity{}) }, "the key decides", "the key decides"},
		{"another name", func(c *Config) { certified(c, "ecdsa-sha256", Identity{"fqdn", "elsewhere"}) }, "", ""},
		{"another name as initiator", func(c *Config) { initiate(c); certified(c, "ecdsa-sha256", Identity{"fqdn", "elsewhere"}) }, "no private key", "no private key"},
		{"own name as initiator", func(c *Config) { initiate(c); certified(c, "ecdsa-sha256", testNames(2)[0]) }, "", ""},
		{"rsa encryption", func(c *Config) { c.IKE.Authentication = "rsa-enc" }, "signatures only", "signatures only"},
		{"revised rsa encryption", func(c *Config) { c.IKE.Authentication = "xauth-init-rsa-rev-enc" }, "signatures only", "signatures only"},
		{"dss", func(c *Config) { c.IKE.Authentication = "dss-sig" }, "no DSA keys", "no DSA keys"},
		{"hybrid the other way", func(c *Config) { c.IKE.Authentication = "hybrid-resp-rsa" }, "XAUTH alone", "XAUTH alone"},
		{"xcbc as hash", func(c *Config) { c.IKE.Proposals[0].Hash = "aes-xcbc" }, "hash attribute", "hash attribute"},
		{"blowfish", func(c *Config) { c.Child.Proposals[0].Encryption = "blowfish-cbc" }, "key length", "key length"},
		{"short sha256", func(c *Config) { c.Child.Proposals = []ChildProposal{{"null", truncatedSHA256}} }, "", "HMAC_SHA2_256_96"},
		{"short and long sha256", func(c *Config) { c.Child.Proposals[0].Integrity = truncatedSHA256 }, "sha256_96", "sha256_96"},
		{"no integrity", func(c *Config) { c.Child.Proposals[0].Integrity = "none" }, "integrity none", "none"},
		{"twice integrity", func(c *Config) { c.Child.Proposals[0].Encryption = "aes128-gcm16" }, "combined mode", "combined mode"},
		{"mode config in transport mode", func(c *Config) { c.Child.Mode, c.IKE.ModeConfig = "transport", ModeConfigPull }, "transport mode", "transport mode"},
		{"nat-t off", func(c *Config) { c.IKE.NATTraversal = NATTOff }, "", "requires UDP"},
		{"nat-t off as initiator", func(c *Config) { initiate(c); c.IKE.NATTraversal = NATTOff }, "always announces", "requires UDP"},
		{"nat-t forced", func(c *Config) { c.IKE.NATTraversal = NATTForced }, "", ""},
		{"nat-t forced with ah", func(c *Config) { c.Child.Protocol, c.IKE.NATTraversal = "ah", NATTForced }, "is of ESP", "is of ESP"},
		{"nat-t draft 03", func(c *Config) { c.IKE.NATTVersions = []string{"draft-03"} }, "", ""},
		{"nat-t draft 03 as initiator", func(c *Config) { initiate(c); c.IKE.NATTVersions = []string{"rfc3947", "draft-03"} }, "announces", "announces"},
		{"nat-t draft 00", func(c *Config) { c.IKE.NATTVersions = []string{"draft-00"} }, "accepts", "accepts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := goldenConfig()
			cfg.Child.Mode = "tunnel"
			c.change(&cfg)
			check := func(where string, err error, want string) {
				t.Helper()
				if want == "" && err != nil || want != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want)) {
					t.Errorf("%s: %v, want %q", where, err, want)
				}
			}
			check("anywhere", StrongSwan{}.Supports(cfg), c.auto)
			check("namespace", swanSupports(cfg, CarrierNamespace), c.ns)
		})
	}
}

func TestUnavailableError(t *testing.T) {
	var err error = &UnavailableError{Peer: "strongswan", Reason: "/usr/sbin/swanctl is missing", Install: "apt-get install strongswan-swanctl"}
	const want = "peer strongswan cannot run here: /usr/sbin/swanctl is missing; install with: apt-get install strongswan-swanctl"
	if err.Error() != want || !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrUnsupported) {
		t.Errorf("%v", err)
	}
}

func TestCarrierText(t *testing.T) {
	for c := CarrierAuto; c <= CarrierGuest; c++ {
		if got, err := ParseCarrier(c.String()); err != nil || got != c {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	if _, err := ParseCarrier("cloud"); err == nil {
		t.Error("cloud is a carrier")
	}
	for text, want := range map[string]string{
		Carrier(9).String(): "Unknown(9)", SA(9).String(): "Unknown(9)", Role(9).String(): "Unknown(9)",
		Child.String(): "child", IKE.String(): "ike", Responder.String(): "responder", Initiator.String(): "initiator",
	} {
		if text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
}
