package pki

import (
	"errors"
	"fmt"
)

// What can be wrong. Test for these with errors.Is; errors.As gives an [*IdentityError] or a [*PathError] where one is promised.
var (
	// ErrMethod: the authentication method has no signatures, or is unknown.
	ErrMethod = errors.New("no signature method")
	// ErrKey: the key is not of the kind or the curve that the method or the certificate wants.
	ErrKey = errors.New("unsuitable key")
	// ErrHash: what is to be signed or verified has not the length of the hash that the method wants.
	ErrHash = errors.New("unsuitable hash")
	// ErrSignature: a signature is not one of this hash under this key.
	ErrSignature = errors.New("bad signature")
	// ErrDecrypt: an encrypted body is not what the RFC says after decryption.
	ErrDecrypt = errors.New("decryption failed")
	// ErrTooLong: the text is too long for the modulus of the key.
	ErrTooLong = errors.New("too long for the key")
	// ErrEncoding: a certificate encoding that is not used in IKEv1, or that this package does not read.
	ErrEncoding = errors.New("unsupported certificate encoding")
	// ErrMalformed: the octets are not what their encoding says.
	ErrMalformed = errors.New("malformed")
	// ErrIdentity: the certificate does not speak for the identity.
	ErrIdentity = errors.New("identity does not match certificate")
	// ErrExpired: the time is after notAfter of a certificate in the path.
	ErrExpired = errors.New("certificate has expired")
	// ErrNotYetValid: the time is before notBefore of a certificate in the path.
	ErrNotYetValid = errors.New("certificate is not yet valid")
	// ErrRevoked: a certificate in the path is on its issuer's CRL.
	ErrRevoked = errors.New("certificate is revoked")
	// ErrNoCRL: the policy wants a CRL, and there is none that is current and genuine.
	ErrNoCRL = errors.New("no usable CRL")
	// ErrUntrusted: no path leads to a root.
	ErrUntrusted = errors.New("no path to a trusted root")
	// ErrUsage: key usage or extended key usage forbids IKE.
	ErrUsage = errors.New("certificate is not for this use")
	// ErrWeak: the only path has SHA-1, MD5, DSS or a small RSA key in it.
	ErrWeak = errors.New("weak algorithm or key")
	// ErrNoCertificate: nothing there to choose from.
	ErrNoCertificate = errors.New("no certificate")
)

// IdentityError says that a certificate does not speak for an identity. It wraps ErrIdentity.
type IdentityError struct {
	Want   string   // the identity, for example "fqdn:gw.example.com"
	Got    []string // what the certificate has of that kind, in the same form; empty: nothing
	Reason string   // anything else worth knowing, or ""
}

// Error gives expected and actual.
func (e *IdentityError) Error() string {
	s := fmt.Sprintf("ikev1/pki: %v: expected %s, certificate has ", ErrIdentity, e.Want)
	if len(e.Got) == 0 {
		s += "nothing of that kind"
	}
	for i, g := range e.Got {
		if i > 0 {
			s += ", "
		}
		s += g
	}
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	return s + " (RFC 4945 3.1)"
}

// Unwrap returns ErrIdentity.
func (*IdentityError) Unwrap() error { return ErrIdentity }

// PathError says which certificate makes a path unacceptable, and why. It wraps one of ErrExpired, ErrNotYetValid, ErrRevoked,
// ErrNoCRL, ErrUntrusted, ErrUsage, ErrWeak.
type PathError struct {
	Subject string // of the certificate at fault, as FormatDN gives it
	Err     error
	Detail  string // expected and actual, in words
}

// Error names the certificate.
func (e *PathError) Error() string {
	s := fmt.Sprintf("ikev1/pki: %v: %q", e.Err, e.Subject)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap returns Err.
func (e *PathError) Unwrap() error { return e.Err }

func failure(err error, format string, args ...any) error {
	return fmt.Errorf("ikev1/pki: %w: "+format, append([]any{err}, args...)...)
}
