package peer

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// end is which of the two ends a configuration is of.
func end(c *Config) byte {
	a := c.Local.AsSlice()
	return a[len(a)-1]
}

// TestStrongSwanIdentities looks at aggressive mode, where the identities are in clear.
func TestStrongSwanIdentities(t *testing.T) {
	need(t, CarrierNamespace)
	p := startPair(t, StrongSwan{}, CarrierNamespace, StrongSwan{}, CarrierNamespace)
	for _, id := range []struct{ form, text string }{
		{"ipv4_addr", "198.51.100.%d"},
		{"ipv6_addr", "2001:db8:9::%d"},
		{"fqdn", "end%d.example.com"},
		{"fqdn", "end%d"},
		{"fqdn", "#%d \"and\" \\more"},
		{"user_fqdn", "end%d@example.com"},
		{"ipv4_addr_subnet", "198.51.%d.0/24"},
		{"ipv6_addr_subnet", "2001:db8:%d::/48"},
		{"ipv4_addr_range", "198.51.100.%d-198.51.100.9"},
		{"ipv6_addr_range", "2001:db8:9::%d-2001:db8:9::9"},
		{"der_asn1_dn", "C=US, O=Example\\, Ltd, CN=end%d.example.com"},
		{"der_asn1_gn", "C=US, CN=end%d"},
		{"key_id", "end%d"},
		{"key_id", "\xff\x00%d"},
	} {
		for _, mode := range []string{"aggressive", "main"} {
			t.Run(fmt.Sprintf("%s/%s/%q", mode, id.form, id.text), func(t *testing.T) {
				name := func(n byte) Identity { return Identity{id.form, fmt.Sprintf(id.text, n)} }
				p.configure(t, func(c *Config) {
					c.IKE.Mode, c.IKE.LocalID, c.IKE.RemoteID = mode, name(end(c)), name(3-end(c))
				}, "tunnel")
				p.initiate(t)
				if mode == "aggressive" {
					checkIdentities(t, p, name(1), name(2))
				}
			})
		}
	}
}

// TestStrongSwanCertifiedIdentities has the names that certificates vouch for.
func TestStrongSwanCertifiedIdentities(t *testing.T) {
	need(t, CarrierNamespace)
	p := startPair(t, StrongSwan{}, CarrierNamespace, StrongSwan{}, CarrierNamespace)
	for i, first := range append([]Identity{{}}, testNames(1)...) {
		t.Run(first.Type, func(t *testing.T) {
			name := func(n byte) Identity {
				if first.IsZero() {
					return Identity{}
				}
				return testNames(n)[i-1]
			}
			p.configure(t, func(c *Config) {
				authenticate(t, c, "ecdsa-sha256")
				c.IKE.Mode, c.IKE.LocalID, c.IKE.RemoteID = "aggressive", name(end(c)), name(3-end(c))
			}, "tunnel")
			p.initiate(t)
			if first.IsZero() {
				checkIdentities(t, p, Identity{"ipv4_addr", testAddr(1, false).String()}, Identity{"ipv4_addr", testAddr(2, false).String()})
				return
			}
			checkIdentities(t, p, name(1), name(2))
		})
	}
}

// checkIdentities compares those on the wire.
func checkIdentities(t *testing.T, p *pair, want ...Identity) {
	t.Helper()
	got := payloads[*wire.ID](p.relay.messages())
	if len(got) != len(want) {
		t.Fatalf("%d identities in clear, expected %d", len(got), len(want))
	}
	for i, w := range want {
		octets, err := w.octets()
		if err != nil {
			t.Fatal(err)
		}
		if g := got[i]; g.IDType.String() != w.Type || !bytes.Equal(g.Data, octets) {
			t.Errorf("end %d: %v %x, expected %s %x", i+1, g.IDType, g.Data, w.Type, octets)
		}
	}
}
