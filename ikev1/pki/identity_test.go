package pki_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func TestMatch(t *testing.T) {
	ca := newCA(t, "Root", pki.Template{})
	name := "C=CH, O=useipsec, CN=gw.example.com"
	dirName := dn(t, "C=CH, CN=alias")
	cert := issue(t, ca, pki.Template{Subject: name, SAN: []wire.ID{
		fqdn("gw.example.com"), fqdn("*.wild.example.com"), userFQDN("admin@example.com"), addr("192.0.2.1"), addr("2001:db8::1"), dirName,
	}}).Leaf()
	bare := issue(t, ca, pki.Template{Subject: name}).Leaf()
	upper := issue(t, ca, pki.Template{Subject: strings.ToUpper(name)}).Leaf()
	gn := func(der []byte) wire.ID { return wire.ID{IDType: wire.IDDERASN1GN, Data: der} }
	id := func(typ wire.IDType, data string) wire.ID { return wire.ID{IDType: typ, Data: []byte(data)} }
	mapped := wire.ID{IDType: wire.IDIPv6Addr, Data: append(append(make([]byte, 10), 0xff, 0xff), 192, 0, 2, 1)}
	tests := []struct {
		name  string
		cert  *x509.Certificate
		id    wire.ID
		match bool
	}{
		{"IPv4", cert, addr("192.0.2.1"), true},
		{"other IPv4", cert, addr("192.0.2.2"), false},
		{"IPv6", cert, addr("2001:db8::1"), true},
		{"other IPv6", cert, addr("2001:db8::2"), false},
		{"IPv4 in IPv6", cert, mapped, false},
		{"IPv4 of 3 octets", cert, id(wire.IDIPv4Addr, "\xc0\x00\x02"), false},
		{"IPv6 of 4 octets", cert, id(wire.IDIPv6Addr, "\xc0\x00\x02\x01"), false},
		{"no octets", cert, id(wire.IDIPv4Addr, ""), false},
		{"FQDN", cert, fqdn("gw.example.com"), true},
		{"FQDN in capitals", cert, fqdn("GW.Example.COM"), true},
		{"other FQDN", cert, fqdn("gw.example.org"), false},
		{"FQDN with a dot at the end", cert, fqdn("gw.example.com."), false},
		{"FQDN with NUL", cert, fqdn("gw.example.com\x00"), false},
		{"part of FQDN", cert, fqdn("example.com"), false},
		{"no wildcards", cert, fqdn("a.wild.example.com"), false},
		{"the wildcard itself is a name", cert, fqdn("*.wild.example.com"), true},
		{"empty FQDN", cert, fqdn(""), false},
		{"FQDN is not the common name", bare, fqdn("gw.example.com"), false},
		{"USER_FQDN", cert, userFQDN("admin@example.com"), true},
		{"USER_FQDN in capitals", cert, userFQDN("Admin@Example.com"), true},
		{"USER_FQDN is no FQDN", cert, userFQDN("gw.example.com"), false},
		{"FQDN is no USER_FQDN", cert, fqdn("admin@example.com"), false},
		{"DN", cert, dn(t, name), true},
		{"DN without names", bare, dn(t, name), true},
		{"DN in another order", cert, dn(t, "CN=gw.example.com, O=useipsec, C=CH"), false},
		{"part of DN", cert, dn(t, "C=CH, O=useipsec"), false},
		{"DN in capitals", upper, dn(t, name), false},
		{"DN is not a directoryName", cert, dirName, false},
		{"DN of no octets", cert, id(wire.IDDERASN1DN, ""), false},
		{"DN that is none", cert, id(wire.IDDERASN1DN, "CN=gw"), false},
		{"GN: dNSName", cert, gn(append([]byte{0x82, 14}, "gw.example.com"...)), true},
		{"GN: other dNSName", cert, gn(append([]byte{0x82, 14}, "gw.example.org"...)), false},
		{"GN: directoryName in SubjectAltName", cert, gn(append([]byte{0xa4, byte(len(dirName.Data))}, dirName.Data...)), true},
		{"GN: directoryName is the subject", cert, gn(append([]byte{0xa4, byte(len(cert.RawSubject))}, cert.RawSubject...)), true},
		{"GN: empty", cert, gn(nil), false},
		{"KEY_ID", cert, id(wire.IDKeyID, "gw.example.com"), false},
		{"subnet", cert, id(wire.IDIPv4Subnet, "\xc0\x00\x02\x01\xff\xff\xff\xff"), false},
		{"unknown type", cert, id(77, "x"), false},
		{"no certificate", nil, fqdn("gw.example.com"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := pki.Match(tt.cert, tt.id)
			if tt.match {
				wantErr(t, err, nil)
				return
			}
			wantErr(t, err, pki.ErrIdentity)
			var e *pki.IdentityError
			if !errors.As(err, &e) || e.Want != pki.FormatID(tt.id) {
				t.Errorf("%v does not say what was expected", err)
			}
		})
	}
}

func TestIdentityErrorTells(t *testing.T) {
	ca := newCA(t, "Root", pki.Template{})
	cert := issue(t, ca, pki.Template{SAN: []wire.ID{fqdn("gw.example.com"), addr("192.0.2.1"), addr("2001:db8::1")}}).Leaf()
	tests := []struct {
		id   wire.ID
		want pki.IdentityError
	}{
		{addr("192.0.2.9"), pki.IdentityError{Want: "ipv4_addr:192.0.2.9", Got: []string{"ipv4_addr:192.0.2.1", "ipv6_addr:2001:db8::1"}}},
		{fqdn("gw"), pki.IdentityError{Want: "fqdn:gw", Got: []string{"fqdn:gw.example.com"}}},
		{userFQDN("a@b"), pki.IdentityError{Want: "user_fqdn:a@b"}},
		{
			dn(t, "C=ch, O=useipsec, CN=gw.example.com"),
			pki.IdentityError{
				Want: "der_asn1_dn:C=ch, O=useipsec, CN=gw.example.com", Got: []string{"der_asn1_dn:C=CH, O=useipsec, CN=gw.example.com"},
				Reason: "the names differ only in case or in the types of their strings, but all octets count",
			},
		},
		{wire.ID{IDType: wire.IDKeyID, Data: []byte{1}}, pki.IdentityError{Want: "key_id:#01", Reason: "key_id has no counterpart in certificates"}},
		{
			wire.ID{IDType: wire.IDIPv4Addr, Data: []byte{1}},
			pki.IdentityError{Want: "ipv4_addr:#01", Reason: "identity of 1 octets, expected 4 (RFC 2407 4.6.2)"},
		},
	}
	for _, tt := range tests {
		var got *pki.IdentityError
		if !errors.As(pki.Match(cert, tt.id), &got) {
			t.Errorf("%s matches", pki.FormatID(tt.id))
			continue
		}
		if diff := cmp.Diff(&tt.want, got); diff != "" {
			t.Error(diff)
		}
	}
	const text = "ikev1/pki: identity does not match certificate: expected fqdn:gw, certificate has fqdn:gw.example.com (RFC 4945 3.1)"
	if got := pki.Match(cert, fqdn("gw")).Error(); got != text {
		t.Errorf("error\n%s, want\n%s", got, text)
	}
}

func TestIdentity(t *testing.T) {
	ca := newCA(t, "Root", pki.Template{})
	cert := issue(t, ca, pki.Template{SAN: []wire.ID{userFQDN("a@example.com"), addr("2001:db8::1"), fqdn("gw.example.com"), fqdn("second")}}).Leaf()
	tests := map[wire.IDType]string{
		wire.IDFQDN: "fqdn:gw.example.com", wire.IDUserFQDN: "user_fqdn:a@example.com", wire.IDIPv6Addr: "ipv6_addr:2001:db8::1",
		wire.IDDERASN1DN: "der_asn1_dn:C=CH, O=useipsec, CN=gw.example.com", wire.IDDERASN1GN: "der_asn1_gn:#810d61406578616d706c652e636f6d",
	}
	for typ := range wire.IDType(12) {
		id, err := pki.Identity(cert, typ)
		if want, ok := tests[typ]; !ok {
			wantErr(t, err, pki.ErrIdentity)
		} else if err != nil || pki.FormatID(id) != want {
			t.Errorf("%v: %s, %v, want %s", typ, pki.FormatID(id), err, want)
		}
	}
}
