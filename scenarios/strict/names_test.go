package strict_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios/strict"
)

func TestNearest(t *testing.T) {
	words := []string{"modp2048", "user_fqdn", "psk", "rsa-sig", "selectors", "protection", "main/psk/aes128-sha1-modp1024", "lifecycle/rekey-child", "ike", "id"}
	tests := []struct {
		text string
		want []string
	}{
		{"selector", []string{"selectors"}},
		{"protectoin", []string{"protection"}},
		{"IKE", []string{"ike"}},
		{"rekey", []string{"lifecycle/rekey-child"}},
		{"main/psk/aes128-sha-modp1024", []string{"main/psk/aes128-sha1-modp1024"}},
		{"AES_128", []string{"main/psk/aes128-sha1-modp1024"}},
		{"group14", []string{"modp2048"}},
		{"14", []string{"modp2048"}},
		{"email", []string{"user_fqdn"}},
		{"pre-shared key", []string{"psk"}},
		{"RSA", []string{"rsa-sig"}},
		{"pks", []string{"psk"}},
		{"esp", []string{}},
		{"xyzzy", []string{}},
		{"", []string{}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, strict.Nearest(tt.text, words, 3)); diff != "" {
			t.Errorf("%q: %s", tt.text, diff)
		}
	}
}

func TestNames(t *testing.T) {
	var c colour
	if err := strict.Unmarshal(colourNames, &c, nil); err != nil || c != 0 {
		t.Errorf("the unstated value reads as %d, %v", c, err)
	}
	if err := strict.Unmarshal(strict.Names{"red"}, &c, nil); err == nil {
		t.Error("the empty text is not a value here")
	}
	if got := colourNames.String(9); got != "Unknown(9)" {
		t.Error(got)
	}
	if _, err := colourNames.Marshal(9); err == nil {
		t.Error("an unknown value has no text")
	}
	if b, err := colourNames.Marshal(2); err != nil || string(b) != "green" {
		t.Error(string(b), err)
	}
}

func TestDurationText(t *testing.T) {
	for text, d := range map[string]time.Duration{
		"8h": 8 * time.Hour, "1h30m": 90 * time.Minute, "10m": 10 * time.Minute, "20h0m10s": 20*time.Hour + 10*time.Second, "0s": 0, "90s": 90 * time.Second,
	} {
		var got strict.Duration
		if err := got.UnmarshalText([]byte(text)); err != nil || time.Duration(got) != d {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		var again strict.Duration
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%s is written %s, which reads as %v, %v", text, got, again, err)
		}
	}
	if got := strict.Duration(8 * time.Hour).String(); got != "8h" {
		t.Error(got)
	}
}
