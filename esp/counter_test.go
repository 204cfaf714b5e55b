package esp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"testing"
)

// TestRFC3686 holds the transform against test vectors 1, 2, 4 and 7 of RFC 3686 6.
func TestRFC3686(t *testing.T) {
	for _, v := range []struct {
		name, key, iv, nonce, plain, want string
		cipher                            Cipher
	}{
		{
			"1", "ae6852f8121067cc4bf7a5765577f39e", "0000000000000000", "00000030", "53696e676c6520626c6f636b206d7367",
			"e4095d4fb7a7b3792d6175a3261311b8", AES128CTR,
		},
		{
			"2", "7e24067817fae0d743d6ce1f32539163", "c0543b59da48d90b", "006cb6db", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
			"5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28", AES128CTR,
		},
		{
			"4", "16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb78515", "36733c147d6d93cb", "00000048", "53696e676c6520626c6f636b206d7367",
			"4b55384fe259c9c84e7935a003cbe928", AES192CTR,
		},
		{
			"7", "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104", "db5672c97aa8f0b2", "00000060", "53696e676c6520626c6f636b206d7367",
			"145ad01dbf824ec7560863dc71e3e0c0", AES256CTR,
		},
	} {
		tr, m, err := newTransform(v.cipher, unhex(t, v.key+v.nonce), false)
		if err != nil || m != nil {
			t.Fatal(err)
		}
		b := unhex(t, v.plain)
		tr.encrypt(unhex(t, v.iv), b)
		if want := unhex(t, v.want); !bytes.Equal(b, want) {
			t.Errorf("vector %s: %x, want %x", v.name, b, want)
		}
	}
}

// TestGCM takes sealed packets apart with the library alone, as RFC 4106 says how.
func TestGCM(t *testing.T) {
	payload := bytes.Repeat([]byte("seventeen octets."), 9)
	for _, c := range Ciphers() {
		if c.ICVSize() == 0 {
			continue
		}
		s := Suite{c, NoIntegrity}
		sa := newSA(t, s)
		key := testKeys(t, s).Encryption
		block, err := aes.NewCipher(key[:len(key)-4])
		if err != nil {
			t.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 3 {
			pkt := seal(t, sa, payload, 6)
			iv, body := pkt[8:16], pkt[16:len(pkt)-c.ICVSize()]
			seen[string(iv)] = true
			nonce := append(bytes.Clone(key[len(key)-4:]), iv...)
			plain := cipherOf(gcm, nonce, body)
			whole := gcm.Seal(nil, nonce, plain, pkt[:8])
			if !bytes.Equal(whole[:len(body)], body) || !bytes.Equal(whole[len(body):][:c.ICVSize()], pkt[len(pkt)-c.ICVSize():]) {
				t.Errorf("%v: not the library's ciphertext and tag", c)
			}
			if !bytes.HasPrefix(plain, payload) || plain[len(plain)-1] != 6 {
				t.Errorf("%v: plaintext %x", c, plain)
			}
		}
		if len(seen) != 3 {
			t.Errorf("%v: an IV twice", c)
		}
	}
}

// TestGCMPackets opens the packets of draft-mcgrew-gcm-test-01 that have sequence numbers of 32 bits.
func TestGCMPackets(t *testing.T) {
	for _, v := range []struct {
		cipher   Cipher
		key, pkt string
		next     uint8
		want     string
	}{
		{
			cipher: AES256GCM16, key: "abbccddef00112233445566778899aababbccddef00112233445566778899aab 11223344",
			pkt: `4a2cbfe3000000020102030405060708ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a6379
				85771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c4915956c96`,
			want: "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b401010402", next: 1,
		},
		{
			cipher: AES192GCM16, key: "feffe9928665731c6d6a8f9467308308feffe9928665731c cafebabe",
			pkt: `0000a5f80000000afacedbaddecaf888a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144
				cc7795457b9652037f5318027b5b4cd7a636`,
			want: "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d07568", next: 1,
		},
	} {
		pkt := unhex(t, v.pkt)
		h, err := ParseHeader(pkt)
		if err != nil {
			t.Fatal(err)
		}
		sa, err := New(Params{SPI: h.SPI, Mode: Tunnel, Suite: Suite{v.cipher, NoIntegrity}, Keys: Keys{Encryption: unhex(t, v.key)}})
		if err != nil {
			t.Fatal(err)
		}
		f, err := sa.Inspect(nil, pkt)
		if err != nil || f.ICV != ICVGood || f.NextHeader != v.next || !bytes.Equal(f.Payload, unhex(t, v.want)) {
			t.Errorf("%v: %+v %x, %v", v.cipher, f, f.Payload, err)
		}
	}
}

// cipherOf encrypts or decrypts, which is the same, with what GCM does to zeros.
func cipherOf(gcm cipher.AEAD, nonce, b []byte) []byte {
	stream := gcm.Seal(nil, nonce, make([]byte, len(b)), nil)
	for i := range b {
		stream[i] ^= b[i]
	}
	return stream[:len(b)]
}

// TestCounterRefusals: what no SA may combine.
func TestCounterRefusals(t *testing.T) {
	for s, want := range map[Suite]error{
		{AES128GCM16, HMACSHA1x96}: ErrUnsupported,
		{AES128CTR, NoIntegrity}:   ErrUnsupported,
		{AES128CTR, HMACSHA1x96}:   nil,
		{AES256GCM12, NoIntegrity}: nil,
	} {
		if err := s.Validate(); !errors.Is(err, want) {
			t.Errorf("%v: %v", s, err)
		}
	}
	if (Suite{AES128GCM16, NoIntegrity}).Weak() || !(Suite{AES128CBC, NoIntegrity}).Weak() || !(Suite{CAST128CBC, HMACSHA1x96}).Weak() {
		t.Error("weak is not what RFC 8221 says")
	}
}

// TestSaltFirst: the wrong end of the key gives another key stream, and the other end sees a bad ICV.
func TestSaltFirst(t *testing.T) {
	s := Suite{AES128GCM16, NoIntegrity}
	pkt := seal(t, newSA(t, s, deviating(Deviations{SaltFirst: true})), []byte("payload"), 6)
	if _, _, err := newSA(t, s).Open(nil, pkt); !errors.Is(err, ErrICV) {
		t.Errorf("%v", err)
	}
	if got, _, err := newSA(t, s, deviating(Deviations{SaltFirst: true})).Open(nil, pkt); err != nil || string(got) != "payload" {
		t.Errorf("%q, %v", got, err)
	}
	cbc := seal(t, newSA(t, usual, deviating(Deviations{SaltFirst: true})), []byte("payload"), 6)
	if _, _, err := newSA(t, usual).Open(nil, cbc); err != nil {
		t.Errorf("a cipher without salt: %v", err)
	}
}
