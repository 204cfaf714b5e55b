package keymat_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

// RFC 3566 section 4.6; the last two RFC 4434 section 2.1. All have the key and the message count up from 0, but for the end of
// the longer key.
var xcbcVectors = []struct {
	name    string
	key     string
	message int // octets
	want    string
}{
	{"RFC 3566 case 1", "000102030405060708090a0b0c0d0e0f", 0, "75f0251d528ac01c4573dfd584d79f29"},
	{"RFC 3566 case 2", "000102030405060708090a0b0c0d0e0f", 3, "5b376580ae2f19afe7219ceef172756f"},
	{"RFC 3566 case 3", "000102030405060708090a0b0c0d0e0f", 16, "d2a246fa349b68a79998a4394ff7a263"},
	{"RFC 3566 case 4", "000102030405060708090a0b0c0d0e0f", 20, "47f51b4564966215b8985c63055ed308"},
	{"RFC 3566 case 5", "000102030405060708090a0b0c0d0e0f", 32, "f54f0ec8d2b9f3d36807734bd5283fd4"},
	{"RFC 4434, key of 10 octets", "00010203040506070809", 20, "0fa087af7d866e7653434e602fdde835"},
	{"RFC 4434, key of 18 octets", "000102030405060708090a0b0c0d0e0fedcb", 20, "8cd3c93ae598a9803006ffb67c40e9e4"},
}

func TestAESXCBCKnownAnswers(t *testing.T) {
	for _, v := range xcbcVectors {
		t.Run(v.name, func(t *testing.T) {
			key, message := unhex(t, v.key), octets(0, v.message)
			equal(t, "prf", keymat.PRFAESXCBC(key, message), v.want)
			for cut := range message {
				equal(t, "prf of two parts", keymat.PRFAESXCBC(key, message[:cut], message[cut:]), v.want)
			}
			w, err := keymat.NewAESXCBC(key)
			if len(key) != keymat.AESXCBCSize {
				if !errors.Is(err, keymat.ErrKeyLength) {
					t.Errorf("error %v, want %v", err, keymat.ErrKeyLength)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w.Write(message)
			equal(t, "MAC", w.Sum(nil), v.want)
			equal(t, "MAC of 96 bits", w.Sum(nil)[:12], v.want[:24])
		})
	}
}

// A sum in the middle must not disturb the message, and Reset must leave nothing of it.
func TestAESXCBCSumAndReset(t *testing.T) {
	w, err := keymat.NewAESXCBC(octets(0, 16))
	if err != nil {
		t.Fatal(err)
	}
	if w.Size() != 16 || w.BlockSize() != 16 {
		t.Errorf("size %d, block %d", w.Size(), w.BlockSize())
	}
	message := octets(0, 40)
	for range 2 {
		for n := range message {
			if got, want := w.Sum([]byte{9})[1:], keymat.PRFAESXCBC(octets(0, 16), message[:n]); !bytes.Equal(got, want) {
				t.Errorf("after %d octets %x, want %x", n, got, want)
			}
			w.Write(message[n : n+1])
		}
		w.Reset()
	}
	buf := make([]byte, 0, 16)
	if n := testing.AllocsPerRun(10, func() {
		w.Reset()
		w.Write(message)
		w.Sum(buf)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzAESXCBC: the cuts between writes do not matter.
func FuzzAESXCBC(f *testing.F) {
	f.Add([]byte("key"), []byte("a message of more than one block"), 16)
	f.Fuzz(func(t *testing.T, key, message []byte, cut int) {
		if cut < 0 || cut > len(message) {
			return
		}
		whole, parts := keymat.PRFAESXCBC(key, message), keymat.PRFAESXCBC(key, message[:cut], nil, message[cut:])
		if !bytes.Equal(whole, parts) || len(whole) != keymat.AESXCBCSize {
			t.Errorf("%x and %x", whole, parts)
		}
	})
}

func BenchmarkAESXCBC(b *testing.B) {
	w, err := keymat.NewAESXCBC(octets(0, 16))
	if err != nil {
		b.Fatal(err)
	}
	message, buf := make([]byte, 1400), make([]byte, 0, 16)
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		w.Reset()
		w.Write(message)
		w.Sum(buf)
	}
}
