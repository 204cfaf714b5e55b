package esp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"fmt"
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
)

// cipherInfo describes a cipher; sizes are in octets.
type cipherInfo struct {
	slug  string
	key   int
	block int // CBC block and IV; 0: no IV
	weak  bool
	make  func(key []byte) (cipher.Block, error)
}

var ciphers = [...]cipherInfo{
	NULL:         {slug: "null"},
	DESCBC:       {slug: "des-cbc", key: 8, block: des.BlockSize, weak: true, make: des.NewCipher},
	TripleDESCBC: {slug: "3des-cbc", key: 24, block: des.BlockSize, make: des.NewTripleDESCipher},
	AES128CBC:    {slug: "aes128-cbc", key: 16, block: aes.BlockSize, make: aes.NewCipher},
	AES192CBC:    {slug: "aes192-cbc", key: 24, block: aes.BlockSize, make: aes.NewCipher},
	AES256CBC:    {slug: "aes256-cbc", key: 32, block: aes.BlockSize, make: aes.NewCipher},
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

// KeySize returns the length of the key in octets, parity bits included.
func (c Cipher) KeySize() int { return c.info().key }

// IVSize returns the octets of explicit IV at the start of the payload field.
func (c Cipher) IVSize() int { return c.info().block }

// BlockSize returns the block in octets; 1 for NULL (RFC 2410 3).
func (c Cipher) BlockSize() int { return max(1, c.info().block) }

// Weak reports whether RFC 8221 5 says MUST NOT. NULL is not weak: it claims
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
