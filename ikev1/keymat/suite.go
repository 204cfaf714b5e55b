package keymat

import "fmt"

// Suite is what phase 1 negotiates: the algorithms of the ISAKMP SA.
type Suite struct {
	Cipher  Cipher
	KeyBits int // the attribute Key Length; 0 for a cipher with a fixed key
	Hash    Hash
	Group   Group
}

// String returns the slugs, for example "aes128-cbc/sha1/modp1024".
func (s Suite) String() string {
	return fmt.Sprintf("%s/%v/%v", s.Cipher.Slug(s.KeyBits), s.Hash, s.Group)
}

// Weak reports whether any of the algorithms is known to be weak.
func (s Suite) Weak() bool { return s.Cipher.Weak() || s.Hash.Weak() || s.Group.Weak() }

// Validate checks that all algorithms are known and the key has a length the cipher allows. Its error wraps ErrUnknown or
// ErrKeyLength.
func (s Suite) Validate() error {
	if err := s.validateSymmetric(); err != nil {
		return err
	}
	if _, ok := groups[s.Group]; !ok {
		return fmt.Errorf("ikev1/keymat: group %v: %w", s.Group, ErrUnknown)
	}
	return nil
}

// validateSymmetric leaves the group out: deriving keys needs the octets of g^xy, not where they come from.
func (s Suite) validateSymmetric() error {
	if _, err := s.Cipher.KeySize(s.KeyBits); err != nil {
		return err
	}
	if _, ok := hashes[s.Hash]; !ok {
		return fmt.Errorf("ikev1/keymat: hash %v: %w", s.Hash, ErrUnknown)
	}
	return nil
}
