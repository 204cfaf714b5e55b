package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures/live"
)

// TestMain is also the main of this binary started again in a user namespace.
func TestMain(m *testing.M) {
	if err := PrepareUserNamespace(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// needNetns skips the test where namespaces cannot be made, unless this is CI.
func needNetns(t *testing.T) {
	t.Helper()
	err := CanNetns()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip(err)
}

func newTestNamespace(t *testing.T, name string) *Namespace {
	t.Helper()
	n, err := NewNamespace(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func TestNamespaceChildren(t *testing.T) {
	needNetns(t)
	n, err := NewNamespace("children")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	there, err := n.Run(exec.Command("readlink", "/proc/thread-self/ns/net"))
	if err != nil || strings.TrimSpace(string(there)) == here {
		t.Fatalf("child runs in %s, we in %s: %v", there, here, err)
	}
	if _, err := os.Stat(n.Path()); err != nil {
		t.Error(err)
	}
	p, err := n.Start(exec.Command("sleep", "60"))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); !errors.Is(err, ErrChildrenRunning) {
		t.Errorf("close with a child: %v", err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := p.Err(); err == nil {
		t.Error("no error from a process ended by a signal")
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if err := n.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if err := n.Do(func() error { return nil }); !errors.Is(err, ErrNamespaceClosed) {
		t.Errorf("use after close: %v", err)
	}
	if _, err := n.Start(exec.Command("true")); !errors.Is(err, ErrNamespaceClosed) {
		t.Errorf("start after close: %v", err)
	}
}

func TestNamespaceConcurrentUse(t *testing.T) {
	needNetns(t)
	n := newTestNamespace(t, "concurrent")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := n.Run(exec.Command("true")); err != nil {
				t.Error(err)
			}
			if err := n.Do(func() error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// cable is two hosts on a veth each, with this process carrying packets between.
func cable(t *testing.T, learn bool) (a, b *Namespace) {
	t.Helper()
	var links [2]*EthernetLink
	var hosts [2]*Namespace
	for i := range hosts {
		hosts[i] = newTestNamespace(t, fmt.Sprint("host", i))
		wire := newTestNamespace(t, fmt.Sprint("wire", i))
		v, err := NewVeth(hosts[i], wire, VethConfig{Addrs: []netip.Prefix{
			netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 24),
			netip.PrefixFrom(netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1)), 64),
		}})
		if err != nil {
			t.Fatal(err)
		}
		if learn {
			v.MAC = [6]byte{}
		}
		err = wire.Do(func() error {
			frames, err := live.Open(v.WireName)
			if err != nil {
				return err
			}
			links[i] = NewEthernetLink(frames, v.MAC)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range links {
		wg.Go(func() {
			buf := make([]byte, 1<<16)
			for {
				k, _, err := links[i].Receive(buf)
				if errors.Is(err, ErrLinkClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				_ = links[1-i].Send(buf[:k])
			}
		})
	}
	t.Cleanup(func() {
		for _, l := range links {
			l.Close()
		}
		wg.Wait()
	})
	return hosts[0], hosts[1]
}

func TestEthernetLinkCarriesTCP(t *testing.T) {
	needNetns(t)
	for _, learn := range []bool{false, true} {
		t.Run(fmt.Sprintf("learn=%t", learn), func(t *testing.T) {
			a, b := cable(t, learn)
			for _, addr := range []string{"192.0.2.2", "2001:db8::2"} {
				remote := netip.AddrPortFrom(netip.MustParseAddr(addr), 7)
				talk(t, NewApps(a), NewApps(b), remote, bytes.Repeat([]byte{0xa5}, 100_000))
			}
		})
	}
}

func talk(t *testing.T, client, server Apps, remote netip.AddrPort, payload []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	l, err := server.Listen(ctx, "tcp", remote)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var local netip.AddrPort // the kernel chooses
	echo, err := client.Exchange(ctx, "tcp", local, remote, payload)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(echo, payload) {
		t.Errorf("echo of %d octets differs", len(echo))
	}
}

func TestExchangeIsBounded(t *testing.T) {
	needNetns(t)
	n := newTestNamespace(t, "silent")
	tun, err := NewTUN(n, TUNConfig{Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}})
	if err != nil {
		t.Fatal(err)
	}
	defer tun.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = NewApps(n).Exchange(ctx, "tcp", netip.AddrPort{}, netip.MustParseAddrPort("192.0.2.9:7"), []byte("x"))
	if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("exchange with nobody: %v", err)
	}
}

// Two stacks whose TUN devices are joined here.
func TestTUN(t *testing.T) {
	needNetns(t)
	var tuns [2]*TUN
	var apps [2]Apps
	for i := range tuns {
		n := newTestNamespace(t, fmt.Sprint("tun", i))
		var err error
		tuns[i], err = NewTUN(n, TUNConfig{Addrs: []netip.Prefix{
			netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 24),
			netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i + 1), 0, 1}), 32),
		}})
		if err != nil {
			t.Fatal(err)
		}
		apps[i] = NewApps(n)
	}
	var wg sync.WaitGroup
	for i := range tuns {
		wg.Go(func() {
			buf := make([]byte, 1<<16)
			for {
				k, err := tuns[i].Read(buf)
				if err != nil {
					if !errors.Is(err, fs.ErrClosed) {
						t.Error(err)
					}
					return
				}
				if _, err := tuns[1-i].Write(buf[:k]); err != nil {
					return // closed
				}
			}
		})
	}
	for _, addr := range []string{"192.0.2.2", "10.2.0.1"} {
		talk(t, apps[0], apps[1], netip.AddrPortFrom(netip.MustParseAddr(addr), 7), []byte("through the tun"))
	}
	for _, tun := range tuns {
		tun.Close()
	}
	wg.Wait() // Close wakes the readers
}

func TestKernelESP(t *testing.T) {
	needNetns(t)
	has, err := KernelESP()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("kernel ESP: %t", has)
}

func TestReexecInUserNamespace(t *testing.T) {
	if InUserNamespace() {
		// The binary started again: everything above works as uid 0 of nobody.
		if os.Getuid() != 0 {
			t.Errorf("uid %d", os.Getuid())
		}
		if err := os.WriteFile("/run/probe", nil, 0o600); err != nil {
			t.Error(err)
		}
		return
	}
	if err := CanUserNamespace(); err != nil {
		t.Skip(err)
	}
	code, err := ReexecInUserNamespace([]string{"-test.run", "TestReexecInUserNamespace|TestTUN|TestEthernetLink"})
	if err != nil || code != 0 {
		t.Errorf("exit code %d: %v", code, err)
	}
	if _, err := os.Stat("/run/probe"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the child's /run is ours: %v", err)
	}
}
