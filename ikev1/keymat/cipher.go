package keymat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"errors"
	"fmt"
	"slices"

	//lint:ignore SA1019 old peers have nothing else; Weak says what it is
	"golang.org/x/crypto/blowfish"
	//lint:ignore SA1019 the same
	"golang.org/x/crypto/cast5"
)

// ErrKeyLength says that a cipher has no key of that length.
var ErrKeyLength = errors.New("invalid key length")

// Cipher is a value of the phase 1 attribute Encryption Algorithm (RFC 2409 appendix A, RFC 3602 section 5.3). All of them
// run in CBC mode. IDEA (2), RC5 (4) and Camellia (8, RFC 4312) are left out: no well-kept library has them.
type Cipher uint16

// The ciphers, by their attribute value.
const (
	DESCBC       Cipher = 1
	BlowfishCBC  Cipher = 3
	TripleDESCBC Cipher = 5
	CASTCBC      Cipher = 6 // CAST-128
	AESCBC       Cipher = 7
)

// A cipherSpec is all the package knows about a cipher. One that has the attribute Key Length lists its values in keyBits,
// shortest first, and has one slug for each.
type cipherSpec struct {
	slug        string // without the key length
	keySize     int    // octets, of a cipher with a fixed key
	keyBits     []int  // allowed values of the attribute Key Length; nil for a cipher with a fixed key
	slugs       []string
	defaultBits int // of the key when the attribute is absent; 0 when it must not be
	blockSize   int
	new         func(key []byte) (cipher.Block, error)
	weak        bool
}

var ciphers = map[Cipher]cipherSpec{
	DESCBC:       {slug: "des-cbc", keySize: 8, blockSize: des.BlockSize, new: des.NewCipher, weak: true},
	TripleDESCBC: {slug: "3des-cbc", keySize: 24, blockSize: des.BlockSize, new: des.NewTripleDESCipher},
	AESCBC: {
		slug: "aes-cbc", keyBits: []int{128, 192, 256}, slugs: []string{"aes128-cbc", "aes192-cbc", "aes256-cbc"},
		blockSize: aes.BlockSize, new: aes.NewCipher,
	},
	// The defaults are those of RFC 2409 appendix B. RFC 2451 has another one for Blowfish, of ESP.
	BlowfishCBC: {
		slug: "blowfish-cbc", keyBits: blowfishBits, slugs: slugs("blowfish%d-cbc", blowfishBits), defaultBits: 448,
		blockSize: blowfish.BlockSize, new: newBlowfish, weak: true,
	},
	CASTCBC: {
		slug: "cast-cbc", keyBits: []int{128}, slugs: []string{"cast128-cbc"}, defaultBits: 128,
		blockSize: cast5.BlockSize, new: newCAST, weak: true,
	},
}

// blowfishBits are 40, 48, … 448 (RFC 2451 sections 2.2 and 2.3). CAST goes up from 40 too, with fewer rounds up to 80, but only
// its full length is in use and in the library.
var blowfishBits = func() (bits []int) {
	for n := 40; n <= 448; n += 8 {
		bits = append(bits, n)
	}
	return bits
}()

func slugs(format string, bits []int) (names []string) {
	for _, n := range bits {
		names = append(names, fmt.Sprintf(format, n))
	}
	return names
}

func newBlowfish(key []byte) (cipher.Block, error) { return blowfish.NewCipher(key) }

func newCAST(key []byte) (cipher.Block, error) { return cast5.NewCipher(key) }

// ParseCipher returns the cipher with the given slug, such as "3des-cbc" or "aes128-cbc", and what its attribute Key Length
// says: 0 for a cipher with a fixed key, and for one that leaves it to the default, such as "blowfish-cbc". Its error wraps
// ErrUnknown.
func ParseCipher(slug string) (c Cipher, keyBits int, err error) {
	for c, spec := range ciphers {
		if spec.slug == slug && (spec.keyBits == nil || spec.defaultBits != 0) {
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

// KeySize returns the octets of a key, given the attribute Key Length (0 when it is absent: that means 448 bits for Blowfish and
// 128 for CAST, RFC 2409 appendix B, while AES must have the attribute, RFC 3602 section 5.3). The error wraps ErrUnknown, or
// ErrKeyLength when the cipher has no such key. A cipher with a fixed key must not have the attribute (RFC 2409 appendix A),
// but one that gives the length the cipher has anyway does no harm and is accepted.
func (c Cipher) KeySize(keyBits int) (int, error) {
	spec, ok := ciphers[c]
	switch {
	case !ok:
		return 0, fmt.Errorf("ikev1/keymat: cipher %v: %w", c, ErrUnknown)
	case spec.keyBits == nil && (keyBits == 0 || keyBits == 8*spec.keySize):
		return spec.keySize, nil
	case keyBits == 0 && spec.defaultBits != 0:
		return spec.defaultBits / 8, nil
	case slices.Contains(spec.keyBits, keyBits):
		return keyBits / 8, nil
	}
	return 0, fmt.Errorf("ikev1/keymat: %d bits for cipher %v: %w (RFC 2409 appendix A)", keyBits, c, ErrKeyLength)
}

// Weak reports whether nobody should use the cipher any more: DES, whose key can be found by search (RFC 4109 section 3), and
// Blowfish and CAST, old ciphers with blocks of 64 bits that were given up (RFC 9395). 3DES has such blocks too, but RFC 8247
// section 2.1 still allows it.
func (c Cipher) Weak() bool { return ciphers[c].weak }

// BlockSize returns the octets of the cipher's block and IV, 0 when the cipher is unknown.
func BlockSize(c Cipher) int { return ciphers[c].blockSize }
