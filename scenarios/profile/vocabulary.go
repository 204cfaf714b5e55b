package profile

import (
	"strings"
	"sync"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Vocabularies returns the slugs that profiles and scenarios may use, by kind:
// the strict tags of the types name the kinds. The result is shared and must
// not be changed.
//
// The algorithms are more than this module implements. A specification can ask
// for any of them; who is then asked to run it can say that it cannot.
func Vocabularies() map[string][]string { return vocabularies() }

var vocabularies = sync.OnceValue(func() map[string][]string {
	groups := []string{
		"modp768", "modp1024", "modp1536", "modp2048", "modp3072", "modp4096", "modp6144", "modp8192",
		"modp1024s160", "modp2048s224", "modp2048s256", "ecp256", "ecp384", "ecp521",
	}
	return map[string][]string{
		"protocol":      {"esp", "ah"},
		"mode":          {"transport", "tunnel"},
		"exchange-mode": {"main", "aggressive"},
		"ike-encryption": {
			"des-cbc", "3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc",
			"blowfish-cbc", "cast128-cbc", "camellia128-cbc", "camellia192-cbc", "camellia256-cbc",
		},
		"ike-hash": {"md5", "sha1", "sha256", "sha384", "sha512", "aes-xcbc"},
		"group":    groups,
		"pfs":      append([]string{"none"}, groups...),
		"esp-encryption": {
			"null", "des-cbc", "3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc",
			"blowfish-cbc", "cast128-cbc", "camellia128-cbc", "camellia192-cbc", "camellia256-cbc",
			"aes128-ctr", "aes192-ctr", "aes256-ctr",
			"aes128-gcm8", "aes128-gcm12", "aes128-gcm16",
			"aes192-gcm8", "aes192-gcm12", "aes192-gcm16",
			"aes256-gcm8", "aes256-gcm12", "aes256-gcm16",
		},
		"esp-integrity": {
			"none", "hmac-md5-96", "hmac-sha1-96", "hmac-sha256-96", "hmac-sha256-128", "hmac-sha384-192", "hmac-sha512-256", "aes-xcbc-96",
		},
		"auth":    named[wire.AuthMethod](),
		"id-type": named[wire.IDType](),
		"notify":  named[wire.NotifyType](),
		// What a product may lack although it has IPsec (draft 3.4, 4 to 7).
		"feature": {
			"port-selectors", "sctp-ports", "point-to-point", "nested-sas", "user-granularity", "multicast", "api", "key-storage", "hardware-assist",
		},
		// Protocols that carry conversations where no selector looks (draft 6).
		"carrier":   {"l2tp", "pptp", "gre", "ip-in-ip", "vxlan"},
		"lint-rule": ruleIDs(),
	}
})

// named returns the names of an enumeration of package wire, in the order of
// the numbers.
func named[T interface {
	~uint8 | ~uint16
	String() string
}]() []string {
	var names []string
	for n := range 1 << 16 {
		v := T(n)
		if int(v) != n {
			break
		}
		if s := v.String(); n > 0 && !strings.HasPrefix(s, "Unknown(") {
			names = append(names, s)
		}
	}
	return names
}
