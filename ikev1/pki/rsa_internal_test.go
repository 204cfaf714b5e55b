package pki

import (
	"bytes"
	"crypto/rsa"
	"os"
	"path/filepath"
	"testing"
)

// vpnc's test data for hybrid authentication: what the public key of cert0 makes of sig_data.
func TestVPNCPublicOperation(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "corpus", "vpnc-rsa", name))
		if err != nil {
			t.Skip("no corpus:", err)
		}
		return b
	}
	sig, want := read("sig_data.bin"), read("dec_data.bin")
	c, err := ParsePEM(read("cert0.pem"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := rsaPublic(c.Certs[0].PublicKey.(*rsa.PublicKey), sig)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v, want\n%x", got, err, want)
	}
}
