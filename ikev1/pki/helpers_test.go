package pki_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// now is when the tests take place.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// seeded is randomness that is the same in every run.
func seeded(label string) *rand.ChaCha8 {
	var seed [32]byte
	copy(seed[:], label)
	return rand.NewChaCha8(seed)
}

// testKey makes one key of each type for the whole run: RSA keys take their time.
var testKeys = func() map[pki.KeyType]func() crypto.Signer {
	m := map[pki.KeyType]func() crypto.Signer{}
	for _, t := range []pki.KeyType{pki.RSA1024, pki.RSA2048, pki.RSA3072, pki.ECDSAP256, pki.ECDSAP384, pki.ECDSAP521} {
		m[t] = sync.OnceValue(func() crypto.Signer {
			key, err := pki.GenerateKey(seeded(t.String()), t)
			if err != nil {
				panic(err)
			}
			return key
		})
	}
	return m
}()

func testKey(t pki.KeyType) crypto.Signer { return testKeys[t]() }

func newCA(t testing.TB, label string, tmpl pki.Template) *pki.CA {
	t.Helper()
	if tmpl.Key == 0 {
		tmpl.Key = pki.ECDSAP256
	}
	if tmpl.Subject == "" {
		tmpl.Subject = "C=CH, O=useipsec, CN=" + label
	}
	ca, err := pki.NewCA(seeded(label), now, tmpl)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func intermediate(t testing.TB, ca *pki.CA, label string, tmpl pki.Template) *pki.CA {
	t.Helper()
	if tmpl.Key == 0 {
		tmpl.Key = pki.ECDSAP256
	}
	if tmpl.Subject == "" {
		tmpl.Subject = "C=CH, O=useipsec, CN=" + label
	}
	sub, err := ca.Intermediate(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

func issue(t testing.TB, ca *pki.CA, tmpl pki.Template) *pki.Credential {
	t.Helper()
	if tmpl.Key == 0 {
		tmpl.Key = pki.ECDSAP256
	}
	if tmpl.Subject == "" {
		tmpl.Subject = "C=CH, O=useipsec, CN=gw.example.com"
	}
	cred, err := ca.Issue(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func crl(t testing.TB, ca *pki.CA, from, until time.Time) *x509.RevocationList {
	t.Helper()
	l, err := ca.CRL(from, until)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func fqdn(name string) wire.ID     { return wire.ID{IDType: wire.IDFQDN, Data: []byte(name)} }
func userFQDN(name string) wire.ID { return wire.ID{IDType: wire.IDUserFQDN, Data: []byte(name)} }

func addr(s string) wire.ID {
	a := netip.MustParseAddr(s)
	if a.Is4() {
		return wire.ID{IDType: wire.IDIPv4Addr, Data: a.AsSlice()}
	}
	return wire.ID{IDType: wire.IDIPv6Addr, Data: a.AsSlice()}
}

func dn(t testing.TB, text string) wire.ID {
	t.Helper()
	der, err := pki.ParseDN(text)
	if err != nil {
		t.Fatal(err)
	}
	return wire.ID{IDType: wire.IDDERASN1DN, Data: der}
}

// wantErr compares with errors.Is; want nil is no error.
func wantErr(t testing.TB, got, want error) {
	t.Helper()
	if (got == nil) != (want == nil) || !errors.Is(got, want) {
		t.Errorf("error %v, want %v", got, want)
	}
}
