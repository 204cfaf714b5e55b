package check

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

func TestOutcome(t *testing.T) {
	const (
		established = scenarios.Established
		refused     = scenarios.Refused
	)
	otherSecret := func(s *scene) { s.psk = "another secret" }
	deaf := func(s *scene) { s.lose = func(fromPeer bool, _ int) bool { return !fromPeer } }
	otherPort := func(s *scenarios.Scenario) {
		s.Peer.Child = &scenarios.Child{Selector: &scenarios.Selector{Protocol: 6, ServerPort: 180}}
	}
	strict := func(s *scene) {
		s.edit = func(c *ikev1.Config) { c.Tolerant = false }
	}
	for _, tt := range []struct {
		name      string
		role      scenarios.Role
		expect    scenarios.Expect
		spec      func(*scenarios.Scenario)
		set       func(*scene)
		cut       int // packets that the capture holds, 0 for all
		blind     bool
		want      Verdict
		tolerated bool
		says      string // part of actual, or of the witness
	}{
		{name: "established", role: initiator, expect: scenarios.Expect{Phase1: established, Phase2: established}, want: Pass, says: "phase 2 in frames 9, 10, 11"},
		{name: "established, phase 2 of no interest", role: responder, expect: scenarios.Expect{Phase1: established}, want: Pass, says: "phase 1 established in frames 3, 4, 5, 6, 7, 8"},
		{name: "established without keys", role: responder, expect: scenarios.Expect{Phase1: established, Phase2: established}, blind: true, want: Inconclusive, says: "cannot be verified"},
		{name: "established, not refused", role: responder, expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Fail, says: "HASH_I and HASH_R are right"},
		{name: "phase 2 established, not refused", role: responder, expect: scenarios.Expect{Phase1: established, Phase2: refused}, want: Fail, says: "HASH(1) to HASH(3) are right"},
		{name: "either will do", role: responder, expect: scenarios.Expect{Phase1: established | refused, Phase2: established | refused}, want: Pass},
		{name: "refused as expected", role: responder, set: otherSecret, expect: scenarios.Expect{Phase1: refused, Notifies: []string{"PAYLOAD-MALFORMED"}}, want: Pass, says: "the peer: PAYLOAD-MALFORMED in frame 8"},
		{name: "refused as expected, by the harness", role: initiator, set: otherSecret, expect: scenarios.Expect{Phase1: refused}, want: Pass, says: "the harness: PAYLOAD-MALFORMED"},
		{name: "refused by the harness, which is at fault", role: initiator, set: otherSecret, spec: func(s *scenarios.Scenario) {
			s.Deviations = []string{"ike.psk_nul"}
		}, expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Inconclusive, says: "was not repeated"},
		{name: "refused, not established", role: responder, set: otherSecret, expect: scenarios.Expect{Phase1: established, Phase2: established}, want: Fail, says: "phase 1 stopped after message 5: the peer sent PAYLOAD-MALFORMED in frame 8"},
		{name: "refused by another notify", role: responder, set: otherSecret, expect: scenarios.Expect{Phase1: refused, Notifies: []string{"NO-PROPOSAL-CHOSEN"}, Silence: true}, want: Fail, says: "PAYLOAD-MALFORMED"},
		{name: "refused by a Delete", role: responder, set: func(s *scene) {
			otherSecret(s)
			s.ike = edit(ikev1.Info, func(m *wire.Message) {
				m.Payloads = []wire.Payload{&wire.Delete{DOI: wire.DOIIPSEC, Protocol: wire.ProtoISAKMP, SPIs: [][]byte{make([]byte, 16)}}}
			})
		}, expect: scenarios.Expect{Phase1: refused, Notifies: []string{"PAYLOAD-MALFORMED"}}, want: Pass, tolerated: true, says: "Delete in frame 8"},
		{name: "refused under another key", role: responder, set: sealedNotify, expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Pass, says: "the peer answered with an encrypted message that the keys at hand do not open in frame 8"},
		{name: "refused under another key, which cannot be read", role: responder, set: sealedNotify, expect: scenarios.Expect{Phase1: refused}, want: Inconclusive, says: "could not be read"},
		{name: "refused under another key, no keys at all", role: responder, set: sealedNotify, blind: true, expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Inconclusive, says: "could not be read"},
		{name: "silence", role: responder, set: deaf, expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Pass, says: "sent 4 times without an answer"},
		{name: "silence where a notify is asked for", role: responder, set: deaf, expect: scenarios.Expect{Phase1: refused}, want: Fail, says: "sent 4 times without an answer"},
		{name: "silence, not established", role: responder, set: deaf, expect: scenarios.Expect{Phase1: established}, want: Fail, says: "phase 1 stopped after message 1"},
		{name: "silence to one message", role: responder, set: deaf, cut: 3, expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Inconclusive, says: "was not repeated"},
		{name: "an empty capture refuses nothing", role: responder, cut: 2, expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Inconclusive, says: "no IKE message"},
		{name: "selector refused", role: responder, spec: otherPort, set: strict, expect: scenarios.Expect{Phase1: established, Phase2: refused, Notifies: []string{"INVALID-ID-INFORMATION"}}, want: Pass, says: "the peer: INVALID-ID-INFORMATION in frame 10"},
		{name: "selector refused, not established", role: responder, spec: otherPort, set: strict, expect: scenarios.Expect{Phase1: established, Phase2: established}, want: Fail, says: "phase 2 stopped after message 1: the peer sent INVALID-ID-INFORMATION in frame 10"},
		{name: "selector refused, without keys", role: responder, spec: otherPort, set: strict, blind: true, expect: scenarios.Expect{Phase1: established, Phase2: refused}, want: Inconclusive},
		{name: "silence to message 2", role: initiator, set: deaf, expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Pass, says: "times without an answer"},
		{name: "silence to fragments", role: initiator, spec: func(s *scenarios.Scenario) { signed(s); s.IKE.Fragmentation = true }, set: func(s *scene) {
			s.ike = ikev1.Deviations{FragmentAll: true, FragmentNoLast: true}
		}, expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Pass, says: "times without an answer"},
		{name: "established by signatures", role: responder, spec: signed, expect: scenarios.Expect{Phase1: established, Phase2: established}, want: Pass, says: "phase 2 in frames"},
		{name: "certificate refused by the responder", role: responder, spec: signed, set: distrustful, expect: scenarios.Expect{Phase1: refused, Notifies: []string{"INVALID-CERT-AUTHORITY"}}, want: Pass, says: "the peer: INVALID-CERT-AUTHORITY"},
		{name: "certificate refused by the initiator", role: initiator, spec: signed, set: distrustful, expect: scenarios.Expect{Phase1: refused, Notifies: []string{"INVALID-CERT-AUTHORITY"}}, want: Pass, says: "the peer: INVALID-CERT-AUTHORITY"},
		{name: "certificate refused by another notify", role: initiator, spec: signed, set: distrustful, expect: scenarios.Expect{Phase1: refused, Notifies: []string{"INVALID-ID-INFORMATION"}}, want: Fail, says: "INVALID-CERT-AUTHORITY"},
		{name: "certificate refused, not established", role: initiator, spec: signed, set: distrustful, expect: scenarios.Expect{Phase1: established, Phase2: established}, want: Fail, says: "no quick mode followed"},
		{name: "certificate refused, phase 2 of no interest", role: initiator, spec: signed, set: distrustful, expect: scenarios.Expect{Phase1: established}, want: Fail, says: "the peer sent INVALID-CERT-AUTHORITY"},
		{name: "certificate refused, not taken back", role: responder, spec: signed, expect: scenarios.Expect{Phase1: refused}, want: Fail, says: "HASH_I and HASH_R are right"},
		{name: "certificate refused in aggressive mode", role: responder, spec: signedAggressive, set: distrustful, expect: scenarios.Expect{Phase1: refused}, want: Pass, says: "the peer: INVALID-CERT-AUTHORITY"},
		{name: "certificate refused in aggressive mode, by silence", role: responder, spec: signedAggressive, set: silent(ikev1.Info, distrustful), expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Pass, says: "times without an answer"},
		{name: "certificate passed over in silence by the initiator", role: initiator, spec: signed, set: silent(ikev1.Info, distrustful), expect: scenarios.Expect{Phase1: refused, Silence: true}, want: Inconclusive, says: "nothing shows whether the peer accepts that"},
		{name: "certificate refused where it may be", role: initiator, spec: signed, set: distrustful, expect: scenarios.Expect{Phase1: established | refused, Phase2: established, Notifies: []string{"INVALID-CERT-AUTHORITY"}}, want: Pass, says: "the peer: INVALID-CERT-AUTHORITY"},
		{name: "certificate refused where it may be, by another notify", role: initiator, spec: signed, set: distrustful, expect: scenarios.Expect{Phase1: established | refused, Phase2: established, Notifies: []string{"INVALID-ID-INFORMATION"}}, want: Fail, says: "INVALID-CERT-AUTHORITY"},
		{name: "certificate refused where it may be, phase 2 of no interest", role: initiator, spec: signed, set: distrustful, expect: scenarios.Expect{Phase1: established | refused, Notifies: []string{"INVALID-ID-INFORMATION"}}, want: Fail, says: "INVALID-CERT-AUTHORITY"},
		{name: "certificate passed over in silence where it may be", role: initiator, spec: signed, set: silent(ikev1.Info, distrustful), expect: scenarios.Expect{Phase1: established | refused, Phase2: established, Silence: true}, want: Inconclusive, says: "nothing shows whether the peer accepts that"},
		{name: "certificate may be refused", role: initiator, spec: signed, expect: scenarios.Expect{Phase1: established | refused, Phase2: established, Silence: true}, want: Pass, says: "phase 2 in frames"},
		{name: "password refused", role: responder, spec: otherPassword, expect: scenarios.Expect{Phase1: established, Phase2: refused, Notifies: []string{"AUTHENTICATION-FAILED"}}, want: Pass, says: "the peer: XAUTH STATUS=FAIL in frame 11"},
		{name: "password refused by the harness", role: initiator, spec: otherPassword, expect: scenarios.Expect{Phase1: established, Phase2: refused}, want: Pass, says: "the harness: XAUTH STATUS=FAIL in frame 11"},
		{name: "password refused, not established", role: responder, spec: otherPassword, expect: scenarios.Expect{Phase1: established, Phase2: established}, want: Fail, says: "no quick mode followed"},
		{name: "a quirk", role: responder, set: otherSecret, expect: scenarios.Expect{Phase1: established, Phase2: established, Tolerated: []scenarios.Quirk{
			{Why: "known to do that", Peers: []string{"reference"}, Phase1: refused, Notifies: []string{"NO-PROPOSAL-CHOSEN"}}, {Why: "known to do this", Peers: []string{"reference"}, Phase1: refused, Notifies: []string{"PAYLOAD-MALFORMED"}},
		}}, want: Pass, tolerated: true, says: "known to do this"},
		{name: "no quirk needed", role: responder, expect: scenarios.Expect{Phase1: established, Phase2: established, Tolerated: []scenarios.Quirk{{Why: "w", Peers: []string{"reference"}, Phase1: refused}}}, want: Pass, says: "phase 2 in frames"},
		{name: "a quirk of others", role: responder, set: otherSecret, expect: scenarios.Expect{Phase1: established, Phase2: established, Tolerated: []scenarios.Quirk{
			{Why: "w", Peers: []string{"another"}, Phase1: refused, Notifies: []string{"PAYLOAD-MALFORMED"}},
		}}, want: Fail, says: "PAYLOAD-MALFORMED"},
		{name: "another quirk", role: responder, set: otherSecret, expect: scenarios.Expect{Phase1: established, Tolerated: []scenarios.Quirk{{Why: "w", Peers: []string{"reference"}, Phase1: refused, Notifies: []string{"NO-PROPOSAL-CHOSEN"}}}}, want: Fail, says: "PAYLOAD-MALFORMED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := bgpSpec()
			spec.Expect = tt.expect
			if tt.spec != nil {
				tt.spec(&spec)
			}
			s := play(t, spec, tt.role)
			if tt.set != nil {
				tt.set(s)
			}
			s.marker().negotiate()
			if tt.cut > 0 {
				s.packets = s.packets[:tt.cut]
			}
			f := find(s.judge(!tt.blind), "scenario.outcome")
			if f.Verdict != tt.want || f.Tolerated != tt.tolerated || !strings.Contains(f.Actual+f.Witness, tt.says) {
				t.Errorf("%+v, want %v saying %q", f, tt.want, tt.says)
			}
			if f.Verdict != Pass && (len(f.Expected) == 0 && tt.cut != 2 || f.Next == "") {
				t.Errorf("no alternatives or no next step: %+v", f)
			}
		})
	}
}

// TestOutcomeLastMessage: an initiator that passes over message 6 sends message 5
// again and again.
func TestOutcomeLastMessage(t *testing.T) {
	spec := bgpSpec()
	signed(&spec)
	spec.Expect = scenarios.Expect{Phase1: scenarios.Established | scenarios.Refused, Phase2: scenarios.Established, Silence: true}
	s := play(t, spec, initiator)
	silent(ikev1.Info, distrustful)(s)
	s.marker().negotiate()
	for range 3 {
		s.packets = append(s.packets, s.packets[6:8]...)
	}
	f := find(s.judge(true), "scenario.outcome")
	if f.Verdict != Pass || !strings.Contains(f.Witness, "times without an answer") {
		t.Errorf("%+v", f)
	}
}

// TestOutcomeSecondSA: an ISAKMP SA that nothing came of does not count where there is another.
func TestOutcomeSecondSA(t *testing.T) {
	for _, tt := range []struct {
		expect scenarios.Outcome
		want   Verdict
	}{{scenarios.Established, Pass}, {scenarios.Refused, Fail}} {
		spec := bgpSpec()
		spec.Expect.Phase2 = tt.expect
		s := play(t, spec, responder).marker().negotiate()
		s.packets = s.packets[:8] // without quick mode
		s.negotiate()
		if f := find(s.judge(true), "scenario.outcome"); f.Verdict != tt.want {
			t.Errorf("%v: %+v", tt.expect, f)
		}
	}
}

// TestOutcomeCutOff: whoever was refused tries again, and the trial ends in the middle of that.
func TestOutcomeCutOff(t *testing.T) {
	for _, tt := range []struct {
		more int // packets of the second attempt
		want Verdict
	}{{6, Pass}, {7, Pass}, {8, Pass}, {9, Fail}} {
		spec := bgpSpec()
		spec.Peer.Child = &scenarios.Child{Selector: &scenarios.Selector{Protocol: 6, ServerPort: 180}}
		spec.Expect = scenarios.Expect{Phase1: scenarios.Established, Phase2: scenarios.Refused, Notifies: []string{"INVALID-ID-INFORMATION"}}
		s := play(t, spec, responder)
		s.edit = func(c *ikev1.Config) { c.Tolerant = false }
		s.marker().negotiate()
		refused := len(s.packets)
		if tt.want == Fail { // the second one is not refused
			s.edit = nil
			s.trial.Spec.Peer.Child = nil
		}
		s.negotiate()
		s.packets = s.packets[:refused+tt.more]
		if f := find(s.judge(true), "scenario.outcome"); f.Verdict != tt.want {
			t.Errorf("%d packets more: %+v", tt.more, f)
		}
	}
}

func signed(s *scenarios.Scenario) { method("ecdsa-sha256")(s) }

func signedAggressive(s *scenarios.Scenario) { signed(s); s.IKE.Mode = "aggressive" }

func otherPassword(s *scenarios.Scenario) {
	method("xauth-init-psk")(s)
	s.Peer.Password = scenarios.SecretOther
}

// distrustful has the peer trust another authority than the harness's certificate is
// from.
func distrustful(s *scene) {
	other := papersFor(s.t, pki.ECDSAP384)
	s.edit = func(c *ikev1.Config) { c.Tolerant, c.Auth.Trust.Roots = false, []*x509.Certificate{other.ca.Root()} }
}

// silent has the peer keep messages of one kind to itself.
func silent(step ikev1.Step, set func(*scene)) func(*scene) {
	return func(s *scene) {
		set(s)
		s.ike = bytesOf(step, func([]byte) []byte { return nil })
		s.repeats = 3
	}
}

// sealedNotify has the peer answer with something encrypted under a key of its
// own, as strongSwan does.
func sealedNotify(s *scene) {
	s.psk = "another secret"
	s.ike = bytesOf(ikev1.Info, func(b []byte) []byte {
		b = append(b[:wire.HeaderLen:wire.HeaderLen], bytes.Repeat([]byte{0x5a}, 64)...)
		b[16], b[19] = byte(wire.PayloadHash), byte(wire.FlagEncryption)
		binary.BigEndian.PutUint32(b[24:], uint32(len(b)))
		return b
	})
}

func TestTraffic(t *testing.T) {
	step := func(port uint16, expect scenarios.Traffic) scenarios.Step {
		return scenarios.Step{Exchange: &scenarios.Exchange{Protocol: 6, Port: port, Expect: expect}}
	}
	const (
		protected = scenarios.Protected
		inClear   = scenarios.Clear
		blocked   = scenarios.Blocked
	)
	for _, tt := range []struct {
		name   string
		script []scenarios.Step
		play   func(*scene)
		blind  bool
		want   Verdict
		says   string
	}{
		{"protected", []scenarios.Step{step(179, protected)}, func(s *scene) { s.talk(179, true) }, false, Pass, "exchange 1 (tcp port 179) protected in frame 12"},
		{"protected, nothing there", []scenarios.Step{step(179, protected)}, func(*scene) {}, false, Fail, "no packet of it"},
		{"protected, in clear", []scenarios.Step{step(179, protected)}, func(s *scene) { s.talk(179, false) }, false, Fail, "7 packets in clear"},
		{"protected, unanswered", []scenarios.Step{step(179, protected)}, func(s *scene) { s.segment(false, tcpSegment(40001, 179, 2, ""), true) }, false, Fail, "0 octets there, 0 back"},
		{"protected, no keys", []scenarios.Step{step(179, protected)}, func(s *scene) { s.talk(179, true) }, true, Inconclusive, "could not be read"},
		{"clear", []scenarios.Step{step(8179, inClear)}, func(s *scene) { s.talk(8179, false) }, false, Pass, "clear in frame 12"},
		{"clear, in the SA", []scenarios.Step{step(8179, inClear)}, func(s *scene) { s.talk(8179, true) }, false, Fail, "inside ESP"},
		{"blocked", []scenarios.Step{step(179, blocked)}, func(*scene) {}, false, Pass, "left no trace; marker in frame 1"},
		{"blocked, an attempt inside ESP", []scenarios.Step{step(179, blocked)}, func(s *scene) { s.segment(false, tcpSegment(40001, 179, 2, ""), true) }, false, Pass, "blocked in frame 12"},
		{"blocked, and it took place", []scenarios.Step{step(179, blocked)}, func(s *scene) { s.talk(179, true) }, false, Fail, "beyond the script's"},
		{"blocked, an attempt in clear", []scenarios.Step{step(8179, blocked)}, func(s *scene) { s.segment(false, tcpSegment(40001, 8179, 2, ""), false) }, false, Fail, "in clear"},
		{"in order", []scenarios.Step{step(179, blocked), step(179, protected)}, func(s *scene) { s.talk(179, true) }, false, Pass, "exchange 2 (tcp port 179) protected"},
		{"out of order", []scenarios.Step{step(179, protected), step(179, blocked)}, func(s *scene) { s.talk(179, true).talk(179, true) }, false, Fail, "beyond the script's"},
		{"blocked, and what the peer sends cannot be read", []scenarios.Step{step(179, blocked)}, func(s *scene) {
			s.esp.BadICV = 1
			s.segment(true, tcpSegment(179, 40001, 0x10, ""), true)
		}, false, Inconclusive, "of the peer could not be read"},
		{"either", []scenarios.Step{step(179, protected|blocked)}, func(s *scene) { s.talk(179, true) }, false, Pass, "protected in frame"},
		{"either, blocked", []scenarios.Step{step(179, protected|blocked)}, func(*scene) {}, false, Pass, "left no trace"},
		{"a second attempt", []scenarios.Step{step(179, protected)}, func(s *scene) {
			s.segment(false, tcpSegment(39999, 179, 2, ""), true)
			s.talk(179, true)
		}, false, Pass, "protected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := bgpSpec()
			spec.Script = append([]scenarios.Step{{Initiate: &scenarios.Initiate{}}}, tt.script...)
			s := play(t, spec, responder).marker().negotiate()
			tt.play(s)
			f := find(s.judge(!tt.blind), "scenario.traffic")
			if f.Verdict != tt.want || !strings.Contains(f.Actual+f.Witness, tt.says) {
				t.Errorf("%+v, want %v saying %q", f, tt.want, tt.says)
			}
		})
	}
	t.Run("blocked without a marker", func(t *testing.T) {
		spec := bgpSpec()
		spec.Script = []scenarios.Step{step(179, blocked)}
		if f := find(play(t, spec, responder).negotiate().judge(true), "scenario.traffic"); f.Verdict != Inconclusive {
			t.Errorf("%+v", f)
		}
	})
}

func TestMarker(t *testing.T) {
	spec := full(bgpSpec())
	s := play(t, spec, responder).negotiate().marker().talk(179, true).talk(8179, false).quick().deletes()
	if f := find(s.judge(true), "policy.tap-alive"); f.Verdict != Inconclusive || !strings.Contains(f.Actual, "the first IKE message in frame 1") {
		t.Errorf("a late marker: %+v", f)
	}
	s = play(t, spec, responder).negotiate().talk(179, true).talk(8179, false).quick().deletes()
	tr := s.judge(true)
	for _, id := range []string{"policy.tap-alive", "policy.no-cleartext"} {
		if f := find(tr, id); f.Verdict != Inconclusive {
			t.Errorf("no marker: %+v", f)
		}
	}
	// A leak shows whether the tap was proven or not.
	s.segment(true, tcpSegment(179, 40001, 0x18, "hello"), false)
	if f := find(s.judge(true), "policy.no-cleartext"); f.Verdict != Fail {
		t.Errorf("a leak: %+v", f)
	}
}

// TestOwnLeak: what the harness itself leaks is an error of ours.
func TestOwnLeak(t *testing.T) {
	s := play(t, full(bgpSpec()), responder).marker().negotiate().talk(179, true).talk(8179, false).quick().deletes()
	s.segment(false, tcpSegment(40001, 179, 0x18, "hello"), false)
	tr := s.judge(true)
	if f := find(tr, "policy.no-cleartext"); f.Verdict != Error || !strings.HasPrefix(f.Actual, "the harness itself: ") {
		t.Errorf("%+v", f)
	}
	if tr.Verdict != Error {
		t.Errorf("trial %v", tr.Verdict)
	}
}
