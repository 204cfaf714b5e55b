package ikev1_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// isFragment tells whether a datagram is a fragment, and which.
func isFragment(d ikev1.Datagram) (*wire.Fragment, bool) {
	b := d.Data
	if d.Local.Port() == ikev1.PortNATT {
		b = b[4:]
	}
	m, err := wire.Parse(b)
	if err != nil || len(m.Payloads) != 1 {
		return nil, false
	}
	f, ok := m.Payloads[0].(*wire.Fragment)
	return f, ok
}

func TestFragmentation(t *testing.T) {
	a := newAuthority(t, pki.RSA2048)
	for name, edit := range map[string]func(i, r *ikev1.Config){
		"certificates": both(withCertificates(a, wire.AuthRSASig), func(i, r *ikev1.Config) {
			i.Fragmentation.Enable, r.Fragmentation.Enable = true, true
			i.Fragmentation.Size, r.Fragmentation.Size = 500, 500
		}),
		"small":            fragmenting,
		"encapsulated":     both(fragmenting, forced),
		"everything":       both(fragmenting, func(i, r *ikev1.Config) { i.Deviations.FragmentAll, r.Deviations.FragmentAll = true, true }),
		"last first":       both(fragmenting, func(i, _ *ikev1.Config) { i.Deviations.FragmentLastFirst = true }),
		"last twice":       both(fragmenting, func(i, _ *ikev1.Config) { i.Deviations.FragmentTwiceLast = true }),
		"no capabilities":  both(fragmenting, func(i, _ *ikev1.Config) { i.Deviations.FragmentNoCapabilities = true }),
		"forced from m1":   both(fragmenting, func(_, r *ikev1.Config) { r.Fragmentation.Force = true }),
		"aggressive":       both(fragmenting, aggressive),
		"with each 1 byte": both(fragmenting, func(i, r *ikev1.Config) { i.Fragmentation.Size, r.Fragmentation.Size = 37, 37 }),
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, edit).start().quick()
			p.mirror()
			if !slices.ContainsFunc(p.r.sent, func(d ikev1.Datagram) bool { _, ok := isFragment(d); return ok }) {
				t.Error("no fragment")
			}
		})
	}
	// Whoever does not announce it gets none.
	p := newPair(t, both(fragmenting, func(_, r *ikev1.Config) { r.Fragmentation.Enable = false })).start().quick()
	p.mirror()
	if slices.ContainsFunc(p.i.sent, func(d ikev1.Datagram) bool { _, ok := isFragment(d); return ok }) {
		t.Error("a fragment for a peer that knows none")
	}
}

// TestFragmentLoss loses each datagram once: the whole message is sent again.
func TestFragmentLoss(t *testing.T) {
	for who := range 2 {
		for n := 1; n <= 12; n++ {
			t.Run(fmt.Sprintf("end %d datagram %d", who, n), func(t *testing.T) {
				p := newPair(t, both(fragmenting, func(i, r *ikev1.Config) { i.Deviations.FragmentAll, r.Deviations.FragmentAll = true, true }))
				loser := []*end{p.i, p.r}[who]
				p.drop = func(from *end, k int) bool { return from == loser && k == n }
				p.start()
				p.wait()
				p.quick()
				p.wait()
				p.mirror()
			})
		}
	}
}

// TestFragmentFaults: what cannot be put together is dropped, and costs no more than one message's memory.
func TestFragmentFaults(t *testing.T) {
	for name, set := range map[string]func(d *ikev1.Deviations){
		"number 0":   func(d *ikev1.Deviations) { d.FragmentNumberZero = true },
		"no last":    func(d *ikev1.Deviations) { d.FragmentNoLast = true },
		"mixed ids":  func(d *ikev1.Deviations) { d.FragmentMixedIDs = true },
		"over 255":   func(d *ikev1.Deviations) { d.FragmentMany = true; d.TrailingOctets = 300 },
		"wrong next": func(d *ikev1.Deviations) { d.FragmentAll = true; d.LengthPlus = 9 },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, both(fragmenting, func(i, r *ikev1.Config) { set(&i.Deviations); r.Fragmentation.Force = true })).start()
			p.wait()
			if p.r.State() == ikev1.StateEstablished || p.i.State() != ikev1.StateFailed {
				t.Errorf("states %v %v", p.i.State(), p.r.State())
			}
		})
	}
	p := newPair(t, fragmenting)
	p.drop = func(from *end, n int) bool { return from == p.i && n > 1 }
	p.start()
	i, r := p.i.Cookies()
	for n := range 200 {
		m := wire.Message{
			Header:   wire.Header{CookieI: i, CookieR: r, Version: wire.Version1, Exchange: wire.ExchangeMain},
			Payloads: []wire.Payload{&wire.Fragment{ID: 7, Number: uint8(n + 1), Data: make([]byte, 1000)}},
		}
		b, err := m.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := p.r.Handle(p.now, ikev1.Datagram{Local: addrR, Remote: addrI, Data: b}); out != nil || err != nil {
			t.Fatalf("answer %v, %v", out, err)
		}
	}
	if !p.r.has(ikev1.EventDropped) {
		t.Error("200 000 octets were kept")
	}
}

// TestFragmentsMixed: the fragments of several messages come mixed, backwards, doubled and with flags that mean nothing.
func TestFragmentsMixed(t *testing.T) {
	const messages = 4
	p := newPair(t, fragmenting).start()
	p.i.cfg.Deviations.FragmentAll = true
	var mixed []ikev1.Datagram
	for n := range messages {
		out, err := p.i.StartQuick(p.now, "bgp")
		if err != nil {
			t.Fatal(err)
		}
		if len(out) < 3 {
			t.Fatalf("%d fragments", len(out))
		}
		for k, d := range out {
			d.Data[len(d.Data)-len(fragmentData(t, d))-1] |= 0x80
			at := min(k*(n+1), len(mixed))
			mixed = slices.Insert(mixed, at, d)
		}
	}
	slices.Reverse(mixed)
	for _, d := range mixed {
		p.carry(p.i, []ikev1.Datagram{d, d})
	}
	p.mirror()
	if n := len(p.r.Children()); n != messages {
		t.Errorf("%d children: %v %v", n, p.i.errs, p.r.errs)
	}
	if p.r.has(ikev1.EventFailed) {
		t.Error("something failed")
	}
	// One message more than are kept: the oldest is given up, with a line in the journal.
	events := len(p.r.events)
	for range messages + 1 {
		out, err := p.i.StartQuick(p.now, "bgp")
		if err != nil {
			t.Fatal(err)
		}
		p.carry(p.i, out[:1])
	}
	if e := p.r.events[events:]; len(e) == 0 || e[0].Kind != ikev1.EventDropped || !strings.Contains(e[0].Detail, "never whole") {
		t.Errorf("events %+v", e)
	}
}

func fragmentData(t *testing.T, d ikev1.Datagram) []byte {
	t.Helper()
	f, ok := isFragment(d)
	if !ok {
		t.Fatal("no fragment")
	}
	return f.Data
}
