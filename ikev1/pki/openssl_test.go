package pki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// openssl runs the tool in a directory of its own, if there is one.
func openssl(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl:", err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Another implementation reads what the CA and the PKCS #7 writer make, and we read its PKCS #7.
func TestOpenSSL(t *testing.T) {
	dir := t.TempDir()
	root, sub, leaf, crls := fixture(t)
	write(t, dir, "root.pem", pki.CertPEM(root.Leaf()))
	write(t, dir, "sub.pem", pki.CertPEM(sub.Leaf()))
	write(t, dir, "leaf.pem", pki.CertPEM(leaf.Leaf()))
	write(t, dir, "crls.pem", append(pki.CRLPEM(crls[0]), pki.CRLPEM(crls[1])...))

	epoch := []string{"-attime", "1772366400"} // now, in seconds
	openssl(t, dir, append([]string{"verify", "-x509_strict", "-crl_check_all", "-CAfile", "root.pem", "-untrusted", "sub.pem", "-CRLfile", "crls.pem"},
		append(epoch, "leaf.pem")...)...)

	der, err := pki.WrapPKCS7(leaf.Chain, crls)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "ours.p7b", der)
	listed := openssl(t, dir, "pkcs7", "-inform", "DER", "-in", "ours.p7b", "-print_certs", "-noout")
	for _, cn := range []string{"Root", "Sub", "gw.example.com"} {
		if !strings.Contains(string(listed), cn) {
			t.Errorf("openssl finds no %s in\n%s", cn, listed)
		}
	}

	theirs := openssl(t, dir, "crl2pkcs7", "-in", "crls.pem", "-certfile", "leaf.pem", "-certfile", "sub.pem", "-certfile", "root.pem", "-outform", "DER")
	b, err := pki.Collect([]*wire.Cert{{Encoding: wire.CertPKCS7, Data: theirs}})
	if err != nil || len(b.Certs) != 3 || len(b.CRLs) == 0 {
		t.Errorf("%d certificates and %d CRLs of openssl's PKCS #7, %v", len(b.Certs), len(b.CRLs), err)
	}
	for _, kt := range []pki.KeyType{pki.RSA1024, pki.ECDSAP384} {
		key, err := pki.KeyPEM(testKey(kt))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "key.pem", key)
		openssl(t, dir, "pkey", "-in", "key.pem", "-check", "-noout")
	}
}

// RSA signatures as another implementation makes and checks them: PKCS #1 padding around the bare hash.
func TestOpenSSLSignature(t *testing.T) {
	dir := t.TempDir()
	key := testKey(pki.RSA2048)
	priv, err := pki.KeyPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	hash := bytes.Repeat([]byte{0x42}, 20)
	write(t, dir, "key.pem", priv)
	write(t, dir, "hash", hash)
	sig := openssl(t, dir, "pkeyutl", "-sign", "-inkey", "key.pem", "-in", "hash", "-pkeyopt", "rsa_padding_mode:pkcs1")
	if err := pki.Verify(key.Public(), wire.AuthRSASig, hash, sig); err != nil {
		t.Error(err)
	}
	ours, err := pki.Sign(nil, key, wire.AuthRSASig, hash)
	if err != nil || !bytes.Equal(ours, sig) {
		t.Errorf("signature %x, %v, want openssl's %x", ours, err, sig)
	}
	sealed, err := pki.EncryptBody(nil, &rsaKey(pki.RSA2048).PublicKey, []byte("Ni"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "sealed", sealed)
	if got := openssl(t, dir, "pkeyutl", "-decrypt", "-inkey", "key.pem", "-in", "sealed", "-pkeyopt", "rsa_padding_mode:pkcs1"); string(got) != "Ni" {
		t.Errorf("openssl decrypts %q", got)
	}
}

// A CA with a DSA key, which the standard library does not make any more.
func TestOpenSSLDSA(t *testing.T) {
	dir := t.TempDir()
	openssl(t, dir, "dsaparam", "-out", "param.pem", "1024")
	openssl(t, dir, "gendsa", "-out", "ca.key", "param.pem")
	openssl(t, dir, "gendsa", "-out", "leaf.key", "param.pem")
	openssl(t, dir, "req", "-new", "-key", "leaf.key", "-subj", "/CN=leaf", "-sha256", "-out", "leaf.csr")
	for _, hash := range []string{"-sha1", "-sha256"} { // with a q of 224 bits, so that both ways of cutting the digest occur
		openssl(t, dir, "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=DSA", "-days", "3", "-sha256", "-out", "ca.pem")
		openssl(t, dir, "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", hash, "-out", "leaf.pem")
		read := func(name string) *x509.Certificate {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			c, err := pki.ParsePEM(b)
			if err != nil {
				t.Fatal(err)
			}
			return c.Certs[0]
		}
		leaf, ca := read("leaf.pem"), read("ca.pem")
		p := &pki.Policy{Roots: []*x509.Certificate{ca}}
		_, err := p.Verify(leaf, nil, leaf.NotBefore)
		wantErr(t, err, pki.ErrWeak)
		p.AllowWeak = true
		path, err := p.Verify(leaf, nil, leaf.NotBefore)
		if err != nil || len(path.Chain) != 2 || len(path.Weak) != 3 {
			t.Errorf("%s: %+v, %v", hash, path, err)
		}
		forged := *leaf
		forged.RawTBSCertificate = append(bytes.Clone(leaf.RawTBSCertificate), 0)
		_, err = p.Verify(&forged, nil, leaf.NotBefore)
		wantErr(t, err, pki.ErrUntrusted)
	}
}

func TestCertPEMIsPEM(t *testing.T) {
	root := newCA(t, "Root", pki.Template{NotAfter: now.Add(time.Hour)})
	block, rest := pem.Decode(pki.CertPEM(root.Leaf()))
	if block == nil || len(rest) != 0 || !bytes.Equal(block.Bytes, root.Leaf().Raw) {
		t.Errorf("block %v, rest %q", block, rest)
	}
}
