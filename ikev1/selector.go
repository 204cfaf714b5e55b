package ikev1

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// selectorIDs gives IDci and IDcr for a selector whose Src is the initiator's side (RFC 2407 4.6.2).
func selectorIDs(sel spd.Selector) [2]*wire.ID {
	return [2]*wire.ID{selectorID(sel.Src, sel.Proto, sel.SrcPorts), selectorID(sel.Dst, sel.Proto, sel.DstPorts)}
}

func selectorID(p netip.Prefix, proto uint8, ports spd.PortRange) *wire.ID {
	if p.IsSingleIP() {
		id := AddrID(p.Addr())
		id.Protocol, id.Port = proto, ports.Lo
		return &id
	}
	id := &wire.ID{IDType: wire.IDIPv4Subnet, Protocol: proto, Port: ports.Lo, Data: p.Masked().Addr().AsSlice()}
	if p.Addr().Is6() {
		id.IDType = wire.IDIPv6Subnet
	}
	mask := make([]byte, len(id.Data))
	for i := range p.Bits() {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	id.Data = append(id.Data, mask...)
	return id
}

// RangeID is an identity of type ID_IPV4_ADDR_RANGE or ID_IPV6_ADDR_RANGE for quick mode (RFC 2407 4.6.2.8, 4.6.2.10).
// Protocol 0 and port 0 are any.
func RangeID(lo, hi netip.Addr, proto uint8, port uint16) wire.ID {
	t := wire.IDIPv4Range
	if lo.Is6() {
		t = wire.IDIPv6Range
	}
	return wire.ID{IDType: t, Protocol: proto, Port: port, Data: append(lo.AsSlice(), hi.AsSlice()...)}
}

// idsSelector is the reverse: the selector between two identities, seen from local.
func idsSelector(local, remote *wire.ID) (spd.Selector, error) {
	src, err := idPrefix(local)
	if err != nil {
		return spd.Selector{}, err
	}
	dst, err := idPrefix(remote)
	if err != nil {
		return spd.Selector{}, err
	}
	if local.Protocol != remote.Protocol {
		return spd.Selector{}, refuse(wire.NotifyInvalidIDInformation, "protocols %d and %d in one selector", local.Protocol, remote.Protocol)
	}
	return spd.Selector{Src: src, Dst: dst, Proto: local.Protocol, SrcPorts: onePort(local.Port), DstPorts: onePort(remote.Port)}, nil
}

func onePort(p uint16) spd.PortRange { return spd.PortRange{Lo: p, Hi: p} }

func hostPrefix(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// idPrefix reads the addresses of a quick mode identity. A range must be a prefix: selectors have nothing else.
func idPrefix(id *wire.ID) (netip.Prefix, error) {
	bad := func(why string) (netip.Prefix, error) {
		return netip.Prefix{}, refuse(wire.NotifyInvalidIDInformation, "quick mode identity of type %v: %s", id.IDType, why)
	}
	switch id.IDType {
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		a, ok := netip.AddrFromSlice(id.Data)
		if !ok || a.Is4() != (id.IDType == wire.IDIPv4Addr) {
			return bad("not an address")
		}
		return hostPrefix(a), nil
	case wire.IDIPv4Subnet, wire.IDIPv6Subnet:
		a, mask, ok := halves(id.Data, id.IDType == wire.IDIPv4Subnet)
		if !ok {
			return bad("not an address and a mask")
		}
		n := ones(mask.AsSlice())
		if n < 0 {
			return bad("the mask has holes")
		}
		return netip.PrefixFrom(a, n).Masked(), nil
	case wire.IDIPv4Range, wire.IDIPv6Range:
		lo, hi, ok := halves(id.Data, id.IDType == wire.IDIPv4Range)
		if !ok {
			return bad("not two addresses")
		}
		p, ok := rangePrefix(lo, hi)
		if !ok {
			return bad("the range is no subnet")
		}
		return p, nil
	}
	return bad("not supported in a selector")
}

// halves reads two addresses, or an address and a mask.
func halves(b []byte, want4 bool) (x, y netip.Addr, ok bool) {
	if len(b)%2 != 0 {
		return x, y, false
	}
	x, ok = netip.AddrFromSlice(b[:len(b)/2])
	y, _ = netip.AddrFromSlice(b[len(b)/2:])
	return x, y, ok && x.Is4() == want4
}

// ones is the length of a mask, -1 if it is none.
func ones(mask []byte) int {
	n := 0
	for i, b := range mask {
		k := bits.LeadingZeros8(^b)
		n += k
		if k == 8 {
			continue
		}
		if b<<k != 0 {
			return -1
		}
		for _, b := range mask[i+1:] {
			if b != 0 {
				return -1
			}
		}
		break
	}
	return n
}

// rangePrefix is the prefix that has exactly the addresses of a range.
func rangePrefix(lo, hi netip.Addr) (netip.Prefix, bool) {
	a, b := lo.AsSlice(), hi.AsSlice()
	same := 0
	for i := range a {
		x := a[i] ^ b[i]
		same += bits.LeadingZeros8(x)
		if x != 0 {
			break
		}
	}
	p := netip.PrefixFrom(lo, same)
	if p.Masked().Addr() != lo {
		return p, false
	}
	for i := same; i < lo.BitLen(); i++ {
		if b[i/8]&(0x80>>(i%8)) == 0 {
			return p, false
		}
	}
	return p, true
}

// selector is what a policy protects. One for a virtual address has it in the place of the client's side.
func (s *Session) selector(p *QuickPolicy) spd.Selector {
	sel := p.Selector
	if !p.Virtual || !s.lease.Address.IsValid() {
		return sel
	}
	if s.client() {
		sel.Src = hostPrefix(s.lease.Address)
	} else {
		sel.Dst = hostPrefix(s.lease.Address)
	}
	return sel
}

// identities are IDci and IDcr that this end proposes for a policy, both nil if it proposes none.
func (s *Session) identities(p *QuickPolicy) [2]*wire.ID {
	if p.NoIDs {
		return [2]*wire.ID{}
	}
	sel := s.selector(p)
	if s.cfg.Deviations.WrongSelector {
		sel.SrcPorts, sel.DstPorts = spd.PortRange{}, spd.PortRange{}
	}
	ids := selectorIDs(sel)
	if p.LocalID != nil {
		ids[0] = p.LocalID
	}
	if p.RemoteID != nil {
		ids[1] = p.RemoteID
	}
	return ids
}

// proposedPolicy finds the policy that IDci and IDcr ask for; without them the two hosts themselves are meant (RFC 2409 5.5).
func (s *Session) proposedPolicy(q *quick, o *opened) (*QuickPolicy, error) {
	var ids []*wire.ID
	for _, p := range o.payloads {
		if id, ok := p.(*wire.ID); ok {
			ids = append(ids, id)
		}
	}
	sel := spd.Selector{Src: hostPrefix(s.local.Addr()), Dst: hostPrefix(s.remote.Addr())}
	switch len(ids) {
	case 0:
	case 2:
		q.ids = [2]*wire.ID{ids[0], ids[1]}
		for i := range s.cfg.Quick {
			if p := &s.cfg.Quick[i]; p.LocalID != nil && p.RemoteID != nil && sameID(p.RemoteID, ids[0]) && sameID(p.LocalID, ids[1]) {
				return p, nil
			}
		}
		var err error
		if sel, err = idsSelector(ids[1], ids[0]); err != nil {
			return nil, err
		}
		q.noteNATOAs(o.payloads)
		sel.Src, sel.Dst = s.outside(q, sel.Src, 1, s.local.Addr()), s.outside(q, sel.Dst, 0, s.remote.Addr())
	default:
		return nil, refuse(wire.NotifyInvalidIDInformation, "%d identities in quick mode, want none or two (RFC 2409 5.5)", len(ids))
	}
	if p := s.policyFor(sel); p != nil {
		return p, nil
	}
	return nil, refuse(wire.NotifyInvalidIDInformation, "no policy for %v", sel)
}

// policyFor finds the policy with exactly this selector. A tolerant end takes the first one between the same addresses.
func (s *Session) policyFor(sel spd.Selector) *QuickPolicy {
	for i := range s.cfg.Quick {
		if s.selector(&s.cfg.Quick[i]) == sel {
			return &s.cfg.Quick[i]
		}
	}
	for i := range s.cfg.Quick {
		p := &s.cfg.Quick[i]
		have := s.selector(p)
		if have.Src != sel.Src || have.Dst != sel.Dst || !wider(sel, have) {
			continue
		}
		if s.tolerate(refuse(wire.NotifyInvalidIDInformation, "%v proposed, policy %s is %v", sel, p.Name, have)) == nil {
			return p
		}
	}
	return nil
}

// wider tells whether a leaves protocol or ports open that b names.
func wider(a, b spd.Selector) bool {
	ports := func(x, y spd.PortRange) bool { return x == y || x == (spd.PortRange{}) }
	return (a.Proto == b.Proto || a.Proto == 0) && ports(a.SrcPorts, b.SrcPorts) && ports(a.DstPorts, b.DstPorts)
}

func sameID(a, b *wire.ID) bool {
	return sameName(a, b) && a.Protocol == b.Protocol && a.Port == b.Port
}

func spiBytes(spi uint32) []byte { return binary.BigEndian.AppendUint32(nil, spi) }
