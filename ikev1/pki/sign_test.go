package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signers are the methods that sign, each with a key and the size of its signature and of its hash.
var signers = []struct {
	method wire.AuthMethod
	key    func() crypto.Signer
	sig    int
	hash   int
}{
	{wire.AuthRSASig, func() crypto.Signer { return testKey(pki.RSA1024) }, 128, 20},
	{wire.AuthRSASig, func() crypto.Signer { return testKey(pki.RSA2048) }, 256, 16},
	{wire.AuthXAUTHInitRSASig, func() crypto.Signer { return testKey(pki.RSA2048) }, 256, 32},
	{wire.AuthXAUTHRespRSASig, func() crypto.Signer { return testKey(pki.RSA2048) }, 256, 48},
	{wire.AuthHybridInitRSA, func() crypto.Signer { return testKey(pki.RSA3072) }, 384, 64},
	{wire.AuthDSS, dssKey, 40, 20},
	{wire.AuthECDSA256, func() crypto.Signer { return testKey(pki.ECDSAP256) }, 64, 32},
	{wire.AuthECDSA384, func() crypto.Signer { return testKey(pki.ECDSAP384) }, 96, 48},
	{wire.AuthECDSA521, func() crypto.Signer { return testKey(pki.ECDSAP521) }, 132, 64},
}

func TestSignVerify(t *testing.T) {
	for _, s := range signers {
		t.Run(fmt.Sprintf("%v/%d", s.method, s.hash), func(t *testing.T) {
			key := s.key()
			hash := bytes.Repeat([]byte{0xa5}, s.hash)
			sig, err := pki.Sign(nil, key, s.method, hash)
			if err != nil {
				t.Fatal(err)
			}
			if len(sig) != s.sig {
				t.Errorf("signature of %d octets, want %d", len(sig), s.sig)
			}
			if err := pki.Verify(key.Public(), s.method, hash, sig); err != nil {
				t.Error(err)
			}
			for n := range sig {
				wantErr(t, pki.Verify(key.Public(), s.method, hash, sig[:n]), pki.ErrSignature)
			}
			wantErr(t, pki.Verify(key.Public(), s.method, hash, append(bytes.Clone(sig), 0)), pki.ErrSignature)
			for _, i := range []int{0, 1, len(sig) / 2, len(sig) - 1} {
				bad := bytes.Clone(sig)
				bad[i] ^= 0x40
				wantErr(t, pki.Verify(key.Public(), s.method, hash, bad), pki.ErrSignature)
			}
			other := bytes.Clone(hash)
			other[s.hash-1] ^= 1
			wantErr(t, pki.Verify(key.Public(), s.method, other, sig), pki.ErrSignature)
			wantErr(t, pki.Verify(key.Public(), s.method, hash[1:], sig), pki.ErrHash)
			wantErr(t, pki.Verify(key.Public(), s.method, hash, make([]byte, len(sig))), pki.ErrSignature)
			wantErr(t, pki.Verify(key.Public(), s.method, hash, bytes.Repeat([]byte{0xff}, len(sig))), pki.ErrSignature)
		})
	}
}

func TestSignReproducible(t *testing.T) {
	for _, s := range signers {
		if s.method == wire.AuthDSS { // crypto/dsa draws its own nonces
			continue
		}
		hash := make([]byte, s.hash)
		first, err := pki.Sign(seeded("a"), s.key(), s.method, hash)
		if err != nil {
			t.Fatal(err)
		}
		second, err := pki.Sign(seeded("b"), s.key(), s.method, hash)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%v: two signatures over the same hash differ", s.method)
		}
	}
}

func TestSignErrors(t *testing.T) {
	rsaKey, ecKey := testKey(pki.RSA1024), testKey(pki.ECDSAP256)
	tests := []struct {
		name   string
		key    crypto.Signer
		method wire.AuthMethod
		hash   int
		want   error
	}{
		{"no key", nil, wire.AuthRSASig, 20, pki.ErrKey},
		{"not a signature method", rsaKey, wire.AuthPSK, 20, pki.ErrMethod},
		{"encryption is no signature", rsaKey, wire.AuthRSAEnc, 20, pki.ErrMethod},
		{"unknown method", rsaKey, 999, 20, pki.ErrMethod},
		{"RSA key for ECDSA", rsaKey, wire.AuthECDSA256, 32, pki.ErrKey},
		{"ECDSA key for RSA", ecKey, wire.AuthRSASig, 20, pki.ErrKey},
		{"ECDSA key for DSS", ecKey, wire.AuthDSS, 20, pki.ErrKey},
		{"P-256 for P-384", ecKey, wire.AuthECDSA384, 48, pki.ErrKey},
		{"the curve fixes the hash", ecKey, wire.AuthECDSA256, 20, pki.ErrHash},
		{"no hash has 21 octets", rsaKey, wire.AuthRSASig, 21, pki.ErrHash},
		{"no hash", rsaKey, wire.AuthRSASig, 0, pki.ErrHash},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := pki.Sign(nil, tt.key, tt.method, make([]byte, tt.hash))
			wantErr(t, err, tt.want)
			if tt.key != nil {
				wantErr(t, pki.Verify(tt.key.Public(), tt.method, make([]byte, tt.hash), nil), tt.want)
			}
		})
	}
	wantErr(t, pki.Verify(nil, wire.AuthRSASig, make([]byte, 20), nil), pki.ErrKey)
	wantErr(t, pki.Verify(&rsa.PublicKey{}, wire.AuthRSASig, make([]byte, 20), nil), pki.ErrKey)
	wantErr(t, pki.Verify(&ecdsa.PublicKey{}, wire.AuthECDSA256, make([]byte, 32), nil), pki.ErrKey)
}

// What goes into the private key operation must be the bare hash. A verifier that looks only for the hash somewhere, or at its
// beginning, can be cheated (RFC 2409 section 5.1; several IKE daemons had this hole).
func TestRSARecoveredHash(t *testing.T) {
	key := testKey(pki.RSA1024).(*rsa.PrivateKey)
	hash := sha1.Sum([]byte("HASH_I"))
	tests := []struct {
		name   string
		signed []byte
		text   string // must occur in the error
	}{
		{"empty", nil, "recovered 0 octets, expected 20"},
		{"one octet less", hash[:19], "recovered 19 octets, expected 20"},
		{"one octet more behind", append(bytes.Clone(hash[:]), 0), "recovered 21 octets, expected 20"},
		{"one octet more before", append([]byte{0}, hash[:]...), "1 octets before it"},
		{"truncated hash and zeros", append(bytes.Clone(hash[:12]), make([]byte, 8)...), "another hash"},
		{"as long as fits", bytes.Repeat(hash[:], 6)[:117], "recovered 117 octets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sig, err := rsa.SignPKCS1v15(nil, key, crypto.Hash(0), tt.signed)
			if err != nil {
				t.Fatal(err)
			}
			err = pki.Verify(&key.PublicKey, wire.AuthRSASig, hash[:], sig)
			wantErr(t, err, pki.ErrSignature)
			if !strings.Contains(fmt.Sprint(err), tt.text) {
				t.Errorf("error %q has no %q", err, tt.text)
			}
			got, err := pki.RecoverRSA(&key.PublicKey, sig)
			if err != nil || !bytes.Equal(got, tt.signed) {
				t.Errorf("recovered %x, %v, want %x", got, err, tt.signed)
			}
		})
	}
	t.Run("DigestInfo", func(t *testing.T) {
		sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		err = pki.Verify(&key.PublicKey, wire.AuthRSASig, hash[:], sig)
		wantErr(t, err, pki.ErrSignature)
		if !strings.Contains(fmt.Sprint(err), "DigestInfo") {
			t.Errorf("error %q does not say what it is", err)
		}
	})
}

// block1 pads as PKCS #1 block type 1 does, with the faults a forger would try.
func TestRSAPadding(t *testing.T) {
	key := testKey(pki.RSA1024).(*rsa.PrivateKey)
	hash := sha1.Sum([]byte("HASH_R"))
	good := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 128-3-20)...), append([]byte{0}, hash[:]...)...)
	tests := []struct {
		name string
		edit func(em []byte) []byte
		want error
	}{
		{"good", func(em []byte) []byte { return em }, nil},
		{"block type 0", func(em []byte) []byte { em[1] = 0; return em }, pki.ErrSignature},
		{"block type 2", func(em []byte) []byte { em[1] = 2; return em }, pki.ErrSignature},
		{"first octet", func(em []byte) []byte { em[0] = 1; return em }, pki.ErrSignature},
		{"padding octet", func(em []byte) []byte { em[20] = 0xfe; return em }, pki.ErrSignature},
		{"no separator", func(em []byte) []byte { em[128-21] = 0xff; return em }, pki.ErrSignature},
		{"padding of 7", func(em []byte) []byte { em[9] = 0; return em }, pki.ErrSignature},
		{"only padding", func([]byte) []byte { return append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 126)...) }, pki.ErrSignature},
		{"hash at the front, garbage behind", func([]byte) []byte {
			em := append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 8)...), append([]byte{0}, hash[:]...)...)
			return append(em, bytes.Repeat([]byte{0x5a}, 128-len(em))...)
		}, pki.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sig := privateOperation(key, tt.edit(bytes.Clone(good)))
			wantErr(t, pki.Verify(&key.PublicKey, wire.AuthRSASig, hash[:], sig), tt.want)
		})
	}
}

func TestAuthHash(t *testing.T) {
	got := map[string]string{}
	for m := range wire.AuthMethod(12) {
		if h, ok := pki.AuthHash(m); ok {
			got[m.String()] = h.String()
		}
	}
	want := map[string]string{"dss-sig": "sha1", "ecdsa-sha256": "sha256", "ecdsa-sha384": "sha384", "ecdsa-sha512": "sha512"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if h, ok := pki.AuthHash(wire.AuthRSASig); ok {
		t.Errorf("RSA fixes hash %v, but signs the negotiated one", h)
	}
	for m, want := range map[wire.AuthMethod]bool{wire.AuthPSK: false, wire.AuthRSASig: true, wire.AuthRSAEnc: false, wire.AuthRSARevEnc: false, wire.AuthDSS: true} {
		if pki.Signs(m) != want {
			t.Errorf("Signs(%v) is %v", m, !want)
		}
	}
}

// The vectors of RFC 4754 section 8: private key, SHA-2 of "abc", r | s.
func TestRFC4754(t *testing.T) {
	tests := []struct {
		method   wire.AuthMethod
		curve    elliptic.Curve
		hash     keymat.Hash
		key, sig string
	}{
		{
			wire.AuthECDSA256, elliptic.P256(), keymat.SHA256,
			"DC51D386 6A15BACD E33D96F9 92FCA99D A7E6EF09 34E70975 59C27F16 14C88A7F",
			"CB28E099 9B9C7715 FD0A80D8 E47A7707 9716CBBF 917DD72E 97566EA1 C066957C" +
				"86FA3BB4 E26CAD5B F90B7F81 899256CE 7594BB1E A0C89212 748BFF3B 3D5B0315",
		},
		{
			wire.AuthECDSA384, elliptic.P384(), keymat.SHA384,
			"0BEB6466 34BA8773 5D77AE48 09A0EBEA 865535DE 4C1E1DCB 692E8470 8E81A5AF 62E528C3 8B2A81B3 5309668D 73524D9F",
			"FB017B91 4E291494 32D8BAC2 9A514640 B46F53DD AB2C6994 8084E293 0F1C8F7E 08E07C9C 63F2D21A 07DCB56A 6AF56EB3" +
				"B263A130 5E057F98 4D38726A 1B468741 09F417BC A112674C 528262A4 0A629AF1 CBB9F516 CE0FA7D2 FF630863 A00E8B9F",
		},
		{
			wire.AuthECDSA521, elliptic.P521(), keymat.SHA512,
			"0065FDA3 409451DC AB0A0EAD 45495112 A3D813C1 7BFD34BD F8C1209D 7DF58491 20597779 060A7FF9 D704ADF7 8B570FFA" +
				"D6F062E9 5C7E0C5D 5481C5B1 53B48B37 5FA1",
			"0154FD38 36AF92D0 DCA57DD5 341D3053 988534FD E8318FC6 AAAAB68E 2E6F4339 B19F2F28 1A7E0B22 C269D93C F8794A92" +
				"78880ED7 DBB8D936 2CAEACEE 54432055 2251" +
				"017705A7 030290D1 CEB605A9 A1BB03FF 9CDD521E 87A696EC 926C8C10 C8362DF4 97536710 1F67D1CF 9BCCBF2F 3D239534" +
				"FA509E70 AAC851AE 01AAC68D 62F86647 2660",
		},
	}
	for _, tt := range tests {
		t.Run(tt.method.String(), func(t *testing.T) {
			key, err := ecdsa.ParseRawPrivateKey(tt.curve, unhex(t, tt.key))
			if err != nil {
				t.Fatal(err)
			}
			if err := pki.Verify(key.Public(), tt.method, tt.hash.Sum([]byte("abc")), unhex(t, tt.sig)); err != nil {
				t.Error(err)
			}
			wantErr(t, pki.Verify(key.Public(), tt.method, tt.hash.Sum([]byte("abd")), unhex(t, tt.sig)), pki.ErrSignature)
		})
	}
}

// A peer may send the ASN.1 that certificates have.
func TestECDSAASN1(t *testing.T) {
	key := testKey(pki.ECDSAP256).(*ecdsa.PrivateKey)
	der, err := ecdsa.SignASN1(nil, key, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	err = pki.Verify(key.Public(), wire.AuthECDSA256, make([]byte, 32), der)
	wantErr(t, err, pki.ErrSignature)
	if !strings.Contains(err.Error(), "ASN.1") {
		t.Errorf("error %q does not say what it is", err)
	}
}

// oddSigner returns what no signer should.
type oddSigner struct {
	crypto.Signer
	sig []byte
	err error
}

func (o oddSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return o.sig, o.err }

func TestSignerFaults(t *testing.T) {
	fault := errors.New("token removed")
	for _, s := range []oddSigner{
		{Signer: testKey(pki.ECDSAP256)},
		{Signer: testKey(pki.ECDSAP256), sig: []byte{0x30, 0}},
		{Signer: testKey(pki.ECDSAP256), sig: []byte{0x30, 6, 2, 1, 0, 2, 1, 1}},
		{Signer: testKey(pki.ECDSAP256), err: fault},
	} {
		_, err := pki.Sign(nil, s, wire.AuthECDSA256, make([]byte, 32))
		wantErr(t, err, pki.ErrKey)
		if s.err != nil {
			wantErr(t, err, fault)
		}
	}
	_, err := pki.Sign(nil, oddSigner{Signer: testKey(pki.RSA1024), err: fault}, wire.AuthRSASig, make([]byte, 20))
	wantErr(t, err, fault)
}

func BenchmarkSign(b *testing.B) {
	for _, s := range signers {
		b.Run(fmt.Sprintf("%v/%d", s.method, s.sig), func(b *testing.B) {
			key, hash := s.key(), make([]byte, s.hash)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pki.Sign(nil, key, s.method, hash); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, s := range signers {
		b.Run(fmt.Sprintf("%v/%d", s.method, s.sig), func(b *testing.B) {
			key, hash := s.key(), make([]byte, s.hash)
			sig, err := pki.Sign(nil, key, s.method, hash)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := pki.Verify(key.Public(), s.method, hash, sig); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
