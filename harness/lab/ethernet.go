package lab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/useipsec/useipsec/captures"
)

// Link is where a host meets the wire: whole IP packets, no link layer.
//
// Send and Receive may be called concurrently with each other and with Close,
// Receive by one goroutine only.
type Link interface {
	// Send gives the host one IP packet. It does not keep ip.
	Send(ip []byte) error
	// Receive waits for the next IP packet the host sends, copies it to buf and
	// returns its length and when it was seen. A packet longer than buf is cut.
	// After Close the error is ErrLinkClosed.
	Receive(buf []byte) (n int, at time.Time, err error)
	// Close wakes Receive.
	Close() error
}

// ErrLinkClosed is returned by a link that was closed.
var ErrLinkClosed = errors.New("harness/lab: link is closed")

// FrameConn is a source and sink of Ethernet frames, such as a packet socket
// of package captures/live.
type FrameConn interface {
	// ReadFrame waits for a frame and returns its length, direction (DirOut for
	// what this side sent) and time. Close wakes it.
	ReadFrame(buf []byte) (n int, dir captures.Dir, at time.Time, err error)
	WriteFrame(frame []byte) error
	Close() error
}

const (
	etherHeaderLen = 14
	etherTypeIPv4  = 0x0800
	etherTypeARP   = 0x0806
	etherTypeVLAN  = 0x8100
	etherTypeIPv6  = 0x86dd
)

// WireMAC is the locally administered address with which the wire answers for
// every host that is not the peer. It is no device's own, so the kernel at the
// wire's end leaves the frames alone.
var WireMAC = [6]byte{0x02, 0x75, 0x73, 0x65, 0x69, 0x70}

var broadcastMAC = [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// maxPending bounds the packets that wait for the peer's MAC address.
const maxPending = 16

// EthernetLink is the Link to one host behind Ethernet. It plays everybody else
// on the segment: it answers the host's ARP requests and neighbour solicitations
// for any address with WireMAC, except those by which the host looks after its
// own (a probe or announcement gets no answer). It does so while Receive runs.
//
// It pads nothing: a frame shorter than 60 octets, which the kernel's virtual
// devices accept, carries exactly the packet.
type EthernetLink struct {
	frames FrameConn
	in     []byte // of Receive

	mu      sync.Mutex
	peer    [6]byte // zero while unknown
	out     []byte  // of writes, under mu
	pending [][]byte
	closed  bool
}

var _ Link = (*EthernetLink)(nil)

// NewEthernetLink returns a link over frames, which it owns from now on. peer
// is the host's MAC address; when zero it is learned from the host's first
// frame, and packets sent before wait for it behind an ARP request.
func NewEthernetLink(frames FrameConn, peer [6]byte) *EthernetLink {
	return &EthernetLink{frames: frames, peer: peer, in: make([]byte, 1<<16+etherHeaderLen)}
}

// Send implements Link.
func (l *EthernetLink) Send(ip []byte) error {
	kind, err := etherType(ip)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.peer != [6]byte{} {
		return l.write(l.peer, kind, ip)
	}
	if len(l.pending) == maxPending {
		l.pending = append(l.pending[:0], l.pending[1:]...) // the oldest is lost, as on any wire
	}
	l.pending = append(l.pending, bytes.Clone(ip))
	if kind != etherTypeIPv4 || len(ip) < 20 {
		return nil
	}
	who := arpPacket(arpRequest, WireMAC, [4]byte(ip[12:16]), [6]byte{}, [4]byte(ip[16:20]))
	return l.write(broadcastMAC, etherTypeARP, who[:])
}

// write sends one frame; l.mu is held.
func (l *EthernetLink) write(to [6]byte, kind uint16, body []byte) error {
	if l.closed {
		return ErrLinkClosed
	}
	l.out = append(l.out[:0], to[:]...)
	l.out = append(l.out, WireMAC[:]...)
	l.out = binary.BigEndian.AppendUint16(l.out, kind)
	l.out = append(l.out, body...)
	if err := l.frames.WriteFrame(l.out); err != nil {
		return fmt.Errorf("harness/lab: link: %w", err)
	}
	return nil
}

// Receive implements Link.
func (l *EthernetLink) Receive(buf []byte) (int, time.Time, error) {
	for {
		n, dir, at, err := l.frames.ReadFrame(l.in)
		if err != nil {
			l.mu.Lock()
			closed := l.closed
			l.mu.Unlock()
			if closed {
				return 0, at, ErrLinkClosed
			}
			return 0, at, fmt.Errorf("harness/lab: link: %w", err)
		}
		if dir == captures.DirOut {
			continue
		}
		ip, ok, err := l.frame(l.in[:n])
		if err != nil {
			return 0, at, err
		}
		if ok {
			return copy(buf, ip), at, nil
		}
	}
}

// frame handles one frame of the host. ok means that it carries an IP packet
// for the other side; what is for the segment itself is answered here.
func (l *EthernetLink) frame(f []byte) (ip []byte, ok bool, err error) {
	if len(f) < etherHeaderLen {
		return nil, false, nil
	}
	from := [6]byte(f[6:12])
	kind, body := binary.BigEndian.Uint16(f[12:14]), f[etherHeaderLen:]
	if kind == etherTypeVLAN && len(body) >= 4 {
		kind, body = binary.BigEndian.Uint16(body[2:4]), body[4:]
	}
	if err := l.learn(from); err != nil {
		return nil, false, err
	}
	switch kind {
	case etherTypeARP:
		if answer, ok := answerARP(body); ok {
			return nil, false, l.reply(from, etherTypeARP, answer)
		}
	case etherTypeIPv6:
		if answer, isND := answerND(body); isND {
			if answer == nil {
				return nil, false, nil
			}
			return nil, false, l.reply(from, etherTypeIPv6, answer)
		}
		return trimIP(body)
	case etherTypeIPv4:
		return trimIP(body)
	}
	return nil, false, nil
}

func (l *EthernetLink) reply(to [6]byte, kind uint16, body []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write(to, kind, body)
}

// learn remembers the host's MAC address and sends what waited for it.
func (l *EthernetLink) learn(from [6]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.peer != [6]byte{} || from[0]&1 != 0 {
		return nil
	}
	l.peer = from
	waiting := l.pending
	l.pending = nil
	for _, ip := range waiting {
		kind, err := etherType(ip)
		if err == nil {
			err = l.write(from, kind, ip)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Peer returns the host's MAC address, zero while it is unknown.
func (l *EthernetLink) Peer() [6]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.peer
}

// Close implements Link. A second Close returns nil.
func (l *EthernetLink) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	return l.frames.Close()
}

func etherType(ip []byte) (uint16, error) {
	if len(ip) > 0 {
		switch ip[0] >> 4 {
		case 4:
			return etherTypeIPv4, nil
		case 6:
			return etherTypeIPv6, nil
		}
	}
	return 0, errors.New("harness/lab: link: not an IP packet")
}

// trimIP cuts what Ethernet padded to a frame's minimum off an IP packet. A
// packet whose length field promises more than is there goes through as it is:
// judging it is not the link's business.
func trimIP(body []byte) ([]byte, bool, error) {
	if len(body) == 0 {
		return nil, false, nil
	}
	total := len(body)
	switch {
	case body[0]>>4 == 4 && len(body) >= 20:
		total = int(binary.BigEndian.Uint16(body[2:4]))
	case body[0]>>4 == 6 && len(body) >= 40:
		total = 40 + int(binary.BigEndian.Uint16(body[4:6]))
	}
	if total >= 20 && total < len(body) {
		body = body[:total]
	}
	return body, true, nil
}

// unicastTarget reports whether an address is one a host may ask for.
func unicastTarget(a netip.Addr) bool { return !a.IsUnspecified() && !a.IsMulticast() }
