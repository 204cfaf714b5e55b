package esp

import "fmt"

// ESP transform identifiers (RFC 2407 4.4.4, RFC 3602 5.1).
const (
	transformDES    = 2
	transform3DES   = 3
	transformNULL   = 11
	transformAESCBC = 12
)

// Values of the Authentication Algorithm attribute (RFC 2407 4.5, RFC 4868 2.4).
const (
	authNone       = 0 // the attribute is absent
	authHMACMD5    = 1
	authHMACSHA1   = 2
	authHMACSHA256 = 5
	authHMACSHA384 = 6
	authHMACSHA512 = 7
)

// ikeCiphers maps transform identifier and Key Length attribute, in bits. 0 is the
// absent attribute: it must be there for AES (RFC 3602 5.3) and nowhere else here.
var ikeCiphers = map[Cipher]struct {
	transform uint8
	keyBits   int
}{
	NULL:         {transform: transformNULL},
	DESCBC:       {transform: transformDES},
	TripleDESCBC: {transform: transform3DES},
	AES128CBC:    {transform: transformAESCBC, keyBits: 128},
	AES192CBC:    {transform: transformAESCBC, keyBits: 192},
	AES256CBC:    {transform: transformAESCBC, keyBits: 256},
}

var ikeIntegrities = map[Integrity]uint16{
	NoIntegrity:    authNone,
	HMACMD5x96:     authHMACMD5,
	HMACSHA1x96:    authHMACSHA1,
	HMACSHA256x128: authHMACSHA256,
	HMACSHA384x192: authHMACSHA384,
	HMACSHA512x256: authHMACSHA512,
	HMACSHA256x96:  authHMACSHA256, // only known out of band
}

// FromIKE returns the suite that an ESP transform negotiates: its identifier, the
// Key Length attribute in bits and the Authentication Algorithm attribute, 0 for an
// attribute that is absent. Errors wrap ErrUnknown, or ErrKeyLength when the transform
// exists but not with that key length.
func FromIKE(transformID uint8, keyBits int, auth uint16) (Suite, error) {
	var s Suite
	known := false
	for _, c := range Ciphers() {
		t := ikeCiphers[c]
		if t.transform != transformID {
			continue
		}
		known = true
		if t.keyBits == keyBits {
			s.Cipher = c
		}
	}
	switch {
	case !known:
		return Suite{}, fmt.Errorf("esp: transform identifier %d: %w (RFC 2407 4.4.4)", transformID, ErrUnknown)
	case s.Cipher == 0:
		return Suite{}, fmt.Errorf("esp: transform identifier %d with Key Length %d: %w (RFC 3602 5.3)", transformID, keyBits, ErrKeyLength)
	}
	for _, i := range Integrities() {
		if ikeIntegrities[i] == auth {
			s.Integrity = i
			return s, nil
		}
	}
	return Suite{}, fmt.Errorf("esp: authentication algorithm %d: %w (RFC 2407 4.5)", auth, ErrUnknown)
}

// ToIKE returns what negotiates the suite; 0 for an attribute that is left out. The
// draft truncation has no number of its own and goes as HMAC-SHA2-256.
func (s Suite) ToIKE() (transformID uint8, keyBits int, auth uint16) {
	t := ikeCiphers[s.Cipher]
	return t.transform, t.keyBits, ikeIntegrities[s.Integrity]
}
