package keymat_test

import (
	"bytes"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

func TestQuickHashes(t *testing.T) {
	const msgID = 0xb9bb408c
	in, skeyidA, rest := madeUp(), octets(0xa0, 20), octets(0, 40)
	for _, v := range quickHashes {
		t.Run(v.hash.String(), func(t *testing.T) {
			equal(t, "HASH(1)", keymat.Hash1(v.hash, skeyidA, msgID, rest), v.hash1)
			equal(t, "HASH(2)", keymat.Hash2(v.hash, skeyidA, msgID, in.Ni, rest), v.hash2)
			equal(t, "HASH(3)", keymat.Hash3(v.hash, skeyidA, msgID, in.Ni, in.Nr), v.hash3)
			s := keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 128, Hash: v.hash}
			equal(t, "IV", keymat.QuickIV(s, octets(0xe0, 16), msgID), v.iv)
		})
	}
}

func TestKEYMAT(t *testing.T) {
	in, skeyidD := madeUp(), octets(0xa0, 20)
	for _, v := range keymats {
		t.Run(v.name, func(t *testing.T) {
			var gxy []byte
			if v.pfs {
				gxy = in.GXY
			}
			equal(t, "KEYMAT", keymat.KEYMAT(v.hash, skeyidD, gxy, v.protocol, madeUpSPI, in.Ni, in.Nr, v.n), v.want)
		})
	}
}

// Asking for more octets must not change the first ones, and each direction, protocol and nonce must give other keys.
func TestKEYMATDependsOnEverything(t *testing.T) {
	in, skeyidD := madeUp(), octets(0xa0, 20)
	derive := func(gxy []byte, protocol uint8, spi, ni, nr []byte, n int) []byte {
		return keymat.KEYMAT(keymat.SHA1, skeyidD, gxy, protocol, spi, ni, nr, n)
	}
	base := derive(nil, 3, madeUpSPI, in.Ni, in.Nr, 100)
	for n := range 100 {
		if got := derive(nil, 3, madeUpSPI, in.Ni, in.Nr, n); !bytes.Equal(got, base[:n]) {
			t.Fatalf("%d octets are not the first of 100: %x", n, got)
		}
	}
	for what, other := range map[string][]byte{
		"g(qm)^xy": derive(in.GXY, 3, madeUpSPI, in.Ni, in.Nr, 100),
		"protocol": derive(nil, 2, madeUpSPI, in.Ni, in.Nr, 100),
		"SPI":      derive(nil, 3, []byte{1, 2, 3, 4}, in.Ni, in.Nr, 100),
		"order":    derive(nil, 3, madeUpSPI, in.Nr, in.Ni, 100),
	} {
		if bytes.Equal(base[:20], other[:20]) {
			t.Errorf("KEYMAT does not depend on the %s", what)
		}
	}
}

func TestHashIAndHashRMirror(t *testing.T) {
	s := suite(t, "3des-cbc", "md5", "modp768")
	in, skeyid, sai, id := madeUp(), octets(1, 16), octets(2, 30), octets(3, 8)
	mirrored := keymat.Exchange{CookieI: in.CookieR, CookieR: in.CookieI, GXi: in.GXr, GXr: in.GXi}
	i, r := keymat.HashI(s, skeyid, in, sai, id), keymat.HashR(s, skeyid, in, sai, id)
	if bytes.Equal(i, r) {
		t.Error("HASH_I and HASH_R of the same identity agree: a proof could be reflected")
	}
	if !bytes.Equal(r, keymat.HashI(s, skeyid, mirrored, sai, id)) {
		t.Error("HASH_R is not HASH_I with the ends exchanged")
	}
}

func TestUnknownHashGivesNothing(t *testing.T) {
	const none = keymat.Hash(99)
	s, in := keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 128, Hash: none}, madeUp()
	for what, got := range map[string][]byte{
		"Sum":             none.Sum(in.Ni),
		"PRF":             keymat.PRF(none, in.Ni, in.Nr),
		"SKEYIDPSK":       keymat.SKEYIDPSK(none, madeUpPSK, in.Ni, in.Nr),
		"SKEYIDSignature": keymat.SKEYIDSignature(none, in.Ni, in.Nr, in.GXY),
		"SKEYIDPKE":       keymat.SKEYIDPKE(none, in.CookieI, in.CookieR, in.Ni, in.Nr),
		"HashI":           keymat.HashI(s, in.Ni, in, in.Ni, in.Nr),
		"HashR":           keymat.HashR(s, in.Ni, in, in.Ni, in.Nr),
		"Hash1":           keymat.Hash1(none, in.Ni, 1, in.Nr),
		"Hash2":           keymat.Hash2(none, in.Ni, 1, in.Ni, in.Nr),
		"Hash3":           keymat.Hash3(none, in.Ni, 1, in.Ni, in.Nr),
		"KEYMAT":          keymat.KEYMAT(none, in.Ni, nil, 3, madeUpSPI, in.Ni, in.Nr, 36),
		"FirstIV":         keymat.FirstIV(s, in.GXi, in.GXr),
		"QuickIV":         keymat.QuickIV(s, in.Ni, 1),
	} {
		if got != nil {
			t.Errorf("%s = %x, want nil", what, got)
		}
	}
	if none.New() != nil || none.Size() != 0 {
		t.Error("an unknown hash has a New or a Size")
	}
	if got := keymat.KEYMAT(keymat.SHA1, in.Ni, nil, 3, madeUpSPI, in.Ni, in.Nr, -1); got != nil {
		t.Errorf("KEYMAT of -1 octets = %x, want nil", got)
	}
}
