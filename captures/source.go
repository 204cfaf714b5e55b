package captures

import (
	"io"
)

// source is the buffer between an io.Reader and the formats. It differs from
// bufio.Reader in that its buffer grows to hold what peek asks for, and only as
// fast as octets really arrive: a length field alone never allocates.
type source struct {
	r        io.Reader
	buf      []byte
	pos, end int   // buf[pos:end] has been read and not been consumed
	off      int64 // offset in the file of buf[pos]
	err      error // what ended r; io.EOF at the end of the file
}

const sourceSize = 64 << 10

func newSource(r io.Reader) source { return source{r: r, buf: make([]byte, sourceSize)} }

// peek returns the next n octets without consuming them, or as many as there
// are together with the reason, io.EOF at the end of the file. The slice is valid
// until the next peek or skip that needs more than is buffered.
func (s *source) peek(n int) ([]byte, error) {
	for s.end-s.pos < n && s.err == nil {
		s.fill(n)
	}
	if have := s.end - s.pos; have < n {
		return s.buf[s.pos:s.end], s.err
	}
	return s.buf[s.pos : s.pos+n : s.pos+n], nil
}

// fill reads once, first making room: by moving what is left to the front, or
// by doubling a buffer that is full of it.
func (s *source) fill(n int) {
	if s.end == len(s.buf) || s.pos == s.end {
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if s.end == len(s.buf) {
		grown := make([]byte, min(2*len(s.buf), max(n, sourceSize)))
		copy(grown, s.buf)
		s.buf = grown
	}
	for range 100 {
		m, err := s.r.Read(s.buf[s.end:])
		if m < 0 || m > len(s.buf)-s.end {
			s.err = io.ErrNoProgress // the reader breaks io.Reader's contract
			return
		}
		s.end += m
		s.err = err
		if m > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// advance consumes n octets that peek has returned.
func (s *source) advance(n int) {
	s.pos += n
	s.off += int64(n)
}

// skip consumes n octets that need not fit the buffer and returns how many
// there were; fewer than n come with the reason.
func (s *source) skip(n int64) (int64, error) {
	left := n
	for left > 0 {
		if s.pos == s.end {
			if s.err != nil {
				return n - left, s.err
			}
			s.fill(1)
		}
		m := min(left, int64(s.end-s.pos))
		s.advance(int(m))
		left -= m
	}
	return n, nil
}
