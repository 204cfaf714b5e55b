package pki_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// fixture is a chain of three with CRLs.
func fixture(t testing.TB) (root, sub *pki.CA, leaf *pki.Credential, crls []*x509.RevocationList) {
	t.Helper()
	root = newCA(t, "Root", pki.Template{})
	sub = intermediate(t, root, "Sub", pki.Template{})
	leaf = issue(t, sub, pki.Template{SAN: []wire.ID{fqdn("gw.example.com"), addr("192.0.2.1")}})
	for _, ca := range []*pki.CA{root, sub} {
		crls = append(crls, crl(t, ca, now, now.Add(time.Hour)))
	}
	return root, sub, leaf, crls
}

func TestCollect(t *testing.T) {
	_, _, leaf, crls := fixture(t)
	wrapped, err := pki.PKCS7Payload(leaf.Chain, crls)
	if err != nil {
		t.Fatal(err)
	}
	separate := pki.Payloads(leaf.Chain, wire.CertX509Signature)
	exchange := pki.Payloads(leaf.Chain, wire.CertX509KeyExchange)
	cert := func(enc wire.CertEncoding, data []byte) *wire.Cert { return &wire.Cert{Encoding: enc, Data: data} }
	tests := []struct {
		name        string
		payloads    []*wire.Cert
		certs, crls int
		want        error
	}{
		{"nothing", nil, 0, 0, nil},
		{"one by one", separate, 3, 0, nil},
		{"for key exchange", exchange, 3, 0, nil},
		{"the same twice", append(separate, exchange...), 3, 0, nil},
		{"PKCS #7", []*wire.Cert{wrapped}, 3, 2, nil},
		{"PKCS #7 and the same", append([]*wire.Cert{wrapped}, separate...), 3, 2, nil},
		{"CRLs", []*wire.Cert{pki.CRLPayload(crls[0]), cert(wire.CertARL, crls[1].Raw)}, 0, 2, nil},
		{"PGP", []*wire.Cert{separate[0], cert(wire.CertPGP, []byte{1}), separate[1]}, 2, 0, pki.ErrEncoding},
		{"unknown encoding", []*wire.Cert{cert(99, nil)}, 0, 0, pki.ErrEncoding},
		{"garbage does not hide others", []*wire.Cert{cert(wire.CertX509Signature, []byte("garbage")), separate[0]}, 1, 0, pki.ErrMalformed},
		{"certificate as CRL", []*wire.Cert{cert(wire.CertCRL, leaf.Leaf().Raw)}, 0, 0, pki.ErrMalformed},
		{"certificate as PKCS #7", []*wire.Cert{cert(wire.CertPKCS7, leaf.Leaf().Raw)}, 0, 0, pki.ErrMalformed},
		{"octets after the certificate", []*wire.Cert{cert(wire.CertX509Signature, append(bytes.Clone(leaf.Leaf().Raw), 0))}, 0, 0, pki.ErrMalformed},
		{"nil", []*wire.Cert{nil}, 0, 0, pki.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := pki.Collect(tt.payloads)
			wantErr(t, err, tt.want)
			if len(b.Certs) != tt.certs || len(b.CRLs) != tt.crls {
				t.Errorf("%d certificates and %d CRLs, want %d and %d", len(b.Certs), len(b.CRLs), tt.certs, tt.crls)
			}
		})
	}
}

func TestCollectBounded(t *testing.T) {
	ca := newCA(t, "Root", pki.Template{})
	var payloads []*wire.Cert
	for range 101 {
		payloads = append(payloads, pki.CRLPayload(crl(t, ca, now, now.Add(time.Hour))))
	}
	b, err := pki.Collect(payloads)
	wantErr(t, err, pki.ErrMalformed)
	if len(b.CRLs) != 100 {
		t.Errorf("%d CRLs, want 100", len(b.CRLs))
	}
}

// Every proper prefix of every encoding is an error, and nothing comes out of it.
func TestCollectTruncated(t *testing.T) {
	_, _, leaf, crls := fixture(t)
	wrapped, err := pki.PKCS7Payload(leaf.Chain, crls)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*wire.Cert{wrapped, pki.CRLPayload(crls[0]), pki.Payloads(leaf.Chain, wire.CertX509Signature)[0]} {
		for n := range p.Data {
			b, err := pki.Collect([]*wire.Cert{{Encoding: p.Encoding, Data: p.Data[:n]}})
			if !errors.Is(err, pki.ErrMalformed) || len(b.Certs)+len(b.CRLs) != 0 {
				t.Fatalf("%v cut to %d of %d octets: %v, %d certificates, %d CRLs", p.Encoding, n, len(p.Data), err, len(b.Certs), len(b.CRLs))
			}
		}
	}
}

// What a message with nothing but certificates looks like (RFC 2315 section 9.1), octet by octet around two tiny elements that are
// no certificates, so that Collect refuses them after having found them.
func TestPKCS7Structure(t *testing.T) {
	head := "30 28 06 09 2a864886f70d010702 a0 1b 30 19 02 01 01 31 00 30 0b 06 09 2a864886f70d010701"
	tests := []struct {
		name, der string
	}{
		{"signer infos missing", "30 28 06 09 2a864886f70d010702 a0 1b 30 19 02 01 01 31 00 30 0b 06 09 2a864886f70d010701 a0 05 30 03 02 01 00"},
		{"content is data", "30 10 06 09 2a864886f70d010701 a0 03 04 01 00"},
		{"indefinite length", "30 80 06 09 2a864886f70d010702 a0 80 00 00 00 00"},
		{"no content", "30 0b 06 09 2a864886f70d010702"},
		{"empty", ""},
		{"head only", head},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := pki.Collect([]*wire.Cert{{Encoding: wire.CertPKCS7, Data: unhex(t, tt.der)}})
			wantErr(t, err, pki.ErrMalformed)
		})
	}
	t.Run("empty bag", func(t *testing.T) {
		der := unhex(t, "30 23 06 09 2a864886f70d010702 a0 16 30 14 02 01 01 31 00 30 0b 06 09 2a864886f70d010701 31 00")
		b, err := pki.Collect([]*wire.Cert{{Encoding: wire.CertPKCS7, Data: der}})
		if err != nil || len(b.Certs) != 0 {
			t.Errorf("%d certificates, %v", len(b.Certs), err)
		}
		got, err := pki.WrapPKCS7(nil, nil)
		if err != nil || !bytes.Equal(got, der) {
			t.Errorf("wrapped nothing as %x, %v, want %x", got, err, der)
		}
	})
}

func TestEndEntity(t *testing.T) {
	root, sub, leaf, _ := fixture(t)
	second := issue(t, sub, pki.Template{Subject: "C=CH, CN=other", SAN: []wire.ID{fqdn("other.example.com")}})
	orders := [][]*x509.Certificate{
		{leaf.Leaf(), sub.Leaf(), root.Leaf(), second.Leaf()},
		{root.Leaf(), sub.Leaf(), leaf.Leaf(), second.Leaf()},
		{second.Leaf(), sub.Leaf(), leaf.Leaf()},
		{sub.Leaf(), leaf.Leaf(), second.Leaf(), root.Leaf()},
	}
	for i, certs := range orders {
		b := &pki.Bundle{Certs: certs}
		got, err := b.EndEntity(fqdn("gw.example.com"))
		if err != nil || got != leaf.Leaf() {
			t.Errorf("order %d: %v, %v", i, got.Subject, err)
		}
		got, err = b.EndEntity(fqdn("nobody.example.com"))
		wantErr(t, err, pki.ErrIdentity)
		if got != leaf.Leaf() && got != second.Leaf() {
			t.Errorf("order %d: without a match %v is taken", i, got.Subject)
		}
	}
	_, err := new(pki.Bundle).EndEntity(fqdn("gw.example.com"))
	wantErr(t, err, pki.ErrNoCertificate)
}

func fuzzSeeds(f *testing.F) {
	_, _, leaf, crls := fixture(f)
	wrapped, err := pki.WrapPKCS7(leaf.Chain, crls)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(wire.CertPKCS7), wrapped)
	f.Add(uint8(wire.CertX509Signature), leaf.Leaf().Raw)
	f.Add(uint8(wire.CertCRL), crls[0].Raw)
}

// FuzzCollect reads one payload, and if there is anything in it, asks all questions about it and wraps it again.
func FuzzCollect(f *testing.F) {
	fuzzSeeds(f)
	root := newCA(f, "Root", pki.Template{})
	policy := &pki.Policy{Roots: []*x509.Certificate{root.Leaf()}, AllowWeak: true, Revocation: pki.RevocationRequired}
	f.Fuzz(func(t *testing.T, encoding uint8, data []byte) {
		in := bytes.Clone(data)
		b, err := pki.Collect([]*wire.Cert{{Encoding: wire.CertEncoding(encoding), Data: data}})
		if !bytes.Equal(in, data) {
			t.Fatal("the input was changed")
		}
		if len(b.Certs)+len(b.CRLs) == 0 {
			return
		}
		leaf, _ := b.EndEntity(fqdn("gw.example.com"))
		if leaf != nil {
			for it := range wire.IDType(12) {
				if id, err := pki.Identity(leaf, it); err == nil && pki.Match(leaf, id) != nil {
					t.Fatalf("%s is of the certificate and does not match it", pki.FormatID(id))
				}
			}
			if path, err := policy.Verify(leaf, b, now); err == nil && len(path.Chain) == 0 {
				t.Fatal("a path without certificates")
			}
		}
		if err != nil {
			return
		}
		wrapped, err := pki.PKCS7Payload(b.Certs, b.CRLs)
		if err != nil {
			t.Fatal(err)
		}
		again, err := pki.Collect([]*wire.Cert{wrapped})
		if err != nil || len(again.Certs) != len(b.Certs) || len(again.CRLs) != len(b.CRLs) {
			t.Fatalf("wrapped again: %v, %d certificates and %d CRLs, want %d and %d", err, len(again.Certs), len(again.CRLs), len(b.Certs), len(b.CRLs))
		}
	})
}
