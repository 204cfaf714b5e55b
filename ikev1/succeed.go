package ikev1

import (
	"net/netip"
	"time"
)

// An ISAKMP SA may be replaced while the IPsec SAs negotiated under it live on (RFC 2408 4.3). The two ends keep both for
// a while, and either may be used for a Delete or a quick mode in that time.

// children are the live pairs of IPsec SAs, oldest first: of one ISAKMP SA, or of several that follow each other.
type children struct{ list []*Child }

// Succeed makes s the heir of an ISAKMP SA with the same peer. The children belong to both from then on: a Delete under
// either is understood, and as long as s stands it is s that replaces them and tells the peer when their time is over.
func (s *Session) Succeed(old *Session) {
	for h := s; h != nil; h = h.heir {
		if h == old {
			return
		}
	}
	if old.kids != s.kids {
		old.kids.list = append(old.kids.list, s.kids.list...)
		s.kids = old.kids
	}
	old.heir = s
}

// succeeded tells whether another Session looks after the children.
func (s *Session) succeeded() bool {
	for h := s.heir; h != nil; h = h.heir {
		if h.authenticated() {
			return true
		}
	}
	return false
}

// Forget ends the Session, with the children that no heir looks after, without telling the peer: it has said that it
// knows nothing of them (RFC 2407 4.6.3.3).
func (s *Session) Forget(now time.Time) {
	s.now = now
	s.orphan()
	_ = s.gone()
}

// orphan removes the children unless they have somebody else.
func (s *Session) orphan() {
	if s.succeeded() {
		return
	}
	for _, c := range s.Children() {
		s.removeChild(c)
	}
}

// Moved tells the Session where an authenticated ESP packet of its children came from. A peer behind a NAT is followed
// there (RFC 3947 7), anybody else is not.
func (s *Session) Moved(now time.Time, from netip.AddrPort) {
	s.now = now
	if s.state == StateEstablished {
		s.remap(Datagram{Local: s.local, Remote: from})
	}
}

// childOverlap is how long a child is kept that was replaced because of its kilobytes.
const childOverlap = 30 * time.Second

// Carried tells the Session how many octets a child has carried, both directions together. A child with a lifetime in
// kilobytes is replaced in time, where Config.Rekey says so, and deleted at the end (RFC 2407 4.5).
func (s *Session) Carried(now time.Time, c *Child, octets uint64) ([]Datagram, error) {
	s.now = now
	limit := c.Kilobytes * 1024
	switch {
	case limit == 0 || s.childBySPIIn(c.SPIIn) != c || s.state != StateEstablished:
		return nil, nil
	case octets >= limit:
		return s.DeleteChild(now, c.SPIIn)
	case s.replaces(c) && float64(octets) >= float64(limit)*rekeyAt:
		c.rekeyed = true
		if end := now.Add(childOverlap); end.Before(c.expires) {
			c.expires = end // unused, it would never carry the rest
		}
		return s.StartQuick(now, c.Policy)
	}
	return nil, nil
}
