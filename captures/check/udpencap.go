package check

import (
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 3948: ESP in UDP.

func encapsulationRules() []Rule {
	return []Rule{
		espPackets(Rule{
			ID: "esp.encapsulation", Item: profile.ItemProtection, Ref: "RFC3947/5.1", Level: Must,
			Title:       "Packets are carried as negotiated: in UDP or not",
			Requirement: "The encapsulation mode attribute says whether the packets of the SA travel in UDP (RFC 3948) or as IP protocol 50.",
			expected:    []string{"ESP in UDP for UDP-Encapsulated modes", "IP protocol 50 for the others"},
			fix:         "receivers look for the SA in one place only",
			noun:        "ESP packet", needs: stageESP,
		}, carried),
		espPackets(Rule{
			ID: "esp.udp-checksum", Item: profile.ItemAvailability, Ref: "RFC3948/2.1", Level: Should,
			Title:       "The checksum of ESP in UDP is zero",
			Requirement: "The IPv4 UDP checksum SHOULD be transmitted as a zero value; receivers MUST NOT depend on that.",
			expected:    []string{"UDP checksum 0"},
			fix:         "harmless to receivers that follow the RFC; NATs have less to do without",
			noun:        "ESP packet in UDP", needs: stageAny,
		}, udpChecksum),
		observe(Rule{
			ID: "esp.keepalive", Item: profile.ItemAvailability, Ref: "RFC3948/2.3", Level: Must,
			Title:       "A NAT-keepalive is one octet 0xff between the ports of UDP encapsulation",
			Requirement: "The payload of a NAT-keepalive packet is a single octet 0xFF; its ports are those used by UDP-encapsulated ESP.",
			expected:    []string{"one octet 0xff from or to port 4500"},
			fix:         "on port 500 it keeps the wrong mapping alive",
			noun:        "NAT-keepalive", needs: stageAny,
		}, keepalive),
	}
}

func carried(o *observer, e *dissect.Event) {
	sa := e.ESP.SA
	switch {
	case sa.Origin != dissect.OriginNegotiated || sa.Mode == 0:
		o.unseen(e.Frame, "capture from the quick mode on, and supply keys", "the mode of SPI %#08x was not negotiated in what was read", sa.SPI)
	case sa.UDP && !e.ESP.UDPEncap:
		o.fail(e.Frame, e.Src.Addr(), "SPI %#08x is for UDP encapsulation, the packet is IP protocol 50", sa.SPI)
	case !sa.UDP && e.ESP.UDPEncap:
		o.fail(e.Frame, e.Src.Addr(), "SPI %#08x is for IP protocol 50, the packet is in UDP", sa.SPI)
	default:
		o.pass(e.Frame, "")
	}
}

func udpChecksum(o *observer, e *dissect.Event) {
	switch {
	case e.UDP == nil || e.IP.Version != 4:
	case e.UDP.Checksum == dissect.ChecksumZero:
		o.pass(e.Frame, "")
	case e.UDP.Checksum == dissect.ChecksumGood || e.UDP.Checksum == dissect.ChecksumBad:
		o.fail(e.Frame, e.Src.Addr(), "a UDP checksum that is not zero")
	}
}

func keepalive(o *observer, e *dissect.Event) {
	if e.Kind == dissect.KindESP && e.ESP == nil && len(e.Payload) == 1 && o.s.Judges(e.Src.Addr()) && !e.Truncated {
		o.fail(e.Frame, e.Src.Addr(), "one octet %#02x", e.Payload[0])
		return
	}
	if e.Kind != dissect.KindKeepalive || !o.s.Judges(e.Src.Addr()) {
		return
	}
	if e.Src.Port() == nattPort || e.Dst.Port() == nattPort {
		o.pass(e.Frame, "")
	} else {
		o.fail(e.Frame, e.Src.Addr(), "a NAT-keepalive from port %d to port %d", e.Src.Port(), e.Dst.Port())
	}
}
