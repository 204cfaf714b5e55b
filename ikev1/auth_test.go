package ikev1_test

import (
	"crypto/dsa" //nolint:staticcheck // IKEv1 has it
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func fqdn(s string) wire.ID { return wire.ID{IDType: wire.IDFQDN, Data: []byte(s)} }

// authority is a CA with a credential for each end, made once for all tests.
type authority struct {
	*pki.CA
	i, r pki.Credential
}

var authorities sync.Map

func newAuthority(t testing.TB, key pki.KeyType) *authority {
	t.Helper()
	if a, ok := authorities.Load(key); ok {
		return a.(*authority)
	}
	ca, err := pki.NewCA(nil, start, pki.Template{Subject: "C=CH, O=useipsec, CN=Root", Key: key})
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{CA: ca}
	for name, cred := range map[string]*pki.Credential{"i.example.org": &a.i, "r.example.org": &a.r} {
		c, err := ca.Issue(pki.Template{Subject: "C=CH, O=useipsec, CN=" + name, Key: key, SAN: sans(name)})
		if err != nil {
			t.Fatal(err)
		}
		*cred = *c
	}
	authorities.Store(key, a)
	return a
}

func sans(name string) []wire.ID {
	addr, addr6 := addrI.Addr(), netip.MustParseAddr("2001:db8::1")
	if name[0] == 'r' {
		addr, addr6 = addrR.Addr(), netip.MustParseAddr("2001:db8::2")
	}
	return []wire.ID{fqdn(name), {IDType: wire.IDUserFQDN, Data: []byte("admin@" + name)}, ikev1.AddrID(addr), ikev1.AddrID(addr6)}
}

// withCertificates configures both ends for a method.
func withCertificates(a *authority, m wire.AuthMethod) func(i, r *ikev1.Config) {
	return func(i, r *ikev1.Config) {
		for _, e := range []struct {
			c    *ikev1.Config
			cred pki.Credential
			id   string
		}{{i, a.i, "i.example.org"}, {r, a.r, "r.example.org"}} {
			e.c.Auth = ikev1.Auth{Method: m, Credentials: []pki.Credential{e.cred}, Trust: pki.Policy{Roots: []*x509.Certificate{a.Root()}}}
			e.c.LocalID = fqdn(e.id)
		}
	}
}

func aggressive(i, r *ikev1.Config) { i.Mode, r.Mode = ikev1.Aggressive, ikev1.Aggressive }

// both applies edits one after the other.
func both(edits ...func(i, r *ikev1.Config)) func(i, r *ikev1.Config) {
	return func(i, r *ikev1.Config) {
		for _, e := range edits {
			e(i, r)
		}
	}
}

func nothing(_, _ *ikev1.Config) {}

var signatures = map[wire.AuthMethod]pki.KeyType{
	wire.AuthRSASig: pki.RSA2048, wire.AuthECDSA256: pki.ECDSAP256, wire.AuthECDSA384: pki.ECDSAP384, wire.AuthECDSA521: pki.ECDSAP521,
}

func TestSignatures(t *testing.T) {
	for m, key := range signatures {
		for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
			for _, force := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v %s encap=%v", m, name, force), func(t *testing.T) {
					p := newPair(t, both(withCertificates(newAuthority(t, key), m), mode, func(i, r *ikev1.Config) {
						i.NATT.Force = force
						i.Proposals = []keymat.Suite{{Cipher: keymat.AESCBC, KeyBits: 256, Hash: keymat.SHA512, Group: keymat.MODP1024}}
						r.Proposals = i.Proposals
					})).start().quick()
					p.mirror()
					if id := p.i.PeerID(); string(id.Data) != "r.example.org" || p.i.PeerCertificate() == nil {
						t.Errorf("the responder is %v", pki.FormatID(id))
					}
					if p.r.PeerCertificate().Subject.CommonName != "i.example.org" {
						t.Error("the initiator's certificate is another one")
					}
				})
			}
		}
	}
}

// TestSignatureLoss loses each message once.
func TestSignatureLoss(t *testing.T) {
	for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
		for who := range 2 {
			for n := 1; n <= 5; n++ {
				t.Run(fmt.Sprintf("%s end %d message %d", name, who, n), func(t *testing.T) {
					p := newPair(t, both(withCertificates(newAuthority(t, pki.ECDSAP256), wire.AuthECDSA256), mode))
					loser := []*end{p.i, p.r}[who]
					p.drop = func(from *end, k int) bool { return from == loser && k == n }
					p.start()
					p.wait()
					p.quick()
					p.wait()
					p.mirror()
				})
			}
		}
	}
}

func TestDSS(t *testing.T) {
	key := &dsa.PrivateKey{}
	if err := dsa.GenerateParameters(&key.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		t.Fatal(err)
	}
	if err := dsa.GenerateKey(key, rand.Reader); err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{PublicKey: &key.PublicKey, Raw: []byte("never sent")}
	p := newPair(t, func(i, r *ikev1.Config) {
		for _, c := range []*ikev1.Config{i, r} {
			c.Tolerant = true // nobody issues certificates for such keys any more
			c.Auth = ikev1.Auth{
				Method: wire.AuthDSS, SendCertificate: ikev1.SendNever, PeerCertificate: cert,
				Credentials: []pki.Credential{{Key: pki.DSAKey{Key: key}, Chain: []*x509.Certificate{cert}}},
			}
		}
	}).start().quick()
	p.mirror()
	for _, e := range []*end{p.i, p.r} {
		for _, ev := range e.events {
			if ev.Notify == wire.NotifyInvalidSignature {
				t.Error("the signature was not good")
			}
		}
	}
}

func TestSignatureRefusals(t *testing.T) {
	a := newAuthority(t, pki.ECDSAP256)
	other, err := pki.NewCA(nil, start, pki.Template{Subject: "CN=Other", Key: pki.ECDSAP256})
	if err != nil {
		t.Fatal(err)
	}
	issue := func(tpl pki.Template) pki.Credential {
		tpl.Subject, tpl.Key, tpl.SAN = "CN=i", pki.ECDSAP256, sans("i.example.org")
		c, err := a.Issue(tpl)
		if err != nil {
			t.Fatal(err)
		}
		return *c
	}
	tests := []struct {
		name   string
		edit   func(i, r *ikev1.Config)
		notify wire.NotifyType
	}{
		{"unknown CA", func(_, r *ikev1.Config) { r.Auth.Trust.Roots = []*x509.Certificate{other.Root()} }, wire.NotifyInvalidCertAuthority},
		{"expired", func(i, _ *ikev1.Config) {
			i.Auth.Credentials[0] = issue(pki.Template{NotBefore: start.AddDate(-2, 0, 0), NotAfter: start.AddDate(-1, 0, 0)})
		}, wire.NotifyInvalidCertificate},
		{"key usage", func(i, _ *ikev1.Config) {
			i.Auth.Credentials[0] = issue(pki.Template{KeyUsage: x509.KeyUsageKeyAgreement})
		}, wire.NotifyCertTypeUnsupported},
		{"another name", func(i, _ *ikev1.Config) { i.LocalID = fqdn("nobody.example.org") }, wire.NotifyAuthenticationFailed},
		{"no certificate", func(i, _ *ikev1.Config) { i.Auth.SendCertificate = ikev1.SendNever }, wire.NotifyCertificateUnavailable},
		{"wrong signature", func(i, _ *ikev1.Config) { i.Deviations.WrongPhase1Hash = true }, wire.NotifyInvalidSignature},
		{"nothing but junk for a certificate", func(i, _ *ikev1.Config) {
			i.Deviations.EditMessage = func(s ikev1.Step, m *wire.Message) {
				for _, p := range m.Payloads {
					if c, ok := p.(*wire.Cert); ok {
						c.Encoding = wire.CertPGP
					}
				}
			}
		}, wire.NotifyInvalidCertEncoding},
	}
	for _, tt := range tests {
		for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				p := newPair(t, both(withCertificates(a, wire.AuthECDSA256), mode, tt.edit)).start()
				if p.r.State() != ikev1.StateFailed {
					t.Fatalf("responder in state %v", p.r.State())
				}
				if sent := p.r.find(ikev1.EventNotifySent); sent == nil || sent.Notify != tt.notify {
					t.Errorf("responder's notify: %+v, want %v", sent, tt.notify)
				}
				p = newPair(t, both(withCertificates(a, wire.AuthECDSA256), mode, tt.edit, func(_, r *ikev1.Config) { r.Tolerant = true })).start()
				if hard := tt.notify == wire.NotifyCertificateUnavailable || tt.notify == wire.NotifyInvalidCertEncoding; hard == p.r.has(ikev1.EventEstablished) {
					t.Errorf("tolerant responder in state %v: %v", p.r.State(), p.r.errs)
				}
			})
		}
	}
}

// TestCertificateChoice: what is sent depends on what is asked for and on the policy.
func TestCertificateChoice(t *testing.T) {
	a := newAuthority(t, pki.ECDSAP256)
	known := func(i, r *ikev1.Config) {
		i.Auth.PeerCertificate, r.Auth.PeerCertificate = a.r.Leaf(), a.i.Leaf()
		i.Auth.SendCertificate, r.Auth.SendCertificate = ikev1.SendIfAsked, ikev1.SendIfAsked
	}
	count := func(p *pair) (certs, requests int) {
		p.i.cfg.Deviations.EditMessage = func(_ ikev1.Step, m *wire.Message) {
			for _, pl := range m.Payloads {
				switch pl.(type) {
				case *wire.Cert:
					certs++
				case *wire.CertRequest:
					requests++
				}
			}
		}
		p.start().quick()
		p.mirror()
		return certs, requests
	}
	tests := []struct {
		name            string
		edit            func(i, r *ikev1.Config)
		certs, requests int
	}{
		{"asked", known, 1, 1},
		{"not asked", both(known, func(_, r *ikev1.Config) { r.Auth.NoRequest = true }), 0, 1},
		{"any CA", both(known, func(i, r *ikev1.Config) { i.Auth.RequestAny, r.Auth.RequestAny = true, true }), 1, 1},
		{"never", both(known, func(i, _ *ikev1.Config) { i.Auth.SendCertificate = ikev1.SendNever; i.Auth.NoRequest = true }), 0, 0},
	}
	for _, tt := range tests {
		for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				certs, requests := count(newPair(t, both(withCertificates(a, wire.AuthECDSA256), mode, tt.edit)))
				if certs != tt.certs || requests != tt.requests {
					t.Errorf("%d certificates and %d requests, want %d and %d", certs, requests, tt.certs, tt.requests)
				}
			})
		}
	}
}

func TestIdentities(t *testing.T) {
	a := newAuthority(t, pki.ECDSAP256)
	for _, psk := range []bool{true, false} {
		for _, idType := range []wire.IDType{
			wire.IDIPv4Addr, wire.IDIPv6Addr, wire.IDFQDN, wire.IDUserFQDN, wire.IDDERASN1DN, wire.IDDERASN1GN, wire.IDKeyID,
		} {
			if idType == wire.IDKeyID && !psk {
				continue // RFC 4945 3.1: not with certificates
			}
			for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
				t.Run(fmt.Sprintf("%v %s psk=%v", idType, name, psk), func(t *testing.T) {
					p := newPair(t, func(i, r *ikev1.Config) {
						if !psk {
							withCertificates(a, wire.AuthECDSA256)(i, r)
						}
						mode(i, r)
						id := func(c *x509.Certificate) wire.ID {
							if idType == wire.IDKeyID {
								return wire.ID{IDType: idType, Data: []byte{0, 1, 0xfe, 0xff}}
							}
							id, err := pki.Identity(c, idType)
							if err != nil {
								t.Fatal(err)
							}
							return id
						}
						i.LocalID, r.LocalID = id(a.i.Leaf()), id(a.r.Leaf())
						i.RemoteID, r.RemoteID = &r.LocalID, &i.LocalID
					}).start().quick()
					p.mirror()
				})
			}
		}
	}
}

// TestPSKChoice: in main mode the address selects the key, in aggressive mode the identity may.
func TestPSKChoice(t *testing.T) {
	name, other := fqdn("i.example.org"), fqdn("else.example.org")
	secret := []byte("a secret only for tests")
	tests := []struct {
		name             string
		table            ikev1.PSKTable
		main, aggressive bool
	}{
		{"by address", ikev1.PSKTable{{Remote: netip.MustParsePrefix("198.51.100.0/24"), Key: []byte("x")}, {Remote: netip.MustParsePrefix("192.0.2.0/24"), Key: secret}}, true, true},
		{"by identity", ikev1.PSKTable{{ID: &other, Key: []byte("x")}, {ID: &name, Key: secret}}, false, true},
		{"identity at an address", ikev1.PSKTable{{ID: &name, Remote: netip.MustParsePrefix("192.0.2.0/24"), Key: secret}}, false, true},
		{"none", ikev1.PSKTable{{ID: &other, Key: secret}}, false, false},
	}
	for _, tt := range tests {
		for _, mode := range []ikev1.Mode{ikev1.Main, ikev1.Aggressive} {
			t.Run(tt.name+" "+mode.String(), func(t *testing.T) {
				p := newPair(t, func(i, r *ikev1.Config) {
					i.Mode, r.Mode, i.LocalID = mode, mode, name
					r.Auth.PSK, r.Auth.PSKFor = nil, tt.table.For
				}).start()
				if want := mode == ikev1.Main && tt.main || mode == ikev1.Aggressive && tt.aggressive; want != (p.i.State() == ikev1.StateEstablished) {
					t.Errorf("initiator in state %v: %v %v", p.i.State(), p.i.errs, p.r.errs)
				}
				if n := p.r.find(ikev1.EventNotifySent); p.r.State() == ikev1.StateFailed && n.Notify != wire.NotifyInvalidKeyInformation {
					t.Errorf("notify %v", n.Notify)
				}
				if k := p.r.find(ikev1.EventKeys); k != nil && string(k.Keys.PSK) != string(secret) {
					t.Error("the event has another key")
				}
			})
		}
	}
}

func TestAuthConfig(t *testing.T) {
	a := newAuthority(t, pki.ECDSAP256)
	for name, edit := range map[string]func(c *ikev1.Config){
		"no key":         func(c *ikev1.Config) { c.Auth.PSK = nil },
		"no credential":  func(c *ikev1.Config) { c.Auth = ikev1.Auth{Method: wire.AuthRSASig} },
		"no such method": func(c *ikev1.Config) { c.Auth.Method = 77 },
		"no mode":        func(c *ikev1.Config) { c.Mode = 0 },
		"no address":     func(c *ikev1.Config) { c.Remote = netip.AddrPort{} },
		"no proposal":    func(c *ikev1.Config) { c.Proposals = nil },
		"empty policy":   func(c *ikev1.Config) { c.Quick[0].Suites = nil },
		"nobody to encrypt to": func(c *ikev1.Config) {
			c.Auth = ikev1.Auth{Method: wire.AuthRSAEnc, Credentials: []pki.Credential{a.i}}
		},
		"nobody to decrypt": func(c *ikev1.Config) { c.Auth = ikev1.Auth{Method: wire.AuthRSARevEnc} },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(addrI, addrR, bgp(addrI, addrR))
			edit(&cfg)
			if _, err := ikev1.NewInitiator(&cfg); err == nil {
				t.Error("no error")
			}
		})
	}
}
