package profile

import "net/netip"

// Selectors answers question a: which traffic is protected, by what it looks
// like on the wire. The policies are ordered; the first that matches decides,
// as in RFC 2401 4.4.1.
type Selectors struct {
	Policies  []Policy `yaml:"policies" strict:"required" json:"policies"`
	Otherwise Action   `yaml:"otherwise" strict:"required" json:"otherwise"` // what no policy matches
}

// Policy is one entry: a conversation between a client and a server. Both of
// its directions match.
type Policy struct {
	Name     string   `yaml:"name" strict:"required" json:"name"`
	Action   Action   `yaml:"action" strict:"required" json:"action"`
	Protocol Protocol `yaml:"protocol" json:"protocol"` // left out: any
	Client   Side     `yaml:"client" strict:"required" json:"client"`
	Server   Side     `yaml:"server" strict:"required" json:"server"`
}

// Side is one side of a conversation.
type Side struct {
	Addresses []Address   `yaml:"addresses" strict:"required" json:"addresses"`
	Ports     []PortRange `yaml:"ports" json:"ports,omitempty"` // left out: any
}

// Flow is what a selector looks at. Ports are 0 where the protocol has none or
// the packet is a later fragment.
type Flow struct {
	Src, Dst         netip.Addr
	Proto            uint8
	SrcPort, DstPort uint16
}

// Ends are the addresses that the names in selectors stand for: those of the
// two ends of the key exchange on the outside, by their IKE roles.
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
// either direction.
func (p Policy) Matches(f Flow, ends Ends) bool {
	if !p.Protocol.Matches(f.Proto) {
		return false
	}
	forward := p.Client.Matches(f.Src, f.SrcPort, ends) && p.Server.Matches(f.Dst, f.DstPort, ends)
	return forward || p.Client.Matches(f.Dst, f.DstPort, ends) && p.Server.Matches(f.Src, f.SrcPort, ends)
}

// Matches reports whether the side covers the address and port.
func (s Side) Matches(a netip.Addr, port uint16, ends Ends) bool {
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
