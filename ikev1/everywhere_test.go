package ikev1_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var stranger = netip.MustParseAddrPort("198.51.100.99:4711")

// lives are whole lives of a pair of Sessions.
func lives(t *testing.T) map[string]func(i, r *ikev1.Config) {
	return map[string]func(i, r *ikev1.Config){
		"main":                  nothing,
		"aggressive":            aggressive,
		"aggressive in clear":   both(aggressive, func(i, _ *ikev1.Config) { i.Deviations.ClearIdentity = true }),
		"XAUTH":                 both(remoteAccess, aggressive),
		"push":                  both(remoteAccess, push),
		"certificates":          withCertificates(newAuthority(t, pki.ECDSAP256), wire.AuthECDSA256),
		"public key encryption": withKeys(newAuthority(t, pki.RSA2048), wire.AuthRSARevEnc),
		"commit, NAT and PFS":   both(forced, withPFS, func(_, r *ikev1.Config) { r.Commit = true }),
		"fragments":             both(fragmenting, func(i, r *ikev1.Config) { i.Deviations.FragmentAll, r.Deviations.FragmentAll = true, true }),
	}
}

// live leads a life: phase 1, two quick modes, a Delete of the first child. before is called ahead of every message, with its sender.
func (p *pair) live(before func(from *end, d ikev1.Datagram)) {
	p.t.Helper()
	for k, e := range []*end{p.i, p.r} {
		e.cfg.Rand = rand.NewChaCha8([32]byte{byte(k)})
	}
	p.make()
	p.path = func(from *end, d ikev1.Datagram) ikev1.Datagram { before(from, d); return d }
	p.start()
	if p.i.State() != ikev1.StateEstablished || p.r.State() != ikev1.StateEstablished {
		p.t.Fatalf("states %v and %v: %v, %v", p.i.State(), p.r.State(), p.i.errs, p.r.errs)
	}
	p.quick().quick()
	out, err := p.i.DeleteChild(p.now, p.i.Children()[0].SPIIn)
	if err != nil {
		p.t.Fatal(err)
	}
	p.carry(p.i, out)
	p.mirror()
	if n := len(p.i.Children()); n != 1 {
		p.t.Errorf("%d children", n)
	}
}

// throw hands an end a datagram that is none of its exchanges' and sees that nothing comes of it: no new answer, no change, and an
// event that says why.
func (p *pair) throw(what string, to *end, data []byte, local netip.AddrPort) {
	p.t.Helper()
	state, children, events := to.State(), len(to.Children()), len(to.events)
	out, err := to.Handle(p.now, ikev1.Datagram{Local: local, Remote: stranger, Data: bytes.Clone(data)})
	if err != nil {
		p.t.Fatalf("%s at the %v in %v: %v", what, to.Role(), state, err)
	}
	if to.State() != state || len(to.Children()) != children {
		p.t.Errorf("%s at the %v: %v becomes %v, %d children become %d", what, to.Role(), state, to.State(), children, len(to.Children()))
	}
	for _, d := range out {
		if d.Remote.Addr() == stranger.Addr() && state > ikev1.StateMain2Sent {
			p.t.Errorf("%s at the %v in %v is answered to the stranger", what, to.Role(), state)
		}
	}
	if part := len(data) > 16 && wire.PayloadType(data[16]) == wire.PayloadFragment; len(to.events) == events && !part { // it waits for the rest
		p.t.Errorf("%s at the %v in %v: no event", what, to.Role(), state)
	}
	for _, e := range to.events[events:] {
		switch e.Kind {
		case ikev1.EventDropped, ikev1.EventRetransmit, ikev1.EventNotifySent:
		default:
			p.t.Errorf("%s at the %v in %v: event %v", what, to.Role(), state, e.Kind)
		}
	}
	to.events = to.events[:events]
}

// TestReplayEverywhere sends every message of a life again, to whom it was for and to whom it was from, in every later state. The life
// goes on as if nothing had been, and ends where it should.
func TestReplayEverywhere(t *testing.T) {
	for name, edit := range lives(t) {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, edit)
			type message struct {
				from *end
				ikev1.Datagram
			}
			var all []message
			p.live(func(from *end, d ikev1.Datagram) {
				for _, m := range all {
					to := p.other(m.from)
					p.throw("a replay", to, m.Data, m.Remote)
					if m.from.State() != ikev1.StateNew {
						p.throw("a reflection", m.from, m.Data, m.Local)
					}
				}
				all = append(all, message{from, d})
			})
		})
	}
}

// TestTruncatedEverywhere sends every message cut off after each of its octets, with and without the length that says so, ahead of the
// message itself.
func TestTruncatedEverywhere(t *testing.T) {
	for name, edit := range lives(t) {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, edit)
			p.live(func(from *end, d ikev1.Datagram) {
				to := p.other(from)
				marker := 0
				if d.Local.Port() == ikev1.PortNATT {
					marker = 4
				}
				for n := range len(d.Data) {
					p.throw("a cut message", to, d.Data[:n], d.Remote)
					if n < marker+wire.HeaderLen || to.State() == ikev1.StateNew {
						continue
					}
					b := bytes.Clone(d.Data[:n])
					binary.BigEndian.PutUint32(b[marker+24:], uint32(n-marker))
					p.throw("a shortened message", to, b, d.Remote)
				}
			})
		})
	}
}
