package strict

// synonyms are names, without case and dashes, by which people know what a file
// of this tool calls otherwise: of groups (RFC 2409 6, RFC 3526, RFC 5903),
// identities, methods and algorithms. Nearest proposes what they mean.
var synonyms = map[string]string{
	"1": "modp768", "2": "modp1024", "5": "modp1536", "14": "modp2048", "15": "modp3072", "16": "modp4096",
	"17": "modp6144", "18": "modp8192", "19": "ecp256", "20": "ecp384", "21": "ecp521",
	"group1": "modp768", "group2": "modp1024", "group5": "modp1536", "group14": "modp2048", "group15": "modp3072", "group16": "modp4096",
	"group17": "modp6144", "group18": "modp8192", "group19": "ecp256", "group20": "ecp384", "group21": "ecp521",

	"ip": "ipv4_addr", "ip4": "ipv4_addr", "ip6": "ipv6_addr", "address": "ipv4_addr", "dns": "fqdn", "hostname": "fqdn",
	"email": "user_fqdn", "rfc822": "user_fqdn", "dn": "der_asn1_dn", "x500": "der_asn1_dn", "x509": "der_asn1_dn",

	"presharedkey": "psk", "presharedsecret": "psk", "sharedsecret": "psk", "secret": "psk",
	"certificate": "rsa-sig", "certificates": "rsa-sig", "rsa": "rsa-sig", "dss": "dss-sig", "ecdsa": "ecdsa-sha256",

	"aes": "aes128-cbc", "aescbc": "aes128-cbc", "aescbc128": "aes128-cbc", "aescbc192": "aes192-cbc", "aescbc256": "aes256-cbc",
	"aes128gcm": "aes128-gcm16", "aes192gcm": "aes192-gcm16", "aes256gcm": "aes256-gcm16",
	"aesgcm": "aes128-gcm16", "aesgcm128": "aes128-gcm16", "aesgcm256": "aes256-gcm16", "tripledes": "3des-cbc",
	"sha2": "sha256", "hmacsha1": "hmac-sha1-96", "hmacmd5": "hmac-md5-96", "hmacsha256": "hmac-sha256-128",
}
