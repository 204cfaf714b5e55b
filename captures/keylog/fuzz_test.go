package keylog

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzKeylogRead reads anything; what it understands survives our own format.
func FuzzKeylogRead(f *testing.F) {
	for _, s := range []string{
		"# comment\n018ef04f7cf72e4f,4f8e6565f454ccc77de9c313fc206fe9\n",
		`"IPv4","192.0.2.1","*","0x070883c2","AES-CBC [RFC3602]","0x000102030405060708090a0b0c0d0e0f","ANY 96 bit authentication [no checking]",""`,
		`"IPv6","2001:db8::1","*","10","NULL","","HMAC-MD5-96 [RFC2403]","hmacmd5auth\x65ntic","32-bit","0"`,
		`-o esp.x:TRUE -o 'uat:esp_sa:"IPv4","*","*","1","NULL","","NULL",""' \`,
		"{\"icookie\":\"018ef04f7cf72e4f\",\"psk\":\"x\"}\n{\n\"spi\": 17, \"protocol\": \"ah\", \"integrity\": \"hmac-md5-96\", \"int_key\": \"000102030405060708090a0b0c0d0e0f\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Read("keys", bytes.NewReader(b))
		if err != nil {
			var pe *ParseError
			if !errors.As(err, &pe) || pe.Line < 1 || pe.Line > 1+bytes.Count(b, []byte("\n")) {
				t.Fatalf("error %T: %v", err, err)
			}
			if !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrKeyLength) && !errors.Is(err, ErrLimit) {
				t.Fatalf("error is none of ours: %v", err)
			}
			return
		}
		l.Skipped = nil
		var j, tables bytes.Buffer
		if err := l.WriteJSON(&j); err != nil {
			t.Fatal(err)
		}
		again, err := Read("json", &j)
		if err != nil {
			t.Fatalf("our own JSON: %v", err)
		}
		if diff := cmp.Diff(l, again, compare); diff != "" {
			t.Fatalf("after JSON (-want +got):\n%s", diff)
		}
		if err := errors.Join(l.WriteIKEv1Table(&tables), l.WriteESPTable(&tables)); err != nil {
			t.Fatal(err)
		}
		if _, err := Read("tables", &tables); err != nil {
			t.Fatalf("our own tables: %v", err)
		}
	})
}
