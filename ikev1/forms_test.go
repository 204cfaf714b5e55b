package ikev1_test

import (
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
)

// TestDeleteForms: what a Delete names goes, if it is the sender's and protected, and nothing else (RFC 2408 3.15).
func TestDeleteForms(t *testing.T) {
	for fault, want := range map[string]struct {
		children int
		state    ikev1.State
	}{
		"":                   {0, ikev1.StateDeleted},
		"DeleteBothSPIs":     {0, ikev1.StateDeleted},
		"DeleteTwice":        {0, ikev1.StateDeleted},
		"DeleteAndNotify":    {0, ikev1.StateDeleted},
		"DeleteWrongSide":    {1, ikev1.StateDeleted},
		"DeleteOtherCookies": {0, ikev1.StateEstablished},
		"DeleteProtocolZero": {1, ikev1.StateEstablished},
		"DeleteInClear":      {1, ikev1.StateEstablished},
		"NeverDelete":        {1, ikev1.StateEstablished},
	} {
		t.Run(fault, func(t *testing.T) {
			p := newPair(t, nil).start().quick()
			if fault != "" {
				switchOn(t, &p.i.cfg.Deviations, fault)
			}
			out, err := p.i.DeleteChild(p.now, p.i.Children()[0].SPIIn)
			if err != nil {
				t.Fatal(err)
			}
			p.carry(p.i, out)
			if n := len(p.r.Children()); n != want.children {
				t.Errorf("%d children, want %d", n, want.children)
			}
			if out, err = p.i.Delete(p.now); err != nil {
				t.Fatal(err)
			}
			p.carry(p.i, out)
			if got := p.r.State(); got != want.state || len(p.r.errs) != 0 {
				t.Errorf("state %v, want %v: %v", got, want.state, p.r.errs)
			}
		})
	}
}

// TestDPDForms: a question is answered whatever its number or the order of its cookies, and the SA stands; questions
// that get no answer end it (RFC 3706 5.4, 6.2).
func TestDPDForms(t *testing.T) {
	for _, tt := range []struct {
		fault string
		by    ikev1.Role
		dead  bool
	}{
		{"DPDRepeat", ikev1.Initiator, false},
		{"DPDSkip", ikev1.Initiator, false},
		{"DPDZero", ikev1.Initiator, false},
		{"DPDReversedCookies", ikev1.Initiator, false},
		{"DPDNoVendorID", ikev1.Initiator, false},
		{"DPDNoAck", ikev1.Responder, true},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			p := newPair(t, func(i, r *ikev1.Config) {
				i.DPD = ikev1.DPD{Idle: time.Minute}
				switchOn(t, map[ikev1.Role]*ikev1.Deviations{ikev1.Initiator: &i.Deviations, ikev1.Responder: &r.Deviations}[tt.by], tt.fault)
			}).start().quick()
			asked := len(p.i.sent)
			for p.now.Sub(start) < 10*time.Minute && p.i.State() == ikev1.StateEstablished && p.tick() {
			}
			if dead := p.i.State() != ikev1.StateEstablished; dead != tt.dead || len(p.i.sent) == asked {
				t.Errorf("state %v after %d questions: %v", p.i.State(), len(p.i.sent)-asked, p.i.errs)
			}
			if !tt.dead {
				p.mirror()
			}
		})
	}
}
