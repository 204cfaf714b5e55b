package harness

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/scenarios"
)

// TestCertificateFaults: a certificate with a fault is refused for that fault, and an honest one is not, in whichever form
// the identity comes.
func TestCertificateFaults(t *testing.T) {
	now := time.Now()
	a := newAuthorities(now)
	addr := netip.MustParseAddr("192.0.2.1")
	for fault, want := range map[scenarios.CertificateFault]error{
		scenarios.NoFault: nil, scenarios.Expired: pki.ErrExpired, scenarios.NotYetValid: pki.ErrNotYetValid, scenarios.Revoked: pki.ErrRevoked,
		scenarios.UnknownCA: pki.ErrUntrusted, scenarios.KeyUsage: pki.ErrUsage, scenarios.ExtKeyUsage: pki.ErrUsage, scenarios.WrongName: nil,
	} {
		for _, intermediate := range []bool{false, true} {
			k := scenarios.IKE{Authentication: "ecdsa-sha256", Certificate: scenarios.Certificate{Fault: fault, Intermediate: intermediate}}
			p, err := a.issue(k, scenarios.Responder, addr)
			if err != nil {
				t.Fatal(err)
			}
			root, err := a.trusted()
			if err != nil {
				t.Fatal(err)
			}
			policy := pki.Policy{CRLs: p.crls}
			policy.Roots = append(policy.Roots, root)
			policy.Intermediates = p.Chain[1:]
			if _, err := policy.Verify(p.Leaf(), nil, now); !errors.Is(err, want) || err != nil && want == nil {
				t.Errorf("%v, intermediate %v: %v, want %v", fault, intermediate, err, want)
			}
			for _, form := range []string{"", "fqdn", "user_fqdn", "der_asn1_dn"} {
				err := pki.Match(p.Leaf(), scenarios.Identity(scenarios.Responder, form, addr))
				if (err != nil) != (fault == scenarios.WrongName) {
					t.Errorf("%v as %q: %v", fault, form, err)
				}
			}
		}
	}
}
