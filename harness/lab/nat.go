package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios"
)

// NAT is a network address translator with one host behind it.
type NAT struct {
	scenarios.Translator
	Behind  Port       // the host's
	Inside  netip.Addr // of the host
	Outside netip.Addr // what the other end sees instead
}

const (
	// mappingTime is how long a mapping lasts without a packet from inside: what many a NAT takes for UDP, though RFC
	// 4787 4.3 asks for more.
	mappingTime = 30 * time.Second
	maxMappings = 256   // the one used longest ago gives way
	maxRemotes  = 64    // that one mapping lets in
	firstPort   = 40001 // of those that are given out
	maxBlocked  = 64    // packets that are told of
)

// mapping is a port inside and what stands for it outside.
type mapping struct {
	proto   uint8
	inside  netip.AddrPort
	outside uint16
	remotes []netip.AddrPort // that were sent to, oldest first
	used    time.Time
}

// nat is a NAT at work.
type nat struct {
	NAT
	wholePackets
	record   func(evidence.Incident)
	mappings []*mapping // the one used last at the end
	next     uint16
	rebound  bool
	blocked  int
}

func newNAT(n NAT, record func(evidence.Incident)) *nat {
	return &nat{NAT: n, record: record, next: firstPort}
}

func (n *nat) pass(at time.Time, from Port, ip []byte, _ func(time.Duration, func(time.Time) [][]byte)) [][]byte {
	if ip = n.whole(at, ip); ip == nil {
		return nil
	}
	p, ok := parseIPv4(ip)
	switch {
	case !ok:
		n.block(at, fmt.Sprintf("%d octets that are no IPv4 packet", len(ip)))
		return nil
	case from == n.Behind && p.src() != n.Inside, from != n.Behind && p.dst() != n.Outside:
		return cut(ip) // not its business; whoever has sent it there has to answer for it
	}
	translate := n.in
	if from == n.Behind {
		translate = n.out
	}
	if why := translate(at, p); why != "" {
		n.block(at, fmt.Sprintf("%v -> %v, %s: %s", p.src(), p.dst(), p.protoText(), why))
		return nil
	}
	return cut(p)
}

// block notes a packet that does not pass.
func (n *nat) block(at time.Time, detail string) {
	if n.blocked++; n.blocked <= maxBlocked {
		n.record(evidence.Incident{Time: at, Kind: evidence.IncidentBlocked, Detail: detail})
	}
}

// passes tells whether packets of a protocol without ports, or of one that the NAT does not know, may pass.
func (n *nat) passes(proto uint8) bool {
	switch proto {
	case protoTCP, protoUDP, protoICMP:
		return true
	case protoESP:
		return n.PassesESP
	}
	return false
}

// out translates a packet from inside, or says why it does not pass.
func (n *nat) out(at time.Time, p ipv4) (why string) {
	if q, ok := p.quoted(); ok { // about a packet that came in: what it quotes went to the inside
		_, dst, ok := q.endpoints()
		m := n.find(func(m *mapping) bool { return m.proto == q.proto() && m.inside == dst })
		if !ok || m == nil {
			return "an ICMP error about nothing that passed"
		}
		q.readdress(false, netip.AddrPortFrom(n.Outside, m.outside))
		p.readdress(true, netip.AddrPortFrom(n.Outside, 0))
		sumICMP(p.upper())
		return ""
	}
	src, dst, ok := p.endpoints()
	if !ok || !n.passes(p.proto()) {
		return "no translation for that"
	}
	m := n.mapping(at, p.proto(), src, dst)
	p.readdress(true, netip.AddrPortFrom(n.Outside, m.outside))
	return ""
}

// in translates a packet from outside.
func (n *nat) in(at time.Time, p ipv4) (why string) {
	n.expire(at)
	if q, ok := p.quoted(); ok { // about a packet that went out
		src, dst, ok := q.endpoints()
		m := n.find(func(m *mapping) bool {
			return m.proto == q.proto() && m.outside == src.Port() && slices.Contains(m.remotes, remoteOf(q.proto(), dst))
		})
		if !ok || m == nil {
			return "an ICMP error about nothing that passed"
		}
		q.readdress(true, m.inside)
		p.readdress(false, netip.AddrPortFrom(n.Inside, 0))
		sumICMP(p.upper())
		return ""
	}
	src, dst, ok := p.endpoints()
	if !ok || !n.passes(p.proto()) {
		return "no translation for that"
	}
	src = remoteOf(p.proto(), src)
	m := n.find(func(m *mapping) bool {
		return m.proto == p.proto() && m.outside == dst.Port() && (n.Kind == scenarios.FullCone || slices.Contains(m.remotes, src))
	})
	if m == nil {
		return fmt.Sprintf("nobody inside has sent from port %d to there", dst.Port())
	}
	p.readdress(false, m.inside)
	return ""
}

// remoteOf is the other end as mappings have it: the identifier of an ICMP query is the port inside and not the other end's.
func remoteOf(proto uint8, a netip.AddrPort) netip.AddrPort {
	if proto == protoICMP {
		return netip.AddrPortFrom(a.Addr(), 0)
	}
	return a
}

func (n *nat) find(is func(*mapping) bool) *mapping {
	if i := slices.IndexFunc(n.mappings, is); i >= 0 {
		return n.mappings[i]
	}
	return nil
}

// mapping finds what stands for a port inside that sends to a remote one, or makes it.
func (n *nat) mapping(at time.Time, proto uint8, inside, remote netip.AddrPort) *mapping {
	remote = remoteOf(proto, remote)
	n.expire(at)
	m := n.find(func(m *mapping) bool {
		return m.proto == proto && m.inside == inside && (n.Kind != scenarios.Symmetric || m.remotes[0] == remote)
	})
	if m == nil {
		if len(n.mappings) == maxMappings {
			n.mappings = n.mappings[1:]
		}
		m = &mapping{proto: proto, inside: inside, outside: n.port(proto, inside.Port())}
		n.record(evidence.Incident{Time: at, Kind: evidence.IncidentMapping, Port: m.outside, Detail: fmt.Sprintf("protocol %d: %v is %v:%d to %v", proto, inside, n.Outside, m.outside, remote)})
	} else {
		n.mappings = slices.DeleteFunc(n.mappings, func(o *mapping) bool { return o == m })
	}
	n.mappings = append(n.mappings, m)
	m.used = at
	if !slices.Contains(m.remotes, remote) {
		if len(m.remotes) == maxRemotes {
			m.remotes = m.remotes[1:]
		}
		m.remotes = append(m.remotes, remote)
	}
	return m
}

// port gives out a port. One that is preserved may be used until the NAT has been bound anew: then it is somebody else's.
func (n *nat) port(proto uint8, inside uint16) uint16 {
	taken := func(port uint16) bool {
		return n.find(func(m *mapping) bool { return m.proto == proto && m.outside == port }) != nil
	}
	switch {
	case inside == 0: // there are none
		return 0
	case n.Kind == scenarios.PortPreserving && !n.rebound && !taken(inside):
		return inside
	}
	for taken(n.next) {
		n.step()
	}
	port := n.next
	n.step()
	return port
}

func (n *nat) step() {
	if n.next++; n.next == 0 {
		n.next = firstPort
	}
}

// expire forgets mappings that have not been used.
func (n *nat) expire(at time.Time) {
	n.mappings = slices.DeleteFunc(n.mappings, func(m *mapping) bool { return at.Sub(m.used) >= mappingTime })
}

func (n *nat) rebind(at time.Time) {
	n.record(evidence.Incident{Time: at, Kind: evidence.IncidentRebind, Detail: fmt.Sprintf("%d mappings are forgotten", len(n.mappings))})
	n.mappings, n.rebound = nil, true
}
