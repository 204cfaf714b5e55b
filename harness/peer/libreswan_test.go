package peer

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
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
	} {
		t.Run(name, func(t *testing.T) {
			c := plutoConfig()
			change(&c)
			if err := (Libreswan{}).Supports(c); err != nil {
				t.Error(err)
			}
			conf, err := plutoConf(c)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "libreswan-"+name+".conf", conf)
			secrets := redact(plutoSecrets(c), c.secrets())
			if bytes.Contains(secrets, c.IKE.PSK) || bytes.Contains(secrets, []byte("6e6f7420")) {
				t.Errorf("the secret is in the evidence: %s", secrets)
			}
		})
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
