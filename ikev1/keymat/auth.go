package keymat

import "encoding/binary"

// HashI returns HASH_I, with which the initiator authenticates phase 1 (RFC 2409 section 5):
//
//	prf(SKEYID, g^xi | g^xr | CKY-I | CKY-R | SAi_b | IDii_b)
//
// sai is the body of the initiator's SA payload, idii that of its ID payload. It is nil when the hash is unknown.
func HashI(s Suite, skeyid []byte, in Exchange, sai, idii []byte) []byte {
	return PRF(s.Hash, skeyid, in.GXi, in.GXr, in.CookieI[:], in.CookieR[:], sai, idii)
}

// HashR returns HASH_R, with which the responder authenticates phase 1:
//
//	prf(SKEYID, g^xr | g^xi | CKY-R | CKY-I | SAi_b | IDir_b)
//
// sai is the initiator's SA here too: that is what keeps the offer from being changed on the way.
func HashR(s Suite, skeyid []byte, in Exchange, sai, idir []byte) []byte {
	return PRF(s.Hash, skeyid, in.GXr, in.GXi, in.CookieR[:], in.CookieI[:], sai, idir)
}

// Hash1 returns HASH(1) of a quick mode or an informational exchange (RFC 2409 sections 5.5 and 5.7):
//
//	prf(SKEYID_a, M-ID | rest)
//
// rest is the message after the hash payload, generic headers included and padding left out.
func Hash1(h Hash, skeyidA []byte, msgID uint32, rest []byte) []byte {
	return PRF(h, skeyidA, mid(msgID), rest)
}

// Hash2 returns HASH(2) of a quick mode:
//
//	prf(SKEYID_a, M-ID | Ni_b | rest)
func Hash2(h Hash, skeyidA []byte, msgID uint32, ni, rest []byte) []byte {
	return PRF(h, skeyidA, mid(msgID), ni, rest)
}

// Hash3 returns HASH(3) of a quick mode:
//
//	prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b)
//
// where 0 is a single octet.
func Hash3(h Hash, skeyidA []byte, msgID uint32, ni, nr []byte) []byte {
	return PRF(h, skeyidA, []byte{0}, mid(msgID), ni, nr)
}

// KEYMAT returns n octets of key material for one SA of the protected protocol (RFC 2409 section 5.5):
//
//	K1 = prf(SKEYID_d, [ g(qm)^xy | ] protocol | SPI | Ni_b | Nr_b)
//	K2 = prf(SKEYID_d, K1 | [ g(qm)^xy | ] protocol | SPI | Ni_b | Nr_b)
//	KEYMAT = K1 | K2 | …
//
// gxy is nil without perfect forward secrecy. The protocol and SPI are those of the SA's receiver; each direction has its own.
// It is nil when the hash is unknown or n is not positive.
func KEYMAT(h Hash, skeyidD, gxy []byte, protocol uint8, spi, ni, nr []byte, n int) []byte {
	if h.Size() == 0 || n <= 0 {
		return nil
	}
	var out, k []byte
	for len(out) < n {
		k = PRF(h, skeyidD, k, gxy, []byte{protocol}, spi, ni, nr)
		out = append(out, k...)
	}
	return out[:n:n]
}

func mid(msgID uint32) []byte { return binary.BigEndian.AppendUint32(nil, msgID) }
