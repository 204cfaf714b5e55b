package host_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var (
	addrA = netip.MustParseAddr("192.0.2.1")
	addrB = netip.MustParseAddr("192.0.2.2")
	start = time.Unix(1e9, 0)
)

func newHost(t testing.TB, local, remote netip.Addr, edit func(*host.Config)) *host.Host {
	t.Helper()
	sel := spd.Selector{Src: netip.PrefixFrom(local, local.BitLen()), Dst: netip.PrefixFrom(remote, remote.BitLen()), Proto: 17}
	cfg := host.Config{
		Name: local.String(), Addr: local,
		IKE: ikev1.Config{
			Mode: ikev1.Main, Local: netip.AddrPortFrom(local, 500), Remote: netip.AddrPortFrom(remote, 500),
			LocalID: ikev1.AddrID(local), Auth: ikev1.Auth{Method: wire.AuthPSK, PSK: []byte("only for tests")},
			Proposals: []keymat.Suite{{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA1, Group: keymat.MODP1024}},
			Quick: []ikev1.QuickPolicy{{
				Name: "udp", Selector: sel, Proto: esp.ESP, Mode: esp.Transport,
				Suites: []esp.Suite{{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}},
			}},
		},
		SPD: spd.SPD{{Name: "udp", Selector: sel, Action: spd.Protect, Mode: esp.Transport}},
	}
	if edit != nil {
		edit(&cfg)
	}
	h, err := host.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// carry takes what from sends to the other host, and the answers back, until nothing is left.
func carry(from, to *host.Host, o host.Output) (app [][]byte) {
	for _, p := range o.Wire {
		in := to.FromWire(start, p)
		app = append(app, in.App...)
		app = append(app, carry(to, from, host.Output{Wire: in.Wire})...)
	}
	return app
}

// TestOnDemand has a packet of an application bring up the SA by itself.
func TestOnDemand(t *testing.T) {
	a := newHost(t, addrA, addrB, func(c *host.Config) { c.OnDemand = true })
	b := newHost(t, addrB, addrA, nil)
	packet := host.UDPPacket(1, netip.AddrPortFrom(addrA, 1000), netip.AddrPortFrom(addrB, 2000), []byte("data"))
	if got := carry(a, b, a.FromApp(start, packet)); len(got) != 0 {
		t.Error("the first packet arrives before there is an SA")
	}
	if len(a.Children()) != 1 || len(b.Children()) != 1 {
		t.Fatalf("children %d %d, failures %v %v", len(a.Children()), len(b.Children()), a.Failures(), b.Failures())
	}
	o := a.FromApp(start, packet)
	if len(o.Wire) != 1 || o.Wire[0][9] != 50 {
		t.Fatalf("the second packet leaves as %x", o.Wire)
	}
	got := carry(a, b, o)
	if len(got) != 1 || !bytes.Equal(got[0], packet) {
		t.Errorf("arrives as %x, left as %x", got, packet)
	}
}

// TestFlood shows that half-open negotiations stay bounded and a real peer is served meanwhile.
func TestFlood(t *testing.T) {
	b := newHost(t, addrB, addrA, nil)
	offer := offerOf(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	answered := 0
	for n := range 5000 {
		binary.BigEndian.PutUint64(offer, uint64(n)+1) // another initiator cookie
		o := b.FromWire(start, host.UDPPacket(1, netip.AddrPortFrom(addrA, 500), netip.AddrPortFrom(addrB, 500), offer))
		for _, p := range o.Wire {
			if len(p) > len(offer)+28 {
				t.Fatalf("an answer of %d octets to %d: the host amplifies", len(p), len(offer))
			}
			answered++
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("the flood left %d octets of state", grown)
	}
	a := newHost(t, addrA, addrB, nil)
	o, err := a.Initiate(start, "udp")
	if err != nil {
		t.Fatal(err)
	}
	carry(a, b, o)
	if answered != 5000 || len(a.Children()) != 1 {
		t.Errorf("%d answers, %d children: %v", answered, len(a.Children()), a.Failures())
	}
	b.Tick(start.Add(time.Minute)) // and the half-open ones go
	if at, ok := b.Deadline(); !ok || at.Before(start.Add(time.Minute)) {
		t.Errorf("deadline %v: half-open negotiations are kept", at)
	}
}

// TestAggressiveFlood: in aggressive mode message 1 makes keys, and a host does not keep them all.
func TestAggressiveFlood(t *testing.T) {
	mode := func(c *host.Config) { c.IKE.Mode = ikev1.Aggressive }
	b := newHost(t, addrB, addrA, mode)
	o, err := newHost(t, addrA, addrB, mode).Initiate(start, "udp")
	if err != nil {
		t.Fatal(err)
	}
	offer := bytes.Clone(o.Wire[0][28:])
	for n := range 1100 {
		binary.BigEndian.PutUint64(offer, uint64(n)+1)
		b.FromWire(start, host.UDPPacket(1, netip.AddrPortFrom(addrA, 500), netip.AddrPortFrom(addrB, 500), offer))
	}
	if n := len(b.Keys().ISAKMP); n != 1024 || b.Keys().ISAKMP[n-1].CookieI[7] != byte(1100%256) {
		t.Errorf("keys of %d ISAKMP SAs", n)
	}
	for range 3 {
		at, _ := b.Deadline()
		b.Tick(at)
	}
	if n := len(b.Failures()); n > 256 {
		t.Errorf("%d failures", n)
	}
}

// offerOf is message 1 of an initiator.
func offerOf(t *testing.T) []byte {
	t.Helper()
	o, err := newHost(t, addrA, addrB, nil).Initiate(start, "udp")
	if err != nil || len(o.Wire) != 1 {
		t.Fatal(err)
	}
	return bytes.Clone(o.Wire[0][28:])
}

// TestForeign shows what a host does not answer, and that it says why.
func TestForeign(t *testing.T) {
	offer := offerOf(t)
	stranger := netip.MustParseAddrPort("192.0.2.66:500")
	local := netip.AddrPortFrom(addrB, 500)
	v2 := bytes.Clone(offer)
	v2[17] = 0x20
	for name, p := range map[string][]byte{
		"a stranger":        host.UDPPacket(1, stranger, local, offer),
		"another address":   host.UDPPacket(1, netip.AddrPortFrom(addrA, 500), stranger, offer),
		"IKEv2":             host.UDPPacket(1, netip.AddrPortFrom(addrA, 500), local, v2),
		"junk":              host.UDPPacket(1, netip.AddrPortFrom(addrA, 500), local, []byte("junk")),
		"nothing":           {},
		"half a header":     host.UDPPacket(1, netip.AddrPortFrom(addrA, 500), local, offer)[:22],
		"a lone marker":     host.UDPPacket(1, netip.AddrPortFrom(addrA, 4500), netip.AddrPortFrom(addrB, 4500), make([]byte, 4)),
		"a keepalive":       host.UDPPacket(1, netip.AddrPortFrom(addrA, 4500), netip.AddrPortFrom(addrB, 4500), []byte{0xff}),
		"clear, protected":  host.UDPPacket(1, netip.AddrPortFrom(addrA, 7), netip.AddrPortFrom(addrB, 7), []byte("x")),
		"clear, unlisted":   append([]byte{0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1}, 192, 0, 2, 2),
		"ESP of no SA":      append([]byte{0x45, 0, 0, 28, 0, 0, 0, 0, 64, 50, 0, 0, 192, 0, 2, 1}, 192, 0, 2, 2, 1, 2, 3, 4, 0, 0, 0, 1),
		"IPv6 of no length": append([]byte{0x60, 0, 0, 0, 255, 255, 17, 64}, make([]byte, 32)...),
	} {
		t.Run(name, func(t *testing.T) {
			var events []host.Event
			b := newHost(t, addrB, addrA, func(c *host.Config) {
				c.Record = func(e host.Event) { events = append(events, e) }
			})
			if o := b.FromWire(start, p); len(o.Wire)+len(o.App) != 0 {
				t.Errorf("answered: %+v", o)
			}
			if len(events) == 0 || events[len(events)-1].Detail == "" {
				t.Errorf("nothing says why: %+v", events)
			}
		})
	}
}

// TestLongMessages: messages that do not fit into a packet arrive all the same.
func TestLongMessages(t *testing.T) {
	long := func(c *host.Config) {
		c.IKE.LocalID = wire.ID{IDType: wire.IDKeyID, Data: bytes.Repeat([]byte("long "), 1000)}
	}
	a, b := newHost(t, addrA, addrB, long), newHost(t, addrB, addrA, long)
	o, err := a.Initiate(start, "udp")
	if err != nil {
		t.Fatal(err)
	}
	carry(a, b, o)
	if len(a.Children()) != 1 || len(b.Children()) != 1 {
		t.Errorf("children %d %d, failures %v %v", len(a.Children()), len(b.Children()), a.Failures(), b.Failures())
	}
}

// TestSettle shows that quick mode does not follow on the heels of a last message of our own.
func TestSettle(t *testing.T) {
	aggressive := func(c *host.Config) { c.IKE.Mode = ikev1.Aggressive }
	a, b := newHost(t, addrA, addrB, aggressive), newHost(t, addrB, addrA, aggressive)
	o, err := a.Initiate(start, "udp")
	if err != nil {
		t.Fatal(err)
	}
	carry(a, b, o)
	if !a.Established() || !b.Established() || len(a.Children()) != 0 || !a.Negotiating() {
		t.Fatalf("established %v %v, children %d, negotiating %v", a.Established(), b.Established(), len(a.Children()), a.Negotiating())
	}
	due, ok := a.Deadline()
	if !ok || !due.After(start) || due.After(start.Add(time.Second)) {
		t.Fatalf("deadline %v %v", due, ok)
	}
	if o := a.Tick(due.Add(-1)); len(o.Wire) != 0 {
		t.Errorf("%d packets before they are due", len(o.Wire))
	}
	carry(a, b, a.Tick(due))
	if len(a.Children()) != 1 || len(b.Children()) != 1 {
		t.Errorf("children %d %d, failures %v %v", len(a.Children()), len(b.Children()), a.Failures(), b.Failures())
	}
}
