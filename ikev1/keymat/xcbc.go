package keymat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"hash"
)

// AESXCBCSize is the octets of an AES-XCBC-MAC. AES-XCBC-MAC-96, the transform of ESP and AH, is the first 12 of them.
const AESXCBCSize = aes.BlockSize

// NewAESXCBC returns an AES-XCBC-MAC (RFC 3566 section 4). The key has 16 octets; the error for any other wraps ErrKeyLength. To
// sum does not end the message, Reset starts another with the same key, and neither allocates when there is room.
func NewAESXCBC(key []byte) (hash.Hash, error) {
	if len(key) != AESXCBCSize {
		return nil, fmt.Errorf("ikev1/keymat: key of %d octets for aes-xcbc, want %d: %w", len(key), AESXCBCSize, ErrKeyLength)
	}
	master, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("ikev1/keymat: aes-xcbc: %w", err)
	}
	x := &xcbc{}
	var k1 [AESXCBCSize]byte
	for i, k := range []*[AESXCBCSize]byte{&k1, &x.whole, &x.padded} {
		for j := range k {
			k[j] = byte(i + 1)
		}
		master.Encrypt(k[:], k[:])
	}
	if x.block, err = aes.NewCipher(k1[:]); err != nil {
		return nil, fmt.Errorf("ikev1/keymat: aes-xcbc: %w", err)
	}
	return x, nil
}

// PRFAESXCBC returns AES-XCBC-PRF-128(key, parts[0] | parts[1] | …), 16 octets, with a key of any length (RFC 4434 section 2).
//
// IKEv1 could negotiate it with the attribute PRF (13), but no value of that was ever assigned, so no Suite has it: without the
// attribute the prf is the HMAC of the hash (RFC 2409 section 4). It is here for peers that agree on a value of their own.
func PRFAESXCBC(key []byte, parts ...[]byte) []byte {
	k := make([]byte, AESXCBCSize)
	if len(key) > AESXCBCSize {
		k = sumAESXCBC(k, key)
	} else {
		copy(k, key)
	}
	return sumAESXCBC(k, parts...)
}

func sumAESXCBC(key []byte, parts ...[]byte) []byte {
	w, err := NewAESXCBC(key)
	if err != nil {
		return nil // the callers' keys have 16 octets
	}
	for _, p := range parts {
		w.Write(p)
	}
	return w.Sum(nil)
}

// xcbc is a CBC-MAC whose last block is masked, with one key when it is whole and another when it had to be padded.
type xcbc struct {
	block         cipher.Block // K1
	whole, padded [AESXCBCSize]byte
	chain         [AESXCBCSize]byte // E[i]
	last          [AESXCBCSize]byte // held back, as it may be the message's last
	n             int               // octets of it
	sum           [AESXCBCSize]byte
}

func (x *xcbc) Size() int      { return AESXCBCSize }
func (x *xcbc) BlockSize() int { return AESXCBCSize }

func (x *xcbc) Reset() {
	clear(x.chain[:])
	x.n = 0
}

// Write never fails.
func (x *xcbc) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		if x.n == len(x.last) { // there is more, so it was not the last
			subtle.XORBytes(x.chain[:], x.chain[:], x.last[:])
			x.block.Encrypt(x.chain[:], x.chain[:])
			x.n = 0
		}
		n := copy(x.last[x.n:], p)
		x.n += n
		p = p[n:]
	}
	return written, nil
}

func (x *xcbc) Sum(dst []byte) []byte {
	mask := &x.whole
	x.sum = x.last
	if x.n < len(x.last) {
		mask = &x.padded
		x.sum[x.n] = 0x80
		clear(x.sum[x.n+1:])
	}
	subtle.XORBytes(x.sum[:], x.sum[:], x.chain[:])
	subtle.XORBytes(x.sum[:], x.sum[:], mask[:])
	x.block.Encrypt(x.sum[:], x.sum[:])
	return append(dst, x.sum[:]...)
}
