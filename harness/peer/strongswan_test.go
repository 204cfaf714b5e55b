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
	} {
		t.Run(name, func(t *testing.T) {
			c := goldenConfig()
			change(&c)
			conf, err := swanctlConf(c)
			if err != nil {
				t.Fatal(err)
			}
			got := redact(conf, c.secrets())
			if bytes.Contains(got, c.IKE.PSK) || bytes.Contains(got, []byte("6e6f7420")) {
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

func TestSupports(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		auto   string // part of the error; empty for none
		ns     string // the same, in a namespace
	}{
		{"transport", func(*Config) {}, "", "unsupported mode"},
		{"tunnel", func(c *Config) { c.Child.Mode = "tunnel" }, "", ""},
		{"ah", func(c *Config) { c.Child.Protocol, c.Child.Mode = "ah", "tunnel" }, "", "ESP only"},
		{"base mode", func(c *Config) { c.IKE.Mode = "base" }, "exchange mode base", "exchange mode base"},
		{"rsa", func(c *Config) { c.IKE.Authentication = "rsa-sig" }, "rsa-sig", "rsa-sig"},
		{"cipher", func(c *Config) { c.IKE.Proposals[0].Encryption = "idea-cbc" }, "idea-cbc", "idea-cbc"},
		{"integrity", func(c *Config) { c.Child.Proposals[0].Integrity = "none" }, "integrity none", "none"},
		{"pfs", func(c *Config) { c.Child.PFS = "ec2n155" }, "ec2n155", "ec2n155"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := goldenConfig()
			c.change(&cfg)
			check := func(where string, err error, want string) {
				t.Helper()
				if want == "" && err != nil || want != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), want)) {
					t.Errorf("%s: %v, want %q", where, err, want)
				}
			}
			check("anywhere", StrongSwan{}.Supports(cfg), c.auto)
			if cfg.Child.Mode != "tunnel" && c.name != "transport" {
				cfg.Child.Mode = "tunnel" // let the change speak, not the mode
			}
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
