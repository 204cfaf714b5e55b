package pki_test

import (
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func TestSelect(t *testing.T) {
	rootA, subA, leafA, _ := fixture(t)
	rootB := newCA(t, "B", pki.Template{})
	leafB := issue(t, rootB, pki.Template{})
	unknown := newCA(t, "Unknown", pki.Template{})
	creds := []pki.Credential{*leafA, {Key: leafB.Key, Chain: leafB.Presented()}}
	req := func(enc wire.CertEncoding, data []byte) *wire.CertRequest {
		return &wire.CertRequest{Encoding: enc, Data: data}
	}
	tests := []struct {
		name string
		reqs []*wire.CertRequest
		want *pki.Credential
		ok   bool
	}{
		{"no request", nil, leafA, false},
		{"any CA", []*wire.CertRequest{pki.Request(nil)}, leafA, true},
		{"root", []*wire.CertRequest{pki.Request(rootA.Leaf())}, leafA, true},
		{"intermediate", []*wire.CertRequest{pki.Request(subA.Leaf())}, leafA, true},
		{"other root, which is not in the chain", []*wire.CertRequest{pki.Request(rootB.Leaf())}, leafB, true},
		{"unknown", []*wire.CertRequest{pki.Request(unknown.Leaf())}, leafA, false},
		{"unknown and other root", []*wire.CertRequest{pki.Request(unknown.Leaf()), pki.Request(rootB.Leaf())}, leafB, true},
		{"several known", []*wire.CertRequest{pki.Request(rootB.Leaf()), pki.Request(rootA.Leaf())}, leafA, true},
		{"not a name", []*wire.CertRequest{req(wire.CertX509Signature, []byte("garbage"))}, leafA, false},
		{"the end entity is no CA", []*wire.CertRequest{req(wire.CertX509Signature, leafA.Leaf().RawSubject)}, leafA, false},
		{"PKCS #7", []*wire.CertRequest{req(wire.CertPKCS7, rootB.Leaf().RawSubject)}, leafB, true},
		{"for key exchange", []*wire.CertRequest{req(wire.CertX509KeyExchange, rootB.Leaf().RawSubject)}, leafB, true},
		{"PGP", []*wire.CertRequest{req(wire.CertPGP, nil)}, leafA, false},
		{"CRL only", []*wire.CertRequest{req(wire.CertCRL, rootB.Leaf().RawSubject)}, leafA, false},
		{"nil", []*wire.CertRequest{nil}, leafA, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := pki.Select(tt.reqs, creds)
			if ok != tt.ok || got.Leaf() != tt.want.Leaf() {
				t.Errorf("%v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
	if got, ok := pki.Select([]*wire.CertRequest{pki.Request(nil)}, nil); ok || got.Leaf() != nil {
		t.Errorf("%v, %v of nothing", got, ok)
	}
}

func TestWantsCRL(t *testing.T) {
	rootA, _, _, _ := fixture(t)
	list := crl(t, rootA, now, now.Add(time.Hour))
	other := newCA(t, "B", pki.Template{})
	tests := []struct {
		name string
		req  *wire.CertRequest
		want bool
	}{
		{"certificate", pki.Request(rootA.Leaf()), false},
		{"any CRL", &wire.CertRequest{Encoding: wire.CertCRL}, true},
		{"this CA's", &wire.CertRequest{Encoding: wire.CertCRL, Data: rootA.Leaf().RawSubject}, true},
		{"this CA's ARL", &wire.CertRequest{Encoding: wire.CertARL, Data: rootA.Leaf().RawSubject}, true},
		{"another CA's", &wire.CertRequest{Encoding: wire.CertCRL, Data: other.Leaf().RawSubject}, false},
		{"nil", nil, false},
	}
	for _, tt := range tests {
		if got := pki.WantsCRL([]*wire.CertRequest{tt.req}, list); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestFormatRequest(t *testing.T) {
	ca := newCA(t, "Root", pki.Template{})
	if got, want := pki.FormatRequest(pki.Request(nil)), "X.509 Certificate - Signature, any CA"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	want := "X.509 Certificate - Signature, der_asn1_dn:C=CH, O=useipsec, CN=Root"
	if got := pki.FormatRequest(pki.Request(ca.Leaf())); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
