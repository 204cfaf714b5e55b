package pki_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
)

// Whatever the search for weak paths cannot evaluate ends the path.
func TestWeakPathLimits(t *testing.T) {
	// permittedSubtrees: dNSName example.com
	constraints := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: unhex(t, "3011 a00f 300d 820b 6578616d706c652e636f6d")}
	root := newCA(t, "Root", pki.Template{})
	constrained := intermediate(t, root, "Constrained", pki.Template{Extensions: []pkix.Extension{constraints}})
	tests := []struct {
		name string
		tmpl pki.Template
		want error
	}{
		{"strong, constraints evaluated", pki.Template{}, nil},
		{"SHA-1, constraints not evaluated", pki.Template{SHA1: true}, pki.ErrUntrusted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			leaf := issue(t, constrained, tt.tmpl)
			p := &pki.Policy{Roots: []*x509.Certificate{root.Leaf()}, AllowWeak: true}
			_, err := p.Verify(leaf.Leaf(), &pki.Bundle{Certs: leaf.Chain}, now)
			wantErr(t, err, tt.want)
			if err != nil && !strings.Contains(err.Error(), "name constraints") {
				t.Errorf("%v does not say why", err)
			}
		})
	}
}

// pathLenConstraint counts CAs below it (RFC 5280 section 4.2.1.9).
func TestWeakPathLength(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	short := &x509.Certificate{
		SerialNumber: big.NewInt(7), RawSubject: root.Leaf().RawSubject, NotBefore: now, NotAfter: now.Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, short, short, root.Key.Public(), root.Key)
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	sub := intermediate(t, root, "Sub", pki.Template{SHA1: true})
	p := &pki.Policy{Roots: []*x509.Certificate{trusted}, AllowWeak: true}
	direct := issue(t, root, pki.Template{SHA1: true})
	_, err = p.Verify(direct.Leaf(), nil, now)
	wantErr(t, err, nil)
	below := issue(t, sub, pki.Template{SHA1: true})
	_, err = p.Verify(below.Leaf(), &pki.Bundle{Certs: below.Chain}, now)
	wantErr(t, err, pki.ErrUntrusted)
	if err != nil && !strings.Contains(err.Error(), "1 CAs below it, expected 0") {
		t.Errorf("%v does not say why", err)
	}
}

func TestWeakCRL(t *testing.T) {
	root := newCA(t, "Root", pki.Template{Key: pki.RSA2048})
	leaf := issue(t, root, pki.Template{})
	list := func(serial *big.Int, damage bool) *x509.RevocationList {
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.Add(time.Hour), SignatureAlgorithm: x509.SHA1WithRSA,
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: serial, RevocationTime: now}},
		}, root.Leaf(), root.Key)
		if err != nil {
			t.Fatal(err)
		}
		if damage {
			der[len(der)-1] ^= 1
		}
		l, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	own, other := leaf.Leaf().SerialNumber, big.NewInt(1)
	for _, tt := range []struct {
		name    string
		crl     *x509.RevocationList
		weak    bool
		want    error
		noticed int // in Weak
	}{
		{"refused", list(other, false), false, pki.ErrNoCRL, 0},
		{"refused though it revokes", list(own, false), false, pki.ErrNoCRL, 0},
		{"allowed", list(other, false), true, nil, 1},
		{"allowed and revoked", list(own, false), true, pki.ErrRevoked, 0},
		{"allowed but damaged", list(other, true), true, pki.ErrNoCRL, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &pki.Policy{
				Roots: []*x509.Certificate{root.Leaf()}, CRLs: []*x509.RevocationList{tt.crl},
				Revocation: pki.RevocationRequired, AllowWeak: tt.weak,
			}
			path, err := p.Verify(leaf.Leaf(), nil, now)
			wantErr(t, err, tt.want)
			if err == nil && len(path.Weak) != tt.noticed {
				t.Errorf("weak: %q", path.Weak)
			}
		})
	}
}
