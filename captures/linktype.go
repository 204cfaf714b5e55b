package captures

import "fmt"

// LinkType says how a captured frame begins. The numbers are the registry's at
// https://www.tcpdump.org/linktypes.html.
type LinkType uint16

// Link types that [Packet.IP] can strip.
const (
	LinkNull     LinkType = 0   // BSD loopback: address family in the recorder's byte order
	LinkEthernet LinkType = 1   // IEEE 802.3
	LinkPPP      LinkType = 9   // PPP, with or without the HDLC address and control octets
	LinkRawBSD   LinkType = 12  // raw IP where DLT_RAW was written to the file as is
	LinkRawOBSD  LinkType = 14  // the same on OpenBSD
	LinkPPPHDLC  LinkType = 50  // PPP in HDLC-like framing
	LinkPPPEther LinkType = 51  // PPPoE from its own header on
	LinkRaw      LinkType = 101 // IPv4 or IPv6
	LinkLoop     LinkType = 108 // OpenBSD loopback: address family in network byte order
	LinkEnc      LinkType = 109 // OpenBSD enc: packets inside IPsec, as the stack sees them
	LinkSLL      LinkType = 113 // Linux cooked, "-i any"
	LinkIPv4     LinkType = 228 // IPv4
	LinkIPv6     LinkType = 229 // IPv6
	LinkNFLog    LinkType = 239 // Linux netfilter log, "-i nflog:5"
	LinkSLL2     LinkType = 276 // Linux cooked, version 2
)

var linkNames = map[LinkType]string{
	LinkNull: "null", LinkEthernet: "ethernet", LinkPPP: "ppp", LinkRawBSD: "raw", LinkRawOBSD: "raw",
	LinkPPPHDLC: "ppp-hdlc", LinkPPPEther: "pppoe", LinkRaw: "raw", LinkLoop: "loop", LinkEnc: "enc",
	LinkSLL: "linux-sll", LinkIPv4: "ipv4", LinkIPv6: "ipv6", LinkNFLog: "nflog", LinkSLL2: "linux-sll2",
}

// String returns a short name, or Unknown(n).
func (l LinkType) String() string {
	if s, ok := linkNames[l]; ok {
		return s
	}
	return fmt.Sprintf("Unknown(%d)", uint16(l))
}
