package host_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var (
	inside  = netip.MustParseAddr("10.0.0.2")
	outside = netip.MustParseAddr("203.0.113.9")
)

// nat puts the first host of a link behind outside: its ports appear shifted, and what comes for another shift is lost.
func nat(l *link, shift *uint16) {
	gone := host.UDPPacket(1, netip.AddrPortFrom(addrB, 9), netip.AddrPortFrom(netip.MustParseAddr("192.0.2.99"), 9), nil)
	l.path = func(from int, p []byte) []byte {
		src, dst := netip.AddrFrom4([4]byte(p[12:])), netip.AddrFrom4([4]byte(p[16:]))
		sport, dport := binary.BigEndian.Uint16(p[20:]), binary.BigEndian.Uint16(p[22:])
		if p[9] != 17 {
			return gone // a NAT that knows no ESP
		}
		if from == 0 {
			return host.UDPPacket(1, netip.AddrPortFrom(outside, sport+*shift), netip.AddrPortFrom(dst, dport), p[28:])
		}
		if back := dport - *shift; dst == outside && (back == ikev1.Port || back == ikev1.PortNATT) {
			return host.UDPPacket(1, netip.AddrPortFrom(src, sport), netip.AddrPortFrom(inside, back), p[28:])
		}
		return gone
	}
}

// newNATed makes a host behind a NAT, and one that knows it by its outer address.
func newNATed(t *testing.T, mode esp.Mode, edit func(a, b *host.Config)) *link {
	return newLink(t, inside, addrB, func(a, b *host.Config) {
		b.IKE.Remote = netip.AddrPortFrom(outside, ikev1.Port)
		for _, c := range []*host.Config{a, b} {
			c.IKE.Quick[0].Mode, c.SPD[0].Mode = mode, mode
		}
		if mode == esp.Transport {
			b.IKE.Quick[0].Selector.Dst = netip.PrefixFrom(outside, 32)
			b.SPD[0].Selector = b.IKE.Quick[0].Selector
		}
		if edit != nil {
			edit(a, b)
		}
	})
}

func TestNAT(t *testing.T) {
	for _, mode := range []esp.Mode{esp.Transport, esp.Tunnel} {
		t.Run(mode.String(), func(t *testing.T) {
			l := newNATed(t, mode, nil)
			shift := uint16(10000)
			nat(l, &shift)
			l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
			l.run(time.Second)
			peer := map[esp.Mode]netip.Addr{esp.Transport: outside, esp.Tunnel: inside}[mode]
			there := host.UDPPacket(1, netip.AddrPortFrom(inside, 7), netip.AddrPortFrom(addrB, 7), []byte("there"))
			back := host.UDPPacket(1, netip.AddrPortFrom(addrB, 7), netip.AddrPortFrom(peer, 7), []byte("back"))
			l.out(0, l.hosts[0].FromApp(l.now, there))
			l.out(1, l.hosts[1].FromApp(l.now, back))
			l.run(time.Second)
			if len(l.apps[0]) != 1 || len(l.apps[1]) != 1 {
				t.Fatalf("%d and %d packets arrive: %v %v", len(l.apps[0]), len(l.apps[1]), l.hosts[0].Failures(), l.hosts[1].Failures())
			}
			want := host.UDPPacket(1, netip.AddrPortFrom(peer, 7), netip.AddrPortFrom(addrB, 7), []byte("there"))
			if got := l.apps[1][0]; string(got) != string(want) {
				t.Errorf("arrives as\n%x, want\n%x", got, want) // with a checksum for the addresses it has there
			}
		})
	}
}

// TestRekeyNAT: an ISAKMP SA is replaced through a NAT by either end. The one outside has no other way than the mapping there is.
func TestRekeyNAT(t *testing.T) {
	for by := range 2 {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			l := newNATed(t, esp.Tunnel, nil)
			shift := uint16(10000)
			nat(l, &shift)
			l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
			l.run(time.Second)
			l.works("before")
			l.act(by, rekeyIKE)
			l.run(time.Second)
			if a, b := l.isakmp(0), l.isakmp(1); a != 2 || b != 2 {
				t.Fatalf("%d and %d ISAKMP SAs: %v %v", a, b, l.hosts[0].Failures(), l.hosts[1].Failures())
			}
			l.run(15 * time.Second)
			if a, b := l.isakmp(0), l.isakmp(1); a != 1 || b != 1 {
				t.Errorf("%d and %d ISAKMP SAs after the overlap", a, b)
			}
			l.works("after")
		})
	}
}

// TestRemap: the NAT gives the host another port. The other end follows what it can authenticate, IKE or ESP.
func TestRemap(t *testing.T) {
	for _, by := range []string{"IKE", "ESP"} {
		t.Run(by, func(t *testing.T) {
			l := newNATed(t, esp.Tunnel, func(a, _ *host.Config) {
				if by == "IKE" {
					a.IKE.DPD = ikev1.DPD{Idle: 10 * time.Second}
				}
			})
			shift := uint16(10000)
			nat(l, &shift)
			l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
			l.run(time.Second)
			l.works("before the move")
			shift = 20000
			if by == "IKE" {
				l.run(20 * time.Second)
				if l.count(1, ikev1.EventRemap) == 0 {
					t.Fatal("not noticed")
				}
			} else {
				l.talk() // the first answer may still go astray
			}
			l.works("after the move")
			if c := l.hosts[1].Children()[0]; c.Encap.DstPort != 24500 || l.isakmp(1) != 1 {
				t.Errorf("goes to port %d", c.Encap.DstPort)
			}
		})
	}
}

// TestRemapForged: somebody else cannot make a host send elsewhere.
func TestRemapForged(t *testing.T) {
	l := newNATed(t, esp.Tunnel, nil)
	shift := uint16(10000)
	nat(l, &shift)
	var caught []byte
	l.lose = func(from int, p []byte) bool {
		if _, ike := isIKE(p); from == 0 && !ike && len(p) > 60 {
			caught = p
		}
		return false
	}
	l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
	l.run(time.Second)
	l.works("before")
	elsewhere := netip.MustParseAddrPort("198.51.100.66:4500")
	forged := append([]byte(nil), caught[28:]...)
	forged[7]++ // the sequence number
	for _, data := range [][]byte{caught[28:], forged} {
		o := l.hosts[1].FromWire(l.now, host.UDPPacket(1, elsewhere, netip.AddrPortFrom(addrB, 4500), data))
		if len(o.App)+len(o.Wire) != 0 {
			t.Error("accepted")
		}
	}
	if l.count(1, ikev1.EventRemap) != 0 {
		t.Error("a replayed or forged packet is followed")
	}
	l.works("after")
}

// roadWarrior is a client behind a NAT with a name and a password, whose inner address the server assigns.
func roadWarrior(a, b *host.Config) {
	everything := netip.MustParsePrefix("0.0.0.0/0")
	for _, c := range []*host.Config{a, b} {
		c.IKE.Auth.Method = wire.AuthXAUTHInitPSK
		c.IKE.XAUTH = ikev1.XAUTH{User: "alice", Password: []byte("wonderland")}
		c.IKE.XAUTH.Verify = func(u string, p []byte) bool { return u == "alice" && string(p) == "wonderland" }
		q := &c.IKE.Quick[0]
		q.Selector, q.Virtual = spd.Selector{Src: everything, Dst: everything}, true
		c.SPD[0].Selector = q.Selector
	}
	lease := ikev1.Lease{Address: netip.MustParseAddr("10.9.0.7"), Bits: 24}
	a.IKE.ModeConfig.Pull = true
	b.IKE.ModeConfig.Lease = func(wire.ID, string) (ikev1.Lease, bool) { return lease, true }
}

func TestRoadWarrior(t *testing.T) {
	for _, mode := range []ikev1.Mode{ikev1.Main, ikev1.Aggressive} {
		for _, push := range []bool{false, true} {
			l := newNATed(t, esp.Tunnel, func(a, b *host.Config) {
				roadWarrior(a, b)
				a.IKE.Mode, b.IKE.Mode = mode, mode
				a.IKE.ModeConfig.Wait, b.IKE.ModeConfig.Push = push, push
				a.IKE.ModeConfig.Pull = !push
			})
			shift := uint16(1)
			nat(l, &shift)
			l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
			l.run(time.Second)
			lease := l.hosts[0].Lease().Address
			if lease != netip.MustParseAddr("10.9.0.7") || l.hosts[1].Lease().Address != lease {
				t.Fatalf("%v push=%v: lease %v; %v %v", mode, push, lease, l.hosts[0].Failures(), l.hosts[1].Failures())
			}
			client, server := netip.AddrPortFrom(lease, 7), netip.MustParseAddrPort("10.0.0.99:7")
			l.out(0, l.hosts[0].FromApp(l.now, host.UDPPacket(1, client, server, []byte("there"))))
			l.out(1, l.hosts[1].FromApp(l.now, host.UDPPacket(1, server, client, []byte("back"))))
			l.out(0, l.hosts[0].FromApp(l.now, host.UDPPacket(1, netip.AddrPortFrom(inside, 7), server, []byte("not from the lease"))))
			l.run(time.Second)
			if len(l.apps[0]) != 1 || len(l.apps[1]) != 1 {
				t.Errorf("%v push=%v: %d and %d packets arrive", mode, push, len(l.apps[0]), len(l.apps[1]))
			}
			children := len(l.hosts[1].Children())
			l.act(0, rekeyIKE) // with all that belongs to it
			l.run(20 * time.Second)
			l.out(0, l.hosts[0].FromApp(l.now, host.UDPPacket(1, client, server, []byte("again"))))
			l.run(time.Second)
			if got := l.hosts[0].Lease().Address; got != lease || l.isakmp(1) != 1 || len(l.apps[1]) != 2 || len(l.hosts[1].Children()) != children {
				t.Errorf("%v push=%v: lease %v after a rekey, %d ISAKMP SAs, %d packets arrive", mode, push, got, l.isakmp(1), len(l.apps[1]))
			}
		}
	}
}

// TestIPv6: the same over IPv6, in UDP and not.
func TestIPv6(t *testing.T) {
	for _, mode := range []esp.Mode{esp.Transport, esp.Tunnel} {
		for _, force := range []bool{false, true} {
			l := newLink(t, addrA6, addrB6, func(a, b *host.Config) {
				a.IKE.NATT.Force = force
				for _, c := range []*host.Config{a, b} {
					c.IKE.Quick[0].Mode, c.SPD[0].Mode = mode, mode
				}
			}).up()
			if got := l.hosts[1].Children()[0].Encap != nil; got != force {
				t.Errorf("%v: UDP encapsulation is %v", mode, got)
			}
			l.act(1, rekeyIKE)
			l.run(time.Minute)
			l.works(mode.String())
		}
	}
}

// TestAH carries packets with AH, and through a NAT it does not try.
func TestAH(t *testing.T) {
	ah := func(mode esp.Mode) func(a, b *host.Config) {
		return func(a, b *host.Config) {
			for _, c := range []*host.Config{a, b} {
				c.IKE.Quick[0].Proto, c.IKE.Quick[0].Mode = esp.AH, mode
				c.IKE.Quick[0].Suites = []esp.Suite{{Cipher: esp.NULL, Integrity: esp.HMACSHA256x128}}
				c.SPD[0].Proto, c.SPD[0].Mode = esp.AH, mode
			}
		}
	}
	for _, mode := range []esp.Mode{esp.Transport, esp.Tunnel} {
		for _, addrs := range [][2]netip.Addr{{addrA, addrB}, {addrA6, addrB6}} {
			l := newLink(t, addrs[0], addrs[1], ah(mode))
			l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
			l.run(time.Second)
			before := len(l.apps[1])
			p := host.UDPPacket(1, netip.AddrPortFrom(addrs[0], 7), netip.AddrPortFrom(addrs[1], 7), []byte("from a"))
			l.out(0, l.hosts[0].FromApp(l.now, p))
			l.run(time.Second)
			if len(l.apps[1]) != before+1 || string(l.apps[1][before]) != string(p) {
				t.Errorf("%v %v: nothing arrives: %v %v", mode, addrs[0], l.hosts[0].Failures(), l.hosts[1].Failures())
			}
		}
	}
	l := newNATed(t, esp.Tunnel, ah(esp.Tunnel))
	shift := uint16(1)
	nat(l, &shift)
	l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
	l.run(time.Second)
	if len(l.hosts[0].Failures()) != 1 || len(l.hosts[0].Children()) != 0 {
		t.Errorf("failures %v", l.hosts[0].Failures())
	}
}
