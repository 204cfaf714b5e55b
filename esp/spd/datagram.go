package spd

import (
	"bytes"
	"slices"
)

// MaxDatagram is the longest payload an IP datagram can have, in octets.
const MaxDatagram = 65535

// Datagram is the payload of an IP datagram that comes in fragments (RFC 791 3.2,
// RFC 8200 4.5). The zero value is one of which nothing has come.
type Datagram struct {
	data  []byte // holes included
	have  []span // ascending, apart from each other
	total int    // length, once ended
	ended bool   // the last fragment has come
}

type span struct{ from, to int }

// Add enters the octets b, which it copies, from an offset; last says that nothing
// comes behind them. It reports false, and the datagram is of no more use, if they
// contradict what is there, or exceed MaxDatagram.
func (g *Datagram) Add(from int, b []byte, last bool) bool {
	to := from + len(b)
	if from < 0 || to > MaxDatagram || last && g.ended && g.total != to || g.ended && to > g.total {
		return false
	}
	if last {
		if len(g.have) > 0 && g.have[len(g.have)-1].to > to {
			return false
		}
		g.total, g.ended = to, true
	}
	if to > len(g.data) {
		g.data = slices.Grow(g.data, to-len(g.data))[:to]
	}
	i := 0
	for i < len(g.have) && g.have[i].to < from {
		i++
	}
	merged := span{from, to}
	j := i
	for ; j < len(g.have) && g.have[j].from <= to; j++ {
		s := g.have[j]
		lo, hi := max(s.from, from), min(s.to, to)
		if lo < hi && !bytes.Equal(g.data[lo:hi], b[lo-from:hi-from]) {
			return false
		}
		merged = span{min(merged.from, s.from), max(merged.to, s.to)}
	}
	copy(g.data[from:], b)
	g.have = slices.Replace(g.have, i, j, merged)
	return true
}

// Octets counts what is there.
func (g *Datagram) Octets() int {
	n := 0
	for _, s := range g.have {
		n += s.to - s.from
	}
	return n
}

// Whole returns the payload once nothing of it is missing. It is valid as long as
// nothing is added.
func (g *Datagram) Whole() ([]byte, bool) {
	if !g.ended || len(g.have) != 1 || g.have[0] != (span{0, g.total}) {
		return nil, false
	}
	return g.data[:g.total], true
}
