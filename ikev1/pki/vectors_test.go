package pki_test

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 DSS is what is tested
	"crypto/rsa"
	"crypto/sha1"
	"math/big"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func bigHex(s string) *big.Int {
	n, ok := new(big.Int).SetString(strings.Join(strings.Fields(s), ""), 16)
	if !ok {
		panic("not hexadecimal")
	}
	return n
}

// dssKey is the key of RFC 6979 appendix A.2.1, with 1024 and 160 bits.
func dssKey() crypto.Signer {
	k := new(dsa.PrivateKey)
	k.P = bigHex(`86F5CA03DCFEB225063FF830A0C769B9DD9D6153AD91D7CE27F787C43278B447E6533B86B18BED6E8A48B784A14C252C5BE0DBF60B86D638
		5BD2F12FB763ED8873ABFD3F5BA2E0A8C0A59082EAC056935E529DAF7C610467899C77ADEDFC846C881870B7B19B2B58F9BE0521A17002E3BDD6B86685EE
		90B3D9A1B02B782B1779`)
	k.Q = bigHex(`996F967F6C8E388D9E28D01E205FBA957A5698B1`)
	k.G = bigHex(`07B0F92546150B62514BB771E2A0C0CE387F03BDA6C56B505209FF25FD3C133D89BBCD97E904E09114D9A7DEFDEADFC9078EA544D2E401AE
		ECC40BB9FBBF78FD87995A10A1C27CB7789B594BA7EFB5C4326A9FE59A070E136DB77175464ADCA417BE5DCE2F40D10A46A3A3943F26AB7FD9C0398FF8C7
		6EE0A56826A8A88F1DBD`)
	k.Y = bigHex(`5DF5E01DED31D0297E274E1691C192FE5868FEF9E19A84776454B100CF16F65392195A38B90523E2542EE61871C0440CB87C322FC4B4D2EC
		5E1E7EC766E1BE8D4CE935437DC11C3C8FD426338933EBFE739CB3465F4D3668C5E473508253B1E682F65CBDC4FAE93C2EA212390E54905A86E2223170B4
		4EAA7DA5DD9FFCFB7F3B`)
	k.X = bigHex(`411602CB19A6CCC34494D79D98EF1E7ED5AF25F7`)
	return pki.DSAKey{Key: k}
}

// The signature over SHA-1 of "sample" in RFC 6979 appendix A.2.1.
func TestDSSVector(t *testing.T) {
	sig := unhex(t, "2E1A0C2562B2912CAAF89186FB0F42001585DA55 29EFB6B0AFF2D7A68EB70CA313022253B9A88DF5")
	hash := sha1.Sum([]byte("sample"))
	if err := pki.Verify(dssKey().Public(), wire.AuthDSS, hash[:], sig); err != nil {
		t.Error(err)
	}
	hash[0] ^= 1
	wantErr(t, pki.Verify(dssKey().Public(), wire.AuthDSS, hash[:], sig), pki.ErrSignature)
}

// A 256 bit q makes r and s of 32 octets, for which RFC 2409 has no place.
func TestDSSLargeQ(t *testing.T) {
	k := dssKey().Public().(*dsa.PublicKey)
	k = &dsa.PublicKey{Parameters: dsa.Parameters{P: k.P, G: k.G, Q: new(big.Int).Lsh(big.NewInt(1), 255)}, Y: k.Y}
	wantErr(t, pki.Verify(k, wire.AuthDSS, make([]byte, 20), make([]byte, 64)), pki.ErrKey)
}

// privateOperation is RSA with the private key and nothing else.
func privateOperation(key *rsa.PrivateKey, em []byte) []byte {
	return new(big.Int).Exp(new(big.Int).SetBytes(em), key.D, key.N).FillBytes(make([]byte, key.Size()))
}
