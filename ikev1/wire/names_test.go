package wire_test

import (
	"fmt"
	"testing"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// TestNumbers pins the registered numbers to their names, in the order of the registries.
func TestNumbers(t *testing.T) {
	check := func(what string, first int, str func(int) string, names ...string) {
		t.Helper()
		for i, want := range names {
			if want == "" {
				want = fmt.Sprintf("Unknown(%d)", first+i)
			}
			if got := str(first + i); got != want {
				t.Errorf("%s %d is %q, want %q", what, first+i, got, want)
			}
		}
	}
	payload := func(i int) string { return wire.PayloadType(i).String() }
	check("payload", 0, payload, "NONE", "SA", "P", "T", "KE", "ID", "CERT", "CR", "HASH", "SIG", "NONCE", "N", "D", "VID", "ATTR",
		"NAT-D(draft-04)", "NAT-OA(draft-04)", "KD", "SEQ", "POP", "NAT-D", "NAT-OA", "GAP", "")
	check("payload", 129, payload, "", "NAT-D(draft)", "NAT-OA(draft)", "FRAG", "")

	exchange := func(i int) string { return wire.ExchangeType(i).String() }
	check("exchange", 0, exchange, "none", "base", "main", "auth-only", "aggressive", "informational", "transaction", "")
	check("exchange", 31, exchange, "", "quick", "new-group", "")

	check("flags", 0, func(i int) string { return wire.Flags(i).String() }, "0", "E", "C", "E|C", "A", "E|A", "C|A", "E|C|A", "Unknown(8)", "E|Unknown(8)")
	check("protocol", 0, func(i int) string { return wire.ProtocolID(i).String() }, "none", "isakmp", "ah", "esp", "ipcomp", "")
	check("ID type", 0, func(i int) string { return wire.IDType(i).String() }, "", "ipv4_addr", "fqdn", "user_fqdn", "ipv4_addr_subnet",
		"ipv6_addr", "ipv6_addr_subnet", "ipv4_addr_range", "ipv6_addr_range", "der_asn1_dn", "der_asn1_gn", "key_id", "")
	check("encoding", 0, func(i int) string { return wire.CertEncoding(i).String() }, "NONE", "PKCS #7 wrapped X.509 certificate",
		"PGP Certificate", "DNS Signed Key", "X.509 Certificate - Signature", "X.509 Certificate - Key Exchange", "Kerberos Tokens",
		"Certificate Revocation List (CRL)", "Authority Revocation List (ARL)", "SPKI Certificate", "X.509 Certificate - Attribute", "")
	check("CFG type", 0, func(i int) string { return wire.CFGType(i).String() }, "", "ISAKMP_CFG_REQUEST", "ISAKMP_CFG_REPLY", "ISAKMP_CFG_SET", "ISAKMP_CFG_ACK", "")

	notify := func(i int) string { return wire.NotifyType(i).String() }
	check("notify", 0, notify, "", "INVALID-PAYLOAD-TYPE", "DOI-NOT-SUPPORTED", "SITUATION-NOT-SUPPORTED", "INVALID-COOKIE",
		"INVALID-MAJOR-VERSION", "INVALID-MINOR-VERSION", "INVALID-EXCHANGE-TYPE", "INVALID-FLAGS", "INVALID-MESSAGE-ID",
		"INVALID-PROTOCOL-ID", "INVALID-SPI", "INVALID-TRANSFORM-ID", "ATTRIBUTES-NOT-SUPPORTED", "NO-PROPOSAL-CHOSEN",
		"BAD-PROPOSAL-SYNTAX", "PAYLOAD-MALFORMED", "INVALID-KEY-INFORMATION", "INVALID-ID-INFORMATION", "INVALID-CERT-ENCODING",
		"INVALID-CERTIFICATE", "CERT-TYPE-UNSUPPORTED", "INVALID-CERT-AUTHORITY", "INVALID-HASH-INFORMATION", "AUTHENTICATION-FAILED",
		"INVALID-SIGNATURE", "ADDRESS-NOTIFICATION", "NOTIFY-SA-LIFETIME", "CERTIFICATE-UNAVAILABLE", "UNSUPPORTED-EXCHANGE-TYPE",
		"UNEQUAL-PAYLOAD-LENGTHS", "")
	check("notify", 16384, notify, "CONNECTED", "")
	check("notify", 24576, notify, "RESPONDER-LIFETIME", "REPLAY-STATUS", "INITIAL-CONTACT", "")
	check("notify", 36136, notify, "R-U-THERE", "R-U-THERE-ACK", "")

	auth := func(i int) string { return wire.AuthMethod(i).String() }
	check("authentication method", 0, auth, "", "psk", "dss-sig", "rsa-sig", "rsa-enc", "rsa-rev-enc", "", "", "",
		"ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512", "")
	check("authentication method", 64221, auth, "hybrid-init-rsa", "hybrid-resp-rsa", "hybrid-init-dss", "hybrid-resp-dss", "")
	check("authentication method", 65001, auth, "xauth-init-psk", "xauth-resp-psk", "xauth-init-dss-sig", "xauth-resp-dss-sig",
		"xauth-init-rsa-sig", "xauth-resp-rsa-sig", "xauth-init-rsa-enc", "xauth-resp-rsa-enc", "xauth-init-rsa-rev-enc",
		"xauth-resp-rsa-rev-enc", "")

	attribute := func(p wire.ProtocolID) func(int) string {
		return func(i int) string { return wire.AttributeType(i).Name(p) }
	}
	check("phase 1 attribute", 0, attribute(wire.ProtoISAKMP), "", "encryption algorithm", "hash algorithm", "authentication method",
		"group description", "group type", "group prime", "group generator one", "group generator two", "group curve A", "group curve B",
		"life type", "life duration", "PRF", "key length", "field size", "group order", "")
	check("phase 2 attribute", 0, attribute(wire.ProtoESP), "", "SA life type", "SA life duration", "group description",
		"encapsulation mode", "authentication algorithm", "key length", "key rounds", "compress dictionary size",
		"compress private algorithm", "ECN tunnel", "extended sequence number", "authentication key length",
		"signature encoding algorithm", "address preservation", "SA direction", "")

	cfg := func(i int) string { return wire.AttributeType(i).CFGName() }
	check("CFG attribute", 0, cfg, "", "INTERNAL_IP4_ADDRESS", "INTERNAL_IP4_NETMASK", "INTERNAL_IP4_DNS", "INTERNAL_IP4_NBNS",
		"INTERNAL_ADDRESS_EXPIRY", "INTERNAL_IP4_DHCP", "APPLICATION_VERSION", "INTERNAL_IP6_ADDRESS", "INTERNAL_IP6_NETMASK",
		"INTERNAL_IP6_DNS", "INTERNAL_IP6_NBNS", "INTERNAL_IP6_DHCP", "INTERNAL_IP4_SUBNET", "SUPPORTED_ATTRIBUTES", "INTERNAL_IP6_SUBNET", "")
	check("CFG attribute", 16520, cfg, "XAUTH-TYPE", "XAUTH-USER-NAME", "XAUTH-USER-PASSWORD", "XAUTH-PASSCODE", "XAUTH-MESSAGE",
		"XAUTH-CHALLENGE", "XAUTH-DOMAIN", "XAUTH-STATUS", "XAUTH-NEXT-PIN", "XAUTH-ANSWER", "")
	check("CFG attribute", 28672, cfg, "UNITY_BANNER", "UNITY_SAVE_PASSWD", "UNITY_DEF_DOMAIN", "UNITY_SPLITDNS_NAME", "UNITY_SPLIT_INCLUDE",
		"UNITY_NATT_PORT", "UNITY_LOCAL_LAN", "UNITY_PFS", "UNITY_FW_TYPE", "UNITY_BACKUP_SERVERS", "UNITY_DDNS_HOSTNAME", "")

	transform := func(p wire.ProtocolID) func(int) string {
		return func(i int) string { return wire.TransformName(p, uint8(i)) }
	}
	check("ISAKMP transform", 0, transform(wire.ProtoISAKMP), "", "KEY_IKE", "")
	check("AH transform", 1, transform(wire.ProtoAH), "", "AH_MD5", "AH_SHA", "AH_DES", "AH_SHA2-256", "AH_SHA2-384", "AH_SHA2-512",
		"AH_RIPEMD", "AH_AES-XCBC-MAC", "AH_RSA", "AH_AES-128-GMAC", "AH_AES-192-GMAC", "AH_AES-256-GMAC", "")
	check("ESP transform", 0, transform(wire.ProtoESP), "", "ESP_DES_IV64", "ESP_DES", "ESP_3DES", "ESP_RC5", "ESP_IDEA", "ESP_CAST",
		"ESP_BLOWFISH", "ESP_3IDEA", "ESP_DES_IV32", "ESP_RC4", "ESP_NULL", "ESP_AES-CBC", "ESP_AES-CTR", "ESP_AES-CCM_8",
		"ESP_AES-CCM_12", "ESP_AES-CCM_16", "", "ESP_AES-GCM_8", "ESP_AES-GCM_12", "ESP_AES-GCM_16", "ESP_SEED_CBC", "ESP_CAMELLIA",
		"ESP_NULL_AUTH_AES-GMAC", "")
	check("IPCOMP transform", 0, transform(wire.ProtoIPCOMP), "", "IPCOMP_OUI", "IPCOMP_DEFLATE", "IPCOMP_LZS", "IPCOMP_LZJH", "")
}

func TestNotifyIsError(t *testing.T) {
	for n, want := range map[wire.NotifyType]bool{0: false, 1: true, 14: true, 16383: true, 16384: false, 24578: false, 36136: false} {
		if n.IsError() != want {
			t.Errorf("%v.IsError() = %v", n, !want)
		}
	}
}

func TestParseIDType(t *testing.T) {
	for n := range wire.IDType(20) {
		got, ok := wire.ParseIDType(n.String())
		if named := n >= wire.IDIPv4Addr && n <= wire.IDKeyID; ok != named || ok && got != n {
			t.Errorf("ParseIDType(%q) = %v, %v", n, got, ok)
		}
	}
}

func TestCookie(t *testing.T) {
	if got := cookieI.String(); got != "1112131415161718" {
		t.Errorf("String = %q", got)
	}
	if cookieI.IsZero() || !(wire.Cookie{}).IsZero() {
		t.Error("IsZero is wrong")
	}
}
