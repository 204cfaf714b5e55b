package peer

import (
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

func TestLibreswanInstance(t *testing.T) {
	needLibreswan(t)
	if testing.Short() {
		t.Skip("boots a guest")
	}
	t.Setenv("TMPDIR", t.TempDir())
	before := holdings(t)
	i := startTest(t, Libreswan{}, CarrierGuest, 2)
	if i.Info().Version == "" {
		t.Error("no version")
	}
	c := testConfig(Responder, 2, "tunnel")
	if err := i.Configure(t.Context(), c); !errors.Is(err, ErrUnsupported) {
		t.Errorf("modp1024: %v", err)
	}
	modp2048(&c)
	if err := i.Configure(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	checkArtifacts(t, i, "config", "ipsec.secrets", "version", "log")
	if err := i.Rekey(t.Context(), IKE); !errors.Is(err, ErrCommand) {
		t.Errorf("rekey without an SA: %v", err)
	}
	if err := i.Delete(t.Context(), Child); !errors.Is(err, ErrCommand) {
		t.Errorf("delete without an SA: %v", err)
	}
	if err := i.Reset(t.Context()); err != nil {
		t.Error(err)
	}
	if err := i.Close(); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(before, holdings(t)); d != "" {
		t.Errorf("left behind (-before +after):\n%s", d)
	}
}

// TestPlutoHere runs the daemon as the carrier kernel does, which needs no ESP for as
// long as nothing is negotiated.
func TestPlutoHere(t *testing.T) {
	prefix, err := plutoInstalled()
	if err == nil {
		err = carrierHere(libreswanName, CarrierNamespace)
	}
	if err != nil {
		t.Skip(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	before := holdings(t)
	began := time.Now()
	i, err := startLibreswan(t.Context(), Env{Carrier: CarrierKernel, Addr: netip.MustParsePrefix("192.0.2.2/24")}, prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	t.Logf("ready in %v: %+v", time.Since(began).Round(time.Millisecond), i.Info())
	c := testConfig(Responder, 2, "transport")
	modp2048(&c)
	if err := i.Configure(t.Context(), c); err != nil {
		t.Error(err)
	}
	checkArtifacts(t, i, "config", "ipsec.secrets", "version", "log")
	if err := i.Close(); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(before, holdings(t)); d != "" {
		t.Errorf("left behind (-before +after):\n%s", d)
	}
}

// TestPlutoDoesNotLoad: addconn complains of a connection and calls that no failure.
func TestPlutoDoesNotLoad(t *testing.T) {
	prefix, err := plutoInstalled()
	if err == nil {
		err = carrierHere(libreswanName, CarrierNamespace)
	}
	if err != nil {
		t.Skip(err)
	}
	i, err := startLibreswan(t.Context(), Env{Carrier: CarrierKernel, Addr: netip.MustParsePrefix("192.0.2.2/24")}, prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	c := testConfig(Responder, 2, "transport")
	modp2048(&c)
	files, err := plutoFiles(c)
	if err != nil {
		t.Fatal(err)
	}
	files[plutoConfFile] = append(files[plutoConfFile], "  rightsubnet=nowhere\n"...)
	if err := i.(*libreswan).daemon.load(t.Context(), files); !errors.Is(err, ErrCommand) {
		t.Error(err)
	} else {
		t.Log(err)
	}
}

func TestLibreswanMissing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(libreswanVariable, dir)
	_, err := Libreswan{}.Probe(t.Context())
	var u *UnavailableError
	if !errors.As(err, &u) || u.Install != ".ci/libreswan "+dir {
		t.Errorf("probe: %v", err)
	}
	if _, err := (Libreswan{}).Start(t.Context(), Env{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("start: %v", err)
	}
}

func TestLibreswanProbe(t *testing.T) {
	needLibreswan(t)
	info, err := Libreswan{}.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", info)
	if info.Version == "" || len(info.Carriers) == 0 {
		t.Errorf("%+v", info)
	}
	if _, err := (Libreswan{}).Start(t.Context(), Env{Carrier: CarrierNamespace}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("in a namespace: %v", err)
	}
}

func TestLibreswanPair(t *testing.T) {
	t.Parallel()
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
					c.IKE.LocalID, c.IKE.RemoteID = Identity{"fqdn", "a.example"}, Identity{"user_fqdn", "user@b.example"}
					if c.Role == Responder {
						c.IKE.LocalID, c.IKE.RemoteID = c.IKE.RemoteID, c.IKE.LocalID
					}
				}},
				"sha256 of 96 bits": {"tunnel", func(c *Config) {
					modp2048(c)
					c.Child.Proposals = []ChildProposal{{"aes128-cbc", truncatedSHA256}}
				}},
				"camellia": {"transport", func(c *Config) {
					c.IKE.Proposals = []IKEProposal{{"camellia256-cbc", "sha256", "modp2048"}}
					c.Child.Proposals = []ChildProposal{{"camellia128-cbc", "aes-xcbc-96"}}
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
					clear := 0
					if tt.mode == "tunnel" {
						clear = 1 // strongSwan has no trap policy there: an answer may leave before its SA is installed
					}
					if protected := c.ESP + c.AH; protected < 5 || c.TCP > clear {
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
					p.configure(t, modp2048, "transport") // with its last child pluto may drop the ISAKMP SA
					p.initiate(t)
					if err := p.b.Delete(t.Context(), what); err != nil {
						t.Error(err)
					}
				}
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
