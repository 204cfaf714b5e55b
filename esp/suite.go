package esp

import "fmt"

// Suite is the pair of algorithms of one SA.
type Suite struct {
	Cipher    Cipher
	Integrity Integrity
}

// String returns both slugs, such as "aes128-cbc/hmac-sha1-96".
func (s Suite) String() string { return s.Cipher.String() + "/" + s.Integrity.String() }

// Weak reports whether either algorithm is weak.
func (s Suite) Weak() bool {
	return s.Cipher.Weak() || s.Integrity.Weak() && !(s.Integrity == NoIntegrity && s.Cipher.ICVSize() > 0)
}

// ICVSize returns the octets of Authentication Data: the cipher's own, or the integrity algorithm's.
func (s Suite) ICVSize() int { return max(s.Cipher.ICVSize(), s.Integrity.ICVSize()) }

// Validate reports what no SA may use: unknown algorithms, or neither
// encryption nor integrity (RFC 2406 5).
func (s Suite) Validate() error {
	switch {
	case !s.Cipher.Valid():
		return fmt.Errorf("esp: encryption algorithm %d: %w", uint8(s.Cipher), ErrUnknown)
	case !s.Integrity.Valid():
		return fmt.Errorf("esp: integrity algorithm %d: %w", uint8(s.Integrity), ErrUnknown)
	case s.Cipher == NULL && s.Integrity == NoIntegrity:
		return fmt.Errorf("esp: suite %v: %w (RFC 2406 5)", s, ErrNullNone)
	case s.Cipher.ICVSize() > 0 && s.Integrity != NoIntegrity:
		return fmt.Errorf("esp: suite %v: %w: the cipher has an ICV of its own (RFC 4106 8.2)", s, ErrUnsupported)
	case s.Cipher.info().salt > 0 && s.Cipher.ICVSize() == 0 && s.Integrity == NoIntegrity:
		return fmt.Errorf("esp: suite %v: %w: counter mode needs integrity (RFC 3686 7)", s, ErrUnsupported)
	}
	return nil
}

// Keys are the two keys of an SA. They are secrets; String hides them.
type Keys struct {
	Encryption []byte
	Integrity  []byte
}

// String tells the lengths and never the octets.
func (k Keys) String() string {
	return fmt.Sprintf("keys(%d+%d octets)", len(k.Encryption), len(k.Integrity))
}

// GoString is String, so that %#v does not print keys either.
func (k Keys) GoString() string { return k.String() }

// KEYMATLen returns the octets of KEYMAT that the suite takes for one SA.
func (s Suite) KEYMATLen() int { return s.Cipher.KeySize() + s.Integrity.KeySize() }

// SplitKEYMAT cuts KEYMAT into keys: the encryption key from the first octets,
// then the integrity key (RFC 2401 4.4.3, RFC 2409 5.5). The keys alias km, which
// may be longer than KEYMATLen; ErrKeyLength when it is shorter.
func SplitKEYMAT(s Suite, km []byte) (Keys, error) {
	if len(km) < s.KEYMATLen() {
		return Keys{}, fmt.Errorf("esp: KEYMAT of %d octets, suite %v takes %d: %w", len(km), s, s.KEYMATLen(), ErrKeyLength)
	}
	e, n := s.Cipher.KeySize(), s.KEYMATLen()
	return Keys{Encryption: km[:e:e], Integrity: km[e:n:n]}, nil
}
