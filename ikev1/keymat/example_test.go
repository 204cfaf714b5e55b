package keymat_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

// Both ends of a main mode with a pre-shared key, and the first message of the quick mode that follows. The exponents are
// fixed to give the same output each time; Group.Generate draws them.
func Example() {
	var s keymat.Suite
	var err error
	if s.Cipher, s.KeyBits, err = keymat.ParseCipher("aes128-cbc"); err != nil {
		log.Fatal(err)
	}
	s.Hash, s.Group = keymat.SHA256, keymat.MODP2048

	initiator, err := keymat.PrivateKeyFromBytes(s.Group, bytes.Repeat([]byte{0xa5}, 32))
	if err != nil {
		log.Fatal(err)
	}
	responder, err := keymat.PrivateKeyFromBytes(s.Group, bytes.Repeat([]byte{0x5a}, 32))
	if err != nil {
		log.Fatal(err)
	}
	gxy, err := initiator.Shared(responder.Public())
	if err != nil {
		log.Fatal(err) // errors.Is(err, keymat.ErrInvalidKE): the peer sent no public value
	}

	in := keymat.Exchange{
		CookieI: [8]byte{1}, CookieR: [8]byte{2},
		Ni: []byte("initiator's nonce"), Nr: []byte("responder's nonce"),
		GXi: initiator.Public(), GXr: responder.Public(), GXY: gxy,
	}
	keys, err := keymat.DerivePSK(s, []byte("the pre-shared key"), in)
	if err != nil {
		log.Fatal(err)
	}
	sai, idii := []byte("body of the SA payload"), []byte("body of the ID payload")
	fmt.Printf("%v HASH_I %x…\n", s, keymat.HashI(s, keys.SKEYID, in, sai, idii)[:8])

	phase1, err := keymat.NewCBC(s, keys.Key, keys.IV)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := phase1.Encrypt(nil, make([]byte, 64)); err != nil { // the fifth message, and the sixth
		log.Fatal(err)
	}

	const msgID = 0x01020304
	quick, err := phase1.WithIV(keymat.QuickIV(s, phase1.IV(), msgID))
	if err != nil {
		log.Fatal(err)
	}
	sealed, err := quick.Encrypt(nil, make([]byte, 16))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("quick mode %x\n", sealed)

	const protoESP = 3
	spi := []byte{0xca, 0xfe, 0xba, 0xbe} // the receiver's
	km := keymat.KEYMAT(s.Hash, keys.D, nil, protoESP, spi, []byte("Ni of quick mode"), []byte("Nr of quick mode"), 16+20)
	fmt.Printf("KEYMAT %d octets\n", len(km))

	// Output:
	// aes128-cbc/sha256/modp2048 HASH_I 64af9d1cd2f9c244…
	// quick mode f9ad9f0ba4432ae5d2eabddb921baf80
	// KEYMAT 36 octets
}
