package peer

import (
	"crypto/md5"
	"crypto/rand"
	"fmt"
)

// md5Crypt hashes a password as crypt(3) does with "$1$", which is what libreswan reads a user's
// password as.
func md5Crypt(password []byte) (string, error) {
	salt := make([]byte, 8)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("harness/peer: salt: %w", err)
	}
	for i := range salt {
		salt[i] = crypt64[salt[i]&63]
	}
	return md5CryptSalted(password, string(salt)), nil
}

const crypt64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func md5CryptSalted(password []byte, salt string) string {
	const magic = "$1$"
	sum := func(parts ...[]byte) []byte {
		h := md5.New()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	parts := [][]byte{password, []byte(magic), []byte(salt)}
	alternate := sum(password, []byte(salt), password)
	for n := len(password); n > 0; n -= md5.Size {
		parts = append(parts, alternate[:min(n, md5.Size)])
	}
	for n := len(password); n > 0; n >>= 1 {
		if n&1 != 0 {
			parts = append(parts, []byte{0})
		} else {
			parts = append(parts, password[:1])
		}
	}
	final := sum(parts...)
	for round := range 1000 {
		first, last := final, password
		if round&1 != 0 {
			first, last = password, final
		}
		parts := [][]byte{first}
		if round%3 != 0 {
			parts = append(parts, []byte(salt))
		}
		if round%7 != 0 {
			parts = append(parts, password)
		}
		final = sum(append(parts, last)...)
	}
	out := magic + salt + "$"
	encode := func(v uint32, n int) {
		for range n {
			out += crypt64[v&63 : v&63+1]
			v >>= 6
		}
	}
	for i := range 5 {
		c := i + 12
		if i == 4 {
			c = 5
		}
		encode(uint32(final[i])<<16|uint32(final[i+6])<<8|uint32(final[c]), 4)
	}
	encode(uint32(final[11]), 2)
	return out
}
