package scenarios

import (
	"slices"

	"github.com/useipsec/useipsec/scenarios/profile"
)

// Adapt returns the scenario with the traffic of a profile in the place of its
// own: the port that it selects, and converses with, becomes one that the profile
// protects. The library speaks of BGP; held against a profile for LDAP it is about
// port 389. What has no port in its selector, what the profile protects as it is,
// and what it has no single port for stay as they are. The result may share parts
// with s.
func (s *Scenario) Adapt(p *profile.Profile) *Scenario {
	sel := s.Child.Selector
	if sel == nil || sel.ServerPort == 0 {
		return s
	}
	protocol, port, ok := servicePort(p.Selectors, *sel)
	if !ok {
		return s
	}
	was, a := *sel, *s
	swap := func(sel *Selector) *Selector {
		if sel == nil || sel.Protocol != was.Protocol {
			return sel
		}
		adapted := *sel
		adapted.Protocol = protocol
		if sel.ServerPort == was.ServerPort {
			adapted.ServerPort = port
		}
		return &adapted
	}
	a.Child.Selector = swap(sel)
	if s.Peer.Child != nil {
		child := *s.Peer.Child
		child.Selector = swap(child.Selector)
		a.Peer.Child = &child
	}
	a.Script = slices.Clone(s.Script)
	for i, step := range a.Script {
		if e := step.Exchange; e != nil && e.Protocol == was.Protocol && e.Port == was.ServerPort {
			adapted := *e
			adapted.Protocol, adapted.Port = protocol, port
			if protocol == protocolUDP {
				adapted.Size = min(e.Size, maxDatagram)
			}
			a.Script[i].Exchange = &adapted
		}
	}
	return &a
}

// AdaptAll is Adapt for each.
func AdaptAll(all []*Scenario, p *profile.Profile) []*Scenario {
	out := make([]*Scenario, len(all))
	for i, s := range all {
		out[i] = s.Adapt(p)
	}
	return out
}

const (
	protocolTCP profile.Protocol = 6
	protocolUDP profile.Protocol = 17

	maxDatagram Size = 1400 // in one packet, whatever goes around it
)

// servicePort is the port that stands for a profile's traffic: the first one of a
// server that any client may speak to. It reports false if the profile protects
// what is selected already, or has no such port.
func servicePort(s profile.Selectors, sel Selector) (profile.Protocol, uint16, bool) {
	found := false
	var protocol profile.Protocol
	var port uint16
	for _, pol := range s.Policies {
		if pol.Action != profile.Protect {
			continue
		}
		if pol.Protocol.Matches(uint8(sel.Protocol)) && (len(pol.Server.Ports) == 0 || slices.ContainsFunc(pol.Server.Ports, func(r profile.PortRange) bool {
			return r.Lo <= sel.ServerPort && sel.ServerPort <= r.Hi
		})) {
			return 0, 0, false
		}
		conversation := pol.Protocol == protocolTCP || pol.Protocol == protocolUDP
		if !found && conversation && len(pol.Server.Ports) > 0 && len(pol.Client.Ports) == 0 {
			found, protocol, port = true, pol.Protocol, pol.Server.Ports[0].Lo
		}
	}
	return protocol, port, found
}
