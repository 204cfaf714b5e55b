package esp

import (
	"encoding"
	"errors"
	"fmt"
	"testing"
)

func TestSlugs(t *testing.T) {
	type slug interface {
		fmt.Stringer
		encoding.TextMarshaler
	}
	parse := map[string]func(string) (slug, error){
		"cipher":    func(s string) (slug, error) { return ParseCipher(s) },
		"integrity": func(s string) (slug, error) { return ParseIntegrity(s) },
		"protocol":  func(s string) (slug, error) { return ParseProto(s) },
		"mode":      func(s string) (slug, error) { return ParseMode(s) },
	}
	for kind, slugs := range map[string][]slug{
		"cipher":    {NULL, DESCBC, TripleDESCBC, AES128CBC, AES192CBC, AES256CBC, BlowfishCBC, CAST128CBC, AES128CTR, AES256GCM8, AES256GCM16},
		"integrity": {NoIntegrity, HMACMD5x96, HMACSHA1x96, HMACSHA256x128, HMACSHA384x192, HMACSHA512x256, HMACSHA256x96, AESXCBC96},
		"protocol":  {ESP, AH},
		"mode":      {Tunnel, Transport},
	} {
		for _, want := range slugs {
			if got, err := parse[kind](want.String()); err != nil || got != want {
				t.Errorf("%s %q: got %v, %v", kind, want, got, err)
			}
			if b, err := want.MarshalText(); err != nil || string(b) != want.String() {
				t.Errorf("%s %v: text %q, %v", kind, want, b, err)
			}
		}
		for _, bad := range []string{"", "AES", "aes128-cbc ", "Unknown(0)"} {
			if got, err := parse[kind](bad); !errors.Is(err, ErrUnknown) {
				t.Errorf("%s %q: got %v, %v", kind, bad, got, err)
			}
		}
	}
	for _, bad := range []slug{Cipher(0), Cipher(77), Integrity(0), Integrity(77), Proto(0), Mode(0)} {
		if _, err := bad.MarshalText(); !errors.Is(err, ErrUnknown) {
			t.Errorf("%T: %v", bad, err)
		}
	}
	if got := Cipher(42).String() + Integrity(42).String() + Proto(42).String() + Mode(42).String() +
		ICVState(42).String() + UDPKind(42).String(); got != "Unknown(42)Unknown(42)Unknown(42)Unknown(42)Unknown(42)Unknown(42)" {
		t.Error(got)
	}
}

func TestUnmarshalText(t *testing.T) {
	var (
		c Cipher
		i Integrity
		p Proto
		m Mode
	)
	for _, tc := range []struct {
		into encoding.TextUnmarshaler
		text string
		got  func() any
		want any
	}{
		{&c, "aes256-cbc", func() any { return c }, AES256CBC},
		{&i, "hmac-sha512-256", func() any { return i }, HMACSHA512x256},
		{&p, "ah", func() any { return p }, AH},
		{&m, "transport", func() any { return m }, Transport},
	} {
		if err := tc.into.UnmarshalText([]byte(tc.text)); err != nil || tc.got() != tc.want {
			t.Errorf("%s: %v, %v", tc.text, tc.got(), err)
		}
		if err := tc.into.UnmarshalText([]byte("rot13")); !errors.Is(err, ErrUnknown) || tc.got() != tc.want {
			t.Errorf("rot13: %v, %v", tc.got(), err)
		}
	}
}

func TestWeak(t *testing.T) {
	for _, s := range suites() {
		old := s.Cipher == DESCBC || s.Cipher == BlowfishCBC || s.Cipher == CAST128CBC
		want := old || s.Integrity == HMACMD5x96 || s.Integrity == NoIntegrity && s.Cipher < AES128GCM8
		if s.Weak() != want {
			t.Errorf("%v: weak %t", s, s.Weak())
		}
	}
}

func TestSplitKEYMAT(t *testing.T) {
	for _, tc := range []struct {
		suite Suite
		e, i  int
	}{
		{Suite{AES128CBC, HMACSHA1x96}, 16, 20},
		{Suite{AES192CBC, HMACSHA384x192}, 24, 48},
		{Suite{AES256CBC, HMACSHA512x256}, 32, 64},
		{Suite{TripleDESCBC, HMACMD5x96}, 24, 16},
		{Suite{DESCBC, HMACSHA256x96}, 8, 32},
		{Suite{NULL, HMACSHA256x128}, 0, 32},
		{Suite{AES128CBC, NoIntegrity}, 16, 0},
		{Suite{AES192CTR, HMACSHA1x96}, 28, 20},
		{Suite{AES256GCM8, NoIntegrity}, 36, 0},
		{Suite{CAST128CBC, AESXCBC96}, 16, 16},
	} {
		km := make([]byte, 100)
		for i := range km {
			km[i] = byte(i)
		}
		n := tc.e + tc.i
		if got := tc.suite.KEYMATLen(); got != n {
			t.Errorf("%v: KEYMATLen %d, want %d", tc.suite, got, n)
		}
		keys, err := SplitKEYMAT(tc.suite, km)
		if err != nil || string(keys.Encryption) != string(km[:tc.e]) || string(keys.Integrity) != string(km[tc.e:n]) {
			t.Errorf("%v: %x, %x, %v", tc.suite, keys.Encryption, keys.Integrity, err)
		}
		if _, err := SplitKEYMAT(tc.suite, km[:n-1]); !errors.Is(err, ErrKeyLength) {
			t.Errorf("%v: %v for an octet too few", tc.suite, err)
		}
	}
}

func TestIKE(t *testing.T) {
	for _, s := range suites() {
		id, bits, auth := s.ToIKE()
		got, err := FromIKE(id, bits, auth)
		want := s
		if s.Integrity == HMACSHA256x96 {
			want.Integrity = HMACSHA256x128 // the same number
		}
		if err != nil || got != want {
			t.Errorf("%v: %d, %d, %d: got %v, %v", s, id, bits, auth, got, err)
		}
	}
	for _, tc := range []struct {
		id   uint8
		bits int
		auth uint16
		want error
	}{
		{12, 0, 2, ErrKeyLength},   // AES without Key Length
		{12, 129, 2, ErrKeyLength}, // no such AES
		{3, 192, 2, ErrKeyLength},  // 3DES takes no Key Length
		{7, 64, 2, ErrKeyLength},   // Blowfish is used with 128 bits
		{20, 0, 0, ErrKeyLength},   // AES-GCM without Key Length
		{22, 128, 2, ErrUnknown},   // Camellia
		{0, 0, 2, ErrUnknown},
		{12, 128, 3, ErrUnknown}, // DES-MAC
		{12, 128, 999, ErrUnknown},
	} {
		if s, err := FromIKE(tc.id, tc.bits, tc.auth); !errors.Is(err, tc.want) || s != (Suite{}) {
			t.Errorf("%d, %d, %d: got %v, %v", tc.id, tc.bits, tc.auth, s, err)
		}
	}
	for id, want := range map[uint8]Cipher{6: CAST128CBC, 7: BlowfishCBC} { // RFC 2451 2.2: the default length may be left out
		if s, err := FromIKE(id, 0, 2); err != nil || s.Cipher != want {
			t.Errorf("transform %d: %v, %v", id, s, err)
		}
	}
	if id, bits, auth := (Suite{AES256CBC, HMACSHA256x128}).ToIKE(); id != 12 || bits != 256 || auth != 5 {
		t.Error(id, bits, auth)
	}
}
