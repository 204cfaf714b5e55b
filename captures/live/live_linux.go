package live

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/useipsec/useipsec/captures"
)

// Tap is a packet socket bound to one interface. ReadFrame may be called by one
// goroutine at a time, the other methods by any.
type Tap struct {
	ifname string
	file   *os.File // on the runtime's poller, which is how Close wakes a reader
	conn   syscall.RawConn
	link   captures.LinkType
	config config

	// What one receive uses; a field each so that ReadFrame allocates little.
	receive func(fd uintptr) bool
	buf     []byte
	control [128]byte
	got     received

	mu     sync.Mutex
	closed bool
	stats  Stats
}

// received is the outcome of one recvmsg.
type received struct {
	n, controlLen int
	kind          uint8 // sll_pkttype
	err           error
}

// Open taps the interface ifname of the calling thread's network namespace: lock
// the goroutine to a thread that is in the right one. The Tap stays with that
// namespace and may be used from anywhere afterwards. The interface is put in
// promiscuous mode until Close.
//
// Opening needs CAP_NET_RAW in the namespace; errors.Is(err, fs.ErrPermission)
// tells when it lacks, and errors.Is(err, fs.ErrNotExist) that there is no such
// interface.
func Open(ifname string, opts ...Option) (*Tap, error) {
	t := &Tap{ifname: ifname, config: configure(opts)}
	if err := t.open(); err != nil {
		return nil, fmt.Errorf("captures/live: %s: %w", ifname, err)
	}
	return t, nil
}

func (t *Tap) open() error {
	// Protocol 0 receives nothing: the socket is quiet until it is bound.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("packet socket: %w (CAP_NET_RAW is needed: run as root, or in a user namespace)", err)
	}
	if err != nil {
		return fmt.Errorf("packet socket: %w", err)
	}
	if err := t.bind(fd); err != nil {
		unix.Close(fd)
		return err
	}
	t.file = os.NewFile(uintptr(fd), "tap "+t.ifname)
	if t.conn, err = t.file.SyscallConn(); err != nil {
		t.file.Close()
		return err
	}
	t.receive = t.receiveOne
	return nil
}

func (t *Tap) bind(fd int) error {
	index, err := t.interfaceIndex(fd)
	if err != nil {
		return err
	}
	for _, o := range []struct {
		what         string
		level, value int
	}{
		{"SO_TIMESTAMPNS", unix.SOL_SOCKET, unix.SO_TIMESTAMPNS},
		{"PACKET_AUXDATA", unix.SOL_PACKET, unix.PACKET_AUXDATA},
	} {
		if err := unix.SetsockoptInt(fd, o.level, o.value, 1); err != nil {
			return fmt.Errorf("%s: %w", o.what, err)
		}
	}
	if t.config.ignoreOutgoing {
		// Saves waking up; kernels before 4.20 lack it, so ReadFrame looks as well.
		_ = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, t.config.receiveBuffer) != nil {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, t.config.receiveBuffer); err != nil {
			return fmt.Errorf("SO_RCVBUF: %w", err)
		}
	}
	member := &unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	if err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, member); err != nil {
		return fmt.Errorf("promiscuous mode: %w", err)
	}
	addr := &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: index}
	if err := unix.Bind(fd, addr); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

// interfaceIndex asks the socket, which is in the right namespace, and finds out
// how the interface's frames begin.
func (t *Tap) interfaceIndex(fd int) (int, error) {
	req, err := unix.NewIfreq(t.ifname)
	if err != nil {
		return 0, fmt.Errorf("interface name of %d octets: %w", len(t.ifname), fs.ErrNotExist)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, req); errors.Is(err, unix.ENODEV) {
		return 0, fmt.Errorf("no such interface: %w", fs.ErrNotExist)
	} else if err != nil {
		return 0, fmt.Errorf("SIOCGIFHWADDR: %w", err)
	}
	switch hardware := req.Uint16(); hardware {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		t.link = captures.LinkEthernet
	case unix.ARPHRD_NONE, unix.ARPHRD_PPP, unix.ARPHRD_TUNNEL, unix.ARPHRD_TUNNEL6, unix.ARPHRD_SIT:
		t.link = captures.LinkRaw
	default:
		return 0, fmt.Errorf("frames of hardware type %d are not supported", hardware)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		return 0, fmt.Errorf("SIOCGIFINDEX: %w", err)
	}
	return int(req.Uint32()), nil
}

// Link tells how frames begin: LinkEthernet, or LinkRaw for an interface without
// a link layer, such as a TUN device.
func (t *Tap) Link() captures.LinkType { return t.link }

// ReadFrame waits for the next frame on the interface, copies it to buf and
// returns its length, its direction and when the kernel saw it. DirOut is what the
// machine sends on the interface, DirIn everything else that is on it. What this
// Tap itself wrote is not read back. A frame longer than buf is cut to it; see
// [MaxFrame].
//
// After Close, which wakes it, the error wraps [os.ErrClosed]. An interface that
// goes down or away is reported once as unix.ENETDOWN; should it come back,
// reading goes on.
func (t *Tap) ReadFrame(buf []byte) (n int, dir captures.Dir, at time.Time, err error) {
	for {
		t.buf = buf
		err = t.conn.Read(t.receive)
		t.buf = nil
		if err == nil {
			err = t.got.err
		}
		if err != nil {
			if t.isClosed() { // the poller has an error of its own for this
				err = os.ErrClosed
			}
			return 0, captures.DirUnknown, time.Time{}, t.fail("read", err)
		}
		dir = direction(t.got.kind)
		if dir == captures.DirOut && t.config.ignoreOutgoing {
			continue
		}
		at, tag := t.readControl()
		return insertTag(buf, t.got.n, tag), dir, at, nil
	}
}

// receiveOne is what the poller calls when there may be something to read; false
// makes it wait.
func (t *Tap) receiveOne(fd uintptr) bool {
	for {
		n, controlLen, _, from, err := unix.Recvmsg(int(fd), t.buf, t.control[:], 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			return false
		}
		t.got = received{n: n, controlLen: controlLen, err: err}
		if a, ok := from.(*unix.SockaddrLinklayer); ok {
			t.got.kind = a.Pkttype
		}
		return true
	}
}

// WriteFrame sends a whole frame, link layer header included, as it is. The error
// may wrap unix.ENOBUFS when the interface's queue is full.
func (t *Tap) WriteFrame(frame []byte) error {
	if _, err := t.file.Write(frame); err != nil {
		return t.fail(fmt.Sprintf("write frame of %d octets", len(frame)), err)
	}
	return nil
}

// Stats counts what the tap has seen and missed until now, or until Close.
func (t *Tap) Stats() (Stats, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return t.stats, nil
	}
	if err := t.addStats(); err != nil {
		return t.stats, t.fail("statistics", err)
	}
	return t.stats, nil
}

// addStats adds the kernel's counters, which reading resets.
func (t *Tap) addStats() error {
	var s *unix.TpacketStats
	var err error
	if e := t.conn.Control(func(fd uintptr) {
		s, err = unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS)
	}); e != nil {
		return e
	}
	if err != nil {
		return err
	}
	t.stats.Received += uint64(s.Packets)
	t.stats.Dropped += uint64(s.Drops)
	return nil
}

// Close ends the tap and wakes ReadFrame. A second Close returns an error that
// wraps [os.ErrClosed].
func (t *Tap) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		_ = t.addStats() // the last ones; without them those before remain
	}
	if err := t.file.Close(); err != nil {
		return t.fail("close", err)
	}
	return nil
}

func (t *Tap) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

func (t *Tap) fail(doing string, err error) error {
	var p *fs.PathError // its text would repeat the interface's name
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("captures/live: %s: %s: %w", t.ifname, doing, err)
}

// networkOrder turns a 16-bit value into network byte order.
func networkOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}
