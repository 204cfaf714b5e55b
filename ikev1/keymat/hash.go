package keymat

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
)

// ErrUnknown says that a name or a number is not an algorithm this package can compute.
var ErrUnknown = errors.New("unknown algorithm")

// Hash is a value of the phase 1 attribute Hash Algorithm (RFC 2409 appendix A, RFC 4868 for the SHA-2 family). The prf is
// the HMAC of the negotiated hash; no other prf was ever assigned.
type Hash uint16

// The hashes, by their attribute value.
const (
	MD5    Hash = 1
	SHA1   Hash = 2
	SHA256 Hash = 4
	SHA384 Hash = 5
	SHA512 Hash = 6
)

type hashSpec struct {
	slug string
	size int
	new  func() hash.Hash
	weak bool
}

var hashes = map[Hash]hashSpec{
	MD5:    {"md5", md5.Size, md5.New, true},
	SHA1:   {"sha1", sha1.Size, sha1.New, false},
	SHA256: {"sha256", sha256.Size, sha256.New, false},
	SHA384: {"sha384", sha512.Size384, sha512.New384, false},
	SHA512: {"sha512", sha512.Size, sha512.New, false},
}

// ParseHash returns the hash with the given slug, such as "sha256". Its error wraps ErrUnknown.
func ParseHash(slug string) (Hash, error) {
	for h, spec := range hashes {
		if spec.slug == slug {
			return h, nil
		}
	}
	return 0, fmt.Errorf("ikev1/keymat: hash %q: %w", slug, ErrUnknown)
}

// String returns the slug.
func (h Hash) String() string {
	if spec, ok := hashes[h]; ok {
		return spec.slug
	}
	return fmt.Sprintf("Unknown(%d)", uint16(h))
}

// New returns a fresh hash.Hash, nil when the hash is unknown.
func (h Hash) New() hash.Hash {
	if spec, ok := hashes[h]; ok {
		return spec.new()
	}
	return nil
}

// Size returns the octets of a digest, and so of the prf's output; 0 when the hash is unknown.
func (h Hash) Size() int { return hashes[h].size }

// Weak reports whether nobody should use the hash any more: MD5 (RFC 4109 section 3).
func (h Hash) Weak() bool { return hashes[h].weak }

// Sum returns the digest of the concatenated parts, nil when the hash is unknown. The NAT-D payload is one:
// HASH(CKY-I | CKY-R | IP | Port) (RFC 3947 section 3.2).
func (h Hash) Sum(parts ...[]byte) []byte {
	w := h.New()
	if w == nil {
		return nil
	}
	for _, p := range parts {
		w.Write(p)
	}
	return w.Sum(nil)
}

// PRF returns prf(key, parts[0] | parts[1] | …), the HMAC of the hash (RFC 2409 section 4): Size octets, nil when the hash is
// unknown.
func PRF(h Hash, key []byte, parts ...[]byte) []byte {
	spec, ok := hashes[h]
	if !ok {
		return nil
	}
	w := hmac.New(spec.new, key)
	for _, p := range parts {
		w.Write(p)
	}
	return w.Sum(nil)
}
