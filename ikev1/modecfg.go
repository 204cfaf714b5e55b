package ikev1

import (
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Mode config (draft-dukes-ike-mode-cfg-02), pulled by the client
//
//	Client                                       Server
//	------                                       ------
//	REQUEST(INTERNAL_IP4_ADDRESS, …)         -->
//	                                         <-- REPLY(INTERNAL_IP4_ADDRESS=address, …)
//
// or pushed by the server
//
//	                                         <-- SET(INTERNAL_IP4_ADDRESS=address, …)
//	ACK(INTERNAL_IP4_ADDRESS, …)             -->

// ModeConfig says how addresses are assigned after phase 1, and after XAUTH. The client is XAUTH's, without that the initiator.
type ModeConfig struct {
	Pull bool // as client: ask for an address
	Wait bool // as client: wait until the server pushes one
	Push bool // as server: push it
	// Lease, as server, finds what a client is given; nil gives nothing.
	Lease func(peer wire.ID, user string) (Lease, bool)
}

// Lease is what mode config assigns. Zero values are left out.
type Lease struct {
	Address netip.Addr
	Bits    int // the netmask's length
	DNS     []netip.Addr
	Subnets []netip.Prefix // what is behind the server
	Banner  string
	Domain  string
}

// Lease is what mode config gave the peer, as server, or this end, as client.
func (s *Session) Lease() Lease { return s.lease }

// configure begins mode config, if there is to be any.
func (s *Session) configure() ([]Datagram, error) {
	m := s.cfg.ModeConfig
	switch {
	case s.client() && (m.Pull || m.Wait) && !s.cfg.Deviations.SkipConfig:
		s.stage = stageConfigure
		s.toTransaction()
		if !m.Pull {
			return nil, nil
		}
		return s.begin(ConfigRequest, wire.CFGRequest,
			wire.TLV(wire.CFGInternalIP4Address, nil), wire.TLV(wire.CFGInternalIP4Netmask, nil),
			wire.TLV(wire.CFGInternalIP4DNS, nil), wire.TLV(wire.CFGInternalIP6Address, nil),
			wire.TLV(wire.CFGUnitySplitInclude, nil))
	case !s.client() && m.Push && s.newLease():
		s.stage = stagePushed
		s.toTransaction()
		return s.begin(ConfigSet, wire.CFGSet, s.leaseAttributes()...)
	}
	return s.finish()
}

func (s *Session) toTransaction() {
	if s.state != StateTransaction {
		s.enter(StateTransaction)
	}
}

// finish is the end of everything that comes between phase 1 and quick mode.
func (s *Session) finish() ([]Datagram, error) {
	s.stage = stageConfigured
	s.enter(StateEstablished)
	return nil, nil
}

// newLease finds what the client is given. A client that asks again gets the same.
func (s *Session) newLease() bool {
	if s.lease.Address.IsValid() {
		return true
	}
	f := s.cfg.ModeConfig.Lease
	if f == nil {
		return false
	}
	l, ok := f(s.peerID, s.user)
	if ok {
		s.lease = l
		s.record(Event{Kind: EventConfigured, Lease: &l, Detail: fmt.Sprintf("the client gets %v", l.Address)})
	}
	return ok
}

// giveLease answers a client that asks. What is asked for and not there is left out.
func (s *Session) giveLease(attr *wire.Attributes) []wire.Attribute {
	if s.client() || !s.newLease() {
		return nil
	}
	var as []wire.Attribute
	for _, a := range s.leaseAttributes() {
		if _, asked := attribute(attr, a.Type); asked || a.Type == wire.CFGInternalIP4Address || a.Type == wire.CFGInternalIP6Address {
			as = append(as, a)
		}
	}
	if _, asked := attribute(attr, wire.CFGApplicationVersion); asked {
		as = append(as, wire.TLV(wire.CFGApplicationVersion, []byte("useipsec")))
	}
	return as
}

func (s *Session) leaseAttributes() []wire.Attribute {
	as := s.lease.attributes()
	for i, a := range as {
		if a.Type == wire.CFGInternalIP6Address && s.cfg.Deviations.Address17 {
			as[i].Value = append(a.Value, 64)
		}
	}
	return as
}

// attributes encodes a lease.
func (l Lease) attributes() []wire.Attribute {
	var as []wire.Attribute
	switch {
	case l.Address.Is4():
		as = append(as, wire.TLV(wire.CFGInternalIP4Address, l.Address.AsSlice()))
		if l.Bits > 0 {
			as = append(as, wire.TLV(wire.CFGInternalIP4Netmask, mask4(l.Bits)))
		}
	case l.Address.Is6(): // the draft's attribute has 16 octets; some peers add the prefix length
		as = append(as, wire.TLV(wire.CFGInternalIP6Address, l.Address.AsSlice()))
	}
	for _, d := range l.DNS {
		t := wire.CFGInternalIP4DNS
		if d.Is6() {
			t = wire.CFGInternalIP6DNS
		}
		as = append(as, wire.TLV(t, d.AsSlice()))
	}
	if l.Banner != "" {
		as = append(as, wire.TLV(wire.CFGUnityBanner, []byte(l.Banner)))
	}
	if l.Domain != "" {
		as = append(as, wire.TLV(wire.CFGUnityDefDomain, []byte(l.Domain)))
	}
	var split []byte
	for _, n := range l.Subnets {
		if n.Addr().Is4() { // address, mask, protocol, ports and two octets of padding each
			split = append(append(append(split, n.Addr().AsSlice()...), mask4(n.Bits())...), make([]byte, 6)...)
		}
	}
	if split != nil {
		as = append(as, wire.TLV(wire.CFGUnitySplitInclude, split))
	}
	return as
}

func mask4(bits int) []byte {
	m := make([]byte, 4)
	for i := range min(bits, 32) {
		m[i/8] |= 0x80 >> (i % 8)
	}
	return m
}

// takeLease reads what the server assigns.
func (s *Session) takeLease(attr *wire.Attributes) {
	var l Lease
	for _, a := range attr.Attributes {
		switch a.Type {
		case wire.CFGInternalIP4Address, wire.CFGInternalIP6Address:
			v := a.Value
			if a.Type == wire.CFGInternalIP6Address && len(v) == 17 {
				v = v[:16] // with a prefix length
			}
			if addr, ok := netip.AddrFromSlice(v); ok && !l.Address.Is4() {
				l.Address = addr
			}
		case wire.CFGInternalIP4Netmask:
			l.Bits = max(ones(a.Value), 0)
		case wire.CFGInternalIP4DNS, wire.CFGInternalIP6DNS:
			if addr, ok := netip.AddrFromSlice(a.Value); ok {
				l.DNS = append(l.DNS, addr)
			}
		case wire.CFGUnityBanner:
			l.Banner = string(a.Value)
		case wire.CFGUnityDefDomain:
			l.Domain = string(a.Value)
		case wire.CFGUnitySplitInclude:
			l.Subnets = append(l.Subnets, subnets(a.Value)...)
		}
	}
	s.lease = l
	s.record(Event{Kind: EventConfigured, Lease: &l, Detail: fmt.Sprintf("this end gets %v", l.Address)})
}

// subnets reads the entries of UNITY_SPLIT_INCLUDE.
func subnets(b []byte) (all []netip.Prefix) {
	const entry = 14
	for ; len(b) >= entry; b = b[entry:] {
		if a, n := netip.AddrFrom4([4]byte(b)), ones(b[4:8]); n >= 0 {
			all = append(all, netip.PrefixFrom(a, n))
		}
	}
	return all
}
