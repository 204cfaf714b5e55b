package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/useipsec/useipsec/harness/lab"
)

// agentDir holds the daemon's files, on the guest's tmpfs.
const agentDir = "/run/useipsec"

// agent serves the control protocol inside a guest.
type agent struct {
	failed []string // modules that did not load
	apps   lab.Apps

	mu        sync.Mutex
	daemon    localDaemon
	last      int
	listeners map[int]io.Closer
}

// handle does one request.
func (a *agent) handle(op string, raw json.RawMessage) (any, error) {
	switch op {
	case opSetUp:
		return with(raw, a.setUp)
	case opStart:
		return with(raw, a.start)
	case opLoad:
		return with(raw, a.load)
	case opControl:
		return with(raw, a.control)
	case opLog:
		return with(raw, a.log)
	case opListen:
		return with(raw, a.listen)
	case opUnlisten:
		return with(raw, a.unlisten)
	case opExchange:
		return with(raw, a.exchange)
	case opSendUDP:
		return with(raw, a.sendUDP)
	case opPowerOff:
		return with(raw, func(nothing) (nothing, error) { powerOff(); return nothing{}, nil })
	}
	return nil, fmt.Errorf("no operation %q", op)
}

func with[A, R any](raw json.RawMessage, f func(A) (R, error)) (any, error) {
	var args A
	if err := json.Unmarshal(raw, &args); err != nil {
		return nil, err
	}
	return f(args)
}

// setUp gives the guest its addresses and opens its end of the wire.
func (a *agent) setUp(c setUpArgs) (setUpReply, error) {
	r := setUpReply{Booted: upTime(), Failed: a.failed}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return r, err
	}
	r.Kernel = unix.ByteSliceToString(uts.Release[:])
	quiet := "1"
	if c.Addr.Addr().Is6() || c.Inner.Addr().Is6() {
		quiet = "0"
	}
	for key, value := range map[string]string{
		"ipv6/conf/" + guestWire + "/disable_ipv6": quiet,
		"ipv6/conf/" + guestWire + "/accept_ra":    "0",
		"ipv4/conf/all/rp_filter":                  "0",
		"ipv4/conf/" + guestWire + "/rp_filter":    "0",
		acquireLifetime:                            acquireSeconds,
	} {
		if err := guestSysctl(key, value); err != nil {
			return r, err
		}
	}
	if err := lab.ConfigureDevice(guestWire, c.MTU, []netip.Prefix{c.Addr}, true); err != nil {
		return r, err
	}
	if c.Inner.IsValid() {
		return r, lab.ConfigureDevice("lo", 0, []netip.Prefix{c.Inner}, false)
	}
	return r, nil
}

func (a *agent) start(p program) (startReply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := os.MkdirAll(agentDir, 0o700); err != nil {
		return startReply{}, err
	}
	d, err := p.start(ctx, agentDir, lab.StartProcess)
	if err != nil {
		return startReply{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.daemon = d
	s := d.running()
	go func() { // a guest without its daemon is of no use: whoever waits for it learns it
		<-d.ended()
		text := fmt.Sprintf("%s: %v\nit last wrote: %s", p.Name, s.proc.Err(), s.lastWords())
		fmt.Println(guestEnded + text)
		powerOff()
	}()
	return startReply{Version: s.version}, nil
}

func (a *agent) started() (localDaemon, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.daemon == nil {
		return nil, errors.New("no daemon was started")
	}
	return a.daemon, nil
}

// reply keeps what kind of failure it was, which an error's text would lose.
func reply(text string, err error) (textReply, error) {
	r := textReply{Text: text}
	if err != nil {
		r.Failed, r.Ended = err.Error(), errors.Is(err, ErrEnded)
	}
	return r, nil
}

func (a *agent) load(c loadArgs) (textReply, error) {
	d, err := a.started()
	if err != nil {
		return textReply{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Time)
	defer cancel()
	return reply("", d.load(ctx, c.Conf))
}

func (a *agent) control(c controlArgs) (textReply, error) {
	d, err := a.started()
	if err != nil {
		return textReply{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Time)
	defer cancel()
	return reply(d.control(ctx, c.Args...))
}

func (a *agent) log(nothing) (logReply, error) {
	d, err := a.started()
	if err != nil {
		return logReply{}, err
	}
	log, err := d.log(context.Background())
	return logReply{log}, err
}

func (a *agent) listen(c listenArgs) (listenReply, error) {
	l, err := a.apps.Listen(context.Background(), c.Proto, c.At)
	if err != nil {
		return listenReply{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.listeners == nil {
		a.listeners = make(map[int]io.Closer)
	}
	a.last++
	a.listeners[a.last] = l
	return listenReply{a.last}, nil
}

func (a *agent) unlisten(c listenReply) (nothing, error) {
	a.mu.Lock()
	l := a.listeners[c.ID]
	delete(a.listeners, c.ID)
	a.mu.Unlock()
	if l == nil {
		return nothing{}, nil
	}
	return nothing{}, l.Close()
}

func (a *agent) exchange(c exchangeArgs) (exchangeReply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.Time)
	defer cancel()
	echo, err := a.apps.Exchange(ctx, c.Proto, c.Local, c.Remote, c.Payload)
	return exchangeReply{echo}, err
}

func (a *agent) sendUDP(c sendArgs) (nothing, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return nothing{}, a.apps.SendUDP(ctx, c.Local, c.Remote, c.Payload)
}
