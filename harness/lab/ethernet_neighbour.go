package lab

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/useipsec/useipsec/esp/spd"
)

const (
	arpRequest = 1
	arpReply   = 2
	arpLen     = 28 // Ethernet and IPv4 (RFC 826)
)

func arpPacket(op uint16, senderMAC [6]byte, sender [4]byte, targetMAC [6]byte, target [4]byte) [arpLen]byte {
	var p [arpLen]byte
	copy(p[:], []byte{0, 1, 0x08, 0, 6, 4}) // Ethernet, IPv4, lengths of their addresses
	binary.BigEndian.PutUint16(p[6:], op)
	copy(p[8:], senderMAC[:])
	copy(p[14:], sender[:])
	copy(p[18:], targetMAC[:])
	copy(p[24:], target[:])
	return p
}

// answerARP answers a request of the host for another's address. A request for
// the sender's own address (an announcement) or from 0.0.0.0 (a probe, RFC 5227)
// asks whether somebody else has it: nobody has.
func answerARP(p []byte) ([]byte, bool) {
	if len(p) < arpLen || !bytes.Equal(p[:6], []byte{0, 1, 0x08, 0, 6, 4}) || binary.BigEndian.Uint16(p[6:]) != arpRequest {
		return nil, false
	}
	sender, target := [4]byte(p[14:18]), [4]byte(p[24:28])
	if sender == target || !unicastTarget(netip.AddrFrom4(sender)) || !unicastTarget(netip.AddrFrom4(target)) {
		return nil, false
	}
	a := arpPacket(arpReply, WireMAC, target, [6]byte(p[8:14]), sender)
	return a[:], true
}

const (
	ip6HeaderLen     = 40
	protoICMPv6      = 58
	icmp6RouterFirst = 133 // router solicitation: first of the neighbour discovery types (RFC 4861)
	icmp6NeighbourS  = 135
	icmp6NeighbourA  = 136
	icmp6Redirect    = 137
	icmp6MLDv2Report = 143
	nsLen            = 24 // type, code, checksum, reserved, target
)

// answerND answers a neighbour solicitation of the host for another's address
// (RFC 4861 7.2.4). isND is true for every packet of neighbour and listener
// discovery, which are the segment's own business and go no further; answer is
// nil when there is nothing to say, as to duplicate address detection.
func answerND(p []byte) (answer []byte, isND bool) {
	if len(p) < ip6HeaderLen || p[0]>>4 != 6 {
		return nil, false
	}
	next, icmp := p[6], p[ip6HeaderLen:]
	if next == 0 && len(icmp) >= 8 && icmp[0] == protoICMPv6 && icmp[1] == 0 {
		next, icmp = icmp[0], icmp[8:] // hop-by-hop router alert of listener reports
	}
	if next != protoICMPv6 || len(icmp) < 1 {
		return nil, false
	}
	if t := icmp[0]; t != icmp6MLDv2Report && (t < icmp6RouterFirst || t > icmp6Redirect) {
		return nil, false
	}
	host := netip.AddrFrom16([16]byte(p[8:24]))
	if icmp[0] != icmp6NeighbourS || len(icmp) < nsLen || p[7] != 255 || host.IsUnspecified() {
		return nil, true
	}
	target := netip.AddrFrom16([16]byte(icmp[8:24]))
	if target == host || !unicastTarget(target) {
		return nil, true
	}
	return neighbourAdvertisement(target, host), true
}

// neighbourAdvertisement says that target lives at WireMAC.
func neighbourAdvertisement(target, to netip.Addr) []byte {
	const icmpLen = nsLen + 8 // and the target link-layer address option
	src, dst := target.As16(), to.As16()
	p := make([]byte, ip6HeaderLen+icmpLen)
	p[0] = 6 << 4
	binary.BigEndian.PutUint16(p[4:], icmpLen)
	p[6], p[7] = protoICMPv6, 255
	copy(p[8:], src[:])
	copy(p[24:], dst[:])
	icmp := p[ip6HeaderLen:]
	icmp[0] = icmp6NeighbourA
	icmp[4] = 0x60 // solicited, override
	copy(icmp[8:], src[:])
	icmp[nsLen], icmp[nsLen+1] = 2, 1
	copy(icmp[nsLen+2:], WireMAC[:])
	binary.BigEndian.PutUint16(icmp[2:], checksumICMPv6(src, dst, icmp))
	return p
}

// checksumICMPv6 is the Internet checksum over the pseudo-header of RFC 8200 8.1
// and a message whose checksum field is zero.
func checksumICMPv6(src, dst [16]byte, icmp []byte) uint16 {
	sum := spd.Sum16(len(icmp)+protoICMPv6, src[:])
	sum = spd.Sum16(int(sum), dst[:])
	return ^spd.Sum16(int(sum), icmp)
}
