package pki_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// vpncRSA reads a file of the corpus, which lies beside the repository.
func vpncRSA(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "corpus", "vpnc-rsa", name))
	if err != nil {
		t.Skip("no corpus:", err)
	}
	return b
}

func vpncCert(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	c, err := pki.ParsePEM(vpncRSA(t, name))
	if err != nil || len(c.Certs) != 1 {
		t.Fatalf("%s: %d certificates, %v", name, len(c.Certs), err)
	}
	return c.Certs[0]
}

// vpnc's test data for hybrid authentication: a chain signed with SHA-1.
func TestVPNCChain(t *testing.T) {
	roots, err := pki.ParsePEM(vpncRSA(t, "ca_list.pem"))
	if err != nil {
		t.Fatal(err)
	}
	var certs []*x509.Certificate
	for _, name := range []string{"cert1.pem", "cert3.pem", "cert0.pem", "cert2.pem"} {
		certs = append(certs, vpncCert(t, name))
	}
	received := &pki.Bundle{Certs: certs}
	leaf, err := received.EndEntity(wire.ID{IDType: wire.IDDERASN1DN, Data: certs[1].RawSubject})
	if err != nil || leaf != certs[1] {
		t.Fatal(err)
	}
	// The subject is of PrintableStrings and UTF8Strings, not as ParseDN would choose.
	wantErr(t, pki.Match(leaf, dn(t, "OU=Cert, CN=cert3.pem")), pki.ErrIdentity)
	at := time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC)
	p := &pki.Policy{Roots: roots.Certs}
	_, err = p.Verify(leaf, received, at)
	wantErr(t, err, pki.ErrWeak)
	p.AllowWeak = true
	path, err := p.Verify(leaf, received, at)
	if err != nil {
		t.Fatal(err)
	}
	if len(path.Chain) != 5 || len(path.Weak) < 4 {
		t.Errorf("chain of %d, want 5; weak: %q", len(path.Chain), path.Weak)
	}
	_, err = p.Verify(leaf, received, time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC))
	wantErr(t, err, pki.ErrExpired)
	_, err = p.Verify(leaf, &pki.Bundle{Certs: certs[1:]}, at)
	wantErr(t, err, pki.ErrUntrusted)
}
