package check

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

var (
	outsideAddr = netip.MustParseAddr("198.51.100.7")
	inPhase1    = &dissect.Phase1{HashI: dissect.HashGood, HashR: dissect.HashGood, FloatedI: true}
)

// natted is a trial with a NAT before the initiator.
func natted(plays scenarios.Role, incidents ...evidence.Incident) *Subject {
	spec := bgpSpec()
	spec.Wire = &scenarios.Wire{NAT: &scenarios.Translator{Kind: scenarios.Symmetric}}
	t := &evidence.Trial{Peer: "reference", PeerPlays: plays.String(), Spec: spec, Harness: outsideAddr, PeerAddr: peerAddr, Inside: harnessAddr}
	if plays == initiator {
		t.Harness, t.PeerAddr, t.Inside = harnessAddr, outsideAddr, peerAddr
	}
	s := NewSubject(nil, t)
	s.Incidents = incidents
	return s
}

// moment is a packet after so many seconds.
func moment(kind dissect.Kind, frame, seconds int, src, dst string) *dissect.Event {
	e := &dissect.Event{
		Frame: frame, Time: sceneTime.Add(time.Duration(seconds) * time.Second), Kind: kind, UDP: &dissect.UDP{},
		Src: netip.MustParseAddrPort(src), Dst: netip.MustParseAddrPort(dst),
	}
	switch kind {
	case dissect.KindESP:
		e.ESP = &dissect.ESP{Facts: esp.Facts{ICV: esp.ICVGood}}
	case dissect.KindISAKMP:
		e.ISAKMP = &dissect.ISAKMP{Header: wire.Header{Exchange: wire.ExchangeQuick}, Phase1: inPhase1, Hash: dissect.HashCheck{State: dissect.HashGood}}
	}
	return e
}

// weigh lets one rule look at events.
func weigh(t *testing.T, s *Subject, id string, events ...*dissect.Event) Finding {
	t.Helper()
	rules := Rules()
	r := &rules[slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })]
	c := r.new(s, r)
	for _, e := range events {
		c.Event(e)
	}
	return c.Finding()
}

func TestRemapRule(t *testing.T) {
	const us1, us2, them = "198.51.100.7:40002", "198.51.100.7:40004", "192.0.2.2:4500"
	in := func(frame, seconds int, from string) *dissect.Event {
		return moment(dissect.KindESP, frame, seconds, from, them)
	}
	out := func(frame, seconds int, to string) *dissect.Event {
		return moment(dissect.KindESP, frame, seconds, them, to)
	}
	forged := in(3, 2, us2)
	forged.ESP.Facts.ICV = esp.ICVBad
	for name, tt := range map[string]struct {
		events []*dissect.Event
		want   Verdict
	}{
		"never moved":           {[]*dissect.Event{in(1, 0, us1), out(2, 1, us1), out(3, 30, us1)}, NotApplicable},
		"follows":               {[]*dissect.Event{in(1, 0, us1), out(2, 1, us1), in(3, 2, us2), out(4, 3, us1), out(5, 4, us2)}, Pass},
		"stays":                 {[]*dissect.Event{in(1, 0, us1), out(2, 1, us1), in(3, 2, us2), out(4, 3, us1), out(5, 8, us1)}, Fail},
		"follows and goes back": {[]*dissect.Event{in(1, 0, us1), in(3, 2, us2), out(4, 3, us2), out(5, 8, us1)}, Fail},
		"nothing sent":          {[]*dissect.Event{in(1, 0, us1), in(3, 2, us2)}, NotApplicable},
		"forged":                {[]*dissect.Event{in(1, 0, us1), forged, out(4, 9, us1)}, NotApplicable},
	} {
		if f := weigh(t, natted(responder), "ike.natt.remap", tt.events...); f.Verdict != tt.want {
			t.Errorf("%s: %v %s", name, f.Verdict, f.Actual)
		}
	}
}

func TestKeepaliveInterval(t *testing.T) {
	const us, them = "192.0.2.1:4500", "198.51.100.7:40002"
	sent := func(kind dissect.Kind, frame, seconds int) *dissect.Event {
		return moment(kind, frame, seconds, them, us)
	}
	other := func(frame, seconds int) *dissect.Event { return moment(dissect.KindESP, frame, seconds, us, them) }
	begin := sent(dissect.KindISAKMP, 1, 0)
	for name, tt := range map[string]struct {
		events []*dissect.Event
		want   Verdict
	}{
		"never quiet":          {[]*dissect.Event{begin, sent(dissect.KindESP, 2, 19), other(3, 30)}, NotApplicable},
		"kept":                 {[]*dissect.Event{begin, sent(dissect.KindKeepalive, 2, 20), sent(dissect.KindKeepalive, 3, 40), other(4, 50)}, Pass},
		"quiet":                {[]*dissect.Event{begin, other(2, 50)}, Fail},
		"once, and then quiet": {[]*dissect.Event{begin, sent(dissect.KindKeepalive, 2, 20), other(3, 70)}, Fail},
	} {
		if f := weigh(t, natted(initiator), "esp.keepalive-interval", tt.events...); f.Verdict != tt.want {
			t.Errorf("%s: %v %s", name, f.Verdict, f.Actual)
		}
	}
	if f := weigh(t, natted(responder), "esp.keepalive-interval", begin, other(2, 50)); f.Verdict != NotApplicable {
		t.Errorf("who is not behind a NAT: %v", f.Verdict)
	}
}

// TestDropRules: what is to be dropped shows by what is not answered.
func TestDropRules(t *testing.T) {
	sa := &dissect.SA{Origin: dissect.OriginNegotiated}
	packet := func(frame int, fromPeer bool, seq uint32, good bool) *dissect.Event {
		src, dst := "198.51.100.7:40002", "192.0.2.2:4500"
		if fromPeer {
			src, dst = dst, src
		}
		e := moment(dissect.KindESP, frame, frame, src, dst)
		e.ESP.SA, e.ESP.Seq, e.ESP.SPI = sa, seq, 1
		if fromPeer {
			e.ESP.SPI = 2
		}
		if good {
			e.Inner = &dissect.Event{Kind: dissect.KindUDP}
		} else {
			e.ESP.Facts.ICV = esp.ICVBad
		}
		return e
	}
	in := func(frame int, seq uint32) *dissect.Event { return packet(frame, false, seq, true) }
	out := func(frame int, seq uint32) *dissect.Event { return packet(frame, true, seq, true) }
	bad := packet(3, false, 2, false)
	for _, tt := range []struct {
		name, rule string
		events     []*dissect.Event
		want       Verdict
	}{
		{"none is bad", "esp.anti-replay", []*dissect.Event{in(1, 1), out(2, 1)}, NotApplicable},
		{"replay dropped", "esp.anti-replay", []*dissect.Event{in(1, 1), out(2, 1), in(3, 1), in(5, 2), out(6, 2)}, Pass},
		{"replay answered", "esp.anti-replay", []*dissect.Event{in(1, 1), out(2, 1), in(3, 1), out(4, 2), in(5, 2), out(6, 3)}, Fail},
		{"replay, and nothing after it", "esp.anti-replay", []*dissect.Event{in(1, 1), out(2, 1), in(3, 1)}, Inconclusive},
		{"replay before the answer", "esp.anti-replay", []*dissect.Event{in(1, 1), in(3, 1), out(4, 1)}, Inconclusive},
		{"corrupted dropped", "esp.icv-verified", []*dissect.Event{bad, in(4, 3), out(5, 1)}, Pass},
		{"corrupted answered", "esp.icv-verified", []*dissect.Event{bad, out(4, 1)}, Fail},
		{"corrupted answered late", "esp.icv-verified", []*dissect.Event{in(1, 1), out(2, 1), bad, in(4, 3), out(5, 2), out(6, 3)}, Fail},
		{"corrupted, and nothing after it", "esp.icv-verified", []*dissect.Event{in(1, 1), out(2, 1), bad}, Inconclusive},
	} {
		s := natted(responder)
		s.Trial.Spec.Script = []scenarios.Step{{Exchange: &scenarios.Exchange{Protocol: 17, Port: 8179, Expect: scenarios.Protected}}}
		if f := weigh(t, s, tt.rule, tt.events...); f.Verdict != tt.want {
			t.Errorf("%s: %v %s", tt.name, f.Verdict, f.Actual)
		}
	}
}

// TestDropRulesAskNothing: a replay in a trial without datagrams is nobody's fault.
func TestDropRulesAskNothing(t *testing.T) {
	bad := moment(dissect.KindESP, 3, 3, "198.51.100.7:40002", "192.0.2.2:4500")
	bad.ESP.SA, bad.ESP.Facts.ICV = &dissect.SA{Origin: dissect.OriginNegotiated}, esp.ICVBad
	if f := weigh(t, natted(responder), "esp.icv-verified", bad); f.Verdict != NotApplicable {
		t.Errorf("%v %s", f.Verdict, f.Actual)
	}
}

// TestWireRule: no NAT that was not seen, and no fault that befell nothing.
func TestWireRule(t *testing.T) {
	const us, them = "198.51.100.7:40002", "192.0.2.2:4500"
	seen := moment(dissect.KindISAKMP, 3, 1, us, them)
	rebound := evidence.Incident{Kind: evidence.IncidentRebind}
	again := evidence.Incident{Kind: evidence.IncidentMapping, Port: 40004}
	dropped := evidence.Incident{Kind: "drop", Fault: 1}
	type expected struct {
		faults, rebind bool
		incidents      []evidence.Incident
		events         []*dissect.Event
		want           Verdict
	}
	for name, tt := range map[string]expected{
		"seen outside":               {events: []*dissect.Event{seen}, want: Pass},
		"seen inside":                {events: []*dissect.Event{moment(dissect.KindISAKMP, 3, 1, "192.0.2.1:500", them)}, want: Inconclusive},
		"only the marker":            {events: []*dissect.Event{moment(dissect.KindUDP, 3, 1, us, them)}, want: Inconclusive},
		"bound anew":                 {rebind: true, incidents: []evidence.Incident{rebound, again}, events: []*dissect.Event{seen, moment(dissect.KindESP, 9, 6, "198.51.100.7:40004", them)}, want: Pass},
		"bound anew, nothing came":   {rebind: true, incidents: []evidence.Incident{rebound}, events: []*dissect.Event{seen}, want: Inconclusive},
		"only the marker bound anew": {rebind: true, incidents: []evidence.Incident{rebound, again}, events: []*dissect.Event{seen}, want: Inconclusive},
		"not bound anew":             {rebind: true, events: []*dissect.Event{seen}, want: Inconclusive},
		"dropped":                    {faults: true, incidents: []evidence.Incident{dropped}, events: []*dissect.Event{seen}, want: Pass},
		"dropped nothing":            {faults: true, events: []*dissect.Event{seen}, want: Inconclusive},
	} {
		s := natted(responder, tt.incidents...)
		if tt.faults {
			s.Trial.Spec.Wire.Faults = []scenarios.Fault{{Fault: scenarios.Drop, Packet: scenarios.PacketESP}}
		}
		if tt.rebind {
			s.Trial.Spec.Script = []scenarios.Step{{Initiate: &scenarios.Initiate{}}, {Rebind: &scenarios.Rebind{}}}
		}
		f := weigh(t, s, "scenario.wire", tt.events...)
		if f.Verdict != tt.want || f.Verdict == Inconclusive && (f.Next == "" || f.Actual == "") {
			t.Errorf("%s: %v %s%s", name, f.Verdict, f.Actual, f.Witness)
		}
	}
}
