package keymat

import "fmt"

// Exchange is what both ends of a phase 1 exchange have sent, and the secret they made of it. Derive functions look only at
// the fields they need. The lengths of the public values and of GXY are not checked against the group.
type Exchange struct {
	CookieI, CookieR [8]byte
	Ni, Nr           []byte // bodies of the nonce payloads
	GXi, GXr         []byte // bodies of the KE payloads
	GXY              []byte // the shared secret, as PrivateKey.Shared returns it
}

// Phase1 is the key material of an ISAKMP SA (RFC 2409 section 5 and appendix B). Printing it with package fmt shows no key.
type Phase1 struct {
	SKEYID []byte
	D      []byte // SKEYID_d, from which the keys of other SAs are derived
	A      []byte // SKEYID_a, which authenticates the messages of the ISAKMP SA
	E      []byte // SKEYID_e, from which the cipher's key comes
	Key    []byte // Ka, the cipher's key
	IV     []byte // the first IV of phase 1
}

// String shows no key.
func (Phase1) String() string { return "phase 1 keys (not shown)" }

// GoString is String, so that %#v shows no key either.
func (p Phase1) GoString() string { return p.String() }

// String tells the cookies; GXY is secret.
func (x Exchange) String() string { return fmt.Sprintf("exchange %x/%x", x.CookieI, x.CookieR) }

// GoString is String, so that %#v does not show GXY either.
func (x Exchange) GoString() string { return x.String() }

// SKEYIDPSK returns SKEYID of authentication with a pre-shared key: prf(psk, Ni_b | Nr_b) (RFC 2409 section 5). It is nil when
// the hash is unknown. g^xy is no part of it: whoever sees an aggressive exchange can test keys.
func SKEYIDPSK(h Hash, psk, ni, nr []byte) []byte { return PRF(h, psk, ni, nr) }

// SKEYIDSignature returns SKEYID of authentication with signatures: prf(Ni_b | Nr_b, g^xy). It is nil when the hash is unknown.
func SKEYIDSignature(h Hash, ni, nr, gxy []byte) []byte {
	return PRF(h, concat(ni, nr), gxy)
}

// SKEYIDPKE returns SKEYID of authentication with (revised) public key encryption: prf(hash(Ni_b | Nr_b), CKY-I | CKY-R), ni
// and nr being the decrypted nonces. It is nil when the hash is unknown.
func SKEYIDPKE(h Hash, cookieI, cookieR [8]byte, ni, nr []byte) []byte {
	return PRF(h, h.Sum(ni, nr), cookieI[:], cookieR[:])
}

// DerivePSK derives the keys of an exchange authenticated with a pre-shared key. The errors of this and the other derive
// functions wrap ErrUnknown or ErrKeyLength: the suite is not one the package can compute.
func DerivePSK(s Suite, psk []byte, in Exchange) (Phase1, error) {
	return Derive(s, SKEYIDPSK(s.Hash, psk, in.Ni, in.Nr), in)
}

// DeriveSignature derives the keys of an exchange authenticated with signatures.
func DeriveSignature(s Suite, in Exchange) (Phase1, error) {
	return Derive(s, SKEYIDSignature(s.Hash, in.Ni, in.Nr, in.GXY), in)
}

// DerivePKE derives the keys of an exchange authenticated with public key encryption.
func DerivePKE(s Suite, in Exchange) (Phase1, error) {
	return Derive(s, SKEYIDPKE(s.Hash, in.CookieI, in.CookieR, in.Ni, in.Nr), in)
}

// Derive derives everything that follows from SKEYID, which alone depends on the method of authentication:
//
//	SKEYID_d = prf(SKEYID, g^xy | CKY-I | CKY-R | 0)
//	SKEYID_a = prf(SKEYID, SKEYID_d | g^xy | CKY-I | CKY-R | 1)
//	SKEYID_e = prf(SKEYID, SKEYID_a | g^xy | CKY-I | CKY-R | 2)
//
// and from that the cipher's key and first IV.
func Derive(s Suite, skeyid []byte, in Exchange) (Phase1, error) {
	if err := s.validateSymmetric(); err != nil {
		return Phase1{}, err
	}
	step := func(previous []byte, n byte) []byte {
		return PRF(s.Hash, skeyid, previous, in.GXY, in.CookieI[:], in.CookieR[:], []byte{n})
	}
	p := Phase1{SKEYID: append([]byte(nil), skeyid...)}
	p.D = step(nil, 0)
	p.A = step(p.D, 1)
	p.E = step(p.A, 2)
	key, err := CipherKey(s, p.E)
	if err != nil {
		return Phase1{}, err
	}
	p.Key = key
	p.IV = FirstIV(s, in.GXi, in.GXr)
	return p, nil
}

// CipherKey returns Ka, the key of the suite's cipher, from SKEYID_e (RFC 2409 appendix B): its first octets when there are
// enough, else the first octets of K1 | K2 | … with
//
//	K1 = prf(SKEYID_e, 0)
//	K2 = prf(SKEYID_e, K1)
//
// where 0 is a single octet. DES keys are taken as they come: parity bits are not set, and the weak keys, which the RFC would
// step over, are used. Nobody will meet one by accident.
func CipherKey(s Suite, skeyidE []byte) ([]byte, error) {
	if err := s.validateSymmetric(); err != nil {
		return nil, err
	}
	n, err := s.Cipher.KeySize(s.KeyBits)
	if err != nil {
		return nil, err
	}
	if len(skeyidE) >= n {
		return append([]byte(nil), skeyidE[:n]...), nil
	}
	var key []byte
	for k := []byte{0}; len(key) < n; {
		k = PRF(s.Hash, skeyidE, k)
		key = append(key, k...)
	}
	return key[:n:n], nil
}

func concat(a, b []byte) []byte { return append(append(make([]byte, 0, len(a)+len(b)), a...), b...) }
