package keymat_test

import (
	"bytes"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

// sealAndFind encrypts plain and looks for the result in a capture file.
func sealAndFind(t *testing.T, c *keymat.CBC, capture string, plain []byte) {
	t.Helper()
	sealed, err := c.Encrypt(nil, plain)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(corpusFile(t, capture), sealed) {
		t.Errorf("%s: what we encrypt is not in it", capture)
	}
}

// A whole main and quick mode between two strongSwans: encrypting what they said must give the octets they sent.
func TestCorpusStrongSwanChain(t *testing.T) {
	const capture = "psk-handshakes/mm-complete.pcap"
	var messages []struct {
		Frame     int
		Plaintext string
	}
	readCorpus(t, "expected/psk-handshakes/mm-complete.pcapng.ike_plain.json", &messages)
	plain := map[int][]byte{}
	for _, m := range messages {
		plain[m.Frame] = unhex(t, m.Plaintext)
	}
	v := mainMode
	s := suite(t, "aes128-cbc", "sha1", "modp1024")
	c, err := keymat.NewCBC(s, unhex(t, v.key), keymat.FirstIV(s, unhex(t, v.gxi), unhex(t, v.gxr)))
	if err != nil {
		t.Fatal(err)
	}
	sealAndFind(t, c, capture, plain[5])
	sealAndFind(t, c, capture, plain[6])
	const msgID = 0xb9bb408c
	if c, err = c.WithIV(keymat.QuickIV(s, c.IV(), msgID)); err != nil {
		t.Fatal(err)
	}
	for frame := 7; frame <= 9; frame++ {
		sealAndFind(t, c, capture, plain[frame])
	}

	skeyidA := unhex(t, v.skeyA)
	one, two, three := walk(t, plain[7]), walk(t, plain[8]), walk(t, plain[9])
	equal(t, "HASH(1)", keymat.Hash1(s.Hash, skeyidA, msgID, one.rest), hex.EncodeToString(one.hash))
	equal(t, "HASH(2)", keymat.Hash2(s.Hash, skeyidA, msgID, one.nonce, two.rest), hex.EncodeToString(two.hash))
	equal(t, "HASH(3)", keymat.Hash3(s.Hash, skeyidA, msgID, one.nonce, two.nonce), hex.EncodeToString(three.hash))
}

// quickMessage is what the hashes of a quick mode are made of.
type quickMessage struct {
	hash, nonce []byte // bodies
	rest        []byte // after the hash payload, without the padding
}

func walk(t *testing.T, plain []byte) (m quickMessage) {
	t.Helper()
	const hashPayload, noncePayload = 8, 10
	start, end := 0, 0
	for kind := byte(hashPayload); kind != 0; {
		if len(plain) < end+4 {
			t.Fatal("truncated")
		}
		n := int(plain[end+2])<<8 | int(plain[end+3])
		if n < 4 || n > len(plain)-end {
			t.Fatalf("payload of %d octets", n)
		}
		body := plain[end+4 : end+n]
		switch kind {
		case hashPayload:
			m.hash, start = body, end+n
		case noncePayload:
			m.nonce = body
		}
		kind, end = plain[end], end+n
	}
	m.rest = plain[start:end]
	return m
}

// A main and quick mode of Openswan's unit tests with 3DES and MD5, whose key and IV are constants.
func TestCorpusOpenswanChain(t *testing.T) {
	const set = "A-rwnat-3des-md5-g14"
	var keys struct {
		Sets map[string]struct{ Key, IV string }
	}
	readCorpus(t, "openswan-ikev1/keys.dev.json", &keys)
	var messages []struct{ Set, File, IV, Plaintext string }
	readCorpus(t, "expected/openswan-ikev1/plaintext.dev.json", &messages)
	s := suite(t, "3des-cbc", "md5", "modp2048")
	c, err := keymat.NewCBC(s, unhex(t, keys.Sets[set].Key), unhex(t, keys.Sets[set].IV))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if m.Set != set {
			continue
		}
		turn := c
		if strings.HasPrefix(m.File, "7-") { // two quick modes after the same main mode
			if turn, err = c.WithIV(keymat.QuickIV(s, c.IV(), 0x80010203)); err != nil {
				t.Fatal(err)
			}
		}
		equal(t, m.File+" IV", turn.IV(), m.IV)
		sealAndFind(t, turn, filepath.Join("openswan-ikev1", set, m.File), unhex(t, m.Plaintext))
	}
}
