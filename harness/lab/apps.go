package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Apps is the traffic of a host: what its applications send and answer, over
// the host's own network stack and so through its IPsec.
type Apps interface {
	// Listen serves the echo protocol at an address of the host until the closer
	// is closed. proto is "tcp" or "udp".
	Listen(ctx context.Context, proto string, at netip.AddrPort) (io.Closer, error)
	// Exchange sends payload from local (port 0: any) to an echo server at remote,
	// reads as many octets back and closes. proto is "tcp" or "udp"; a datagram
	// is repeated every EchoInterval. It is bounded by ctx; without an answer the
	// error is ctx's or the connection's.
	Exchange(ctx context.Context, proto string, local, remote netip.AddrPort, payload []byte) ([]byte, error)
	// SendUDP sends one datagram, such as the marker to port 9 (discard) that
	// proves the tap alive. Nothing waits for an answer.
	SendUDP(ctx context.Context, local, remote netip.AddrPort, payload []byte) error
}

// ErrUnsupportedTransport is returned by Listen for a protocol it cannot serve.
var ErrUnsupportedTransport = errors.New("harness/lab: echo is served over tcp and udp only")

// SocketApps are Apps made of this operating system's sockets.
type SocketApps struct {
	// Enter runs a function on a thread whose new sockets belong to the host;
	// nil means the calling thread will do.
	Enter func(func() error) error
}

var _ Apps = SocketApps{}

func (a SocketApps) enter(f func() error) error {
	if a.Enter == nil {
		return f()
	}
	return a.Enter(f)
}

// Listen implements Apps.
func (a SocketApps) Listen(ctx context.Context, proto string, at netip.AddrPort) (io.Closer, error) {
	var lc net.ListenConfig
	lc.SetMultipathTCP(false) // plain TCP is what the selectors speak of
	var server io.Closer
	err := a.enter(func() error {
		switch proto {
		case "tcp":
			l, err := lc.Listen(ctx, proto, at.String())
			if err != nil {
				return err
			}
			server = newEchoServer(l)
		case "udp":
			c, err := lc.ListenPacket(ctx, proto, at.String())
			if err != nil {
				return err
			}
			go echoDatagrams(c)
			server = c
		default:
			return fmt.Errorf("%w, not %q", ErrUnsupportedTransport, proto)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("harness/lab: listen: %w", err)
	}
	return server, nil
}

// EchoInterval is how long a datagram waits for its echo before it is sent again.
const EchoInterval = time.Second

// Exchange implements Apps.
func (a SocketApps) Exchange(ctx context.Context, proto string, local, remote netip.AddrPort, payload []byte) ([]byte, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(local), Control: reuseAddress}
	switch proto {
	case "tcp":
	case "udp":
		d.LocalAddr = net.UDPAddrFromAddrPort(local)
	default:
		return nil, fmt.Errorf("%w, not %q", ErrUnsupportedTransport, proto)
	}
	d.SetMultipathTCP(false)
	var conn net.Conn
	err := a.enter(func() (err error) { conn, err = d.DialContext(ctx, proto, remote.String()); return })
	if err != nil {
		return nil, fmt.Errorf("harness/lab: exchange with %s: %w", remote, err)
	}
	defer conn.Close()
	// Cancelling wakes whatever the connection is blocked in.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	echo := make([]byte, len(payload))
	if proto == "udp" {
		err = echoDatagram(ctx, conn, payload, echo)
	} else {
		err = echoStream(conn.(*net.TCPConn), payload, echo)
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("harness/lab: exchange with %s: %w", remote, err)
	}
	return echo, nil
}

// echoStream has its payload echoed and sees the connection to its end on both sides, so that
// nothing of it is repeated later, when an SA may be gone. One that fails is reset.
func echoStream(conn *net.TCPConn, payload, echo []byte) error {
	_, err := conn.Write(payload)
	if err == nil {
		_, err = io.ReadFull(conn, echo)
	}
	if err == nil {
		err = conn.CloseWrite()
	}
	if err == nil {
		_, err = io.Copy(io.Discard, conn)
	}
	if err != nil {
		_ = conn.SetLinger(0)
	}
	return err
}

// echoDatagram sends a datagram until its echo comes.
func echoDatagram(ctx context.Context, conn net.Conn, payload, echo []byte) error {
	for ctx.Err() == nil {
		if _, err := conn.Write(payload); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(EchoInterval)); err != nil {
			return err
		}
		n, err := conn.Read(echo)
		switch {
		case err == nil && n == len(payload):
			return nil
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
	}
	return ctx.Err()
}

// SendUDP implements Apps.
func (a SocketApps) SendUDP(ctx context.Context, local, remote netip.AddrPort, payload []byte) error {
	d := net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(local), Control: reuseAddress}
	err := a.enter(func() error {
		conn, err := d.DialContext(ctx, "udp", remote.String())
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write(payload)
		return err
	})
	if err != nil {
		return fmt.Errorf("harness/lab: datagram to %s: %w", remote, err)
	}
	return nil
}

// reuseAddress lets a second exchange take the port of a connection that is
// still in TIME-WAIT.
func reuseAddress(_, _ string, c syscall.RawConn) error {
	var err error
	if ctrl := c.Control(func(fd uintptr) { err = setReuseAddress(fd) }); ctrl != nil {
		return ctrl
	}
	return err
}

// echoServer answers every connection with what it sends.
type echoServer struct {
	l  net.Listener
	wg sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{}
}

func newEchoServer(l net.Listener) *echoServer {
	s := &echoServer{l: l, conns: make(map[net.Conn]struct{})}
	s.wg.Go(s.accept)
	return s
}

func (s *echoServer) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			c.Close()
			return
		}
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			_, _ = io.Copy(c, c)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// Close stops listening, cuts the open connections and returns when nothing of
// the server runs any more.
func (s *echoServer) Close() error {
	s.mu.Lock()
	s.closed = true
	err := s.l.Close()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

func echoDatagrams(c net.PacketConn) {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		_, _ = c.WriteTo(buf[:n], from)
	}
}
