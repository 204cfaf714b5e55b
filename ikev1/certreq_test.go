package ikev1_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// TestRequestedEncodings: what is asked for is what comes (RFC 2408 3.9, 3.10), from either end, through a CA below the root; and
// a CRL that came so is heeded.
func TestRequestedEncodings(t *testing.T) {
	const x, p7, crl, arl = wire.CertX509Signature, wire.CertPKCS7, wire.CertCRL, wire.CertARL
	a := newAuthority(t, pki.ECDSAP256)
	sub, err := a.Intermediate(pki.Template{Subject: "C=CH, O=useipsec, CN=Sub", Key: pki.ECDSAP256})
	if err != nil {
		t.Fatal(err)
	}
	below := &authority{CA: sub}
	for name, cred := range map[string]*pki.Credential{"i.example.org": &below.i, "r.example.org": &below.r} {
		c, err := sub.Issue(pki.Template{Subject: "CN=" + name, Key: pki.ECDSAP256, SAN: sans(name)})
		if err != nil {
			t.Fatal(err)
		}
		*cred = *c
	}
	rootCRL, err := a.CRL(start.Add(-time.Hour), start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	subCRL, err := sub.CRL(start.Add(-time.Hour), start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	sub.Revoke(below.i.Leaf(), start.Add(-time.Minute), 1)
	revoked, err := sub.CRL(start.Add(-time.Hour), start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ask, sent []wire.CertEncoding
		any       bool
		required  pki.Revocation
		revoked   bool
		ok        bool
	}{
		{nil, []wire.CertEncoding{x, x}, false, pki.RevocationIfKnown, false, true},
		{[]wire.CertEncoding{p7}, []wire.CertEncoding{p7}, false, pki.RevocationIfKnown, false, true},
		{[]wire.CertEncoding{p7}, []wire.CertEncoding{p7}, true, pki.RevocationIfKnown, false, true},
		{[]wire.CertEncoding{p7, x}, []wire.CertEncoding{x, x}, false, pki.RevocationIfKnown, false, true},
		{[]wire.CertEncoding{x}, []wire.CertEncoding{x, x}, true, pki.RevocationRequired, false, false},
		{[]wire.CertEncoding{x, crl}, []wire.CertEncoding{x, x, crl, crl}, true, pki.RevocationRequired, false, true},
		{[]wire.CertEncoding{p7, arl}, []wire.CertEncoding{p7, crl, crl}, true, pki.RevocationRequired, false, true},
		{[]wire.CertEncoding{x, crl}, []wire.CertEncoding{x, x, crl}, false, pki.RevocationRequired, false, false}, // that of the root
		{[]wire.CertEncoding{p7, crl}, []wire.CertEncoding{p7, crl, crl}, true, pki.RevocationIfKnown, true, false},
	} {
		for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
			t.Run(fmt.Sprintf("%v any=%v required=%v revoked=%v %s", tt.ask, tt.any, tt.required, tt.revoked, name), func(t *testing.T) {
				sent := map[ikev1.Step][]wire.CertEncoding{}
				note := func(s ikev1.Step, m *wire.Message) {
					for _, p := range m.Payloads {
						if c, ok := p.(*wire.Cert); ok {
							sent[s] = append(sent[s], c.Encoding)
						}
					}
				}
				p := newPair(t, both(withCertificates(below, wire.AuthECDSA256), mode, func(i, r *ikev1.Config) {
					for _, c := range []*ikev1.Config{i, r} {
						c.Auth.RequestEncodings, c.Auth.RequestAny, c.Auth.Trust.Revocation = tt.ask, tt.any, tt.required
						c.Auth.CRLs = append(c.Auth.CRLs, rootCRL)
						c.Auth.SendCertificate = ikev1.SendIfAsked
						c.Deviations.EditMessage = note
						if tt.revoked {
							c.Auth.CRLs = append(c.Auth.CRLs, revoked)
						} else {
							c.Auth.CRLs = append(c.Auth.CRLs, subCRL)
						}
					}
				})).start()
				for s, got := range sent {
					if !slices.Equal(got, tt.sent) {
						t.Errorf("message %v has certificates in %v, want %v", s, got, tt.sent)
					}
				}
				if len(sent) == 0 || tt.ok && len(sent) != 2 {
					t.Errorf("certificates in %d messages", len(sent))
				}
				if up := p.i.State() == ikev1.StateEstablished && p.r.State() == ikev1.StateEstablished; up != tt.ok {
					t.Errorf("%v and %v: %v %v", p.i.State(), p.r.State(), p.i.errs, p.r.errs)
				}
			})
		}
	}
}
