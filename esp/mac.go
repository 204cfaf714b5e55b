package esp

import (
	"crypto/hmac"
	"crypto/sha512"
	"crypto/subtle"
	"hash"
)

// mac is a keyed HMAC truncated to n octets. After its first use the HMAC keeps
// the hash states behind ipad and opad, so a packet costs neither key setup nor
// memory.
type mac struct {
	hmac hash.Hash
	n    int
	sum  [sha512.Size]byte
}

// newMAC returns nil for NoIntegrity. n overrides the truncation when not 0.
func newMAC(i Integrity, key []byte, n int) *mac {
	info := i.info()
	if info.make == nil {
		return nil
	}
	if n == 0 {
		n = info.icv
	}
	m := &mac{hmac: hmac.New(info.make, key), n: n}
	m.hmac.Reset() // prepares the states now, not with the first packet
	return m
}

// compute returns the ICV over b, valid until the next call.
func (m *mac) compute(b []byte) []byte {
	m.hmac.Reset()
	m.hmac.Write(b)
	return m.hmac.Sum(m.sum[:0])[:m.n]
}

// verify compares in constant time.
func (m *mac) verify(b, icv []byte) bool {
	return subtle.ConstantTimeCompare(m.compute(b), icv) == 1
}

func (m *mac) size() int {
	if m == nil {
		return 0
	}
	return m.n
}
