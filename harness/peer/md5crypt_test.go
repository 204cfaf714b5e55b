package peer

import "testing"

// The hashes are openssl passwd's.
func TestMD5Crypt(t *testing.T) {
	for _, tt := range []struct{ password, salt, want string }{
		{"password", "saltsalt", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"},
		{"", "saltsalt", "$1$saltsalt$5Jhcit4zN9UlGiA0txPkO0"},
		{"a password of more than sixteen octets", "x", "$1$x$FufECeNg0QAzQkV2vLiJZ1"},
	} {
		if got := md5CryptSalted([]byte(tt.password), tt.salt); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.password, got, tt.want)
		}
	}
	a, err := md5Crypt([]byte("password"))
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := md5Crypt([]byte("password")); a == b || len(a) != len("$1$saltsalt$")+22 {
		t.Errorf("%s, %s", a, b)
	}
}
