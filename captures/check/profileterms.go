package check

import (
	"fmt"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// What two ends agree on, term by term: a cipher, a mode, a method. The profile
// admits a term or not, whether a scenario asks for it or the packets show it.

// term is one thing that is asked for or agreed on.
type term struct {
	text     string // "group modp2048"
	admitted bool
	expected []string // what the profile admits instead
}

// terms makes a rule about what an answer agrees on. asked are the terms of an end's
// configuration, shown those of a message for which at is true; nil where the
// message says nothing, and the observer has been told so.
func terms(r Rule, asked func(*profile.Profile, scenarios.Config) []term,
	at func(*observer, *dissect.ISAKMP) bool, shown func(*observer, *dissect.ISAKMP) []term,
) Rule {
	outside := func(s *Subject, c scenarios.Config) string {
		for _, t := range asked(s.Profile, c) {
			if !t.admitted {
				return t.text
			}
		}
		return ""
	}
	return profiledMessages(r, outside, func(o *observer, m *dissect.ISAKMP) {
		if !at(o, m) {
			return
		}
		var texts []string
		bad := false
		for _, t := range shown(o, m) {
			texts = append(texts, t.text)
			if !t.admitted {
				bad = true
				o.expect(t.expected...)
				o.wrong.add(m.Frame, t.text)
			}
		}
		if !bad && len(texts) > 0 {
			o.pass(m.Frame, "%s", strings.Join(texts, ", "))
		}
	})
}

// listed is a term that a list of the profile decides about.
func listed(what, slug string, l profile.Levels, admits bool) term {
	return term{text: what + " " + slug, admitted: admits, expected: admitted(what, l)}
}

// agreed reports whether m is the answer to an offer of phase 1, from whichever
// side: what it holds is what both agreed on.
func agreed(o *observer, m *dissect.ISAKMP) bool {
	if !isPhase1(m.Header.Exchange) || m.Index != 2 || m.Phase1.Chosen == nil {
		return false
	}
	if m.Phase1.Offered == nil {
		o.unseen(m.Frame, "capture from the first message on", "message 1 with the offer is not captured")
		return false
	}
	return true
}

// answered reports whether m is the readable answer of a quick mode, from
// whichever side.
func answered(o *observer, m *dissect.ISAKMP) bool { return quick(o, m, 2) }

// phase1Terms are those of one transform of phase 1.
func phase1Terms(p *profile.Profile, encryption, hash, group string) []term {
	k := p.Keying.Phase1
	return []term{
		listed("cipher", encryption, k.Encryption, k.AllowsCipher(encryption)),
		listed("hash", hash, k.Hash, k.AllowsHash(hash)),
		listed("group", group, k.Group, k.AllowsGroup(group)),
	}
}

func phase1Asked(p *profile.Profile, c scenarios.Config) (all []term) {
	for _, pr := range c.IKE.Proposals {
		all = append(all, phase1Terms(p, pr.Encryption, pr.Hash, pr.Group)...)
	}
	return all
}

func phase1Shown(o *observer, m *dissect.ISAKMP) []term {
	s := m.Phase1.Suite
	return phase1Terms(o.s.Profile, s.Cipher.Slug(s.KeyBits), s.Hash.String(), s.Group.String())
}

// methodTerm tells where a method is admitted if it is not by the general list.
func methodTerm(p *profile.Profile, slug string) term {
	a := p.Authentication
	t := listed("authentication", slug, a.Methods, a.Allows(slug))
	for _, c := range a.Contexts {
		if t.admitted && !a.Methods.Admits(slug) && c.Methods.Admits(slug) {
			t.text += ", " + c.Where
		}
	}
	return t
}

func methodAsked(p *profile.Profile, c scenarios.Config) []term {
	return []term{methodTerm(p, c.IKE.Authentication)}
}

func methodShown(o *observer, m *dissect.ISAKMP) []term {
	return []term{methodTerm(o.s.Profile, m.Phase1.Auth.String())}
}

func protocolTerm(p *profile.Profile, slug string) term {
	return listed("protocol", slug, p.Protection.Protocols, p.Protection.AllowsProtocol(slug))
}

func protocolAsked(p *profile.Profile, c scenarios.Config) []term {
	return []term{protocolTerm(p, c.Child.Protocol)}
}

func protocolShown(o *observer, m *dissect.ISAKMP) (all []term) {
	forEachTransform(m, func(pr wire.Proposal, _ wire.Transform) {
		all = append(all, protocolTerm(o.s.Profile, protocolSlug(pr.Protocol)))
	})
	return all
}

func protocolSlug(p wire.ProtocolID) string {
	switch p {
	case wire.ProtoESP:
		return "esp"
	case wire.ProtoAH:
		return "ah"
	}
	return p.String()
}

// modeTerm is a mode on a stretch of the path, whose own list counts where the
// profile has one.
func modeTerm(p *profile.Profile, segment profile.Segment, slug string) term {
	for _, s := range p.Protection.Segments {
		if s.Segment == segment {
			return listed(fmt.Sprintf("mode %v", segment), slug, s.Modes, p.Protection.AllowsModeOn(segment, slug))
		}
	}
	return listed("mode", slug, p.Protection.Modes, p.Protection.AllowsModeOn(segment, slug))
}

// modeAsked: in transport mode the two hosts are the ends, in tunnel mode there are
// hosts behind them, but not behind a client that is given its address.
func modeAsked(p *profile.Profile, c scenarios.Config) []term {
	switch {
	case c.Child.Mode == "":
		return nil
	case c.Child.Mode != "tunnel":
		return []term{modeTerm(p, profile.HostToHost, c.Child.Mode)}
	case c.IKE.ModeConfig != scenarios.NoModeConfig:
		return []term{modeTerm(p, profile.HostToGateway, c.Child.Mode)}
	}
	return []term{modeTerm(p, profile.GatewayToGateway, c.Child.Mode)}
}

func modeShown(o *observer, m *dissect.ISAKMP) (all []term) {
	segment := segmentOf(m.Quick)
	forEachTransform(m, func(_ wire.Proposal, t wire.Transform) {
		if slug, _, ok := mode(t); ok {
			all = append(all, modeTerm(o.s.Profile, segment, slug))
		} else {
			o.unseen(m.Frame, "send the encapsulation mode attribute", "no encapsulation mode attribute: what it means then depends on the host (RFC 2407 4.5)")
		}
	})
	return all
}

// phase2Terms are those of one transform of ESP, or of AH with encryption "".
func phase2Terms(p *profile.Profile, encryption, integrity string) (all []term) {
	prot := p.Protection
	if encryption != "" {
		all = append(all, listed("cipher", encryption, prot.Algorithms.Encryption, prot.AllowsEncryption(encryption)))
	}
	allows := prot.AllowsIntegrity(integrity)
	if profile.AEAD(encryption) && integrity == "none" {
		allows = prot.Integrity != profile.None
	}
	return append(all, listed("integrity", integrity, prot.Algorithms.Integrity, allows))
}

func phase2Asked(p *profile.Profile, c scenarios.Config) (all []term) {
	for _, pr := range c.Child.Proposals {
		all = append(all, phase2Terms(p, pr.Encryption, pr.Integrity)...)
	}
	return all
}

func phase2Shown(o *observer, m *dissect.ISAKMP) (all []term) {
	prot := o.s.Profile.Protection
	forEachTransform(m, func(pr wire.Proposal, t wire.Transform) {
		id := t.ID
		if pr.Protocol == wire.ProtoAH {
			id = wire.ESPNull // for the name of the integrity algorithm only
		}
		suite, err := esp.FromIKE(id, int(attribute(t, wire.P2KeyLength)), uint16(attribute(t, wire.P2Auth)))
		switch {
		case err != nil:
			all = append(all, term{
				text:     fmt.Sprintf("%s with integrity algorithm %d, which the profile's lists do not know", wire.TransformName(pr.Protocol, t.ID), attribute(t, wire.P2Auth)),
				expected: append(admitted("cipher", prot.Algorithms.Encryption), admitted("integrity", prot.Algorithms.Integrity)...),
			})
		case pr.Protocol == wire.ProtoAH:
			all = append(all, phase2Terms(o.s.Profile, "", suite.Integrity.String())...)
		default:
			all = append(all, phase2Terms(o.s.Profile, suite.Cipher.String(), suite.Integrity.String())...)
		}
	})
	return all
}

// attribute is the numeric value of an attribute, 0 when it is not there.
func attribute(t wire.Transform, typ wire.AttributeType) uint64 {
	a, ok := t.Attr(typ)
	n, fits := a.Uint()
	if !ok || !fits || n > 0xffff {
		return 0
	}
	return n
}

func pfsTerm(p *profile.Profile, group string) term {
	return term{
		text: "perfect forward secrecy " + orElse(group, "none"), admitted: p.Keying.AllowsPFS(group),
		expected: []string{fmt.Sprintf("perfect forward secrecy %v", p.Keying.Phase2.PFS)},
	}
}

func pfsAsked(p *profile.Profile, c scenarios.Config) []term {
	return []term{pfsTerm(p, c.Child.PFS)}
}

func pfsShown(o *observer, m *dissect.ISAKMP) []term {
	group := ""
	forEachTransform(m, func(_ wire.Proposal, t wire.Transform) {
		if g := attribute(t, wire.P2Group); g != 0 {
			group = keymat.Group(g).String()
		}
	})
	return []term{pfsTerm(o.s.Profile, group)}
}
