package ikev1

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// quickOffer is the SA payload of quick mode message 1: one ESP or AH proposal, a transform for every suite.
func (s *Session) quickOffer(q *quick, p *QuickPolicy) *wire.SA {
	prop := wire.Proposal{Number: 1, Protocol: protocolID(p.Proto), SPI: spiBytes(q.spiIn)}
	for i, suite := range p.Suites {
		id, bits, auth := suite.ToIKE()
		if p.Proto == esp.AH {
			bits = 0
			id, auth = suite.ToAH()
		}
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
		t.Attributes = append(t.Attributes, lifePhase2.of(q.life)...)
		prop.Transforms = append(prop.Transforms, t)
	}
	s.deviateQuickOffer(prop.Transforms, p.Suites)
	return &wire.SA{DOI: 1, Situation: 1, Proposals: []wire.Proposal{prop}}
}

const espTransport = esp.Transport

// encapsulation is the value of the Encapsulation Mode attribute (RFC 2407 4.5, RFC 3947 5.1).
func (s *Session) encapsulation(m esp.Mode) uint16 {
	values := [2]uint16{wire.EncapTunnel, wire.EncapTransport}
	switch d := &s.cfg.Deviations; {
	case s.natt.detected && (s.natt.version.draft() || d.DraftEncap):
		values = [2]uint16{wire.EncapUDPTunnelDraft, wire.EncapUDPTransportDraft}
	case s.natt.detected || d.EncapWithoutNAT:
		values = [2]uint16{wire.EncapUDPTunnel, wire.EncapUDPTransport}
	}
	if m == esp.Tunnel {
		return values[0]
	}
	return values[1]
}

// childTransform is an ESP or AH transform as numbers this package knows.
type childTransform struct {
	suite esp.Suite
	encap uint16
	group keymat.Group
	life  life
}

// protocolID is the DOI's number of a protocol (RFC 2407 4.4.1).
func protocolID(p esp.Proto) wire.ProtocolID {
	if p == esp.AH {
		return wire.ProtoAH
	}
	return wire.ProtoESP
}

// readTransform reads the attributes of an ESP or AH transform (RFC 2407 4.5). Unknown or doubled ones make it unusable.
func (s *Session) readTransform(proto wire.ProtocolID, t wire.Transform) (childTransform, error) {
	var c childTransform
	var bits int
	var auth uint16
	seen := map[wire.AttributeType]bool{}
	for _, a := range t.Attributes {
		if a.Type == wire.P2LifeType || a.Type == wire.P2LifeDuration {
			continue
		}
		v, err := basic(a)
		if err != nil {
			return c, err
		}
		if seen[a.Type] {
			return c, fmt.Errorf("attribute %d twice", a.Type)
		}
		seen[a.Type] = true
		switch a.Type {
		case wire.P2Group:
			c.group = keymat.Group(v)
		case wire.P2Encapsulation:
			c.encap = v
		case wire.P2Auth:
			auth = v
		case wire.P2KeyLength:
			bits = keyBits(v)
		default:
			return c, fmt.Errorf("attribute %d is unknown", a.Type)
		}
	}
	var err error
	c.life = lifePhase2.read(t.Attributes)
	if proto == wire.ProtoAH {
		c.suite, err = esp.FromAH(t.ID, auth)
	} else {
		c.suite, err = esp.FromIKE(t.ID, bits, auth)
	}
	return c, err
}

// chooseQuick is the responder's choice: the first transform of a proposal that stands alone which the policy accepts.
func (s *Session) chooseQuick(q *quick, sa *wire.SA) (wire.Proposal, error) {
	count := map[uint8]int{}
	for _, p := range sa.Proposals {
		count[p.Number]++ // the same number twice means both protocols together (RFC 2408 4.2)
	}
	for _, p := range sa.Proposals {
		if p.Protocol != protocolID(q.policy.Proto) || count[p.Number] != 1 || len(p.SPI) != 4 {
			continue
		}
		for _, t := range p.Transforms {
			c, err := s.readTransform(p.Protocol, t)
			if err != nil || !s.acceptsChild(q.policy, c) {
				continue
			}
			q.spiOut = binary.BigEndian.Uint32(p.SPI)
			if q.spiOut < 256 {
				if err := s.tolerate(refuse(wire.NotifyInvalidSPI, "SPI %d is reserved (RFC 2406 2.1)", q.spiOut)); err != nil {
					return p, err
				}
			}
			q.suite, q.life = q.policy.meant(c.suite), c.life.or(unsaidChildLifetime)
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
	if c.encap != s.encapsulation(p.Mode) || p.Proto == esp.AH && s.natt.detected {
		return false
	}
	if c.group != p.PFS && !(s.cfg.Tolerant && c.group == 0) {
		return false
	}
	return slices.Contains(p.Suites, p.meant(c.suite))
}

// meant is the suite of the policy that has the same numbers on the wire: those of HMAC-SHA-256 do not tell how many bits of it
// are sent, 128 (RFC 4868) or the 96 of the draft before it.
func (p *QuickPolicy) meant(suite esp.Suite) esp.Suite {
	for _, s := range p.Suites {
		id, bits, auth := s.ToIKE()
		i, b, a := suite.ToIKE()
		if s == suite || s.Cipher == suite.Cipher && id == i && bits == b && auth == a {
			return s
		}
	}
	return suite
}
