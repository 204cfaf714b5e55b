package lab

import (
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Namespace is an anonymous network namespace. Nothing but this process and
// the processes started in it hold it, so a run that is killed leaves nothing
// behind: the kernel takes the namespace down with its last holder, and every
// device in it.
//
// One operating system thread is bound to the namespace for its whole life.
// Children are forked from that thread, which makes their parent-death signal
// mean "the namespace was closed or this process died".
//
// Its methods may be called from any goroutine.
type Namespace struct {
	name string
	fd   netns.NsHandle
	nl   *netlink.Handle

	calls  chan func()
	served chan struct{} // closed when the thread has left its loop

	mu       sync.Mutex
	closed   bool
	children map[*Process]struct{}
}

// NewNamespace creates a namespace with loopback up. The name appears in error
// messages only.
func NewNamespace(name string) (*Namespace, error) {
	n := &Namespace{
		name:     name,
		calls:    make(chan func()),
		served:   make(chan struct{}),
		children: make(map[*Process]struct{}),
	}
	ready := make(chan error)
	go n.serve(ready)
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("harness/lab: namespace %s: %w", name, err)
	}
	if err := n.setUp(); err != nil {
		n.Close()
		return nil, fmt.Errorf("harness/lab: namespace %s: %w", name, err)
	}
	return n, nil
}

// serve is the namespace's thread. It is never unlocked: when serve returns the
// runtime throws the thread away instead of reusing it in the wrong namespace.
func (n *Namespace) serve(ready chan<- error) {
	runtime.LockOSThread()
	defer close(n.served)
	fd, err := netns.New()
	n.fd = fd
	ready <- err
	if err != nil {
		return
	}
	for f := range n.calls {
		f()
	}
}

func (n *Namespace) setUp() error {
	nl, err := netlink.NewHandleAt(n.fd, unix.NETLINK_ROUTE, unix.NETLINK_XFRM)
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	n.nl = nl
	lo, err := nl.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	if err := nl.LinkSetUp(lo); err != nil {
		return fmt.Errorf("loopback up: %w", err)
	}
	return nil
}

// Name returns the name given to NewNamespace.
func (n *Namespace) Name() string { return n.name }

// Netlink returns a handle whose requests act on the namespace from any thread.
// It is valid until Close.
func (n *Namespace) Netlink() *netlink.Handle { return n.nl }

// Path returns a path that names the namespace for other programs
// (nsenter --net=PATH) while this process lives and the namespace is open.
func (n *Namespace) Path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), int(n.fd)) }

// Do runs f on the namespace's thread and returns its error. Sockets, devices
// and /proc/sys/net entries that f opens belong to the namespace. Calls are
// served one at a time: f must not block for long and must not call Do.
func (n *Namespace) Do(f func() error) error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return fmt.Errorf("%w: %s", ErrNamespaceClosed, n.name)
	}
	done := make(chan error, 1)
	call := func() { done <- f() }
	// The lock is held while the call is handed over, so Close cannot close
	// the channel under it.
	n.calls <- call
	n.mu.Unlock()
	return <-done
}

// Enter runs f on a thread of its own inside the namespace, for work that may
// block, such as connecting a socket.
func (n *Namespace) Enter(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := netns.Set(n.fd); err != nil {
			done <- fmt.Errorf("harness/lab: enter namespace %s: %w", n.name, err)
			return
		}
		done <- f()
	}()
	return <-done
}

// Sysctl writes a value below /proc/sys/net in the namespace; key is the path
// there, as in "ipv4/conf/all/rp_filter".
func (n *Namespace) Sysctl(key, value string) error {
	return n.Do(func() error {
		if err := os.WriteFile("/proc/sys/net/"+key, []byte(value), 0); err != nil {
			return fmt.Errorf("harness/lab: sysctl: %w", err)
		}
		return nil
	})
}

// Close gives the namespace up. It kills nothing: with children still running
// it changes nothing and returns ErrChildrenRunning, because ending the thread
// would kill them behind their owner's back. A second Close returns nil.
func (n *Namespace) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil
	}
	if k := len(n.children); k > 0 {
		n.mu.Unlock()
		return fmt.Errorf("%w: %s has %d", ErrChildrenRunning, n.name, k)
	}
	n.closed = true
	close(n.calls)
	n.mu.Unlock()
	<-n.served
	if n.nl != nil {
		n.nl.Close()
	}
	return n.fd.Close()
}
