package pki

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strings"
)

// attributes are the name attributes with a short form (RFC 4519 section 2, RFC 2985 for E).
var attributes = []struct {
	name string
	oid  asn1.ObjectIdentifier
}{
	{"CN", asn1.ObjectIdentifier{2, 5, 4, 3}},
	{"SN", asn1.ObjectIdentifier{2, 5, 4, 4}},
	{"serialNumber", asn1.ObjectIdentifier{2, 5, 4, 5}},
	{"C", asn1.ObjectIdentifier{2, 5, 4, 6}},
	{"L", asn1.ObjectIdentifier{2, 5, 4, 7}},
	{"ST", asn1.ObjectIdentifier{2, 5, 4, 8}},
	{"street", asn1.ObjectIdentifier{2, 5, 4, 9}},
	{"O", asn1.ObjectIdentifier{2, 5, 4, 10}},
	{"OU", asn1.ObjectIdentifier{2, 5, 4, 11}},
	{"DC", asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}},
	{"UID", asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}},
	{"E", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}},
}

// FormatDN writes a DER distinguished name as daemons' configurations do: "C=CH, O=useipsec, CN=gw", in the order of the
// encoding (RFC 4514 has it reversed). Attributes of one RDN are joined with "+"; a comma, plus, backslash or equals sign in a
// value has a backslash before it, control characters are a backslash and two hexadecimal digits; what has no name or no text is shown as its OID or as "#" and hexadecimal DER. The error wraps
// ErrMalformed.
func FormatDN(der []byte) (string, error) {
	rdns, err := parseRDNs(der)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, rdn := range rdns {
		var atvs []string
		for _, atv := range rdn {
			atvs = append(atvs, attributeName(atv.Type)+"="+formatValue(atv.Value))
		}
		parts = append(parts, strings.Join(atvs, "+"))
	}
	return strings.Join(parts, ", "), nil
}

func parseRDNs(der []byte) (pkix.RDNSequence, error) {
	var rdns pkix.RDNSequence
	rest, err := asn1.Unmarshal(der, &rdns)
	if err != nil {
		return nil, failure(ErrMalformed, "distinguished name of %d octets: %w", len(der), err)
	}
	if len(rest) > 0 {
		return nil, failure(ErrMalformed, "%d octets after a distinguished name", len(rest))
	}
	return rdns, nil
}

func attributeName(oid asn1.ObjectIdentifier) string {
	for _, a := range attributes {
		if a.oid.Equal(oid) {
			return a.name
		}
	}
	return oid.String()
}

func formatValue(v any) string {
	text, ok := v.(string)
	if !ok {
		der, err := asn1.Marshal(v)
		if err != nil {
			return "#"
		}
		return "#" + hex.EncodeToString(der)
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case strings.ContainsRune(`,+\=`, r), i == 0 && (r == '#' || r == ' '), i == len(text)-1 && r == ' ':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// ParseDN reads "C=CH, O=useipsec, CN=gw" and returns the DER, in the order as written: what an ID payload of type DER_ASN1_DN
// holds, and a certificate request. Text is a PrintableString where that has all its characters and else a UTF8String, as daemons
// and certificate tools choose it, because RFC 4945 section 3.1.5 compares octets; E and DC are IA5Strings. A backslash takes the
// meaning from the character after it, or stands with two hexadecimal digits for an octet. One attribute to an RDN. The error wraps ErrMalformed.
func ParseDN(text string) ([]byte, error) {
	var rdns pkix.RDNSequence
	for _, part := range splitUnescaped(text, ',') {
		pair := splitUnescaped(part, '=')
		if len(pair) != 2 {
			return nil, failure(ErrMalformed, "%q in a distinguished name, expected NAME=VALUE", part)
		}
		oid, ok := attributeOID(strings.TrimSpace(pair[0]))
		if !ok {
			return nil, failure(ErrMalformed, "unknown attribute %q in a distinguished name", pair[0])
		}
		value := unescape(pair[1])
		if value == "" {
			return nil, failure(ErrMalformed, "attribute %q of a distinguished name is empty", pair[0])
		}
		typed, err := directoryString(oid, value)
		if err != nil {
			return nil, err
		}
		rdns = append(rdns, pkix.RelativeDistinguishedNameSET{{Type: oid, Value: typed}})
	}
	der, err := asn1.Marshal(rdns)
	if err != nil {
		return nil, failure(ErrMalformed, "distinguished name: %w", err)
	}
	return der, nil
}

// directoryString chooses the string type. encoding/asn1 itself chooses PrintableString or UTF8String for a Go string.
func directoryString(oid asn1.ObjectIdentifier, value string) (any, error) {
	name := attributeName(oid)
	if name != "E" && name != "DC" {
		return value, nil
	}
	for i := range len(value) {
		if value[i] > 0x7f {
			return nil, failure(ErrMalformed, "attribute %s of a distinguished name has more than ASCII", name)
		}
	}
	return asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(value)}, nil
}

func attributeOID(name string) (asn1.ObjectIdentifier, bool) {
	for _, a := range attributes {
		if strings.EqualFold(a.name, name) {
			return a.oid, true
		}
	}
	if strings.EqualFold(name, "emailAddress") {
		return attributeOID("E")
	}
	return nil, false
}

func splitUnescaped(s string, sep byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unescape takes off spaces around a value and the backslashes in it; two hexadecimal digits after one are an octet.
func unescape(s string) string {
	s = strings.TrimLeft(s, " ")
	var b []byte
	end := 0 // of what must stay: unescaped spaces at the end go
	for i := 0; i < len(s); i++ {
		escaped := s[i] == '\\' && i+1 < len(s)
		if escaped {
			i++
			if octet, err := hex.DecodeString(s[i:min(i+2, len(s))]); err == nil {
				b = append(b, octet...)
				end = len(b)
				i++
				continue
			}
		}
		b = append(b, s[i])
		if escaped || s[i] != ' ' {
			end = len(b)
		}
	}
	return string(b[:end])
}

// subject names a certificate in errors.
func subject(raw []byte) string {
	s, err := FormatDN(raw)
	if err != nil {
		return "unreadable name"
	}
	return s
}
