package check

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/scenarios"
)

const (
	initiator = scenarios.Initiator
	responder = scenarios.Responder
)

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

// TestMutants switches on one fault of the peer after the other. Exactly the
// rule that is about it must fail; what the trial then comes to is another
// matter, so the rules about the scenario are left out.
func TestMutants(t *testing.T) {
	for _, tt := range []struct {
		name  string
		role  scenarios.Role
		ike   ikev1.Deviations
		esp   esp.Deviations
		spec  func(*scenarios.Scenario)
		want  []string
		after func(*scene) // instead of the rest of the script
	}{
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
		{name: "no group", role: initiator, ike: ikev1.Deviations{OmitGroup: true}, want: []string{"ike.quick.pfs"},
			spec: func(s *scenarios.Scenario) { s.Child.PFS = "modp1024" }},
		{name: "tunnel instead", role: responder, ike: ikev1.Deviations{TunnelInstead: true}, want: []string{"profile.mode", "ike.quick.one-transform"}},
		{name: "Delete in clear", role: initiator, ike: ikev1.Deviations{DeleteInClear: true}, want: []string{"ike.delete"}},
		{name: "Delete of the other side", role: initiator, ike: ikev1.Deviations{DeleteWrongSide: true}, want: []string{"ike.delete"}},
		{name: "hash of informational", role: responder, ike: ikev1.Deviations{WrongInfoHash: true}, want: []string{"ike.info.hash"}},
		{name: "first sequence number", role: initiator, esp: esp.Deviations{StartSequence: 5}, want: []string{"esp.sequence-start"}},
		{name: "sequence number again", role: initiator, esp: esp.Deviations{RepeatSequence: 2}, want: []string{"esp.sequence-rises"}},
		{name: "ICV", role: responder, esp: esp.Deviations{BadICV: 2}, want: []string{"esp.icv"}},
		{name: "padding", role: responder, esp: esp.Deviations{PadNotMonotonic: true}, want: []string{"esp.padding"}},
		{name: "SPI of nobody", role: responder, esp: esp.Deviations{SPI: 0x12345678}, want: []string{"esp.spi-known"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := full(bgpSpec())
			if tt.spec != nil {
				tt.spec(&spec)
			}
			s := play(t, spec, tt.role)
			s.ike, s.esp = tt.ike, tt.esp
			s.marker().negotiate()
			if len(s.ours.Children()) > 0 && len(s.peer.Children()) > 0 {
				s.talk(179, true).talk(8179, false).quick().deletes()
			}
			tr := s.judge(true)
			var got []string
			for _, id := range verdicts(tr, Fail) {
				if id != "scenario.outcome" && id != "scenario.traffic" {
					got = append(got, id)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
				for _, f := range tr.Findings {
					if f.Verdict == Fail || f.Verdict == Inconclusive || f.Tolerated {
						t.Logf("%v %s: %s %v", f.Verdict, f.Rule, f.Actual, f.Frames)
					}
				}
			}
			if len(tt.want) == 0 && tr.Verdict != Pass {
				t.Errorf("verdict %v", tr.Verdict)
			}
		})
	}
}
