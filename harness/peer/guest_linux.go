package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/useipsec/useipsec/harness/lab"
)

const (
	umlPath    = "/usr/bin/linux.uml"
	umlModules = "/usr/lib/uml/modules"
	umlMemory  = "128M"
)

// guestMAC is the guest's address on the wire; the control NIC's ends in 02.
var guestMAC = [6]byte{0x02, 0x75, 0x67, 0x00, 0x00, 0x01}

// guest is a running User-mode Linux with our agent as its first process. Its
// root file system is the host's, read-only.
type guest struct {
	proc    *lab.Process
	console string // file
	control *caller
}

// startGuest boots a guest on a tap in the instance's namespace and starts the
// daemon in it.
func (s *instance) startGuest(ctx context.Context) error {
	if err := lab.NewTap(s.ns, "wire0"); err != nil {
		return err
	}
	if err := s.tap(s.ns, "wire0", guestMAC); err != nil {
		return err
	}
	g, err := bootGuest(ctx, s.ns, s.dir.Path(), "wire0")
	if err != nil {
		return err
	}
	s.guest, s.done, s.apps = g, g.proc.Done(), guestApps{g}
	up, err := call[setUpReply](ctx, g.control, opSetUp, setUpArgs{Addr: s.env.Addr, Inner: s.env.Inner, MTU: s.env.MTU})
	if err != nil {
		return g.explain(err)
	}
	c, err := call[startReply](ctx, g.control, opStart, s.program)
	if err != nil {
		return g.explain(err)
	}
	s.daemon = guestDaemon{g}
	s.info.Version = c.Version
	s.info.Detail = "User-mode Linux " + up.Kernel + ", agent up after " + up.Booted + " s"
	if len(up.Failed) > 0 {
		s.info.Detail += fmt.Sprintf(", modules that did not load: %v", up.Failed)
	}
	return nil
}

// bootGuest starts User-mode Linux in ns and waits for its agent to call.
func bootGuest(ctx context.Context, ns *lab.Namespace, dir, wireTap string) (_ *guest, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("harness/peer: own binary: %w", err)
	}
	const controlTap = "control0"
	if err := lab.NewTap(ns, controlTap, controlHost); err != nil {
		return nil, err
	}
	var listener net.Listener
	err = ns.Do(func() (err error) {
		listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", netip.AddrPortFrom(controlHost.Addr(), 0).String())
		return
	})
	if err != nil {
		return nil, fmt.Errorf("harness/peer: control network: %w", err)
	}
	defer listener.Close()

	g := &guest{console: filepath.Join(dir, "console")}
	console, err := os.OpenFile(g.console, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("harness/peer: %w", err)
	}
	defer console.Close()
	mac := net.HardwareAddr(guestMAC[:])
	// The guest's processes are processes here. In a PID namespace they all go
	// with its first process, however that ends. The guest's kernel itself must
	// not be the first: there the signal with which it ends on a panic is void.
	cmd := exec.Command("/bin/sh", "-c", `"$@"; exit $?`, "guest", umlPath,
		"mem="+umlMemory, "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "init="+self,
		"uml_dir="+dir+"/uml/", "umid=guest", "con=null", "con0=null,fd:1", "ssl=null", "quiet", "zswap.enabled=0",
		guestWire+"=tuntap,"+wireTap+","+mac.String(), guestControl+"=tuntap,"+controlTap+",02:75:67:00:00:02",
		controlVariable+"="+listener.Addr().String())
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + dir}
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if g.proc, err = ns.Start(cmd); err != nil {
		return nil, err
	}
	conn, err := g.accept(ctx, listener)
	if err != nil {
		g.proc.Kill()
		return nil, g.explain(err)
	}
	g.control = newCaller(conn)
	go func() { // a guest that ends says no goodbye
		<-g.proc.Done()
		conn.Close()
	}()
	return g, nil
}

// accept waits for the agent, the guest's end or ctx's.
func (g *guest) accept(ctx context.Context, l net.Listener) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	accepted := make(chan struct{})
	defer close(accepted)
	go func() {
		select {
		case <-g.proc.Done():
			l.Close()
		case <-accepted:
		}
	}()
	conn, err := l.Accept()
	if err == nil {
		return conn, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("harness/peer: guest is not ready: %w", ctx.Err())
	}
	return nil, fmt.Errorf("%w: guest: %w", ErrEnded, errors.Join(g.proc.Err(), err))
}

// output is what the guest wrote to its console.
func (g *guest) output() ([]byte, error) {
	f, err := os.Open(g.console)
	if err != nil {
		return nil, fmt.Errorf("harness/peer: %w", err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}

// guestEnded begins the line with which the agent says how the daemon ended.
const guestEnded = "useipsec guest: ended: "

// ended is how the daemon in the guest ended.
func (g *guest) ended() string {
	console, _ := g.output()
	if _, how, found := strings.Cut(string(console), guestEnded); found {
		how, _, _ = strings.Cut(how, "\n")
		return strings.TrimSpace(how)
	}
	return "its guest ended"
}

// explain adds the end of the guest's console to err.
func (g *guest) explain(err error) error {
	if b, oerr := g.output(); oerr == nil {
		return fmt.Errorf("%w; console: %s", err, lastLines(b, 5))
	}
	return err
}

// close switches the guest off, and when it does not comply, kills it.
func (g *guest) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, err := call[nothing](ctx, g.control, opPowerOff, nothing{})
	if errors.Is(err, ErrEnded) {
		err = nil // the answer may be lost with the guest
	}
	select {
	case <-g.proc.Done():
	case <-ctx.Done():
		g.proc.Kill()
	}
	return err
}

// guestDaemon is the daemon in a guest.
type guestDaemon struct{ g *guest }

var _ daemon = guestDaemon{}

func (d guestDaemon) load(ctx context.Context, conf confFiles) error {
	r, err := call[textReply](ctx, d.g.control, opLoad, loadArgs{conf, timeLeft(ctx)})
	return r.failure(err)
}

func (d guestDaemon) control(ctx context.Context, args ...string) (string, error) {
	r, err := call[textReply](ctx, d.g.control, opControl, controlArgs{args, timeLeft(ctx)})
	return r.Text, r.failure(err)
}

func (r textReply) failure(err error) error {
	switch {
	case err != nil:
		return err
	case r.Ended:
		return fmt.Errorf("%w: in the guest: %s", ErrEnded, r.Failed)
	case r.Failed != "":
		return fmt.Errorf("%w: in the guest: %s", ErrCommand, r.Failed)
	}
	return nil
}

func (d guestDaemon) log(ctx context.Context) ([]byte, error) {
	r, err := call[logReply](ctx, d.g.control, opLog, nothing{})
	return r.Log, err
}

// stop leaves the daemon to the guest's end, which is a few steps away.
func (d guestDaemon) stop() error { return nil }

// timeLeft is how long the guest may take: a little less than ctx has.
func timeLeft(ctx context.Context) time.Duration {
	d, ok := ctx.Deadline()
	if !ok {
		return 30 * time.Second
	}
	return max(100*time.Millisecond, time.Until(d)-200*time.Millisecond)
}

// guestApps is the traffic of a guest.
type guestApps struct{ g *guest }

var _ lab.Apps = guestApps{}

func (a guestApps) Listen(ctx context.Context, proto string, at netip.AddrPort) (io.Closer, error) {
	r, err := call[listenReply](ctx, a.g.control, opListen, listenArgs{proto, at})
	if err != nil {
		return nil, err
	}
	return guestListener{a.g, r.ID}, nil
}

type guestListener struct {
	g  *guest
	id int
}

func (l guestListener) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, err := call[nothing](ctx, l.g.control, opUnlisten, listenReply{l.id})
	return err
}

func (a guestApps) Exchange(ctx context.Context, proto string, local, remote netip.AddrPort, payload []byte) ([]byte, error) {
	r, err := call[exchangeReply](ctx, a.g.control, opExchange, exchangeArgs{proto, local, remote, payload, timeLeft(ctx)})
	return r.Echo, err
}

func (a guestApps) SendUDP(ctx context.Context, local, remote netip.AddrPort, payload []byte) error {
	_, err := call[nothing](ctx, a.g.control, opSendUDP, sendArgs{local, remote, payload})
	return err
}
