package ikev1_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// TestCertificateHeaps: what comes beside the right certificate, from either end, does not hide it, and does not take its place.
func TestCertificateHeaps(t *testing.T) {
	a := newAuthority(t, pki.ECDSAP256)
	forger, err := pki.NewCA(nil, start, pki.Template{Subject: "C=CH, O=useipsec, CN=Root", Key: pki.ECDSAP256})
	if err != nil {
		t.Fatal(err)
	}
	issue := func(ca *pki.CA, cred pki.Credential, name string, again bool, until time.Time) *wire.Cert {
		tmpl := pki.Template{Subject: "C=CH, O=useipsec, CN=" + name, Key: pki.ECDSAP256, SAN: sans(name), NotBefore: start.AddDate(-1, 0, 0), NotAfter: until}
		var c *pki.Credential
		var err error
		if again {
			c, err = ca.IssueFor(cred.Key, tmpl)
		} else {
			c, err = ca.Issue(tmpl)
		}
		if err != nil {
			t.Fatal(err)
		}
		return pki.Payloads(c.Chain[:1], wire.CertX509Signature)[0]
	}
	yesterday, tomorrow := start.AddDate(0, 0, -1), start.AddDate(0, 0, 1)
	type heap func(cred pki.Credential, name string) []*wire.Cert
	for name, tt := range map[string]struct {
		beside heap
		alone  bool // the right one is left out
	}{
		"an expired one with its key": {func(c pki.Credential, n string) []*wire.Cert { return []*wire.Cert{issue(a.CA, c, n, true, yesterday)} }, false},
		"an expired one of another key": {func(c pki.Credential, n string) []*wire.Cert {
			return []*wire.Cert{issue(a.CA, c, n, false, yesterday)}
		}, false},
		"a good one of another key": {func(c pki.Credential, n string) []*wire.Cert { return []*wire.Cert{issue(a.CA, c, n, false, tomorrow)} }, false},
		"a forged one of its key": {func(c pki.Credential, n string) []*wire.Cert {
			return []*wire.Cert{issue(forger, c, n, true, tomorrow)}
		}, false},
		"junk": {func(pki.Credential, string) []*wire.Cert {
			return slices.Repeat([]*wire.Cert{{Encoding: wire.CertX509Signature, Data: bytes.Repeat([]byte{0x30}, 300)}}, 100)
		}, false},
		"only an expired one": {func(c pki.Credential, n string) []*wire.Cert { return []*wire.Cert{issue(a.CA, c, n, true, yesterday)} }, true},
		"only a forged one": {func(c pki.Credential, n string) []*wire.Cert {
			return []*wire.Cert{issue(forger, c, n, true, tomorrow)}
		}, true},
		"only good ones of other keys": {func(c pki.Credential, n string) []*wire.Cert {
			return []*wire.Cert{issue(a.CA, c, n, false, tomorrow), issue(a.CA, c, n, false, tomorrow)}
		}, true},
		"the other end's": {func(_ pki.Credential, n string) []*wire.Cert {
			other := a.i
			if n[0] == 'i' {
				other = a.r
			}
			return pki.Payloads(other.Chain[:1], wire.CertX509Signature)
		}, true},
	} {
		for who := range 2 {
			t.Run(name+" from the "+ikev1.Role(who+1).String(), func(t *testing.T) {
				p := newPair(t, both(withCertificates(a, wire.AuthECDSA256), func(i, r *ikev1.Config) {
					c := []*ikev1.Config{i, r}[who]
					cred, id := c.Auth.Credentials[0], string(c.LocalID.Data)
					heap := tt.beside(cred, id)
					c.Deviations.EditMessage = func(_ ikev1.Step, m *wire.Message) {
						at := slices.IndexFunc(m.Payloads, func(p wire.Payload) bool { _, is := p.(*wire.Cert); return is })
						if at < 0 {
							return
						}
						var ps []wire.Payload
						for _, c := range heap {
							ps = append(ps, c)
						}
						end := at
						if tt.alone {
							end++
						}
						m.Payloads = slices.Replace(slices.Clone(m.Payloads), at, end, ps...)
					}
				})).start()
				judge := []*end{p.r, p.i}[who]
				if up := judge.State() == ikev1.StateEstablished; up == tt.alone {
					t.Errorf("%v: %v", judge.State(), judge.errs)
				}
			})
		}
	}
}
