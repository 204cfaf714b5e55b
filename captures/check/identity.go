package check

import (
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Identities of quick mode as what they are: selectors (RFC 2407 4.6.2).

// addresses is a set of addresses, both ends included.
type addresses struct{ lo, hi netip.Addr }

func (a addresses) contains(x netip.Addr) bool {
	return x.BitLen() == a.lo.BitLen() && a.lo.Compare(x) <= 0 && x.Compare(a.hi) <= 0
}

func (a addresses) String() string {
	if a.lo == a.hi {
		return a.lo.String()
	}
	if p, ok := a.prefix(); ok {
		return p.String()
	}
	return a.lo.String() + "-" + a.hi.String()
}

// prefix returns the set as a prefix, if it is one.
func (a addresses) prefix() (netip.Prefix, bool) {
	for bits := a.lo.BitLen(); bits >= 0; bits-- {
		p := netip.PrefixFrom(a.lo, bits).Masked()
		if p.Addr() != a.lo {
			break
		}
		if lastOf(p) == a.hi {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// addressSet returns the addresses of an identity that is an address, a subnet
// or a range.
func addressSet(id *wire.ID) (addresses, bool) {
	d := id.Data
	half := len(d) / 2
	switch id.IDType {
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		a, ok := idAddress(id)
		return addresses{a, a}, ok
	case wire.IDIPv4Subnet, wire.IDIPv6Subnet:
		if len(d) != 8 && len(d) != 32 {
			return addresses{}, false
		}
		lo, hi := make([]byte, half), make([]byte, half)
		for i := range half {
			lo[i] = d[i] & d[half+i]
			hi[i] = d[i] | ^d[half+i]
		}
		return fromSlices(lo, hi)
	case wire.IDIPv4Range, wire.IDIPv6Range:
		if len(d) != 8 && len(d) != 32 {
			return addresses{}, false
		}
		return fromSlices(d[:half], d[half:])
	}
	return addresses{}, false
}

func fromSlices(lo, hi []byte) (addresses, bool) {
	a, ok := netip.AddrFromSlice(lo)
	b, ok2 := netip.AddrFromSlice(hi)
	return addresses{a, b}, ok && ok2
}

// idText writes an identity for a person.
func idText(id *wire.ID) string {
	if id == nil {
		return "nothing"
	}
	var s string
	if set, ok := addressSet(id); ok {
		s = set.String()
	} else if id.IDType == wire.IDFQDN || id.IDType == wire.IDUserFQDN {
		s = fmt.Sprintf("%q", id.Data)
	} else {
		s = fmt.Sprintf("%x", id.Data)
	}
	return fmt.Sprintf("%v %s protocol %d port %d", id.IDType, s, id.Protocol, id.Port)
}

// selector is what a quick mode agreed to protect: IDci and IDcr, or the two
// hosts when it had none (RFC 2409 5.5).
type selector struct {
	ci, cr               addresses
	proto                uint8
	portCI, portCR       uint16
	protoDiffers, hasIDs bool
}

// quickSelector returns the selector of a quick mode whose first message was
// read; false when an identity is no set of addresses.
func quickSelector(q *dissect.Quick) (s selector, ok bool) {
	if q.IDci == nil && q.IDcr == nil {
		i, r := q.Initiator.Addr(), q.Responder.Addr()
		return selector{ci: addresses{i, i}, cr: addresses{r, r}}, i.IsValid() && r.IsValid()
	}
	if q.IDci == nil || q.IDcr == nil {
		return selector{}, false
	}
	return selectorOf(q.IDci, q.IDcr)
}

// selectorOf is the selector that two identities make; false when one is no set of
// addresses.
func selectorOf(ci, cr *wire.ID) (s selector, ok bool) {
	s = selector{
		proto: ci.Protocol, portCI: ci.Port, portCR: cr.Port,
		protoDiffers: ci.Protocol != cr.Protocol, hasIDs: true,
	}
	var ok2 bool
	s.ci, ok = addressSet(ci)
	s.cr, ok2 = addressSet(cr)
	return s, ok && ok2
}

// matches reports whether the flow belongs to the selector, from the quick
// mode's initiator or to it. later reports that a fragment's ports are unknown.
func (s selector) matches(f spd.Flow, fromInitiator bool) bool {
	if !fromInitiator {
		f = f.Reverse()
	}
	if !s.ci.contains(f.Src) || !s.cr.contains(f.Dst) || s.proto != 0 && s.proto != f.Proto {
		return false
	}
	if !f.HasPorts() {
		return f.Fragment || s.portCI == 0 && s.portCR == 0
	}
	return (s.portCI == 0 || s.portCI == f.SrcPort) && (s.portCR == 0 || s.portCR == f.DstPort)
}

func (s selector) String() string {
	if !s.hasIDs {
		return fmt.Sprintf("no identities, that is everything between %v and %v", s.ci, s.cr)
	}
	port := func(p uint16) string {
		if p == 0 {
			return "*"
		}
		return fmt.Sprint(p)
	}
	return fmt.Sprintf("protocol %d %v[%s] <-> %v[%s]", s.proto, s.ci, port(s.portCI), s.cr, port(s.portCR))
}
