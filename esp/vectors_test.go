package esp

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rfc3602 holds the sample ESP packets of RFC 3602 4: AES-CBC without integrity, and the
// IP headers around them.
var rfc3602 = []struct {
	name       string
	key        string
	spi, seq   uint32
	mode       Mode
	next       uint8
	iv         string
	payload    string
	padLen     int
	ciphertext string
}{
	{
		name: "case 5, ping in transport mode",
		key:  "90d382b4 10eeba7a d938c46c ec1a82bf",
		spi:  0x4321, seq: 1, mode: Transport, next: 1,
		iv: "e96e8c08 ab465763 fd098d45 dd3ff893",
		payload: `08000ebd a70a0000 8e9c083d b95b0700 08090a0b 0c0d0e0f 10111213 14151617
			18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637`,
		padLen: 14,
		ciphertext: `f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856
			a4699e52 3a55db08 0b59ec3a 8e4b7e52 775b07d1 db34ed9c 538ab50c 551b874a
			a269add0 47ad2d59 13ac19b7 cfbad4a6`,
	},
	{
		name: "case 6, ping in transport mode",
		key:  "90d382b4 10eeba7a d938c46c ec1a82bf",
		spi:  0x4321, seq: 8, mode: Transport, next: 1,
		iv:         "69d08df7 d203329d b093fc49 24e5bd80",
		payload:    "0800b5e8 a80a0500 a69c083d 0b660e00 77777777 77777777 77777777",
		padLen:     2,
		ciphertext: "f5199588 1ec4e0c4 488987ce 742e8109 689bb379 d2d750c0 d915dca3 46a89f75",
	},
	{
		name: "case 7, ping in tunnel mode",
		key:  "01234567 89abcdef 01234567 89abcdef",
		spi:  0x8765, seq: 2, mode: Tunnel, next: 4,
		iv: "f4e76524 4f6407ad f13dc138 0f673f37",
		payload: `45000054 09040000 4001f988 c0a87b03 c0a87bc8 08009f76 a90a0100 b49c083d
			02a20400 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223
			24252627 28292a2b 2c2d2e2f 30313233 34353637`,
		padLen: 10,
		ciphertext: `773b5241 a4c44922 5e4f3ce5 ed611b0c 237ca96c f74a9301 3c1b0ea1 a0cf70f8
			e4ecaec7 8ac53aad 7a0f022b 859243c6 47752e94 a859352b 8a4d4d2d ecd136e5
			c177f132 ad3fbfb2 201ac990 4c74ee0a 109e0ca1 e4dfe9d5 a100b842 f1c22f0d`,
	},
	{
		name: "case 8, ping in tunnel mode",
		key:  "01234567 89abcdef 01234567 89abcdef",
		spi:  0x8765, seq: 5, mode: Tunnel, next: 4,
		iv: "85d47224 b5f3dd5d 2101d4ea 8dffab22",
		payload: `45000044 090c0000 4001f990 c0a87b03 c0a87bc8 0800d63c aa0a0200 c69c083d
			a3de0300 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff
			ffffffff`,
		padLen: 10,
		ciphertext: `15b92683 819596a8 047232cc 00f7048f e45318e1 1f8a0f62 ede3c3fc 61203bb5
			0f980a08 c9843fd3 a1b06d5c 07ff9639 b7eb7dfb 3512e5de 435e7207 ed971ef3
			d2726d9b 5ef6affc 6d17a0de cbb13892`,
	},
}

func TestRFC3602Packets(t *testing.T) {
	for _, v := range rfc3602 {
		t.Run(v.name, func(t *testing.T) {
			iv, payload := unhex(t, v.iv), unhex(t, v.payload)
			params := Params{
				SPI: v.spi, Mode: v.mode, Suite: Suite{AES128CBC, NoIntegrity},
				Keys:       Keys{Encryption: unhex(t, v.key)},
				Rand:       bytes.NewReader(iv),
				Deviations: Deviations{StartSequence: v.seq},
			}
			sa, err := New(params)
			if err != nil {
				t.Fatal(err)
			}
			want := Header{v.spi, v.seq}
			pkt := seal(t, sa, payload, v.next)
			if got, err := ParseHeader(pkt); err != nil || got != want {
				t.Errorf("header %+v, %v; want %+v", got, err, want)
			}
			if diff := cmp.Diff(hex.EncodeToString(append(iv, unhex(t, v.ciphertext)...)), hex.EncodeToString(pkt[HeaderLen:])); diff != "" {
				t.Errorf("sealed packet (-want +got):\n%s", diff)
			}
			facts, err := sa.Inspect(nil, pkt)
			if err != nil {
				t.Fatal(err)
			}
			wantFacts := Facts{
				SPI: v.spi, Seq: v.seq, ICV: ICVNone, IV: iv, PadLen: v.padLen, PadOK: true,
				Padding: monotonic[:v.padLen], NextHeader: v.next, Payload: payload,
			}
			if diff := cmp.Diff(wantFacts, facts); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
			got, info, err := sa.Open(nil, pkt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(payload, got); diff != "" {
				t.Errorf("opened payload (-want +got):\n%s", diff)
			}
			if wantInfo := (Info{v.spi, v.seq, v.next}); info != wantInfo {
				t.Errorf("info %+v, want %+v", info, wantInfo)
			}
		})
	}
}

// TestICV holds the published HMACs whose keys have the length that ESP uses.
func TestICV(t *testing.T) {
	counting := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i + 1)
		}
		return string(b)
	}
	const hi, jefe = "Hi There", "what do ya want for nothing?"
	rep := strings.Repeat
	for _, v := range []struct {
		ref       string
		integrity Integrity
		key, data string
		icv       string
	}{
		{"RFC 2202 2 case 1", HMACMD5x96, rep("\x0b", 16), hi, "9294727a 3638bb1c 13f48ef8"},
		{"RFC 2202 2 case 3", HMACMD5x96, rep("\xaa", 16), rep("\xdd", 50), "56be3452 1d144c88 dbb8c733"},
		{"RFC 2202 2 case 5", HMACMD5x96, rep("\x0c", 16), "Test With Truncation", "56461ef2 342edc00 f9bab995"},
		{"RFC 2202 3 case 1", HMACSHA1x96, rep("\x0b", 20), hi, "b6173186 55057264 e28bc0b6"},
		{"RFC 2202 3 case 3", HMACSHA1x96, rep("\xaa", 20), rep("\xdd", 50), "125d7342 b9ac11cd 91a39af4"},
		{"RFC 2202 3 case 5", HMACSHA1x96, rep("\x0c", 20), "Test With Truncation", "4c1a0342 4b55e07f e7f27be1"},
		{"RFC 4868 AUTH256-1", HMACSHA256x128, rep("\x0b", 32), hi, "198a607e b44bfbc6 9903a0f1 cf2bbdc5"},
		{"RFC 4868 AUTH256-2", HMACSHA256x128, rep("Jefe", 8), jefe, "167f9285 88c5cc2e ef8e3093 caa0e87c"},
		{"RFC 4868 AUTH256-3", HMACSHA256x128, rep("\xaa", 32), rep("\xdd", 50), "cdcb1220 d1ecccea 91e53aba 3092f962"},
		{"RFC 4868 AUTH256-4", HMACSHA256x128, counting(32), rep("\xcd", 50), "372efcf9 b40b35c2 115b1346 903d2ef4"},
		{"RFC 4868 AUTH384-1", HMACSHA384x192, rep("\x0b", 48), hi, "b6a8d563 6f5c6a72 24f9977d cf7ee6c7 fb6d0c48 cbdee973"},
		{"RFC 4868 AUTH384-2", HMACSHA384x192, rep("Jefe", 12), jefe, "2c735397 4f1842fd 66d53c45 2ca42122 b28c0b59 4cfb184d"},
		{"RFC 4868 AUTH384-3", HMACSHA384x192, rep("\xaa", 48), rep("\xdd", 50), "809f439b e0027432 1d4a5386 52164b53 554a5081 84a0c316"},
		{"RFC 4868 AUTH384-4", HMACSHA384x192, counting(32) + counting(25)[9:], rep("\xcd", 50), "5b540085 c6e63580 96532b24 93609ed1 cb298f77 4f87bb5c"},
		{"RFC 4868 AUTH512-1", HMACSHA512x256, rep("\x0b", 64), hi, "637edc6e 01dce7e6 742a9945 1aae82df 23da3e92 439e590e 43e761b3 3e910fb8"},
		{"RFC 4868 AUTH512-2", HMACSHA512x256, rep("Jefe", 16), jefe, "cb370917 ae8a7ce2 8cfd1d8f 4705d614 1c173b2a 9362c15d f235dfb2 51b15454"},
		{"RFC 4868 AUTH512-3", HMACSHA512x256, rep("\xaa", 64), rep("\xdd", 50), "2ee7acd7 83624ca9 398710f3 ee05ae41 b9f9b051 0c87e49e 586cc9bf 961733d8"},
		{"RFC 4868 AUTH512-4", HMACSHA512x256, counting(64), rep("\xcd", 50), "5e6688e5 a3daec82 6ca32eae a224eff5 e7006289 47470e13 ad013025 61bab108"},
		{"RFC 3566 4.6 #4", AESXCBC96, string(unhex(t, "000102030405060708090a0b0c0d0e0f")), string(unhex(t, "000102030405060708090a0b0c0d0e0f10111213")), "47f51b45 64966215 b8985c63"},
		{"draft-ietf-ipsec-ciph-sha-256-00", HMACSHA256x96, rep("\x0b", 32), hi, "198a607e b44bfbc6 9903a0f1"},
	} {
		t.Run(v.ref, func(t *testing.T) {
			m, err := newMAC(v.integrity, []byte(v.key), 0)
			if err != nil {
				t.Fatal(err)
			}
			want := unhex(t, v.icv)
			for range 2 { // the second time from the kept states
				if diff := cmp.Diff(want, m.compute([]byte(v.data))); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			if !verifies(m, []byte(v.data), want) {
				t.Error("does not verify")
			}
			if verifies(m, []byte(v.data+"."), want) {
				t.Error("verifies other data")
			}
		})
	}
}
