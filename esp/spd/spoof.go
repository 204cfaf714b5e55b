package spd

import (
	"encoding/binary"
	"slices"

	"github.com/useipsec/useipsec/esp"
)

// spoof returns a copy of p that is outside the selectors of the SA that carries it, for
// Deviations.SpoofInner. Its checksums are right, so that nothing else is wrong with it.
func spoof(p packet, mode esp.Mode) packet {
	raw := slices.Clone(p.raw)
	switch {
	case mode == esp.Tunnel && p.v6:
		flip(raw[8:9]) // the first octet of the source address: no prefix but /0 has both
	case mode == esp.Tunnel:
		flip(raw[12:13])
	case p.flow.HasPorts():
		flip(raw[p.upper:][:4])
	}
	q, err := parse(raw)
	if err != nil {
		return p
	}
	if !q.v6 {
		setIPv4Checksum(q.raw, q.upper)
	}
	setTransportChecksum(q)
	return q
}

func flip(b []byte) {
	for i := range b {
		b[i] ^= 0x80
	}
}

// setTransportChecksum completes a whole TCP or UDP packet.
func setTransportChecksum(p packet) {
	field := checksumField(p)
	if p.fragmented() || field == nil {
		return
	}
	binary.BigEndian.PutUint16(field, 0)
	binary.BigEndian.PutUint16(field, nonZero(transportChecksum(p.raw, p, p.flow.Proto)))
}
