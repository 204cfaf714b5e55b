package keymat_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

func TestHashes(t *testing.T) {
	for _, tt := range []struct {
		hash  keymat.Hash
		value uint16
		slug  string
		size  int
		weak  bool
	}{
		{keymat.MD5, 1, "md5", 16, true},
		{keymat.SHA1, 2, "sha1", 20, false},
		{keymat.SHA256, 4, "sha256", 32, false},
		{keymat.SHA384, 5, "sha384", 48, false},
		{keymat.SHA512, 6, "sha512", 64, false},
	} {
		parsed, err := keymat.ParseHash(tt.slug)
		if err != nil || parsed != tt.hash || uint16(tt.hash) != tt.value {
			t.Errorf("%s: value %d, %v", tt.slug, parsed, err)
		}
		if tt.hash.String() != tt.slug || tt.hash.Size() != tt.size || tt.hash.New().Size() != tt.size || tt.hash.Weak() != tt.weak {
			t.Errorf("%s: %v of %d octets, weak %v", tt.slug, tt.hash, tt.hash.Size(), tt.hash.Weak())
		}
	}
}

func TestCiphers(t *testing.T) {
	type facts struct {
		Cipher            keymat.Cipher
		Bits              int
		Value             uint16
		Key, Block        int
		Weak              bool
		Slug, WithoutBits string
	}
	for slug, want := range map[string]facts{
		"des-cbc":    {keymat.DESCBC, 0, 1, 8, 8, true, "des-cbc", "des-cbc"},
		"3des-cbc":   {keymat.TripleDESCBC, 0, 5, 24, 8, false, "3des-cbc", "3des-cbc"},
		"aes128-cbc": {keymat.AESCBC, 128, 7, 16, 16, false, "aes128-cbc", "aes-cbc"},
		"aes192-cbc": {keymat.AESCBC, 192, 7, 24, 16, false, "aes192-cbc", "aes-cbc"},
		"aes256-cbc": {keymat.AESCBC, 256, 7, 32, 16, false, "aes256-cbc", "aes-cbc"},

		"blowfish-cbc":    {keymat.BlowfishCBC, 0, 3, 56, 8, true, "blowfish-cbc", "blowfish-cbc"},
		"blowfish40-cbc":  {keymat.BlowfishCBC, 40, 3, 5, 8, true, "blowfish40-cbc", "blowfish-cbc"},
		"blowfish128-cbc": {keymat.BlowfishCBC, 128, 3, 16, 8, true, "blowfish128-cbc", "blowfish-cbc"},
		"blowfish448-cbc": {keymat.BlowfishCBC, 448, 3, 56, 8, true, "blowfish448-cbc", "blowfish-cbc"},
		"cast-cbc":        {keymat.CASTCBC, 0, 6, 16, 8, true, "cast-cbc", "cast-cbc"},
		"cast128-cbc":     {keymat.CASTCBC, 128, 6, 16, 8, true, "cast128-cbc", "cast-cbc"},
	} {
		c, bits, err := keymat.ParseCipher(slug)
		if err != nil {
			t.Error(err)
			continue
		}
		key, err := c.KeySize(bits)
		if err != nil {
			t.Error(err)
		}
		got := facts{c, bits, uint16(c), key, keymat.BlockSize(c), c.Weak(), c.Slug(bits), c.String()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", slug, diff)
		}
	}
}

func TestGroups(t *testing.T) {
	for _, tt := range []struct {
		group  keymat.Group
		value  uint16
		slug   string
		size   int
		shared int
		weak   bool
	}{
		{keymat.MODP768, 1, "modp768", 96, 96, true},
		{keymat.MODP1024, 2, "modp1024", 128, 128, true},
		{keymat.MODP1536, 5, "modp1536", 192, 192, false},
		{keymat.MODP2048, 14, "modp2048", 256, 256, false},
		{keymat.MODP3072, 15, "modp3072", 384, 384, false},
		{keymat.MODP4096, 16, "modp4096", 512, 512, false},
		{keymat.MODP6144, 17, "modp6144", 768, 768, false},
		{keymat.MODP8192, 18, "modp8192", 1024, 1024, false},
		{keymat.ECP256, 19, "ecp256", 64, 32, false},
		{keymat.ECP384, 20, "ecp384", 96, 48, false},
		{keymat.ECP521, 21, "ecp521", 132, 66, false},
		{keymat.MODP1024S160, 22, "modp1024s160", 128, 128, true},
		{keymat.MODP2048S224, 23, "modp2048s224", 256, 256, false},
		{keymat.MODP2048S256, 24, "modp2048s256", 256, 256, false},
	} {
		parsed, err := keymat.ParseGroup(tt.slug)
		if err != nil || parsed != tt.group || uint16(tt.group) != tt.value {
			t.Errorf("%s: value %d, %v", tt.slug, parsed, err)
		}
		if tt.group.String() != tt.slug || tt.group.Size() != tt.size || tt.group.SharedSize() != tt.shared || tt.group.Weak() != tt.weak {
			t.Errorf("%s: %v of %d and %d octets, weak %v", tt.slug, tt.group, tt.group.Size(), tt.group.SharedSize(), tt.group.Weak())
		}
	}
}

func TestUnknownNames(t *testing.T) {
	for _, slug := range []string{
		"", "MD5", "sha224", "aes-cbc", "aes-cbc/128", "aes129-cbc", "blowfish32-cbc", "blowfish129-cbc", "blowfish456-cbc",
		"cast64-cbc", "camellia128-cbc", "modp", "modp1", "modp1024s161", "ecp224", "Unknown(3)",
	} {
		_, errHash := keymat.ParseHash(slug)
		_, _, errCipher := keymat.ParseCipher(slug)
		_, errGroup := keymat.ParseGroup(slug)
		for _, err := range []error{errHash, errCipher, errGroup} {
			if !errors.Is(err, keymat.ErrUnknown) {
				t.Errorf("%q: error %v, want %v", slug, err, keymat.ErrUnknown)
			}
		}
	}
	got := []string{
		keymat.Hash(42).String(), keymat.Cipher(42).String(), keymat.Group(42).String(),
		keymat.Cipher(42).Slug(128), keymat.AESCBC.Slug(0), keymat.AESCBC.Slug(100), keymat.TripleDESCBC.Slug(192),
	}
	want := []string{
		"Unknown(42)", "Unknown(42)", "Unknown(42)", "Unknown(42)/128", "aes-cbc", "aes-cbc/100", "3des-cbc/192",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSuite(t *testing.T) {
	for _, tt := range []struct {
		suite keymat.Suite
		name  string
		weak  bool
		err   error
	}{
		{suite(t, "aes128-cbc", "sha1", "modp2048"), "aes128-cbc/sha1/modp2048", false, nil},
		{suite(t, "aes128-cbc", "sha1", "modp1024"), "aes128-cbc/sha1/modp1024", true, nil},
		{suite(t, "3des-cbc", "md5", "modp1536"), "3des-cbc/md5/modp1536", true, nil},
		{suite(t, "blowfish-cbc", "sha1", "ecp256"), "blowfish-cbc/sha1/ecp256", true, nil},
		{suite(t, "aes256-cbc", "sha384", "ecp384"), "aes256-cbc/sha384/ecp384", false, nil},
		{suite(t, "des-cbc", "sha256", "modp8192"), "des-cbc/sha256/modp8192", true, nil},
		{keymat.Suite{}, "Unknown(0)/Unknown(0)/Unknown(0)", false, keymat.ErrUnknown},
		{
			keymat.Suite{Cipher: keymat.AESCBC, Hash: keymat.SHA1, Group: keymat.MODP2048},
			"aes-cbc/sha1/modp2048", false, keymat.ErrKeyLength,
		},
		{
			keymat.Suite{Cipher: keymat.TripleDESCBC, KeyBits: 192, Hash: keymat.SHA1, Group: keymat.MODP2048},
			"3des-cbc/192/sha1/modp2048", false, nil,
		},
		{
			keymat.Suite{Cipher: keymat.DESCBC, Hash: 9, Group: keymat.MODP2048},
			"des-cbc/Unknown(9)/modp2048", true, keymat.ErrUnknown,
		},
		{
			keymat.Suite{Cipher: keymat.TripleDESCBC, Hash: keymat.SHA1, Group: 3},
			"3des-cbc/sha1/Unknown(3)", false, keymat.ErrUnknown,
		},
	} {
		if got := tt.suite.String(); got != tt.name {
			t.Errorf("%q, want %q", got, tt.name)
		}
		if got := tt.suite.Weak(); got != tt.weak {
			t.Errorf("%v: weak %v", tt.suite, got)
		}
		if err := tt.suite.Validate(); !errors.Is(err, tt.err) {
			t.Errorf("%v: error %v, want %v", tt.suite, err, tt.err)
		}
	}
}
