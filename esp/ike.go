package esp

import (
	"fmt"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// authNone is the absent Authentication Algorithm attribute.
const authNone = 0

// ikeCiphers maps transform identifier and Key Length attribute, in bits. 0 is the
// absent attribute: it must be there for AES (RFC 3602 5.3), may be for Blowfish and CAST (RFC 2451 2.2), and nowhere else.
var ikeCiphers = map[Cipher]struct {
	transform uint8
	keyBits   int
	fixed     bool // the attribute may be absent: there is one length in use (RFC 2451 2.2)
}{
	NULL:         {transform: wire.ESPNull},
	DESCBC:       {transform: wire.ESPDES},
	TripleDESCBC: {transform: wire.ESP3DES},
	AES128CBC:    {transform: wire.ESPAES, keyBits: 128},
	AES192CBC:    {transform: wire.ESPAES, keyBits: 192},
	AES256CBC:    {transform: wire.ESPAES, keyBits: 256},
	BlowfishCBC:  {transform: wire.ESPBlowfish, keyBits: 128, fixed: true},
	CAST128CBC:   {transform: wire.ESPCAST, keyBits: 128, fixed: true},
	AES128CTR:    {transform: wire.ESPAESCTR, keyBits: 128},
	AES192CTR:    {transform: wire.ESPAESCTR, keyBits: 192},
	AES256CTR:    {transform: wire.ESPAESCTR, keyBits: 256},
	AES128GCM8:   {transform: wire.ESPAESGCM8, keyBits: 128},
	AES128GCM12:  {transform: wire.ESPAESGCM12, keyBits: 128},
	AES128GCM16:  {transform: wire.ESPAESGCM16, keyBits: 128},
	AES192GCM8:   {transform: wire.ESPAESGCM8, keyBits: 192},
	AES192GCM12:  {transform: wire.ESPAESGCM12, keyBits: 192},
	AES192GCM16:  {transform: wire.ESPAESGCM16, keyBits: 192},
	AES256GCM8:   {transform: wire.ESPAESGCM8, keyBits: 256},
	AES256GCM12:  {transform: wire.ESPAESGCM12, keyBits: 256},
	AES256GCM16:  {transform: wire.ESPAESGCM16, keyBits: 256},
}

var ikeIntegrities = map[Integrity]uint16{
	NoIntegrity:    authNone,
	HMACMD5x96:     wire.AuthHMACMD5,
	HMACSHA1x96:    wire.AuthHMACSHA1,
	HMACSHA256x128: wire.AuthHMACSHA256,
	HMACSHA384x192: wire.AuthHMACSHA384,
	HMACSHA512x256: wire.AuthHMACSHA512,
	HMACSHA256x96:  wire.AuthHMACSHA256, // only known out of band
	AESXCBC96:      wire.AuthAESXCBC,
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
		if t.keyBits == keyBits || t.fixed && keyBits == 0 {
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

// ahTransforms are AH's own identifiers, which say the same as the attribute (RFC 2407 4.4.3).
var ahTransforms = map[Integrity]uint8{
	HMACMD5x96:     wire.AHMD5,
	HMACSHA1x96:    wire.AHSHA,
	HMACSHA256x128: wire.AHSHA256,
	HMACSHA384x192: wire.AHSHA384,
	HMACSHA512x256: wire.AHSHA512,
	HMACSHA256x96:  wire.AHSHA256, // only known out of band
	AESXCBC96:      wire.AHAESXCBC,
}

// FromAH returns the suite that an AH transform negotiates: its identifier and the Authentication Algorithm attribute,
// which must agree (RFC 2407 4.4.3.1). Errors wrap ErrUnknown.
func FromAH(transformID uint8, auth uint16) (Suite, error) {
	for _, i := range Integrities() {
		if ahTransforms[i] == transformID && transformID != 0 && ikeIntegrities[i] == auth {
			return Suite{Cipher: NULL, Integrity: i}, nil
		}
	}
	return Suite{}, fmt.Errorf("esp: AH transform identifier %d with authentication algorithm %d: %w (RFC 2407 4.4.3)", transformID, auth, ErrUnknown)
}

// ToAH returns what negotiates the suite with AH.
func (s Suite) ToAH() (transformID uint8, auth uint16) {
	return ahTransforms[s.Integrity], ikeIntegrities[s.Integrity]
}
