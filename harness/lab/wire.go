// Package lab is where hosts meet: the wire between them, which is always in this process
// and tapped, and what stands at its ends. In the virtual lab that is hosts without I/O in
// virtual time; in the netns lab namespaces of this machine, with veth, TUN and real time.
package lab

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/useipsec/useipsec/captures/evidence"
)

// Port is a place on the wire where a host is connected.
type Port int

// Tap sees every packet on the wire, at the time it passes there. ip is the whole IP packet; it
// must not be kept or changed.
type Tap func(at time.Time, from Port, ip []byte)

// Path is what a wire is beside a cable. The zero value is nothing.
//
// The tap stands before the host at port Tapped, or before the NAT which that host is behind: it
// sees what the host sends and what reaches it, neither more nor less, so that nothing that
// befalls a packet on the wire can be taken for the host's doing. The faults are on the other
// side of the tap, the other host with its NAT, if it has one, beyond them.
type Path struct {
	Tapped Port
	NAT    *NAT
	Faults []Fault
	Record func(evidence.Incident) // told of everything that was done to a packet; nil: nobody
}

// Wire connects two hosts. What one port sends reaches the other over the path; the tap sees it on the way.
type Wire struct {
	mu      sync.Mutex
	deliver [2]func(ip []byte)
	stages  []stage // from port 0 to port 1
	nat     *nat
	after   func(d time.Duration, f func(now time.Time))
}

// stage is a place on the wire. pass takes a packet and returns what goes on from there at once;
// what goes on later is given to later.
type stage interface {
	pass(at time.Time, from Port, ip []byte, later func(d time.Duration, release func(now time.Time) [][]byte)) [][]byte
}

// NewWire makes a wire nobody is connected to, in real time.
func NewWire(tap Tap, p Path) *Wire {
	w := &Wire{after: func(d time.Duration, f func(time.Time)) { time.AfterFunc(d, func() { f(time.Now()) }) }}
	record := func(i evidence.Incident) {
		if p.Record != nil {
			p.Record(i)
		}
	}
	if tap != nil {
		w.stages = append(w.stages, tap)
	}
	// Written down from the tapped port on, which is 0 or has the rest before it.
	if len(p.Faults) > 0 {
		w.stages = append(w.stages, newFaults(p.Faults, record))
	}
	if p.NAT != nil {
		w.nat = newNAT(*p.NAT, record)
		if p.NAT.Behind == p.Tapped {
			w.stages = slices.Insert(w.stages, 0, stage(w.nat))
		} else {
			w.stages = append(w.stages, w.nat)
		}
	}
	if p.Tapped == 1 {
		slices.Reverse(w.stages)
	}
	return w
}

// Connect gives packets for the port to deliver, which owns them.
func (w *Wire) Connect(p Port, deliver func(ip []byte)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deliver[p] = deliver
}

// Send takes a packet from the host at a port. The wire owns it from here on.
func (w *Wire) Send(at time.Time, from Port, ip []byte) {
	w.travel(0, from, func() ([][]byte, time.Time) { return [][]byte{ip}, at })
}

// travel takes packets from a place on the wire to the other end. step counts the stages in their direction.
func (w *Wire) travel(step int, from Port, take func() ([][]byte, time.Time)) {
	w.mu.Lock()
	packets, at := take()
	for ; step < len(w.stages) && len(packets) > 0; step++ {
		s := w.stages[step]
		if from == 1 {
			s = w.stages[len(w.stages)-1-step]
		}
		next := step + 1
		later := func(d time.Duration, release func(time.Time) [][]byte) {
			w.after(d, func(now time.Time) {
				w.travel(next, from, func() ([][]byte, time.Time) { return release(now), now })
			})
		}
		var out [][]byte
		for _, ip := range packets {
			out = append(out, s.pass(at, from, ip, later)...)
		}
		packets = out
	}
	to := w.deliver[1-from]
	w.mu.Unlock()
	if to == nil {
		return
	}
	for _, ip := range packets {
		to(ip)
	}
}

// Rebind has the NAT forget its mappings and give out other ports from now on.
func (w *Wire) Rebind(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.nat != nil {
		w.nat.rebind(at)
	}
}

func (t Tap) pass(at time.Time, from Port, ip []byte, _ func(time.Duration, func(time.Time) [][]byte)) [][]byte {
	t(at, from, ip)
	return [][]byte{ip}
}

// MarkerPort is where marker packets go: discard (RFC 863).
const MarkerPort = 9

// Addressing is who is where on the wire, and behind it in tunnel mode.
type Addressing struct {
	Harness, Peer           netip.Addr
	HarnessInner, PeerInner netip.Addr
	Bits                    int // prefix length of the wire's network

	// Outside is the address of a NAT, where one stands before either end.
	Outside netip.Addr
}

// DefaultAddressing is the same in every lab that the harness makes itself (RFC 5737, RFC 1918), and so is
// DefaultAddressing6 (RFC 3849).
var (
	DefaultAddressing = Addressing{
		Harness: netip.MustParseAddr("192.0.2.1"), Peer: netip.MustParseAddr("192.0.2.2"), Bits: 24,
		HarnessInner: netip.MustParseAddr("10.1.0.1"), PeerInner: netip.MustParseAddr("10.2.0.1"),
		Outside: netip.MustParseAddr("198.51.100.7"),
	}
	DefaultAddressing6 = Addressing{
		Harness: netip.MustParseAddr("2001:db8::1"), Peer: netip.MustParseAddr("2001:db8::2"), Bits: 64,
		HarnessInner: netip.MustParseAddr("2001:db8:1::1"), PeerInner: netip.MustParseAddr("2001:db8:2::1"),
	}
)
