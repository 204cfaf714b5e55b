package peer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// checkTunnel wants ESP in UDP and nothing in clear.
func checkTunnel(t *testing.T, p *pair) {
	t.Helper()
	if c := p.talk(t, "tunnel", 179); c.UDPESP < 5 || c.TCP != 0 {
		t.Errorf("%+v", c)
	}
}

func TestStrongSwanIPv6(t *testing.T) {
	need(t, CarrierNamespace)
	p := startPairOn(t, true, StrongSwan{}, CarrierNamespace, StrongSwan{}, CarrierNamespace)
	for _, method := range []string{"psk", "rsa-sig", "xauth-init-psk"} {
		for _, config := range []ModeConfig{ModeConfigNone, ModeConfigPull, ModeConfigPush} {
			t.Run(method+"/"+string(config), func(t *testing.T) {
				p.configure(t, func(c *Config) {
					authenticate(t, c, method)
					c.IKE.ModeConfig = config
				}, "tunnel")
				p.initiate(t)
				checkClient(t, p)
				checkTunnel(t, p)
			})
		}
	}
}

func TestStrongSwanFragments(t *testing.T) {
	need(t, CarrierNamespace)
	p := startPair(t, StrongSwan{}, CarrierNamespace, StrongSwan{}, CarrierNamespace)
	for name, on := range map[string]bool{"on": true, "off": false} {
		t.Run(name, func(t *testing.T) {
			p.configure(t, func(c *Config) {
				authenticate(t, c, "rsa-sig")
				c.IKE.Fragmentation = on
			}, "tunnel")
			p.initiate(t)
			messages := p.relay.messages()
			if n := len(payloads[*wire.Fragment](messages)); (n > 2) != on {
				t.Errorf("%d fragments", n)
			}
			if announced := announces(messages, wire.VendorIDFragmentation); announced != on {
				t.Errorf("announced: %v", announced)
			}
		})
	}
}

// announces reports whether a vendor ID is in the messages in clear.
func announces(messages []*wire.Message, id []byte) bool {
	for _, v := range payloads[*wire.VendorID](messages) {
		if strings.HasPrefix(string(v.Data), string(id)) {
			return true
		}
	}
	return false
}

func TestStrongSwanDPD(t *testing.T) {
	need(t, CarrierNamespace)
	p := startPair(t, StrongSwan{}, CarrierNamespace, StrongSwan{}, CarrierNamespace)
	p.configure(t, func(c *Config) {
		if c.Role == Responder {
			c.IKE.DPD = time.Second
		}
	}, "tunnel")
	p.initiate(t)
	p.relay.take()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	p.relay.await(ctx, t, func(ms []*wire.Message) bool {
		var infos int
		for _, m := range ms {
			if m.Exchange == wire.ExchangeInformational {
				infos++
			}
		}
		return infos >= 2 // R-U-THERE and its answer
	})
}

func TestStrongSwanAlgorithms(t *testing.T) {
	t.Parallel()
	need(t, CarrierNamespace)
	p := startPair(t, StrongSwan{}, CarrierNamespace, StrongSwan{}, CarrierNamespace)
	try := func(name string, change func(*Config)) {
		t.Run(name, func(t *testing.T) {
			p.configure(t, change, "tunnel")
			p.initiate(t)
			checkTunnel(t, p)
		})
	}
	for cipher := range swanCiphers {
		try("ike/"+cipher, func(c *Config) { c.IKE.Proposals[0].Encryption = cipher })
		try("esp/"+cipher, func(c *Config) { c.Child.Proposals[0].Encryption = cipher })
	}
	for cipher := range swanESPCiphers {
		try("esp/"+cipher, func(c *Config) { c.Child.Proposals[0].Encryption = cipher })
	}
	for cipher := range swanAEADs {
		try("esp/"+cipher, func(c *Config) { c.Child.Proposals[0] = ChildProposal{cipher, "none"} })
	}
	for hash := range swanHashes {
		try("ike/"+hash, func(c *Config) { c.IKE.Proposals[0].Hash = hash })
	}
	for integrity := range swanIntegrity {
		if integrity == truncatedSHA256 {
			continue
		}
		try("esp/"+integrity, func(c *Config) { c.Child.Proposals[0].Integrity = integrity })
	}
	for group := range swanGroups {
		try("group/"+group, func(c *Config) { c.IKE.Proposals[0].Group, c.Child.PFS = group, group })
	}
}

// revoke makes a list with the certificate of end n.
func revoke(t *testing.T, key pki.KeyType, n byte) []byte {
	t.Helper()
	testCredentials(t, key, n)
	now := time.Now()
	ca := testPKI.roots[key]
	ca.Revoke(testPKI.ends[key][n].Leaf(), now.Add(-time.Minute), 0)
	crl, err := ca.CRL(now.Add(-time.Minute), now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return pki.CRLPEM(crl)
}

func TestStrongSwanRefuses(t *testing.T) {
	need(t, CarrierNamespace)
	p := startPair(t, StrongSwan{}, CarrierNamespace, StrongSwan{}, CarrierNamespace)
	for _, tt := range []struct {
		name   string
		change func(*testing.T, *Config)
		says   string // one of them, in its log
	}{
		{"password", func(t *testing.T, c *Config) {
			authenticate(t, c, "xauth-init-psk")
			if c.Role == Initiator {
				c.IKE.XAUTH.Password = []byte("another")
			}
		}, "none of 1 found XAuth secrets"},
		{"user", func(t *testing.T, c *Config) {
			authenticate(t, c, "hybrid-init-rsa")
			if c.Role == Initiator {
				c.IKE.XAUTH.User = "somebody else"
			}
		}, "no XAuth secret found for"},
		{"another CA", func(t *testing.T, c *Config) {
			authenticate(t, c, "ecdsa-sha256")
			if c.Role == Responder {
				own := testCredentials(t, pki.ECDSAP384, 2)
				c.IKE.Credentials.Roots, c.IKE.Credentials.Intermediates = own.Roots, own.Intermediates
			}
		}, "no issuer certificate found"},
		{"revoked", func(t *testing.T, c *Config) {
			authenticate(t, c, "ecdsa-sha256")
			if c.Role == Initiator {
				c.IKE.Credentials.CRLs = [][]byte{revoke(t, pki.ECDSAP256, 2)}
			}
		}, "certificate was revoked"},
		{"another name", func(t *testing.T, c *Config) {
			authenticate(t, c, "ecdsa-sha256")
			if c.Role == Initiator {
				c.IKE.RemoteID = testNames(1)[0]
			}
		}, "does not match to"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := logs(t, p)
			p.configure(t, func(c *Config) { tt.change(t, c) }, "tunnel")
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := p.a.Initiate(ctx); !errors.Is(err, ErrCommand) {
				t.Errorf("initiate: %v", err)
			}
			if strings.Contains(sas(t, p.a)+sas(t, p.b), "ESTABLISHED") {
				t.Errorf("an SA is established")
			}
			after := logs(t, p)
			if strings.Count(after, tt.says) <= strings.Count(before, tt.says) {
				t.Errorf("nobody says %q:\n%s", tt.says, after)
			}
		})
	}
}

// logs are those of both ends.
func logs(t *testing.T, p *pair) string {
	t.Helper()
	var all string
	for _, i := range []Instance{p.a, p.b} {
		files, err := i.Artifacts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all += string(files["log"])
	}
	return all
}
