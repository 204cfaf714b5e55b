package lab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures"
)

// pipe is a FrameConn whose frames a test puts in and takes out.
type pipe struct {
	in   chan []byte
	dir  captures.Dir
	sent [][]byte
}

func (p *pipe) ReadFrame(buf []byte) (int, captures.Dir, time.Time, error) {
	f, ok := <-p.in
	if !ok {
		return 0, 0, time.Time{}, errors.New("closed")
	}
	return copy(buf, f), p.dir, time.Unix(1, 0), nil
}

func (p *pipe) WriteFrame(f []byte) error { p.sent = append(p.sent, bytes.Clone(f)); return nil }
func (p *pipe) Close() error              { close(p.in); return nil }

var hostMAC = [6]byte{2, 0, 0, 0, 0, 9}

func frameOf(to, from [6]byte, kind uint16, body []byte) []byte {
	f := append(to[:], from[:]...)
	return append(binary.BigEndian.AppendUint16(f, kind), body...)
}

// packet is an IPv4 header with the given total length and that many octets.
func packet(total int) []byte {
	p := make([]byte, total)
	p[0] = 0x45
	binary.BigEndian.PutUint16(p[2:], uint16(total))
	copy(p[12:], []byte{192, 0, 2, 1, 192, 0, 2, 2})
	return p
}

// receive gives the link frames, then one IP packet, and returns what it wrote
// up to then.
func receive(t *testing.T, frames ...[]byte) [][]byte {
	t.Helper()
	p := &pipe{in: make(chan []byte, len(frames)+1), dir: captures.DirIn}
	l := NewEthernetLink(p, hostMAC)
	for _, f := range frames {
		p.in <- f
	}
	want := packet(30)
	p.in <- frameOf(WireMAC, hostMAC, etherTypeIPv4, append(bytes.Clone(want), make([]byte, 16)...)) // padded to 60
	buf := make([]byte, 100)
	n, at, err := l.Receive(buf)
	if err != nil || at.Unix() != 1 {
		t.Fatal(at, err)
	}
	if d := cmp.Diff(want, buf[:n]); d != "" {
		t.Errorf("packet (-want +got):\n%s", d)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := l.Receive(buf); !errors.Is(err, ErrLinkClosed) {
		t.Errorf("receive after close: %v", err)
	}
	if err := l.Send(want); !errors.Is(err, ErrLinkClosed) {
		t.Errorf("send after close: %v", err)
	}
	return p.sent
}

func TestARP(t *testing.T) {
	host, other := [4]byte{192, 0, 2, 2}, [4]byte{192, 0, 2, 77}
	ask := func(op uint16, sender, target [4]byte) []byte {
		a := arpPacket(op, hostMAC, sender, [6]byte{}, target)
		return frameOf(broadcastMAC, hostMAC, etherTypeARP, a[:])
	}
	answer := arpPacket(arpReply, WireMAC, other, hostMAC, host)
	for _, c := range []struct {
		name  string
		frame []byte
		want  [][]byte
	}{
		{"request", ask(arpRequest, host, other), [][]byte{frameOf(hostMAC, WireMAC, etherTypeARP, answer[:])}},
		{"announcement", ask(arpRequest, host, host), nil},
		{"probe", ask(arpRequest, [4]byte{}, host), nil},
		{"reply", ask(arpReply, host, other), nil},
		{"cut", ask(arpRequest, host, other)[:40], nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, receive(t, c.frame)); d != "" {
				t.Errorf("answer (-want +got):\n%s", d)
			}
		})
	}
}

func TestNeighbourSolicitation(t *testing.T) {
	host, other := netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8::1")
	solicit := func(from, target netip.Addr) []byte {
		p := make([]byte, ip6HeaderLen+nsLen)
		p[0], p[5], p[6], p[7] = 6<<4, nsLen, protoICMPv6, 255
		copy(p[8:], from.AsSlice())
		copy(p[24:], netip.MustParseAddr("ff02::1:ff00:1").AsSlice())
		p[ip6HeaderLen] = icmp6NeighbourS
		copy(p[ip6HeaderLen+8:], target.AsSlice())
		return p
	}
	whole := solicit(host, other)
	sent := receive(t, frameOf(broadcastMAC, hostMAC, etherTypeIPv6, whole))
	if len(sent) != 1 {
		t.Fatalf("%d answers", len(sent))
	}
	na := sent[0][etherHeaderLen:]
	icmp := na[ip6HeaderLen:]
	if icmp[0] != icmp6NeighbourA || !bytes.Equal(icmp[8:24], other.AsSlice()) || !bytes.Equal(icmp[26:32], WireMAC[:]) {
		t.Errorf("advertisement % x", icmp)
	}
	if sum := checksumICMPv6([16]byte(na[8:24]), [16]byte(na[24:40]), icmp); sum != 0 {
		t.Errorf("checksum does not verify: remainder %#x", sum)
	}
	for n := range whole {
		receive(t, frameOf(broadcastMAC, hostMAC, etherTypeIPv6, whole[:n])[:etherHeaderLen]) // no body, no panic
		answerND(whole[:n])
	}
	if sent := receive(t, frameOf(broadcastMAC, hostMAC, etherTypeIPv6, solicit(netip.IPv6Unspecified(), host))); sent != nil {
		t.Errorf("duplicate address detection was answered: % x", sent)
	}
}

func TestLinkLearnsTheHost(t *testing.T) {
	p := &pipe{in: make(chan []byte, 2), dir: captures.DirIn}
	l := NewEthernetLink(p, [6]byte{})
	var want [][]byte
	who := arpPacket(arpRequest, WireMAC, [4]byte{192, 0, 2, 1}, [6]byte{}, [4]byte{192, 0, 2, 2})
	for n := range maxPending + 1 { // one more than it keeps
		if err := l.Send(packet(20 + n)); err != nil {
			t.Fatal(err)
		}
		want = append(want, frameOf(broadcastMAC, WireMAC, etherTypeARP, who[:]))
	}
	for n := 1; n <= maxPending; n++ {
		want = append(want, frameOf(hostMAC, WireMAC, etherTypeIPv4, packet(20+n)))
	}
	p.in <- frameOf(WireMAC, hostMAC, etherTypeIPv4, packet(20))
	if _, _, err := l.Receive(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if l.Peer() != hostMAC {
		t.Errorf("learned % x", l.Peer())
	}
	if d := cmp.Diff(want, p.sent); d != "" {
		t.Errorf("frames (-want +got):\n%s", d)
	}
	if err := l.Send([]byte{0x75}); err == nil {
		t.Error("sent what is not an IP packet")
	}
}

func TestLinkPassesOverItsOwn(t *testing.T) {
	p := &pipe{in: make(chan []byte, 1), dir: captures.DirOut}
	l := NewEthernetLink(p, hostMAC)
	p.in <- frameOf(hostMAC, WireMAC, etherTypeIPv4, packet(20))
	l.Close()
	if n, _, err := l.Receive(make([]byte, 100)); !errors.Is(err, ErrLinkClosed) {
		t.Errorf("received %d octets of our own: %v", n, err)
	}
}
