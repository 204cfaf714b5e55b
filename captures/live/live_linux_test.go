package live

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/useipsec/useipsec/captures"
)

// inNamespace runs f on a thread in a network namespace of its own, in which lo
// is the only interface and up. The thread, and with it the namespace, ends with f.
func inNamespace(t testing.TB, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("packet sockets and network namespaces need root")
	}
	skip := make(chan error)
	go func() {
		defer close(skip)
		runtime.LockOSThread() // never unlocked: the runtime then discards the thread
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			skip <- err
			return
		}
		if err := up("lo"); err != nil {
			skip <- err
			return
		}
		f()
	}()
	if err := <-skip; err != nil {
		t.Skipf("no network namespace to test in: %v", err)
	}
}

func up(ifname string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(ifname)
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
}

// openLo opens a tap on lo of a fresh namespace and leaves a UDP socket there.
func openLo(t testing.TB, opts ...Option) (*Tap, *net.UDPConn) {
	t.Helper()
	var tap *Tap
	var udp *net.UDPConn
	inNamespace(t, func() {
		var err error
		if tap, err = Open("lo", opts...); err != nil {
			t.Error(err)
			return
		}
		if udp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			t.Error(err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	t.Cleanup(func() { tap.Close(); udp.Close() })
	return tap, udp
}

// send sends a datagram to udp itself, over lo.
func send(t *testing.T, udp *net.UDPConn, payload []byte) {
	t.Helper()
	if _, err := udp.WriteTo(payload, udp.LocalAddr()); err != nil {
		t.Fatal(err)
	}
}

func TestReadFrame(t *testing.T) {
	tap, udp := openLo(t)
	if got := tap.Link(); got != captures.LinkEthernet {
		t.Errorf("Link() = %v", got)
	}
	payload := bytes.Repeat([]byte("useipsec"), 8000) // lo has an MTU of 65536
	before := time.Now()
	send(t, udp, payload)

	// lo shows a frame twice: leaving and arriving.
	buf := make([]byte, MaxFrame)
	for _, want := range []captures.Dir{captures.DirOut, captures.DirIn} {
		n, dir, at, err := tap.ReadFrame(buf)
		if err != nil {
			t.Fatal(err)
		}
		if dir != want {
			t.Errorf("direction %v, want %v", dir, want)
		}
		if at.Before(before.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
			t.Errorf("timestamp %v, sent at %v", at, before)
		}
		ip, err := captures.Packet{Link: tap.Link(), Data: buf[:n]}.IP()
		if err != nil {
			t.Fatal(err)
		}
		if got := ip[28:]; !bytes.Equal(got, payload) {
			t.Errorf("payload of %d octets, want %d", len(got), len(payload))
		}
	}
	got, err := tap.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Stats{Received: 2}, got); diff != "" {
		t.Errorf("Stats (-want +got):\n%s", diff)
	}
}

func TestReadFrameCut(t *testing.T) {
	tap, udp := openLo(t)
	send(t, udp, make([]byte, 100))
	n, _, _, err := tap.ReadFrame(make([]byte, 20))
	if err != nil || n != 20 {
		t.Errorf("ReadFrame into 20 octets = %d, %v", n, err)
	}
}

func TestIgnoreOutgoing(t *testing.T) {
	tap, udp := openLo(t, IgnoreOutgoing())
	buf := make([]byte, MaxFrame)
	for range 3 {
		send(t, udp, []byte("x"))
		if _, dir, _, err := tap.ReadFrame(buf); err != nil || dir != captures.DirIn {
			t.Errorf("ReadFrame: %v, %v", dir, err)
		}
	}
}

// testFrame is an Ethernet frame of the type for local experiments.
func testFrame(payload string) []byte {
	return append([]byte("\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x88\xb5"), payload...)
}

func TestWriteFrame(t *testing.T) {
	var writer, witness *Tap
	inNamespace(t, func() {
		var err error
		if writer, err = Open("lo"); err != nil {
			t.Error(err)
		}
		if witness, err = Open("lo"); err != nil {
			t.Error(err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	defer writer.Close()
	defer witness.Close()
	frame := testFrame("written to the wire")
	if err := writer.WriteFrame(frame); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, MaxFrame)
	for _, want := range []struct {
		tap *Tap
		dir captures.Dir
	}{
		{witness, captures.DirOut},
		{witness, captures.DirIn}, // lo returns it
		{writer, captures.DirIn},  // who did not read it on its way out
	} {
		n, dir, _, err := want.tap.ReadFrame(buf)
		if err != nil {
			t.Fatal(err)
		}
		if dir != want.dir || !bytes.Equal(buf[:n], frame) {
			t.Errorf("ReadFrame: %x, %v; want %x, %v", buf[:n], dir, frame, want.dir)
		}
	}
	if err := writer.WriteFrame(make([]byte, 1<<20)); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("WriteFrame of 1 MiB: %v", err)
	}
}

// TestVLAN: the kernel takes the tag out of an arriving frame and hands it over on
// the side; the frame read is the one on the wire nevertheless.
func TestVLAN(t *testing.T) {
	tap, _ := openLo(t, IgnoreOutgoing())
	plain := testFrame("tagged")
	for _, tag := range []string{"\x81\x00\x20\x07", "\x88\xa8\x00\x05", "\x81\x00\x00\x00"} {
		frame := slices.Concat(plain[:12], []byte(tag), plain[12:])
		if err := tap.WriteFrame(frame); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, MaxFrame)
		n, _, _, err := tap.ReadFrame(buf)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(buf[:n], frame) {
			t.Errorf("written %x, read %x", frame, buf[:n])
		}
	}
}

func TestCloseWakesReader(t *testing.T) {
	tap, udp := openLo(t)
	send(t, udp, []byte("x"))
	reading := make(chan struct{})
	done := make(chan error)
	go func() {
		buf := make([]byte, MaxFrame)
		for i := 0; ; i++ {
			if i == 2 {
				close(reading) // both frames are read: the next read blocks
			}
			if _, _, _, err := tap.ReadFrame(buf); err != nil {
				done <- err
				return
			}
		}
	}()
	<-reading
	if err := tap.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("ReadFrame after Close: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Close did not wake ReadFrame")
	}
	if err := tap.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if err := tap.WriteFrame(make([]byte, 60)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("WriteFrame after Close: %v", err)
	}
	if s, err := tap.Stats(); err != nil || s.Received != 2 {
		t.Errorf("Stats after Close: %+v, %v", s, err)
	}
}

func TestDrops(t *testing.T) {
	tap, udp := openLo(t, IgnoreOutgoing(), ReceiveBuffer(1))
	for range 100 {
		send(t, udp, make([]byte, 1000))
	}
	s, err := tap.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if s.Received != 100 || s.Dropped == 0 || s.Dropped >= 100 {
		t.Errorf("of 100 frames into the smallest buffer: %+v", s)
	}
}

func TestInterfaceDown(t *testing.T) {
	var tap *Tap
	inNamespace(t, func() {
		var err error
		if tap, err = Open("lo"); err != nil {
			t.Error(err)
			return
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer unix.Close(fd)
		req, _ := unix.NewIfreq("lo")
		if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
			t.Error(err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	defer tap.Close()
	if _, _, _, err := tap.ReadFrame(make([]byte, MaxFrame)); !errors.Is(err, syscall.ENETDOWN) {
		t.Errorf("ReadFrame on an interface that is down: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	inNamespace(t, func() {
		for _, name := range []string{"eth9", "", strings.Repeat("x", 40)} {
			if _, err := Open(name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Open(%q): %v", name, err)
			}
		}
	})
}

// TestUnprivileged runs without a namespace: a thread that gave its capabilities
// away is enough.
func TestUnprivileged(t *testing.T) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&hdr, &none[0]); err != nil {
			close(done)
			return
		}
		_, err := Open("lo")
		done <- err
	}()
	err, ok := <-done
	if !ok {
		t.Skip("capabilities cannot be dropped")
	}
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Open without CAP_NET_RAW: %v", err)
	}
}

func TestInsertTag(t *testing.T) {
	const frame = "\x01\x02\x03\x04\x05\x06\x11\x12\x13\x14\x15\x16\x08\x00E"
	tests := []struct {
		name    string
		n, room int
		tag     vlanTag
		want    string
	}{
		{"untagged", len(frame), 64, vlanTag{}, frame},
		{"tagged", len(frame), 64, vlanTag{0x8100, 0x2007}, frame[:12] + "\x81\x00\x20\x07" + frame[12:]},
		{"no room", len(frame), len(frame) + 2, vlanTag{0x88a8, 1}, (frame[:12] + "\x88\xa8\x00\x01" + frame[12:])[:len(frame)+2]},
		{"no room at all", 12, 12, vlanTag{0x88a8, 1}, frame[:12]},
		{"short", 5, 64, vlanTag{0x8100, 1}, frame[:5]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			buf := make([]byte, tt.room)
			copy(buf, frame[:tt.n])
			n := insertTag(buf, tt.n, tt.tag)
			if diff := cmp.Diff(tt.want, string(buf[:n])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkReadFrame(b *testing.B) {
	tap, _ := openLo(b)
	frame, buf := testFrame(strings.Repeat("x", 1000)), make([]byte, MaxFrame)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if err := tap.WriteFrame(frame); err != nil {
			b.Fatal(err)
		}
		if _, _, _, err := tap.ReadFrame(buf); err != nil {
			b.Fatal(err)
		}
	}
}
