package pki_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// version1 signs a certificate of version 1, which has no extensions and so cannot say that it is no CA.
func version1(t *testing.T, ca *pki.CA, subject string, pub crypto.PublicKey) *x509.Certificate {
	t.Helper()
	algorithm := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}} // ecdsa-with-SHA256
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	type validity struct{ NotBefore, NotAfter time.Time }
	tbs, err := asn1.Marshal(struct {
		Serial          *big.Int
		Algorithm       pkix.AlgorithmIdentifier
		Issuer          asn1.RawValue
		Validity        validity
		Subject, Public asn1.RawValue
	}{
		big.NewInt(7), algorithm,
		asn1.RawValue{FullBytes: ca.Leaf().RawSubject},
		validity{now.Add(-time.Hour), now.Add(time.Hour)},
		asn1.RawValue{FullBytes: dn(t, subject).Data},
		asn1.RawValue{FullBytes: spki},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := crypto.SHA256.New()
	h.Write(tbs)
	sig, err := ca.Key.Sign(rand.Reader, h.Sum(nil), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs}, algorithm, asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Whoever holds an end entity's certificate of version 1 is no CA by it, with a weak signature below or without.
func TestVerifyVersion1Issuer(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	key := testKey(pki.ECDSAP384)
	v1 := version1(t, root, "CN=old", key.Public())
	if v1.Version != 1 {
		t.Fatalf("version %d", v1.Version)
	}
	// crypto/x509 signs under a parent that says it is a CA: one with the same name and key.
	parent, err := root.IssueFor(key, pki.Template{Subject: "CN=old", CA: true})
	if err != nil {
		t.Fatal(err)
	}
	under := &pki.CA{Credential: *parent}
	for _, sha1 := range []bool{false, true} {
		leaf := issue(t, under, pki.Template{SHA1: sha1, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)})
		for _, weak := range []bool{false, true} {
			p := &pki.Policy{Roots: []*x509.Certificate{root.Leaf()}, AllowWeak: weak}
			if _, err := p.Verify(leaf.Leaf(), &pki.Bundle{Certs: []*x509.Certificate{leaf.Leaf(), v1}}, now); err == nil {
				t.Errorf("SHA-1 %v, weak allowed %v: a certificate under one of version 1 is accepted", sha1, weak)
			}
		}
	}
	// A root of version 1 is trusted as it is.
	p := &pki.Policy{Roots: []*x509.Certificate{v1}, AllowWeak: true}
	for _, sha1 := range []bool{false, true} {
		leaf := issue(t, under, pki.Template{SHA1: sha1, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)})
		_, err := p.Verify(leaf.Leaf(), nil, now)
		wantErr(t, err, nil)
	}
}

// An empty subject says that the names are elsewhere (RFC 5280 section 4.1.2.6), and an empty identity names nobody.
func TestMatchEmptySubject(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	named := issue(t, root, pki.Template{SAN: []wire.ID{fqdn("gw.example.com")}}).Leaf()
	nameless := *named
	nameless.RawSubject = []byte{0x30, 0}
	wantErr(t, pki.Match(&nameless, fqdn("GW.example.com")), nil)
	for _, id := range []wire.ID{
		{IDType: wire.IDDERASN1DN, Data: []byte{0x30, 0}},
		{IDType: wire.IDDERASN1DN},
		{IDType: wire.IDDERASN1GN, Data: []byte{0xa4, 2, 0x30, 0}},
		{IDType: wire.IDFQDN},
		{IDType: wire.IDUserFQDN},
		{IDType: wire.IDIPv4Addr},
	} {
		wantErr(t, pki.Match(&nameless, id), pki.ErrIdentity)
	}
	if id, err := pki.Identity(&nameless, wire.IDDERASN1DN); err == nil {
		t.Errorf("a certificate without subject gives the identity %s", pki.FormatID(id))
	}
}

// Names that look alike and are not the same.
func TestMatchLookalikes(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	san := []wire.ID{
		fqdn("*.example.com"), fqdn("a.example.com\x00.example.net"), fqdn("gw.example.com."),
		{IDType: wire.IDIPv6Addr, Data: addr("::ffff:192.0.2.1").Data},
		userFQDN("u@example.com"),
	}
	c := issue(t, root, pki.Template{Subject: "CN=cn.example.com", SAN: san}).Leaf()
	for _, id := range []wire.ID{
		fqdn("gw.example.com"), fqdn("a.example.com"), fqdn("cn.example.com"), fqdn("u@example.com"), userFQDN("gw.example.com."),
		userFQDN("example.com"), addr("192.0.2.1"), dn(t, "CN=CN.example.com"), dn(t, "O=x, CN=cn.example.com"),
	} {
		wantErr(t, pki.Match(c, id), pki.ErrIdentity)
	}
	for _, id := range append(san, dn(t, "CN=cn.example.com")) {
		wantErr(t, pki.Match(c, id), nil)
	}
}

func TestSameName(t *testing.T) {
	for _, tt := range []struct {
		a, b wire.ID
		want bool
	}{
		{fqdn("gw.example.com"), fqdn("GW.Example.COM"), true},
		{userFQDN("u@example.com"), userFQDN("U@EXAMPLE.com"), true},
		{fqdn("gw.example.com"), userFQDN("gw.example.com"), false},
		{fqdn("k.example.com"), fqdn("\u212a.example.com"), false}, // the Kelvin sign folds to k elsewhere
		{dn(t, "CN=gw"), dn(t, "CN=GW"), false},
		{wire.ID{IDType: wire.IDKeyID, Data: []byte("k")}, wire.ID{IDType: wire.IDKeyID, Data: []byte("K")}, false},
	} {
		if got := pki.SameName(tt.a, tt.b); got != tt.want {
			t.Errorf("%s and %s: %v", pki.FormatID(tt.a), pki.FormatID(tt.b), got)
		}
	}
}

// rdn is one attribute with a string of any type.
func rdn(tag cbasn1.Tag, values ...string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
			for _, v := range values {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{2, 5, 4, 3})
					b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(v)) })
				})
			}
		})
	})
	return b.BytesOrPanic()
}

// Subjects in the string types of old CAs are identities like others, and every octet counts.
func TestMatchStringTypes(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	base := issue(t, root, pki.Template{}).Leaf()
	names := map[string][]byte{
		"UTF8String": rdn(cbasn1.UTF8String, "gw"), "PrintableString": rdn(cbasn1.PrintableString, "gw"), "T61String": rdn(cbasn1.T61String, "gw"),
		"T61String beyond ASCII": rdn(cbasn1.T61String, "g\xfc"), "BMPString": rdn(30, "\x00g\x00w"), "BMPString odd": rdn(30, "\x00g\x00"),
		"UniversalString": rdn(28, "\x00\x00\x00g"), "two values": rdn(cbasn1.UTF8String, "gw", "gx"), "empty value": rdn(cbasn1.UTF8String, ""),
		"not UTF-8": rdn(cbasn1.UTF8String, "\xff\xfe"), "control characters": rdn(cbasn1.UTF8String, "g\x1b[2Jw\n"),
	}
	for subject, der := range names {
		c := *base
		c.RawSubject = der
		for identity, id := range names {
			err := pki.Match(&c, wire.ID{IDType: wire.IDDERASN1DN, Data: id})
			if (err == nil) != (subject == identity) {
				t.Errorf("subject in %s, identity in %s: %v", subject, identity, err)
			}
		}
		if s, err := pki.FormatDN(der); err == nil {
			for _, r := range s {
				if r < ' ' {
					t.Errorf("%s is shown as %q", subject, s)
				}
			}
		}
	}
}

// Paths that must not cost much, and those that must be found whatever else is there.
func TestVerifyHeaps(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	trust := []*x509.Certificate{root.Leaf()}
	a := intermediate(t, root, "A", pki.Template{})
	b := intermediate(t, a, "B", pki.Template{})
	loopA, err := b.IssueFor(a.Key, pki.Template{Subject: "C=CH, O=useipsec, CN=A", CA: true}) // A issued by B issued by A
	if err != nil {
		t.Fatal(err)
	}
	leaf := issue(t, b, pki.Template{})
	chain := root
	var long []*x509.Certificate
	for range 99 {
		chain = intermediate(t, chain, "Long", pki.Template{})
		long = append(long, chain.Leaf())
	}
	deep := issue(t, chain, pki.Template{})
	constrained := intermediate(t, root, "Constrained", pki.Template{Extensions: []pkix.Extension{permittedDNS("example.org")}})
	noPath := intermediate(t, intermediate(t, root, "Zero", pki.Template{Extensions: []pkix.Extension{pathLen0()}}), "Below", pki.Template{})
	future := intermediate(t, root, "Future", pki.Template{NotBefore: now.Add(time.Hour), NotAfter: now.AddDate(1, 0, 0)})
	for name, tt := range map[string]struct {
		leaf  *pki.Credential
		certs []*x509.Certificate
		want  error
	}{
		"loop without the way out": {leaf, []*x509.Certificate{b.Leaf(), loopA.Leaf()}, pki.ErrUntrusted},
		"loop with the way out":    {leaf, []*x509.Certificate{loopA.Leaf(), b.Leaf(), a.Leaf()}, nil},
		"same name, many keys":     {deep, long, pki.ErrUntrusted}, // more signatures to try than anybody should
		"constraint broken":        {issue(t, constrained, pki.Template{SAN: []wire.ID{fqdn("gw.example.com")}}), []*x509.Certificate{constrained.Leaf()}, pki.ErrUntrusted},
		"constraint kept":          {issue(t, constrained, pki.Template{SAN: []wire.ID{fqdn("gw.example.org")}}), []*x509.Certificate{constrained.Leaf()}, nil},
		"path length exceeded":     {issue(t, noPath, pki.Template{}), noPath.Chain, pki.ErrUntrusted},
		"intermediate of tomorrow": {issue(t, future, pki.Template{}), future.Chain, pki.ErrNotYetValid},
	} {
		for _, weak := range []bool{false, true} {
			p := &pki.Policy{Roots: trust, AllowWeak: weak}
			received := &pki.Bundle{Certs: slices.Clone(tt.certs)}
			for range 2 {
				_, err := p.Verify(tt.leaf.Leaf(), received, now)
				if (err == nil) != (tt.want == nil) {
					t.Errorf("%s, weak allowed %v: %v, want %v", name, weak, err, tt.want)
				} else {
					wantErr(t, err, tt.want)
				}
				slices.Reverse(received.Certs)
			}
		}
	}
}

func permittedDNS(domain string) pkix.Extension {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.Tag(2).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(domain)) })
			})
		})
	})
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: b.BytesOrPanic()}
}

func pathLen0() pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: []byte{0x30, 6, 1, 1, 0xff, 2, 1, 0}}
}

// A strong way that has expired does not hide a weak one that is allowed.
func TestVerifyExpiredBesideWeak(t *testing.T) {
	root := newCA(t, "Root", pki.Template{})
	sub := intermediate(t, root, "Sub", pki.Template{SHA1: true})
	old, err := root.IssueFor(sub.Key, pki.Template{Subject: "C=CH, O=useipsec, CN=Sub", CA: true, NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(-1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	leaf := issue(t, sub, pki.Template{})
	received := &pki.Bundle{Certs: []*x509.Certificate{old.Leaf(), sub.Leaf()}}
	for range 2 {
		_, err = (&pki.Policy{Roots: []*x509.Certificate{root.Leaf()}, AllowWeak: true}).Verify(leaf.Leaf(), received, now)
		wantErr(t, err, nil)
		_, err = (&pki.Policy{Roots: []*x509.Certificate{root.Leaf()}}).Verify(leaf.Leaf(), received, now)
		if err == nil {
			t.Error("accepted")
		}
		slices.Reverse(received.Certs)
	}
}

// Keys of any size end in an error and soon.
func TestVerifyKeySizes(t *testing.T) {
	for _, bits := range []int{8, 512, 1024, 16384, 40000} {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		n.Add(n, big.NewInt(3))
		pub := &rsa.PublicKey{N: n, E: 1<<31 - 1}
		sig := make([]byte, pub.Size())
		sig[len(sig)-1] = 2
		begin := time.Now()
		if err := pki.Verify(pub, wire.AuthRSASig, make([]byte, 20), sig); err == nil {
			t.Errorf("%d bits: accepted", bits)
		}
		if d := time.Since(begin); d > 2*time.Second {
			t.Errorf("%d bits took %v", bits, d)
		}
	}
	for m, k := range map[wire.AuthMethod]pki.KeyType{
		wire.AuthECDSA256: pki.ECDSAP384, wire.AuthECDSA384: pki.ECDSAP521, wire.AuthECDSA521: pki.ECDSAP256, wire.AuthRSASig: pki.ECDSAP256,
	} {
		wantErr(t, pki.Verify(testKey(k).Public(), m, make([]byte, 32), make([]byte, 64)), pki.ErrKey)
	}
}
