package keymat

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrBlockSize says that an IV is not one block, or a text not whole blocks.
var ErrBlockSize = errors.New("not a multiple of the cipher's block")

// FirstIV returns the IV of the first encrypted message of phase 1: hash(g^xi | g^xr), cut to the cipher's block (RFC 2409
// appendix B). It is nil when cipher or hash is unknown.
func FirstIV(s Suite, gxi, gxr []byte) []byte { return cutIV(s, s.Hash.Sum(gxi, gxr)) }

// QuickIV returns the IV of the first message of an exchange under the ISAKMP SA: quick mode, informational, transaction. It is
// hash(last phase 1 CBC output block | M-ID), cut to the cipher's block (RFC 2409 appendix B). It is nil when cipher or hash
// is unknown.
func QuickIV(s Suite, lastBlock []byte, msgID uint32) []byte {
	return cutIV(s, s.Hash.Sum(lastBlock, binary.BigEndian.AppendUint32(nil, msgID)))
}

func cutIV(s Suite, digest []byte) []byte {
	n := BlockSize(s.Cipher)
	if n == 0 || len(digest) < n {
		return nil
	}
	return digest[:n:n]
}

// CBC encrypts and decrypts the messages of one exchange. The IV of each message is the last block of ciphertext of the one
// before it, whoever sent that (RFC 2409 appendix B): both ends share one chain. A CBC must not be used by two goroutines at
// once.
type CBC struct {
	block cipher.Block
	iv    []byte
}

// NewCBC starts a chain with the cipher of the suite. The error wraps ErrUnknown, ErrKeyLength when key has not the length the
// suite says, or ErrBlockSize when iv is not one block.
func NewCBC(s Suite, key, iv []byte) (*CBC, error) {
	n, err := s.Cipher.KeySize(s.KeyBits)
	if err != nil {
		return nil, err
	}
	if len(key) != n {
		return nil, fmt.Errorf("ikev1/keymat: key of %d octets for %s, want %d: %w",
			len(key), s.Cipher.Slug(s.KeyBits), n, ErrKeyLength)
	}
	block, err := ciphers[s.Cipher].new(key)
	if err != nil {
		return nil, fmt.Errorf("ikev1/keymat: %s: %w", s.Cipher.Slug(s.KeyBits), err)
	}
	return (&CBC{block: block}).WithIV(iv)
}

// WithIV starts another chain with the same key: for a quick mode, or to try a message without moving this chain. The error
// wraps ErrBlockSize.
func (c *CBC) WithIV(iv []byte) (*CBC, error) {
	if len(iv) != c.block.BlockSize() {
		return nil, fmt.Errorf("ikev1/keymat: IV of %d octets: %w (%d)", len(iv), ErrBlockSize, c.block.BlockSize())
	}
	return &CBC{block: c.block, iv: append([]byte(nil), iv...)}, nil
}

// BlockSize returns the octets of a block.
func (c *CBC) BlockSize() int { return c.block.BlockSize() }

// IV returns the IV for the next message: the last block of ciphertext so far.
func (c *CBC) IV() []byte { return append([]byte(nil), c.iv...) }

// Encrypt appends the ciphertext of plain, which the caller has padded to whole blocks, to dst and moves the chain. To encrypt
// in place pass plain[:0] as dst; otherwise the two must not overlap. The error wraps ErrBlockSize; the chain then stays.
func (c *CBC) Encrypt(dst, plain []byte) ([]byte, error) {
	out, tail, err := c.grow(dst, plain)
	if err != nil || len(plain) == 0 {
		return out, err
	}
	cipher.NewCBCEncrypter(c.block, c.iv).CryptBlocks(tail, plain)
	copy(c.iv, tail[len(tail)-len(c.iv):])
	return out, nil
}

// Decrypt appends the plaintext of sealed, padding included, to dst and moves the chain. To decrypt in place pass sealed[:0]
// as dst; otherwise the two must not overlap. The error wraps ErrBlockSize; the chain then stays.
func (c *CBC) Decrypt(dst, sealed []byte) ([]byte, error) {
	out, tail, err := c.grow(dst, sealed)
	if err != nil || len(sealed) == 0 {
		return out, err
	}
	mode := cipher.NewCBCDecrypter(c.block, c.iv) // has its own copy of the IV
	copy(c.iv, sealed[len(sealed)-len(c.iv):])    // before it is overwritten in place
	mode.CryptBlocks(tail, sealed)
	return out, nil
}

// grow makes room for len(in) octets after dst and returns the whole and the new part.
func (c *CBC) grow(dst, in []byte) (out, tail []byte, err error) {
	if len(in)%c.block.BlockSize() != 0 {
		return dst, nil, fmt.Errorf("ikev1/keymat: %d octets of text: %w (%d)", len(in), ErrBlockSize, c.block.BlockSize())
	}
	n := len(dst)
	if cap(dst)-n >= len(in) {
		out = dst[:n+len(in)]
	} else {
		out = append(dst, make([]byte, len(in))...)
	}
	return out, out[n:], nil
}
