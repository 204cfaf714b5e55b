package ikev1_test

import (
	"fmt"
	"testing"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// withKeys gives both ends each other's certificates beforehand.
func withKeys(a *authority, m wire.AuthMethod) func(i, r *ikev1.Config) {
	return both(withCertificates(a, m), func(i, r *ikev1.Config) {
		i.Auth.PeerCertificate, r.Auth.PeerCertificate = a.r.Leaf(), a.i.Leaf()
	})
}

func TestPublicKeyEncryption(t *testing.T) {
	a := newAuthority(t, pki.RSA2048)
	for _, m := range []wire.AuthMethod{wire.AuthRSAEnc, wire.AuthRSARevEnc, wire.AuthXAUTHInitRSAEnc} {
		for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
			for variant, edit := range map[string]func(i, r *ikev1.Config){
				"known": nothing,
				"named": func(i, r *ikev1.Config) {
					i.Auth.NamePeerKey = true
					r.Auth.Credentials = []pki.Credential{a.i, a.r}
				},
				"sent": func(_, r *ikev1.Config) {
					if m == wire.AuthRSARevEnc {
						r.Auth.PeerCertificate = nil
					}
				},
				"encapsulated": forced,
			} {
				t.Run(fmt.Sprintf("%v %s %s", m, name, variant), func(t *testing.T) {
					p := newPair(t, both(withKeys(a, m), mode, edit, func(i, r *ikev1.Config) {
						i.XAUTH.User = "x"
						r.XAUTH.Verify = func(string, []byte) bool { return true }
					})).start().quick()
					p.mirror()
					if string(p.r.PeerID().Data) != "i.example.org" || string(p.i.PeerID().Data) != "r.example.org" {
						t.Errorf("identities %v %v", pki.FormatID(p.r.PeerID()), pki.FormatID(p.i.PeerID()))
					}
				})
			}
		}
	}
}

func TestPublicKeyEncryptionRefusals(t *testing.T) {
	a, ec := newAuthority(t, pki.RSA2048), newAuthority(t, pki.ECDSAP256)
	other := newAuthority(t, pki.RSA3072)
	tests := []struct {
		name   string
		edit   func(i, r *ikev1.Config)
		notify wire.NotifyType
	}{
		{"another key", func(_, r *ikev1.Config) { r.Auth.Credentials = []pki.Credential{other.r} }, wire.NotifyPayloadMalformed},
		{"no such key", func(i, r *ikev1.Config) {
			i.Auth.NamePeerKey = true
			r.Auth.Credentials = []pki.Credential{other.r}
		}, wire.NotifyCertificateUnavailable},
		{"a key that does not decrypt", func(_, r *ikev1.Config) { r.Auth.Credentials = []pki.Credential{ec.r} }, wire.NotifyInvalidKeyInformation},
		{"a peer with another kind of key", func(_, r *ikev1.Config) { r.Auth.PeerCertificate = ec.i.Leaf() }, wire.NotifyInvalidCertificate},
		{"a peer without a key", func(i, r *ikev1.Config) {
			i.Auth.SendCertificate = ikev1.SendNever
			r.Auth.PeerCertificate = nil
		}, wire.NotifyCertificateUnavailable},
		{"wrong hash", func(i, _ *ikev1.Config) { i.Deviations.WrongPhase1Hash = true }, wire.NotifyInvalidHashInformation},
	}
	for _, m := range []wire.AuthMethod{wire.AuthRSAEnc, wire.AuthRSARevEnc} {
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%v %s", m, tt.name), func(t *testing.T) {
				p := newPair(t, both(withKeys(a, m), tt.edit)).start()
				n := p.r.find(ikev1.EventNotifySent)
				if p.r.State() == ikev1.StateEstablished || n == nil || n.Notify != tt.notify {
					t.Errorf("state %v, notify %+v", p.r.State(), n)
				}
			})
		}
	}
	for name, tt := range map[string]struct {
		edit   func(i, r *ikev1.Config)
		notify wire.NotifyType
	}{
		"another name":    {func(i, _ *ikev1.Config) { i.LocalID = fqdn("else.example.org") }, wire.NotifyAuthenticationFailed},
		"an untrusted CA": {func(_, r *ikev1.Config) { r.Auth.Trust.Roots = nil }, wire.NotifyInvalidCertAuthority},
	} {
		t.Run(name, func(t *testing.T) {
			edit := both(withKeys(a, wire.AuthRSARevEnc), func(_, r *ikev1.Config) { r.Auth.PeerCertificate = nil }, tt.edit)
			p := newPair(t, edit).start()
			if n := p.r.find(ikev1.EventNotifySent); n == nil || n.Notify != tt.notify {
				t.Errorf("notify %+v", n)
			}
			if p = newPair(t, both(edit, func(_, r *ikev1.Config) { r.Tolerant = true })).start(); !p.r.has(ikev1.EventEstablished) {
				t.Errorf("tolerant: %v", p.r.errs)
			}
		})
	}
}
