package esp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"fmt"

	"golang.org/x/crypto/blowfish" //nolint:staticcheck // old peers have nothing else; Weak says what it is
	"golang.org/x/crypto/cast5"    //nolint:staticcheck // the same
)

// Cipher is an ESP encryption algorithm together with its key length. The zero
// value is no algorithm at all; NULL is one.
type Cipher uint8

// Encryption algorithms.
const (
	NULL         Cipher = iota + 1 // RFC 2410
	DESCBC                         // RFC 2405, weak
	TripleDESCBC                   // RFC 2451
	AES128CBC                      // RFC 3602
	AES192CBC
	AES256CBC
	BlowfishCBC // RFC 2451, with 128 bits of key; weak
	CAST128CBC  // RFC 2451, weak
	AES128CTR   // RFC 3686
	AES192CTR
	AES256CTR
	AES128GCM8 // RFC 4106, by the length of the ICV in octets
	AES128GCM12
	AES128GCM16
	AES192GCM8
	AES192GCM12
	AES192GCM16
	AES256GCM8
	AES256GCM12
	AES256GCM16
)

// cipherInfo describes a cipher; sizes are in octets.
type cipherInfo struct {
	slug  string
	key   int // with the salt
	iv    int
	block int // of CBC; 0: nothing or a stream
	salt  int // of counter mode: the end of the key
	icv   int // of a cipher that has its own
	weak  bool
	make  func(key []byte) (cipher.Block, error)
}

const (
	counterSalt = 4 // of KEYMAT (RFC 3686 5.1, RFC 4106 4)
	counterIV   = 8 // in the packet (RFC 3686 3.1, RFC 4106 3.1)
)

func blockCipher(slug string, key, block int, weak bool, make func([]byte) (cipher.Block, error)) cipherInfo {
	return cipherInfo{slug: slug, key: key, iv: block, block: block, weak: weak, make: make}
}

// counter is AES in counter mode, with an ICV of its own or not.
func counter(slug string, key, icv int) cipherInfo {
	return cipherInfo{slug: slug, key: key + counterSalt, iv: counterIV, salt: counterSalt, icv: icv, make: aes.NewCipher}
}

var ciphers = [...]cipherInfo{
	NULL:         {slug: "null"},
	DESCBC:       blockCipher("des-cbc", 8, des.BlockSize, true, des.NewCipher),
	TripleDESCBC: blockCipher("3des-cbc", 24, des.BlockSize, false, des.NewTripleDESCipher),
	AES128CBC:    blockCipher("aes128-cbc", 16, aes.BlockSize, false, aes.NewCipher),
	AES192CBC:    blockCipher("aes192-cbc", 24, aes.BlockSize, false, aes.NewCipher),
	AES256CBC:    blockCipher("aes256-cbc", 32, aes.BlockSize, false, aes.NewCipher),
	BlowfishCBC:  blockCipher("blowfish-cbc", 16, blowfish.BlockSize, true, func(k []byte) (cipher.Block, error) { return blowfish.NewCipher(k) }),
	CAST128CBC:   blockCipher("cast128-cbc", 16, cast5.BlockSize, true, func(k []byte) (cipher.Block, error) { return cast5.NewCipher(k) }),
	AES128CTR:    counter("aes128-ctr", 16, 0),
	AES192CTR:    counter("aes192-ctr", 24, 0),
	AES256CTR:    counter("aes256-ctr", 32, 0),
	AES128GCM8:   counter("aes128-gcm8", 16, 8),
	AES128GCM12:  counter("aes128-gcm12", 16, 12),
	AES128GCM16:  counter("aes128-gcm16", 16, 16),
	AES192GCM8:   counter("aes192-gcm8", 24, 8),
	AES192GCM12:  counter("aes192-gcm12", 24, 12),
	AES192GCM16:  counter("aes192-gcm16", 24, 16),
	AES256GCM8:   counter("aes256-gcm8", 32, 8),
	AES256GCM12:  counter("aes256-gcm12", 32, 12),
	AES256GCM16:  counter("aes256-gcm16", 32, 16),
}

func (c Cipher) info() cipherInfo {
	if c.Valid() {
		return ciphers[c]
	}
	return cipherInfo{}
}

// Valid reports whether c is an algorithm of this package.
func (c Cipher) Valid() bool { return c >= NULL && int(c) < len(ciphers) }

// String returns the slug, such as "aes128-cbc".
func (c Cipher) String() string {
	if !c.Valid() {
		return fmt.Sprintf("Unknown(%d)", uint8(c))
	}
	return ciphers[c].slug
}

// ParseCipher returns the cipher with the slug s.
func ParseCipher(s string) (Cipher, error) {
	for c := NULL; c.Valid(); c++ {
		if ciphers[c].slug == s {
			return c, nil
		}
	}
	return 0, fmt.Errorf("esp: encryption algorithm %q: %w", s, ErrUnknown)
}

// Ciphers returns every cipher of this package, weakest first.
func Ciphers() []Cipher {
	var cs []Cipher
	for c := NULL; c.Valid(); c++ {
		cs = append(cs, c)
	}
	return cs
}

// KeySize returns the length of the key in octets, parity bits and the salt of counter modes included.
func (c Cipher) KeySize() int { return c.info().key }

// IVSize returns the octets of explicit IV at the start of the payload field.
func (c Cipher) IVSize() int { return c.info().iv }

// ICVSize returns the octets of ICV of a cipher that authenticates too, 0 for others.
func (c Cipher) ICVSize() int { return c.info().icv }

// BlockSize returns the block in octets; 1 for NULL (RFC 2410 3) and streams.
func (c Cipher) BlockSize() int { return max(1, c.info().block) }

// Weak reports whether RFC 8221 5 says MUST NOT, or knows it no more (RFC 9395). NULL is not weak: it claims
// no confidentiality.
func (c Cipher) Weak() bool { return c.info().weak }

// MarshalText returns the slug; it fails on an unknown cipher.
func (c Cipher) MarshalText() ([]byte, error) {
	if !c.Valid() {
		return nil, fmt.Errorf("esp: encryption algorithm %d: %w", uint8(c), ErrUnknown)
	}
	return []byte(c.String()), nil
}

// UnmarshalText sets c from a slug.
func (c *Cipher) UnmarshalText(b []byte) error {
	v, err := ParseCipher(string(b))
	if err == nil {
		*c = v
	}
	return err
}
