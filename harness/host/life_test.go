package host_test

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var (
	addrA6 = netip.MustParseAddr("2001:db8::1")
	addrB6 = netip.MustParseAddr("2001:db8::2")
)

func rekeyIKE(h *host.Host, now time.Time) (host.Output, error) { return h.RekeyIKE(now) }

// lives sets lifetimes, and who replaces what has lived.
func lives(isakmp, child time.Duration) func(a, b *host.Config) {
	return func(a, b *host.Config) {
		for _, c := range []*host.Config{a, b} {
			c.IKE.Rekey, c.IKE.Lifetime, c.IKE.Quick[0].Lifetime = true, isakmp, child
		}
	}
}

// TestRekeyIKE: a new ISAKMP SA takes the place of the old one; the child lives on and belongs to it.
func TestRekeyIKE(t *testing.T) {
	for _, by := range []int{0, 1} {
		l := newLink(t, addrA, addrB, nil).up()
		child := l.hosts[0].Children()[0]
		l.act(by, rekeyIKE)
		l.run(time.Second)
		if a, b := l.isakmp(0), l.isakmp(1); a != 2 || b != 2 {
			t.Fatalf("%d and %d ISAKMP SAs during the overlap: %v", a, b, l.hosts[0].Failures())
		}
		l.works("during the overlap")
		l.run(15 * time.Second)
		if a, b := l.isakmp(0), l.isakmp(1); a != 1 || b != 1 {
			t.Errorf("%d and %d ISAKMP SAs after the overlap", a, b)
		}
		if c := l.hosts[0].Children(); len(c) != 1 || c[0] != child || l.count(0, ikev1.EventInitialContact)+l.count(1, ikev1.EventInitialContact) != 1 {
			t.Errorf("%d children, or a rekey that says INITIAL-CONTACT", len(c))
		}
		l.works("after the overlap")
		l.act(1-by, func(h *host.Host, now time.Time) (host.Output, error) { return h.DeleteChild(now, "udp") })
		l.run(time.Second)
		if n := len(l.hosts[by].Children()); n != 0 {
			t.Error("a Delete under the new ISAKMP SA does not reach the old one's child")
		}
	}
	h := newHost(t, addrA, addrB, nil)
	if _, err := h.RekeyIKE(start); !errors.Is(err, ikev1.ErrNotReady) {
		t.Errorf("rekey of nothing: %v", err)
	}
}

// TestRekeyFails: a rekey that gets no answer is tried again, and the SA there is stays in use.
func TestRekeyFails(t *testing.T) {
	l := newLink(t, addrA, addrB, nil).up()
	l.lose = func(_ int, p []byte) bool { x, ok := isIKE(p); return ok && x == byte(wire.ExchangeMain) }
	l.act(0, rekeyIKE)
	l.run(time.Minute)
	l.works("without an answer")
	l.lose = nil
	l.run(time.Minute)
	if n := l.isakmp(0); n != 1 || l.count(0, ikev1.EventEstablished) != 2 {
		t.Errorf("%d ISAKMP SAs, %d established", n, l.count(0, ikev1.EventEstablished))
	}
	l.works("afterwards")
}

// TestDay lets a day pass in which everything is replaced many times, and no packet is lost.
func TestDay(t *testing.T) {
	for name, addrs := range map[string][2]netip.Addr{"ipv4": {addrA, addrB}, "ipv6": {addrA6, addrB6}} {
		t.Run(name, func(t *testing.T) {
			l := newLink(t, addrs[0], addrs[1], lives(time.Hour, 10*time.Minute)).up()
			for l.now.Sub(start) < 24*time.Hour {
				l.run(20 * time.Second)
				l.works("every 20 seconds")
				if a, b := l.isakmp(0), len(l.hosts[0].Children()); a > 2 || b > 2 {
					t.Fatalf("%d ISAKMP SAs and %d children after %v", a, b, l.now.Sub(start))
				}
			}
			if n := l.count(0, ikev1.EventEstablished); n < 24 || n > 28 {
				t.Errorf("%d ISAKMP SAs in a day", n)
			}
			if n := l.count(1, ikev1.EventChild); n < 144 || n > 170 {
				t.Errorf("%d children in a day", n)
			}
		})
	}
}

// TestLossyDay: with every fifth IKE message lost, a peer that stays away for a minute at most, and demand, there is
// always a way back.
func TestLossyDay(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	l := newLink(t, addrA, addrB, func(a, b *host.Config) {
		lives(time.Hour, 10*time.Minute)(a, b)
		a.IKE.DPD, b.IKE.DPD = ikev1.DPD{Idle: time.Minute}, ikev1.DPD{Idle: time.Minute}
		b.OnDemand = true
	}).up()
	l.lose = func(_ int, p []byte) bool { _, ok := isIKE(p); return ok && rnd.IntN(5) == 0 }
	for l.now.Sub(start) < 24*time.Hour {
		l.run(20 * time.Second)
		for tries := 0; l.talk() != [2]bool{true, true}; tries++ {
			if tries == 12 {
				t.Fatalf("no traffic for two minutes before %v: %v %v", l.now.Sub(start), l.hosts[0].Failures(), l.hosts[1].Failures())
			}
			l.run(10 * time.Second)
		}
		if a, b := l.isakmp(0), len(l.hosts[0].Children()); a > 6 || b > 12 {
			t.Fatalf("%d ISAKMP SAs and %d children after %v", a, b, l.now.Sub(start))
		}
	}
	if l.sent[0]+l.sent[1] > 40_000 {
		t.Errorf("%d and %d packets", l.sent[0], l.sent[1])
	}
}

// TestCrossed: both ends begin at once, with phase 1, with its replacement, or with a quick mode. What comes of it is
// usable in both directions and does not multiply.
func TestCrossed(t *testing.T) {
	both := func(l *link, f func(h *host.Host, now time.Time) (host.Output, error)) {
		l.act(0, f)
		l.act(1, f)
		l.run(time.Second)
	}
	initiate := func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") }
	for name, first := range map[string]func(l *link){
		"phase 1": func(l *link) { both(l, initiate) },
		"ISAKMP rekey": func(l *link) {
			l.up()
			both(l, rekeyIKE)
		},
		"child rekey": func(l *link) {
			l.up()
			both(l, initiate)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLink(t, addrA, addrB, lives(time.Hour, 10*time.Minute))
			first(l)
			l.works("after the crossing")
			for l.now.Sub(start) < 5*time.Hour {
				l.run(time.Minute)
				l.works("later")
			}
			for n := range l.hosts {
				if a, b := l.isakmp(n), len(l.hosts[n].Children()); a < 1 || a > 2 || b < 1 || b > 4 {
					t.Errorf("%d ISAKMP SAs and %d children", a, b)
				}
			}
			if l.sent[0]+l.sent[1] > 2000 {
				t.Errorf("%d and %d packets: a storm", l.sent[0], l.sent[1])
			}
		})
	}
}

// TestCrossedContact: an INITIAL-CONTACT that comes late, because its message was lost at first, does not end the SA
// that was made meanwhile.
func TestCrossedContact(t *testing.T) {
	l := newLink(t, addrA, addrB, nil)
	lost := false
	l.lose = func(from int, p []byte) bool {
		if x, ok := isIKE(p); from != 0 || !ok || x != byte(wire.ExchangeMain) || lost || l.count(0, ikev1.EventKeys) == 0 {
			return false
		}
		lost = true
		return true
	}
	for n := range l.hosts {
		l.act(n, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
	}
	l.run(20 * time.Second)
	if a, b := l.isakmp(0), l.isakmp(1); !lost || a != 2 || b != 2 {
		t.Errorf("%d and %d ISAKMP SAs", a, b)
	}
	l.works("afterwards")
}

// TestReboot: one end forgets everything. The other finds out by dead peer detection, or by INITIAL-CONTACT.
func TestReboot(t *testing.T) {
	configs := func(a, b *host.Config) {
		a.IKE.DPD = ikev1.DPD{Idle: 30 * time.Second}
		b.OnDemand = true
	}
	var again host.Config
	l := newLink(t, addrA, addrB, func(a, b *host.Config) { configs(a, b); again = *b }).up()
	again.OnDemand = false
	l.boot(1, again)
	if got := l.talk(); got[1] {
		t.Error("stale ESP is accepted")
	}
	if n := len(l.events[1]); n == 0 || l.events[1][n-1].Kind != "inbound-discard" && l.events[1][n-2].Kind != "inbound-discard" {
		t.Error("stale ESP is not reported")
	}
	l.run(2 * time.Minute)
	if l.hosts[0].Established() || len(l.hosts[0].Children()) != 0 || !errors.Is(l.hosts[0].Failures()[0], ikev1.ErrDead) {
		t.Fatalf("the dead peer is not noticed: %v", l.hosts[0].Failures())
	}
	l.talk() // demand
	l.run(time.Second)
	l.works("after dead peer detection")

	l = newLink(t, addrA, addrB, func(a, b *host.Config) { configs(a, b); again = *b }).up()
	l.boot(1, again)
	l.talk() // demand, at the end that forgot
	l.run(time.Second)
	if a, b := l.isakmp(0), len(l.hosts[0].Children()); a != 1 || b != 1 || l.count(0, ikev1.EventInitialContact) != 1 {
		t.Errorf("%d ISAKMP SAs and %d children after INITIAL-CONTACT", a, b)
	}
	l.works("after INITIAL-CONTACT")
}

// TestContactOfAnother: INITIAL-CONTACT says nothing about SAs with another identity.
func TestContactOfAnother(t *testing.T) {
	var other host.Config
	l := newLink(t, addrA, addrB, func(a, _ *host.Config) { other = *a }).up()
	other.IKE.LocalID = wire.ID{IDType: wire.IDFQDN, Data: []byte("other.example.org")}
	l.boot(0, other)
	l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
	l.run(time.Second)
	if n := l.isakmp(1); n != 2 || l.count(1, ikev1.EventInitialContact) != 2 {
		t.Errorf("%d ISAKMP SAs", n)
	}
}

// TestKilobytes: traffic wears a child out. It is replaced in time, and no packet is lost.
func TestKilobytes(t *testing.T) {
	for _, by := range []int{0, 1} { // whose limit it is
		l := newLink(t, addrA, addrB, func(a, b *host.Config) {
			c := []*host.Config{a, b}[by]
			a.IKE.Rekey, c.IKE.Quick[0].Kilobytes = true, 1
		}).up()
		for range 300 {
			l.works("under load")
			l.run(time.Second)
		}
		if n := l.count(by, ikev1.EventChild); n < 6 || n > 20 || len(l.hosts[0].Children()) > 3 {
			t.Errorf("%d children were made, %d are left", n, len(l.hosts[0].Children()))
		}
	}
	l := newLink(t, addrA, addrB, func(a, _ *host.Config) { a.IKE.Quick[0].Kilobytes, a.OnDemand = 1, false }).up()
	for range 100 {
		l.talk()
	}
	if n := len(l.hosts[0].Children()); n != 0 || len(l.hosts[1].Children()) != 0 {
		t.Error("the end of the lifetime in kilobytes does not end the child")
	}
}
