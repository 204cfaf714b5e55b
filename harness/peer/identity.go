package peer

import (
	"encoding/asn1"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Identity is an identity of RFC 2407 4.6.2.1. The zero value is the address on
// the wire.
type Identity struct {
	Type string // slug of a wire.IDType: "fqdn", "der_asn1_dn"
	// Text is "gw.example.com"; "C=US, CN=gw" as pki.ParseDN reads it, and for a
	// der_asn1_gn the directoryName; an address; "192.0.2.0/24", "192.0.2.1-192.0.2.9";
	// the octets of a key_id.
	Text string
}

// IsZero reports whether i is the address on the wire.
func (i Identity) IsZero() bool { return i == Identity{} }

// octets are the identity as its payload has it (RFC 2407 4.6.2).
func (i Identity) octets() ([]byte, error) {
	t, ok := wire.ParseIDType(i.Type)
	if !ok {
		return nil, fmt.Errorf("harness/peer: no type of identity is called %q", i.Type)
	}
	octets, err := identityOctets(t, i.Text)
	if err != nil {
		return nil, fmt.Errorf("harness/peer: identity %s %q: %w", i.Type, i.Text, err)
	}
	return octets, nil
}

// payload is the identity as it is sent by the end at addr.
func (i Identity) payload(addr netip.Addr) (wire.ID, error) {
	if i.IsZero() {
		i.Type, i.Text = wire.IDIPv4Addr.String(), addr.String()
		if addr.Is6() {
			i.Type = wire.IDIPv6Addr.String()
		}
	}
	octets, err := i.octets()
	t, _ := wire.ParseIDType(i.Type)
	return wire.ID{IDType: t, Data: octets}, err
}

func identityOctets(t wire.IDType, text string) ([]byte, error) {
	switch t {
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		a, err := netip.ParseAddr(text)
		if err == nil && a.Is6() != (t == wire.IDIPv6Addr) {
			err = fmt.Errorf("%s is of the other family", a)
		}
		return a.AsSlice(), err
	case wire.IDIPv4Subnet, wire.IDIPv6Subnet:
		p, err := netip.ParsePrefix(text)
		if err == nil && p.Addr().Is6() != (t == wire.IDIPv6Subnet) {
			err = fmt.Errorf("%s is of the other family", p)
		}
		if err != nil {
			return nil, err
		}
		return append(p.Masked().Addr().AsSlice(), net.CIDRMask(p.Bits(), p.Addr().BitLen())...), nil
	case wire.IDIPv4Range, wire.IDIPv6Range:
		return rangeOctets(t, text)
	case wire.IDDERASN1DN:
		return pki.ParseDN(text)
	case wire.IDDERASN1GN:
		dn, err := pki.ParseDN(text)
		if err != nil {
			return nil, err
		}
		// directoryName (RFC 5280 4.2.1.6), explicit because a Name is a choice.
		return asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: dn})
	}
	return []byte(text), nil
}

func rangeOctets(t wire.IDType, text string) ([]byte, error) {
	one := wire.IDIPv4Addr
	if t == wire.IDIPv6Range {
		one = wire.IDIPv6Addr
	}
	from, to, _ := strings.Cut(text, "-")
	low, err := identityOctets(one, from)
	if err != nil {
		return nil, err
	}
	high, err := identityOctets(one, to)
	return append(low, high...), err
}
