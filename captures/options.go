package captures

import "encoding/binary"

// Option codes (pcapng 3.5, 4.1, 4.2, 4.3).
const (
	optEnd         = 0
	optComment     = 1
	optUserAppl    = 4  // in a section header
	optIfName      = 2  // in an interface description
	optIfTSResol   = 9  // in an interface description
	optIfTSOffset  = 14 // in an interface description
	optPacketFlags = 2  // in a packet block
)

const optHeadLen = 4

// options walks over a list of options: code, length, value, padding to a
// multiple of four octets. The list ends with optEnd or with the block.
type options struct {
	b     []byte
	order binary.ByteOrder
	code  uint16
	value []byte // aliases b
	bad   bool   // the list ended inside an option
}

func (o *options) next() bool {
	if len(o.b) < optHeadLen {
		return false
	}
	o.code = o.order.Uint16(o.b)
	n := int(o.order.Uint16(o.b[2:]))
	if o.code == optEnd {
		return false
	}
	o.b = o.b[optHeadLen:]
	if n > len(o.b) {
		o.bad = true
		return false
	}
	o.value = o.b[:n]
	o.b = o.b[min(pad4(n), len(o.b)):]
	return true
}

// resolution returns the ticks per second that if_tsresol means: a power of ten,
// or of two when the top bit is set. It fails when a second does not fit 64 bits.
func resolution(v byte) (units uint64, ok bool) {
	exp := v & 0x7f
	if v&0x80 != 0 {
		return 1 << exp, exp < 64
	}
	units = 1
	for range exp {
		units *= 10
	}
	return units, exp < 20
}

// pad4 rounds n up to a multiple of four.
func pad4(n int) int { return (n + 3) &^ 3 }

// join appends a comment to those before it.
func join(comments string, next []byte) string {
	if comments == "" {
		return string(next)
	}
	return comments + "\n" + string(next)
}
