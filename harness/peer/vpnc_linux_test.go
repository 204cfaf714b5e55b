package peer

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/ikev1/pki"
)

// needVpnc skips like need.
func needVpnc(t *testing.T) {
	t.Helper()
	err := vpncInstalled()
	if err == nil {
		err = vpncCarrierHere(CarrierNamespace)
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip(err)
}

func TestVpnc(t *testing.T) {
	needVpnc(t)
	t.Setenv("TMPDIR", t.TempDir())
	before := holdings(t)
	i := startTest(t, Vpnc{}, CarrierNamespace, 2)
	link := lab.NewLinkNode(i.Link())
	proposal := func(encryption, hash, group string) func(*Config) {
		return func(c *Config) { c.IKE.Proposals = []IKEProposal{{encryption, hash, group}} }
	}
	child := func(encryption, integrity, pfs string) func(*Config) {
		return func(c *Config) {
			c.Child.Proposals, c.Child.PFS = []ChildProposal{{encryption, integrity}}, pfs
		}
	}
	natt := func(n NATTraversal, versions ...string) func(*Config) {
		return func(c *Config) { c.IKE.NATTraversal, c.IKE.NATTVersions = n, versions }
	}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		udp    bool // ESP is in UDP
	}{
		{"group and user", func(*Config) {}, false},
		{"des md5 modp768", proposal("des-cbc", "md5", "modp768"), false},
		{"3des sha1 modp1536", proposal("3des-cbc", "sha1", "modp1536"), false},
		{"aes192 md5 modp2048", proposal("aes192-cbc", "md5", "modp2048"), false},
		{"aes256 sha1 modp3072", proposal("aes256-cbc", "sha1", "modp3072"), false},
		{"esp des md5 pfs modp1024", child("des-cbc", "hmac-md5-96", "modp1024"), false},
		{"esp 3des sha1 pfs modp2048", child("3des-cbc", "hmac-sha1-96", "modp2048"), false},
		{"esp aes192 sha1", child("aes192-cbc", "hmac-sha1-96", ""), false},
		{"esp aes256 md5", child("aes256-cbc", "hmac-md5-96", "modp1536"), false},
		{"esp null sha1", child("null", "hmac-sha1-96", ""), false},
		{"natt off", natt(NATTOff), false},
		{"natt forced", natt(NATTForced), true},
		{"natt draft-03", natt(NATTForced, "draft-03"), true},
		{"natt draft-02n", natt(NATTForced, "draft-02n"), true},
		{"natt draft-02", natt(NATTForced, "draft-02"), true},
		{"dpd", func(c *Config) { c.IKE.DPD = 10 * time.Second }, false},
		{"secrets with spaces", func(c *Config) { c.IKE.PSK, c.IKE.XAUTH.Password = []byte(` a "b" `), []byte(` "c" `) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := vpncConfig()
			tt.change(&c)
			o := startOwn(t, mirror(t, c, nil), link)
			dial(t, i, o, c, tt.udp)
		})
	}
	// It offers plain pre-shared keys, too, but then waits for the other side to speak first:
	// a question whether it is there will do.
	t.Run("psk", func(t *testing.T) {
		c := vpncConfig()
		c.IKE.Authentication, c.IKE.XAUTH, c.IKE.DPD = "psk", nil, 10*time.Second
		h := mirror(t, c, nil)
		h.IKE.DPD.Idle = 500 * time.Millisecond
		dial(t, i, startOwn(t, h, link), c, false)
	})
	t.Run("hybrid", func(t *testing.T) {
		c := vpncConfig()
		c.IKE.Authentication, c.IKE.PSK = "hybrid-init-rsa", nil
		own := testGateway(t)
		c.IKE.Credentials = &Credentials{Roots: own.Roots}
		dial(t, i, startOwn(t, mirror(t, c, own), link), c, false)
	})
	for name, tt := range map[string]struct {
		change func(*Config) // at its end only
		said   string
	}{
		"another group secret": {func(c *Config) { c.IKE.PSK = []byte("something else") }, "check group password"},
		"another password":     {func(c *Config) { c.IKE.XAUTH = &XAUTH{"carol", []byte("something else")} }, "authentication unsuccessful"},
		"another group":        {func(c *Config) { c.IKE.Proposals = []IKEProposal{{"aes128-cbc", "sha1", "modp1536"}} }, "response was invalid"},
		"another network":      {func(c *Config) { c.RemoteInner = netip.MustParsePrefix("10.9.0.0/16") }, "quick mode response rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			c := vpncConfig()
			o := startOwn(t, mirror(t, c, nil), link)
			tt.change(&c)
			if err := i.Configure(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if err := i.Initiate(t.Context()); !errors.Is(err, ErrCommand) || !strings.Contains(err.Error(), tt.said) {
				t.Errorf("initiate: %v, want %q\n%s", err, tt.said, o.said())
			}
			checkArtifacts(t, i, "config", "version", "log")
		})
	}
	t.Run("nothing leaves in clear", func(t *testing.T) {
		c := vpncConfig()
		o := startOwn(t, mirror(t, c, nil), link)
		blocked := func(when string) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			o.in.take()
			_, err := i.Apps().Exchange(ctx, "tcp", netip.AddrPort{}, netip.AddrPortFrom(c.RemoteInner.Addr(), 179), []byte("x"))
			if n := o.in.take(); err == nil || n.TCP != 0 || n.Other != 0 {
				t.Errorf("%s: %v, %+v", when, err, n)
			}
		}
		if err := i.Configure(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		blocked("before")
		if err := i.Delete(t.Context(), IKE); !errors.Is(err, ErrCommand) {
			t.Errorf("delete without an SA: %v", err)
		}
		if err := i.Initiate(t.Context()); err != nil {
			t.Fatal(err)
		}
		converse(t.Context(), t, i.Apps(), o.Apps(), c.LocalInner.Addr(), c.RemoteInner.Addr())
		for _, what := range []SA{Child, IKE} {
			if err := i.Rekey(t.Context(), what); !errors.Is(err, ErrUnsupported) {
				t.Errorf("rekey of the %v: %v", what, err)
			}
		}
		if err := i.Delete(t.Context(), Child); !errors.Is(err, ErrUnsupported) {
			t.Errorf("delete of the child: %v", err)
		}
		if err := i.Initiate(t.Context()); !errors.Is(err, ErrCommand) {
			t.Errorf("a second time: %v", err)
		}
		if err := i.Reset(t.Context()); err != nil {
			t.Error(err)
		}
		blocked("after")
	})
	if err := errors.Join(link.Close(), i.Close()); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(before, holdings(t)); d != "" {
		t.Errorf("left behind (-before +after):\n%s", d)
	}
}

// testGateway has a certificate of a root itself: with a chain vpnc takes the last one's key for the
// gateway's.
func testGateway(t *testing.T) *Credentials {
	t.Helper()
	root, err := pki.NewCA(nil, time.Now(), pki.Template{Subject: "C=US, O=Example, CN=root", Key: pki.RSA2048})
	if err != nil {
		t.Fatal(err)
	}
	c, err := root.Issue(pki.Template{Subject: "C=US, O=Example, CN=gateway", Key: pki.RSA2048})
	if err != nil {
		t.Fatal(err)
	}
	key, err := pki.KeyPEM(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &Credentials{Key: key, Certificate: pki.CertPEM(c.Leaf()), Roots: [][]byte{pki.CertPEM(root.Root())}}
}

// dial connects, has a conversation, and disconnects.
func dial(t *testing.T, i Instance, o *ownEnd, c Config, udp bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	defer func() {
		if !t.Failed() {
			return
		}
		t.Log(o.said())
		if a, err := i.Artifacts(ctx); err == nil {
			t.Logf("%s\n%s", a["config"], a["log"])
		}
	}()
	if err := i.Configure(ctx, c); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := i.Initiate(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("connected in %v", time.Since(began).Round(time.Millisecond))
	o.in.take()
	o.out.take()
	converse(ctx, t, i.Apps(), o.Apps(), c.LocalInner.Addr(), c.RemoteInner.Addr())
	for from, n := range map[string]counts{"peer": o.in.take(), "own": o.out.take()} {
		if esp := n.ESP; udp && (esp != 0 || n.UDPESP < 3) || !udp && (esp < 3 || n.UDPESP != 0) || n.TCP != 0 {
			t.Errorf("from the %s: %+v", from, n)
		}
	}
	if err := i.Delete(ctx, IKE); err != nil {
		t.Error(err)
	}
	if err := o.Await(ctx, func(h *host.Host) bool { return !h.Established() && len(h.Children()) == 0 }); err != nil {
		t.Errorf("our own end still has its SAs: %v", err)
	}
}
