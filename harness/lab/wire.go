// Package lab is where hosts meet: the wire between them, which is always in this process
// and tapped, and what stands at its ends. In the virtual lab that is hosts without I/O in
// virtual time; in the netns lab namespaces of this machine, with veth, TUN and real time.
package lab

import (
	"net/netip"
	"sync"
	"time"
)

// Port is a place on the wire where a host is connected.
type Port int

// Tap sees every packet on the wire, at the time it enters it. ip is the whole IP packet; it
// must not be kept or changed.
type Tap func(at time.Time, from Port, ip []byte)

// Wire connects two hosts. What one port sends, the other receives, and the tap sees it in between.
type Wire struct {
	// Address translation, loss and the other faults of a path belong here, between the tap and the delivery.
	mu      sync.Mutex
	tap     Tap
	deliver [2]func(ip []byte)
}

// NewWire makes a wire nobody is connected to.
func NewWire(tap Tap) *Wire { return &Wire{tap: tap} }

// Connect gives packets for the port to deliver, which owns them.
func (w *Wire) Connect(p Port, deliver func(ip []byte)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deliver[p] = deliver
}

// Send takes a packet from the host at a port. The wire owns it from here on.
func (w *Wire) Send(at time.Time, from Port, ip []byte) {
	w.mu.Lock()
	if w.tap != nil {
		w.tap(at, from, ip)
	}
	to := w.deliver[1-from]
	w.mu.Unlock()
	if to != nil {
		to(ip)
	}
}

// MarkerPort is where marker packets go: discard (RFC 863).
const MarkerPort = 9

// Addressing is who is where on the wire, and behind it in tunnel mode.
type Addressing struct {
	Harness, Peer           netip.Addr
	HarnessInner, PeerInner netip.Addr
	Bits                    int // prefix length of the wire's network
}

// DefaultAddressing is the same in every lab that the harness makes itself (RFC 5737, RFC 1918), and so is
// DefaultAddressing6 (RFC 3849).
var (
	DefaultAddressing = Addressing{
		Harness: netip.MustParseAddr("192.0.2.1"), Peer: netip.MustParseAddr("192.0.2.2"), Bits: 24,
		HarnessInner: netip.MustParseAddr("10.1.0.1"), PeerInner: netip.MustParseAddr("10.2.0.1"),
	}
	DefaultAddressing6 = Addressing{
		Harness: netip.MustParseAddr("2001:db8::1"), Peer: netip.MustParseAddr("2001:db8::2"), Bits: 64,
		HarnessInner: netip.MustParseAddr("2001:db8:1::1"), PeerInner: netip.MustParseAddr("2001:db8:2::1"),
	}
)
