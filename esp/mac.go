package esp

import (
	"crypto/cipher"
	"crypto/sha512"
	"crypto/subtle"
	"hash"
	"slices"
)

// A mac makes the ICV of a packet from what it covers, SPI to padding. After its first use it needs no memory.
type mac interface {
	// compute returns the ICV over b, valid until the next call.
	compute(b []byte) []byte
	size() int
}

// verifies compares in constant time.
func verifies(m mac, b, icv []byte) bool {
	return subtle.ConstantTimeCompare(m.compute(b), icv) == 1
}

// hashMAC is a keyed hash truncated to n octets. An HMAC keeps the hash states behind ipad and opad, so a packet costs
// neither key setup nor memory.
type hashMAC struct {
	hash hash.Hash
	n    int
	sum  [sha512.Size]byte
}

// newMAC returns nil for NoIntegrity. n overrides the truncation when not 0.
func newMAC(i Integrity, key []byte, n int) (mac, error) {
	info := i.info()
	if info.make == nil {
		return nil, nil
	}
	if n == 0 {
		n = info.icv
	}
	h, err := info.make(key)
	if err != nil {
		return nil, err
	}
	h.Reset() // prepares the states now, not with the first packet
	return &hashMAC{hash: h, n: n}, nil
}

func (m *hashMAC) size() int { return m.n }

func (m *hashMAC) compute(b []byte) []byte {
	m.hash.Reset()
	m.hash.Write(b)
	return m.hash.Sum(m.sum[:0])[:m.n]
}

// gcmMAC is the tag of AES-GCM over a packet that is encrypted already (RFC 4106 5). The library makes it while it
// encrypts, so the packet is decrypted first.
type gcmMAC struct {
	ctr     *ctr
	aead    cipher.AEAD
	n       int
	nonce   [counterSalt + counterIV]byte
	scratch []byte
}

func newGCMMAC(c *ctr, block cipher.Block, n int) (*gcmMAC, error) {
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	m := &gcmMAC{ctr: c, aead: aead, n: n}
	copy(m.nonce[:], c.salt[:])
	return m, nil
}

func (m *gcmMAC) size() int { return m.n }

func (m *gcmMAC) compute(b []byte) []byte {
	iv, body := b[HeaderLen:HeaderLen+counterIV], b[HeaderLen+counterIV:]
	m.scratch = slices.Grow(m.scratch[:0], len(body)+m.aead.Overhead())[:len(body)]
	m.ctr.decrypt(m.scratch, iv, body)
	copy(m.nonce[counterSalt:], iv)
	m.scratch = m.aead.Seal(m.scratch[:0], m.nonce[:], m.scratch, b[:HeaderLen])
	return m.scratch[len(body):][:m.n]
}
