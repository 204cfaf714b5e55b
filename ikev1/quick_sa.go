package ikev1

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// quickOffer is the SA payload of quick mode message 1: one ESP proposal, a transform for every suite.
func (s *Session) quickOffer(q *quick, p *QuickPolicy) *wire.SA {
	prop := wire.Proposal{Number: 1, Protocol: wire.ProtoESP, SPI: spiBytes(q.spiIn)}
	for i, suite := range p.Suites {
		id, bits, auth := suite.ToIKE()
		t := wire.Transform{Number: uint8(i + 1), ID: id}
		if bits != 0 {
			t.Attributes = append(t.Attributes, wire.TV(wire.P2KeyLength, uint16(bits)))
		}
		t.Attributes = append(t.Attributes, wire.TV(wire.P2Encapsulation, s.encapsulation(p.Mode)))
		if auth != 0 {
			t.Attributes = append(t.Attributes, wire.TV(wire.P2Auth, auth))
		}
		if p.PFS != 0 && !s.cfg.Deviations.OmitGroup {
			t.Attributes = append(t.Attributes, wire.TV(wire.P2Group, uint16(p.PFS)))
		}
		t.Attributes = append(t.Attributes, wire.TV(wire.P2LifeType, wire.LifeSeconds), lifeDuration(wire.P2LifeDuration, p.Lifetime, defaultChildLifetime))
		prop.Transforms = append(prop.Transforms, t)
	}
	return &wire.SA{DOI: 1, Situation: 1, Proposals: []wire.Proposal{prop}}
}

// encapsulation is the value of the Encapsulation Mode attribute (RFC 2407 4.5, RFC 3947 5.1).
func (s *Session) encapsulation(m esp.Mode) uint16 {
	switch {
	case m == esp.Tunnel && s.natt.detected:
		return wire.EncapUDPTunnel
	case m == esp.Tunnel:
		return wire.EncapTunnel
	case s.natt.detected:
		return wire.EncapUDPTransport
	}
	return wire.EncapTransport
}

// childTransform is an ESP transform as numbers this package knows.
type childTransform struct {
	suite    esp.Suite
	encap    uint16
	group    keymat.Group
	lifetime time.Duration
}

// readTransform reads the attributes of an ESP transform (RFC 2407 4.5). Unknown or doubled ones make it unusable.
func (s *Session) readTransform(t wire.Transform) (childTransform, error) {
	var c childTransform
	var bits int
	var auth, lifeType uint16
	seen := map[wire.AttributeType]bool{}
	for _, a := range t.Attributes {
		v, ok := a.Uint()
		if !ok {
			return c, fmt.Errorf("attribute %d is no number", a.Type)
		}
		if seen[a.Type] && a.Type != wire.P2LifeType && a.Type != wire.P2LifeDuration {
			return c, fmt.Errorf("attribute %d twice", a.Type)
		}
		seen[a.Type] = true
		switch a.Type {
		case wire.P2LifeType:
			lifeType = uint16(v)
		case wire.P2LifeDuration:
			if lifeType == wire.LifeSeconds && v < uint64(1<<31) {
				c.lifetime = time.Duration(v) * time.Second
			}
		case wire.P2Group:
			c.group = keymat.Group(v)
		case wire.P2Encapsulation:
			c.encap = uint16(v)
		case wire.P2Auth:
			auth = uint16(v)
		case wire.P2KeyLength:
			bits = int(v)
		default:
			return c, fmt.Errorf("attribute %d is unknown", a.Type)
		}
	}
	var err error
	c.suite, err = esp.FromIKE(t.ID, bits, auth)
	return c, err
}

// chooseQuick is the responder's choice: the first transform of a proposal that stands alone which the policy accepts.
func (s *Session) chooseQuick(q *quick, sa *wire.SA) (wire.Proposal, error) {
	count := map[uint8]int{}
	for _, p := range sa.Proposals {
		count[p.Number]++ // the same number twice means both protocols together (RFC 2408 4.2)
	}
	for _, p := range sa.Proposals {
		if p.Protocol != wire.ProtoESP || count[p.Number] != 1 || len(p.SPI) != 4 {
			continue
		}
		for _, t := range p.Transforms {
			c, err := s.readTransform(t)
			if err != nil || !s.acceptsChild(q.policy, c) {
				continue
			}
			q.spiOut = binary.BigEndian.Uint32(p.SPI)
			if q.spiOut < 256 {
				if err := s.tolerate(refuse(wire.NotifyInvalidSPI, "SPI %d is reserved (RFC 2406 2.1)", q.spiOut)); err != nil {
					return p, err
				}
			}
			q.suite, q.lifetime = c.suite, c.lifetime
			p.Transforms = []wire.Transform{t}
			s.deviateChosen(&p)
			return p, nil
		}
	}
	return wire.Proposal{}, refuse(wire.NotifyNoProposalChosen, "no transform of the quick mode offer is acceptable to policy %s", q.policy.Name)
}

func (s *Session) deviateChosen(p *wire.Proposal) {
	t := p.Transforms[0]
	if s.cfg.Deviations.TunnelInstead {
		as := append([]wire.Attribute(nil), t.Attributes...)
		for i, a := range as {
			if a.Type == wire.P2Encapsulation {
				as[i] = wire.TV(wire.P2Encapsulation, s.encapsulation(esp.Tunnel))
			}
		}
		p.Transforms[0].Attributes = as
	}
}

func (s *Session) acceptsChild(p *QuickPolicy, c childTransform) bool {
	if c.encap != s.encapsulation(p.Mode) {
		return false
	}
	if c.group != p.PFS && !(s.cfg.Tolerant && c.group == 0) {
		return false
	}
	for _, suite := range p.Suites {
		if suite == c.suite {
			return true
		}
	}
	return false
}

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
		half := len(id.Data) / 2
		a, ok := netip.AddrFromSlice(id.Data[:half])
		if !ok || len(id.Data) != 2*half || a.Is4() != (id.IDType == wire.IDIPv4Subnet) {
			return bad("not an address and a mask")
		}
		bits, ended := 0, false
		for _, b := range id.Data[half:] {
			for m := byte(0x80); m != 0; m >>= 1 {
				switch {
				case b&m != 0 && ended:
					return bad("the mask has holes")
				case b&m != 0:
					bits++
				default:
					ended = true
				}
			}
		}
		return netip.PrefixFrom(a, bits).Masked(), nil
	}
	return bad("not supported in a selector")
}
