package peer

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// testAddr is the address of end n on the wire, testInner that behind it.
func testAddr(n byte, v6 bool) netip.Addr {
	if v6 {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", n))
	}
	return netip.AddrFrom4([4]byte{192, 0, 2, n})
}

func testInner(n byte, v6 bool) netip.Prefix {
	a := netip.AddrFrom4([4]byte{10, n, 0, 1})
	if v6 {
		a = netip.MustParseAddr(fmt.Sprintf("2001:db8:%d::1", n))
	}
	return netip.PrefixFrom(a, a.BitLen())
}

// testNames are what ends 1 and 2 are called in their certificates, beside their addresses.
func testNames(n byte) []Identity {
	return []Identity{
		{"fqdn", fmt.Sprintf("end%d.example.com", n)},
		{"user_fqdn", fmt.Sprintf("end%d@example.com", n)},
		{"der_asn1_dn", fmt.Sprintf("C=US, O=Example, CN=end%d.example.com", n)},
	}
}

var testPKI struct {
	sync.Mutex
	roots map[pki.KeyType]*pki.CA
	ends  map[pki.KeyType]map[byte]*pki.Credential
}

// testCredentials are those of end n with a key of the type, and with an intermediate CA.
func testCredentials(t *testing.T, key pki.KeyType, n byte) *Credentials {
	t.Helper()
	p := &testPKI
	p.Lock()
	defer p.Unlock()
	if p.roots == nil {
		p.roots, p.ends = map[pki.KeyType]*pki.CA{}, map[pki.KeyType]map[byte]*pki.Credential{}
	}
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	if p.roots[key] == nil {
		root, err := pki.NewCA(nil, time.Now(), pki.Template{Subject: "C=US, O=Example, CN=root", Key: key})
		must(err)
		p.roots[key], err = root.Intermediate(pki.Template{Subject: "C=US, O=Example, CN=intermediate", Key: key})
		must(err)
		p.ends[key] = map[byte]*pki.Credential{}
	}
	if p.ends[key][n] == nil {
		template := pki.Template{Key: key}
		names := append(testNames(n), Identity{"ipv4_addr", testAddr(n, false).String()}, Identity{"ipv6_addr", testAddr(n, true).String()})
		for _, name := range names {
			if name.Type == "der_asn1_dn" {
				template.Subject = name.Text
				continue
			}
			octets, err := name.octets()
			must(err)
			id, _ := wire.ParseIDType(name.Type)
			template.SAN = append(template.SAN, wire.ID{IDType: id, Data: octets})
		}
		var err error
		p.ends[key][n], err = p.roots[key].Issue(template)
		must(err)
	}
	end := p.ends[key][n]
	pem, err := pki.KeyPEM(end.Key)
	must(err)
	return &Credentials{
		Key: pem, Certificate: pki.CertPEM(end.Chain[0]),
		Intermediates: [][]byte{pki.CertPEM(end.Chain[1])}, Roots: [][]byte{pki.CertPEM(end.Chain[2])},
	}
}
