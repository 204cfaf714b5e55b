package ikev1_test

import (
	"errors"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// TestCommit: with the commit bit the initiator's child waits for CONNECTED, whatever is lost.
func TestCommit(t *testing.T) {
	for who := range 2 {
		for n := 0; n <= 6; n++ {
			p := newPair(t, func(_, r *ikev1.Config) { r.Commit = true })
			loser := []*end{p.i, p.r}[who]
			p.drop = func(from *end, k int) bool { return from == loser && k == n }
			p.start()
			p.wait()
			p.quick()
			p.wait()
			p.mirror()
			if wire.Flags(p.r.sent[len(p.r.sent)-1].Data[18]) != wire.Flags(wire.ExchangeInformational) {
				t.Error("the last message is not CONNECTED")
			}
		}
	}
	// A responder that never says it.
	for _, tolerant := range []bool{false, true} {
		p := newPair(t, func(i, r *ikev1.Config) { r.Deviations.CommitPhase2, i.Tolerant = true, tolerant }).start().quick()
		if len(p.i.Children()) != 0 {
			t.Error("the initiator does not wait")
		}
		p.wait()
		if got := len(p.i.Children()) == 1; got != tolerant {
			t.Errorf("child: %v", got)
		}
	}
}

func TestNewGroup(t *testing.T) {
	for _, omit := range []bool{false, true} {
		p := newPair(t, func(i, _ *ikev1.Config) {
			i.Deviations.QuickExchange = uint8(wire.ExchangeNewGroup)
			if omit {
				i.Deviations.Payloads = []ikev1.PayloadFault{{Step: ikev1.Quick1, Type: wire.PayloadSA, Fault: ikev1.FaultOmit}}
			}
		}).start().quick()
		want := map[bool]wire.NotifyType{false: wire.NotifyAttributesNotSupported, true: wire.NotifyPayloadMalformed}[omit]
		if n := p.i.find(ikev1.EventNotifyReceived); n == nil || n.Notify != want || !n.Protected {
			t.Errorf("notify %+v, want %v", n, want)
		}
		if p.r.State() != ikev1.StateEstablished || len(p.r.Children()) != 0 {
			t.Error("the ISAKMP SA suffered")
		}
	}
	p := newPair(t, func(i, _ *ikev1.Config) {
		i.Deviations.QuickExchange, i.Deviations.WrongQuickHash = uint8(wire.ExchangeNewGroup), true
	}).start().quick()
	if !p.r.has(ikev1.EventDropped) || p.r.has(ikev1.EventNotifySent) {
		t.Error("a new group mode with a wrong hash was answered")
	}
}

// TestResponderLifetime: the shorter lifetime counts at both ends.
func TestResponderLifetime(t *testing.T) {
	for _, l := range []struct{ i, r, want time.Duration }{
		{time.Hour, 20 * time.Minute, 20 * time.Minute},
		{20 * time.Minute, time.Hour, 20 * time.Minute},
		{0, 10 * time.Minute, 10 * time.Minute},
		{40 * time.Hour, 30 * time.Hour, 30 * time.Hour}, // more than 16 bits of seconds
	} {
		p := newPair(t, func(i, r *ikev1.Config) { i.Quick[0].Lifetime, r.Quick[0].Lifetime = l.i, l.r }).start().quick()
		p.mirror()
		if a, b := p.i.Children()[0].Lifetime, p.r.Children()[0].Lifetime; a != l.want || b != l.want {
			t.Errorf("%v and %v: %v and %v", l.i, l.r, a, b)
		}
	}
	// Attributes of phase 2 in phase 1 mean something else there, and are no reason to stop.
	p := newPair(t, func(_, r *ikev1.Config) { r.Deviations.ResponderLifetimePhase2 = true }).start().quick()
	p.mirror()
}

// TestSimultaneousRekey: both ends make children for the same policy at the same time, and go on doing so. Neither the
// children nor the messages become more and more.
func TestSimultaneousRekey(t *testing.T) {
	p := newPair(t, func(i, r *ikev1.Config) {
		for _, c := range []*ikev1.Config{i, r} {
			c.Rekey, c.Lifetime, c.Quick[0].Lifetime = true, 8*time.Hour, time.Hour
		}
	}).start()
	a, err := p.i.StartQuick(p.now, "bgp")
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.r.StartQuick(p.now, "bgp")
	if err != nil {
		t.Fatal(err)
	}
	p.carry(p.i, a) // both first messages are on the way
	p.carry(p.r, b)
	most := 0
	for p.now.Sub(start) < 7*time.Hour && p.tick() {
		most = max(most, len(p.i.Children()), len(p.r.Children()))
		if len(p.i.Children()) == 0 {
			t.Fatalf("no child after %v", p.now.Sub(start))
		}
	}
	if most > 4 || len(p.i.sent) > 100 {
		t.Errorf("%d children at once, %d messages", most, len(p.i.sent))
	}
}

// TestInitialContact is told to whoever drives the session: it must forget other sessions with the peer.
func TestInitialContact(t *testing.T) {
	for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
		p := newPair(t, mode).start()
		if !p.r.has(ikev1.EventInitialContact) || p.i.has(ikev1.EventInitialContact) {
			t.Errorf("%s: no event", name)
		}
		p = newPair(t, both(mode, func(i, _ *ikev1.Config) { i.NoInitialContact = true })).start()
		if p.r.has(ikev1.EventInitialContact) {
			t.Errorf("%s: an event for nothing", name)
		}
	}
}

// TestNotReady: nothing can be asked of a session at the wrong time.
func TestNotReady(t *testing.T) {
	p := newPair(t, nil)
	if _, err := p.r.Start(start); err == nil {
		t.Error("a responder starts")
	}
	if _, err := p.i.Delete(start); !errors.Is(err, ikev1.ErrNotReady) {
		t.Error(err)
	}
	if _, err := p.i.DeleteChild(start, 1); !errors.Is(err, ikev1.ErrUnknownName) {
		t.Error(err)
	}
	p.start()
	if _, err := p.i.StartQuick(p.now, "nothing"); !errors.Is(err, ikev1.ErrUnknownName) {
		t.Error(err)
	}
}

// TestRefusedAnswer: a peer that cannot use our answer to its quick mode says so, and we stop sending it.
func TestRefusedAnswer(t *testing.T) {
	p := newPair(t, func(_, r *ikev1.Config) { r.Deviations.LowSPI = true }).start().quick()
	if p.r.Negotiating() || len(p.r.Children()) != 0 {
		t.Error("the responder still waits for message 3")
	}
	if len(p.r.errs) != 1 || !errors.Is(p.r.errs[0], ikev1.ErrRefused) {
		t.Errorf("errors %v", p.r.errs)
	}
}
