package spd

import (
	"fmt"
	"net/netip"
	"strconv"
)

// IP protocol numbers that this package looks into.
const (
	protoICMP    = 1
	protoIPIP    = 4
	protoTCP     = 6
	protoUDP     = 17
	protoDCCP    = 33
	protoIPv6    = 41
	protoESP     = 50
	protoAH      = 51
	protoICMPv6  = 58
	protoNoNext  = 59
	protoSCTP    = 132
	protoUDPLite = 136
)

// Flow is what selectors see of a packet. It is comparable.
type Flow struct {
	Src, Dst         netip.Addr
	Proto            uint8
	SrcPort, DstPort uint16
	// Fragment is set for a fragment that is not the first: it has no ports.
	Fragment bool
	// MoreFragments is set for a fragment that is not the last.
	MoreFragments bool
	// ICMPType and ICMPCode are set for ICMP and ICMPv6.
	ICMPType, ICMPCode uint8
}

// ParseFlow reads an IPv4 or IPv6 packet up to its ports. Octets behind the IP length
// are ignored. Errors wrap ErrMalformed.
func ParseFlow(ip []byte) (Flow, error) {
	p, err := parse(ip)
	return p.flow, err
}

// HasPorts reports whether the ports of the flow are known.
func (f Flow) HasPorts() bool { return !f.Fragment && hasPorts(f.Proto) }

// Reverse returns the flow of the answers.
func (f Flow) Reverse() Flow {
	f.Src, f.Dst = f.Dst, f.Src
	f.SrcPort, f.DstPort = f.DstPort, f.SrcPort
	return f
}

// String returns the like of "tcp 192.0.2.1:40000 -> 192.0.2.2:179".
func (f Flow) String() string {
	src, dst := f.Src.String(), f.Dst.String()
	if f.HasPorts() {
		src = netip.AddrPortFrom(f.Src, f.SrcPort).String()
		dst = netip.AddrPortFrom(f.Dst, f.DstPort).String()
	}
	s := fmt.Sprintf("%s %s -> %s", protoName(f.Proto), src, dst)
	switch {
	case f.Fragment:
		return s + " (later fragment)"
	case f.MoreFragments:
		return s + " (first fragment)"
	}
	return s
}

func hasPorts(proto uint8) bool {
	switch proto {
	case protoTCP, protoUDP, protoDCCP, protoSCTP, protoUDPLite:
		return true
	}
	return false
}

var protoNames = map[uint8]string{
	0: "any", protoICMP: "icmp", protoIPIP: "ipip", protoTCP: "tcp", protoUDP: "udp", protoDCCP: "dccp",
	protoIPv6: "ipv6", protoESP: "esp", protoAH: "ah", protoICMPv6: "icmpv6", protoSCTP: "sctp", protoUDPLite: "udplite",
}

func protoName(p uint8) string {
	if s, ok := protoNames[p]; ok {
		return s
	}
	return "protocol " + strconv.Itoa(int(p))
}
