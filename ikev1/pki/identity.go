package pki

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/ikev1/wire"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Match tells whether the certificate speaks for the identity of an ID payload (RFC 4945 section 3.1):
//
//   - IPV4_ADDR, IPV6_ADDR: an iPAddress of the SubjectAltName extension has the same octets.
//   - FQDN: a dNSName is equal but for the case of letters. No wildcards.
//   - USER_FQDN: an rfc822Name is equal but for the case of letters.
//   - DER_ASN1_DN: the whole subject has the same octets, and is not empty.
//   - DER_ASN1_GN: a name of the SubjectAltName extension has the same octets, or a directoryName is the subject. RFC 4945 says
//     not to send it.
//   - KEY_ID, subnets and ranges have no counterpart in certificates and never match.
//
// A common name never stands in for another kind of name. The error is an [*IdentityError] with expected and actual.
func Match(cert *x509.Certificate, id wire.ID) error {
	e := &IdentityError{Want: FormatID(id)}
	var names []generalName
	if cert != nil {
		var err error
		if names, err = subjectAltNames(cert); err != nil {
			e.Reason = err.Error()
		}
	}
	switch {
	case cert == nil:
		e.Reason = "no certificate"
		return e
	case id.IDType == wire.IDDERASN1DN:
		return matchDN(cert, id, e)
	case id.IDType == wire.IDDERASN1GN:
		return matchGN(cert, id, names, e)
	}
	tag, ok := nameTags[id.IDType]
	if !ok {
		e.Reason = id.IDType.String() + " has no counterpart in certificates"
		return e
	}
	if want := addressSizes[id.IDType]; want != 0 && len(id.Data) != want {
		e.Reason = fmt.Sprintf("identity of %d octets, expected %d (RFC 2407 4.6.2)", len(id.Data), want)
		return e
	}
	for _, n := range names {
		if n.tag != tag {
			continue
		}
		if tag == tagIPAddress && bytes.Equal(n.value, id.Data) || tag != tagIPAddress && equalFold(n.value, id.Data) {
			return nil
		}
		e.Got = append(e.Got, n.String())
	}
	return e
}

// The general names that identities have a use for (RFC 5280 section 4.2.1.6).
const (
	tagRFC822Name    = cbasn1.Tag(1) | 0x80
	tagDNSName       = cbasn1.Tag(2) | 0x80
	tagDirectoryName = cbasn1.Tag(4) | 0x80 | 0x20
	tagIPAddress     = cbasn1.Tag(7) | 0x80
)

var nameTags = map[wire.IDType]cbasn1.Tag{
	wire.IDIPv4Addr: tagIPAddress, wire.IDIPv6Addr: tagIPAddress, wire.IDFQDN: tagDNSName, wire.IDUserFQDN: tagRFC822Name,
}

var addressSizes = map[wire.IDType]int{wire.IDIPv4Addr: 4, wire.IDIPv6Addr: 16}

// SameName compares the names of two identities as Match compares them with those of a certificate: FQDN and USER_FQDN but for
// the case of letters, others octet by octet. Protocol and port do not count.
func SameName(a, b wire.ID) bool {
	named := a.IDType == wire.IDFQDN || a.IDType == wire.IDUserFQDN
	return a.IDType == b.IDType && (bytes.Equal(a.Data, b.Data) || named && equalFold(a.Data, b.Data))
}

// equalFold folds the letters of ASCII only: internationalized names are in their ASCII form here.
func equalFold(a, b []byte) bool {
	lower := func(c byte) byte {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// emptyName is a distinguished name of no attributes: a subject that names nobody (RFC 5280 section 4.1.2.6).
var emptyName = []byte{0x30, 0}

func matchDN(cert *x509.Certificate, id wire.ID, e *IdentityError) error {
	if bytes.Equal(id.Data, emptyName) {
		e.Reason = "an empty name is nobody's"
		return e
	}
	if bytes.Equal(cert.RawSubject, id.Data) {
		return nil
	}
	got, err := FormatDN(cert.RawSubject)
	if err != nil {
		e.Reason = "the subject cannot be read"
		return e
	}
	e.Got = []string{wire.IDDERASN1DN.String() + ":" + got}
	if want, err := FormatDN(id.Data); err != nil {
		e.Reason = "the identity is not a distinguished name in DER"
	} else if strings.EqualFold(want, got) {
		e.Reason = "the names differ only in case or in the types of their strings, but all octets count"
	}
	return e
}

func matchGN(cert *x509.Certificate, id wire.ID, names []generalName, e *IdentityError) error {
	for _, n := range names {
		if bytes.Equal(n.raw, id.Data) {
			return nil
		}
		e.Got = append(e.Got, n.String())
	}
	in := cryptobyte.String(id.Data)
	var dn cryptobyte.String
	if in.ReadASN1(&dn, tagDirectoryName) && in.Empty() && bytes.Equal(dn, cert.RawSubject) && !bytes.Equal(dn, emptyName) {
		return nil
	}
	return e
}

// generalName is one name of a SubjectAltName extension: its whole DER, and its contents.
type generalName struct {
	tag        cbasn1.Tag
	raw, value []byte
}

// String writes the name as the identity it would match.
func (n generalName) String() string {
	switch n.tag {
	case tagRFC822Name:
		return FormatID(wire.ID{IDType: wire.IDUserFQDN, Data: n.value})
	case tagDNSName:
		return FormatID(wire.ID{IDType: wire.IDFQDN, Data: n.value})
	case tagIPAddress:
		if len(n.value) == 16 {
			return FormatID(wire.ID{IDType: wire.IDIPv6Addr, Data: n.value})
		}
		return FormatID(wire.ID{IDType: wire.IDIPv4Addr, Data: n.value})
	}
	return FormatID(wire.ID{IDType: wire.IDDERASN1GN, Data: n.raw})
}

var oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// subjectAltNames reads the extension itself: crypto/x509 keeps four kinds, and the bytes of none.
func subjectAltNames(cert *x509.Certificate) ([]generalName, error) {
	i := slices.IndexFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidSubjectAltName) })
	if i < 0 {
		return nil, nil
	}
	in := cryptobyte.String(cert.Extensions[i].Value)
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, failure(ErrMalformed, "SubjectAltName")
	}
	var names []generalName
	for !list.Empty() {
		var n generalName
		var raw, value cryptobyte.String
		if !list.ReadAnyASN1Element(&raw, &n.tag) {
			return names, failure(ErrMalformed, "name %d of SubjectAltName", len(names)+1)
		}
		n.raw = raw
		if rest := raw; !rest.ReadAnyASN1(&value, &n.tag) {
			return names, failure(ErrMalformed, "name %d of SubjectAltName", len(names)+1)
		}
		n.value = value
		names = append(names, n)
	}
	return names, nil
}

// FormatID writes an identity as its type and value: "fqdn:gw.example.com", "ipv4_addr:192.0.2.1", "der_asn1_dn:C=CH, CN=gw".
// Octets that are not what the type says are shown in hexadecimal after a "#".
func FormatID(id wire.ID) string {
	value := "#" + hex.EncodeToString(id.Data)
	switch id.IDType {
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		if a, ok := netip.AddrFromSlice(id.Data); ok && len(id.Data) == addressSizes[id.IDType] {
			value = a.String()
		}
	case wire.IDFQDN, wire.IDUserFQDN:
		if printable(id.Data) {
			value = string(id.Data)
		}
	case wire.IDDERASN1DN:
		if s, err := FormatDN(id.Data); err == nil {
			value = s
		}
	}
	return id.IDType.String() + ":" + value
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(b) > 0
}

// Identity returns the identity of the given type that the certificate speaks for: the whole subject, or the first suitable name
// of SubjectAltName. The data belongs to the certificate. The error wraps ErrIdentity.
func Identity(cert *x509.Certificate, t wire.IDType) (wire.ID, error) {
	e := &IdentityError{Want: "any " + t.String()}
	if t == wire.IDDERASN1DN {
		id := wire.ID{IDType: t, Data: cert.RawSubject}
		return id, matchDN(cert, id, e)
	}
	names, err := subjectAltNames(cert)
	if err != nil {
		e.Reason = err.Error()
	}
	for _, n := range names {
		id := wire.ID{IDType: t, Data: n.value}
		if t == wire.IDDERASN1GN {
			id.Data = n.raw
		}
		if Match(cert, id) == nil {
			return id, nil
		}
		e.Got = append(e.Got, n.String())
	}
	return wire.ID{}, e
}
