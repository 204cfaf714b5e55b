package ikev1_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var (
	addrI = netip.MustParseAddrPort("192.0.2.1:500")
	addrR = netip.MustParseAddrPort("192.0.2.2:500")
	start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

var aes128SHA1Group2 = keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA1, Group: keymat.MODP1024}

// end is one end of a test with what it reported.
type end struct {
	*ikev1.Session
	cfg    ikev1.Config
	events []ikev1.Event
	sent   []ikev1.Datagram
	errs   []error
}

func (e *end) has(k ikev1.EventKind) bool { return e.find(k) != nil }

func (e *end) find(k ikev1.EventKind) *ikev1.Event {
	for i := range e.events {
		if e.events[i].Kind == k {
			return &e.events[i]
		}
	}
	return nil
}

// pair is an initiator and a responder with a lossless path between them, unless drop says otherwise.
type pair struct {
	t    testing.TB
	i, r *end
	now  time.Time
	drop func(from *end, n int) bool                      // n counts what from has sent, from 1
	path func(from *end, d ikev1.Datagram) ikev1.Datagram // what a NAT makes of it, seen from the sender
}

func bgp(src, dst netip.AddrPort) spd.Selector {
	return spd.Selector{
		Src: netip.PrefixFrom(src.Addr(), src.Addr().BitLen()), Dst: netip.PrefixFrom(dst.Addr(), dst.Addr().BitLen()),
		Proto: 6, DstPorts: spd.PortRange{Lo: 179, Hi: 179},
	}
}

func config(local, remote netip.AddrPort, sel spd.Selector) ikev1.Config {
	return ikev1.Config{
		Mode: ikev1.Main, Local: local, Remote: remote, LocalID: ikev1.AddrID(local.Addr()),
		Auth:      ikev1.Auth{Method: wire.AuthPSK, PSK: []byte("a secret only for tests")},
		Proposals: []keymat.Suite{aes128SHA1Group2},
		Quick: []ikev1.QuickPolicy{{
			Name: "bgp", Selector: sel, Proto: esp.ESP, Mode: esp.Transport,
			Suites: []esp.Suite{{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}},
		}},
	}
}

func newPair(t testing.TB, edit func(i, r *ikev1.Config)) *pair {
	t.Helper()
	p := &pair{t: t, i: &end{}, r: &end{}, now: start}
	p.i.cfg = config(addrI, addrR, bgp(addrI, addrR))
	p.r.cfg = config(addrR, addrI, bgp(addrI, addrR).Reverse())
	for _, e := range []*end{p.i, p.r} {
		e.cfg.Record = func(ev ikev1.Event) { e.events = append(e.events, ev) }
	}
	if edit != nil {
		edit(&p.i.cfg, &p.r.cfg)
	}
	p.make()
	return p
}

// make makes the sessions of the configurations.
func (p *pair) make() {
	p.t.Helper()
	t := p.t
	var err error
	if p.i.Session, err = ikev1.NewInitiator(&p.i.cfg); err != nil {
		t.Fatal(err)
	}
	if p.r.Session, err = ikev1.NewResponder(&p.r.cfg); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) other(e *end) *end {
	if e == p.i {
		return p.r
	}
	return p.i
}

// carry delivers datagrams and the answers to them until nobody has anything to say.
func (p *pair) carry(from *end, ds []ikev1.Datagram) {
	p.t.Helper()
	for _, d := range ds {
		from.sent = append(from.sent, d)
		if p.drop != nil && p.drop(from, len(from.sent)) {
			continue
		}
		to := p.other(from)
		if p.path != nil {
			d = p.path(from, d)
		}
		p.now = p.now.Add(time.Millisecond)
		out, err := to.Handle(p.now, ikev1.Datagram{Local: d.Remote, Remote: d.Local, Data: bytes.Clone(d.Data)})
		if err != nil {
			to.errs = append(to.errs, err)
		}
		p.carry(to, out)
	}
}

// wait lets time pass until nobody waits for an answer any more.
func (p *pair) wait() {
	p.t.Helper()
	for range 100 {
		if !p.i.Negotiating() && !p.r.Negotiating() {
			return
		}
		p.tick()
	}
	p.t.Fatal("the ends never stop sending")
}

// tick lets time pass until one of the ends has something to do.
func (p *pair) tick() bool {
	p.t.Helper()
	var next time.Time
	for _, e := range []*end{p.i, p.r} {
		if at, ok := e.Deadline(); ok && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.IsZero() {
		return false
	}
	p.now = next
	for _, e := range []*end{p.i, p.r} {
		out, err := e.Tick(p.now)
		if err != nil {
			e.errs = append(e.errs, err)
		}
		p.carry(e, out)
	}
	return true
}

func (p *pair) start() *pair {
	p.t.Helper()
	out, err := p.i.Start(p.now)
	if err != nil {
		p.t.Fatal(err)
	}
	p.carry(p.i, out)
	return p
}

func (p *pair) quick() *pair {
	p.t.Helper()
	out, err := p.i.StartQuick(p.now, "bgp")
	if err != nil {
		p.t.Fatal(err)
	}
	p.carry(p.i, out)
	return p
}

// mirror checks that the newest children of both ends are the two views of one pair of SAs.
func (p *pair) mirror() {
	p.t.Helper()
	ki, kr := p.i.Children(), p.r.Children()
	if len(ki) == 0 || len(ki) != len(kr) {
		p.t.Fatalf("children: initiator %d, responder %d; errors %v %v", len(ki), len(kr), p.i.errs, p.r.errs)
	}
	a, b := ki[len(ki)-1], kr[len(kr)-1]
	if a.SPIIn != b.SPIOut || a.SPIOut != b.SPIIn || a.Suite != b.Suite || a.Mode != b.Mode || a.Selector != b.Selector.Reverse() {
		p.t.Errorf("children differ: %+v and %+v", a, b)
	}
	if diff := cmp.Diff(a.KeysIn, b.KeysOut); diff != "" {
		p.t.Error("keys towards the initiator differ")
	}
	if diff := cmp.Diff(a.KeysOut, b.KeysIn); diff != "" {
		p.t.Error("keys towards the responder differ")
	}
	if bytes.Equal(a.KeysIn.Encryption, a.KeysOut.Encryption) && len(a.KeysIn.Encryption) > 0 {
		p.t.Error("both directions have one key")
	}
}

func TestMainAndQuick(t *testing.T) {
	suites := []keymat.Suite{
		aes128SHA1Group2,
		{Cipher: keymat.AESCBC, KeyBits: 256, Hash: keymat.SHA256, Group: keymat.MODP2048},
		{Cipher: keymat.AESCBC, KeyBits: 256, Hash: keymat.SHA1, Group: keymat.MODP1536}, // Ka longer than SKEYID_e
		{Cipher: keymat.TripleDESCBC, Hash: keymat.MD5, Group: keymat.MODP1024},
		{Cipher: keymat.AESCBC, KeyBits: 192, Hash: keymat.SHA512, Group: keymat.MODP3072},
	}
	for _, s := range suites {
		for _, pfs := range []keymat.Group{0, keymat.MODP1536} {
			for _, mode := range []esp.Mode{esp.Transport, esp.Tunnel} {
				for _, force := range []bool{false, true} {
					t.Run(fmt.Sprintf("%v pfs=%v %v encap=%v", s, pfs, mode, force), func(t *testing.T) {
						p := newPair(t, func(i, r *ikev1.Config) {
							for _, c := range []*ikev1.Config{i, r} {
								c.Proposals = []keymat.Suite{s}
								c.Quick[0].PFS, c.Quick[0].Mode = pfs, mode
							}
							r.NATT.Force = force
						}).start().quick()
						if p.i.State() != ikev1.StateEstablished || p.r.State() != ikev1.StateEstablished {
							t.Fatalf("states %v %v, errors %v %v", p.i.State(), p.r.State(), p.i.errs, p.r.errs)
						}
						p.mirror()
						if got := p.i.Children()[0].Encap != nil; got != force {
							t.Errorf("UDP encapsulation is %v", got)
						}
						if len(p.i.sent) != 5 || len(p.r.sent) != 4 {
							t.Errorf("%d and %d messages, want 5 and 4", len(p.i.sent), len(p.r.sent))
						}
						if port := p.i.sent[4].Local.Port(); force && port != 4500 || !force && port != 500 {
							t.Errorf("message 5 leaves from port %d", port)
						}
					})
				}
			}
		}
	}
}

func TestAggressive(t *testing.T) {
	for _, force := range []bool{false, true} {
		p := newPair(t, func(i, r *ikev1.Config) {
			i.Mode, r.Mode = ikev1.Aggressive, ikev1.Aggressive
			i.NATT.Force = force
			i.Proposals = append(i.Proposals, keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 256, Hash: keymat.SHA256, Group: keymat.MODP2048})
		}).start().quick()
		p.mirror()
		if len(p.i.sent) != 4 || len(p.r.sent) != 2 {
			t.Errorf("%d and %d messages, want 4 and 2", len(p.i.sent), len(p.r.sent))
		}
		if port := p.i.sent[1].Local.Port(); (port == 4500) != force {
			t.Errorf("message 3 leaves from port %d", port)
		}
		for who := range 2 {
			for n := 1; n <= 4; n++ {
				p := newPair(t, func(i, r *ikev1.Config) { i.Mode, r.Mode = ikev1.Aggressive, ikev1.Aggressive })
				loser := []*end{p.i, p.r}[who]
				p.drop = func(from *end, k int) bool { return from == loser && k == n }
				p.start()
				p.wait()
				p.quick()
				p.wait()
				p.mirror()
			}
		}
	}
	p := newPair(t, func(i, r *ikev1.Config) {
		i.Mode, r.Mode = ikev1.Aggressive, ikev1.Aggressive
		r.Auth.PSK = []byte("another secret")
	}).start()
	if p.i.State() != ikev1.StateFailed || !p.i.has(ikev1.EventNotifySent) || p.i.find(ikev1.EventNotifySent).Notify != wire.NotifyInvalidHashInformation {
		t.Errorf("wrong PSK: state %v, %v", p.i.State(), p.i.errs)
	}
}

// TestLoss loses each message once: the exchange completes all the same, with the same octets sent again.
func TestLoss(t *testing.T) {
	for who := range 2 {
		for n := 1; n <= 5; n++ {
			t.Run(fmt.Sprintf("end %d message %d", who, n), func(t *testing.T) {
				p := newPair(t, nil)
				loser := []*end{p.i, p.r}[who]
				p.drop = func(from *end, k int) bool { return from == loser && k == n }
				p.start()
				p.wait()
				if p.i.State() != ikev1.StateEstablished {
					t.Fatalf("initiator in state %v: %v", p.i.State(), p.i.errs)
				}
				p.quick()
				p.wait()
				p.mirror()
				seen := map[string]bool{}
				for _, d := range loser.sent {
					seen[string(d.Data)] = true
				}
				if who == 0 && len(seen) != 5 || who == 1 && len(seen) != 4 {
					t.Errorf("%d different messages sent: a retransmission was not the same octets", len(seen))
				}
			})
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name   string
		edit   func(i, r *ikev1.Config)
		notify wire.NotifyType
		phase1 bool // refused there
	}{
		{"wrong PSK", func(_, r *ikev1.Config) { r.Auth.PSK = []byte("another secret") }, wire.NotifyPayloadMalformed, true},
		{"no proposal", func(_, r *ikev1.Config) { r.Proposals[0].Hash = keymat.SHA256 }, wire.NotifyNoProposalChosen, true},
		{"no ESP proposal", func(_, r *ikev1.Config) { r.Quick[0].Suites[0].Cipher = esp.AES256CBC }, wire.NotifyNoProposalChosen, false},
		{"PFS", func(_, r *ikev1.Config) { r.Quick[0].PFS = keymat.MODP1024 }, wire.NotifyNoProposalChosen, false},
		{"mode", func(_, r *ikev1.Config) { r.Quick[0].Mode = esp.Tunnel }, wire.NotifyNoProposalChosen, false},
		{"selector", func(_, r *ikev1.Config) { r.Quick[0].Selector.SrcPorts = spd.Port(180) }, wire.NotifyInvalidIDInformation, false},
		{"identity", func(_, r *ikev1.Config) {
			other := ikev1.AddrID(netip.MustParseAddr("192.0.2.77"))
			r.RemoteID = &other
		}, wire.NotifyInvalidIDInformation, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, tt.edit).start()
			p.wait()
			if tt.phase1 != (p.i.State() == ikev1.StateFailed) {
				t.Fatalf("initiator in state %v: %v", p.i.State(), p.i.errs)
			}
			if !tt.phase1 {
				p.quick()
				p.wait()
			}
			if len(p.i.Children())+len(p.r.Children()) != 0 {
				t.Error("there are children")
			}
			sent := p.r.find(ikev1.EventNotifySent)
			if sent == nil || sent.Notify != tt.notify || sent.Protected == tt.phase1 {
				t.Errorf("responder's notify: %+v, want %v", sent, tt.notify)
			}
			got := p.i.find(ikev1.EventNotifyReceived)
			if got == nil || got.Notify != tt.notify {
				t.Errorf("initiator's view of the notify: %+v", got)
			}
			if len(p.i.errs) != 1 || !errors.Is(p.i.errs[0], ikev1.ErrRefused) {
				t.Errorf("initiator's errors: %v, want one ErrRefused", p.i.errs)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	p := newPair(t, nil)
	p.drop = func(*end, int) bool { return true }
	p.start()
	p.wait()
	if len(p.i.errs) != 1 || !errors.Is(p.i.errs[0], ikev1.ErrTimeout) || len(p.i.sent) != 5 {
		t.Errorf("%d messages, errors %v", len(p.i.sent), p.i.errs)
	}
}

func TestDelete(t *testing.T) {
	p := newPair(t, nil).start().quick().quick()
	if len(p.r.Children()) != 2 {
		t.Fatal("a second quick mode makes a second child")
	}
	first := p.r.Children()[0]
	out, err := p.r.DeleteChild(p.now, first.SPIIn)
	if err != nil {
		t.Fatal(err)
	}
	p.carry(p.r, out)
	p.mirror()
	if k := p.i.Children(); len(k) != 1 || k[0].SPIOut == first.SPIIn {
		t.Errorf("children left: %+v", k)
	}
	if out, err = p.i.Delete(p.now); err != nil {
		t.Fatal(err)
	}
	p.carry(p.i, out)
	if p.r.State() != ikev1.StateDeleted {
		t.Errorf("responder in state %v", p.r.State())
	}
}

// TestSpoofedNotify shows that what is not authenticated cannot hurt an established SA.
func TestSpoofedNotify(t *testing.T) {
	p := newPair(t, nil).start().quick()
	i, r := p.i.Cookies()
	spi := p.i.Children()[0].SPIOut
	for _, pl := range []wire.Payload{
		&wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyNoProposalChosen},
		&wire.Delete{DOI: 1, Protocol: wire.ProtoESP, SPISize: 4, SPIs: [][]byte{{byte(spi >> 24), byte(spi >> 16), byte(spi >> 8), byte(spi)}}},
		&wire.Delete{DOI: 1, Protocol: wire.ProtoISAKMP, SPISize: 16, SPIs: [][]byte{append(i[:], r[:]...)}},
	} {
		m := wire.Message{
			Header:   wire.Header{CookieI: i, CookieR: r, Version: wire.Version1, Exchange: wire.ExchangeInformational, MessageID: 7},
			Payloads: []wire.Payload{pl},
		}
		b, err := m.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		p.carry(p.r, []ikev1.Datagram{{Local: addrR, Remote: addrI, Data: b}})
	}
	if p.i.State() != ikev1.StateEstablished || len(p.i.Children()) != 1 {
		t.Errorf("state %v, %d children", p.i.State(), len(p.i.Children()))
	}
}
