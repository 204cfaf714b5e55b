package captures

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"
)

// Limits bounds what a [Reader] accepts. A zero field means its default.
type Limits struct {
	// MaxPacket is the most octets of one frame: by default 262144, as Wireshark
	// has it. Whatever a file gives as its snapshot length is not trusted.
	MaxPacket int
	// MaxOptions is the most octets of options in one pcapng block (comments,
	// interface names): by default 131072.
	MaxOptions int
	// MaxInterfaces is the most interfaces in one pcapng section: by default 1024.
	MaxInterfaces int
}

const (
	defaultMaxPacket     = 256 << 10
	defaultMaxOptions    = 128 << 10
	defaultMaxInterfaces = 1 << 10
)

func (l Limits) withDefaults() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.MaxPacket, defaultMaxPacket)
	set(&l.MaxOptions, defaultMaxOptions)
	set(&l.MaxInterfaces, defaultMaxInterfaces)
	return l
}

// Reader reads the packets of a pcap or pcapng file in order. It is not safe for
// concurrent use.
type Reader struct {
	src     source
	lim     Limits
	order   binary.ByteOrder // of the file, or of the current section
	next    func() (Packet, error)
	section Section
	clocks  []clock // parallel to section.Interfaces
	packets int
	err     error // sticky; io.EOF at the end
}

// NewReader recognises the format by its first octets and reads the file header.
// Errors are *[ReadError]: [ErrEmpty], [ErrFormat], or those of [Reader.Next].
func NewReader(r io.Reader, lim Limits) (*Reader, error) {
	rd := &Reader{src: newSource(r), lim: lim.withDefaults()}
	if err := rd.open(); err != nil {
		return nil, err
	}
	return rd, nil
}

// open looks at the magic number and reads the header it announces.
func (r *Reader) open() error {
	magic, err := r.src.peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return r.fail(r.src.off, err)
	}
	if len(magic) == 0 {
		return r.fail(0, ErrEmpty)
	}
	for _, f := range formats {
		if f.magic != string(magic) {
			continue
		}
		r.order = f.order
		if f.units == 0 {
			r.next = r.nextBlock
			return r.readSection()
		}
		r.next = r.nextRecord
		return r.readPcapHeader(f.units)
	}
	for _, f := range formats {
		if len(magic) < len(f.magic) && f.magic[:len(magic)] == string(magic) {
			return r.truncated(0, "file header", pcapHeaderLen, len(magic))
		}
	}
	head, _ := r.src.peek(64)
	return r.fail(0, fmt.Errorf("%w: %s", ErrFormat, looksLike(head)))
}

// Next returns the next packet, whose Data is valid until the following call.
// At the end of the file the error is io.EOF. Every other error is a *[ReadError]
// and final: [ErrTruncated] when the file ends early, [ErrCorrupt] when it
// contradicts itself, [ErrLimit] when it exceeds a limit, [ErrFormat] when a later
// section is of an unknown version, or that of the underlying reader.
func (r *Reader) Next() (Packet, error) {
	if r.err != nil {
		return Packet{}, r.err
	}
	p, err := r.next()
	if err != nil {
		r.err = err
		return Packet{}, err
	}
	r.packets++
	p.Number = r.packets
	if p.Dir == DirUnknown {
		p.Dir = cookedDir(p.Link, p.Data)
	}
	return p, nil
}

// Packets returns the packets from the current position on. A clean end of the
// file just ends the sequence; any other error is its last element, with a zero
// Packet.
func (r *Reader) Packets() iter.Seq2[Packet, error] {
	return func(yield func(Packet, error) bool) {
		for {
			p, err := r.Next()
			if err == io.EOF || !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// Section returns what is known so far about the current section: all of it
// for pcap; for pcapng the interfaces described before the current position.
func (r *Reader) Section() Section {
	s := r.section
	s.Interfaces = slices.Clone(s.Interfaces)
	return s
}

// need returns the next n octets and leaves them unconsumed. start is the offset
// of the structure that needs them, for the error.
func (r *Reader) need(start int64, what string, n int) ([]byte, error) {
	b, err := r.src.peek(n)
	if err == nil {
		return b, nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, r.truncated(start, what, n, len(b))
	}
	return nil, r.fail(r.src.off+int64(len(b)), err)
}

// atEnd reports a clean end of the file: no octet follows.
func (r *Reader) atEnd() bool {
	b, err := r.src.peek(1)
	return len(b) == 0 && err == io.EOF
}

func (r *Reader) fail(offset int64, err error) error {
	return &ReadError{Offset: offset, Packets: r.packets, Err: err}
}

func (r *Reader) truncated(start int64, what string, want, have int) error {
	return r.fail(start, fmt.Errorf("%w: %s needs %s, the file ends after %d; "+
		"what precedes it is complete: copy the file again once its recorder has stopped", ErrTruncated, what, count(want, "octet"), have))
}

func (r *Reader) corrupt(start int64, format string, args ...any) error {
	return r.fail(start, fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...)))
}

// checkPacketLen holds the captured length of a frame against the limit.
func (r *Reader) checkPacketLen(start int64, n uint32) error {
	if uint64(n) <= uint64(r.lim.MaxPacket) {
		return nil
	}
	return r.fail(start, fmt.Errorf("%w: packet of %d octets, at most %d are accepted; the file is damaged here unless its frames are that long", ErrLimit, n, r.lim.MaxPacket))
}

// cookedDir reads the direction from a Linux cooked header: the packet type at
// octet 0 of SLL and octet 10 of SLL2, 0 to 2 towards us, 4 from us.
func cookedDir(l LinkType, b []byte) Dir {
	var t uint16
	switch {
	case l == LinkSLL && len(b) >= 2:
		t = binary.BigEndian.Uint16(b)
	case l == LinkSLL2 && len(b) >= 11:
		t = uint16(b[10])
	default:
		return DirUnknown
	}
	switch t {
	case 0, 1, 2:
		return DirIn
	case 4:
		return DirOut
	}
	return DirUnknown
}

// clock turns an interface's timestamps into times.
type clock struct {
	units  uint64 // ticks per second, never 0
	offset int64  // seconds to add (if_tsoffset)
}

// The years 1 to 9999, in seconds from 1970: what time.Time can print.
const minSeconds, maxSeconds = -62135596800, 253402300799

// time returns the zero Time for what lies outside the years 1 to 9999.
func (c clock) time(ticks uint64) time.Time {
	sec, rem := ticks/c.units, ticks%c.units
	if sec > maxSeconds-minSeconds || c.offset < minSeconds || c.offset > maxSeconds {
		return time.Time{}
	}
	s := int64(sec) + c.offset
	if s < minSeconds || s > maxSeconds {
		return time.Time{}
	}
	return time.Unix(s, fraction(rem, c.units)).UTC()
}
