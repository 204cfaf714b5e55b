package lab

import (
	"container/heap"
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/harness/host"
)

// ErrIdle says that nothing will happen any more in a virtual lab, so waiting is pointless.
var ErrIdle = errors.New("harness/lab: nothing more can happen")

// latency is how long a packet takes over the virtual wire.
const latency = time.Millisecond

// Virtual is a lab in this process with a time of its own: it jumps from event to event, so
// hours pass in no time and two runs with the same randomness are the same. It has no
// goroutines; whoever waits drives it. It is not safe for concurrent use.
type Virtual struct {
	now    time.Time
	wire   *Wire
	events eventQueue
	seq    int
	nodes  []*virtualNode
}

// NewVirtual makes a virtual lab whose time begins at start.
func NewVirtual(start time.Time, tap Tap, p Path) *Virtual {
	v := &Virtual{now: start, wire: NewWire(tap, p)}
	v.wire.after = func(d time.Duration, f func(now time.Time)) { v.at(v.now.Add(d), func() { f(v.now) }) }
	return v
}

// Wire is where the hosts of the lab meet.
func (v *Virtual) Wire() *Wire { return v.wire }

// Now gives the lab's time.
func (v *Virtual) Now() time.Time { return v.now }

// Attach connects a host to a port of the wire. addrs are the addresses of its
// applications: the host's own, and the inner one in tunnel mode.
func (v *Virtual) Attach(p Port, h *host.Host, addrs ...netip.Addr) Node {
	n := &virtualNode{lab: v, port: p, host: h}
	n.apps = newVirtualApps(n, addrs)
	v.wire.Connect(p, func(ip []byte) {
		v.at(v.now.Add(latency), func() { n.output(h.FromWire(v.now, ip)) })
	})
	v.nodes = append(v.nodes, n)
	return n
}

// WithTimeout gives a context that ends when d of the lab's time has passed.
func (v *Virtual) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	v.at(v.now.Add(d), func() { cancel(context.DeadlineExceeded) })
	return ctx, func() { cancel(context.Canceled) }
}

// run lets time pass until cond holds.
func (v *Virtual) run(ctx context.Context, cond func() bool) error {
	for !cond() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if len(v.events) == 0 {
			return ErrIdle
		}
		e := heap.Pop(&v.events).(event)
		if e.at.After(v.now) {
			v.now = e.at
		}
		e.do()
		for _, n := range v.nodes {
			n.schedule()
		}
	}
	return nil
}

func (v *Virtual) at(t time.Time, do func()) {
	v.seq++
	heap.Push(&v.events, event{at: t, seq: v.seq, do: do})
}

type virtualNode struct {
	lab  *Virtual
	port Port
	host *host.Host
	apps *virtualApps
	due  time.Time // the tick that is scheduled
}

// schedule makes sure that the host is ticked when it wants to be.
func (n *virtualNode) schedule() {
	t, ok := n.host.Deadline()
	if !ok || t.Equal(n.due) {
		return
	}
	n.due = t
	n.lab.at(t, func() {
		n.due = time.Time{}
		n.output(n.host.Tick(n.lab.now))
	})
}

func (n *virtualNode) output(o host.Output) {
	for _, p := range o.Wire {
		n.lab.wire.Send(n.lab.now, n.port, p)
	}
	for _, p := range o.App {
		n.apps.receive(p)
	}
}

func (n *virtualNode) Do(action func(h *host.Host, now time.Time) (host.Output, error)) error {
	o, err := action(n.host, n.lab.now)
	n.output(o)
	n.schedule()
	return err
}

func (n *virtualNode) Await(ctx context.Context, cond func(h *host.Host) bool) error {
	return n.lab.run(ctx, func() bool { return cond(n.host) })
}

func (n *virtualNode) Apps() Apps { return n.apps }

func (n *virtualNode) Inject(ip []byte) { n.lab.wire.Send(n.lab.now, n.port, ip) }

// event is something that happens at a time; seq keeps the order of simultaneous ones.
type event struct {
	at  time.Time
	seq int
	do  func()
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].seq < q[j].seq
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return e
}
