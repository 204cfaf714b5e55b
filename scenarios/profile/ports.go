package profile

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// PortRange is a range of ports, both ends included.
type PortRange struct{ Lo, Hi uint16 }

// String returns "179" or "1024-65535".
func (r PortRange) String() string {
	if r.Lo == r.Hi {
		return strconv.Itoa(int(r.Lo))
	}
	return fmt.Sprintf("%d-%d", r.Lo, r.Hi)
}

// MarshalText returns the text in a profile.
func (r PortRange) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText takes a port or a range of ports.
func (r *PortRange) UnmarshalText(text []byte) error {
	lo, hi, ranged := strings.Cut(string(text), "-")
	if !ranged {
		hi = lo
	}
	first, err1 := strconv.ParseUint(lo, 10, 16)
	last, err2 := strconv.ParseUint(hi, 10, 16)
	if err1 != nil || err2 != nil || first == 0 || first > last {
		return fmt.Errorf("%q is not a port from 1 to 65535 or a rising range such as 1024-65535", text)
	}
	*r = PortRange{Lo: uint16(first), Hi: uint16(last)}
	return nil
}

// Form returns what ranges of ports look like.
func (PortRange) Form() strict.Form {
	return strict.Form{Pattern: `^[0-9]+(-[0-9]+)?$`, Integers: true, Min: 1, Max: 65535}
}

// Protocol is an IP protocol in a selector. The zero value is any.
type Protocol uint8

var protocolNumbers = map[string]Protocol{"any": 0, "icmp": 1, "tcp": 6, "udp": 17, "dccp": 33, "icmpv6": 58, "sctp": 132, "udplite": 136}

// Matches reports whether the selector covers the protocol number.
func (p Protocol) Matches(number uint8) bool { return p == 0 || uint8(p) == number }

// HasPorts reports whether ports can be selectors of this protocol: TCP and
// UDP (RFC 2401 4.4.2), SCTP since RFC 3554, and what else has them in place.
func (p Protocol) HasPorts() bool { return spd.Flow{Proto: uint8(p)}.HasPorts() }

// String returns the name, or the number where there is none.
func (p Protocol) String() string {
	for name, n := range protocolNumbers {
		if n == p {
			return name
		}
	}
	return strconv.Itoa(int(p))
}

// MarshalText returns the text in a profile.
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText takes a name or a number from 0 to 255; 0 is any.
func (p *Protocol) UnmarshalText(text []byte) error {
	if n, ok := protocolNumbers[string(text)]; ok {
		*p = n
		return nil
	}
	n, err := strconv.ParseUint(string(text), 10, 8)
	if err != nil {
		if near := strict.Nearest(string(text), slices.Sorted(maps.Keys(protocolNumbers)), 1); len(near) > 0 {
			return fmt.Errorf("%q is not a protocol; did you mean %q? (or a number up to 255)", text, near[0])
		}
		return fmt.Errorf("%q is not a protocol: any, icmp, tcp, udp, dccp, icmpv6, sctp, udplite, or a number up to 255", text)
	}
	*p = Protocol(n)
	return nil
}

// Form returns the names and numbers of protocols.
func (Protocol) Form() strict.Form {
	names := slices.Sorted(maps.Keys(protocolNumbers))
	return strict.Form{Pattern: "^(" + strings.Join(names, "|") + "|[0-9]{1,3})$", Integers: true, Max: 255}
}
