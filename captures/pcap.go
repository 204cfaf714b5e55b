package captures

import (
	"fmt"
	"io"
	"time"
)

// Lengths of the fixed parts of a classic pcap file, in octets.
const (
	pcapHeaderLen = 24
	recordLen     = 16
)

// readPcapHeader reads the file header: magic, version, two reserved words,
// snapshot length, link type (pcap 4).
func (r *Reader) readPcapHeader(units uint64) error {
	h, err := r.need(0, "pcap file header", pcapHeaderLen)
	if err != nil {
		return err
	}
	if major := r.order.Uint16(h[4:]); major != 2 {
		return r.fail(0, fmt.Errorf("%w: pcap version %d.%d, only 2 is known", ErrFormat, major, r.order.Uint16(h[6:])))
	}
	r.section.Interfaces = []Interface{{
		// The upper half of the word tells about frame check sequences.
		Link:    LinkType(r.order.Uint32(h[20:])),
		SnapLen: r.order.Uint32(h[16:]),
	}}
	r.clocks = []clock{{units: units}}
	r.src.advance(pcapHeaderLen)
	return nil
}

// nextRecord reads one packet record: seconds, fraction, captured length,
// original length, data (pcap 5).
func (r *Reader) nextRecord() (Packet, error) {
	if r.atEnd() {
		return Packet{}, io.EOF
	}
	start := r.src.off
	h, err := r.need(start, "packet header", recordLen)
	if err != nil {
		return Packet{}, err
	}
	sec, frac := r.order.Uint32(h), r.order.Uint32(h[4:])
	captured, orig := r.order.Uint32(h[8:]), r.order.Uint32(h[12:])
	if err := r.checkPacketLen(start, captured); err != nil {
		return Packet{}, err
	}
	n := recordLen + int(captured)
	b, err := r.need(start, "packet", n)
	if err != nil {
		return Packet{}, err
	}
	r.src.advance(n)
	// Some recorders let the fraction reach a whole second; time.Unix carries it over.
	ns := int64(frac) * int64(1e9/r.clocks[0].units)
	return Packet{
		Time:    time.Unix(int64(sec), ns).UTC(),
		Link:    r.section.Interfaces[0].Link,
		OrigLen: int(orig),
		Data:    b[recordLen:n:n],
	}, nil
}
