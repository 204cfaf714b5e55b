package pki

import (
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// algorithm is what an authentication method signs with.
type algorithm uint8

const (
	algNone algorithm = iota
	algRSA
	algDSS
	algECDSA
)

// XAUTH and hybrid methods sign as the method they extend.
func algorithmOf(m wire.AuthMethod) algorithm {
	switch m {
	case wire.AuthRSASig, wire.AuthXAUTHInitRSASig, wire.AuthXAUTHRespRSASig, wire.AuthHybridInitRSA, wire.AuthHybridRespRSA:
		return algRSA
	case wire.AuthDSS, wire.AuthXAUTHInitDSS, wire.AuthXAUTHRespDSS, wire.AuthHybridInitDSS, wire.AuthHybridRespDSS:
		return algDSS
	case wire.AuthECDSA256, wire.AuthECDSA384, wire.AuthECDSA521:
		return algECDSA
	}
	return algNone
}

// AuthHash returns the hash whose HMAC makes the HASH_I or HASH_R that is signed, where the method and not the negotiation fixes
// it: SHA-1 for DSS (RFC 2409 section 5.1), SHA-256, SHA-384 or SHA-512 for ECDSA (RFC 4754 section 4). Everything else in the
// exchange, SKEYID included, keeps to the negotiated hash. It is false where that one is signed too, as with RSA.
func AuthHash(m wire.AuthMethod) (keymat.Hash, bool) {
	switch algorithmOf(m) {
	case algDSS:
		return keymat.SHA1, true
	case algECDSA:
		return curves[m].hash, true
	}
	return 0, false
}

// Signs reports whether the method authenticates with a signature payload, so that Sign and Verify know it. With a hybrid method
// only one side signs (draft-ietf-ipsec-isakmp-hybrid-auth-05 section 3).
func Signs(m wire.AuthMethod) bool { return algorithmOf(m) != algNone }

// checkHash tells whether hash can be HASH_I or HASH_R under the method.
func checkHash(m wire.AuthMethod, hash []byte) error {
	if h, ok := AuthHash(m); ok {
		if len(hash) != h.Size() {
			return failure(ErrHash, "%d octets for %v, expected %d of %v", len(hash), m, h.Size(), h)
		}
		return nil
	}
	for _, h := range []keymat.Hash{keymat.MD5, keymat.SHA1, keymat.SHA256, keymat.SHA384, keymat.SHA512} {
		if len(hash) == h.Size() {
			return nil
		}
	}
	return failure(ErrHash, "%d octets, expected 16, 20, 32, 48 or 64", len(hash))
}
