package live

import (
	"errors"
)

// MaxFrame is room enough for any frame: 64 KiB of IP packet, an Ethernet header
// and two VLAN tags. A frame longer than the buffer given to ReadFrame is cut.
const MaxFrame = 64<<10 + 14 + 2*4

// ErrUnsupported is wrapped by every error of [Open] on an operating system
// without packet sockets.
var ErrUnsupported = errors.New("live capture needs Linux")

// Stats counts frames since Open.
type Stats struct {
	Received uint64 // frames the kernel had for the tap, those dropped included
	Dropped  uint64 // frames lost because nobody read them in time
}

// Option changes how a tap is opened.
type Option func(*config)

type config struct {
	ignoreOutgoing bool
	receiveBuffer  int // octets
}

// IgnoreOutgoing makes ReadFrame pass over what the machine itself sends on the
// interface.
func IgnoreOutgoing() Option { return func(c *config) { c.ignoreOutgoing = true } }

// ReceiveBuffer sets how many octets may wait to be read, the kernel's overhead
// included; 8 MiB by default. Without CAP_NET_ADMIN the kernel grants no more than
// net.core.rmem_max.
func ReceiveBuffer(octets int) Option { return func(c *config) { c.receiveBuffer = octets } }

func configure(opts []Option) config {
	c := config{receiveBuffer: 8 << 20}
	for _, o := range opts {
		o(&c)
	}
	return c
}
