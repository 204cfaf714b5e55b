package keymat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"errors"
	"fmt"
	"slices"
)

// ErrKeyLength says that a cipher has no key of that length.
var ErrKeyLength = errors.New("invalid key length")

// Cipher is a value of the phase 1 attribute Encryption Algorithm (RFC 2409 appendix A, RFC 3602 section 5.3). All of them
// run in CBC mode.
type Cipher uint16

// The ciphers, by their attribute value.
const (
	DESCBC       Cipher = 1
	TripleDESCBC Cipher = 5
	AESCBC       Cipher = 7
)

// A cipherSpec is all the package knows about a cipher. One with keys of several lengths lists them in keyBits, shortest
// first, and has one slug for each.
type cipherSpec struct {
	slug      string // without the key length
	keySize   int    // octets, of a cipher with a fixed key
	keyBits   []int  // allowed values of the attribute Key Length; nil for a cipher with a fixed key
	slugs     []string
	blockSize int
	new       func(key []byte) (cipher.Block, error)
	weak      bool
}

var ciphers = map[Cipher]cipherSpec{
	DESCBC:       {slug: "des-cbc", keySize: 8, blockSize: des.BlockSize, new: des.NewCipher, weak: true},
	TripleDESCBC: {slug: "3des-cbc", keySize: 24, blockSize: des.BlockSize, new: des.NewTripleDESCipher},
	AESCBC: {
		slug: "aes-cbc", keyBits: []int{128, 192, 256}, slugs: []string{"aes128-cbc", "aes192-cbc", "aes256-cbc"},
		blockSize: aes.BlockSize, new: aes.NewCipher,
	},
}

// ParseCipher returns the cipher with the given slug, such as "3des-cbc" or "aes128-cbc", and what its attribute Key Length
// says: 0 for a cipher with a fixed key. Its error wraps ErrUnknown.
func ParseCipher(slug string) (c Cipher, keyBits int, err error) {
	for c, spec := range ciphers {
		if spec.keyBits == nil && spec.slug == slug {
			return c, 0, nil
		}
		if i := slices.Index(spec.slugs, slug); i >= 0 {
			return c, spec.keyBits[i], nil
		}
	}
	return 0, 0, fmt.Errorf("ikev1/keymat: cipher %q: %w", slug, ErrUnknown)
}

// String returns the slug without a key length: "aes-cbc".
func (c Cipher) String() string {
	if spec, ok := ciphers[c]; ok {
		return spec.slug
	}
	return fmt.Sprintf("Unknown(%d)", uint16(c))
}

// Slug returns the slug with the key length, which ParseCipher reads: "aes128-cbc". A length the cipher does not have
// is shown as "aes-cbc/100".
func (c Cipher) Slug(keyBits int) string {
	spec := ciphers[c]
	if i := slices.Index(spec.keyBits, keyBits); i >= 0 {
		return spec.slugs[i]
	}
	if keyBits == 0 {
		return c.String()
	}
	return fmt.Sprintf("%v/%d", c, keyBits)
}

// KeySize returns the octets of a key, given the attribute Key Length (0 when it is absent). The error wraps ErrUnknown, or
// ErrKeyLength when the cipher has no such key. A cipher with a fixed key must not have the attribute (RFC 2409 appendix A),
// but one that gives the length the cipher has anyway does no harm and is accepted.
func (c Cipher) KeySize(keyBits int) (int, error) {
	spec, ok := ciphers[c]
	switch {
	case !ok:
		return 0, fmt.Errorf("ikev1/keymat: cipher %v: %w", c, ErrUnknown)
	case spec.keyBits == nil && (keyBits == 0 || keyBits == 8*spec.keySize):
		return spec.keySize, nil
	case slices.Contains(spec.keyBits, keyBits):
		return keyBits / 8, nil
	}
	return 0, fmt.Errorf("ikev1/keymat: %d bits for cipher %v: %w (RFC 2409 appendix A)", keyBits, c, ErrKeyLength)
}

// Weak reports whether the cipher can be broken by search: DES (RFC 4109 section 3).
func (c Cipher) Weak() bool { return ciphers[c].weak }

// BlockSize returns the octets of the cipher's block and IV, 0 when the cipher is unknown.
func BlockSize(c Cipher) int { return ciphers[c].blockSize }
