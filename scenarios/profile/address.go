package profile

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// Address is a set of addresses in a selector: a name, one address, a prefix
// or a range "192.0.2.1-192.0.2.9". The names are
//
//	any        every address
//	peers      the two ends of the key exchange
//	initiator  its initiator
//	responder  its responder
type Address struct {
	Name   string       // "" when literal
	Prefix netip.Prefix // an address is a prefix of full length; invalid for a range
	Lo, Hi netip.Addr   // a range, both ends included
}

var addressNames = []string{"any", "peers", "initiator", "responder"}

// Matches reports whether the set has the address.
func (a Address) Matches(addr netip.Addr, ends Ends) bool {
	switch a.Name {
	case "any":
		return true
	case "peers":
		return slices.Contains(ends.Initiator, addr) || slices.Contains(ends.Responder, addr)
	case "initiator":
		return slices.Contains(ends.Initiator, addr)
	case "responder":
		return slices.Contains(ends.Responder, addr)
	}
	if a.Prefix.IsValid() {
		return a.Prefix.Contains(addr)
	}
	return a.Lo.IsValid() && addr.BitLen() == a.Lo.BitLen() && a.Lo.Compare(addr) <= 0 && addr.Compare(a.Hi) <= 0
}

// String returns the text in a profile.
func (a Address) String() string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Prefix.IsValid() && a.Prefix.IsSingleIP():
		return a.Prefix.Addr().String()
	case a.Prefix.IsValid():
		return a.Prefix.String()
	}
	return a.Lo.String() + "-" + a.Hi.String()
}

// MarshalText returns the text in a profile.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText takes a name, an address, a prefix or a range.
func (a *Address) UnmarshalText(text []byte) error {
	s := string(text)
	if slices.Contains(addressNames, s) {
		*a = Address{Name: s}
		return nil
	}
	if lo, hi, ok := strings.Cut(s, "-"); ok && strings.ContainsAny(lo, ".:") {
		return a.unmarshalRange(s, lo, hi)
	}
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return fmt.Errorf("%q is not a prefix such as 192.0.2.0/24", s)
		}
		if p != p.Masked() {
			return fmt.Errorf("prefix %s has host bits set; the network is %s", s, p.Masked())
		}
		*a = Address{Prefix: p}
		return nil
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		if strings.ContainsAny(s, ".:") {
			return fmt.Errorf("%q is not an IP address", s)
		}
		return strict.NotOneOf(s, addressNames)
	}
	*a = Address{Prefix: netip.PrefixFrom(addr, addr.BitLen())}
	return nil
}

func (a *Address) unmarshalRange(s, lo, hi string) error {
	first, err1 := netip.ParseAddr(lo)
	last, err2 := netip.ParseAddr(hi)
	if err1 != nil || err2 != nil || first.Zone() != "" || last.Zone() != "" {
		return fmt.Errorf("%q is not a range such as 192.0.2.1-192.0.2.9", s)
	}
	if first.BitLen() != last.BitLen() || first.Compare(last) > 0 {
		return fmt.Errorf("range %s does not rise within one address family", s)
	}
	*a = Address{Lo: first, Hi: last}
	return nil
}

// PortRange is a range of ports, both ends included.
type PortRange struct{ Lo, Hi uint16 }

// String returns "179" or "1024-65535".
func (r PortRange) String() string {
	if r.Lo == r.Hi {
		return strconv.Itoa(int(r.Lo))
	}
	return fmt.Sprintf("%d-%d", r.Lo, r.Hi)
}

// MarshalText returns the text in a profile.
func (r PortRange) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText takes a port or a range of ports.
func (r *PortRange) UnmarshalText(text []byte) error {
	lo, hi, ranged := strings.Cut(string(text), "-")
	if !ranged {
		hi = lo
	}
	first, err1 := strconv.ParseUint(lo, 10, 16)
	last, err2 := strconv.ParseUint(hi, 10, 16)
	if err1 != nil || err2 != nil || first == 0 || first > last {
		return fmt.Errorf("%q is not a port from 1 to 65535 or a rising range such as 1024-65535", text)
	}
	*r = PortRange{Lo: uint16(first), Hi: uint16(last)}
	return nil
}

// Protocol is an IP protocol in a selector. The zero value is any.
type Protocol uint8

var protocolNumbers = map[string]Protocol{"any": 0, "icmp": 1, "tcp": 6, "udp": 17, "dccp": 33, "icmpv6": 58, "sctp": 132, "udplite": 136}

// Matches reports whether the selector covers the protocol number.
func (p Protocol) Matches(number uint8) bool { return p == 0 || uint8(p) == number }

// HasPorts reports whether ports can be selectors of this protocol: TCP and
// UDP (RFC 2401 4.4.2), SCTP since RFC 3554, and what else has them in place.
func (p Protocol) HasPorts() bool { return spd.Flow{Proto: uint8(p)}.HasPorts() }

// String returns the name, or the number where there is none.
func (p Protocol) String() string {
	for name, n := range protocolNumbers {
		if n == p {
			return name
		}
	}
	return strconv.Itoa(int(p))
}

// MarshalText returns the text in a profile.
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText takes a name or a number from 0 to 255; 0 is any.
func (p *Protocol) UnmarshalText(text []byte) error {
	if n, ok := protocolNumbers[string(text)]; ok {
		*p = n
		return nil
	}
	n, err := strconv.ParseUint(string(text), 10, 8)
	if err != nil {
		return fmt.Errorf("%q is not a protocol: any, icmp, tcp, udp, dccp, icmpv6, sctp, udplite, or a number up to 255", text)
	}
	*p = Protocol(n)
	return nil
}
