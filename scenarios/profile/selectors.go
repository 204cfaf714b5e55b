package profile

import (
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/esp/spd"
)

// Selectors answers question a: which traffic is protected, by what it looks
// like on the wire. The policies are ordered; the first that matches decides,
// as in RFC 2401 4.4.1.
type Selectors struct {
	Networks  []Network `yaml:"networks" json:"networks,omitempty"`
	Policies  []Policy  `yaml:"policies" strict:"required" json:"policies"`
	Otherwise Action    `yaml:"otherwise" strict:"required" json:"otherwise"` // what no policy matches
}

// Network is a set of addresses with a name, for use in policies.
type Network struct {
	Name      string    `yaml:"name" strict:"required" json:"name"`
	Addresses []Address `yaml:"addresses" strict:"required,one" json:"addresses"`
}

// Policy is one entry: a conversation between a client and a server. Both of
// its directions match.
type Policy struct {
	Name     string   `yaml:"name" strict:"required" json:"name"`
	Action   Action   `yaml:"action" strict:"required" json:"action"`
	Protocol Protocol `yaml:"protocol" json:"protocol"` // left out: any
	Client   Side     `yaml:"client" strict:"required" json:"client"`
	Server   Side     `yaml:"server" strict:"required" json:"server"`

	// Within is what carries the conversation, such as "l2tp", if it does not run
	// on IP itself. What is within has no selectors (draft 6).
	Within string `yaml:"within" strict:"vocab=carrier" json:"within,omitempty"`
}

// Side is one side of a conversation.
type Side struct {
	Addresses []Address   `yaml:"addresses" strict:"required" json:"addresses"`
	Ports     []PortRange `yaml:"ports" json:"ports,omitempty"` // left out: any
}

// side is a Side and the key that it is under.
type side struct {
	key string
	Side
}

func (p Policy) sides() [2]side { return [2]side{{"client", p.Client}, {"server", p.Server}} }

func (p Policy) protects() bool { return p.Action == Protect }

// hasPorts reports whether the policy selects by port.
func (p Policy) hasPorts() bool { return len(p.Client.Ports)+len(p.Server.Ports) > 0 }

// covers reports whether every packet of another policy matches this one as well.
// It may be false where that would take all addresses to see.
func (p Policy) covers(other Policy) bool {
	if p.Protocol != 0 && p.Protocol != other.Protocol {
		return false
	}
	return p.Client.covers(other.Client) && p.Server.covers(other.Server) ||
		p.Client.covers(other.Server) && p.Server.covers(other.Client)
}

func (s Side) covers(other Side) bool {
	for _, a := range other.Addresses {
		if !slices.ContainsFunc(s.Addresses, func(b Address) bool { return b.covers(a) }) {
			return false
		}
	}
	if len(s.Ports) == 0 {
		return true
	}
	for _, r := range other.Ports {
		if !slices.ContainsFunc(s.Ports, func(q PortRange) bool { return q.Lo <= r.Lo && r.Hi <= q.Hi }) {
			return false
		}
	}
	return len(other.Ports) > 0
}

// Flow is what a selector looks at. Src and Dst are those of the packet itself,
// which after decapsulation is the inner one.
type Flow = spd.Flow

// Ends are the addresses that the names in selectors stand for: those of the
// two ends of the key exchange, by their IKE roles. Those that an end has inside
// a tunnel belong to it too.
type Ends struct {
	Initiator, Responder []netip.Addr
}

// Action returns what the selectors demand for the flow, and the name of the
// policy that says so, "" for Otherwise. Names are resolved through ends.
func (s Selectors) Action(f Flow, ends Ends) (Action, string) {
	for _, p := range s.Policies {
		if p.Matches(f, ends) {
			return p.Action, p.Name
		}
	}
	return s.Otherwise, ""
}

// Matches reports whether the flow is part of the policy's conversation, in
// either direction. A policy with ports does not match a flow that shows none,
// such as a later fragment.
func (p Policy) Matches(f Flow, ends Ends) bool {
	if !p.Protocol.Matches(f.Proto) {
		return false
	}
	if !f.HasPorts() && p.hasPorts() {
		return false
	}
	forward := p.Client.matches(f.Src, f.SrcPort, ends) && p.Server.matches(f.Dst, f.DstPort, ends)
	return forward || p.Client.matches(f.Dst, f.DstPort, ends) && p.Server.matches(f.Src, f.SrcPort, ends)
}

func (s Side) matches(a netip.Addr, port uint16, ends Ends) bool {
	var match bool
	for _, set := range s.Addresses {
		match = match || set.Matches(a, ends)
	}
	if !match || len(s.Ports) == 0 {
		return match
	}
	for _, r := range s.Ports {
		if r.Lo <= port && port <= r.Hi {
			return true
		}
	}
	return false
}
