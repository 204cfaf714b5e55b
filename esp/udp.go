package esp

import (
	"encoding/binary"
	"fmt"
)

// NATTPort is the UDP port of encapsulated ESP and of IKE behind it (RFC 3947 4).
const NATTPort = 4500

// udpHeaderLen is the length of a UDP header (RFC 768).
const udpHeaderLen = 8

// NonESPMarker precedes IKE messages on port 4500, where ESP has its SPI, which is
// never 0 (RFC 3948 2.2).
const NonESPMarker uint32 = 0

// markerLen is the length of the Non-ESP Marker.
const markerLen = 4

// UDPEncap is UDP encapsulation of ESP (RFC 3948).
type UDPEncap struct {
	SrcPort, DstPort uint16
}

// AppendHeader appends the 8-octet UDP header for n octets of ESP, with the checksum 0
// that RFC 3948 2.1 recommends for IPv4.
func (e UDPEncap) AppendHeader(dst []byte, n int) []byte {
	dst = binary.BigEndian.AppendUint16(dst, e.SrcPort)
	dst = binary.BigEndian.AppendUint16(dst, e.DstPort)
	dst = binary.BigEndian.AppendUint16(dst, uint16(udpHeaderLen+n))
	return append(dst, 0, 0)
}

// UDPKind tells apart what shares port 4500 (RFC 3948 2).
type UDPKind uint8

// What a UDP datagram on port 4500 holds.
const (
	UDPInvalid   UDPKind = iota // too short for any of the others
	UDPESP                      // an ESP packet
	UDPIKE                      // Non-ESP Marker and an IKE message
	UDPKeepalive                // one octet, 0xFF
)

// String returns "invalid", "esp", "ike" or "keepalive".
func (k UDPKind) String() string {
	switch k {
	case UDPInvalid:
		return "invalid"
	case UDPESP:
		return "esp"
	case UDPIKE:
		return "ike"
	case UDPKeepalive:
		return "keepalive"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(k))
}

// ClassifyUDP looks at the data of a UDP datagram on port 4500 and returns what it is
// and its body, aliasing data: the ESP packet, or the IKE message without its marker.
// Data that can be neither is UDPInvalid and its own body.
func ClassifyUDP(data []byte) (UDPKind, []byte) {
	switch {
	case len(data) == 1 && data[0] == keepalive:
		return UDPKeepalive, nil
	case len(data) >= markerLen && binary.BigEndian.Uint32(data) == NonESPMarker:
		return UDPIKE, data[markerLen:]
	case len(data) >= HeaderLen:
		return UDPESP, data
	}
	return UDPInvalid, data
}

// keepalive is the one octet of a NAT-keepalive packet (RFC 3948 2.3).
const keepalive = 0xff

// AppendKeepalive appends the data of a NAT-keepalive packet.
func AppendKeepalive(dst []byte) []byte { return append(dst, keepalive) }

// AppendIKE appends the Non-ESP Marker and an IKE message, the data of a UDP datagram
// on port 4500 (RFC 3948 2.2).
func AppendIKE(dst, message []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, NonESPMarker)
	return append(dst, message...)
}
