package host

import (
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1"
)

// carrier is a child with its two SAs, which count what they carry.
type carrier struct {
	child   *ikev1.Child
	in, out *esp.SA
}

// carrier finds the child whose inbound or outbound SA has an SPI: the newest, should there be several.
func (h *Host) carrier(inbound bool, spi uint32) *carrier {
	for _, k := range slices.Backward(h.carriers) {
		if inbound && k.child.SPIIn == spi || !inbound && k.child.SPIOut == spi {
			return k
		}
	}
	return nil
}

// count tells the session of a child what that has carried, after a packet of it: its lifetime may be in kilobytes.
func (h *Host) count(now time.Time, k *carrier) Output {
	if k == nil || k.child.Kilobytes == 0 {
		return Output{}
	}
	s := h.keeper(k.child)
	if s == nil {
		return Output{}
	}
	_, in := k.in.Usage()
	_, out := k.out.Usage()
	ds, err := s.Carried(now, k.child, in+out)
	_ = h.failed(err)
	return h.toWire(ds)
}

// keeper is the newest session that a child belongs to.
func (h *Host) keeper(c *ikev1.Child) *session {
	for _, s := range slices.Backward(h.sessions) {
		if s.State() == ikev1.StateEstablished && slices.Contains(s.Children(), c) {
			return s
		}
	}
	return nil
}

// moved tells the session of a child that its peer sends from elsewhere.
func (h *Host) moved(now time.Time, k *carrier, from netip.AddrPort) {
	if k == nil {
		return
	}
	if s := h.keeper(k.child); s != nil {
		s.Moved(now, from)
	}
}
