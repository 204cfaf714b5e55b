package esp

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// A transform is the encryption of one SA in both directions. It needs no memory for a packet.
type transform interface {
	// encrypt transforms b, whole blocks, in place.
	encrypt(iv, b []byte)
	// decrypt writes the plaintext of src, whole blocks, to dst of the same length.
	decrypt(dst, iv, src []byte)
}

// newTransform also returns the ICV of a cipher that has its own, nil for others. saltFirst takes the salt from the wrong
// end of the key.
func newTransform(c Cipher, key []byte, saltFirst bool) (transform, mac, error) {
	info := c.info()
	if info.make == nil {
		return null{}, nil, nil
	}
	salt, key := key[len(key)-info.salt:], key[:len(key)-info.salt]
	if saltFirst && info.salt > 0 {
		whole := append(append([]byte(nil), key...), salt...)
		salt, key = whole[:info.salt], whole[info.salt:]
	}
	block, err := info.make(key)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case info.block > 0:
		return newCBC(block), nil, nil
	case info.icv == 0:
		return newCTR(block, salt, 1), nil, nil // RFC 3686 4
	}
	t := newCTR(block, salt, 2) // after the block that encrypts the tag (NIST SP 800-38D 7.1)
	m, err := newGCMMAC(t, block, info.icv)
	if err != nil {
		return nil, nil, fmt.Errorf("GCM: %w", err)
	}
	return t, m, nil
}

// null transforms nothing (RFC 2410).
type null struct{}

func (null) encrypt(_, _ []byte)        {}
func (null) decrypt(dst, _, src []byte) { copy(dst, src) }

// cbcMode is a CBC mode that takes a new IV without being made anew, which would
// allocate. Every mode of the standard library is one; crypto/tls counts on it too.
type cbcMode interface {
	cipher.BlockMode
	SetIV(iv []byte)
}

// cbc is one key in both directions.
type cbc struct {
	enc, dec cbcMode
}

func newCBC(block cipher.Block) *cbc {
	iv := make([]byte, block.BlockSize())
	return &cbc{
		enc: cipher.NewCBCEncrypter(block, iv).(cbcMode),
		dec: cipher.NewCBCDecrypter(block, iv).(cbcMode),
	}
}

func (c *cbc) encrypt(iv, b []byte) {
	c.enc.SetIV(iv)
	c.enc.CryptBlocks(b, b)
}

func (c *cbc) decrypt(dst, iv, src []byte) {
	c.dec.SetIV(iv)
	c.dec.CryptBlocks(dst, src)
}

// ctr is AES in counter mode: salt, IV and a counter make the block that is encrypted to the next 16 octets of key
// stream (RFC 3686 4).
type ctr struct {
	block           cipher.Block
	salt            [counterSalt]byte
	first           uint32
	counter, stream [counterBlock]byte
}

const counterBlock = 16

func newCTR(block cipher.Block, salt []byte, first uint32) *ctr {
	return &ctr{block: block, salt: [counterSalt]byte(salt), first: first}
}

func (c *ctr) encrypt(iv, b []byte) { c.decrypt(b, iv, b) }

func (c *ctr) decrypt(dst, iv, src []byte) {
	copy(c.counter[:], c.salt[:])
	copy(c.counter[counterSalt:], iv)
	for n := c.first; len(src) > 0; n++ {
		binary.BigEndian.PutUint32(c.counter[counterSalt+counterIV:], n)
		c.block.Encrypt(c.stream[:], c.counter[:])
		k := subtle.XORBytes(dst, src, c.stream[:])
		dst, src = dst[k:], src[k:]
	}
}
