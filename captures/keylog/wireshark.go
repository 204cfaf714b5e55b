package keylog

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Wireshark's tables, by the names of their files.
const (
	ikev1Table   = "ikev1_decryption_table"
	ikev1Columns = 2 // initiator cookie, Ka
	ikev2Columns = 8 // of ikev2_decryption_table, to recognise it
	espTable     = "esp_sa"
	espColumns   = 8 // IP version, source, destination, SPI, encryption, its key, authentication, its key
	// Since 4.2 two more: the length of sequence numbers, the upper half of the first.
	espColumnsESN = 10
)

// parseIKEv1Row reads "ICOOKIE,KEY".
func parseIKEv1Row(f []string) (ISAKMP, error) {
	var e ISAKMP
	if len(f) != ikev1Columns {
		return e, syntax("%s has %d columns (initiator cookie, key), this has %d", ikev1Table, ikev1Columns, len(f))
	}
	var err error
	if e.CookieI, err = parseCookie("initiator cookie", f[0]); err != nil {
		return e, err
	}
	if e.Ka, err = parseHex("key", f[1]); err != nil {
		return e, err
	}
	return e, checkKa(e.Ka)
}

func parseCookie(what, s string) (wire.Cookie, error) {
	b, err := parseHex(what, s)
	if err != nil {
		return wire.Cookie{}, err
	}
	if len(b) != len(wire.Cookie{}) {
		return wire.Cookie{}, syntax("%s of %d octets, cookies have 8 (RFC 2408 3.1)", what, len(b))
	}
	c := wire.Cookie(b)
	if c.IsZero() {
		return c, syntax("%s is zero (RFC 2408 2.5.3)", what)
	}
	return c, nil
}

// checkKa knows the key lengths of the phase 1 ciphers. SKEYID_e in Ka's place is
// the usual mistake, and has the length of the hash.
func checkKa(ka []byte) error {
	switch n := len(ka); n {
	case 8, 16, 24, 32:
		return nil
	case 20, 48, 64:
		return keyLength("%d octets are a hash's length: this may be SKEYID_e, Ka is wanted (RFC 2409 appendix B)", n)
	default:
		return keyLength("%d octets fit no cipher of phase 1: DES has 8, 3DES 24, AES 16, 24 or 32", n)
	}
}

// Wireshark's names of algorithms. What has no slug is known and not supported.
var (
	ciphers = []struct{ name, slug string }{
		{"NULL", "null"},
		{"DES-CBC [RFC2405]", "des-cbc"},
		{"TripleDES-CBC [RFC2451]", "3des-cbc"},
		{"AES-CBC [RFC3602]", "aes128-cbc"}, // the key's length tells which
		{"AES-CBC [RFC3602]", "aes192-cbc"},
		{"AES-CBC [RFC3602]", "aes256-cbc"},
		{"AES-CTR [RFC3686]", "aes128-ctr"},
		{"AES-CTR [RFC3686]", "aes192-ctr"},
		{"AES-CTR [RFC3686]", "aes256-ctr"},
		{"AES-GCM [RFC4106]", ""}, // its ICV is in another column
		{"AES-GCM with 8 octet ICV [RFC4106]", "aes128-gcm8"},
		{"AES-GCM with 8 octet ICV [RFC4106]", "aes192-gcm8"},
		{"AES-GCM with 8 octet ICV [RFC4106]", "aes256-gcm8"},
		{"AES-GCM with 12 octet ICV [RFC4106]", "aes128-gcm12"},
		{"AES-GCM with 12 octet ICV [RFC4106]", "aes192-gcm12"},
		{"AES-GCM with 12 octet ICV [RFC4106]", "aes256-gcm12"},
		{"AES-GCM with 16 octet ICV [RFC4106]", "aes128-gcm16"},
		{"AES-GCM with 16 octet ICV [RFC4106]", "aes192-gcm16"},
		{"AES-GCM with 16 octet ICV [RFC4106]", "aes256-gcm16"},
		{"ChaCha20 with Poly1305 [RFC7634]", ""},
		{"CAST5-CBC [RFC2144]", "cast128-cbc"},
		{"BLOWFISH-CBC [RFC2451]", "blowfish-cbc"},
		{"TWOFISH-CBC", ""},
	}
	integrities = []struct{ name, slug string }{
		{"NULL", "none"},
		{"HMAC-MD5-96 [RFC2403]", "hmac-md5-96"},
		{"HMAC-SHA-1-96 [RFC2404]", "hmac-sha1-96"},
		{"HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]", "hmac-sha256-96"},
		{"HMAC-SHA-256-128 [RFC4868]", "hmac-sha256-128"},
		{"HMAC-SHA-384-192 [RFC4868]", "hmac-sha384-192"},
		{"HMAC-SHA-512-256 [RFC4868]", "hmac-sha512-256"},
		{"MAC-RIPEMD-160-96 [RFC2857]", ""},
	}
	anyICVBits = []int{64, 96, 128, 192, 256}
)

// anyICVName is Wireshark's name for n bits of Authentication Data unknown.
func anyICVName(n int) string { return fmt.Sprintf("ANY %d bit authentication [no checking]", n) }

// parseESPRow reads a row of esp_sa.
func parseESPRow(f []string) (SA, error) {
	sa := SA{Proto: esp.ESP}
	if len(f) < espColumns || len(f) > espColumnsESN {
		return sa, syntax("%s has %d columns, or %d with those for extended sequence numbers; this has %d", espTable, espColumns, espColumnsESN, len(f))
	}
	var v6 bool
	switch strings.ToLower(f[0]) {
	case "ipv4":
	case "ipv6":
		v6 = true
	default:
		return sa, syntax("column 1 is IPv4 or IPv6, not %s", show(f[0]))
	}
	var err error
	if sa.Src, err = parseAddr("source address", f[1], v6); err != nil {
		return sa, err
	}
	if sa.Dst, err = parseAddr("destination address", f[2], v6); err != nil {
		return sa, err
	}
	if sa.SPI, err = parseSPI(f[3]); err != nil {
		return sa, err
	}
	if err := sa.setWiresharkCipher(f[4], f[5]); err != nil {
		return sa, err
	}
	if err := sa.setWiresharkIntegrity(f[6], f[7]); err != nil {
		return sa, err
	}
	if len(f) > espColumns && f[8] != "" && f[8] != "32-bit" {
		return sa, unsupported("extended sequence numbers are not supported")
	}
	return sa, nil
}

// parseAddr reads an address; "*" is any, the zero Addr.
func parseAddr(what, s string, v6 bool) (netip.Addr, error) {
	if s == "*" {
		return netip.Addr{}, nil
	}
	if strings.ContainsAny(s, "*/") {
		return netip.Addr{}, unsupported(what + " is a pattern: only a whole address or * is supported")
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return a, syntax("%s %s is not an IP address", what, show(s))
	case a.Is6() != v6:
		return a, syntax("%s %s is not of the IP version in column 1", what, show(s))
	}
	return a.WithZone(""), nil // packets have no zones
}

// parseSPI reads decimal digits, or hexadecimal ones after 0x.
func parseSPI(s string) (uint32, error) {
	if strings.Contains(s, "*") {
		return 0, unsupported("SPI is a pattern: only a whole SPI is supported")
	}
	digits, base := s, 10
	if d, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		digits, base = d, 16
	}
	v, err := strconv.ParseUint(digits, base, 32)
	if err != nil || strings.HasPrefix(digits, "+") {
		return 0, syntax("SPI is neither decimal nor 0x and hexadecimal, up to 32 bits")
	}
	return uint32(v), nil
}

func (s *SA) setWiresharkCipher(name, key string) error {
	k, err := parseKey("encryption key", key)
	if err != nil {
		return err
	}
	var fits []string
	for _, c := range ciphers {
		if c.name != name {
			continue
		}
		v, err := esp.ParseCipher(c.slug)
		if err != nil {
			return unsupported("encryption " + name + " is not supported")
		}
		if len(k) == v.KeySize() {
			s.Suite.Cipher, s.Keys.Encryption = v, k
			return nil
		}
		fits = append(fits, strconv.Itoa(v.KeySize()))
	}
	if fits == nil {
		return syntax("encryption algorithm %s is none of Wireshark's names", show(name))
	}
	return keyLength("encryption key of %d octets, %s takes %s", len(k), name, strings.Join(fits, " or "))
}

func (s *SA) setWiresharkIntegrity(name, key string) error {
	for _, n := range anyICVBits {
		if name == anyICVName(n) { // the key, if there is one, is not looked at
			s.Suite.Integrity, s.AnyICV, s.ICVBits = esp.NoIntegrity, true, n
			return nil
		}
	}
	k, err := parseKey("authentication key", key)
	if err != nil {
		return err
	}
	for _, i := range integrities {
		if i.name != name {
			continue
		}
		v, err := esp.ParseIntegrity(i.slug)
		if err != nil {
			return unsupported("authentication " + name + " is not supported")
		}
		if len(k) != v.KeySize() {
			return keyLength("authentication key of %d octets, %s takes %d", len(k), name, v.KeySize())
		}
		s.Suite.Integrity, s.Keys.Integrity = v, k
		return nil
	}
	return syntax("authentication algorithm %s is none of Wireshark's names", show(name))
}

// parseKey reads a key of esp_sa: hexadecimal after 0x, otherwise its octets as text.
func parseKey(what, s string) ([]byte, error) {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		return parseHex(what, s)
	}
	if s == "" {
		return nil, nil
	}
	return []byte(s), nil
}
