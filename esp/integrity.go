package esp

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

// Integrity is an ESP integrity algorithm together with its truncation. The
// zero value is no algorithm at all; NoIntegrity is the choice of none.
type Integrity uint8

// Integrity algorithms.
const (
	NoIntegrity    Integrity = iota + 1 // "none": confidentiality only, weak
	HMACMD5x96                          // RFC 2403, weak
	HMACSHA1x96                         // RFC 2404
	HMACSHA256x128                      // RFC 4868
	HMACSHA384x192
	HMACSHA512x256
	// HMACSHA256x96 is the truncation of draft-ietf-ipsec-ciph-sha-256-00, which
	// some products still use under the number of HMACSHA256x128.
	HMACSHA256x96
	AESXCBC96 // RFC 3566
)

// integrityInfo describes an integrity algorithm; sizes are in octets.
type integrityInfo struct {
	slug string
	key  int
	icv  int
	weak bool
	make func(key []byte) (hash.Hash, error)
}

var integrities = [...]integrityInfo{
	NoIntegrity:    {slug: "none", weak: true},
	HMACMD5x96:     {slug: "hmac-md5-96", key: md5.Size, icv: 12, weak: true, make: hmacOf(md5.New)},
	HMACSHA1x96:    {slug: "hmac-sha1-96", key: sha1.Size, icv: 12, make: hmacOf(sha1.New)},
	HMACSHA256x128: {slug: "hmac-sha256-128", key: sha256.Size, icv: 16, make: hmacOf(sha256.New)},
	HMACSHA384x192: {slug: "hmac-sha384-192", key: sha512.Size384, icv: 24, make: hmacOf(sha512.New384)},
	HMACSHA512x256: {slug: "hmac-sha512-256", key: sha512.Size, icv: 32, make: hmacOf(sha512.New)},
	HMACSHA256x96:  {slug: "hmac-sha256-96", key: sha256.Size, icv: 12, make: hmacOf(sha256.New)},
	AESXCBC96:      {slug: "aes-xcbc-96", key: keymat.AESXCBCSize, icv: 12, make: keymat.NewAESXCBC},
}

func hmacOf(h func() hash.Hash) func(key []byte) (hash.Hash, error) {
	return func(key []byte) (hash.Hash, error) { return hmac.New(h, key), nil }
}

func (i Integrity) info() integrityInfo {
	if i.Valid() {
		return integrities[i]
	}
	return integrityInfo{}
}

// Valid reports whether i is an algorithm of this package.
func (i Integrity) Valid() bool { return i >= NoIntegrity && int(i) < len(integrities) }

// String returns the slug, such as "hmac-sha1-96".
func (i Integrity) String() string {
	if !i.Valid() {
		return fmt.Sprintf("Unknown(%d)", uint8(i))
	}
	return integrities[i].slug
}

// ParseIntegrity returns the integrity algorithm with the slug s.
func ParseIntegrity(s string) (Integrity, error) {
	for i := NoIntegrity; i.Valid(); i++ {
		if integrities[i].slug == s {
			return i, nil
		}
	}
	return 0, fmt.Errorf("esp: integrity algorithm %q: %w", s, ErrUnknown)
}

// Integrities returns every integrity algorithm of this package.
func Integrities() []Integrity {
	var is []Integrity
	for i := NoIntegrity; i.Valid(); i++ {
		is = append(is, i)
	}
	return is
}

// KeySize returns the length of the key in octets, which is the length of the
// hash (RFC 2403 3, RFC 2404 3, RFC 4868 2.1.1), or of AES's (RFC 3566 5.1).
func (i Integrity) KeySize() int { return i.info().key }

// ICVSize returns the octets of Authentication Data on the wire.
func (i Integrity) ICVSize() int { return i.info().icv }

// Weak reports whether RFC 8221 6 says MUST NOT.
func (i Integrity) Weak() bool { return i.info().weak }

// MarshalText returns the slug; it fails on an unknown algorithm.
func (i Integrity) MarshalText() ([]byte, error) {
	if !i.Valid() {
		return nil, fmt.Errorf("esp: integrity algorithm %d: %w", uint8(i), ErrUnknown)
	}
	return []byte(i.String()), nil
}

// UnmarshalText sets i from a slug.
func (i *Integrity) UnmarshalText(b []byte) error {
	v, err := ParseIntegrity(string(b))
	if err == nil {
		*i = v
	}
	return err
}
