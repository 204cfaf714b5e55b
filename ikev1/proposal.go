package ikev1

import (
	"fmt"
	"math"
	"slices"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// phase1Offer is the SA payload of message 1: one proposal, a transform for every suite (RFC 2409 5).
func (s *Session) phase1Offer() *wire.SA {
	p := wire.Proposal{Number: 1, Protocol: wire.ProtoISAKMP}
	for _, suite := range s.cfg.Proposals {
		if s.cfg.Mode == Aggressive && suite.Group != s.cfg.Proposals[0].Group {
			continue // the group cannot be negotiated in aggressive mode (RFC 2409 5)
		}
		p.Transforms = append(p.Transforms, wire.Transform{
			Number: uint8(len(p.Transforms) + 1), ID: wire.KeyIKE, Attributes: s.phase1Attributes(suite),
		})
	}
	sa := &wire.SA{DOI: 1, Situation: 1, Proposals: []wire.Proposal{p}}
	if s.cfg.Deviations.TwoPhase1Proposals {
		p.Number = 2
		sa.Proposals = append(sa.Proposals, p)
	}
	s.deviateOffer(sa)
	return sa
}

// phase1Attributes encodes a suite. KEY_LENGTH follows ENCRYPTION directly: some peers insist.
func (s *Session) phase1Attributes(suite keymat.Suite) []wire.Attribute {
	as := []wire.Attribute{wire.TV(wire.P1Encryption, uint16(suite.Cipher))}
	bits := suite.KeyBits
	if s.cfg.Deviations.WrongKeyLength {
		bits = map[bool]int{true: 192, false: 0}[bits == 0]
	}
	if bits != 0 {
		as = append(as, wire.TV(wire.P1KeyLength, uint16(bits)))
	}
	as = append(as,
		wire.TV(wire.P1Hash, uint16(suite.Hash)),
		wire.TV(wire.P1Group, uint16(suite.Group)),
		wire.TV(wire.P1Auth, uint16(s.cfg.Auth.Method)),
	)
	return s.deviateAttributes(append(as, lifePhase1.of(s.cfg.life().or(defaultLifetime))...))
}

// phase1Suite reads a transform of phase 1. Unknown or doubled attributes make it unusable (RFC 2407 4.5.2, 4.5.3).
func phase1Suite(t wire.Transform) (suite keymat.Suite, auth wire.AuthMethod, err error) {
	if t.ID != wire.KeyIKE {
		return suite, 0, fmt.Errorf("transform ID %d is not KEY_IKE", t.ID)
	}
	seen := map[wire.AttributeType]bool{}
	for _, a := range t.Attributes {
		life := a.Type == wire.P1LifeType || a.Type == wire.P1LifeDuration
		if seen[a.Type] && !life { // lifetimes may come in seconds and in kilobytes
			return suite, 0, fmt.Errorf("attribute %d twice", a.Type)
		}
		seen[a.Type] = true
		if life {
			continue
		}
		v, err := basic(a)
		if err != nil {
			return suite, 0, err
		}
		switch a.Type {
		case wire.P1Encryption:
			suite.Cipher = keymat.Cipher(v)
		case wire.P1KeyLength:
			suite.KeyBits = keyBits(v)
		case wire.P1Hash:
			suite.Hash = keymat.Hash(v)
		case wire.P1Group:
			suite.Group = keymat.Group(v)
		case wire.P1Auth:
			auth = wire.AuthMethod(v)
		default:
			return suite, 0, fmt.Errorf("attribute %d is unknown", a.Type)
		}
	}
	return suite, auth, nil
}

// basic is the value of an attribute that has 16 bits (RFC 2409 appendix A, RFC 2407 4.5), however it is written.
func basic(a wire.Attribute) (uint16, error) {
	v, ok := a.Uint()
	if !ok || v > math.MaxUint16 {
		return 0, fmt.Errorf("attribute %d is no number of 16 bits", a.Type)
	}
	return uint16(v), nil
}

// keyBits is the value of KEY_LENGTH. One of 0 is not the same as none: no cipher has it.
func keyBits(v uint16) int {
	if v == 0 {
		return -1
	}
	return int(v)
}

// checkDomain wants the IPsec DOI and a situation that is supported (RFC 2407 4.2, RFC 2408 5.4).
func checkDomain(sa *wire.SA) error {
	if sa.DOI != wire.DOIIPSEC {
		return refuse(wire.NotifyDOINotSupported, "DOI %d", sa.DOI)
	}
	if sa.Situation != wire.SitIdentityOnly {
		return refuse(wire.NotifySituationNotSupported, "situation %d", sa.Situation)
	}
	return nil
}

// choosePhase1 is the responder's choice: the initiator's first transform that is acceptable.
func (s *Session) choosePhase1(sa *wire.SA) (*wire.SA, error) {
	if err := checkDomain(sa); err != nil {
		return nil, err
	}
	if len(sa.Proposals) != 1 {
		err := refuse(wire.NotifyBadProposalSyntax, "%d proposals in phase 1, RFC 2409 5 asks for one", len(sa.Proposals))
		if err := s.tolerate(err); err != nil || len(sa.Proposals) == 0 {
			return nil, err
		}
	}
	p := sa.Proposals[0]
	if p.Protocol != wire.ProtoISAKMP {
		return nil, refuse(wire.NotifyInvalidProtocolID, "protocol %v in a phase 1 proposal", p.Protocol)
	}
	t, suite, ok := s.choose(p.Transforms)
	if !ok {
		return nil, refuse(wire.NotifyNoProposalChosen, "none of %d transforms is acceptable", len(p.Transforms))
	}
	s.suite, s.life = s.configured(suite), lifePhase1.read(t.Attributes)
	chosen := wire.Proposal{Number: p.Number, Protocol: p.Protocol, SPI: p.SPI, Transforms: []wire.Transform{t}}
	if s.cfg.Deviations.TwoTransforms {
		chosen.Transforms = append(chosen.Transforms, t)
	}
	if s.cfg.Deviations.ModifyChosen {
		chosen.Transforms[0] = withLifetime(t, wire.P1LifeDuration)
	}
	s.deviateChoice(&chosen.Transforms[0])
	return &wire.SA{DOI: sa.DOI, Situation: sa.Situation, Proposals: []wire.Proposal{chosen}}, nil
}

// choose takes the first transform that is configured, or else, when tolerant, the first that nearly is.
func (s *Session) choose(ts []wire.Transform) (wire.Transform, keymat.Suite, bool) {
	for _, near := range []bool{false, true} {
		for _, t := range ts {
			suite, auth, err := phase1Suite(t)
			if err == nil && auth == s.cfg.Auth.Method && s.accepts(suite, near && s.cfg.Tolerant) {
				return t, suite, true
			}
		}
	}
	return wire.Transform{}, keymat.Suite{}, false
}

// accepts tells whether a suite is configured, or nearly so.
func (s *Session) accepts(suite keymat.Suite, near bool) bool {
	for _, c := range s.cfg.Proposals {
		if c == suite || near && sameBut(c, suite) {
			return true
		}
	}
	return false
}

// configured gives the configured suite that stands behind a (tolerated) one. AES without KEY_LENGTH is taken for 128 bits, as
// peers take it that let it pass.
func (s *Session) configured(suite keymat.Suite) keymat.Suite {
	if suite.Cipher == keymat.AESCBC && suite.KeyBits == 0 {
		suite.KeyBits = 128
		s.tolerate(fmt.Errorf("no KEY_LENGTH for %v", suite)) //nolint:errcheck // accepts allowed it
	}
	for _, c := range s.cfg.Proposals {
		if c == suite {
			return c
		}
	}
	for _, c := range s.cfg.Proposals {
		if sameBut(c, suite) {
			s.tolerate(fmt.Errorf("KEY_LENGTH %d for %v", suite.KeyBits, c)) //nolint:errcheck // accepts allowed it
			return c
		}
	}
	return suite
}

// sameBut tells whether two suites differ in nothing but a wrong or missing KEY_LENGTH.
func sameBut(configured, got keymat.Suite) bool {
	got.KeyBits = configured.KeyBits
	return configured == got
}

func withLifetime(t wire.Transform, life wire.AttributeType) wire.Transform {
	as := append([]wire.Attribute(nil), t.Attributes...)
	for i, a := range as {
		if a.Type == life {
			as[i] = wire.TV(life, 1234)
		}
	}
	t.Attributes = as
	return t
}

// checkChosen is the initiator's check of the responder's choice: one proposal, one
// transform, and nothing in it that was not offered (RFC 2408 4.2, RFC 2409 5). The lifetime
// may differ without harm. It gives the transform as it was offered.
func (s *Session) checkChosen(offer, got *wire.SA, life wire.AttributeType) (wire.Proposal, wire.Transform, error) {
	var p wire.Proposal
	var t wire.Transform
	if len(got.Proposals) == 0 || len(got.Proposals[0].Transforms) == 0 {
		return p, t, refuse(wire.NotifyBadProposalSyntax, "the responder returned no transform")
	}
	p = got.Proposals[0]
	t = p.Transforms[0]
	if n := len(got.Proposals); n != 1 {
		if err := s.tolerate(refuse(wire.NotifyBadProposalSyntax, "the responder returned %d proposals", n)); err != nil {
			return p, t, err
		}
	}
	if n := len(p.Transforms); n != 1 {
		if err := s.tolerate(refuse(wire.NotifyBadProposalSyntax, "the responder returned %d transforms", n)); err != nil {
			return p, t, err
		}
	}
	for _, op := range offer.Proposals {
		for _, ot := range op.Transforms {
			if op.Protocol == p.Protocol && ot.ID == t.ID && sameAttributes(ot.Attributes, t.Attributes, life) {
				return p, ot, nil
			}
		}
	}
	return p, t, refuse(wire.NotifyBadProposalSyntax, "the responder's transform was not offered")
}

// sameAttributes compares attribute lists in any order, the lifetime's value aside.
func sameAttributes(a, b []wire.Attribute, life wire.AttributeType) bool {
	in := func(as []wire.Attribute) func(x wire.Attribute) bool {
		return func(x wire.Attribute) bool {
			return slices.ContainsFunc(as, func(y wire.Attribute) bool { return x.Equal(y) || x.Type == life && y.Type == life })
		}
	}
	return len(a) == len(b) && all(a, in(b)) && all(b, in(a))
}

func all(as []wire.Attribute, f func(wire.Attribute) bool) bool {
	return !slices.ContainsFunc(as, func(a wire.Attribute) bool { return !f(a) })
}
