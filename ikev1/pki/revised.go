package pki

import (
	"github.com/useipsec/useipsec/ikev1/keymat"
)

// Revised RSA encryption (RFC 2409 section 5.3) needs one public key operation instead of two: only the nonce is encrypted with
// RSA ([EncryptBody]); the payloads after it are encrypted with a key made of the nonce:
//
//	HDR, SA                               -->
//	                                      <--  HDR, SA
//	HDR, [ HASH(1), ] <Ni_b>PubKey_r, <KE_b>Ke_i,
//	     <IDii_b>Ke_i, [ <Cert-I_b>Ke_i ] -->
//	                                      <--  HDR, <Nr_b>PubKey_i, <KE_b>Ke_r, <IDir_b>Ke_r
//	HDR*, HASH_I                          -->
//	                                      <--  HDR*, HASH_R

// Ephemeral encrypts or decrypts, in their order, the bodies that follow a side's nonce. It must not be used by two goroutines at
// once, and not after the exchange: the keys "are all ephemeral and MUST be discarded after use".
type Ephemeral struct{ cbc *keymat.CBC }

// NewEphemeral starts the chain of the side that sent the nonce: cookie is CKY-I with the body of Ni, CKY-R with that of Nr.
//
//	Ne_i = prf(Ni_b, CKY-I)
//	Ne_r = prf(Nr_b, CKY-R)
//
// Ke_i and Ke_r come from these as the ISAKMP SA's cipher key does from SKEYID_e (appendix B). The first IV is zero. The error is
// that of [keymat.CipherKey]: the suite cannot be computed.
func NewEphemeral(s keymat.Suite, nonce []byte, cookie [8]byte) (*Ephemeral, error) {
	key, err := EphemeralKey(s, nonce, cookie)
	if err != nil {
		return nil, err
	}
	cbc, err := keymat.NewCBC(s, key, make([]byte, keymat.BlockSize(s.Cipher)))
	if err != nil {
		return nil, err
	}
	return &Ephemeral{cbc}, nil
}

// EphemeralKey returns Ke_i or Ke_r itself, as a key log has it.
func EphemeralKey(s keymat.Suite, nonce []byte, cookie [8]byte) ([]byte, error) {
	return keymat.CipherKey(s, keymat.PRF(s.Hash, nonce, cookie[:]))
}

// Seal encrypts the next body. It is padded to whole blocks, and by one block if it has them already: zeros, and a last octet
// that counts the zeros. The IV of the body after it is the last block of ciphertext.
func (e *Ephemeral) Seal(body []byte) ([]byte, error) {
	block := e.cbc.BlockSize()
	pad := block - len(body)%block
	text := make([]byte, len(body)+pad)
	copy(text, body)
	text[len(text)-1] = byte(pad - 1)
	return e.cbc.Encrypt(text[:0], text)
}

// Open decrypts the next body and takes off its padding. Errors wrap ErrDecrypt; the chain has then moved on, unless sealed is
// not made of whole blocks.
func (e *Ephemeral) Open(sealed []byte) ([]byte, error) {
	text, err := e.cbc.Decrypt(nil, sealed)
	if err != nil {
		return nil, failure(ErrDecrypt, "%w", err)
	}
	if len(text) == 0 {
		return nil, failure(ErrDecrypt, "no octets, expected one block at least (RFC 2409 section 5.3)")
	}
	zeros := int(text[len(text)-1])
	if zeros >= e.cbc.BlockSize() {
		return nil, failure(ErrDecrypt, "padding of %d octets, expected less than a block of %d (RFC 2409 section 5.3)", zeros, e.cbc.BlockSize())
	}
	body := text[:len(text)-1-zeros]
	for _, b := range text[len(body) : len(text)-1] {
		if b != 0 {
			return nil, failure(ErrDecrypt, "padding is not zero (RFC 2409 section 5.3)")
		}
	}
	return body, nil
}

// String shows no key.
func (*Ephemeral) String() string { return "ephemeral key (not shown)" }

// GoString is String.
func (e *Ephemeral) GoString() string { return e.String() }
