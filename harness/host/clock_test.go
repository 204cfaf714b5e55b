package host_test

import (
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
)

// TestClockJumps: the clock of one end goes back by hours: packets still pass, nothing runs in circles, and when it has caught up
// all goes on. It goes on by days: what is over is gone, and stays so when the clock comes back.
func TestClockJumps(t *testing.T) {
	l := newLink(t, addrA, addrB, lives(8*time.Hour, time.Hour)).up()
	back := l.now
	l.now = l.now.Add(-5 * time.Hour)
	l.works("after the clock went back")
	l.now = back.Add(time.Second)
	l.run(3 * time.Hour)
	l.works("when it has caught up")
	if n := l.count(0, ikev1.EventChild); n < 3 {
		t.Errorf("%d children in three hours", n)
	}
	for n, h := range l.hosts {
		if l.count(n, ikev1.EventFailed) != 0 {
			t.Errorf("host %d: %v", n, h.Failures())
		}
	}
	h := l.hosts[0]
	far := l.now.AddDate(0, 0, 30)
	for range 50 { // what is due at once, and what comes of it
		at, ok := h.Deadline()
		if !ok || at.After(far) {
			break
		}
		h.Tick(far)
	}
	if at, ok := h.Deadline(); ok && !at.After(far) {
		t.Errorf("the deadline stays at %v", at)
	}
	h.Tick(l.now)
	if n := len(h.Children()); n != 0 {
		t.Errorf("%d children are back", n)
	}
}
