package pki_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1"
	"fmt"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
)

func rsaKey(t pki.KeyType) *rsa.PrivateKey { return testKey(t).(*rsa.PrivateKey) }

func TestEncryptBody(t *testing.T) {
	key := rsaKey(pki.RSA1024)
	if got := pki.MaxBody(&key.PublicKey); got != 117 {
		t.Fatalf("MaxBody is %d, want 117", got)
	}
	for _, n := range []int{0, 1, 8, 16, 116, 117} {
		body := bytes.Repeat([]byte{0, 7}, n)[:n]
		sealed, err := pki.EncryptBody(seeded("padding"), &key.PublicKey, body)
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) != 128 {
			t.Errorf("%d octets of ciphertext, want 128", len(sealed))
		}
		got, err := pki.DecryptBody(key, sealed)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("decrypted %x, %v, want %x", got, err, body)
		}
		again, err := pki.EncryptBody(seeded("padding"), &key.PublicKey, body)
		if err != nil || !bytes.Equal(again, sealed) {
			t.Errorf("the same padding gives another ciphertext, %v", err)
		}
		if other, err := pki.EncryptBody(nil, &key.PublicKey, body); err != nil || bytes.Equal(other, sealed) {
			t.Errorf("crypto/rand gives the same ciphertext, %v", err)
		}
		for i := range sealed {
			_, err := pki.DecryptBody(key, sealed[:i])
			wantErr(t, err, pki.ErrDecrypt)
		}
	}
	_, err := pki.EncryptBody(nil, &key.PublicKey, make([]byte, 118))
	wantErr(t, err, pki.ErrTooLong)
	_, err = pki.EncryptBody(nil, nil, nil)
	wantErr(t, err, pki.ErrKey)
	if _, err := pki.EncryptBody(strings.NewReader("short"), &key.PublicKey, nil); err == nil {
		t.Error("no error without randomness")
	}
}

func TestDecryptBodyErrors(t *testing.T) {
	key, other := rsaKey(pki.RSA1024), rsaKey(pki.RSA2048)
	sealed, err := pki.EncryptBody(nil, &key.PublicKey, []byte("nonce"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = pki.DecryptBody(nil, sealed)
	wantErr(t, err, pki.ErrKey)
	_, err = pki.DecryptBody(other, sealed)
	wantErr(t, err, pki.ErrDecrypt)
	_, err = pki.DecryptBody(key, bytes.Repeat([]byte{0xff}, 128)) // not smaller than the modulus
	wantErr(t, err, pki.ErrDecrypt)
	// Block type 1 is for signatures.
	hash := sha1.Sum(nil)
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.Hash(0), hash[:])
	if err != nil {
		t.Fatal(err)
	}
	_, err = pki.DecryptBody(key, sig)
	wantErr(t, err, pki.ErrDecrypt)
}

// What comes out of RSA must be 00 02, padding without zeros, 00, body: random octets that are zero are drawn again.
func TestEncryptBodyEncoding(t *testing.T) {
	key := rsaKey(pki.RSA1024)
	zeros := bytes.NewReader(append(make([]byte, 200), bytes.Repeat([]byte{9}, 200)...))
	sealed, err := pki.EncryptBody(zeros, &key.PublicKey, []byte("Ni"))
	if err != nil {
		t.Fatal(err)
	}
	got := privateOperation(key, sealed)
	want := append(append([]byte{0, 2}, bytes.Repeat([]byte{9}, 128-5)...), 0, 'N', 'i')
	if !bytes.Equal(got, want) {
		t.Errorf("encoded\n%x, want\n%x", got, want)
	}
}

// Revised mode from the text of RFC 2409 section 5.3, computed with the standard library alone.
func TestEphemeral(t *testing.T) {
	suite := keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 256, Hash: keymat.SHA1}
	nonce, cookie := []byte("sixteen octets!!"), [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	prf := func(key, data []byte) []byte {
		m := hmac.New(sha1.New, key)
		m.Write(data)
		return m.Sum(nil)
	}
	ne := prf(nonce, cookie[:])
	k1 := prf(ne, []byte{0}) // 20 octets are less than the 32 of the key: K = K1 | K2
	k2 := prf(ne, k1)
	ke := append(bytes.Clone(k1), k2...)[:32]
	if got, err := pki.EphemeralKey(suite, nonce, cookie); err != nil || !bytes.Equal(got, ke) {
		t.Errorf("Ke %x, %v, want %x", got, err, ke)
	}
	block, err := aes.NewCipher(ke)
	if err != nil {
		t.Fatal(err)
	}
	iv := make([]byte, 16)
	sender, err := pki.NewEphemeral(suite, nonce, cookie)
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := pki.NewEphemeral(suite, nonce, cookie)
	if err != nil {
		t.Fatal(err)
	}
	bodies := []struct{ body, padding []byte }{
		{bytes.Repeat([]byte{0xaa}, 128), append(make([]byte, 15), 15)}, // KE: whole blocks get one more
		{[]byte("\x01\x00\x00\x00\xc0\x00\x02\x01"), []byte{0, 0, 0, 0, 0, 0, 0, 7}},
		{bytes.Repeat([]byte{1}, 31), []byte{0}},
		{nil, append(make([]byte, 15), 15)},
	}
	for i, b := range bodies {
		text := append(bytes.Clone(b.body), b.padding...)
		want := make([]byte, len(text))
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(want, text)
		iv = want[len(want)-16:]
		got, err := sender.Seal(b.body)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("body %d: sealed %x, %v, want %x", i, got, err, want)
		}
		back, err := receiver.Open(got)
		if err != nil || !bytes.Equal(back, b.body) {
			t.Errorf("body %d: opened %x, %v, want %x", i, back, err, b.body)
		}
	}
}

func TestEphemeralOpenErrors(t *testing.T) {
	suite := keymat.Suite{Cipher: keymat.DESCBC, Hash: keymat.MD5}
	seal := func(text []byte) []byte {
		key, err := pki.EphemeralKey(suite, []byte("nonce"), [8]byte{})
		if err != nil {
			t.Fatal(err)
		}
		cbc, err := keymat.NewCBC(suite, key, make([]byte, 8))
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := cbc.Encrypt(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	tests := []struct {
		name   string
		sealed []byte
		want   error
	}{
		{"good", seal([]byte{1, 2, 3, 4, 5, 0, 0, 2}), nil},
		{"all padding", seal([]byte{0, 0, 0, 0, 0, 0, 0, 7}), nil},
		{"no padding to speak of", seal([]byte{1, 2, 3, 4, 5, 6, 7, 0}), nil},
		{"empty", nil, pki.ErrDecrypt},
		{"not whole blocks", make([]byte, 9), pki.ErrDecrypt},
		{"a block too much", seal([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8}), pki.ErrDecrypt},
		{"longer than the text", seal([]byte{0, 0, 0, 0, 0, 0, 0, 255}), pki.ErrDecrypt},
		{"not zero", seal([]byte{1, 2, 3, 4, 5, 0, 9, 2}), pki.ErrDecrypt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := pki.NewEphemeral(suite, []byte("nonce"), [8]byte{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.Open(tt.sealed)
			wantErr(t, err, tt.want)
		})
	}
	if _, err := pki.NewEphemeral(keymat.Suite{}, nil, [8]byte{}); err == nil {
		t.Error("no error for a suite without algorithms")
	}
}

func TestCertHash(t *testing.T) {
	want := sha1.Sum([]byte("certificate"))
	if got := pki.CertHash(keymat.SHA1, []byte("certificate")); !bytes.Equal(got, want[:]) {
		t.Errorf("HASH(1) %x, want %x", got, want)
	}
}

// Keys must not come out when something is printed by mistake.
func TestNothingSecretPrinted(t *testing.T) {
	e, err := pki.NewEphemeral(keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA1}, []byte("nonce"), [8]byte{})
	if err != nil {
		t.Fatal(err)
	}
	ca := newCA(t, "Root", pki.Template{})
	key, err := pki.KeyPEM(ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	contents, err := pki.ParsePEM(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{e, ca.Credential, &ca.Credential, contents, dssKey()} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if s := fmt.Sprintf(format, v); len(s) > 80 || strings.Contains(s, "0x") {
				t.Errorf("%s of %T prints %s", format, v, s)
			}
		}
	}
}
