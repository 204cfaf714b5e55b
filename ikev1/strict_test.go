package ikev1_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// TestIdentityForms: what an identity of phase 1 may be (RFC 2407 4.6.2).
func TestIdentityForms(t *testing.T) {
	address := func(n int) wire.ID { return wire.ID{IDType: wire.IDIPv4Addr, Data: bytes.Repeat([]byte{7}, n)} }
	port := func(protocol uint8, port uint16) wire.ID {
		id := fqdn("i.example.org")
		id.Protocol, id.Port = protocol, port
		return id
	}
	for _, tt := range []struct {
		id wire.ID
		ok bool
	}{
		{address(4), true},
		{address(0), false},
		{address(3), false},
		{address(5), false},
		{address(16), false},
		{address(65000), false},
		{wire.ID{IDType: wire.IDIPv6Addr, Data: make([]byte, 16)}, true},
		{wire.ID{IDType: wire.IDIPv6Addr, Data: make([]byte, 4)}, false},
		{wire.ID{IDType: wire.IDKeyID, Data: make([]byte, 20000)}, true},
		{port(0, 0), true},
		{port(17, 500), true},
		{port(17, 0), false},
		{port(6, 0), false},
		{port(0, 500), false},
		{port(17, 4500), false},
		{port(6, 500), false},
	} {
		for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
			p := newPair(t, both(mode, func(i, _ *ikev1.Config) { i.LocalID = tt.id })).start()
			if got := p.r.State() == ikev1.StateEstablished; got != tt.ok {
				t.Errorf("%s: %v with %d octets, %d/%d: %v; %v", name, tt.id.IDType, len(tt.id.Data), tt.id.Protocol, tt.id.Port, p.r.State(), p.r.errs)
			}
			if sent := p.r.find(ikev1.EventNotifySent); !tt.ok && (sent == nil || sent.Notify != wire.NotifyInvalidIDInformation) {
				t.Errorf("%s: notify %+v", name, sent)
			}
		}
	}
}

// TestPayloadsOnce: two payloads of a kind of which one is authenticated leave open which one counts.
func TestPayloadsOnce(t *testing.T) {
	for _, fault := range []string{"main5 ID duplicate", "main5 HASH duplicate", "main3 KE duplicate", "main1 SA duplicate", "main1 SA last"} {
		var f ikev1.PayloadFault
		if err := f.UnmarshalText([]byte(fault)); err != nil {
			t.Fatal(err)
		}
		for _, tolerant := range []bool{false, true} {
			p := newPair(t, func(i, r *ikev1.Config) {
				i.Deviations.Payloads = []ikev1.PayloadFault{f}
				r.Tolerant = tolerant
			}).start()
			if got := p.r.State() == ikev1.StateEstablished; got != tolerant {
				t.Errorf("%s, tolerant %v: %v %v", fault, tolerant, p.r.State(), p.r.errs)
			}
		}
	}
}

// TestUnprotectedStatus: notifies in the last messages of phase 1 count only where they are encrypted: HASH_I and HASH_R do not cover
// them (RFC 2407 4.6.3).
func TestUnprotectedStatus(t *testing.T) {
	for name, tt := range map[string]struct {
		step ikev1.Step
		edit func(i, r *ikev1.Config)
		said bool
	}{
		"aggressive 2":          {ikev1.Aggressive2, aggressive, false},
		"aggressive 3 in clear": {ikev1.Aggressive3, both(aggressive, func(i, _ *ikev1.Config) { i.Deviations.ClearIdentity = true }), false},
		"aggressive 3":          {ikev1.Aggressive3, aggressive, true},
		"main 6":                {ikev1.Main6, nothing, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, both(tt.edit, func(i, r *ikev1.Config) {
				i.NoInitialContact = true
				short, err := wire.AppendAttributes(nil, []wire.Attribute{wire.TV(wire.P1LifeType, wire.LifeSeconds), wire.TV(wire.P1LifeDuration, 60)})
				if err != nil {
					t.Fatal(err)
				}
				add := func(s ikev1.Step, m *wire.Message) {
					if s == tt.step {
						m.Payloads = append(m.Payloads, &wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyInitialContact},
							&wire.Notify{DOI: 1, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyResponderLifetime, Data: short})
					}
				}
				i.Deviations.EditMessage, r.Deviations.EditMessage = add, add
			})).start()
			victim := p.r
			if tt.step == ikev1.Aggressive2 || tt.step == ikev1.Main6 {
				victim = p.i
			}
			if got := victim.has(ikev1.EventInitialContact); got != tt.said {
				t.Errorf("INITIAL-CONTACT is heeded: %v", got)
			}
			if got := victim.find(ikev1.EventNotifyReceived); got == nil || got.Protected != tt.said {
				t.Errorf("notify %+v", got)
			}
			if got := victim.has(ikev1.EventDropped); got == tt.said {
				t.Errorf("dropped: %v", got)
			}
			end := start
			for victim.State() == ikev1.StateEstablished && p.tick() {
				end = p.now
			}
			if short := end.Sub(start) < time.Hour; short != tt.said {
				t.Errorf("the SA ends after %v", end.Sub(start))
			}
		})
	}
}

// TestDPDAnswers: an answer is a sign of life only with the number of a question that is open (RFC 3706 5.4).
func TestDPDAnswers(t *testing.T) {
	for add, dead := range map[byte]bool{0: false, 1: true, 100: true} {
		t.Run(fmt.Sprint(add), func(t *testing.T) {
			p := newPair(t, func(i, r *ikev1.Config) {
				i.DPD = ikev1.DPD{Idle: time.Minute}
				r.Deviations.EditMessage = func(s ikev1.Step, m *wire.Message) {
					for _, pl := range m.Payloads {
						if n, ok := pl.(*wire.Notify); ok && n.MsgType == wire.NotifyRUThereAck {
							n.Data[3] += add
						}
					}
				}
			})
			honest := add == 0
			if !honest { // its hash must be right
				a := func() []byte { return p.i.find(ikev1.EventKeys).Keys.A }
				edit := p.r.cfg.Deviations.EditMessage
				p.r.cfg.Deviations.EditMessage = func(s ikev1.Step, m *wire.Message) {
					if edit(s, m); s == ikev1.Info {
						rehash(t, m, a(), s, nil)
					}
				}
			}
			p.start()
			for p.now.Sub(start) < 5*time.Minute && p.i.State() == ikev1.StateEstablished && p.tick() {
			}
			if got := p.i.State() != ikev1.StateEstablished; got != dead {
				t.Errorf("state %v: %v", p.i.State(), p.i.errs)
			}
			if p.i.has(ikev1.EventDropped) == honest {
				t.Errorf("an answer is dropped: %v", !honest)
			}
		})
	}
}

// TestDeleteEndsExchanges: nothing is repeated under an ISAKMP SA that the peer has deleted, and whoever waits is told.
func TestDeleteEndsExchanges(t *testing.T) {
	p := newPair(t, nil).start()
	p.drop = func(from *end, _ int) bool { return from == p.i }
	out, err := p.i.StartQuick(p.now, "bgp")
	if err != nil {
		t.Fatal(err)
	}
	p.carry(p.i, out)
	if out, err = p.r.Delete(p.now); err != nil {
		t.Fatal(err)
	}
	p.carry(p.r, out)
	if p.i.State() != ikev1.StateDeleted || p.i.Negotiating() || len(p.i.errs) != 1 || !strings.Contains(p.i.errs[0].Error(), "deleted") {
		t.Errorf("state %v, negotiating %v: %v", p.i.State(), p.i.Negotiating(), p.i.errs)
	}
	sent := len(p.i.sent)
	for p.now.Sub(start) < 5*time.Minute && p.tick() {
	}
	if n := len(p.i.sent) - sent; n != 0 {
		t.Errorf("%d messages after the Delete", n)
	}
}

// TestDeleteOfNothing leaves a line in the journal.
func TestDeleteOfNothing(t *testing.T) {
	for _, fault := range []string{"DeleteWrongSide", "DeleteProtocolZero"} {
		p := newPair(t, nil).start().quick()
		switchOn(t, &p.i.cfg.Deviations, fault)
		out, err := p.i.DeleteChild(p.now, p.i.Children()[0].SPIIn)
		if err != nil {
			t.Fatal(err)
		}
		p.carry(p.i, out)
		if e := p.r.find(ikev1.EventDropped); e == nil || !strings.Contains(e.Detail, "Delete") {
			t.Errorf("%s: %+v", fault, e)
		}
	}
}

// TestTruncatedSHA256: the 96 bits of the draft have the number of RFC 4868's 128; which is meant is known beforehand.
func TestTruncatedSHA256(t *testing.T) {
	for _, proto := range []esp.Proto{esp.ESP, esp.AH} {
		for _, integrity := range []esp.Integrity{esp.HMACSHA256x96, esp.HMACSHA256x128} {
			p := newPair(t, func(i, r *ikev1.Config) {
				for _, c := range []*ikev1.Config{i, r} {
					c.Quick[0].Proto = proto
					c.Quick[0].Suites = []esp.Suite{{Cipher: esp.AES128CBC, Integrity: integrity}}
					if proto == esp.AH {
						c.Quick[0].Suites[0].Cipher = esp.NULL
					}
				}
			}).start().quick()
			p.mirror()
			if got := p.i.Children()[0].Suite.Integrity; got != integrity {
				t.Errorf("%v: %v, want %v", proto, got, integrity)
			}
		}
	}
}

// TestAESWithoutKeyLength: who lets an offer of AES without KEY_LENGTH pass takes it for 128 bits (RFC 3602 5.3 forbids it).
func TestAESWithoutKeyLength(t *testing.T) {
	aes := func(bits int) keymat.Suite {
		return keymat.Suite{Cipher: keymat.AESCBC, KeyBits: bits, Hash: keymat.SHA1, Group: keymat.MODP1024}
	}
	for _, ours := range [][]keymat.Suite{{aes(128)}, {aes(256), aes(128)}} {
		p := newPair(t, func(i, r *ikev1.Config) {
			i.Proposals, r.Proposals = []keymat.Suite{aes(128)}, ours
			i.Deviations.WrongKeyLength, i.Tolerant, r.Tolerant = true, true, true
		}).start().quick()
		p.mirror()
		if !p.r.has(ikev1.EventTolerated) {
			t.Error("nothing was tolerated")
		}
		if n := len(p.r.find(ikev1.EventKeys).Keys.Key); n != 16 {
			t.Errorf("a key of %d octets", n)
		}
	}
}

// TestSignedHash: what an RSA signature holds is the hash and nothing but the hash (RFC 2409 5.1).
func TestSignedHash(t *testing.T) {
	for name, set := range map[string]func(d *ikev1.Deviations){
		"one octet more": func(d *ikev1.Deviations) { d.LongSignedHash = 1 },
		"twice as long":  func(d *ikev1.Deviations) { d.LongSignedHash = 20 },
		"one octet less": func(d *ikev1.Deviations) { d.ShortSignedHash = 1 },
		"as long as MD5": func(d *ikev1.Deviations) { d.ShortSignedHash = 4 },
		"nothing":        func(d *ikev1.Deviations) { d.ShortSignedHash = 20 },
	} {
		for _, mode := range []func(i, r *ikev1.Config){nothing, aggressive} {
			p := newPair(t, both(mode, withCertificates(newAuthority(t, pki.RSA2048), wire.AuthRSASig), func(i, _ *ikev1.Config) {
				set(&i.Deviations)
			})).start()
			if sent := p.r.find(ikev1.EventNotifySent); p.r.State() != ikev1.StateFailed || sent == nil || sent.Notify != wire.NotifyInvalidSignature {
				t.Errorf("%s: state %v, notify %+v", name, p.r.State(), sent)
			}
		}
	}
}

// TestHeaders: a minor version that is not ours, and a message 1 that knows our cookie already (RFC 2408 3.1).
func TestHeaders(t *testing.T) {
	for fault, set := range map[string]func(d *ikev1.Deviations){
		"minor version":    func(d *ikev1.Deviations) { d.Version = 0x11 },
		"responder cookie": func(d *ikev1.Deviations) { d.MessageOneCookie = true },
	} {
		p := newPair(t, func(i, _ *ikev1.Config) { set(&i.Deviations) }).start()
		if e := p.r.find(ikev1.EventDropped); p.r.State() != ikev1.StateNew || e == nil || !strings.Contains(e.Detail, fault) {
			t.Errorf("%s: state %v, %+v", fault, p.r.State(), e)
		}
	}
	p := newPair(t, func(i, r *ikev1.Config) { i.Deviations.Version, r.Tolerant = 0x11, true }).start().quick()
	p.mirror()
}

// TestManyThousandQuicks: a replay of the first of 10000 quick modes is still known for one.
func TestManyThousandQuicks(t *testing.T) {
	p := newPair(t, nil).start().quick()
	first := p.i.sent[3].Data
	for range 10000 {
		p.quick()
		out, err := p.i.DeleteChild(p.now, p.i.Children()[0].SPIIn)
		if err != nil {
			t.Fatal(err)
		}
		p.carry(p.i, out)
		p.i.sent, p.r.sent, p.i.events, p.r.events = nil, nil, p.i.events[:0], p.r.events[:0]
	}
	p.throw("the first quick mode", p.r, first, addrR)
	p.mirror()
}
