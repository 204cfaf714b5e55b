package scenarios

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/scenarios/profile"
)

// Outside returns what the scenario does beyond what a profile admits, in words,
// or leaves out of what it requires; nothing if the profile asks for it all. The
// ends are the addresses of both ends, by the IP version of the scenario: on the
// wire first, then inside a tunnel.
func (s *Scenario) Outside(p *profile.Profile, ends func(Family) profile.Ends) []string {
	o := outside{p: p, why: p.OutOfReach()}
	for _, c := range []Config{s.Harness(), s.PeerConfig()} {
		o.ike(c.IKE, s.Family)
		o.child(c.Child)
	}
	o.unless(!s.Translates() || p.IKE.NATTraversal != profile.None, "a NAT")
	match := p.Authorization.AddressMatch
	o.unless(!s.Translates() || match == nil || !*match, "a NAT, which changes the address of the initiator")
	o.traffic(s, ends(s.Family))
	slices.Sort(o.why)
	return slices.Compact(o.why)
}

// Within returns the scenarios that a profile asks for, in their order.
func Within(all []*Scenario, p *profile.Profile, ends func(Family) profile.Ends) []*Scenario {
	return slices.DeleteFunc(slices.Clone(all), func(s *Scenario) bool { return len(s.Outside(p, ends)) > 0 })
}

type outside struct {
	p   *profile.Profile
	why []string
}

func (o *outside) unless(ok bool, format string, args ...any) {
	if !ok {
		o.why = append(o.why, fmt.Sprintf(format, args...))
	}
}

func (o *outside) ike(k IKE, f Family) {
	o.unless(o.p.IKE.AllowsMode(k.Mode), "%s mode", k.Mode)
	o.unless(o.p.Authentication.Allows(k.Authentication), "authentication %s", k.Authentication)
	for _, q := range k.Proposals {
		o.unless(o.p.Keying.Phase1.AllowsCipher(q.Encryption), "%s in phase 1", q.Encryption)
		o.unless(o.p.Keying.Phase1.AllowsHash(q.Hash), "%s in phase 1", q.Hash)
		o.unless(o.p.Keying.Phase1.AllowsGroup(q.Group), "%s in phase 1", q.Group)
	}
	initiator, responder := k.Identities.form(Initiator, f), k.Identities.form(Responder, f)
	o.unless(o.p.Identification.AllowsInitiator(initiator), "initiators that are named by %s", initiator)
	o.unless(o.p.Identification.AllowsResponder(responder), "responders that are named by %s", responder)
	o.service(o.p.IKE.ModeConfig, k.ModeConfig != NoModeConfig, "mode config")
	o.service(o.p.IKE.Fragmentation, k.Fragmentation, "fragmentation of IKE messages")
	o.unless(k.NATTraversal != NATOff || o.p.IKE.NATTraversal != profile.Required, "no NAT traversal")
	o.unless(k.NATTraversal != NATForced || o.p.IKE.NATTraversal != profile.None, "NAT traversal")
}

// service is one that a profile may require, or not want.
func (o *outside) service(need profile.Need, used bool, what string) {
	o.unless(used || need != profile.Required, "no %s", what)
	o.unless(!used || need != profile.None, "%s", what)
}

func (o *outside) child(c Child) {
	o.unless(o.p.Protection.AllowsProtocol(c.Protocol), "protocol %s", c.Protocol)
	o.unless(o.p.Protection.AllowsMode(c.Mode), "%s mode", c.Mode)
	for _, q := range c.Proposals {
		if c.Protocol == "ah" {
			o.unless(o.p.Protection.AllowsIntegrity(q.Integrity), "%s in AH", q.Integrity)
		} else {
			o.unless(o.p.Protection.AllowsSuite(q.Encryption, q.Integrity), "%s with %s in ESP", q.Encryption, q.Integrity)
		}
	}
	o.unless(o.p.Keying.AllowsPFS(c.PFS), "perfect forward secrecy %q", c.PFS)
}

// traffic asks the profile's selectors about the child, and about every
// conversation of the script.
func (o *outside) traffic(s *Scenario, ends profile.Ends) {
	child := s.Harness().Child
	client, server := ends.Initiator[0], ends.Responder[0]
	if child.Mode == "tunnel" {
		client, server = ends.Initiator[len(ends.Initiator)-1], ends.Responder[len(ends.Responder)-1]
	}
	action := func(proto profile.Protocol, clientPort, serverPort uint16) profile.Action {
		a, _ := o.p.Selectors.Action(profile.Flow{Src: client, Dst: server, Proto: uint8(proto), SrcPort: clientPort, DstPort: serverPort}, ends)
		return a
	}
	// What stands for all protocols and all ports is one that nobody names.
	const (
		anyProtocol  = profile.Protocol(253) // RFC 3692 2.1
		unlikelyPort = 1
		ephemeral    = 49152 // RFC 6335 6
	)
	if sel := child.Selector; s.Expect.Phase1.Allows(Established) {
		a := action(cmp.Or(sel.Protocol, anyProtocol), cmp.Or(sel.ClientPort, ephemeral), cmp.Or(sel.ServerPort, unlikelyPort))
		o.unless(a == profile.Protect, "the selector %s", sel)
	}
	for _, step := range s.Steps() {
		e := step.Exchange
		if e == nil {
			continue
		}
		switch a := action(e.Protocol, ephemeral, e.Port); {
		case e.Expect.Allows(Protected):
			o.unless(a == profile.Protect, "protection of %s port %d", e.Protocol, e.Port)
		case e.Expect == Clear:
			o.unless(a == profile.Bypass, "%s port %d in clear", e.Protocol, e.Port)
		}
	}
}

// form is the identification type of the end with the role, addresses included.
func (i Identities) form(r Role, f Family) string {
	switch {
	case i.Of(r) != "":
		return i.Of(r)
	case f == IPv6:
		return "ipv6_addr"
	}
	return "ipv4_addr"
}
