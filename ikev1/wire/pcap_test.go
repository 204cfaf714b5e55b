package wire_test

import (
	"encoding/binary"
	"fmt"
)

// frames calls yield with the link type and data of each packet of a pcap or pcapng file, just enough for the corpus. It stops at a
// truncated tail without complaint.
func frames(b []byte, yield func(link int, frame []byte)) error {
	if len(b) < 24 {
		return fmt.Errorf("%d octets are no capture", len(b))
	}
	switch binary.LittleEndian.Uint32(b) {
	case 0xa1b2c3d4, 0xa1b23c4d:
		pcapFrames(b, binary.LittleEndian, yield)
	case 0xd4c3b2a1, 0x4d3cb2a1:
		pcapFrames(b, binary.BigEndian, yield)
	case 0x0a0d0d0a:
		pcapngFrames(b, yield)
	default:
		return fmt.Errorf("magic %x", b[:4])
	}
	return nil
}

func pcapFrames(b []byte, order binary.ByteOrder, yield func(int, []byte)) {
	link := int(order.Uint32(b[20:]) & 0xffff)
	for b = b[24:]; len(b) >= 16; {
		n := int(order.Uint32(b[8:]))
		if b = b[16:]; n > len(b) {
			return
		}
		yield(link, b[:n])
		b = b[n:]
	}
}

func pcapngFrames(b []byte, yield func(int, []byte)) {
	var order binary.ByteOrder = binary.LittleEndian
	var links []int
	for len(b) >= 12 {
		if binary.LittleEndian.Uint32(b) == 0x0a0d0d0a { // section header; the type is a palindrome
			order, links = binary.LittleEndian, nil
			if order.Uint32(b[8:]) != 0x1a2b3c4d {
				order = binary.BigEndian
			}
		}
		n := int(order.Uint32(b[4:]))
		if n < 12 || n > len(b) {
			return
		}
		block := b[8 : n-4]
		switch order.Uint32(b) {
		case 1: // interface description
			links = append(links, int(order.Uint16(block)))
		case 6: // enhanced packet
			if len(block) < 20 {
				return
			}
			i, caplen := int(order.Uint32(block)), int(order.Uint32(block[12:]))
			if i < len(links) && caplen <= len(block)-20 {
				yield(links[i], block[20:20+caplen])
			}
		}
		b = b[n:]
	}
}

// isakmp returns the ISAKMP datagram in a frame: UDP over IPv4 or IPv6 on port 500, or on port 4500 with the non-ESP marker taken off.
func isakmp(link int, f []byte) []byte {
	skip := map[int]int{0: 4, 1: 14, 12: 0, 101: 0, 108: 4, 113: 16, 228: 0, 229: 0}
	n, ok := skip[link]
	if !ok || len(f) < n+20 {
		return nil
	}
	ip := f[n:]
	if link == 1 && f[12] == 0x81 && f[13] == 0 { // 802.1Q
		ip = ip[4:]
	}
	var udp []byte
	switch {
	case len(ip) >= 20 && ip[0]>>4 == 4 && ip[9] == 17 && binary.BigEndian.Uint16(ip[6:])&0x3fff == 0: // not a fragment
		if hlen, total := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:])); hlen <= total && total <= len(ip) {
			udp = ip[hlen:total]
		}
	case len(ip) >= 40 && ip[0]>>4 == 6 && ip[6] == 17:
		udp = ip[40:]
	}
	if len(udp) < 8 {
		return nil
	}
	src, dst, end := binary.BigEndian.Uint16(udp), binary.BigEndian.Uint16(udp[2:]), int(binary.BigEndian.Uint16(udp[4:]))
	if end < 8 || end > len(udp) {
		return nil
	}
	data := udp[8:end]
	switch {
	case src == 500 || dst == 500:
		return data
	case (src == 4500 || dst == 4500) && len(data) > 4 && binary.BigEndian.Uint32(data) == 0:
		return data[4:]
	}
	return nil
}
