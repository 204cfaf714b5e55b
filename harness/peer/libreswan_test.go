package peer

import (
	"bytes"
	"encoding/pem"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// plutoConfig is goldenConfig without the group that libreswan has not.
func plutoConfig() Config {
	c := goldenConfig()
	c.IKE.Proposals[1].Group = "modp1536"
	return c
}

func TestPlutoConf(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"transport": func(*Config) {},
		"tunnel": func(c *Config) {
			c.Child.Mode, c.IKE.Mode = "tunnel", "aggressive"
			c.IKE.Proposals = c.IKE.Proposals[:1]
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
			c.IKE.Authentication, c.IKE.Fragmentation = "rsa-sig", true
			block := func(kind string) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte(kind)}) }
			c.IKE.Credentials = &Credentials{
				Key: block("PRIVATE KEY"), Certificate: block("CERTIFICATE"), Roots: [][]byte{block("CERTIFICATE")},
				Intermediates: [][]byte{block("CERTIFICATE"), block("ANOTHER")}, CRLs: [][]byte{block("X509 CRL")},
			}
			c.IKE.LocalID = Identity{"der_asn1_dn", "C=US, O=Example, CN=end2.example.com"}
			c.IKE.NATTraversal, c.IKE.NATTVersions = NATTForced, []string{"draft-02n"}
			c.Child.Proposals = []ChildProposal{{"aes256-gcm16", "none"}, {"camellia128-cbc", "aes-xcbc-96"}}
		},
		"server": func(c *Config) {
			c.Child.Mode, c.Child.Selector = "tunnel", Selector{}
			c.IKE.Authentication, c.IKE.ModeConfig = "xauth-init-psk", ModeConfigPull
			c.IKE.XAUTH = &XAUTH{"carol", []byte("not in the evidence either")}
			c.IKE.RemoteID = Identity{"key_id", "a group"}
			c.IKE.NATTraversal = NATTOff
		},
		"client": func(c *Config) {
			c.Role, c.Child.Mode, c.Child.Selector = Initiator, "tunnel", Selector{}
			c.IKE.Authentication, c.IKE.ModeConfig = "xauth-init-psk", ModeConfigPush
			c.IKE.XAUTH = &XAUTH{"carol", []byte("not in the evidence either")}
			c.IKE.NATTVersions = []string{"rfc3947"}
			c.Child.Proposals = []ChildProposal{{"aes128-cbc", truncatedSHA256}}
		},
		"ipv6": func(c *Config) {
			c.Local, c.Remote = netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8::1")
			c.LocalInner, c.RemoteInner = netip.MustParsePrefix("fd00:2::1/128"), netip.MustParsePrefix("fd00:1::1/128")
			c.Child.Mode = "tunnel"
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := plutoConfig()
			change(&c)
			if err := (Libreswan{}).Supports(c); err != nil {
				t.Error(err)
			}
			files, err := plutoFiles(c)
			if err != nil {
				t.Fatal(err)
			}
			files = files.redacted(c.secrets())
			golden(t, "libreswan-"+name+".conf", append(files[plutoConfFile], files[plutoSecretsFile]...))
			for name, content := range files {
				if name == plutoKeyFile { // written for NSS, and not shown
					continue
				}
				if bytes.Contains(content, []byte("not in the evidence")) || bytes.Contains(content, []byte("6e6f7420")) {
					t.Errorf("%s holds a secret:\n%s", name, content)
				}
			}
		})
	}
}

// TestPlutoFiles: what goes into the NSS database, once each.
func TestPlutoFiles(t *testing.T) {
	block := func(text string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(text)})
	}
	c := plutoConfig()
	c.IKE.Authentication = "xauth-init-rsa-sig"
	c.IKE.XAUTH = &XAUTH{"carol", []byte("a password")}
	c.IKE.Credentials = &Credentials{
		Key: block("key"), Certificate: block("own"), Roots: [][]byte{block("root"), block("other root")},
		Intermediates: [][]byte{block("root"), block("between")}, CRLs: [][]byte{block("revoked")},
	}
	files, err := plutoFiles(c)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, content := range files {
		got[name] = string(content)
	}
	if users := got[plutoUsersFile]; !strings.HasPrefix(users, "carol:$1$") || !strings.HasSuffix(users, ":peer\n") || strings.Contains(users, "a password") {
		t.Errorf("users: %q", users)
	}
	for _, name := range []string{plutoConfFile, plutoUsersFile, plutoKeyFile} {
		if got[name] == "" {
			t.Errorf("%s is empty", name)
		}
		delete(got, name)
	}
	want := map[string]string{
		plutoSecretsFile: "", "import/root-0": string(block("root")), "import/root-1": string(block("other root")),
		"import/between-1": string(block("between")), "import/revoked-0": "revoked",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPlutoLacks(t *testing.T) {
	for method, want := range map[string]string{"psk": "a pre-shared key", "rsa-sig": "a key and its certificate", "xauth-init-psk": "a user"} {
		c := plutoConfig()
		c.IKE.Authentication = method
		if method == "psk" {
			c.IKE.PSK = nil
		}
		if _, err := plutoFiles(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestPlutoSupports(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string // part of the error; empty for none
	}{
		{"transport", func(*Config) {}, ""},
		{"modp1024", func(c *Config) { c.IKE.Proposals[1].Group = "modp1024" }, "IKE DH algorithm 'modp1024' is not supported"},
		{"modp768", func(c *Config) { c.Child.PFS = "modp768" }, "ESP DH algorithm 'modp768' is not supported"},
		{"des", func(c *Config) { c.IKE.Proposals[0].Encryption = "des-cbc" }, "IKE encryption algorithm 'des-cbc' is not supported"},
		{"esp des", func(c *Config) { c.Child.Proposals[0].Encryption = "des-cbc" }, "ESP encryption algorithm 'des-cbc' is not supported"},
		{"pfs ecp256", func(c *Config) { c.Child.PFS = "ecp256" }, "ESP DH algorithm 'ecp256' is not supported"},
		{"ecp256", func(c *Config) { c.IKE.Proposals[0].Group = "ecp256" }, ""},
		{"modp2048s256", func(c *Config) { c.IKE.Proposals[0].Group = "modp2048s256" }, "IKE DH algorithm 'modp2048s256' is not supported"},
		{"gcm", func(c *Config) { c.Child.Proposals[0] = ChildProposal{"aes192-gcm12", ""} }, ""},
		{"gcm with hmac", func(c *Config) { c.Child.Proposals[0].Encryption = "aes192-gcm12" }, "must have 'NONE' as the integrity algorithm"},
		{"both sha256", func(c *Config) { c.Child.Proposals[0].Integrity = truncatedSHA256 }, "sha2-truncbug"},
		{"ecdsa", func(c *Config) { c.IKE.Authentication = "ecdsa-sha256" }, "for IKEv1 ECDSA is not implemented"},
		{"rsa encryption", func(c *Config) { c.IKE.Authentication = "rsa-enc" }, "Pluto does not support rsa-enc authentication"},
		{"revised", func(c *Config) { c.IKE.Authentication = "rsa-rev-enc" }, "Pluto does not support"},
		{"dss", func(c *Config) { c.IKE.Authentication = "dss-sig" }, "Pluto does not support"},
		{"hybrid", func(c *Config) { c.IKE.Authentication = "hybrid-init-rsa" }, "Pluto does not support"},
		{"xauth server that dials", func(c *Config) { c.IKE.Authentication = "xauth-resp-psk" }, "takes XAUTHInit methods only"},
		{"user with a colon", func(c *Config) {
			c.IKE.Authentication, c.IKE.XAUTH = "xauth-init-psk", &XAUTH{"a:b", []byte("x")}
		}, "username:password:conname"},
		{"quoted password", func(c *Config) {
			c.Role, c.IKE.Authentication, c.IKE.XAUTH = Initiator, "xauth-init-psk", &XAUTH{"a", []byte(`"`)}
		}, "cannot contain a newline or double-quote"},
		{"transport with mode config", func(c *Config) { c.IKE.ModeConfig = ModeConfigPull }, "mode config in transport mode"},
		{"mode config with IPv6", func(c *Config) {
			c.IKE.ModeConfig, c.Child.Mode = ModeConfigPull, "tunnel"
			c.LocalInner, c.RemoteInner = netip.MustParsePrefix("2001:db8:2::1/128"), netip.MustParsePrefix("2001:db8:1::1/128")
		}, "INTERNAL_IP6_ADDRESS"},
		{"made-up mode config", func(c *Config) { c.IKE.ModeConfig = "shove" }, "mode config shove"},
		{"made-up natt", func(c *Config) { c.IKE.NATTraversal = "often" }, "NAT traversal often"},
		{"draft-00", func(c *Config) { c.IKE.NATTVersions = []string{"draft-00"} }, "nat-ikev1-method"},
		{"ah in udp", func(c *Config) {
			c.IKE.NATTraversal, c.Child.Protocol = NATTForced, "ah"
		}, "UDP encapsulation is of ESP"},
		{"gn", func(c *Config) { c.IKE.LocalID = Identity{"der_asn1_gn", "CN=a"} }, "identification der_asn1_gn"},
		{"subnet", func(c *Config) { c.IKE.RemoteID = Identity{"ipv4_addr_subnet", "10.0.0.0/8"} }, "identification ipv4_addr_subnet"},
		{"fqdn like a dn", func(c *Config) { c.IKE.LocalID = Identity{"fqdn", "a=b"} }, "the text decides"},
		{"user_fqdn without user", func(c *Config) { c.IKE.LocalID = Identity{"user_fqdn", "a.b"} }, "the text decides"},
		{"integrity", func(c *Config) { c.Child.Proposals[0].Integrity = "none" }, "ESP integrity algorithm 'none' is not supported"},
		{"lifetime", func(c *Config) { c.IKE.Lifetime = 25 * time.Hour }, "at most 24h"},
		{"aggressive", func(c *Config) { c.IKE.Mode = "aggressive" }, "two groups in aggressive mode"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := plutoConfig()
			c.change(&cfg)
			err := Libreswan{}.Supports(cfg)
			if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestMadeUp asks every driver for what no product has.
func TestMadeUp(t *testing.T) {
	for _, d := range Drivers() {
		start := plutoConfig
		if d.Name() == vpncName {
			start = vpncConfig
		}
		if err := d.Supports(start()); err != nil {
			t.Errorf("%s: the configuration to start from: %v", d.Name(), err)
		}
		for name, change := range map[string]func(*Config){
			"exchange mode":   func(c *Config) { c.IKE.Mode = "sideways" },
			"authentication":  func(c *Config) { c.IKE.Authentication = "handshake" },
			"local identity":  func(c *Config) { c.IKE.LocalID = Identity{"fingerprint", "peer"} },
			"other identity":  func(c *Config) { c.IKE.RemoteID = Identity{"fingerprint", "harness"} },
			"mode config":     func(c *Config) { c.IKE.ModeConfig = "shove" },
			"NAT traversal":   func(c *Config) { c.IKE.NATTraversal = "tunnelled" },
			"NAT-T version":   func(c *Config) { c.IKE.NATTVersions = []string{"rfc3947", "draft-99"} },
			"protocol":        func(c *Config) { c.Child.Protocol = "extrasensory" },
			"mode":            func(c *Config) { c.Child.Mode = "bridge" },
			"IKE encryption":  func(c *Config) { c.IKE.Proposals[0].Encryption = "rot13-cbc" },
			"IKE hash":        func(c *Config) { c.IKE.Proposals[1].Hash = "crc32" },
			"group":           func(c *Config) { c.IKE.Proposals[0].Group = "modp7" },
			"ESP encryption":  func(c *Config) { c.Child.Proposals[1].Encryption = "rot13-cbc" },
			"integrity":       func(c *Config) { c.Child.Proposals[0].Integrity = "parity-1" },
			"PFS":             func(c *Config) { c.Child.PFS = "modp7" },
			"nothing filled":  func(c *Config) { *c = Config{} },
			"AH with parity":  func(c *Config) { c.Child.Protocol, c.Child.Proposals[0].Integrity = "ah", "parity-1" },
			"hash of nothing": func(c *Config) { c.IKE.Proposals[0].Hash = "" },
		} {
			t.Run(d.Name()+"/"+name, func(t *testing.T) {
				c := start()
				change(&c)
				for asked, err := range map[string]error{"supports": d.Supports(c), "carrier": second(d.Carrier(c))} {
					var u *UnsupportedError
					if !errors.As(err, &u) {
						t.Errorf("%s: %v", asked, err)
					} else if u.Peer != d.Name() || u.What == "" || u.Reason == "" {
						t.Errorf("%s: %+v", asked, u)
					}
				}
			})
		}
	}
}

func second[T any](_ T, err error) error { return err }
