package esp

import (
	"bytes"
	"fmt"
	"slices"
)

// Info is what Open learned besides the payload.
type Info struct {
	SPI, Seq   uint32
	NextHeader uint8
}

// parts are the fields of a packet, aliasing it.
type parts struct {
	Header
	iv, body, icv []byte
	covered       []byte // by the ICV
}

// split cuts a packet by the suite's lengths; ErrTruncated when it is shorter than
// the fields it must have.
func (sa *SA) split(pkt []byte) (parts, error) {
	h, err := ParseHeader(pkt)
	if err != nil {
		return parts{}, err
	}
	p := parts{Header: h}
	if least := HeaderLen + sa.ivLen + 2 + sa.icvLen; len(pkt) < least {
		return p, fmt.Errorf("esp: SPI %#08x sequence %d: packet of %d octets < %d for %v: %w (RFC 2406 2)",
			h.SPI, h.Seq, len(pkt), least, sa.params.Suite, ErrTruncated)
	}
	end := len(pkt) - sa.icvLen
	p.iv = pkt[HeaderLen : HeaderLen+sa.ivLen]
	p.body = pkt[HeaderLen+sa.ivLen : end]
	p.icv = pkt[end:]
	p.covered = pkt[:end]
	return p, nil
}

// Open verifies and decrypts pkt, SPI to ICV, appends the payload to dst and returns
// the extended slice. In this order, as RFC 2406 3.4 has it: SPI, window, ICV, window
// again, decryption, padding. dst must not overlap pkt; its room must be len(pkt) for
// Open not to allocate.
//
// Errors wrap ErrTruncated, ErrSPI, ErrReplay, ErrICV, ErrAlignment, ErrPadding or
// ErrUnsupported (Params.InspectOnly); dst is then returned as it was. Info holds SPI
// and sequence number as soon as the packet has them.
func (sa *SA) Open(dst, pkt []byte) ([]byte, Info, error) {
	if err := sa.usableFor(ESP); err != nil {
		return dst, Info{}, err
	}
	p, err := sa.split(pkt)
	info := Info{SPI: p.SPI, Seq: p.Seq}
	if err != nil {
		return dst, info, err
	}
	if err := sa.authenticate(p); err != nil {
		return dst, info, err
	}
	if len(p.body)%sa.align != 0 {
		return dst, info, sa.drop(p.Header, ErrAlignment, "2.4")
	}
	out, plain := sa.decrypt(dst, p)
	payload, pad, ok := trim(plain)
	if !ok || !sa.params.Deviations.AcceptBadPadding && !isMonotonic(pad) {
		return dst, info, sa.drop(p.Header, ErrPadding, "2.4")
	}
	info.NextHeader = plain[len(plain)-1]
	sa.last = max(sa.last, p.Seq)
	sa.packets++
	sa.octets += uint64(len(payload))
	return out[:len(dst)+len(payload)], info, nil
}

// authenticate is everything that comes before decryption.
func (sa *SA) authenticate(p parts) error {
	d := &sa.params.Deviations
	if p.SPI != sa.params.SPI {
		return sa.drop(p.Header, ErrSPI, "3.4.2")
	}
	if !d.AcceptReplay && !sa.window.Fresh(p.Seq) {
		return sa.drop(p.Header, ErrReplay, "3.4.3")
	}
	if d.AdvanceOnBadICV {
		sa.window.Mark(p.Seq)
	}
	if sa.mac != nil && !verifies(sa.mac, p.covered, p.icv) && !d.AcceptBadICV {
		return sa.drop(p.Header, ErrICV, "3.4.4")
	}
	sa.window.Mark(p.Seq)
	return nil
}

func (sa *SA) drop(h Header, err error, section string) error {
	return fmt.Errorf("esp: SPI %#08x sequence %d: %w (RFC 2406 %s)", h.SPI, h.Seq, err, section)
}

// decrypt appends the plaintext, trailer included, to dst.
func (sa *SA) decrypt(dst []byte, p parts) (out, plain []byte) {
	out = slices.Grow(dst, len(p.body))[:len(dst)+len(p.body)]
	plain = out[len(dst):]
	sa.crypt.decrypt(plain, p.iv, p.body)
	return out, plain
}

// trim cuts the trailer off plain, which has at least two octets. When Pad Length
// exceeds what there is, ok is false and everything before it counts as payload.
func trim(plain []byte) (payload, pad []byte, ok bool) {
	end := len(plain) - 2
	n := int(plain[end])
	if n > end {
		return plain[:end], nil, false
	}
	return plain[:end-n], plain[end-n : end], true
}

func isMonotonic(pad []byte) bool { return bytes.Equal(pad, monotonic[:len(pad)]) }
