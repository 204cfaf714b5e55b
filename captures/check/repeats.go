package check

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// What comes again, by which silence is told.

// repeat counts a message under p, or one that belongs to no ISAKMP SA.
func (c *outcome) repeat(p *dissect.Phase1, frame int, fresh bool) {
	if c.repeats == nil {
		c.repeats = map[*dissect.Phase1]*tally{}
	}
	if t := c.repeats[p]; t == nil || fresh {
		if len(c.repeats) >= maxNegotiations && t == nil {
			return
		}
		c.repeats[p] = &tally{}
	}
	c.repeats[p].add(frame, "")
}

// fragment counts a message in fragments, of which some are missing, by the one that
// it begins with.
func (c *outcome) fragment(m *dissect.ISAKMP) {
	i := slices.IndexFunc(c.phase1, func(p *dissect.Phase1) bool { return p.CookieI == m.Header.CookieI })
	from := m.Src.Addr()
	before := c.pieces[from]
	if i < 0 || before != nil && m.Fragment.Number > before.Number {
		return
	}
	if c.pieces == nil {
		c.pieces = map[netip.Addr]*wire.Fragment{}
	}
	if before != nil || len(c.pieces) < maxNegotiations {
		c.pieces[from] = m.Fragment
	}
	c.repeat(c.phase1[i], m.Frame, before == nil || !bytes.Equal(before.Data, m.Fragment.Data))
}

// repeated is what c.repeat counted under p since the last step forward.
func (c *outcome) repeated(p *dissect.Phase1) *tally {
	if t := c.repeats[p]; t != nil {
		return t
	}
	return &tally{}
}
