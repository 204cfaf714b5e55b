package peer

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// The control protocol between the harness and the agent in a guest: a stream of
// JSON objects each way over one TCP connection, which the guest opens when it
// is up. Requests are served concurrently. When the connection breaks, the guest
// powers off.

// controlVariable is how a process recognises that it is a guest's init; its
// value is where to connect to. User-mode Linux gives it from its command line.
const controlVariable = "USEIPSEC_GUEST_CONTROL"

// The control network between a guest and its namespace.
var (
	controlHost  = netip.MustParsePrefix("169.254.75.1/30")
	controlGuest = netip.MustParsePrefix("169.254.75.2/30")
)

const (
	guestWire    = "eth0"
	guestControl = "eth1"
)

type (
	// setUpArgs describe the guest's end of the wire.
	setUpArgs struct {
		Addr, Inner netip.Prefix
		MTU         int
	}
	setUpReply struct {
		Kernel string   // release
		Booted string   // seconds since the kernel started, when the agent connected
		Failed []string // modules that did not load
	}
	startReply struct{ Version string }
	loadArgs   struct {
		Conf confFiles
		Time time.Duration
	}
	controlArgs struct {
		Args []string
		Time time.Duration
	}
	// textReply is what a program printed; Failed is its failure.
	textReply struct {
		Text   string
		Failed string
		Ended  bool // the daemon itself is gone
	}
	logReply   struct{ Log []byte }
	listenArgs struct {
		Proto string
		At    netip.AddrPort
	}
	listenReply  struct{ ID int }
	exchangeArgs struct {
		Proto         string
		Local, Remote netip.AddrPort
		Payload       []byte
		Time          time.Duration
	}
	exchangeReply struct{ Echo []byte }
	sendArgs      struct {
		Local, Remote netip.AddrPort
		Payload       []byte
	}
	nothing struct{}
)

// Operations.
const (
	opSetUp    = "set up"
	opStart    = "start"
	opLoad     = "load"
	opControl  = "control"
	opLog      = "log"
	opListen   = "listen"
	opUnlisten = "unlisten"
	opExchange = "exchange"
	opSendUDP  = "send udp"
	opPowerOff = "power off"
)

type request struct {
	ID   uint64
	Op   string
	Args json.RawMessage
}

type response struct {
	ID     uint64
	Failed string `json:",omitempty"`
	Result json.RawMessage
}

// caller is the harness's side of the protocol.
type caller struct {
	conn net.Conn
	gone chan struct{} // closed when the connection has broken

	mu      sync.Mutex // of everything below, and of writing
	enc     *json.Encoder
	last    uint64
	waiting map[uint64]chan response
}

func newCaller(conn net.Conn) *caller {
	c := &caller{conn: conn, gone: make(chan struct{}), enc: json.NewEncoder(conn), waiting: make(map[uint64]chan response)}
	go c.read()
	return c
}

func (c *caller) read() {
	defer close(c.gone)
	for dec := json.NewDecoder(c.conn); ; {
		var r response
		if dec.Decode(&r) != nil {
			return
		}
		c.mu.Lock()
		if answer := c.waiting[r.ID]; answer != nil {
			answer <- r // has room for one
			delete(c.waiting, r.ID)
		}
		c.mu.Unlock()
	}
}

// call has the guest do op and waits for its result.
func call[T any](ctx context.Context, c *caller, op string, args any) (result T, err error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return result, err
	}
	answer := make(chan response, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	c.waiting[id] = answer
	err = c.enc.Encode(request{id, op, raw})
	c.mu.Unlock()
	if err != nil {
		return result, fmt.Errorf("%w: guest: %s: %w", ErrEnded, op, err)
	}
	select {
	case r := <-answer:
		if r.Failed != "" {
			return result, fmt.Errorf("harness/peer: guest: %s", r.Failed)
		}
		return result, json.Unmarshal(r.Result, &result)
	case <-c.gone:
		return result, fmt.Errorf("%w: guest: connection lost during %s", ErrEnded, op)
	case <-ctx.Done():
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
		return result, fmt.Errorf("harness/peer: guest: %s: %w", op, ctx.Err())
	}
}

// serve answers requests on conn until it breaks.
func serve(conn net.Conn, handle func(op string, args json.RawMessage) (any, error)) {
	var mu sync.Mutex
	enc := json.NewEncoder(conn)
	for dec := json.NewDecoder(conn); ; {
		var q request
		if dec.Decode(&q) != nil {
			return
		}
		go func() {
			r := response{ID: q.ID}
			result, err := handle(q.Op, q.Args)
			if err == nil {
				r.Result, err = json.Marshal(result)
			}
			if err != nil {
				r.Failed = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			_ = enc.Encode(r)
		}()
	}
}
