package keymat_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

func newCBC(t testing.TB, cipher string, key, iv []byte) *keymat.CBC {
	t.Helper()
	c, bits, err := keymat.ParseCipher(cipher)
	if err != nil {
		t.Fatal(err)
	}
	cbc, err := keymat.NewCBC(keymat.Suite{Cipher: c, KeyBits: bits}, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	return cbc
}

func TestCBCKnownAnswers(t *testing.T) {
	for _, v := range cbcVectors {
		t.Run(v.name, func(t *testing.T) {
			key, iv := unhex(t, v.key), unhex(t, v.iv)
			plain, sealed := unhex(t, v.plain), unhex(t, v.sealed)

			c := newCBC(t, v.cipher, key, iv)
			got, err := c.Encrypt(nil, plain)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "ciphertext", got, v.sealed)
			if last := sealed[len(sealed)-c.BlockSize():]; !bytes.Equal(c.IV(), last) {
				t.Errorf("IV after encryption %x, want the last block %x", c.IV(), last)
			}

			c = newCBC(t, v.cipher, key, iv)
			if got, err = c.Decrypt(nil, sealed); err != nil {
				t.Fatal(err)
			}
			equal(t, "plaintext", got, v.plain)
			if last := sealed[len(sealed)-c.BlockSize():]; !bytes.Equal(c.IV(), last) {
				t.Errorf("IV after decryption %x, want the last block %x", c.IV(), last)
			}
		})
	}
}

// Cutting a text into messages must not change its ciphertext, whichever end sends which of them: there is one chain.
func TestCBCChainsOverMessages(t *testing.T) {
	random := rand.New(rand.NewPCG(2409, 3602))
	for _, v := range cbcVectors {
		t.Run(v.name, func(t *testing.T) {
			key, iv := unhex(t, v.key), unhex(t, v.iv)
			initiator, responder := newCBC(t, v.cipher, key, iv), newCBC(t, v.cipher, key, iv)
			block := initiator.BlockSize()
			text := octets(0, 32*block)
			whole, err := newCBC(t, v.cipher, key, iv).Encrypt(nil, text)
			if err != nil {
				t.Fatal(err)
			}
			var sealed []byte
			for rest, turn := text, 0; len(rest) > 0; turn++ {
				n := min(len(rest), random.IntN(5)*block)
				from, to := initiator, responder
				if turn%2 == 1 {
					from, to = to, from
				}
				start := len(sealed)
				if sealed, err = from.Encrypt(sealed, rest[:n]); err != nil {
					t.Fatal(err)
				}
				opened, err := to.Decrypt(nil, sealed[start:])
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(opened, rest[:n]) {
					t.Fatalf("message %d opens as %x, want %x", turn, opened, rest[:n])
				}
				rest = rest[n:]
			}
			if !bytes.Equal(sealed, whole) {
				t.Error("the messages together differ from the text encrypted at once")
			}
		})
	}
}

func TestCBCInPlaceAndAppend(t *testing.T) {
	key, iv, text := octets(1, 16), octets(2, 16), octets(3, 64)
	want, err := newCBC(t, "aes128-cbc", key, iv).Encrypt(nil, text)
	if err != nil {
		t.Fatal(err)
	}

	buf := bytes.Clone(text)
	got, err := newCBC(t, "aes128-cbc", key, iv).Encrypt(buf[:0], buf)
	if err != nil || !bytes.Equal(got, want) || &got[0] != &buf[0] {
		t.Errorf("encrypted in place: %x, %v", got, err)
	}
	c := newCBC(t, "aes128-cbc", key, iv)
	got, err = c.Decrypt(buf[:0], buf)
	if err != nil || !bytes.Equal(got, text) || &got[0] != &buf[0] {
		t.Errorf("decrypted in place: %x, %v", got, err)
	}
	if !bytes.Equal(c.IV(), want[48:]) {
		t.Errorf("IV after decryption in place %x, want %x", c.IV(), want[48:])
	}

	header := []byte("header")
	got, err = newCBC(t, "aes128-cbc", key, iv).Encrypt(header, text)
	if err != nil || !bytes.Equal(got, append([]byte("header"), want...)) {
		t.Errorf("appended: %x, %v", got, err)
	}
}

func TestCBCErrors(t *testing.T) {
	aes := keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 128}
	for _, tt := range []struct {
		name    string
		suite   keymat.Suite
		key, iv int
		want    error
	}{
		{"unknown cipher", keymat.Suite{Cipher: 99}, 16, 16, keymat.ErrUnknown},
		{"no key length", keymat.Suite{Cipher: keymat.AESCBC}, 16, 16, keymat.ErrKeyLength},
		{"key too long", aes, 24, 16, keymat.ErrKeyLength},
		{"no key", aes, 0, 16, keymat.ErrKeyLength},
		{"IV too short", aes, 16, 8, keymat.ErrBlockSize},
		{"IV too long", keymat.Suite{Cipher: keymat.DESCBC}, 8, 16, keymat.ErrBlockSize},
		{"no IV", aes, 16, 0, keymat.ErrBlockSize},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := keymat.NewCBC(tt.suite, make([]byte, tt.key), make([]byte, tt.iv)); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// A text that is not whole blocks moves nothing: the session may go on with the next message.
func TestCBCRefusesPartialBlocks(t *testing.T) {
	c := newCBC(t, "3des-cbc", octets(1, 24), octets(2, 8))
	for n := range 64 {
		iv := c.IV()
		enc, errE := c.Encrypt([]byte("x"), make([]byte, n))
		if n%8 == 0 {
			if errE != nil || len(enc) != 1+n {
				t.Errorf("%d octets: %d, %v", n, len(enc), errE)
			}
			continue
		}
		dec, errD := c.Decrypt([]byte("x"), make([]byte, n))
		if !errors.Is(errE, keymat.ErrBlockSize) || !errors.Is(errD, keymat.ErrBlockSize) {
			t.Errorf("%d octets: errors %v and %v, want %v", n, errE, errD, keymat.ErrBlockSize)
		}
		if string(enc) != "x" || string(dec) != "x" || !bytes.Equal(c.IV(), iv) {
			t.Errorf("%d octets changed dst or the chain", n)
		}
	}
}

func TestCBCWithIV(t *testing.T) {
	c := newCBC(t, "aes128-cbc", octets(1, 16), octets(2, 16))
	other, err := c.WithIV(c.IV())
	if err != nil {
		t.Fatal(err)
	}
	a, errA := other.Encrypt(nil, octets(3, 32))
	if !bytes.Equal(c.IV(), octets(2, 16)) {
		t.Error("the other chain moved this one")
	}
	b, errB := c.Encrypt(nil, octets(3, 32))
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("%x, %v and %x, %v from the same IV", a, errA, b, errB)
	}
	if _, err := c.WithIV(octets(2, 8)); !errors.Is(err, keymat.ErrBlockSize) {
		t.Errorf("error %v, want %v", err, keymat.ErrBlockSize)
	}
}

// Openswan's unit tests fix the cipher key and what is said under it. The last block of their main mode, the message ID of the
// quick mode and its IV are facts of theirs.
func TestQuickIVKnownAnswer(t *testing.T) {
	s := suite(t, "3des-cbc", "md5", "modp2048")
	equal(t, "IV", keymat.QuickIV(s, unhex(t, "b19b24c74dc81688"), 0x80010203), "53faf10229d37015")
}
