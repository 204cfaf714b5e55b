package ikev1_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// replaced gives a pair with a child and the pair that replaces it, at both ends.
func replaced(t *testing.T, edit func(i, r *ikev1.Config)) (old, heir *pair) {
	t.Helper()
	old = newPair(t, edit).start().quick()
	old.mirror()
	heir = newPair(t, edit)
	heir.now = old.now
	heir.start()
	heir.i.Succeed(old.i.Session)
	heir.r.Succeed(old.r.Session)
	old.now = heir.now
	return old, heir
}

// TestSucceed: the children survive the ISAKMP SA they were negotiated under, and a Delete under either names them.
func TestSucceed(t *testing.T) {
	for _, under := range []string{"old", "new"} {
		t.Run(under, func(t *testing.T) {
			old, heir := replaced(t, nil)
			heir.mirror()
			by := map[string]*pair{"old": old, "new": heir}[under]
			out, err := by.i.DeleteChild(by.now, heir.i.Children()[0].SPIIn)
			if err != nil {
				t.Fatal(err)
			}
			by.carry(by.i, out)
			if a, b := len(heir.i.Children()), len(old.r.Children()); a+b != 0 || !by.r.has(ikev1.EventChildGone) {
				t.Errorf("%d and %d children", a, b)
			}
		})
	}
	old, heir := replaced(t, nil)
	out, err := old.i.Delete(old.now)
	if err != nil {
		t.Fatal(err)
	}
	old.carry(old.i, out)
	heir.mirror()
	if old.r.State() != ikev1.StateDeleted {
		t.Errorf("the old one is %v", old.r.State())
	}
	heir.quick().mirror()
	if n := len(heir.r.Children()); n != 2 {
		t.Errorf("%d children", n)
	}
}

// TestSucceedAge: it is the heir that replaces and ends children; the old SA neither probes nor touches them.
func TestSucceedAge(t *testing.T) {
	old, heir := replaced(t, func(i, _ *ikev1.Config) {
		i.Rekey, i.Quick[0].Lifetime = true, time.Hour
		i.DPD = ikev1.DPD{Idle: time.Minute}
	})
	if at, _ := old.i.Deadline(); at.Sub(start) < 7*time.Hour {
		t.Errorf("the old SA has something to do after %v", at.Sub(start))
	}
	old.now = start.Add(2 * time.Hour)
	if out, err := old.i.Tick(old.now); len(out) != 0 || err != nil || len(old.i.Children()) != 1 {
		t.Errorf("the old SA sends %d datagrams: %v", len(out), err)
	}
	for heir.now.Sub(start) < 90*time.Minute && heir.tick() {
	}
	heir.mirror()
	if n := len(heir.i.Children()); n != 1 || heir.i.Children()[0].Expires().Before(heir.now) {
		t.Errorf("%d children", n)
	}
}

// TestSucceedCycle: a Session cannot be the heir of its own heir, nor of itself.
func TestSucceedCycle(t *testing.T) {
	old, heir := replaced(t, nil)
	old.i.Succeed(heir.i.Session)
	heir.i.Succeed(heir.i.Session)
	heir.mirror()
	if n := len(old.i.Children()); n != 1 {
		t.Errorf("%d children", n)
	}
	if at, ok := heir.i.Deadline(); !ok || at.Sub(start) > 2*time.Hour {
		t.Errorf("nobody looks after the child: %v", at)
	}
}

func TestForget(t *testing.T) {
	p := newPair(t, nil).start().quick()
	p.r.Forget(p.now)
	if len(p.r.Children()) != 0 || p.r.State() != ikev1.StateDeleted || !p.r.has(ikev1.EventChildGone) {
		t.Errorf("%d children in state %v", len(p.r.Children()), p.r.State())
	}
	old, heir := replaced(t, nil)
	old.r.Forget(old.now)
	heir.mirror()
	if old.r.has(ikev1.EventChildGone) {
		t.Error("the heir's child is gone")
	}
}

// TestKilobytes: a child is replaced before its kilobytes are used up, and goes with the last of them.
func TestKilobytes(t *testing.T) {
	p := newPair(t, func(i, r *ikev1.Config) {
		i.Rekey = true
		i.Quick[0].Kilobytes, r.Quick[0].Kilobytes = 100, 80
	}).start().quick()
	c := p.i.Children()[0]
	if d := p.r.Children()[0]; c.Kilobytes != 80 || d.Kilobytes != 80 {
		t.Fatalf("lifetimes of %d and %d KiB: RESPONDER-LIFETIME is not adopted", c.Kilobytes, d.Kilobytes)
	}
	carried := func(e *end, octets uint64) {
		t.Helper()
		out, err := e.Carried(p.now, e.Children()[0], octets)
		if err != nil {
			t.Fatal(err)
		}
		p.carry(e, out)
	}
	for _, tt := range []struct {
		by     *end
		octets uint64
		want   int
	}{{p.i, 70 << 10, 1}, {p.r, 79 << 10, 1}, {p.i, 73 << 10, 2}, {p.i, 74 << 10, 2}, {p.r, 80 << 10, 1}} {
		carried(tt.by, tt.octets)
		if n := len(p.i.Children()); n != tt.want || n != len(p.r.Children()) {
			t.Errorf("after %d octets: %d and %d children, want %d", tt.octets, n, len(p.r.Children()), tt.want)
		}
	}
	p.mirror()
	if out, err := p.i.Carried(p.now, c, 1<<30); out != nil || err != nil {
		t.Error("a child that is gone has a lifetime")
	}
	p = newPair(t, nil).start().quick()
	if out, err := p.i.Carried(p.now, p.i.Children()[0], 1<<40); out != nil || err != nil {
		t.Error("a child without a lifetime in kilobytes has one")
	}
}

// TestPhase1Kilobytes: the ISAKMP SA is to be replaced when most of its kilobytes are used up, and ends with the rest.
func TestPhase1Kilobytes(t *testing.T) {
	p := newPair(t, func(i, _ *ikev1.Config) {
		i.Rekey, i.Kilobytes = true, 4
		i.DPD = ikev1.DPD{Idle: time.Minute}
	}).start()
	var rekey time.Time
	for p.now.Sub(start) < 7*time.Hour && p.i.State() == ikev1.StateEstablished && p.tick() {
		if rekey.IsZero() && p.i.has(ikev1.EventRekey) {
			rekey = p.now
		}
	}
	if d := rekey.Sub(start); d < 10*time.Minute || d > time.Hour || p.i.State() != ikev1.StateDeleted || p.now.Sub(rekey) > 10*time.Minute {
		t.Errorf("to be replaced after %v, %v after %v", d, p.i.State(), p.now.Sub(start))
	}
}

// TestOfferedLifetime: a responder keeps an SA no longer than it was offered, and says so where its own lifetime is shorter.
func TestOfferedLifetime(t *testing.T) {
	for _, tt := range []struct{ offered, own, want time.Duration }{
		{time.Hour, 0, time.Hour}, {time.Hour, 2 * time.Hour, time.Hour}, {3 * time.Hour, 2 * time.Hour, 2 * time.Hour},
	} {
		p := newPair(t, func(i, r *ikev1.Config) { i.Lifetime, r.Lifetime = tt.offered, tt.own }).start()
		for _, e := range []*end{p.i, p.r} {
			at, _ := e.Deadline()
			if d := at.Sub(start).Round(time.Second); d != tt.want {
				t.Errorf("%v offered, %v own: the %v's SA lives %v", tt.offered, tt.own, e.Role(), d)
			}
		}
	}
	// Not in aggressive mode, where the initiator learns of it when the responder deletes the SA.
	p := newPair(t, both(aggressive, func(i, r *ikev1.Config) { i.Lifetime, r.Lifetime = 3*time.Hour, time.Hour })).start()
	if e := p.i.find(ikev1.EventNotifyReceived); e != nil {
		t.Errorf("aggressive mode: notify %v", e.Notify)
	}
	for p.r.State() == ikev1.StateEstablished && p.tick() {
	}
	if d := p.now.Sub(start).Round(time.Second); d != time.Hour || p.i.State() != ikev1.StateDeleted {
		t.Errorf("aggressive mode: %v after %v", p.i.State(), d)
	}
}

// TestMoved: ESP from another port is followed where the peer is behind a NAT, and only there.
func TestMoved(t *testing.T) {
	elsewhere := netip.AddrPortFrom(addrI.Addr(), 7777)
	for name, edit := range map[string]func(i, r *ikev1.Config){"a NAT": behindNAT, "no NAT": nothing} {
		p := newPair(t, edit)
		shift := uint16(1000)
		if name == "a NAT" {
			nat(p, &shift)
		}
		p.start().quick()
		p.r.Moved(p.now, elsewhere)
		c := p.r.Children()[0]
		if moved := c.Encap != nil && c.Encap.DstPort == 7777; moved != (name == "a NAT") || p.r.has(ikev1.EventRemap) != moved {
			t.Errorf("behind %s: the child goes to %v %+v", name, c.Remote, c.Encap)
		}
	}
}

// TestReflected: what this end sent does nothing when it comes back.
func TestReflected(t *testing.T) {
	for _, edit := range []func(i, r *ikev1.Config){nothing, aggressive, forced} {
		p := newPair(t, edit)
		p.path = func(from *end, d ikev1.Datagram) ikev1.Datagram {
			dropped := len(from.events)
			out, err := from.Handle(p.now, ikev1.Datagram{Local: d.Local, Remote: d.Remote, Data: bytes.Clone(d.Data)})
			if err != nil || len(out) != 0 || len(from.events) == dropped || from.events[len(from.events)-1].Kind != ikev1.EventDropped {
				t.Errorf("%v: %d datagrams, %v", from.Role(), len(out), err)
			}
			return d
		}
		p.start().quick()
		out, err := p.i.DeleteChild(p.now, p.i.Children()[0].SPIIn)
		if err != nil {
			t.Fatal(err)
		}
		p.carry(p.i, out)
		if n := len(p.r.Children()); n != 0 || p.r.State() != ikev1.StateEstablished {
			t.Errorf("%d children in state %v: %v", n, p.r.State(), p.r.errs)
		}
	}
}

// TestFirstContact: whoever has another SA with the peer does not say that this is the only one.
func TestFirstContact(t *testing.T) {
	for _, first := range []bool{false, true} {
		p := newPair(t, func(i, _ *ikev1.Config) { i.FirstContact = func() bool { return first } }).start()
		e := p.r.find(ikev1.EventInitialContact)
		if got := e != nil; got != first || got && (e.Notify != 0 || !e.Protected) {
			t.Errorf("INITIAL-CONTACT: %+v", e)
		}
	}
	if wire.NotifyInitialContact != 24578 {
		t.Error("another number")
	}
}
