package captures

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Block types (pcapng 11.1).
const (
	blockInterface = 0x00000001
	blockPacket    = 0x00000002 // obsolete, still written by some appliances
	blockSimple    = 0x00000003
	blockEnhanced  = 0x00000006
	blockSection   = 0x0A0D0D0A // the same in both byte orders
)

// The byte-order magic of a section header, as it reads in the right order.
const byteOrderMagic = 0x1A2B3C4D

// A block is its type, its total length, a body, and the total length again,
// each multiple of four octets (pcapng 3.1).
const (
	blockHeadLen = 8
	blockTailLen = 4
	minBlockLen  = blockHeadLen + blockTailLen
)

// nextBlock reads blocks up to and including the next one that holds a packet.
func (r *Reader) nextBlock() (Packet, error) {
	for {
		if r.atEnd() {
			return Packet{}, io.EOF
		}
		start := r.src.off
		h, err := r.need(start, "block header", blockHeadLen)
		if err != nil {
			return Packet{}, err
		}
		// A section header is the same in both byte orders and sets the order.
		typ, n := r.order.Uint32(h), r.order.Uint32(h[4:])
		switch typ {
		case blockSection:
			if err := r.readSection(); err != nil {
				return Packet{}, err
			}
		case blockInterface:
			body, err := r.body(start, typ, n)
			if err == nil {
				err = r.readInterface(start, body)
			}
			if err != nil {
				return Packet{}, err
			}
		case blockEnhanced, blockPacket, blockSimple:
			body, err := r.body(start, typ, n)
			if err != nil {
				return Packet{}, err
			}
			return r.packet(start, typ, body)
		default:
			if err := r.skipBlock(start, typ, n); err != nil {
				return Packet{}, err
			}
		}
	}
}

// readSection reads a section header block: byte-order magic, version, section
// length, options (pcapng 4.1). The section length is of no use to a reader that
// goes through every block, and files exist in which it is wrong.
func (r *Reader) readSection() error {
	start := r.src.off
	h, err := r.need(start, "section header", blockHeadLen+4)
	if err != nil {
		return err
	}
	switch uint32(byteOrderMagic) {
	case binary.LittleEndian.Uint32(h[8:]):
		r.order = binary.LittleEndian
	case binary.BigEndian.Uint32(h[8:]):
		r.order = binary.BigEndian
	default:
		return r.corrupt(start, "section header has byte-order magic %#08x (pcapng 4.1)", binary.BigEndian.Uint32(h[8:]))
	}
	body, err := r.body(start, blockSection, r.order.Uint32(h[4:]))
	if err != nil {
		return err
	}
	if len(body) < 16 {
		return r.corrupt(start, "section header of %d octets, at least 16 are needed (pcapng 4.1)", len(body))
	}
	if major := r.order.Uint16(body[4:]); major != 1 {
		return r.fail(start, fmt.Errorf("%w: pcapng version %d.%d, only 1 is known", ErrFormat, major, r.order.Uint16(body[6:])))
	}
	r.section, r.clocks = Section{}, r.clocks[:0]
	opts := options{b: body[16:], order: r.order}
	for opts.next() {
		switch opts.code {
		case optComment:
			r.section.Comment = join(r.section.Comment, opts.value)
		case optUserAppl:
			r.section.Application = string(opts.value)
		}
	}
	return nil
}

// readInterface reads an interface description block: link type, reserved,
// snapshot length, options (pcapng 4.2).
func (r *Reader) readInterface(start int64, body []byte) error {
	if len(body) < 8 {
		return r.corrupt(start, "interface description of %d octets, at least 8 are needed (pcapng 4.2)", len(body))
	}
	if len(r.clocks) == r.lim.MaxInterfaces {
		return r.fail(start, fmt.Errorf("%w: more than %s in one section", ErrLimit, count(r.lim.MaxInterfaces, "interface")))
	}
	i := Interface{Link: LinkType(r.order.Uint16(body)), SnapLen: r.order.Uint32(body[4:])}
	c := clock{units: 1e6}
	opts := options{b: body[8:], order: r.order}
	for opts.next() {
		switch v := opts.value; {
		case opts.code == optIfName:
			i.Name = string(v)
		case opts.code == optIfTSResol && len(v) == 1:
			units, ok := resolution(v[0])
			if !ok {
				return r.corrupt(start, "timestamp resolution %#02x is finer than 64 bits can count (pcapng 4.2)", v[0])
			}
			c.units = units
		case opts.code == optIfTSOffset && len(v) == 8:
			c.offset = int64(r.order.Uint64(v))
		}
	}
	if opts.bad { // unlike in a packet: the clock may be in the part that is lost
		return r.corrupt(start, "interface description has an option that is longer than the block (pcapng 3.5)")
	}
	r.section.Interfaces = append(r.section.Interfaces, i)
	r.clocks = append(r.clocks, c)
	return nil
}

// packet reads the body of any of the three blocks that hold a packet: enhanced
// (pcapng 4.3), simple (4.4) and the obsolete one (appendix A).
func (r *Reader) packet(start int64, typ uint32, body []byte) (Packet, error) {
	fixed := 20
	if typ == blockSimple {
		fixed = 4
	}
	if len(body) < fixed {
		return Packet{}, r.corrupt(start, "packet block of %d octets, at least %d are needed (pcapng 4.3)", len(body), fixed)
	}
	var iface, captured, orig uint32
	switch typ {
	case blockEnhanced:
		iface = r.order.Uint32(body)
	case blockPacket:
		iface = uint32(r.order.Uint16(body))
	}
	if uint64(iface) >= uint64(len(r.clocks)) {
		return Packet{}, r.corrupt(start, "packet refers to interface %d, %s described so far (pcapng 4.3)", iface, count(len(r.clocks), "interface"))
	}
	info := &r.section.Interfaces[iface]
	p := Packet{Iface: int(iface), Link: info.Link}
	if typ == blockSimple {
		orig = r.order.Uint32(body)
		// The captured length is not given: the original length, cut to the snapshot length.
		captured = orig
		if info.SnapLen != 0 {
			captured = min(captured, info.SnapLen)
		}
	} else {
		ticks := uint64(r.order.Uint32(body[4:]))<<32 | uint64(r.order.Uint32(body[8:]))
		p.Time = r.clocks[iface].time(ticks)
		captured, orig = r.order.Uint32(body[12:]), r.order.Uint32(body[16:])
	}
	if err := r.checkPacketLen(start, captured); err != nil {
		return Packet{}, err
	}
	body = body[fixed:]
	if uint64(captured) > uint64(len(body)) {
		return Packet{}, r.corrupt(start, "packet of %d octets in a block with room for %d (pcapng 4.3)", captured, len(body))
	}
	n := int(captured)
	p.OrigLen, p.Data = int(orig), body[:n:n]
	if typ != blockSimple {
		r.packetOptions(&p, body[min(pad4(n), len(body)):])
	}
	return p, nil
}

// packetOptions reads comments and direction. An option that is longer than the
// block ends them without an error: the packet itself is sound, and evidence.
func (r *Reader) packetOptions(p *Packet, b []byte) {
	opts := options{b: b, order: r.order}
	for opts.next() {
		switch {
		case opts.code == optComment:
			p.Comment = join(p.Comment, opts.value)
		case opts.code == optPacketFlags && len(opts.value) == 4:
			if d := Dir(r.order.Uint32(opts.value) & 3); d != 3 {
				p.Dir = d
			}
		}
	}
}

// body consumes a block that is to be understood and returns what is between
// its two total lengths.
func (r *Reader) body(start int64, typ, n uint32) ([]byte, error) {
	if err := r.checkBlockLen(start, typ, n); err != nil {
		return nil, err
	}
	if most := minBlockLen + 20 + pad4(r.lim.MaxPacket) + r.lim.MaxOptions; uint64(n) > uint64(most) {
		return nil, r.fail(start, fmt.Errorf("%w: block of type %#x with %d octets, at most %d are accepted; the file is damaged here unless its packets or comments are that long", ErrLimit, typ, n, most))
	}
	b, err := r.need(start, "block", int(n))
	if err != nil {
		return nil, err
	}
	if err := r.checkBlockTail(start, typ, n, b[n-blockTailLen:]); err != nil {
		return nil, err
	}
	r.src.advance(int(n))
	return b[blockHeadLen : n-blockTailLen], nil
}

// skipBlock consumes a block of no interest, however long it is.
func (r *Reader) skipBlock(start int64, typ, n uint32) error {
	if err := r.checkBlockLen(start, typ, n); err != nil {
		return err
	}
	most := int64(n) - blockTailLen
	if have, err := r.src.skip(most); err == io.EOF {
		return r.truncated(start, "block", int(n), int(have))
	} else if err != nil {
		return r.fail(r.src.off, err)
	}
	tail, err := r.need(start, "end of block", blockTailLen)
	if err != nil {
		return err
	}
	if err := r.checkBlockTail(start, typ, n, tail); err != nil {
		return err
	}
	r.src.advance(blockTailLen)
	return nil
}

func (r *Reader) checkBlockLen(start int64, typ, n uint32) error {
	if n < minBlockLen || n%4 != 0 {
		return r.corrupt(start, "block of type %#x with length %d, which is no multiple of 4 from %d on (pcapng 3.1)", typ, n, minBlockLen)
	}
	return nil
}

func (r *Reader) checkBlockTail(start int64, typ, n uint32, tail []byte) error {
	if again := r.order.Uint32(tail); again != n {
		return r.corrupt(start, "block of type %#x has length %d before its body and %d after it (pcapng 3.1)", typ, n, again)
	}
	return nil
}
