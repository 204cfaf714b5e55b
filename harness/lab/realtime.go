package lab

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/useipsec/useipsec/harness/host"
)

// queueLen is how many packets may wait for a host before the wire drops, as a real queue does.
const queueLen = 1024

// pump delivers packets in order on a goroutine of its own, so that a host that answers at
// once does not find itself locked.
type pump struct {
	queue chan []byte
	stop  chan struct{}
	once  sync.Once
	wg    sync.WaitGroup
}

func newPump(deliver func(ip []byte)) *pump {
	p := &pump{queue: make(chan []byte, queueLen), stop: make(chan struct{})}
	p.wg.Go(func() {
		for {
			select {
			case ip := <-p.queue:
				deliver(ip)
			case <-p.stop:
				return
			}
		}
	})
	return p
}

func (p *pump) put(ip []byte) {
	select {
	case p.queue <- ip:
	default:
	}
}

func (p *pump) close() {
	p.once.Do(func() { close(p.stop) })
	p.wg.Wait()
}

// HostNode runs a reference host in real time: the device is where its applications are (a
// TUN device), the wire is where its peer is.
type HostNode struct {
	wire *Wire
	port Port
	apps Apps
	dev  io.ReadWriteCloser
	in   *pump
	wg   sync.WaitGroup

	mu      sync.Mutex
	host    *host.Host
	changed chan struct{} // closed and replaced whenever the host did something
	timer   *time.Timer
	closed  bool
}

// NewHostNode connects a host to a port of the wire and to the device of its applications.
// It owns the device from here on.
func NewHostNode(w *Wire, p Port, h *host.Host, dev io.ReadWriteCloser, apps Apps) *HostNode {
	n := &HostNode{wire: w, port: p, apps: apps, dev: dev, host: h, changed: make(chan struct{})}
	n.timer = time.AfterFunc(time.Hour, n.tick)
	n.timer.Stop()
	n.in = newPump(func(ip []byte) {
		_ = n.do(func(h *host.Host, now time.Time) (host.Output, error) { return h.FromWire(now, ip), nil })
	})
	w.Connect(p, n.in.put)
	n.wg.Go(n.readDevice)
	return n
}

func (n *HostNode) readDevice() {
	buf := make([]byte, 1<<16)
	for {
		k, err := n.dev.Read(buf)
		if err != nil {
			return
		}
		ip := append([]byte(nil), buf[:k]...)
		_ = n.do(func(h *host.Host, now time.Time) (host.Output, error) { return h.FromApp(now, ip), nil })
	}
}

func (n *HostNode) tick() {
	_ = n.do(func(h *host.Host, now time.Time) (host.Output, error) { return h.Tick(now), nil })
}

// do runs an action under the lock, sends what comes of it, sets the timer and wakes whoever waits.
func (n *HostNode) do(action func(h *host.Host, now time.Time) (host.Output, error)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return errClosed
	}
	now := time.Now()
	o, err := action(n.host, now)
	for _, p := range o.Wire {
		n.wire.Send(now, n.port, p)
	}
	for _, p := range o.App {
		_, _ = n.dev.Write(p) // a full device queue loses packets, as networks do
	}
	if t, ok := n.host.Deadline(); ok {
		n.timer.Reset(max(time.Until(t), 0))
	} else {
		n.timer.Stop()
	}
	close(n.changed)
	n.changed = make(chan struct{})
	return err
}

var errClosed = errors.New("harness/lab: the host is stopped")

// Do implements Node.
func (n *HostNode) Do(action func(h *host.Host, now time.Time) (host.Output, error)) error {
	return n.do(action)
}

// Await implements Node.
func (n *HostNode) Await(ctx context.Context, cond func(h *host.Host) bool) error {
	for {
		n.mu.Lock()
		ok, changed, closed := cond(n.host), n.changed, n.closed
		n.mu.Unlock()
		switch {
		case ok:
			return nil
		case closed:
			return errClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Apps implements Node.
func (n *HostNode) Apps() Apps { return n.apps }

// Inject implements Node.
func (n *HostNode) Inject(ip []byte) { n.wire.Send(time.Now(), n.port, ip) }

// Close stops the host and closes its device. Nothing of it runs when Close returns.
func (n *HostNode) Close() error {
	n.mu.Lock()
	already := n.closed
	n.closed = true
	n.timer.Stop()
	if !already {
		close(n.changed)
		n.changed = make(chan struct{})
	}
	n.mu.Unlock()
	if already {
		return nil
	}
	n.wire.Connect(n.port, nil)
	err := n.dev.Close()
	n.in.close()
	n.wg.Wait()
	return err
}

// LinkNode carries packets between a link, behind which a real peer is, and whichever wire
// it is attached to: a peer outlives the trials it takes part in.
type LinkNode struct {
	link Link
	out  *pump
	wg   sync.WaitGroup

	mu   sync.Mutex
	wire *Wire
	port Port
}

// NewLinkNode begins to read the link. It owns the link from here on. What the peer sends
// while no wire is attached is lost.
func NewLinkNode(l Link) *LinkNode {
	n := &LinkNode{link: l}
	n.out = newPump(func(ip []byte) { _ = l.Send(ip) })
	n.wg.Go(n.read)
	return n
}

func (n *LinkNode) read() {
	buf := make([]byte, 1<<16)
	for {
		k, at, err := n.link.Receive(buf)
		if err != nil {
			return
		}
		n.mu.Lock()
		w, p := n.wire, n.port
		n.mu.Unlock()
		if w != nil {
			w.Send(at, p, append([]byte(nil), buf[:k]...))
		}
	}
}

// Attach connects the link to a port of a wire.
func (n *LinkNode) Attach(w *Wire, p Port) {
	n.mu.Lock()
	n.wire, n.port = w, p
	n.mu.Unlock()
	w.Connect(p, n.out.put)
}

// Detach takes it off the wire. Nothing of the peer reaches that wire afterwards.
func (n *LinkNode) Detach() {
	n.mu.Lock()
	w, p := n.wire, n.port
	n.wire = nil
	n.mu.Unlock()
	if w != nil {
		w.Connect(p, nil)
	}
}

// Close stops carrying and closes the link.
func (n *LinkNode) Close() error {
	n.Detach()
	err := n.link.Close()
	n.out.close()
	n.wg.Wait()
	return err
}
