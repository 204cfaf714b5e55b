package esp

import "crypto/cipher"

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

// newCBC returns nil for NULL, which transforms nothing.
func newCBC(c Cipher, key []byte) (*cbc, error) {
	info := c.info()
	if info.make == nil {
		return nil, nil
	}
	block, err := info.make(key)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, info.block)
	return &cbc{
		enc: cipher.NewCBCEncrypter(block, iv).(cbcMode),
		dec: cipher.NewCBCDecrypter(block, iv).(cbcMode),
	}, nil
}

// encrypt transforms b, whole blocks, in place.
func (c *cbc) encrypt(iv, b []byte) {
	if c != nil {
		c.enc.SetIV(iv)
		c.enc.CryptBlocks(b, b)
	}
}

// decrypt writes the plaintext of src, whole blocks, to dst of the same length.
func (c *cbc) decrypt(dst, iv, src []byte) {
	if c == nil {
		copy(dst, src)
		return
	}
	c.dec.SetIV(iv)
	c.dec.CryptBlocks(dst, src)
}
