package check

import (
	"crypto/x509"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// papers are a root and the credentials under it, made once for each kind of key.
type papers struct {
	ca    *pki.CA
	creds map[scenarios.Role]pki.Credential
}

var printed sync.Map

func papersFor(t testing.TB, key pki.KeyType) *papers {
	if p, ok := printed.Load(key); ok {
		return p.(*papers)
	}
	ca, err := pki.NewCA(nil, sceneTime, pki.Template{Subject: "CN=Root", Key: key})
	if err != nil {
		t.Fatal(err)
	}
	p := &papers{ca: ca, creds: map[scenarios.Role]pki.Credential{}}
	for _, r := range roles {
		p.creds[r] = p.issue(t, r, pki.Template{Key: key})
	}
	printed.Store(key, p)
	return p
}

// issue makes a certificate with the names of a role, unless the template has its
// own.
func (p *papers) issue(t testing.TB, r scenarios.Role, tpl pki.Template) pki.Credential {
	if tpl.Subject == "" {
		tpl.Subject, tpl.SAN = scenarios.Subject(r), scenarios.SAN(r)
	}
	c, err := p.ca.Issue(tpl)
	if err != nil {
		t.Fatal(err)
	}
	return *c
}

const scenePassword = "wonderland"

// authenticate configures who an end is, how it proves that, and what comes between
// phase 1 and quick mode.
func (s *scene) authenticate(cfg *ikev1.Config, c scenarios.Config, own netip.Addr) {
	role := responder
	if (own == s.them) == s.peerInitiates() {
		role = initiator
	}
	method := c.IKE.Method()
	cfg.Auth.Method = method
	cfg.LocalID = scenarios.Identity(role, c.IKE.Identities.Of(role), own)
	if !method.PSK() {
		kind, err := pki.ParseKeyType(c.IKE.KeyType())
		s.ok(err)
		p := papersFor(s.t, kind)
		cfg.Auth.Trust.Roots = []*x509.Certificate{p.ca.Root()}
		cfg.Auth.PeerCertificate = p.creds[role.Other()].Leaf()
		if c.IKE.HasCertificate(role) {
			cfg.Auth.Credentials = []pki.Credential{p.creds[role]}
		}
		s.certificates = []*x509.Certificate{p.ca.Root(), p.creds[initiator].Leaf(), p.creds[responder].Leaf()}
	}
	cfg.NATT = ikev1.NATT{Disable: c.IKE.NATTraversal == scenarios.NATOff, Force: c.IKE.NATTraversal == scenarios.NATForced}
	for v := ikev1.NATTRFC3947; v <= ikev1.NATTDraft00; v++ {
		for _, want := range c.IKE.NATTVersions {
			if v.String() == want {
				cfg.NATT.Versions = append(cfg.NATT.Versions, v)
			}
		}
	}
	cfg.Fragmentation.Enable = c.IKE.Fragmentation
	cfg.DPD.Idle = time.Duration(c.IKE.DPD)
	password := scenePassword
	if c.Password == scenarios.SecretOther {
		password = "underland"
	}
	cfg.XAUTH = ikev1.XAUTH{User: scenarios.User, Password: []byte(password)}
	cfg.XAUTH.Verify = func(_ string, p []byte) bool { return string(p) == password }
	switch client := role == c.IKE.ConfigClient(); {
	case c.IKE.ModeConfig == scenarios.NoModeConfig:
	case client:
		cfg.ModeConfig = ikev1.ModeConfig{Pull: c.IKE.ModeConfig == scenarios.Pull, Wait: c.IKE.ModeConfig == scenarios.Push}
	default:
		inner := s.usInner // of the other end
		if own == s.us {
			inner = s.themInner
		}
		cfg.ModeConfig = ikev1.ModeConfig{Push: c.IKE.ModeConfig == scenarios.Push}
		cfg.ModeConfig.Lease = func(wire.ID, string) (ikev1.Lease, bool) { return ikev1.Lease{Address: inner}, true }
	}
}
