package peer

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
)

// refusals are what libreswan must not accept of our own host.
func refusals() map[string]struct {
	change func(t *testing.T, c, own *Config) // own is the configuration our host mirrors
	said   string                             // in pluto's log
} {
	type refusal = struct {
		change func(t *testing.T, c, own *Config)
		said   string
	}
	user := func(c, own *Config) {
		c.IKE.Authentication, c.IKE.PSK = "xauth-init-psk", []byte(testPSK)
		c.IKE.XAUTH = &XAUTH{"carol", []byte("right")}
		own.IKE = c.IKE
	}
	return map[string]refusal{
		"another key": {func(_ *testing.T, _, own *Config) { own.IKE.PSK = []byte("another") }, "malformed payload"},
		"another password": {func(_ *testing.T, c, own *Config) {
			user(c, own)
			own.IKE.XAUTH = &XAUTH{"carol", []byte("wrong")}
		}, "Authentication Failed"},
		"another user": {func(_ *testing.T, c, own *Config) {
			user(c, own)
			own.IKE.XAUTH = &XAUTH{"mallory", []byte("right")}
		}, "Authentication Failed"},
		"another identity": {func(_ *testing.T, c, own *Config) {
			c.IKE.Mode, c.IKE.RemoteID = "aggressive", testNames(1)[0]
			own.IKE = c.IKE
			own.IKE.RemoteID = Identity{"fqdn", "else.example.com"}
		}, "no (wildcard) connection has been configured"},
		"another root": {func(t *testing.T, c, own *Config) {
			c.IKE.Authentication = "rsa-sig"
			own.IKE = c.IKE
			c.IKE.Credentials = testCredentials(t, pki.RSA2048, 2)
			c.IKE.Credentials.Roots = testCredentials(t, pki.RSA3072, 1).Roots
			own.IKE.Credentials = testCredentials(t, pki.RSA2048, 2)
		}, "certificate rejected"},
		"another group": {func(_ *testing.T, _, own *Config) {
			own.IKE.Proposals = []IKEProposal{{"aes128-cbc", "sha1", "modp1536"}}
		}, "no acceptable Oakley Transform"},
		"another network": {func(_ *testing.T, _, own *Config) {
			own.LocalInner, own.RemoteInner = own.RemoteInner, own.LocalInner
		}, "no connection is known for"},
	}
}

// testRevocations are current lists of the CAs above end n, with its certificate on one.
func testRevocations(t *testing.T, key pki.KeyType, n byte) (lists [][]byte) {
	t.Helper()
	testCredentials(t, key, n)
	testPKI.Lock()
	defer testPKI.Unlock()
	ca := *testPKI.roots[key] // the other tests' is to revoke nothing
	now := time.Now()
	ca.Revoke(testPKI.ends[key][n].Leaf(), now.Add(-time.Hour), 0)
	crl, err := ca.CRL(now.Add(-time.Hour), now.Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{pki.CRLPEM(crl)}
}

// impatient gives up soon where nothing but silence is expected.
func impatient(c host.Config) host.Config {
	c.IKE.Retransmit = ikev1.Retransmit{Base: time.Second, Factor: 1, Tries: 1}
	return c
}

func libreswanRefuses(t *testing.T, i Instance, link *lab.LinkNode) {
	for name, tt := range refusals() {
		t.Run("refuses/"+name, func(t *testing.T) {
			c := testConfig(Responder, 2, "tunnel")
			modp2048(&c)
			own := c
			tt.change(t, &c, &own)
			var credentials *Credentials
			if c.IKE.Credentials != nil {
				credentials = testCredentials(t, pki.RSA2048, 1)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := i.Configure(ctx, c); err != nil {
				t.Fatal(err)
			}
			o := startOwn(t, impatient(mirror(t, own, credentials)), link)
			if err := o.initiate(ctx); err == nil {
				t.Error("a child was negotiated")
			} else {
				t.Log(err)
			}
			a, err := i.Artifacts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if log := string(a["log"]); !strings.Contains(log[strings.LastIndex(log, "added IKEv1 connection"):], tt.said) {
				t.Errorf("pluto says nothing of %q: %s", tt.said, lastLines(a["log"], 12))
			}
		})
	}
}

// libreswanRevokes: what was revoked by one configuration is not in the next, although NSS remembers lists.
func libreswanRevokes(t *testing.T, i Instance, link *lab.LinkNode) {
	for n, revoked := range []bool{false, true, false, true} {
		t.Run(fmt.Sprintf("revokes/%d %v", n, revoked), func(t *testing.T) {
			c := testConfig(Responder, 2, "tunnel")
			modp2048(&c)
			c.IKE.Authentication, c.IKE.PSK, c.IKE.Credentials = "rsa-sig", nil, testCredentials(t, pki.RSA2048, 2)
			h := mirror(t, c, testCredentials(t, pki.RSA2048, 1))
			if revoked {
				c.IKE.Credentials.CRLs = testRevocations(t, pki.RSA2048, 1)
				h = impatient(h)
			}
			o := startOwn(t, h, link)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if err := i.Configure(ctx, c); err != nil {
				t.Fatal(err)
			}
			if err := o.initiate(ctx); (err != nil) != revoked {
				a, _ := i.Artifacts(t.Context())
				t.Errorf("initiate: %v\n%s", err, lastLines(a["log"], 12))
			}
		})
	}
}

// libreswanLives replaces and deletes SAs.
func libreswanLives(t *testing.T, i Instance, link *lab.LinkNode) {
	for _, role := range []Role{Responder, Initiator} {
		t.Run("lives/"+role.String(), func(t *testing.T) {
			c := testConfig(role, 2, "tunnel")
			modp2048(&c)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			o := startOwn(t, mirror(t, c, nil), link)
			if err := i.Configure(ctx, c); err != nil {
				t.Fatal(err)
			}
			initiate := i.Initiate
			if role == Responder {
				initiate = o.initiate
			}
			if err := initiate(ctx); err != nil {
				t.Fatal(err)
			}
			await := func(what string, cond func(h *host.Host) bool) {
				t.Helper()
				if err := o.Await(ctx, cond); err != nil {
					t.Errorf("%s: %v\n%s", what, err, o.said())
				}
			}
			count := func() (children, established int) {
				_ = o.Do(func(h *host.Host, _ time.Time) (host.Output, error) {
					children = len(h.Children())
					return host.Output{}, nil
				})
				return children, strings.Count(o.said(), "state: established")
			}
			children, established := count()
			if err := i.Rekey(ctx, Child); err != nil {
				t.Error(err)
			}
			await("another child", func(h *host.Host) bool { return len(h.Children()) > children })
			if err := i.Rekey(ctx, IKE); err != nil {
				t.Error(err)
			}
			await("another ISAKMP SA", func(*host.Host) bool { return strings.Count(o.said(), "state: established") > established })
			converse(ctx, t, i.Apps(), o.Apps(), c.LocalInner.Addr(), c.RemoteInner.Addr())
			for _, what := range []SA{Child, IKE} {
				deletes := 0
				_ = o.Do(func(h *host.Host, _ time.Time) (host.Output, error) { deletes = h.Deletes(); return host.Output{}, nil })
				if err := i.Delete(ctx, what); err != nil {
					t.Error(err)
				}
				await("delete of the "+what.String(), func(h *host.Host) bool { return h.Deletes() > deletes })
			}
			if t.Failed() {
				a, _ := i.Artifacts(t.Context())
				t.Log(lastLines(a["log"], 30))
			}
		})
	}
}
