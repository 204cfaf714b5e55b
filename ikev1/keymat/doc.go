// Package keymat computes the keys of an IKEv1 exchange: the Diffie-Hellman groups, the prf, SKEYID and what is derived
// from it, the phase 1 cipher and its chain of IVs, the authenticating hashes, and KEYMAT for the protected protocol
// (RFC 2409 sections 3 to 6 and appendix B, RFC 3526, RFC 5114, RFC 5903).
//
// Everything here is a pure function of its arguments, except the drawing of a private exponent, for which the caller may
// give the source. Nothing is parsed: nonces, identities and SA payloads are bodies, the octets after the generic payload
// header exactly as they went over the wire. All numbers are big endian. No function keeps or changes a slice it is given,
// and every slice it returns belongs to the caller, unless its comment says otherwise.
//
// An analyser must be able to follow bad peers, so the package computes broken algorithms too: Weak names them. The
// arithmetic is not constant time. It is made for a conformance tool in a laboratory, not for guarding anybody's traffic.
package keymat
