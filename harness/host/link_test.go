package host_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/ikev1"
)

// link is two hosts with a path between them that takes a millisecond, in a time of its own.
type link struct {
	t      *testing.T
	now    time.Time
	hosts  [2]*host.Host
	events [2][]host.Event
	apps   [2][][]byte
	sent   [2]int
	flying []flying
	lose   func(from int, p []byte) bool
	path   func(from int, p []byte) []byte // what a NAT makes of it
}

// flying is a packet on its way.
type flying struct {
	at time.Time
	to int
	p  []byte
}

const latency = time.Millisecond

// newLink makes two hosts of newHost's kind.
func newLink(t *testing.T, a, b netip.Addr, edit func(a, b *host.Config)) *link {
	l := &link{t: t, now: start}
	var cfgs [2]host.Config
	newHost(t, a, b, func(c *host.Config) { cfgs[0] = *c })
	newHost(t, b, a, func(c *host.Config) { cfgs[1] = *c })
	cfgs[0].OnDemand = true
	if edit != nil {
		edit(&cfgs[0], &cfgs[1])
	}
	for n := range cfgs {
		l.boot(n, cfgs[n])
	}
	return l
}

// boot starts a host, or starts it again with nothing of what it knew.
func (l *link) boot(n int, c host.Config) {
	l.t.Helper()
	c.Record = func(e host.Event) { l.events[n] = append(l.events[n], e) }
	h, err := host.New(c)
	if err != nil {
		l.t.Fatal(err)
	}
	l.hosts[n] = h
}

// out sends what a host has to say.
func (l *link) out(n int, o host.Output) {
	l.apps[n] = append(l.apps[n], o.App...)
	for _, p := range o.Wire {
		l.sent[n]++
		if l.lose != nil && l.lose(n, p) {
			continue
		}
		if l.path != nil {
			p = l.path(n, p)
		}
		l.flying = append(l.flying, flying{at: l.now.Add(latency), to: 1 - n, p: p})
	}
}

// act has a host do something.
func (l *link) act(n int, f func(h *host.Host, now time.Time) (host.Output, error)) {
	l.t.Helper()
	o, err := f(l.hosts[n], l.now)
	if err != nil {
		l.t.Fatal(err)
	}
	l.out(n, o)
}

// run lets time pass.
func (l *link) run(d time.Duration) {
	l.t.Helper()
	end := l.now.Add(d)
	for steps := 0; ; steps++ {
		next := end
		if len(l.flying) > 0 && l.flying[0].at.Before(next) {
			next = l.flying[0].at
		}
		for _, h := range l.hosts {
			if at, ok := h.Deadline(); ok && at.Before(next) {
				next = at
			}
		}
		if steps > 200_000 {
			l.t.Fatalf("no rest after %v", l.now.Sub(start))
		}
		if next.After(l.now) {
			l.now = next
		}
		if !l.now.Before(end) {
			return
		}
		for len(l.flying) > 0 && !l.flying[0].at.After(l.now) {
			f := l.flying[0]
			l.flying = l.flying[1:]
			l.out(f.to, l.hosts[f.to].FromWire(l.now, f.p))
		}
		for n, h := range l.hosts {
			if at, ok := h.Deadline(); ok && !at.After(l.now) {
				l.out(n, h.Tick(l.now))
			}
		}
	}
}

// count counts the events of a kind that a host reported.
func (l *link) count(n int, k ikev1.EventKind) (count int) {
	for _, e := range l.events[n] {
		if e.IKE != nil && e.IKE.Kind == k {
			count++
		}
	}
	return count
}

// isakmp counts the ISAKMP SAs that stand at a host.
func (l *link) isakmp(n int) int {
	return l.count(n, ikev1.EventEstablished) - l.count(n, ikev1.EventDeleted)
}

// talk sends a UDP datagram from each end to the other, and tells which of them arrived through an SA.
func (l *link) talk() (arrived [2]bool) {
	l.t.Helper()
	a, b := netip.AddrPortFrom(l.hosts[0].Addr(), 7), netip.AddrPortFrom(l.hosts[1].Addr(), 7)
	packets := [2][]byte{host.UDPPacket(1, a, b, []byte("from a")), host.UDPPacket(1, b, a, []byte("from b"))}
	var before [2]int
	for n, p := range packets {
		before[1-n] = len(l.apps[1-n])
		o := l.hosts[n].FromApp(l.now, p)
		for _, w := range o.Wire {
			if bytes.Contains(w, []byte("from ")) {
				l.t.Fatalf("in clear: %x", w)
			}
		}
		l.out(n, o)
	}
	l.run(10 * latency)
	for n, p := range packets {
		arrived[1-n] = slices.ContainsFunc(l.apps[1-n][before[1-n]:], func(got []byte) bool { return bytes.Equal(got, p) })
	}
	return arrived
}

// works wants talk to arrive at both ends.
func (l *link) works(when string) {
	l.t.Helper()
	if got := l.talk(); got != [2]bool{true, true} {
		l.t.Errorf("%s, after %v: arrived %v; failures %v %v", when, l.now.Sub(start), got, l.hosts[0].Failures(), l.hosts[1].Failures())
	}
}

// up brings up the ISAKMP SA and the child, from the first host.
func (l *link) up() *link {
	l.t.Helper()
	l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
	l.run(time.Second)
	l.works("at the beginning")
	return l
}

// isIKE tells whether a packet is an IKE message, and of which exchange.
func isIKE(p []byte) (exchange byte, ok bool) {
	at := 20
	if p[0]>>4 == 6 {
		at = 40
	}
	if len(p) < at+8+28 || p[at-11] != 17 && p[6] != 17 {
		return 0, false
	}
	data := p[at+8:]
	if binary.BigEndian.Uint16(p[at+2:]) == 4500 || binary.BigEndian.Uint16(p[at:]) == 4500 {
		if binary.BigEndian.Uint32(data) != 0 {
			return 0, false
		}
		data = data[4:]
	}
	return data[18], true
}
