package esp

// DefaultWindow is the anti-replay window in packets that RFC 2406 3.4.3 prefers;
// 32 is the least it allows.
const DefaultWindow = 64

// wordBits is the size of one word of the bitmap.
const wordBits = 64

// Window is an anti-replay window (RFC 2406 3.4.3). It covers exactly its size in
// sequence numbers, the highest verified one included. The bitmap is a ring of
// words with one to spare, so that advancing clears whole words and never shifts
// (RFC 6479). The zero value accepts everything; it is the window switched off.
type Window struct {
	size uint32
	top  uint32 // highest sequence number marked
	bits []uint64
}

// NewWindow returns a window over size packets. A size of 0 or less is off.
func NewWindow(size int) Window {
	if size <= 0 {
		return Window{}
	}
	return Window{size: uint32(size), bits: make([]uint64, (size+wordBits-1)/wordBits+1)}
}

// Size returns the packets that the window covers, 0 when it is off.
func (w *Window) Size() int { return int(w.size) }

// Top returns the highest sequence number marked, 0 when there was none.
func (w *Window) Top() uint32 { return w.top }

// Fresh reports whether seq is neither 0, nor left of the window, nor marked. It
// changes nothing.
func (w *Window) Fresh(seq uint32) bool {
	switch {
	case w.size == 0:
		return true
	case seq == 0:
		return false
	case seq > w.top:
		return true
	case w.top-seq >= w.size:
		return false
	}
	return *w.word(seq)&bit(seq) == 0
}

// Mark records seq as received and moves the window when seq is beyond its right
// edge. To be called only when the ICV of the packet has been verified. It reports
// what Fresh reported before; a number that was not fresh changes nothing.
func (w *Window) Mark(seq uint32) bool {
	if !w.Fresh(seq) {
		return false
	}
	if w.size == 0 {
		return true
	}
	if seq > w.top {
		// Clear the words that the ring enters: what they held is out of the window.
		steps := min(seq/wordBits-w.top/wordBits, uint32(len(w.bits)))
		for i := range steps {
			*w.word(w.top + (i+1)*wordBits) = 0
		}
		w.top = seq
	}
	*w.word(seq) |= bit(seq)
	return true
}

func (w *Window) word(seq uint32) *uint64 {
	return &w.bits[seq/wordBits%uint32(len(w.bits))]
}

func bit(seq uint32) uint64 { return 1 << (seq % wordBits) }
