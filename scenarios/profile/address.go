package profile

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// Address is a set of addresses in a selector: a name, one address, a prefix
// or a range "192.0.2.1-192.0.2.9". A name is one of the profile's networks, or it
// is one of
//
//	any        every address
//	peers      the two ends of the key exchange
//	initiator  its initiator
//	responder  its responder
type Address struct {
	Name   string       // "" when literal or a network
	Prefix netip.Prefix // an address is a prefix of full length; invalid for a range
	Lo, Hi netip.Addr   // a range, both ends included

	network string    // the name of the network,
	sets    []Address // and its addresses
}

var addressNames = []string{"any", "peers", "initiator", "responder"}

var networkName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// Sets returns the addresses, prefixes and ranges that the set is made of: those
// of a network, nothing for the four names, else a itself.
func (a Address) Sets() []Address {
	switch {
	case a.network != "":
		return a.sets
	case a.Name != "":
		return nil
	}
	return []Address{a}
}

// Matches reports whether the set has the address.
func (a Address) Matches(addr netip.Addr, ends Ends) bool {
	if a.network != "" {
		return slices.ContainsFunc(a.sets, func(set Address) bool { return set.Matches(addr, ends) })
	}
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

// covers reports whether every address of another set is in this one.
func (a Address) covers(other Address) bool {
	switch {
	case a.Name == "any", a.Name == "peers" && (other.Name == "initiator" || other.Name == "responder"):
		return true
	case a.Name != "" || other.Name != "":
		return a.Name == other.Name
	}
	for _, o := range other.Sets() {
		if !slices.ContainsFunc(a.Sets(), func(s Address) bool { return s.spans(o) }) {
			return false
		}
	}
	return true
}

// spans is covers of two literal sets.
func (a Address) spans(other Address) bool {
	if other.Prefix.IsValid() {
		return a.Matches(other.Prefix.Addr(), Ends{}) && (!a.Prefix.IsValid() || a.Prefix.Bits() <= other.Prefix.Bits()) && (a.Prefix.IsValid() || other.Prefix.IsSingleIP())
	}
	return a.Matches(other.Lo, Ends{}) && a.Matches(other.Hi, Ends{})
}

// Network returns the name of the network, "" if it is not one of the profile's
// networks.
func (a Address) Network() string { return a.network }

// String returns the text in a profile.
func (a Address) String() string {
	switch {
	case a.network != "":
		return a.network
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

// UnmarshalText takes a name, an address, a prefix or a range. Parse gives the
// names of networks their addresses.
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
		if !networkName.MatchString(s) {
			return strict.NotOneOf(s, addressNames)
		}
		*a = Address{network: s} // until the networks are known
		return nil
	}
	if addr.Is4In6() {
		return fmt.Errorf("%q is an address of IPv4; write %s", s, addr.Unmap())
	}
	*a = Address{Prefix: netip.PrefixFrom(addr, addr.BitLen())}
	return nil
}

// Form returns what sets of addresses look like; which names there are only the
// profile knows.
func (Address) Form() strict.Form {
	return strict.Form{Pattern: `^([a-z][a-z0-9-]*|[0-9.]+(/[0-9]+|-[0-9.]+)?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/[0-9]+|-[0-9A-Fa-f:.]+)?)$`}
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

// resolve gives the names of networks in policies their addresses, and reports
// the names that nothing has.
func (p *Profile) resolve() {
	names := slices.Clone(addressNames)
	networks := map[string]Address{}
	for i, n := range p.Selectors.Networks {
		path := fmt.Sprintf("selectors.networks[%d]", i)
		for j, a := range n.Addresses {
			if a.Name != "" || a.network != "" {
				p.doc.Errorf(fmt.Sprintf("%s.addresses[%d]", path, j), "takes an address, a prefix or a range, not the name %q", a)
			}
		}
		switch {
		case n.Name == "":
			continue
		case !networkName.MatchString(n.Name):
			p.doc.Errorf(path+".name", "%q is not a name: small letters, digits and dashes", n.Name)
			continue
		case slices.Contains(names, n.Name):
			p.doc.Errorf(path+".name", "there are addresses named %q already", n.Name)
			continue
		case len(n.Addresses) == 0:
			p.doc.Errorf(path+".addresses", "the network %q has no addresses", n.Name)
		}
		names = append(names, n.Name)
		networks[n.Name] = Address{network: n.Name, sets: n.Addresses}
	}
	for i := range p.Selectors.Policies {
		for _, side := range p.Selectors.Policies[i].sides() {
			for j, a := range side.Addresses {
				if a.network == "" {
					continue
				}
				if network, ok := networks[a.network]; ok {
					side.Addresses[j] = network
				} else if p.readable("selectors.networks") {
					p.doc.Errorf(fmt.Sprintf("selectors.policies[%d].%s.addresses[%d]", i, side.key, j), "%v", strict.NotOneOf(a.network, names))
				}
			}
		}
	}
}
