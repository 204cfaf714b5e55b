package captures

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// ErrPacket is wrapped by the errors of [Writer.WritePacket] that are about the
// packet. Nothing of it has been written then, and the Writer remains usable.
var ErrPacket = errors.New("packet cannot be written")

// Writer writes a pcapng file of one section with timestamps in nanoseconds. It
// buffers: call [Writer.Flush] before closing what it writes to. It is not safe
// for concurrent use.
type Writer struct {
	w      *bufio.Writer
	ifaces []Interface
	head   []byte // scratch: what goes before a packet's data
	tail   []byte // scratch: what goes after it
}

// NewWriter writes the section header and the description of every interface of
// s, of which there must be at least one. It keeps nothing of s.
func NewWriter(w io.Writer, s Section) (*Writer, error) {
	if len(s.Interfaces) == 0 {
		return nil, errors.New("captures: a section needs at least one interface (pcapng 4.2)")
	}
	b, err := appendSection(nil, s)
	if err != nil {
		return nil, fmt.Errorf("captures: section header: %w", err)
	}
	for _, i := range s.Interfaces {
		if b, err = appendInterface(b, i); err != nil {
			return nil, fmt.Errorf("captures: interface %q: %w", i.Name, err)
		}
	}
	pw := &Writer{w: bufio.NewWriterSize(w, sourceSize), ifaces: append([]Interface(nil), s.Interfaces...)}
	if _, err := pw.w.Write(b); err != nil {
		return nil, fmt.Errorf("captures: %w", err)
	}
	return pw, nil
}

// WritePacket writes p as an enhanced packet block (pcapng 4.3) with its
// direction and comment. p.Number is ignored; p.Link is held against the
// interface's unless it is 0; an OrigLen below len(p.Data) becomes len(p.Data); the
// zero Time is written as 1970-01-01. Errors wrap [ErrPacket] or are those of the
// underlying writer.
func (w *Writer) WritePacket(p Packet) error {
	if err := w.check(p); err != nil {
		return fmt.Errorf("captures: %w: %w", ErrPacket, err)
	}
	var ticks uint64
	if !p.Time.IsZero() {
		ticks = uint64(p.Time.UnixNano())
	}
	le := binary.LittleEndian
	h := le.AppendUint32(w.head[:0], blockEnhanced)
	h = le.AppendUint32(h, 0) // the block's length, below
	h = le.AppendUint32(h, uint32(p.Iface))
	h = le.AppendUint32(h, uint32(ticks>>32))
	h = le.AppendUint32(h, uint32(ticks))
	h = le.AppendUint32(h, uint32(len(p.Data)))
	h = le.AppendUint32(h, uint32(max(p.OrigLen, len(p.Data))))

	t := append(w.tail[:0], zeros[:pad4(len(p.Data))-len(p.Data)]...)
	if p.Dir != DirUnknown || p.Comment != "" {
		if p.Dir != DirUnknown {
			t = le.AppendUint16(t, optPacketFlags)
			t = le.AppendUint16(t, 4)
			t = le.AppendUint32(t, uint32(p.Dir))
		}
		if p.Comment != "" {
			t = appendOption(t, optComment, p.Comment)
		}
		t = le.AppendUint32(t, optEnd)
	}
	n := uint32(len(h) + len(p.Data) + len(t) + blockTailLen)
	le.PutUint32(h[4:], n)
	t = le.AppendUint32(t, n)
	w.head, w.tail = h, t

	for _, part := range [...][]byte{h, p.Data, t} {
		if _, err := w.w.Write(part); err != nil {
			return fmt.Errorf("captures: %w", err)
		}
	}
	return nil
}

// Flush writes what is buffered to the underlying writer.
func (w *Writer) Flush() error {
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("captures: %w", err)
	}
	return nil
}

// The last moment that nanoseconds since 1970 in an int64 can tell.
var lastTime = time.Unix(0, math.MaxInt64)

func (w *Writer) check(p Packet) error {
	switch {
	case p.Iface < 0 || p.Iface >= len(w.ifaces):
		return fmt.Errorf("interface %d, the section has %d", p.Iface, len(w.ifaces))
	case p.Link != 0 && p.Link != w.ifaces[p.Iface].Link:
		return fmt.Errorf("link type %v on interface %d of link type %v", p.Link, p.Iface, w.ifaces[p.Iface].Link)
	case len(p.Data) > defaultMaxPacket:
		return fmt.Errorf("%d octets, readers accept %d", len(p.Data), defaultMaxPacket)
	case uint64(max(p.OrigLen, 0)) > math.MaxUint32:
		return fmt.Errorf("original length %d", p.OrigLen)
	case p.Dir > DirOut:
		return fmt.Errorf("direction %v", p.Dir)
	case !p.Time.IsZero() && (p.Time.Unix() < 0 || p.Time.After(lastTime)):
		return fmt.Errorf("time %v is not between 1970 and 2262", p.Time)
	}
	return checkOption("comment", p.Comment)
}

var zeros [4]byte

// appendBlock appends the block of type typ whose body the function appends.
func appendBlock(b []byte, typ uint32, body func([]byte) []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, typ)
	b = body(append(b, zeros[:]...))
	n := uint32(len(b) - start + blockTailLen)
	binary.LittleEndian.PutUint32(b[start+4:], n)
	return binary.LittleEndian.AppendUint32(b, n)
}

func appendSection(b []byte, s Section) ([]byte, error) {
	if err := errors.Join(checkOption("comment", s.Comment), checkOption("application", s.Application)); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	return appendBlock(b, blockSection, func(b []byte) []byte {
		b = le.AppendUint32(b, byteOrderMagic)
		b = le.AppendUint16(b, 1)              // major version
		b = le.AppendUint16(b, 0)              // minor version
		b = le.AppendUint64(b, math.MaxUint64) // section length: not known in advance
		if s.Comment != "" {
			b = appendOption(b, optComment, s.Comment)
		}
		if s.Application != "" {
			b = appendOption(b, optUserAppl, s.Application)
		}
		return le.AppendUint32(b, optEnd)
	}), nil
}

func appendInterface(b []byte, i Interface) ([]byte, error) {
	if err := checkOption("name", i.Name); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	return appendBlock(b, blockInterface, func(b []byte) []byte {
		b = le.AppendUint16(b, uint16(i.Link))
		b = le.AppendUint16(b, 0) // reserved
		b = le.AppendUint32(b, i.SnapLen)
		if i.Name != "" {
			b = appendOption(b, optIfName, i.Name)
		}
		b = appendOption(b, optIfTSResol, "\x09") // 10^-9 s
		return le.AppendUint32(b, optEnd)
	}), nil
}

// appendOption appends an option whose value checkOption has seen.
func appendOption(b []byte, code uint16, value string) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return append(b, zeros[:pad4(len(value))-len(value)]...)
}

// checkOption reports a value too long for an option's 16 bits of length.
func checkOption(what, value string) error {
	if len(value) > math.MaxUint16 {
		return fmt.Errorf("%s of %d octets, at most %d fit an option (pcapng 3.5)", what, len(value), math.MaxUint16)
	}
	return nil
}
