package dissect

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
)

// Kind is what a packet claims to be, by its ports and protocol numbers. A
// packet that breaks the format of its kind keeps the kind and has Event.Err.
type Kind uint8

// The kinds of packet.
const (
	KindMalformed Kind = iota + 1 // not even an IP header that can be: Err says why
	KindUnknown                   // the snaplen cut it off before it could be told what it is: Truncated is set
	KindNonIP                     // ARP, LLDP, ...: only the link layer is known
	KindISAKMP                    // ISAKMP with major version 1 on UDP 500, or 4500 behind the non-ESP marker
	KindIKEv2                     // ISAKMP header with major version 2: recognised, not followed
	KindKeepalive                 // NAT-keepalive (RFC 3948 2.3): one octet 0xff in UDP
	KindESP                       // protocol 50, or UDP 4500 with a non-zero first word
	KindAH                        // protocol 51
	KindFragment                  // an IP fragment which does not complete a datagram; the completing one has the datagram's kind
	KindTCP                       // a TCP segment in clear
	KindUDP                       // a UDP datagram in clear which is none of the above
	KindICMP                      // ICMP or ICMPv6
	KindOther                     // any other IP protocol, IPCOMP and dummy packets (next header 59) included; Flow.Proto tells
)

// String gives the kind's name, or Unknown(n).
func (k Kind) String() string {
	switch k {
	case KindMalformed:
		return "malformed"
	case KindUnknown:
		return "unknown"
	case KindNonIP:
		return "non-ip"
	case KindISAKMP:
		return "isakmp"
	case KindIKEv2:
		return "ikev2"
	case KindKeepalive:
		return "keepalive"
	case KindESP:
		return "esp"
	case KindAH:
		return "ah"
	case KindFragment:
		return "fragment"
	case KindTCP:
		return "tcp"
	case KindUDP:
		return "udp"
	case KindICMP:
		return "icmp"
	case KindOther:
		return "other"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(k))
}

// Event is one frame, or one packet found inside an ESP or AH packet.
//
// An event, its Inner events and every slice reached through them are valid
// until the next event is asked for; Clone makes a copy that stays. ISAKMP and
// all that it points to, and SA, are never reused and may be kept as they are;
// Phase1, Quick and SA go on changing as later packets arrive.
type Event struct {
	// Frame is the packet's 1-based number in the capture. For a datagram put
	// together from fragments it is the frame that completed it.
	Frame int
	// Fragments are the frames a reassembled datagram came in, in capture
	// order, Frame included; nil when the datagram came whole.
	Fragments []int

	Time    time.Time
	Iface   int // the capture interface
	Link    captures.LinkType
	Dir     captures.Dir // as the tap saw it, DirUnknown in most foreign captures
	CapLen  int          // octets captured, link layer included
	OrigLen int          // octets on the wire
	Comment string       // the frame's comment in the capture

	Kind Kind

	// Src and Dst have ports for UDP and TCP (the outer ones of ESP in UDP) and
	// port 0 otherwise. Both are invalid for KindNonIP and may be for KindMalformed.
	Src, Dst netip.AddrPort
	IP       IP       // the facts of the IP header; Version 0 when there is none
	UDP      *UDP     // for everything carried in UDP
	TCP      *TCP     // for KindTCP
	Flow     spd.Flow // what a selector is compared with (RFC 2401 4.4.2), ICMP type and code included; for ESP in UDP: UDP and its ports
	Payload  []byte   // TCP and UDP: the data; otherwise what follows the IP header (and its extensions)

	ISAKMP *ISAKMP // for KindISAKMP and KindIKEv2, nil if not even the header can be read
	ESP    *ESP    // for KindESP, nil if SPI and sequence number are missing
	AH     *AH     // for KindAH, nil if the header cannot be read

	// Inner is the packet found inside ESP, AH, or IP in IP (KindOther with
	// protocol 4 or 41): in tunnel mode a whole IP packet, in transport mode the
	// upper layer under the outer addresses. Inside ESP it is set only if the
	// plaintext can be trusted: the ICV is good, or there is none to verify and
	// the padding is in order. An Inner may again be KindESP.
	Inner *Event

	// Truncated: the capture holds fewer octets than the packet had (snaplen).
	// What is missing is never held against the packet: no Err, no bad ICV because of it.
	Truncated bool
	// Opaque says why content stays unread although the packet is well formed:
	// "no key for SPI 0x12345678", "no key for cookie …", "truncated by snaplen".
	// Empty when nothing is hidden. It never holds key material.
	Opaque string
	// Err is set when the packet breaks its format. Opaque is then empty.
	Err error
	// Notes are facts about the decoding itself, such as state that was dropped
	// to stay within bounds.
	Notes []string
}

// Clear reports whether the packet's content travels unprotected: TCP, UDP
// other than IKE, ICMP or another protocol. Ask it of a frame, not of an Inner.
func (e *Event) Clear() bool {
	switch e.Kind {
	case KindTCP, KindUDP, KindICMP, KindOther:
		return true
	}
	return false
}

// Innermost follows Inner to its end: the event itself if nothing is inside.
func (e *Event) Innermost() *Event {
	for e.Inner != nil {
		e = e.Inner
	}
	return e
}

// IP holds the facts of an IPv4 or IPv6 header.
type IP struct {
	Version     uint8 // 4, 6, or 0 for none
	Proto       uint8 // the protocol after all extension headers
	TTL         uint8 // or hop limit
	TOS         uint8 // or traffic class: DSCP and ECN
	ID          uint32
	DF, MF      bool
	FragOffset  int  // in octets
	Len         int  // total length of the packet, header included
	HeaderLen   int  // header with options or extension headers
	ChecksumBad bool // IPv4 header checksum does not fit; false if it was left zero by offloading
}

// UDP holds the facts of a UDP header.
type UDP struct {
	Length   int      // as the header says
	Checksum Checksum // RFC 3948 2.1: zero for ESP in UDP
	// NonESPMarker: four zero octets precede the ISAKMP header (RFC 3948 2.2).
	NonESPMarker bool
	// DoubleMarker: there are four more of them.
	DoubleMarker bool
}

// Checksum is the state of a transport checksum.
type Checksum uint8

// The states of a checksum. A capture taken before transmit offloading has bad ones.
const (
	ChecksumUnchecked Checksum = iota // truncated, or a fragment
	ChecksumZero                      // not used
	ChecksumGood
	ChecksumBad
)

// String gives the state's name, or Unknown(n).
func (c Checksum) String() string {
	switch c {
	case ChecksumUnchecked:
		return "unchecked"
	case ChecksumZero:
		return "zero"
	case ChecksumGood:
		return "good"
	case ChecksumBad:
		return "bad"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(c))
}

// TCP holds the facts of a TCP header.
type TCP struct {
	Flags    TCPFlags
	Seq, Ack uint32
	Checksum Checksum
}

// TCPFlags are the low eight flags of the TCP header, RFC 9293 3.1.
type TCPFlags uint8

// The TCP flags.
const (
	FIN TCPFlags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Has reports whether all flags of f are set.
func (t TCPFlags) Has(f TCPFlags) bool { return t&f == f }

// ESP is one ESP packet (RFC 2406).
type ESP struct {
	SPI, Seq uint32
	UDPEncap bool // RFC 3948
	Len      int  // octets of the ESP packet, SPI to ICV
	// SA is never nil: an SPI nobody negotiated or supplied gets an SA with
	// Origin OriginObserved and no keys.
	SA *SA
	// Decrypted: Facts was filled in with the SA's keys. Whether the keys were
	// the right ones is in Facts.ICV, or without ICV in Facts.PadOK.
	Decrypted bool
	Facts     esp.Facts
}

// AH is one AH packet (RFC 2402).
type AH struct {
	SPI, Seq   uint32
	NextHeader uint8
	ICV        []byte
	State      esp.ICVState // ICVUnchecked: there is no key, or not all of the packet
	SA         *SA          // never nil
}
