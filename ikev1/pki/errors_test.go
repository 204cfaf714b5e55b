package pki_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func TestIdentityErrorText(t *testing.T) {
	tests := []struct {
		err  pki.IdentityError
		want string
	}{
		{pki.IdentityError{Want: "fqdn:a"}, "expected fqdn:a, certificate has nothing of that kind (RFC 4945 3.1)"},
		{pki.IdentityError{Want: "fqdn:a", Got: []string{"fqdn:b", "fqdn:c"}}, "expected fqdn:a, certificate has fqdn:b, fqdn:c (RFC 4945 3.1)"},
		{pki.IdentityError{Want: "fqdn:a", Reason: "why"}, "expected fqdn:a, certificate has nothing of that kind (why) (RFC 4945 3.1)"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); !strings.HasSuffix(got, tt.want) {
			t.Errorf("%q, want %q at the end", got, tt.want)
		}
	}
}

// The texts say expected and actual.
func TestPathErrorText(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	tests := []struct {
		name   string
		tmpl   pki.Template
		revoke int // reason, -1: not
		want   []string
	}{
		{"expired", pki.Template{NotAfter: now.Add(-time.Hour)}, -1, []string{"CN=gw.example.com", "2026-03-01T12:00:00Z", "valid until 2026-03-01T11:00:00Z"}},
		{"not yet", pki.Template{NotBefore: now.Add(time.Hour)}, -1, []string{"valid from 2026-03-01T13:00:00Z"}},
		{"EKU", pki.Template{EKU: oids{pki.OIDServerAuth}}, -1, []string{"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.17", "RFC 4945 5.1.3.12"}},
		{"revoked", pki.Template{}, 1, []string{"keyCompromise", "since 2026-03-01T12:00:00Z"}},
		{"revoked, odd reason", pki.Template{}, 77, []string{"Unknown(77)"}},
		{"EKU that is none", pki.Template{Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: []byte{0x30, 0}}}}, -1, []string{"extendedKeyUsage"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			leaf := issue(t, root, tt.tmpl)
			p := &pki.Policy{Roots: leaf.Chain[1:]}
			if tt.revoke >= 0 {
				root.Revoke(leaf.Leaf(), now, tt.revoke)
				p.CRLs = append(p.CRLs, crl(t, root, now, now.Add(time.Hour)))
			}
			_, err := p.Verify(leaf.Leaf(), nil, now)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q has no %q", err, w)
				}
			}
		})
	}
}

func TestFormatID(t *testing.T) {
	tests := map[string]wire.ID{
		"ipv4_addr:192.0.2.1":        addr("192.0.2.1"),
		"ipv6_addr:2001:db8::1":      addr("2001:db8::1"),
		"ipv4_addr:#c00002":          {IDType: wire.IDIPv4Addr, Data: []byte{192, 0, 2}},
		"fqdn:#610a":                 fqdn("a\n"),
		"fqdn:#":                     fqdn(""),
		"der_asn1_dn:#ff":            {IDType: wire.IDDERASN1DN, Data: []byte{0xff}},
		"key_id:#01ff":               {IDType: wire.IDKeyID, Data: []byte{1, 255}},
		"Unknown(99):#00":            {IDType: 99, Data: []byte{0}},
		"ipv6_addr:::ffff:192.0.2.1": {IDType: wire.IDIPv6Addr, Data: append(append(make([]byte, 10), 255, 255), 192, 0, 2, 1)},
	}
	for want, id := range tests {
		if got := pki.FormatID(id); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
