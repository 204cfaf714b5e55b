package check

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

const (
	initiator = scenarios.Initiator
	responder = scenarios.Responder
)

var roles = []scenarios.Role{initiator, responder}

// full is a script with everything: traffic in the SA and beside it, a rekey,
// and a Delete by the peer.
func full(spec scenarios.Scenario) scenarios.Scenario {
	spec.Script = []scenarios.Step{
		{Initiate: &scenarios.Initiate{}},
		{Exchange: &scenarios.Exchange{Protocol: 6, Port: 179, Expect: scenarios.Protected}},
		{Exchange: &scenarios.Exchange{Protocol: 6, Port: 8179, Expect: scenarios.Clear}},
		{Rekey: &scenarios.Rekey{}},
		{Delete: &scenarios.Delete{By: scenarios.PartyPeer, What: scenarios.WhatChild}},
	}
	return spec
}

// edit is a deviation that changes one message before it is encrypted.
func edit(step ikev1.Step, f func(*wire.Message)) ikev1.Deviations {
	return ikev1.Deviations{EditMessage: func(at ikev1.Step, m *wire.Message) {
		if at == step {
			f(m)
		}
	}}
}

// bytesOf is a deviation that changes one datagram.
func bytesOf(step ikev1.Step, f func([]byte) []byte) ikev1.Deviations {
	return ikev1.Deviations{EditBytes: func(at ikev1.Step, b []byte) []byte {
		if at == step {
			return f(b)
		}
		return b
	}}
}

// encapsulation sets the encapsulation mode of all transforms.
func encapsulation(mode uint16) func(*wire.Message) {
	return func(m *wire.Message) {
		for _, p := range m.Payloads {
			if sa, ok := p.(*wire.SA); ok {
				for _, t := range sa.Proposals[0].Transforms {
					for i, a := range t.Attributes {
						if a.Type == wire.P2Encapsulation {
							t.Attributes[i] = wire.TV(a.Type, mode)
						}
					}
				}
			}
		}
	}
}

// forced has the peer force UDP encapsulation.
func forced(s *scene) { s.edit = func(c *ikev1.Config) { c.NATT.Force = true } }

// mutant is a peer with one fault.
type mutant struct {
	name string
	role scenarios.Role
	ike  ikev1.Deviations
	esp  esp.Deviations
	spec func(*scenarios.Scenario)
	set  func(*scene) // before the negotiation
	rest func(*scene) // instead of the rest of the script
	want []string
}

// TestMutants switches on one fault of the peer after the other. Exactly the
// rule that is about it must fail; what the trial then comes to is another
// matter, so the rules about the scenario are left out.
func TestMutants(t *testing.T) {
	for _, m := range slices.Concat(mutants(), ikeMutants()) {
		t.Run(m.name, m.test)
	}
}

func (m mutant) test(t *testing.T) {
	spec := full(bgpSpec())
	if m.spec != nil {
		m.spec(&spec)
	}
	s := play(t, spec, m.role)
	s.ike, s.esp = m.ike, m.esp
	if m.set != nil {
		m.set(s)
	}
	s.marker().negotiate()
	switch {
	case len(s.ours.Children()) > 0 && len(s.peer.Children()) > 0 && m.rest != nil:
		m.rest(s)
	case len(s.ours.Children()) > 0 && len(s.peer.Children()) > 0:
		s.talk(179, true).talk(8179, false).quick().deletes()
	}
	tr := s.judge(true)
	var got []string
	for _, id := range verdicts(tr, Fail) {
		if !strings.HasPrefix(id, "scenario.") {
			got = append(got, id)
		}
	}
	if d := cmp.Diff(m.want, got); d != "" {
		t.Error(d)
		for _, f := range tr.Findings {
			if f.Verdict == Fail || f.Verdict == Inconclusive || f.Tolerated {
				t.Logf("%v %s: %s %v", f.Verdict, f.Rule, f.Actual, f.Frames)
			}
		}
	}
	if len(m.want) == 0 && tr.Verdict != Pass {
		t.Errorf("verdict %v", tr.Verdict)
	}
}

// TestMutantsForAll: every rule about what an end does on the wire has a mutant that
// trips it. Those about the profile have tests of their own, and so have those that only a
// path with a NAT or faults gives something to look at: see wire_test.go.
func TestMutantsForAll(t *testing.T) {
	tripped := map[string]bool{
		"ike.natt.remap": true, "esp.keepalive-interval": true, "esp.anti-replay": true, "esp.icv-verified": true,
	}
	for _, m := range slices.Concat(mutants(), ikeMutants()) {
		for _, id := range m.want {
			tripped[id] = true
		}
	}
	for _, r := range Rules() {
		area, _, _ := strings.Cut(r.ID, ".")
		if (area == "ike" || area == "esp") && !tripped[r.ID] {
			t.Errorf("%s: no mutant", r.ID)
		}
	}
}

func mutants() []mutant {
	return []mutant{
		{name: "honest initiator", role: initiator},
		{name: "honest responder", role: responder},
		{name: "message ID", role: initiator, ike: ikev1.Deviations{Phase1MessageID: 7}, want: []string{"ike.main.message-id-zero"}},
		{name: "message 5 in clear", role: initiator, ike: ikev1.Deviations{ClearIdentity: true}, want: []string{"ike.main.encryption-flag"}},
		{name: "message 6 in clear", role: responder, ike: ikev1.Deviations{ClearIdentity: true}, want: []string{"ike.main.encryption-flag"}},
		{name: "two proposals", role: initiator, ike: ikev1.Deviations{TwoPhase1Proposals: true}, want: []string{"ike.sa.one-proposal"}},
		{name: "two transforms", role: responder, ike: ikev1.Deviations{TwoTransforms: true}, want: []string{"ike.sa.one-transform"}},
		{name: "modified transform", role: responder, ike: ikev1.Deviations{ModifyChosen: true}, want: []string{"ike.sa.one-transform"}},
		{name: "no key length", role: initiator, ike: ikev1.Deviations{WrongKeyLength: true}, want: []string{"ike.sa.keylength"}},
		{name: "short nonce", role: initiator, ike: ikev1.Deviations{ShortNonce: true}, want: []string{"ike.nonce-length"}},
		{name: "identity's port", role: responder, ike: ikev1.Deviations{IDPort: 4500}, want: []string{"ike.id-port"}},
		{name: "identity's address", role: responder, ike: ikev1.Deviations{WrongID: true}, want: []string{"profile.address-asserted"}},
		{name: "hash of phase 1", role: responder, ike: ikev1.Deviations{WrongPhase1Hash: true}, want: []string{"ike.main.hash"}},
		{name: "reserved octet", role: initiator, ike: ikev1.Deviations{ReservedNotZero: true}, want: []string{"ike.reserved-zero"}},
		{name: "NAT-D hashes", role: initiator, ike: ikev1.Deviations{WrongNATD: true}, want: []string{"ike.natt.nat-d"}},
		{name: "one NAT-D", role: responder, ike: ikev1.Deviations{OneNATD: true}, want: []string{"ike.natt.nat-d"}},
		{name: "no quick mode hash", role: initiator, ike: ikev1.Deviations{OmitQuickHash: true}, want: []string{"ike.quick.hash-first"}},
		{name: "quick mode hash last", role: responder, ike: ikev1.Deviations{QuickHashLast: true}, want: []string{"ike.quick.hash-first"}},
		{name: "quick mode hash", role: initiator, ike: ikev1.Deviations{WrongQuickHash: true}, want: []string{"ike.quick.hash"}},
		{name: "message ID again", role: initiator, ike: ikev1.Deviations{ReuseMessageID: true}, want: []string{"ike.quick.message-id"}},
		{name: "SPI again", role: initiator, ike: ikev1.Deviations{ReuseSPI: true}, want: []string{"ike.spi-unique"}},
		{name: "SPI again, as responder", role: responder, ike: ikev1.Deviations{ReuseSPI: true}, want: []string{"ike.spi-unique"}},
		{name: "low SPI", role: responder, ike: ikev1.Deviations{LowSPI: true}, want: []string{"ike.spi-range"}},
		{name: "wider selector", role: initiator, ike: ikev1.Deviations{WrongSelector: true}, want: []string{"profile.selectors"}},
		{name: "other selector", role: responder, ike: ikev1.Deviations{WrongSelector: true}, want: []string{"ike.quick.ids-returned"}},
		{
			name: "no group", role: initiator, ike: ikev1.Deviations{OmitGroup: true}, want: []string{"ike.quick.pfs"},
			spec: func(s *scenarios.Scenario) { s.Child.PFS = "modp1024" },
		},
		{name: "tunnel instead", role: responder, ike: ikev1.Deviations{TunnelInstead: true}, want: []string{"profile.mode", "ike.quick.one-transform"}},
		{name: "Delete in clear", role: initiator, ike: ikev1.Deviations{DeleteInClear: true}, want: []string{"ike.delete"}},
		{name: "Delete of the other side", role: initiator, ike: ikev1.Deviations{DeleteWrongSide: true}, want: []string{"ike.delete"}},
		{name: "hash of informational", role: responder, ike: ikev1.Deviations{WrongInfoHash: true}, want: []string{"ike.info.hash"}},
		{name: "first sequence number", role: initiator, esp: esp.Deviations{StartSequence: 5}, want: []string{"esp.sequence-start"}},
		{name: "sequence number again", role: initiator, esp: esp.Deviations{RepeatSequence: 2}, want: []string{"esp.sequence-rises"}},
		{name: "ICV", role: responder, esp: esp.Deviations{BadICV: 2}, want: []string{"esp.icv"}},
		{name: "padding", role: responder, esp: esp.Deviations{PadNotMonotonic: true}, want: []string{"esp.padding"}},
		{name: "no hash in message 5", role: initiator, ike: edit(ikev1.Main5, func(m *wire.Message) {
			m.Payloads = slices.DeleteFunc(m.Payloads, func(p wire.Payload) bool { return p.Type() == wire.PayloadHash })
		}), want: []string{"ike.main.six-messages"}},
		{
			name: "responder cookie in message 1", role: initiator, ike: bytesOf(ikev1.Main1, func(b []byte) []byte { b[15] = 1; return b }),
			want: []string{"ike.main.responder-cookie"},
		},
		{name: "basic attribute in the long form", role: responder, ike: edit(ikev1.Main2, func(m *wire.Message) {
			for i, a := range m.Payloads[0].(*wire.SA).Proposals[0].Transforms[0].Attributes {
				if a.Type == wire.P1Group {
					m.Payloads[0].(*wire.SA).Proposals[0].Transforms[0].Attributes[i].Basic = false
				}
			}
		}), want: []string{"ike.sa.basic-attributes"}},
		{name: "short public value", role: initiator, ike: edit(ikev1.Main3, func(m *wire.Message) {
			for _, p := range m.Payloads {
				if ke, ok := p.(*wire.KE); ok {
					ke.Data = ke.Data[1:]
				}
			}
		}), want: []string{"ike.ke-length"}},
		{
			name: "retransmission made anew", role: initiator, ike: ikev1.Deviations{FreshRetransmit: true},
			set: func(s *scene) { s.lose = func(fromPeer bool, n int) bool { return !fromPeer && n == 2 } }, want: []string{"ike.retransmit-identical"},
		},
		{
			name: "octets after the end", role: initiator, ike: bytesOf(ikev1.Main3, func(b []byte) []byte { return append(b, 0xff) }),
			want: []string{"ike.well-formed"},
		},
		{
			name: "no marker on port 4500", role: initiator, ike: bytesOf(ikev1.Main5, func(b []byte) []byte { return b[4:] }),
			set: forced, want: []string{"ike.natt.marker"},
		},
		{
			name: "transport mode on port 4500", role: initiator, ike: edit(ikev1.Quick1, encapsulation(wire.EncapTransport)), set: forced,
			want: []string{"ike.quick.hash", "ike.natt.encapsulation-mode"},
		},
		{
			name: "UDP encapsulation without a NAT", role: initiator, ike: edit(ikev1.Quick1, encapsulation(wire.EncapUDPTransport)),
			want: []string{"ike.quick.hash", "ike.natt.encapsulation-mode", "ike.natt.nat-oa"},
		},
		{name: "raw ESP where UDP was negotiated", role: initiator, set: forced, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false).quick().deletes()
			for i, p := range s.packets {
				if ip := p.Data; ip[9] == 17 && binary.BigEndian.Uint16(ip[22:]) == 4500 && binary.BigEndian.Uint32(ip[28:]) != 0 && ip[15] == 2 {
					s.packets[i].Data = ipv4Packet(peerAddr, harnessAddr, 50, ip[28:])
					s.packets[i].OrigLen = len(s.packets[i].Data)
				}
			}
		}, want: []string{"esp.encapsulation"}},
		{name: "UDP checksum", role: initiator, set: forced, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false).quick().deletes()
			for _, p := range s.packets {
				if ip := p.Data; ip[9] == 17 && binary.BigEndian.Uint16(ip[22:]) == 4500 && binary.BigEndian.Uint32(ip[28:]) != 0 {
					ip[26] = 1
				}
			}
		}, want: []string{"esp.udp-checksum"}},
		{name: "keepalive on port 500", role: responder, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false).quick().deletes()
			s.ip(peerAddr, harnessAddr, 17, udpHeader(500, 500, []byte{0xff}))
		}, want: []string{"esp.keepalive"}},
		{name: "packet in the wrong SA", role: initiator, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false)
			s.segment(true, tcpSegment(179, 179, 0x10, ""), true) // the peer as server
			s.segment(true, tcpSegment(179, 40001, 0x10, ""), true)
			s.quick().deletes()
		}, want: []string{"esp.inner-within-selectors"}},
		{name: "other port in the SA", role: responder, rest: func(s *scene) {
			s.talk(179, true).talk(8179, true).quick().deletes()
		}, want: []string{"policy.bypass-in-clear", "esp.inner-within-selectors"}},
		{name: "leak", role: responder, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false).quick().deletes()
			s.segment(true, tcpSegment(179, 40001, 0x18, "hello"), false)
		}, want: []string{"policy.no-cleartext"}},
		{name: "leak before the SA", role: initiator, set: func(s *scene) {
			s.segment(true, tcpSegment(40001, 179, 2, ""), false)
		}, want: []string{"policy.no-cleartext"}},
		{name: "SA after its Delete", role: responder, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false)
			out, err := s.ours.DeleteChild(s.now, s.ours.Children()[0].SPIIn)
			s.ok(err)
			for _, d := range out { // the peer does not listen
				s.ip(d.Local.Addr(), d.Remote.Addr(), 17, udpHeader(500, 500, d.Data))
			}
			s.now = s.now.Add(time.Minute)
			s.segment(true, tcpSegment(179, 40001, 0x18, "hello"), true)
			s.deletes()
		}, want: []string{"esp.spi-known"}},
		{name: "SPI of nobody", role: responder, esp: esp.Deviations{SPI: 0x12345678}, want: []string{"esp.spi-known"}},
	}
}
