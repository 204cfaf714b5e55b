package spd

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// PortRange is a range of ports, both ends included. The zero value means any,
// which also covers packets that have no ports.
type PortRange struct {
	Lo, Hi uint16
}

// Port returns the range of one port.
func Port(p uint16) PortRange { return PortRange{Lo: p, Hi: p} }

// Any reports whether the range restricts nothing.
func (r PortRange) Any() bool { return r == PortRange{} || r == PortRange{Hi: 65535} }

// Contains reports whether port is in the range.
func (r PortRange) Contains(port uint16) bool {
	return r.Any() || r.Lo <= port && port <= r.Hi
}

func (r PortRange) containsRange(o PortRange) bool {
	return r.Any() || !o.Any() && r.Lo <= o.Lo && o.Hi <= r.Hi
}

// String returns "*", "179" or "1024-65535".
func (r PortRange) String() string {
	switch {
	case r.Any():
		return "*"
	case r.Lo == r.Hi:
		return strconv.Itoa(int(r.Lo))
	}
	return fmt.Sprintf("%d-%d", r.Lo, r.Hi)
}

// Selector says which packets a policy or an SA is for (RFC 2401 4.4.2). The zero
// value of each field means any. Selectors are written in outbound orientation: Src is
// the own side.
type Selector struct {
	Src, Dst           netip.Prefix
	Proto              uint8 // IP protocol number, 0: any
	SrcPorts, DstPorts PortRange
}

// Match reports whether the flow is within the selector. A selector with ports does
// not match a flow without: neither a protocol that has none nor a later fragment.
func (s Selector) Match(f Flow) bool {
	return s.matchPortless(f) && (s.portless() ||
		f.HasPorts() && s.SrcPorts.Contains(f.SrcPort) && s.DstPorts.Contains(f.DstPort))
}

// matchPortless is Match but for the ports.
func (s Selector) matchPortless(f Flow) bool {
	return contains(s.Src, f.Src) && contains(s.Dst, f.Dst) && (s.Proto == 0 || s.Proto == f.Proto)
}

// undecided reports whether the flow is a later fragment that matches the selector or
// does not, as its ports will have it, which are in another packet.
func (s Selector) undecided(f Flow) bool {
	return f.Fragment && !s.portless() && hasPorts(f.Proto) && s.matchPortless(f)
}

func (s Selector) portless() bool { return s.SrcPorts.Any() && s.DstPorts.Any() }

func (s Selector) withoutPorts() Selector {
	s.SrcPorts, s.DstPorts = PortRange{}, PortRange{}
	return s
}

func contains(p netip.Prefix, a netip.Addr) bool { return !p.IsValid() || p.Contains(a) }

// Contains reports whether every flow within o is within s, as a responder must know
// before it accepts a narrower proposal.
func (s Selector) Contains(o Selector) bool {
	return containsPrefix(s.Src, o.Src) && containsPrefix(s.Dst, o.Dst) &&
		(s.Proto == 0 || s.Proto == o.Proto) &&
		s.SrcPorts.containsRange(o.SrcPorts) && s.DstPorts.containsRange(o.DstPorts)
}

func containsPrefix(p, o netip.Prefix) bool {
	return !p.IsValid() || o.IsValid() && p.Bits() <= o.Bits() && p.Contains(o.Addr())
}

// Reverse returns the selector in the other orientation.
func (s Selector) Reverse() Selector {
	return Selector{Src: s.Dst, Dst: s.Src, Proto: s.Proto, SrcPorts: s.DstPorts, DstPorts: s.SrcPorts}
}

// String returns the like of "tcp 192.0.2.1/32 -> 192.0.2.2/32[179]".
func (s Selector) String() string {
	var b strings.Builder
	b.WriteString(protoName(s.Proto))
	writeEnd(&b, s.Src, s.SrcPorts)
	b.WriteString(" ->")
	writeEnd(&b, s.Dst, s.DstPorts)
	return b.String()
}

func writeEnd(b *strings.Builder, p netip.Prefix, r PortRange) {
	b.WriteByte(' ')
	if p.IsValid() {
		b.WriteString(p.String())
	} else {
		b.WriteByte('*')
	}
	if !r.Any() {
		fmt.Fprintf(b, "[%v]", r)
	}
}
