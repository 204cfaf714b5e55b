package peer

import (
	"errors"
	"os"
	"testing"
)

// needLibreswan skips like need.
func needLibreswan(t *testing.T) {
	t.Helper()
	_, err := plutoInstalled()
	if err == nil {
		err = plutoCarrierHere(CarrierGuest)
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" && !raceDetector {
		t.Fatal(err)
	}
	t.Skip(err)
}

func modp2048(c *Config) {
	c.IKE.Proposals = []IKEProposal{{"aes128-cbc", "sha1", "modp2048"}}
}

func TestLibreswanPair(t *testing.T) {
	needLibreswan(t)
	need(t, CarrierGuest)
	if testing.Short() {
		t.Skip("boots two guests")
	}
	for _, order := range [][2]Driver{{StrongSwan{}, Libreswan{}}, {Libreswan{}, StrongSwan{}}} {
		t.Run(order[0].Name()+" initiates", func(t *testing.T) {
			p := startPair(t, order[0], CarrierGuest, order[1], CarrierGuest)
			for name, tt := range map[string]struct {
				mode   string
				change func(*Config)
			}{
				"transport": {"transport", modp2048},
				"tunnel": {"tunnel", func(c *Config) {
					modp2048(c)
					c.Child.Proposals = []ChildProposal{{"null", "hmac-sha1-96"}}
				}},
				"aggressive with PFS, one port": {"transport", func(c *Config) {
					c.IKE.Mode, c.Child.PFS = "aggressive", "modp1536"
					c.IKE.Proposals = []IKEProposal{{"3des-cbc", "sha256", "modp1536"}}
					c.Child.Proposals = []ChildProposal{{"aes256-cbc", "hmac-sha256-128"}}
					c.Child.Selector = Selector{Protocol: 6, RemotePort: 179}
				}},
				"identities": {"tunnel", func(c *Config) {
					modp2048(c)
					c.IKE.Mode = "aggressive"
					c.IKE.LocalID, c.IKE.RemoteID = "a.example", "user@b.example"
					if c.Role == Responder {
						c.IKE.LocalID, c.IKE.RemoteID = c.IKE.RemoteID, c.IKE.LocalID
					}
				}},
				"ah": {"transport", func(c *Config) {
					modp2048(c)
					c.Child.Protocol = "ah"
					c.Child.Proposals = []ChildProposal{{"", "hmac-sha1-96"}}
				}},
			} {
				t.Run(name, func(t *testing.T) {
					p.configure(t, tt.change, tt.mode)
					p.initiate(t)
					c := p.talk(t, tt.mode, 179)
					if protected := c.ESP + c.Other; protected < 5 || c.TCP != 0 {
						t.Errorf("%+v", c)
					}
				})
			}
			t.Run("rekey and delete", func(t *testing.T) {
				p.configure(t, modp2048, "transport")
				p.initiate(t)
				if err := p.a.Rekey(t.Context(), Child); err != nil {
					t.Error(err)
				}
				if c := p.talk(t, "transport", 179); c.ESP < 5 || c.TCP != 0 {
					t.Errorf("%+v", c)
				}
				for _, what := range []SA{Child, IKE} {
					if err := p.b.Delete(t.Context(), what); err != nil {
						t.Error(err)
					}
				}
				t.Logf("%+v", p.relay.take())
			})
			t.Run("wrong key", func(t *testing.T) {
				p.configure(t, func(c *Config) {
					modp2048(c)
					if c.Role == Initiator {
						c.IKE.PSK = []byte("something else")
					}
				}, "transport")
				if err := p.a.Initiate(t.Context()); !errors.Is(err, ErrCommand) {
					t.Errorf("initiate with the wrong key: %v", err)
				} else {
					t.Log(err)
				}
			})
		})
	}
}
