package esp

import (
	"encoding/hex"
	"strings"
	"testing"
)

// unhex decodes hexadecimal digits with blanks and line ends between them.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// suites returns every suite that New accepts.
func suites() []Suite {
	var all []Suite
	for _, c := range Ciphers() {
		for _, i := range Integrities() {
			if s := (Suite{c, i}); s.Validate() == nil {
				all = append(all, s)
			}
		}
	}
	return all
}

// testKeys are octets 1, 2, 3, … of the suite's lengths; 3DES gets three different keys.
func testKeys(t testing.TB, s Suite) Keys {
	t.Helper()
	km := make([]byte, s.KEYMATLen())
	for i := range km {
		km[i] = byte(i + 1)
	}
	keys, err := SplitKEYMAT(s, km)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

const testSPI = 0x1000

// newSA makes an SA with testSPI and testKeys, changed by edits.
func newSA(t testing.TB, s Suite, edits ...func(*Params)) *SA {
	t.Helper()
	p := Params{SPI: testSPI, Mode: Transport, Suite: s, Keys: testKeys(t, s)}
	for _, edit := range edits {
		edit(&p)
	}
	sa, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	return sa
}

// deviating is an edit for newSA.
func deviating(d Deviations) func(*Params) {
	return func(p *Params) { p.Deviations = d }
}

// seal seals one packet into new memory.
func seal(t testing.TB, sa *SA, payload []byte, next uint8) []byte {
	t.Helper()
	pkt, err := sa.Seal(nil, payload, next)
	if err != nil {
		t.Fatal(err)
	}
	return pkt
}

var usual = Suite{AES128CBC, HMACSHA1x96}
