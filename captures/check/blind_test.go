package check

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// foreign judges a scene's packets as a capture from elsewhere.
func foreign(t *testing.T, s *scene, p *profile.Profile) *TrialResult {
	tr := &TrialResult{Status: evidence.StatusCompleted}
	if s == nil {
		s = &scene{t: t}
	}
	s.ok(Options{}.judge(tr, NewSubject(p, nil), Rules(), each(s.packets), &s.log))
	tr.Close()
	return tr
}

// TestWithoutKeys takes the keys away: what is encrypted is then inconclusive,
// never passed, and says which keys would help.
func TestWithoutKeys(t *testing.T) {
	readable := map[string]bool{ // without any key
		"policy.tap-alive": true, "policy.bypass-in-clear": true, "profile.keying": true, "profile.algorithms-phase1": true,
		"profile.authentication": true, "profile.exchange": true, "profile.ike-version": true,
		"ike.main.six-messages":    true, // the peer's authenticating message aside
		"ike.main.message-id-zero": true, "ike.main.encryption-flag": true, "ike.main.responder-cookie": true,
		"ike.sa.one-proposal": true, "ike.sa.first": true, "ike.sa.one-transform": true, "ike.sa.keylength": true, "ike.sa.basic-attributes": true,
		"ike.ke-length": true, "ike.nonce-length": true, "ike.quick.encrypted": true, "ike.quick.message-id": true,
		"ike.reserved-zero": true, "ike.well-formed": true, "ike.natt.nat-d": true,
		"ike.natt.version": true, "ike.natt.float": true,
	}
	seen := map[string]bool{}
	for _, role := range roles {
		s := play(t, full(bgpSpec()), role).marker().negotiate().talk(179, true).talk(8179, false).quick().deletes()
		with, without := s.judge(true), s.judge(false)
		for i, f := range without.Findings {
			if f.Verdict == Inconclusive {
				seen[f.Rule] = true
			}
			switch before := with.Findings[i]; {
			case before.Verdict == NotApplicable:
				if f.Verdict != NotApplicable {
					t.Errorf("%v %s: %v, with keys not applicable", role, f.Rule, f.Verdict)
				}
			case readable[f.Rule] && f.Verdict == Pass:
			case f.Verdict != Inconclusive:
				t.Errorf("%v %s: %v (%s)", role, f.Rule, f.Verdict, f.Actual+f.Witness)
			case f.Next == "" || f.Actual == "" || len(f.Frames) == 0 && f.Rule != "scenario.outcome":
				t.Errorf("%v %s: inconclusive without reason, frames or next step: %+v", role, f.Rule, f)
			case !strings.Contains(f.Next, "keys") && !strings.Contains(f.Next, "policy."):
				t.Errorf("%v %s: next is %q", role, f.Rule, f.Next)
			}
		}
		if without.Verdict != Inconclusive {
			t.Errorf("%v: verdict %v", role, without.Verdict)
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d rules were inconclusive", len(seen))
	}
}

// TestUnseen has what can be read without keys out of sight: the beginning is
// not in the capture, or nothing of the peer is.
func TestUnseen(t *testing.T) {
	for _, role := range roles {
		s := play(t, full(bgpSpec()), role).negotiate().talk(179, true).talk(8179, false).quick().deletes()
		kept := s.packets[:0]
		for e := range dissect.Decode(each(s.packets), nil) {
			if e.Src.Addr() != peerAddr {
				kept = append(kept, s.packets[e.Frame-1])
			}
		}
		s.packets = kept
		for _, f := range s.judge(true).Findings {
			switch {
			case f.Verdict == Pass:
				t.Errorf("%v %s passes without a packet of the peer: %s", role, f.Rule, f.Witness)
			case f.Verdict == Fail && !strings.HasPrefix(f.Rule, "scenario."):
				t.Errorf("%v %s fails without a packet of the peer: %s", role, f.Rule, f.Actual)
			}
		}
	}
}

// TestForeign judges the same packets as a capture from elsewhere: the RFCs'
// rules hold for both ends, those about the scenario do not apply.
func TestForeign(t *testing.T) {
	s := play(t, full(bgpSpec()), initiator).marker().negotiate().talk(179, true).talk(8179, false).quick().deletes()
	tr := foreign(t, s, nil)
	if tr.Verdict != Pass {
		t.Errorf("verdict %v", tr.Verdict)
	}
	for _, f := range tr.Findings {
		prefix, _, _ := strings.Cut(f.Rule, ".")
		switch prefix {
		case "policy", "profile", "scenario":
			if f.Verdict != NotApplicable {
				t.Errorf("%s: %v without a profile", f.Rule, f.Verdict)
			}
		default:
			if f.Verdict != Pass && f.Verdict != NotApplicable {
				t.Errorf("%s: %v %s", f.Rule, f.Verdict, f.Actual)
			}
		}
	}
	both := find(tr, "ike.main.hash")
	if want := []int{7, 8}; !cmp.Equal(both.Frames, want) {
		t.Errorf("ike.main.hash judges frames %v, want %v", both.Frames, want)
	}

	s = play(t, full(bgpSpec()), responder)
	s.ike.WrongPhase1Hash = true
	s.negotiate()
	if f := find(foreign(t, s, nil), "ike.main.hash"); f.Verdict != Fail || f.Actual != "192.0.2.2: HASH_R differs from the one computed" {
		t.Errorf("who did it: %v %q", f.Verdict, f.Actual)
	}
}
