package captures

import "encoding/binary"

// EtherTypes and PPP protocol numbers on the way to an IP header.
const (
	etherIPv4      = 0x0800
	etherIPv6      = 0x86dd
	etherVLAN      = 0x8100 // 802.1Q
	etherQinQ      = 0x88a8 // 802.1ad
	etherQinQOld   = 0x9100 // QinQ before 802.1ad
	etherPPPoE     = 0x8864 // session stage, RFC 2516
	etherMaxLength = 0x05dc // 802.3: up to here it is a length
	pppIPv4        = 0x0021
	pppIPv6        = 0x0057
)

// IP returns the frame from its IP header on, without the link layer. It
// aliases p.Data and allocates nothing. The error is or wraps [ErrNotIP].
//
// Only the version nibble is looked at. What follows the IP packet in the frame
// remains: an Ethernet frame is padded to 60 octets, so whoever parses the packet
// goes by the lengths in its header.
func (p Packet) IP() ([]byte, error) {
	switch p.Link {
	case LinkEthernet:
		if len(p.Data) < 14 {
			return nil, errShortFrame
		}
		return ether(binary.BigEndian.Uint16(p.Data[12:]), p.Data[14:])
	case LinkSLL: // packet type, ARPHRD, address length, address (8), protocol
		if len(p.Data) < 16 {
			return nil, errShortFrame
		}
		return ether(binary.BigEndian.Uint16(p.Data[14:]), p.Data[16:])
	case LinkSLL2: // protocol, reserved, interface (4), ARPHRD, packet type, address length, address (8)
		if len(p.Data) < 20 {
			return nil, errShortFrame
		}
		return ether(binary.BigEndian.Uint16(p.Data), p.Data[20:])
	case LinkRaw, LinkRawBSD, LinkRawOBSD, LinkIPv4, LinkIPv6:
		return version(p.Data)
	case LinkNull, LinkLoop:
		return family(p.Data, 4)
	case LinkEnc: // address family, SPI, flags
		return family(p.Data, 12)
	case LinkPPP, LinkPPPHDLC:
		return ppp(p.Data)
	case LinkPPPEther:
		return pppoe(p.Data)
	case LinkNFLog:
		return nflog(p.Data)
	}
	return nil, errUnknownLink
}

// ether goes on after an EtherType.
func ether(t uint16, b []byte) ([]byte, error) {
	for t == etherVLAN || t == etherQinQ || t == etherQinQOld { // tag (2), EtherType (2)
		if len(b) < 4 {
			return nil, errShortFrame
		}
		t, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	switch {
	case t == etherIPv4 || t == etherIPv6:
		return version(b)
	case t == etherPPPoE:
		return pppoe(b)
	case t <= etherMaxLength && len(b) >= 8 && string(b[:6]) == "\xaa\xaa\x03\x00\x00\x00": // LLC with SNAP, RFC 1042
		if t = binary.BigEndian.Uint16(b[6:]); t == etherIPv4 || t == etherIPv6 {
			return version(b[8:])
		}
	}
	return nil, ErrNotIP
}

// pppoe goes on at a PPPoE header: version and type, code, session, length.
func pppoe(b []byte) ([]byte, error) {
	if len(b) < 6 {
		return nil, errShortFrame
	}
	if b[0] != 0x11 || b[1] != 0 {
		return nil, ErrNotIP
	}
	return ppp(b[6:])
}

// ppp goes on at a PPP header: address and control unless compressed away, then
// the protocol in two octets, or in one when its low bit says so (RFC 1661 2).
func ppp(b []byte) ([]byte, error) {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		b = b[2:]
	}
	if len(b) < 2 {
		return nil, errShortFrame
	}
	proto, n := uint16(b[0]), 1
	if b[0]&1 == 0 {
		proto, n = binary.BigEndian.Uint16(b), 2
	}
	if proto != pppIPv4 && proto != pppIPv6 {
		return nil, ErrNotIP
	}
	return version(b[n:])
}

// family goes on at a header of n octets whose first four are the address
// family, in a byte order that only the recorder knows, with the numbers that its
// system has.
func family(b []byte, n int) ([]byte, error) {
	if len(b) < n {
		return nil, errShortFrame
	}
	f := binary.BigEndian.Uint32(b)
	if f > 0xff {
		f = binary.LittleEndian.Uint32(b)
	}
	switch f {
	case 2, // AF_INET everywhere
		10, 23, 24, 28, 30: // AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS
		return version(b[n:])
	}
	return nil, ErrNotIP
}

// nflog goes on at a netfilter log header: family, version, resource, then
// attributes (length with its own four octets, type) in the recorder's byte order,
// padded to four. The packet is in attribute 9, NFULA_PAYLOAD.
func nflog(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, errShortFrame
	}
	if b[1] != 0 {
		return nil, ErrNotIP
	}
	for b = b[4:]; len(b) >= 4; {
		var order binary.ByteOrder = binary.LittleEndian
		if b[2] == 0 { // types are small and never 0: this is the upper half
			order = binary.BigEndian
		}
		n, t := int(order.Uint16(b)), order.Uint16(b[2:])
		if n < 4 || n > len(b) {
			return nil, errShortFrame
		}
		if t == 9 {
			return version(b[4:n])
		}
		b = b[min(pad4(n), len(b)):]
	}
	return nil, ErrNotIP
}

// version returns b if it begins like IPv4 or IPv6.
func version(b []byte) ([]byte, error) {
	switch {
	case len(b) == 0:
		return nil, errShortFrame
	case b[0]>>4 != 4 && b[0]>>4 != 6:
		return nil, errIPVersion
	}
	return b, nil
}
