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

// TestManyQuicks: quick modes that are done are forgotten, ones that are open are not, and there is a bound.
func TestManyQuicks(t *testing.T) {
	p := newPair(t, nil).start()
	for range 70 {
		p.quick()
	}
	if len(p.i.Children()) != 70 || len(p.r.Children()) != 70 {
		t.Errorf("%d and %d children", len(p.i.Children()), len(p.r.Children()))
	}
	p = newPair(t, nil).start()
	p.drop = func(*end, int) bool { return true }
	for n := range 65 {
		_, err := p.i.StartQuick(p.now, "bgp")
		if refused := errors.Is(err, ikev1.ErrNotReady); refused != (n == 64) {
			t.Fatalf("quick mode %d: %v", n+1, err)
		}
	}
}

// TestPhase1Lifetime: the responder's word about the ISAKMP SA counts if it is the shorter one.
func TestPhase1Lifetime(t *testing.T) {
	lifetime := func(secs ...byte) []byte {
		return append([]byte{0x80, byte(wire.P1LifeType), 0, byte(wire.LifeSeconds), 0, byte(wire.P1LifeDuration), 0, byte(len(secs))}, secs...)
	}
	for name, tt := range map[string]struct {
		data []byte
		want time.Duration
	}{
		"shorter":         {lifetime(0x0e, 0x10), time.Hour},
		"longer":          {lifetime(0x7f, 0xff, 0xff, 0xff), 8 * time.Hour},
		"zero":            {lifetime(0), 8 * time.Hour},
		"cut":             {lifetime(0x0e, 0x10)[:9], 8 * time.Hour},
		"nine octets":     {lifetime(1, 0, 0, 0, 0, 0, 0, 0, 0), 8 * time.Hour},
		"nothing":         {nil, 8 * time.Hour},
		"kilobytes first": {append([]byte{0x80, 11, 0, 2, 0x80, 12, 0, 9}, lifetime(0x0e, 0x10)...), time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, func(_, r *ikev1.Config) {
				r.Deviations.EditMessage = func(s ikev1.Step, m *wire.Message) {
					if s == ikev1.Main6 {
						m.Payloads = append(m.Payloads, &wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyResponderLifetime, Data: tt.data})
					}
				}
			}).start()
			at, _ := p.i.Deadline()
			if d := at.Sub(start).Round(time.Second); d != tt.want {
				t.Errorf("the initiator's SA lives %v", d)
			}
		})
	}
}

func TestRetransmitSchedule(t *testing.T) {
	p := newPair(t, func(i, _ *ikev1.Config) { i.Retransmit = ikev1.Retransmit{Base: time.Second, Tries: 2} })
	p.drop = func(*end, int) bool { return true }
	p.start()
	p.wait()
	if d := p.now.Sub(start); d != 3*time.Second || len(p.i.sent) != 3 || !errors.Is(p.i.Err(), ikev1.ErrTimeout) {
		t.Errorf("%d messages, given up after %v: %v", len(p.i.sent), d, p.i.Err())
	}
}

func TestChild(t *testing.T) {
	p := newPair(t, forced).start().quick()
	c := p.i.Children()[0]
	in, out := c.Params(true), c.Params(false)
	if in.SPI != c.SPIIn || out.SPI != c.SPIOut || in.Src != out.Dst || in.Encap.SrcPort != out.Encap.DstPort {
		t.Errorf("%+v and %+v", in, out)
	}
	if d := c.Expires().Sub(start).Round(time.Minute); d != time.Hour {
		t.Errorf("lives %v", d)
	}
}

func TestStrings(t *testing.T) {
	for want, got := range map[string]string{
		"remap": ikev1.EventRemap.String(), "Unknown(99)": ikev1.EventKind(99).String(),
		"transaction": ikev1.StateTransaction.String(), "Unknown(98)": ikev1.State(98).String(),
		"config-ack": ikev1.ConfigAck.String(), "unknown": ikev1.Step(97).String(),
		"main": ikev1.Main.String(), "Unknown(96)": ikev1.Mode(96).String(),
		"responder": ikev1.Responder.String(), "Unknown(95)": ikev1.Role(95).String(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
