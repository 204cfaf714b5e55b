package ikev1_test

import (
	"errors"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
)

// TestLifetimes lets eight hours pass: children follow each other without a gap, and in the
// end the ISAKMP SA goes.
func TestLifetimes(t *testing.T) {
	p := newPair(t, func(i, _ *ikev1.Config) {
		i.Rekey = true
		i.Quick[0].Lifetime = time.Hour
	}).start().quick()
	installed, gap := 0, false
	for p.i.State() == ikev1.StateEstablished && p.tick() {
		gap = gap || p.i.State() == ikev1.StateEstablished && len(p.i.Children()) == 0
	}
	for _, e := range p.i.events {
		if e.Kind == ikev1.EventChild {
			installed++
		}
	}
	if gap || installed < 8 || installed > 10 || !p.i.has(ikev1.EventRekey) || !p.i.has(ikev1.EventDeleted) {
		t.Errorf("%d children, gap %v, at %v: %v", installed, gap, p.now.Sub(start), p.i.errs)
	}
	if d := p.now.Sub(start); d < 8*time.Hour || d > 8*time.Hour+time.Minute {
		t.Errorf("the ISAKMP SA lived %v", d)
	}
	if p.r.State() != ikev1.StateDeleted {
		t.Errorf("responder in state %v", p.r.State())
	}
}

func TestDPD(t *testing.T) {
	p := newPair(t, func(i, _ *ikev1.Config) { i.DPD = ikev1.DPD{Idle: time.Minute} }).start().quick()
	for range 5 {
		p.tick()
	}
	if p.i.State() != ikev1.StateEstablished || p.now.Sub(start) < 5*time.Minute || len(p.i.sent) != 10 {
		t.Errorf("with answers: state %v after %v, %d messages", p.i.State(), p.now.Sub(start), len(p.i.sent))
	}
	p.drop = func(from *end, _ int) bool { return from == p.r }
	for p.i.State() == ikev1.StateEstablished && p.tick() {
	}
	if len(p.i.errs) != 1 || !errors.Is(p.i.errs[0], ikev1.ErrDead) || len(p.i.Children()) != 0 {
		t.Errorf("without answers: %v, %d children", p.i.errs, len(p.i.Children()))
	}
}
