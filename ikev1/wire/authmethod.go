package wire

import "fmt"

// ParseAuthMethod reads what String gives: "psk", "xauth-init-rsa-sig".
func ParseAuthMethod(slug string) (AuthMethod, error) {
	for m, name := range authMethodNames {
		if name == slug {
			return m, nil
		}
	}
	return 0, fmt.Errorf("ikev1/wire: there is no authentication method %q", slug)
}

// PSK reports whether SKEYID comes from a pre-shared key (RFC 2409 5.4).
func (m AuthMethod) PSK() bool {
	return m == AuthPSK || m == AuthXAUTHInitPSK || m == AuthXAUTHRespPSK
}

// Encrypts reports whether nonces and identities are encrypted to public keys (RFC 2409 5.2, 5.3).
func (m AuthMethod) Encrypts() bool {
	switch m {
	case AuthRSAEnc, AuthXAUTHInitRSAEnc, AuthXAUTHRespRSAEnc:
		return true
	}
	return m.Revised()
}

// Revised reports whether only nonces are encrypted to public keys, and the rest with keys made of them (RFC 2409 5.3).
func (m AuthMethod) Revised() bool {
	return m == AuthRSARevEnc || m == AuthXAUTHInitRSARevEnc || m == AuthXAUTHRespRSARevEnc
}

// Signs reports whether the initiator, or else the responder, of phase 1 authenticates with a signature (RFC 2409 5.1,
// RFC 4754). With a hybrid method one end does; the other sends a hash that nothing but g^xy goes into, and proves itself by
// XAUTH afterwards (draft-ietf-ipsec-isakmp-hybrid-auth-05 3).
func (m AuthMethod) Signs(initiator bool) bool {
	switch m {
	case AuthHybridInitRSA, AuthHybridInitDSS:
		return !initiator
	case AuthHybridRespRSA, AuthHybridRespDSS:
		return initiator
	}
	_, known := authMethodNames[m]
	return known && !m.PSK() && !m.Encrypts()
}

// XAUTH reports whether one end of phase 1 has to authenticate itself further once that is done, and whether it is the
// initiator (draft-beaulieu-ike-xauth-02 7.2).
func (m AuthMethod) XAUTH() (required, initiator bool) {
	switch m {
	case AuthXAUTHInitPSK, AuthXAUTHInitDSS, AuthXAUTHInitRSASig, AuthXAUTHInitRSAEnc, AuthXAUTHInitRSARevEnc,
		AuthHybridInitRSA, AuthHybridInitDSS:
		return true, true
	case AuthXAUTHRespPSK, AuthXAUTHRespDSS, AuthXAUTHRespRSASig, AuthXAUTHRespRSAEnc, AuthXAUTHRespRSARevEnc,
		AuthHybridRespRSA, AuthHybridRespDSS:
		return true, false
	}
	return false, false
}

// Base is the method without XAUTH: the one by which phase 1 itself is authenticated. A hybrid method stays what it is.
func (m AuthMethod) Base() AuthMethod {
	switch m {
	case AuthXAUTHInitPSK, AuthXAUTHRespPSK:
		return AuthPSK
	case AuthXAUTHInitDSS, AuthXAUTHRespDSS:
		return AuthDSS
	case AuthXAUTHInitRSASig, AuthXAUTHRespRSASig:
		return AuthRSASig
	case AuthXAUTHInitRSAEnc, AuthXAUTHRespRSAEnc:
		return AuthRSAEnc
	case AuthXAUTHInitRSARevEnc, AuthXAUTHRespRSARevEnc:
		return AuthRSARevEnc
	}
	return m
}
