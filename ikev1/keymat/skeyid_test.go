package keymat_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

func checkKDF(t *testing.T, v kdfVector) {
	t.Helper()
	in := keymat.Exchange{
		CookieI: uncookie(t, v.cookieI), CookieR: uncookie(t, v.cookieR),
		Ni: unhex(t, v.ni), Nr: unhex(t, v.nr), GXY: unhex(t, v.gxy),
	}
	s := keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 128, Hash: v.hash} // no group: the secret is too short for any
	var p keymat.Phase1
	var err error
	switch v.auth {
	case "psk":
		p, err = keymat.DerivePSK(s, unhex(t, v.psk), in)
	case "signature":
		p, err = keymat.DeriveSignature(s, in)
	case "pke":
		p, err = keymat.DerivePKE(s, in)
	default:
		t.Fatalf("unknown method %q", v.auth)
	}
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "SKEYID", p.SKEYID, v.skeyid)
	equal(t, "SKEYID_d", p.D, v.skeyD)
	equal(t, "SKEYID_a", p.A, v.skeyA)
	equal(t, "SKEYID_e", p.E, v.skeyE)
}

func TestDeriveKnownAnswers(t *testing.T) {
	for _, v := range kdfVectors {
		t.Run(v.name, func(t *testing.T) { checkKDF(t, v) })
	}
}

func TestMainModeKnownAnswers(t *testing.T) {
	v := mainMode
	s := suite(t, "aes128-cbc", "sha1", "modp1024")
	in := keymat.Exchange{
		CookieI: uncookie(t, v.cookieI), CookieR: uncookie(t, v.cookieR),
		Ni: unhex(t, v.ni), Nr: unhex(t, v.nr),
		GXi: unhex(t, v.gxi), GXr: unhex(t, v.gxr), GXY: unhex(t, v.gxy),
	}
	p, err := keymat.DerivePSK(s, []byte(v.psk), in)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "SKEYID", p.SKEYID, v.skeyid)
	equal(t, "SKEYID_d", p.D, v.skeyD)
	equal(t, "SKEYID_a", p.A, v.skeyA)
	equal(t, "SKEYID_e", p.E, v.skeyE)
	equal(t, "Ka", p.Key, v.key)
	equal(t, "IV", p.IV, v.iv)
	equal(t, "HASH_I", keymat.HashI(s, p.SKEYID, in, unhex(t, v.sai), unhex(t, v.idii)), v.hashI)
	equal(t, "HASH_R", keymat.HashR(s, p.SKEYID, in, unhex(t, v.sai), unhex(t, v.idir)), v.hashR)
}

func checkAggressive(t *testing.T, v aggressiveVector) {
	t.Helper()
	psk := []byte(v.psk)
	if v.nortelUser != "" {
		psk = keymat.PRF(keymat.SHA1, keymat.SHA1.Sum(psk), []byte(v.nortelUser))
	}
	in := keymat.Exchange{
		CookieI: uncookie(t, v.cookieI), CookieR: uncookie(t, v.cookieR),
		GXi: unhex(t, v.gxi), GXr: unhex(t, v.gxr),
	}
	skeyid := keymat.SKEYIDPSK(v.hash, psk, unhex(t, v.ni), unhex(t, v.nr))
	got := keymat.HashR(keymat.Suite{Hash: v.hash}, skeyid, in, unhex(t, v.sai), unhex(t, v.idir))
	equal(t, "HASH_R", got, v.hashR)
}

// Neither the g^xy nor the cipher of these is known, and none is needed.
func TestAggressiveKnownAnswers(t *testing.T) {
	for _, v := range aggressiveVectors {
		t.Run(v.name, func(t *testing.T) { checkAggressive(t, v) })
	}
}

func TestCipherKeyAndIV(t *testing.T) {
	for _, v := range expansions {
		t.Run(v.cipher+"/"+v.hash, func(t *testing.T) {
			s := suite(t, v.cipher, v.hash, "modp768")
			p, err := keymat.DerivePSK(s, madeUpPSK, madeUp())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "SKEYID_e", p.E, v.skeyE)
			equal(t, "Ka", p.Key, v.key)
			equal(t, "IV", p.IV, v.iv)
			key, err := keymat.CipherKey(s, p.E)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "CipherKey", key, v.key)
		})
	}
}

// The two zero octets in front of g^xy are part of it (RFC 2409 5: the value is as long as the prime).
func TestDeriveKeepsLeadingZeros(t *testing.T) {
	s := suite(t, "aes128-cbc", "sha1", "modp768")
	in := madeUp()
	whole, err := keymat.DerivePSK(s, madeUpPSK, in)
	if err != nil {
		t.Fatal(err)
	}
	in.GXY = bytes.TrimLeft(in.GXY, "\x00")
	stripped, err := keymat.DerivePSK(s, madeUpPSK, in)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(whole.D, stripped.D) {
		t.Error("SKEYID_d does not depend on the leading zeros of g^xy")
	}
}

func TestDeriveErrors(t *testing.T) {
	good := keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA1}
	for _, tt := range []struct {
		name string
		edit func(*keymat.Suite)
		want error
	}{
		{"cipher 99", func(s *keymat.Suite) { s.Cipher = 99 }, keymat.ErrUnknown},
		{"no cipher", func(s *keymat.Suite) { s.Cipher = 0 }, keymat.ErrUnknown},
		{"hash 3", func(s *keymat.Suite) { s.Hash = 3 }, keymat.ErrUnknown},
		{"aes without key length", func(s *keymat.Suite) { s.KeyBits = 0 }, keymat.ErrKeyLength},
		{"aes of 129 bits", func(s *keymat.Suite) { s.KeyBits = 129 }, keymat.ErrKeyLength},
		{"aes of minus 128 bits", func(s *keymat.Suite) { s.KeyBits = -128 }, keymat.ErrKeyLength},
		{"3des of 128 bits", func(s *keymat.Suite) { s.Cipher = keymat.TripleDESCBC }, keymat.ErrKeyLength},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := good
			tt.edit(&s)
			_, errPSK := keymat.DerivePSK(s, madeUpPSK, madeUp())
			_, errSig := keymat.DeriveSignature(s, madeUp())
			_, errPKE := keymat.DerivePKE(s, madeUp())
			_, errKey := keymat.CipherKey(s, madeUpPSK)
			for _, err := range []error{errPSK, errSig, errPKE, errKey} {
				if !errors.Is(err, tt.want) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
			}
		})
	}
}

// What a derivation returns must not change with what it was given, or with another part of the result.
func TestDeriveDoesNotAlias(t *testing.T) {
	s := suite(t, "aes128-cbc", "sha1", "modp768")
	skeyid := octets(1, 20)
	p, err := keymat.Derive(s, skeyid, madeUp())
	if err != nil {
		t.Fatal(err)
	}
	e := bytes.Clone(p.E)
	clear(skeyid)
	clear(p.Key)
	if !bytes.Equal(p.SKEYID, octets(1, 20)) || !bytes.Equal(p.E, e) {
		t.Error("the result shares memory with the argument or with itself")
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	s := suite(t, "aes128-cbc", "sha1", "modp768")
	in := madeUp()
	p, err := keymat.DerivePSK(s, madeUpPSK, in)
	if err != nil {
		t.Fatal(err)
	}
	x := octets(0xd1, 16)
	k, err := keymat.PrivateKeyFromBytes(keymat.MODP768, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		got := fmt.Sprintf(verb+verb+verb+verb, p, &p, in, k)
		for _, secret := range [][]byte{p.SKEYID, p.D, p.A, p.E, in.GXY, x} {
			for _, form := range []string{
				fmt.Sprintf("%x", secret[:8]), fmt.Sprint(secret[:4])[1:],
				strings.Trim(fmt.Sprintf("%#v", secret[:4]), "[]byte{}"), string(secret[:4]),
			} {
				if strings.Contains(got, strings.TrimSuffix(form, "]")) {
					t.Errorf("%s shows a secret: %s", verb, got)
				}
			}
		}
	}
}
