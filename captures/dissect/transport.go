package dissect

import (
	"encoding/binary"

	"github.com/useipsec/useipsec/esp"
)

const (
	udpHeaderLen = 8
	tcpHeaderLen = 20
	isakmpPort   = 500
)

// upper decodes what follows the IP header.
func (d *Decoder) upper(depth int, proto uint8, b []byte) {
	e := &d.frames[depth].Event
	e.IP.Proto, e.Flow.Proto = proto, proto
	e.Payload = b
	switch {
	case proto == protoTCP:
		d.tcp(depth, b)
	case proto == protoUDP:
		d.udp(depth, b)
	case proto == protoICMP && e.IP.Version == 4, proto == protoICMPv6 && e.IP.Version == 6:
		e.Kind = KindICMP
		if len(b) >= 2 {
			e.Flow.ICMPType, e.Flow.ICMPCode = b[0], b[1]
		} else {
			e.tooShort("ICMP message of %d octets", len(b))
		}
	case proto == protoESP:
		d.esp(depth, b, false)
	case proto == protoAH:
		d.ah(depth, b)
	case proto == protoIPv4 || proto == protoIPv6:
		e.Kind = KindOther
		d.inner(depth, proto, b)
	default:
		e.Kind = KindOther
	}
	if e.Truncated && e.Opaque == "" && e.Err == nil {
		e.Opaque = opaqueTruncated
	}
}

// tooShort enters that a header does not fit, unless the snaplen is to blame.
func (e *Event) tooShort(format string, args ...any) {
	if e.Truncated {
		e.Opaque = opaqueTruncated
		return
	}
	e.Err = malformed(format, args...)
}

func (d *Decoder) tcp(depth int, b []byte) {
	f := &d.frames[depth]
	e := &f.Event
	e.Kind = KindTCP
	if len(b) >= 4 {
		e.ports(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	}
	if len(b) < tcpHeaderLen {
		e.tooShort("TCP header of %d octets (RFC 9293 3.1)", len(b))
		return
	}
	f.tcp = TCP{
		Flags: TCPFlags(b[13]), Seq: binary.BigEndian.Uint32(b[4:]), Ack: binary.BigEndian.Uint32(b[8:]),
		Checksum: e.checksum(protoTCP, b, binary.BigEndian.Uint16(b[16:])),
	}
	e.TCP = &f.tcp
	hdr := int(b[12]>>4) * 4
	if hdr < tcpHeaderLen || hdr > len(b) {
		e.tooShort("TCP data offset %d of %d octets (RFC 9293 3.1)", hdr, len(b))
		return
	}
	e.Payload = b[hdr:]
}

func (d *Decoder) udp(depth int, b []byte) {
	f := &d.frames[depth]
	e := &f.Event
	e.Kind = KindUDP
	if len(b) >= 4 {
		e.ports(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	}
	if len(b) < udpHeaderLen {
		e.tooShort("UDP header of %d octets (RFC 768)", len(b))
		return
	}
	f.udp = UDP{Length: int(binary.BigEndian.Uint16(b[4:]))}
	e.UDP = &f.udp
	switch n := f.udp.Length; {
	case n < udpHeaderLen:
		e.Err = malformed("UDP length %d < header %d (RFC 768)", n, udpHeaderLen)
		return
	case n > len(b) && !e.Truncated:
		e.Err = malformed("UDP length %d, %d octets there (RFC 768)", n, len(b))
		return
	case n < len(b):
		b = b[:n:n]
	}
	f.udp.Checksum = e.checksum(protoUDP, b, binary.BigEndian.Uint16(b[6:]))
	data := b[udpHeaderLen:]
	e.Payload = data
	switch {
	case e.Src.Port() == esp.NATTPort || e.Dst.Port() == esp.NATTPort:
		d.natt(depth, data)
	case e.Src.Port() == isakmpPort || e.Dst.Port() == isakmpPort:
		if len(data) == 1 && data[0] == 0xff && !e.Truncated {
			e.Kind = KindKeepalive
			return
		}
		body, marker := strayMarker(data)
		d.isakmp(depth, body, marker)
	}
}

// natt tells apart what shares port 4500 (RFC 3948 2).
func (d *Decoder) natt(depth int, data []byte) {
	e := &d.frames[depth].Event
	kind, body := esp.ClassifyUDP(data)
	if e.Truncated && len(data) < 4 {
		e.Opaque = opaqueTruncated
		return
	}
	switch kind {
	case esp.UDPKeepalive:
		e.Kind = KindKeepalive
	case esp.UDPIKE:
		rest, again := strayMarker(body)
		d.isakmp(depth, rest, true)
		e.UDP.DoubleMarker = again
	default:
		if d.unmarked(data) {
			d.isakmp(depth, data, false)
			return
		}
		d.esp(depth, data, true)
	}
}

// checksum verifies the checksum over segment b and the pseudo header, RFC 9293 3.1.
func (e *Event) checksum(proto uint8, b []byte, field uint16) Checksum {
	switch {
	case e.Truncated:
		return ChecksumUnchecked
	case field == 0 && proto == protoUDP:
		return ChecksumZero
	}
	acc := uint64(proto) + uint64(len(b))
	for _, a := range [...][16]byte{e.Src.Addr().As16(), e.Dst.Addr().As16()} {
		if e.IP.Version == 4 {
			acc = sum(acc, a[12:])
		} else {
			acc = sum(acc, a[:])
		}
	}
	if fold(sum(acc, b)) != 0xffff {
		return ChecksumBad
	}
	return ChecksumGood
}
