package esp

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math"
)

// What of the IP headers AH covers, and what may change on the way and counts as zero (RFC 2402 3.3.3.1 and appendix A).

// Lengths of IP headers in octets.
const (
	ipv4Header = 20
	ipv6Header = 40
)

func subtleEqual(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

func badHeaders(n int) error {
	return fmt.Errorf("esp: %d octets are no IP headers: %w (RFC 791 3.1, RFC 2460 3)", n, ErrTruncated)
}

// ipVersion tells whether headers are IPv6's, and sees that they are whole.
func ipVersion(headers []byte) (v6 bool, err error) {
	switch {
	case len(headers) >= ipv4Header && headers[0]>>4 == 4 && int(headers[0]&15)*4 == len(headers):
		return false, nil
	case len(headers) >= ipv6Header && headers[0]>>4 == 6:
		return true, nil
	}
	return false, badHeaders(len(headers))
}

func fitsIP(v6 bool, total int) error {
	if v6 {
		total -= ipv6Header
	}
	if total > math.MaxUint16 {
		return fmt.Errorf("esp: IP packet of %d octets: %w", total, ErrTooLong)
	}
	return nil
}

// setIPLength fills in the length of an IP packet.
func setIPLength(ip []byte, v6 bool) {
	if v6 {
		binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-ipv6Header))
		return
	}
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
}

// muteIP zeroes what is mutable in IP headers, and puts what is predictable as it is at the end of the way.
func muteIP(h []byte) error {
	v6, err := ipVersion(h)
	switch {
	case err != nil:
		return err
	case v6:
		return muteIPv6(h)
	}
	h[1] = 0        // TOS
	clear(h[6:9])   // flags, fragment offset, TTL
	clear(h[10:12]) // header checksum
	return muteOptions(h)
}

// IPv4 options (RFC 2402 appendix A1).
const (
	optionEnd         = 0
	optionNop         = 1
	optionSecurity    = 130
	optionLooseRoute  = 131
	optionExtSecurity = 133
	optionCommercial  = 134
	optionStrictRoute = 137
	optionRouterAlert = 148
	optionSendToMany  = 149 // sender directed multi-destination delivery
)

// muteOptions zeroes the options that routers change. With a source route the destination is the last one of it.
func muteOptions(h []byte) error {
	for o := h[ipv4Header:]; len(o) > 0; {
		if o[0] == optionEnd {
			return nil
		}
		n := 1
		if o[0] != optionNop {
			if len(o) < 2 || int(o[1]) < 2 || int(o[1]) > len(o) {
				return badHeaders(len(h))
			}
			n = int(o[1])
		}
		switch o[0] {
		case optionNop, optionSecurity, optionExtSecurity, optionCommercial, optionRouterAlert, optionSendToMany:
		case optionLooseRoute, optionStrictRoute:
			if n >= 7 && int(o[2]) <= n { // addresses are left (RFC 791 3.1)
				copy(h[16:20], o[n-4:n])
			}
			clear(o[:n])
		default:
			clear(o[:n])
		}
		o = o[n:]
	}
	return nil
}

// IPv6 extension headers that may stand before AH (RFC 2460 4.1).
const (
	headerHopByHop = 0
	headerRouting  = 43
	headerDestOpts = 60
)

func muteIPv6(h []byte) error {
	h[0], h[1], h[2], h[3] = 6<<4, 0, 0, 0 // class and flow label
	h[7] = 0                               // hop limit
	next, rest := h[6], h[ipv6Header:]
	for len(rest) > 0 {
		n := 0
		if len(rest) >= 2 {
			n = (int(rest[1]) + 1) * 8
		}
		if n == 0 || n > len(rest) {
			return badHeaders(len(h))
		}
		switch next {
		case headerHopByHop, headerDestOpts:
			if err := muteTLVs(rest[2:n]); err != nil {
				return err
			}
		case headerRouting:
			arrive(h[24:40], rest[:n])
		default:
			return fmt.Errorf("esp: extension header %d before AH: %w (RFC 2402 3.3.3.1.2)", next, ErrUnsupported)
		}
		next, rest = rest[0], rest[n:]
	}
	return nil
}

// muteTLVs zeroes the data of options that may change on the way, which their type says (RFC 2460 4.2).
func muteTLVs(o []byte) error {
	const pad1, mayChange = 0, 0x20
	for len(o) > 0 {
		if o[0] == pad1 {
			o = o[1:]
			continue
		}
		if len(o) < 2 || 2+int(o[1]) > len(o) {
			return badHeaders(len(o))
		}
		n := 2 + int(o[1])
		if o[0]&mayChange != 0 {
			clear(o[2:n])
		}
		o = o[n:]
	}
	return nil
}

// arrive makes a routing header of type 0 and the destination what they are when it was followed to its end
// (RFC 2402 3.3.3.1.2.2, RFC 2460 4.4).
func arrive(dst, routing []byte) {
	const fixed, addr = 8, 16
	left, n := int(routing[3]), (len(routing)-fixed)/addr
	if routing[2] != 0 || left == 0 || left > n {
		return
	}
	list := routing[fixed:]
	var was [addr]byte
	for i := n - left; i < n; i++ {
		hop := list[i*addr:][:addr]
		copy(was[:], dst)
		copy(dst, hop)
		copy(hop, was[:])
	}
	routing[3] = 0
}
