package pki_test

import (
	"bytes"
	"testing"

	"github.com/useipsec/useipsec/ikev1/pki"
)

func TestDN(t *testing.T) {
	tests := []struct {
		in, out string // out "": the same
		der     string
	}{
		{"C=CH", "", "300d 310b 3009 0603 550406 1302 4348"},
		{"C=CH, CN=gw", "", "301a 310b 3009 0603550406 1302 4348 310b 3009 0603550403 1302 6777"},
		{" cn = gw ,c=CH", "CN=gw, C=CH", ""},
		{"CN=Zürich", "", "3012 3110 300e 0603550403 0c07 5ac3bc72696368"},
		{"emailAddress=a@example.com", "E=a@example.com", ""},
		{"DC=example, DC=com, UID=7", "", ""},
		{`CN=a\, b\=c\\d`, "", ""},
		{`CN=a\+b`, "", ""},
		{`CN=\ a\ , C=CH`, "", ""},
		{`CN=a\41\0a`, `CN=aA\0a`, ""},
		{`CN=a\`, `CN=a\\`, ""},
	}
	for _, tt := range tests {
		der, err := pki.ParseDN(tt.in)
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
			continue
		}
		if tt.der != "" && !bytes.Equal(der, unhex(t, tt.der)) {
			t.Errorf("%q is %x, want %s", tt.in, der, tt.der)
		}
		want := tt.out
		if want == "" {
			want = tt.in
		}
		if got, err := pki.FormatDN(der); err != nil || got != want {
			t.Errorf("%q comes back as %q, %v", tt.in, got, err)
		}
		for n := range der {
			if _, err := pki.FormatDN(der[:n]); err == nil {
				t.Errorf("%q cut to %d octets is read", tt.in, n)
			}
		}
	}
	for _, bad := range []string{"", "CN", "CN=", "=x", "XX=1", "CN=a=b", "CN=a,,C=CH", "CN=\xff", ",", "E=ü"} {
		_, err := pki.ParseDN(bad)
		wantErr(t, err, pki.ErrMalformed)
	}
}

func TestFormatDN(t *testing.T) {
	tests := []struct{ der, want string }{
		{"3000", ""},
		{"301d 311b 300b 0603550403 0c04 61622c63 300c 0603550404 0c05 2378202c20", `CN=ab\,c+SN=\#x \,\ `},
		{"300f 310d 300b 0603550403 0c04 6101 0a62", `CN=a\01\0ab`},
		{"3010 310e 300c 0603 2a0304 0c05 68656c6c6f", "1.2.3.4=hello"},
		{"300c 310a 3008 0603 550403 0201 05", "CN=#020105"},
	}
	for _, tt := range tests {
		if got, err := pki.FormatDN(unhex(t, tt.der)); err != nil || got != tt.want {
			t.Errorf("%s is %q, %v, want %q", tt.der, got, err, tt.want)
		}
	}
	_, err := pki.FormatDN(unhex(t, "3000 00"))
	wantErr(t, err, pki.ErrMalformed)
}

// FuzzDN: what ParseDN accepts FormatDN can write, and ParseDN reads that as the same octets.
func FuzzDN(f *testing.F) {
	for _, s := range []string{"C=CH, O=useipsec, CN=gw", `CN=a\, b`, "E=a@b, DC=x", "CN=Zürich"} {
		f.Add(s, []byte(s))
	}
	f.Fuzz(func(t *testing.T, text string, der []byte) {
		_, _ = pki.FormatDN(der)
		first, err := pki.ParseDN(text)
		if err != nil {
			return
		}
		back, err := pki.FormatDN(first)
		if err != nil {
			t.Fatalf("%q gives %x: %v", text, first, err)
		}
		if again, err := pki.ParseDN(back); err != nil || !bytes.Equal(again, first) {
			t.Fatalf("%q is written as %q, which gives %x, %v, want %x", text, back, again, err, first)
		}
	})
}
