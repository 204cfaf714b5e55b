// Package pki is what IKEv1 does with public keys and certificates: signatures over HASH_I and HASH_R (RFC 2409 section 5.1,
// RFC 4754), the two ways of authenticating with public key encryption (RFC 2409 sections 5.2 and 5.3), certificate and
// certificate request payloads (RFC 2408 sections 3.9 and 3.10), the paths, usages and identities of certificates (RFC 4945),
// and a small CA that issues the certificates a test needs.
//
// There is no I/O here, and no clock: whoever needs the time or randomness is given it. Slices that are passed in are neither
// kept nor changed, and slices that come back belong to the caller, unless a comment says otherwise.
//
// A conformance tool must follow peers into algorithms that nobody should trust any more: SHA-1 and MD5 under a certificate,
// RSA below 2048 bits, DSS. They are refused unless [Policy.AllowWeak] says otherwise, and named in [Path.Weak] when used.
// RSA moduli below 1024 bits are refused by crypto/rsa itself; a program that must meet them sets the GODEBUG rsa1024min=0.
// Decryption tells why it failed, which a product must never tell a stranger (RFC 3218); a laboratory's tool has to.
package pki
