package captures

import (
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// order is both halves of a byte order.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var orders = map[string]order{"little": binary.LittleEndian, "big": binary.BigEndian}

// pcapHeader builds the header of a classic pcap.
func pcapHeader(o order, magic uint32, link LinkType) []byte {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, 4)
	b = o.AppendUint64(b, 0)
	b = o.AppendUint32(b, 65535)
	return o.AppendUint32(b, uint32(link))
}

const (
	magicMicro = 0xa1b2c3d4
	magicNano  = 0xa1b23c4d
)

// record appends a packet record of a classic pcap.
func record(b []byte, o order, sec, frac uint32, data string, orig int) []byte {
	for _, v := range []uint32{sec, frac, uint32(len(data)), uint32(orig)} {
		b = o.AppendUint32(b, v)
	}
	return append(b, data...)
}

// words appends 32-bit values.
func words(o order, vs ...uint32) []byte {
	var b []byte
	for _, v := range vs {
		b = o.AppendUint32(b, v)
	}
	return b
}

// block builds a pcapng block and pads its body.
func block(o order, typ uint32, body ...[]byte) []byte {
	var all []byte
	for _, p := range body {
		all = append(all, p...)
	}
	for len(all)%4 != 0 {
		all = append(all, 0)
	}
	n := uint32(len(all) + minBlockLen)
	return append(append(words(o, typ, n), all...), words(o, n)...)
}

// opt builds an option.
func opt(o order, code uint16, value string) []byte {
	b := o.AppendUint16(nil, code)
	b = o.AppendUint16(b, uint16(len(value)))
	return append(b, padded(value)...)
}

func padded(s string) []byte { return append([]byte(s), zeros[:pad4(len(s))-len(s)]...) }

func endOfOptions(o order) []byte { return words(o, 0) }

func sectionBlock(o order, opts ...[]byte) []byte {
	body := [][]byte{words(o, byteOrderMagic), o.AppendUint16(nil, 1), o.AppendUint16(nil, 0), o.AppendUint64(nil, ^uint64(0))}
	return block(o, blockSection, append(body, opts...)...)
}

func interfaceBlock(o order, link LinkType, snapLen uint32, opts ...[]byte) []byte {
	body := [][]byte{o.AppendUint16(nil, uint16(link)), o.AppendUint16(nil, 0), words(o, snapLen)}
	return block(o, blockInterface, append(body, opts...)...)
}

func enhancedBlock(o order, iface uint32, ticks uint64, data string, orig int, opts ...[]byte) []byte {
	body := [][]byte{words(o, iface, uint32(ticks>>32), uint32(ticks), uint32(len(data)), uint32(orig)), padded(data)}
	return block(o, blockEnhanced, append(body, opts...)...)
}

// file joins parts.
func file(parts ...[]byte) string {
	var b strings.Builder
	for _, p := range parts {
		b.Write(p)
	}
	return b.String()
}

// readAll reads a whole file and returns its packets and the error it ends with.
func readAll(r io.Reader, lim Limits) (ps []Packet, section Section, err error) {
	rd, err := NewReader(r, lim)
	if err != nil {
		return nil, Section{}, err
	}
	for p, err := range rd.Packets() {
		if err != nil {
			return ps, rd.Section(), err
		}
		ps = append(ps, p.Clone())
	}
	return ps, rd.Section(), nil
}

// eachReader runs f on the file as several kinds of io.Reader deliver it.
func eachReader(t *testing.T, file string, f func(*testing.T, io.Reader)) {
	t.Helper()
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":       func(r io.Reader) io.Reader { return r },
		"octets":      iotest.OneByteReader,
		"early error": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) { f(t, wrap(strings.NewReader(file))) })
	}
}
