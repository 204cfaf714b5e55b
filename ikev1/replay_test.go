package ikev1_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// oneOctet gives message IDs as vpnc draws them, the same one always, while it is on.
type oneOctet struct{ on bool }

func (o *oneOctet) Read(b []byte) (int, error) {
	if o.on && len(b) == 4 {
		return copy(b, []byte{0, 0, 0, 7}), nil
	}
	return rand.Read(b)
}

func (e *end) count(k ikev1.EventKind, detail string) (n int) {
	for _, ev := range e.events {
		if ev.Kind == k && strings.Contains(ev.Detail, detail) {
			n++
		}
	}
	return n
}

// TestSameMessageID: informational messages under one message ID are told apart by what they say, in both directions, and none
// takes effect twice, whatever is done to the header that no hash covers.
func TestSameMessageID(t *testing.T) {
	random := &oneOctet{}
	p := newPair(t, func(i, r *ikev1.Config) { i.Rand, r.Rand = random, random }).start().quick().quick().quick()
	random.on = true
	first := len(p.i.sent)
	for n, c := range p.i.Children() {
		from := p.i
		spi := c.SPIIn
		if n == 1 { // the other end under the same message ID
			from, spi = p.r, c.SPIOut
		}
		out, err := from.DeleteChild(p.now, spi)
		if err != nil {
			t.Fatal(err)
		}
		p.carry(from, out)
		if i, r := len(p.i.Children()), len(p.r.Children()); i != 2-n || r != 2-n {
			t.Fatalf("after Delete %d: %d and %d children", n+1, i, r)
		}
	}
	if id := binary.BigEndian.Uint32(p.i.sent[first].Data[20:]); id != 7 {
		t.Fatalf("message ID %d", id)
	}
	random.on = false
	p.quick()
	for name, edit := range map[string]func(b []byte){
		"as it was":     func([]byte) {},
		"commit bit":    func(b []byte) { b[19] ^= byte(wire.FlagCommit) },
		"quick mode":    func(b []byte) { b[18] = byte(wire.ExchangeQuick) },
		"transaction":   func(b []byte) { b[18] = byte(wire.ExchangeTransaction) },
		"new group":     func(b []byte) { b[18] = byte(wire.ExchangeNewGroup) },
		"informational": func(b []byte) { b[18] = byte(wire.ExchangeInformational) },
	} {
		for k, d := range p.i.sent[3:] {
			if name != "informational" && k+3 < first {
				continue
			}
			for _, to := range []*end{p.r, p.i} { // to whom it was for, and back
				b := bytes.Clone(d.Data)
				edit(b)
				taken := to.count(ikev1.EventNotifyReceived, "") + to.count(ikev1.EventChildGone, "")
				out, err := to.Handle(p.now, ikev1.Datagram{Local: to.cfg.Local, Remote: to.cfg.Remote, Data: b})
				if again := to.count(ikev1.EventNotifyReceived, "") + to.count(ikev1.EventChildGone, ""); again != taken || err != nil {
					t.Errorf("%s, message %d: %d effects, error %v", name, k+4, again-taken, err)
				}
				if len(out) > 0 && name != "as it was" {
					t.Errorf("%s, message %d is answered", name, k+4)
				}
			}
		}
	}
	if len(p.r.Children()) != 1 || len(p.i.Children()) != 1 {
		t.Errorf("%d and %d children", len(p.i.Children()), len(p.r.Children()))
	}
	if p.r.count(ikev1.EventDropped, "handled before") == 0 {
		t.Error("no event says so")
	}
}

// TestEmptyInformational leaves an event.
func TestEmptyInformational(t *testing.T) {
	var p *pair
	p = newPair(t, func(i, _ *ikev1.Config) {
		i.Deviations.EditMessage = func(s ikev1.Step, m *wire.Message) {
			if s != ikev1.Info {
				return
			}
			rest := append([]byte{0, 0, 0, 8}, "none"...) // a vendor ID alone
			k := p.i.find(ikev1.EventKeys).Keys
			m.Payloads = []wire.Payload{
				&wire.Hash{Data: keymat.Hash1(aes128SHA1Group2.Hash, k.A, m.MessageID, rest)}, &wire.VendorID{Data: []byte("none")},
			}
		}
	}).start().quick()
	out, err := p.i.DeleteChild(p.now, p.i.Children()[0].SPIIn)
	if err != nil {
		t.Fatal(err)
	}
	p.carry(p.i, out)
	if p.r.count(ikev1.EventDropped, "neither Notify nor Delete") != 1 || len(p.r.Children()) != 1 {
		t.Errorf("%d children, %+v", len(p.r.Children()), p.r.events[len(p.r.events)-1])
	}
}

// TestMaxChildren: an authenticated peer does not fill the memory, and is told why not.
func TestMaxChildren(t *testing.T) {
	p := newPair(t, func(_, r *ikev1.Config) { r.MaxChildren = 3 }).start().quick().quick().quick()
	p.quick()
	if len(p.r.Children()) != 3 || len(p.i.Children()) != 3 {
		t.Fatalf("%d and %d children", len(p.i.Children()), len(p.r.Children()))
	}
	var ne *ikev1.NotifyError
	if len(p.r.errs) != 1 || !errors.As(p.r.errs[0], &ne) || ne.Notify != wire.NotifyNoProposalChosen || p.r.count(ikev1.EventFailed, "may have 3") != 1 {
		t.Errorf("responder: %v", p.r.errs)
	}
	if len(p.i.errs) != 1 || !errors.Is(p.i.errs[0], ikev1.ErrRefused) {
		t.Errorf("initiator: %v", p.i.errs)
	}
	out, err := p.i.DeleteChild(p.now, p.i.Children()[0].SPIIn)
	if err != nil {
		t.Fatal(err)
	}
	p.carry(p.i, out)
	if p.quick(); len(p.r.Children()) != 3 {
		t.Errorf("after a Delete: %d children", len(p.r.Children()))
	}
	// What is begun counts, and what this end begins itself does not.
	p = newPair(t, func(_, r *ikev1.Config) { r.MaxChildren = 3 }).start()
	p.drop = func(from *end, n int) bool { return from == p.r && n > 3 }
	for range 5 {
		p.quick()
	}
	if len(p.r.errs) != 2 {
		t.Errorf("5 begun, %d refused", len(p.r.errs))
	}
	p.drop = nil
	if out, err = p.r.StartQuick(p.now, "bgp"); err != nil {
		t.Fatal(err)
	}
	if p.carry(p.r, out); len(p.r.Children()) != 1 {
		t.Errorf("%d children of its own", len(p.r.Children()))
	}
}

// TestClockJumps: a clock that goes back kills nothing early and brings nothing back, one that goes on far ends what is over,
// and nobody runs in circles.
func TestClockJumps(t *testing.T) {
	edit := func(i, r *ikev1.Config) {
		i.Rekey = true
		i.Quick[0].Lifetime = time.Hour
		i.DPD, r.DPD = ikev1.DPD{Idle: time.Minute}, ikev1.DPD{Idle: time.Minute}
	}
	for _, jump := range []time.Duration{-20 * time.Hour, -time.Second, -100 * 365 * 24 * time.Hour} {
		p := newPair(t, edit).start().quick()
		p.now = p.now.Add(jump)
		p.quick()
		for range 20 {
			p.tick()
		}
		if p.i.State() != ikev1.StateEstablished || p.r.State() != ikev1.StateEstablished || len(p.r.Children()) == 0 {
			t.Errorf("%v: %v and %v, %v %v", jump, p.i.State(), p.r.State(), p.i.errs, p.r.errs)
		}
	}
	for _, jump := range []time.Duration{9 * time.Hour, 200 * 365 * 24 * time.Hour} {
		p := newPair(t, edit).start().quick()
		p.now = p.now.Add(jump)
		for _, e := range []*end{p.i, p.r} {
			out, _ := e.Tick(p.now)
			if len(out) > 10 {
				t.Errorf("%v: %d messages at once", jump, len(out))
			}
			for range 20 {
				at, ok := e.Deadline()
				if !ok || at.After(p.now) {
					break
				}
				_, _ = e.Tick(p.now)
			}
			if at, ok := e.Deadline(); ok && !at.After(p.now) {
				t.Errorf("%v: the deadline stays at %v", jump, at)
			}
			if e.State() != ikev1.StateDeleted || len(e.Children()) != 0 {
				t.Errorf("%v: %v with %d children", jump, e.State(), len(e.Children()))
			}
			// and back: what is gone stays gone
			_, _ = e.Tick(start)
			if _, err := e.StartQuick(start, "bgp"); err == nil || e.State() != ikev1.StateDeleted || len(e.Children()) != 0 {
				t.Errorf("%v and back: %v, %v", jump, e.State(), err)
			}
		}
	}
}
