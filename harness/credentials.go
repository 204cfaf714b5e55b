package harness

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// authorities issue the certificates of trials. They are made when the first trial asks for one, and so are the keys, which
// all trials share. It is safe for concurrent use.
type authorities struct {
	mu             sync.Mutex
	now            time.Time
	root, stranger *pki.CA // the stranger's root is trusted by nobody
	between        *pki.CA // an intermediate below root
	keys           map[keyOf]crypto.Signer
}

type keyOf struct {
	role scenarios.Role
	kind pki.KeyType
}

// papers are the certificates of one end, and what the other end has to know of them.
type papers struct {
	pki.Credential
	crls []*x509.RevocationList // nil unless a certificate is revoked
}

func newAuthorities(now time.Time) *authorities {
	return &authorities{now: now, keys: map[keyOf]crypto.Signer{}}
}

// processAuthorities are those of all runs of this process, which saves making keys anew: those take longer than trials.
var processAuthorities = sync.OnceValue(func() *authorities { return newAuthorities(time.Now()) })

// establish makes the authorities themselves.
func (a *authorities) establish() (err error) {
	if a.root != nil {
		return nil
	}
	root, err := pki.NewCA(nil, a.now, pki.Template{Subject: "C=US, O=Example, CN=Example Root", Key: pki.RSA2048})
	if err != nil {
		return err
	}
	if a.between, err = root.Intermediate(pki.Template{Subject: "C=US, O=Example, CN=Example Intermediate", Key: pki.RSA2048}); err != nil {
		return err
	}
	if a.stranger, err = pki.NewCA(nil, a.now, pki.Template{Subject: "C=US, O=Elsewhere, CN=Elsewhere Root", Key: pki.RSA2048}); err != nil {
		return err
	}
	a.root = root
	return nil
}

// trusted is the root that both ends of every trial trust.
func (a *authorities) trusted() (*x509.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.establish(); err != nil {
		return nil, fmt.Errorf("harness: certificates: %w", err)
	}
	return a.root.Root(), nil
}

// issue makes the certificate of the end with a role, with every form of its name in it.
func (a *authorities) issue(k scenarios.IKE, role scenarios.Role, addr netip.Addr) (*papers, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fail := func(err error) (*papers, error) {
		return nil, fmt.Errorf("harness: certificate of the %v: %w", role, err)
	}
	if err := a.establish(); err != nil {
		return fail(err)
	}
	key, err := a.key(role, k.KeyType())
	if err != nil {
		return fail(err)
	}
	issuer, t := a.template(k.Certificate, role, addr)
	cred, err := issuer.IssueFor(key, t)
	if err != nil {
		return fail(err)
	}
	p := &papers{Credential: *cred}
	if k.Certificate.Fault == scenarios.Revoked {
		issuer.Revoke(cred.Leaf(), a.now.Add(-time.Hour), 0)
		// A current list of every issuer: whoever insists on them must find nothing else missing.
		issuers := []*pki.CA{issuer}
		if issuer == a.between {
			issuers = append(issuers, a.root)
		}
		for _, ca := range issuers {
			crl, err := ca.CRL(a.now.Add(-time.Hour), a.now.Add(24*time.Hour))
			if err != nil {
				return fail(err)
			}
			p.crls = append(p.crls, crl)
		}
	}
	return p, nil
}

// key is the one of a role in this run.
func (a *authorities) key(role scenarios.Role, slug string) (crypto.Signer, error) {
	kind, err := pki.ParseKeyType(slug)
	if err != nil {
		return nil, err
	}
	of := keyOf{role, kind}
	if a.keys[of] == nil {
		if a.keys[of], err = pki.GenerateKey(nil, kind); err != nil {
			return nil, err
		}
	}
	return a.keys[of], nil
}

// template says what is in the certificate, its fault included, and who issues it.
func (a *authorities) template(c scenarios.Certificate, role scenarios.Role, addr netip.Addr) (*pki.CA, pki.Template) {
	issuer := a.root
	if c.Intermediate {
		issuer = a.between
	}
	t := pki.Template{Subject: scenarios.Subject(role), SAN: scenarios.SAN(role, addr)}
	switch c.Fault {
	case scenarios.NoFault, scenarios.Revoked:
	case scenarios.Expired:
		t.NotBefore, t.NotAfter = a.now.Add(-48*time.Hour), a.now.Add(-time.Hour)
	case scenarios.NotYetValid:
		t.NotBefore = a.now.Add(10 * 24 * time.Hour) // NSS, which libreswan uses, lets one day pass
	case scenarios.WrongName:
		t.Subject = "C=US, O=Example, CN=somebody-else.example.com"
		t.SAN = []wire.ID{{IDType: wire.IDFQDN, Data: []byte("somebody-else.example.com")}}
	case scenarios.KeyUsage:
		t.KeyUsage = x509.KeyUsageKeyEncipherment
	case scenarios.ExtKeyUsage:
		t.EKU = []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 3}} // code signing
	case scenarios.UnknownCA:
		issuer = a.stranger
	}
	return issuer, t
}
