package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
)

type oids = []asn1.ObjectIdentifier

func TestVerify(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	stranger := newCA(t, "Stranger", pki.Template{Subject: "C=CH, O=useipsec, CN=Root"})
	sub := intermediate(t, root, "Sub", pki.Template{})
	subsub := intermediate(t, sub, "Subsub", pki.Template{})
	old := intermediate(t, root, "Old", pki.Template{NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(-1, 0, 0)})
	noCA := intermediate(t, root, "KU", pki.Template{KeyUsage: x509.KeyUsageDigitalSignature})
	small := newCA(t, "Small", pki.Template{Key: pki.RSA1024})
	sha1CA := newCA(t, "SHA-1", pki.Template{Key: pki.RSA2048})
	self := newCA(t, "Self", pki.Template{KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign})
	leafIsCA := issue(t, root, pki.Template{})
	underLeaf := &pki.CA{Credential: *leafIsCA}

	const digital, encipher = x509.KeyUsageDigitalSignature, x509.KeyUsageKeyEncipherment
	enc, weak := pki.Policy{Purpose: pki.ForEncryption}, pki.Policy{AllowWeak: true}
	critical := []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
	tests := []struct {
		name   string
		ca     *pki.CA
		leaf   pki.Template
		policy pki.Policy
		roots  *pki.CA // nil: the CA's
		want   error
		at     time.Time // zero: now
	}{
		{name: "below the root", ca: root},
		{name: "below two CAs", ca: subsub},
		{name: "no key usage", ca: root, leaf: pki.Template{NoKeyUsage: true}},
		{name: "nonRepudiation", ca: root, leaf: pki.Template{KeyUsage: x509.KeyUsageContentCommitment}},
		{name: "digitalSignature and others", ca: root, leaf: pki.Template{KeyUsage: digital | encipher | x509.KeyUsageCertSign}},
		{name: "keyEncipherment for signatures", ca: root, leaf: pki.Template{KeyUsage: encipher}, want: pki.ErrUsage},
		{name: "certSign for signatures", ca: root, leaf: pki.Template{KeyUsage: x509.KeyUsageCertSign}, want: pki.ErrUsage},
		{name: "keyEncipherment for encryption", ca: root, leaf: pki.Template{KeyUsage: encipher}, policy: enc},
		{name: "digitalSignature for encryption", ca: root, leaf: pki.Template{KeyUsage: digital}, policy: enc, want: pki.ErrUsage},
		{name: "RSA default for encryption", ca: root, leaf: pki.Template{Key: pki.RSA2048}, policy: enc},
		{name: "EKU ipsecIKE", ca: root, leaf: pki.Template{EKU: oids{pki.OIDIPsecIKE}}},
		{name: "EKU any", ca: root, leaf: pki.Template{EKU: oids{pki.OIDAnyExtendedKeyUsage}}},
		{name: "EKU ipsecIKE and others", ca: root, leaf: pki.Template{EKU: oids{pki.OIDServerAuth, pki.OIDIPsecIKE}}},
		{name: "EKU serverAuth", ca: root, leaf: pki.Template{EKU: oids{pki.OIDServerAuth}}, want: pki.ErrUsage},
		{name: "EKU clientAuth", ca: root, leaf: pki.Template{EKU: oids{pki.OIDClientAuth}}, want: pki.ErrUsage},
		{name: "EKU ikeIntermediate", ca: root, leaf: pki.Template{EKU: oids{pki.OIDIKEIntermediate}}, want: pki.ErrUsage},
		{
			name: "EKU serverAuth by choice", ca: root, leaf: pki.Template{EKU: oids{pki.OIDServerAuth}},
			policy: pki.Policy{AcceptEKU: oids{pki.OIDServerAuth}},
		},
		{name: "expired", ca: root, leaf: pki.Template{NotAfter: now.Add(-time.Minute)}, want: pki.ErrExpired},
		{name: "last second", ca: root, leaf: pki.Template{NotAfter: now}},
		{name: "not yet valid", ca: root, leaf: pki.Template{NotBefore: now.Add(time.Minute)}, want: pki.ErrNotYetValid},
		{name: "first second", ca: root, leaf: pki.Template{NotBefore: now}},
		{name: "everything expired", ca: subsub, at: now.AddDate(30, 0, 0), want: pki.ErrExpired},
		{name: "expired intermediate", ca: old, want: pki.ErrExpired},
		{name: "unknown CA", ca: sub, roots: newCA(t, "Other", pki.Template{}), want: pki.ErrUntrusted},
		{name: "same name, other key", ca: stranger, roots: root, want: pki.ErrUntrusted},
		{name: "issuer may not sign certificates", ca: noCA, want: pki.ErrUntrusted},
		{name: "issuer is no CA", ca: underLeaf, leaf: pki.Template{NotBefore: now, NotAfter: now}, want: pki.ErrUntrusted},
		{name: "unknown critical extension", ca: root, leaf: pki.Template{Extensions: critical}, want: pki.ErrUntrusted},
		{name: "RSA 1024 root", ca: small, want: pki.ErrWeak},
		{name: "RSA 1024 root by choice", ca: small, policy: weak},
		{name: "RSA 1024", ca: root, leaf: pki.Template{Key: pki.RSA1024}, want: pki.ErrWeak},
		{name: "RSA 1024 by choice", ca: root, leaf: pki.Template{Key: pki.RSA1024}, policy: weak},
		{name: "RSA with SHA-1", ca: sha1CA, leaf: pki.Template{SHA1: true}, want: pki.ErrWeak},
		{name: "RSA with SHA-1 by choice", ca: sha1CA, leaf: pki.Template{SHA1: true}, policy: weak},
		{name: "ECDSA with SHA-1", ca: subsub, leaf: pki.Template{SHA1: true}, want: pki.ErrWeak},
		{name: "ECDSA with SHA-1 by choice", ca: subsub, leaf: pki.Template{SHA1: true}, policy: weak},
		{name: "SHA-1 and expired", ca: subsub, leaf: pki.Template{SHA1: true, NotAfter: now.Add(-time.Minute)}, policy: weak, want: pki.ErrExpired},
		{name: "SHA-1 under an expired CA", ca: old, leaf: pki.Template{SHA1: true}, policy: weak, want: pki.ErrExpired},
		{name: "SHA-1 under a stranger", ca: stranger, leaf: pki.Template{SHA1: true}, roots: root, policy: weak, want: pki.ErrUntrusted},
		{name: "SHA-1 under no CA", ca: underLeaf, leaf: pki.Template{SHA1: true, NotBefore: now, NotAfter: now}, policy: weak, want: pki.ErrUntrusted},
		{name: "SHA-1 where certSign is missing", ca: noCA, leaf: pki.Template{SHA1: true}, policy: weak, want: pki.ErrUntrusted},
		{name: "SHA-1 and wrong usage", ca: subsub, leaf: pki.Template{SHA1: true, EKU: oids{pki.OIDServerAuth}}, policy: weak, want: pki.ErrUsage},
		{name: "SHA-1 and unknown critical extension", ca: root, leaf: pki.Template{SHA1: true, Extensions: critical}, policy: weak, want: pki.ErrUntrusted},
		{name: "P-521 with P-384", ca: newCA(t, "P-384", pki.Template{Key: pki.ECDSAP384}), leaf: pki.Template{Key: pki.ECDSAP521}},
		{name: "CA by itself", ca: self},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			leaf := issue(t, tt.ca, tt.leaf)
			trusted := tt.ca.Root()
			if tt.roots != nil {
				trusted = tt.roots.Root()
			}
			at := tt.at
			if at.IsZero() {
				at = now
			}
			tt.policy.Roots = []*x509.Certificate{trusted}
			received := &pki.Bundle{Certs: slices.Clone(leaf.Chain)}
			for range 2 { // RFC 4945 section 3.3: the order says nothing
				path, err := tt.policy.Verify(leaf.Leaf(), received, at)
				wantErr(t, err, tt.want)
				if err == nil {
					if path.Chain[0] != leaf.Leaf() || !path.Chain[len(path.Chain)-1].Equal(trusted) {
						t.Errorf("chain from %v to %v", path.Chain[0].Subject, path.Chain[len(path.Chain)-1].Subject)
					}
					if (len(path.Weak) > 0) != tt.policy.AllowWeak {
						t.Errorf("weak: %q", path.Weak)
					}
				} else if e := new(pki.PathError); !errors.As(err, &e) || e.Subject == "" {
					t.Errorf("%v names no certificate", err)
				}
				slices.Reverse(received.Certs)
			}
		})
	}
}

func TestVerifyEdges(t *testing.T) {
	root, sub, leaf, _ := fixture(t)
	trust := []*x509.Certificate{root.Leaf()}
	_, err := (&pki.Policy{Roots: trust}).Verify(nil, nil, now)
	wantErr(t, err, pki.ErrNoCertificate)
	_, err = new(pki.Policy).Verify(leaf.Leaf(), nil, now) // no roots must not mean the system's
	wantErr(t, err, pki.ErrUntrusted)
	_, err = (&pki.Policy{Roots: trust}).Verify(leaf.Leaf(), nil, now)
	wantErr(t, err, pki.ErrUntrusted)
	_, err = (&pki.Policy{Roots: trust, Intermediates: []*x509.Certificate{sub.Leaf()}}).Verify(leaf.Leaf(), nil, now)
	wantErr(t, err, nil)
	path, err := (&pki.Policy{Roots: []*x509.Certificate{leaf.Leaf()}}).Verify(leaf.Leaf(), nil, now) // pinned
	wantErr(t, err, nil)
	if err == nil && len(path.Chain) != 1 {
		t.Errorf("chain of %d for a pinned certificate", len(path.Chain))
	}
}

// Two roots have certified the same CA, one of them with a weak key. What is received decides which path there is.
func TestVerifyCrossCertificates(t *testing.T) {
	weakRoot := newCA(t, "Weak", pki.Template{Key: pki.RSA1024})
	strongRoot := newCA(t, "Strong", pki.Template{})
	sub := intermediate(t, weakRoot, "Sub", pki.Template{})
	cross, err := strongRoot.IssueFor(sub.Key, pki.Template{Subject: "C=CH, O=useipsec, CN=Sub", CA: true})
	if err != nil {
		t.Fatal(err)
	}
	impostor := intermediate(t, strongRoot, "Sub", pki.Template{}) // the name, with another key
	leaf := issue(t, sub, pki.Template{})
	for _, tt := range []struct {
		name   string
		certs  []*x509.Certificate
		policy pki.Policy
		root   *pki.CA
		want   error
	}{
		{"weak path only", []*x509.Certificate{impostor.Leaf(), sub.Leaf()}, pki.Policy{}, nil, pki.ErrWeak},
		{"weak path only, by choice", []*x509.Certificate{impostor.Leaf(), sub.Leaf()}, pki.Policy{AllowWeak: true}, weakRoot, nil},
		{"both", []*x509.Certificate{sub.Leaf(), impostor.Leaf(), cross.Leaf()}, pki.Policy{}, strongRoot, nil},
		{"both, weak allowed", []*x509.Certificate{sub.Leaf(), impostor.Leaf(), cross.Leaf()}, pki.Policy{AllowWeak: true}, strongRoot, nil},
		{"impostor only", []*x509.Certificate{impostor.Leaf()}, pki.Policy{}, nil, pki.ErrUntrusted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.policy.Roots = []*x509.Certificate{weakRoot.Leaf(), strongRoot.Leaf()}
			path, err := tt.policy.Verify(leaf.Leaf(), &pki.Bundle{Certs: tt.certs}, now)
			wantErr(t, err, tt.want)
			if err == nil && (path.Chain[2] != tt.root.Leaf() || (len(path.Weak) > 0) != (tt.root == weakRoot)) {
				t.Errorf("path to %v, weak: %q", path.Chain[2].Subject, path.Weak)
			}
			if tt.want == pki.ErrWeak && !strings.Contains(err.Error(), "RSA key of 1024 bits, expected 2048 or more") { //nolint:errorlint // a table's value
				t.Errorf("%v does not say what is weak", err)
			}
		})
	}
	// A revoked cross certificate leaves the other path.
	strongRoot.Revoke(cross.Leaf(), now, 5)
	p := &pki.Policy{Roots: []*x509.Certificate{weakRoot.Leaf(), strongRoot.Leaf()}, AllowWeak: true}
	received := &pki.Bundle{Certs: []*x509.Certificate{sub.Leaf(), cross.Leaf()}, CRLs: []*x509.RevocationList{crl(t, strongRoot, now, now.Add(time.Hour))}}
	path, err := p.Verify(leaf.Leaf(), received, now)
	if err != nil || path.Chain[2] != weakRoot.Leaf() {
		t.Errorf("%+v, %v", path, err)
	}
	p.AllowWeak = false
	_, err = p.Verify(leaf.Leaf(), received, now)
	wantErr(t, err, pki.ErrRevoked)
}

// Certificates that all name each other as issuer must not take long.
func TestVerifyBounded(t *testing.T) {
	const n = 40
	root := newCA(t, "Root", pki.Template{})
	var certs []*x509.Certificate
	ca := root
	for range n {
		ca = intermediate(t, ca, "Loop", pki.Template{SHA1: true})
		certs = append(certs, ca.Leaf())
		again, err := ca.IssueFor(ca.Key, pki.Template{Subject: "C=CH, O=useipsec, CN=Loop", CA: true, SHA1: true})
		if err != nil {
			t.Fatal(err)
		}
		certs = append(certs, again.Leaf())
	}
	leaf := issue(t, ca, pki.Template{})
	p := &pki.Policy{Roots: []*x509.Certificate{root.Leaf()}, AllowWeak: true}
	_, err := p.Verify(leaf.Leaf(), &pki.Bundle{Certs: certs}, now)
	wantErr(t, err, pki.ErrUntrusted)
}

func TestRevocation(t *testing.T) {
	hour := time.Hour
	type setup func(t *testing.T, root, sub *pki.CA, leaf *x509.Certificate) []*x509.RevocationList
	both := func(t *testing.T, root, sub *pki.CA, _ *x509.Certificate) []*x509.RevocationList {
		return []*x509.RevocationList{crl(t, root, now.Add(-hour), now.Add(hour)), crl(t, sub, now.Add(-hour), now.Add(hour))}
	}
	revoke := func(at time.Time, reason int, update, next time.Time) setup {
		return func(t *testing.T, root, sub *pki.CA, leaf *x509.Certificate) []*x509.RevocationList {
			sub.Revoke(leaf, at, reason)
			return []*x509.RevocationList{crl(t, root, now.Add(-hour), now.Add(hour)), crl(t, sub, update, next)}
		}
	}
	tests := []struct {
		name                    string
		crls                    setup
		ifKnown, required, none error
		notes                   int
	}{
		{"no CRLs", func(*testing.T, *pki.CA, *pki.CA, *x509.Certificate) []*x509.RevocationList { return nil }, nil, pki.ErrNoCRL, nil, 0},
		{"clean", both, nil, nil, nil, 0},
		{"revoked", revoke(now.Add(-hour), 1, now.Add(-hour), now.Add(hour)), pki.ErrRevoked, pki.ErrRevoked, nil, 0},
		{"revoked now", revoke(now, 0, now.Add(-hour), now.Add(hour)), pki.ErrRevoked, pki.ErrRevoked, nil, 0},
		{"revoked from tomorrow", revoke(now.Add(24*hour), 0, now.Add(-hour), now.Add(hour)), nil, nil, nil, 0},
		{"revoked on an old CRL", revoke(now.Add(-3*hour), 1, now.Add(-3*hour), now.Add(-2*hour)), pki.ErrRevoked, pki.ErrRevoked, nil, 0},
		{"taken off again", revoke(now.Add(-hour), 8, now.Add(-hour), now.Add(hour)), nil, nil, nil, 0},
		{"another one revoked", func(t *testing.T, root, sub *pki.CA, leaf *x509.Certificate) []*x509.RevocationList {
			sub.Revoke(issue(t, sub, pki.Template{}).Leaf(), now.Add(-hour), 1)
			return both(t, root, sub, leaf)
		}, nil, nil, nil, 0},
		{"intermediate revoked", func(t *testing.T, root, sub *pki.CA, leaf *x509.Certificate) []*x509.RevocationList {
			root.Revoke(sub.Leaf(), now.Add(-hour), 2)
			return both(t, root, sub, leaf)
		}, pki.ErrRevoked, pki.ErrRevoked, nil, 0},
		{"out of date", func(t *testing.T, root, sub *pki.CA, _ *x509.Certificate) []*x509.RevocationList {
			return []*x509.RevocationList{crl(t, root, now.Add(-hour), now.Add(hour)), crl(t, sub, now.Add(-2*hour), now.Add(-hour))}
		}, nil, pki.ErrNoCRL, nil, 1},
		{"from the future", func(t *testing.T, root, sub *pki.CA, _ *x509.Certificate) []*x509.RevocationList {
			return []*x509.RevocationList{crl(t, root, now.Add(-hour), now.Add(hour)), crl(t, sub, now.Add(hour), now.Add(2*hour))}
		}, nil, pki.ErrNoCRL, nil, 1},
		{"of the root only", func(t *testing.T, root, sub *pki.CA, leaf *x509.Certificate) []*x509.RevocationList {
			return both(t, root, sub, leaf)[:1]
		}, nil, pki.ErrNoCRL, nil, 0},
		{"forged", func(t *testing.T, root, sub *pki.CA, leaf *x509.Certificate) []*x509.RevocationList {
			forger := newCA(t, "Forger", pki.Template{Subject: "C=CH, O=useipsec, CN=Sub"})
			forger.Revoke(leaf, now.Add(-hour), 1)
			return append(both(t, root, sub, leaf)[:1], crl(t, forger, now.Add(-hour), now.Add(hour)))
		}, nil, pki.ErrNoCRL, nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, sub, leaf, _ := fixture(t)
			crls := tt.crls(t, root, sub, leaf.Leaf())
			for r, want := range map[pki.Revocation]error{
				pki.RevocationIfKnown: tt.ifKnown, pki.RevocationRequired: tt.required, pki.RevocationOff: tt.none,
			} {
				p := &pki.Policy{Roots: []*x509.Certificate{root.Leaf()}, Revocation: r}
				path, err := p.Verify(leaf.Leaf(), &pki.Bundle{Certs: leaf.Chain, CRLs: crls}, now)
				wantErr(t, err, want)
				if err == nil && r == pki.RevocationIfKnown && len(path.Notes) != tt.notes {
					t.Errorf("notes %q, want %d", path.Notes, tt.notes)
				}
				p.CRLs = crls // configured instead of received
				_, err = p.Verify(leaf.Leaf(), &pki.Bundle{Certs: leaf.Chain}, now)
				wantErr(t, err, want)
			}
		})
	}
}

func TestRevocationUnusable(t *testing.T) {
	_, sub, leaf, _ := fixture(t)
	root := newCA(t, "Root", pki.Template{}) // the same as in the fixture
	good := crl(t, sub, now, now.Add(time.Hour))
	bad := *good
	bad.Extensions = append(slices.Clone(bad.Extensions), pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true})
	damaged := *good
	damaged.Signature = slices.Clone(damaged.Signature)
	damaged.Signature[9] ^= 1
	for _, tt := range []struct {
		name string
		leaf *pki.Credential
		crl  *x509.RevocationList
		text string
	}{
		{"only for some certificates", leaf, &bad, "critical extension 2.5.29.28"},
		{"damaged", leaf, &damaged, "bad signature"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &pki.Policy{Roots: []*x509.Certificate{root.Leaf()}}
			path, err := p.Verify(tt.leaf.Leaf(), &pki.Bundle{Certs: tt.leaf.Chain, CRLs: []*x509.RevocationList{tt.crl}}, now)
			if err != nil || len(path.Notes) != 1 || !strings.Contains(path.Notes[0], tt.text) {
				t.Errorf("%+v, %v, want a note with %q", path, err, tt.text)
			}
		})
	}
	noSign := intermediate(t, root, "NoSign", pki.Template{KeyUsage: x509.KeyUsageCertSign})
	if _, err := noSign.CRL(now, now.Add(time.Hour)); err == nil {
		t.Error("a CA without cRLSign makes a CRL")
	}
}
