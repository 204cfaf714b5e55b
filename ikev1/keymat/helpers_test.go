package keymat_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func uncookie(t testing.TB, s string) (c [8]byte) {
	t.Helper()
	if copy(c[:], unhex(t, s)) != len(c) {
		t.Fatalf("cookie %q is not 8 octets", s)
	}
	return c
}

// equal reports octets that differ from what a vector says.
func equal(t testing.TB, what string, got []byte, wantHex string) {
	t.Helper()
	if want := unhex(t, wantHex); !bytes.Equal(got, want) {
		t.Errorf("%s:\n got %x\nwant %x", what, got, want)
	}
}

func octets(first byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

var (
	madeUpPSK = []byte("mekmitasdigoat")
	madeUpSPI = []byte{0xca, 0xfe, 0xba, 0xbe}
)

// madeUp is the exchange the answers of the independent implementation belong to.
func madeUp() keymat.Exchange {
	return keymat.Exchange{
		CookieI: [8]byte(octets(0x10, 8)), CookieR: [8]byte(octets(0x20, 8)),
		Ni: octets(0x30, 16), Nr: octets(0x40, 20),
		GXi: octets(0x50, 96), GXr: octets(0x90, 96),
		GXY: append([]byte{0, 0}, octets(1, 94)...),
	}
}

func suite(t testing.TB, cipher, hash, group string) (s keymat.Suite) {
	t.Helper()
	var errs [3]error
	s.Cipher, s.KeyBits, errs[0] = keymat.ParseCipher(cipher)
	s.Hash, errs[1] = keymat.ParseHash(hash)
	s.Group, errs[2] = keymat.ParseGroup(group)
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}
