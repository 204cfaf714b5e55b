package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func TestGenerateKey(t *testing.T) {
	for _, kt := range []pki.KeyType{pki.RSA1024, pki.RSA2048, pki.ECDSAP256, pki.ECDSAP384, pki.ECDSAP521} {
		t.Run(kt.String(), func(t *testing.T) {
			again, err := pki.GenerateKey(seeded(kt.String()), kt)
			if err != nil {
				t.Fatal(err)
			}
			if !again.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(testKey(kt).Public()) {
				t.Error("the same octets give another key")
			}
			fresh, err := pki.GenerateKey(nil, kt)
			if err != nil {
				t.Fatal(err)
			}
			if fresh.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(again.Public()) {
				t.Error("crypto/rand gives the same key")
			}
			if k, ok := again.(*rsa.PrivateKey); ok {
				if want := map[pki.KeyType]int{pki.RSA1024: 1024, pki.RSA2048: 2048}[kt]; k.N.BitLen() != want {
					t.Errorf("modulus of %d bits, want %d", k.N.BitLen(), want)
				}
			}
			if got, err := pki.ParseKeyType(kt.String()); err != nil || got != kt {
				t.Errorf("slug %v reads as %v, %v", kt, got, err)
			}
			if kt.Weak() != (kt == pki.RSA1024) {
				t.Errorf("Weak is %v", kt.Weak())
			}
			if _, err := pki.GenerateKey(strings.NewReader("too short"), kt); err == nil {
				t.Error("no error without randomness")
			}
		})
	}
	_, err := pki.GenerateKey(nil, 0)
	wantErr(t, err, pki.ErrKey)
	_, err = pki.ParseKeyType("rsa512")
	wantErr(t, err, pki.ErrKey)
	if got := pki.KeyType(99).String(); got != "Unknown(99)" {
		t.Error(got)
	}
}

// Zeros are no private key, and no prime begins there either: a stuck source must not hang.
func TestGenerateKeyStuckSource(t *testing.T) {
	_, err := pki.GenerateKey(zeros{}, pki.ECDSAP256)
	wantErr(t, err, pki.ErrKey)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestCAReproducible(t *testing.T) {
	build := func() [][]byte {
		var out [][]byte
		root := newCA(t, "Root", pki.Template{Key: pki.RSA1024})
		sub := intermediate(t, root, "Sub", pki.Template{Key: pki.ECDSAP384})
		leaf := issue(t, sub, pki.Template{Key: pki.RSA1024, SAN: []wire.ID{fqdn("gw")}})
		for _, c := range leaf.Chain {
			out = append(out, c.Raw)
		}
		sub.Revoke(leaf.Leaf(), now, 1)
		key, err := pki.KeyPEM(leaf.Key)
		if err != nil {
			t.Fatal(err)
		}
		return append(out, crl(t, sub, now, now.Add(time.Hour)).Raw, key)
	}
	if !cmp.Equal(build(), build()) {
		t.Error("the same randomness gives other certificates")
	}
}

func TestTemplate(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	padding := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: append([]byte{4, 0x82, 0x10, 0}, make([]byte, 4096)...)}
	c := issue(t, root, pki.Template{Key: pki.RSA1024, Extensions: []pkix.Extension{padding}}).Leaf()
	if len(c.Raw) < 4096 {
		t.Errorf("padded certificate of %d octets", len(c.Raw))
	}
	if want := x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment; c.KeyUsage != want || c.IsCA || len(c.UnknownExtKeyUsage) != 0 {
		t.Errorf("key usage %b, CA %v, EKU %v", c.KeyUsage, c.IsCA, c.UnknownExtKeyUsage)
	}
	if !c.NotBefore.Equal(now.Add(-time.Hour)) || !c.NotAfter.Equal(now.AddDate(1, 0, 0)) {
		t.Errorf("valid from %v until %v", c.NotBefore, c.NotAfter)
	}
	other := issue(t, root, pki.Template{}).Leaf()
	if other.SerialNumber.Cmp(c.SerialNumber) == 0 {
		t.Error("two certificates with one serial number")
	}
	ca := root.Leaf()
	if ca.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || !ca.IsCA {
		t.Errorf("CA with key usage %b, CA %v", ca.KeyUsage, ca.IsCA)
	}
	ip := issue(t, root, pki.Template{SAN: []wire.ID{addr("192.0.2.1"), fqdn("a"), userFQDN("b@c")}}).Leaf()
	if len(ip.IPAddresses) != 1 || ip.DNSNames[0] != "a" || ip.EmailAddresses[0] != "b@c" {
		t.Errorf("crypto/x509 reads %v %v %v", ip.IPAddresses, ip.DNSNames, ip.EmailAddresses)
	}

	for name, bad := range map[string]pki.Template{
		"no key type":           {Subject: "CN=x"},
		"no subject":            {Key: pki.ECDSAP256},
		"subnet as SAN":         {Subject: "CN=x", Key: pki.ECDSAP256, SAN: []wire.ID{{IDType: wire.IDIPv4Subnet, Data: make([]byte, 8)}}},
		"GN that is none":       {Subject: "CN=x", Key: pki.ECDSAP256, SAN: []wire.ID{{IDType: wire.IDDERASN1GN, Data: []byte{0x82, 9}}}},
		"address of 3 octets":   {Subject: "CN=x", Key: pki.ECDSAP256, SAN: []wire.ID{{IDType: wire.IDIPv4Addr, Data: make([]byte, 3)}}},
		"email beyond ASCII":    {Subject: "E=ü@example.com", Key: pki.ECDSAP256},
		"subject without value": {Subject: "CN=", Key: pki.ECDSAP256},
	} {
		if _, err := root.Issue(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := root.Intermediate(bad); err == nil {
			t.Errorf("%s: no error for an intermediate", name)
		}
	}
	if _, err := pki.NewCA(nil, now, pki.Template{Subject: "CN=x"}); err == nil {
		t.Error("CA without a key type")
	}
	if _, err := pki.NewCA(nil, now, pki.Template{Key: pki.ECDSAP256}); err == nil {
		t.Error("CA without a subject")
	}
	if _, err := pki.NewCA(nil, now, pki.Template{Subject: "CN=x", Key: pki.ECDSAP256}); err != nil {
		t.Error(err)
	}
}

func TestPresented(t *testing.T) {
	root, sub, leaf, _ := fixture(t)
	if got := leaf.Presented(); len(got) != 2 || got[1] != sub.Leaf() {
		t.Errorf("%d certificates are presented, want the leaf and its CA", len(got))
	}
	if got := root.Presented(); len(got) != 1 {
		t.Errorf("a root presents %d certificates, want itself", len(got))
	}
	if (pki.Credential{}).Leaf() != nil || len((pki.Credential{}).Presented()) != 0 {
		t.Error("an empty credential has a certificate")
	}
}

func TestPEM(t *testing.T) {
	root, _, leaf, crls := fixture(t)
	var file []byte
	file = append(file, pki.CertPEM(leaf.Chain...)...)
	file = append(file, "a comment\n"...)
	file = append(file, pki.CRLPEM(crls[0])...)
	var want []crypto.Signer
	for _, kt := range []pki.KeyType{pki.RSA1024, pki.ECDSAP256, pki.ECDSAP521} {
		for _, write := range []func(crypto.Signer) ([]byte, error){pki.KeyPEM, pki.TraditionalKeyPEM} {
			b, err := write(testKey(kt))
			if err != nil {
				t.Fatal(err)
			}
			file = append(file, b...)
			want = append(want, testKey(kt))
		}
	}
	got, err := pki.ParsePEM(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Certs) != 3 || !got.Certs[2].Equal(root.Leaf()) || len(got.CRLs) != 1 || len(got.Keys) != len(want) {
		t.Fatalf("%d certificates, %d CRLs, %d keys", len(got.Certs), len(got.CRLs), len(got.Keys))
	}
	for i := range want {
		if !want[i].(interface{ Equal(crypto.PrivateKey) bool }).Equal(got.Keys[i]) {
			t.Errorf("key %d is another", i)
		}
	}
	for _, kind := range []string{"CERTIFICATE", "X509 CRL", "PRIVATE KEY"} {
		bad := []byte("-----BEGIN " + kind + "-----\nAAAA\n-----END " + kind + "-----\n")
		got, err := pki.ParsePEM(append(bytes.Clone(file), bad...))
		wantErr(t, err, pki.ErrMalformed)
		if len(got.Certs) != 3 {
			t.Errorf("%d certificates before the bad block", len(got.Certs))
		}
	}
	if _, err := pki.KeyPEM(dssKey()); err == nil {
		t.Error("a DSA key as PKCS #8")
	}
	_, err = pki.TraditionalKeyPEM(dssKey())
	wantErr(t, err, pki.ErrKey)
	if _, ok := got.Keys[2].(*ecdsa.PrivateKey); !ok {
		t.Errorf("%T", got.Keys[2])
	}
}
