package check

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/scenarios"
)

// words reads capabilities written "exchange-mode=main group=modp2048".
func words(t *testing.T, text string) []scenarios.Capability {
	t.Helper()
	var out []scenarios.Capability
	for _, w := range strings.Fields(text) {
		kind, value, _ := strings.Cut(w, "=")
		c := scenarios.Capability{Value: value}
		if err := c.Kind.UnmarshalText([]byte(kind)); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// told is a trial by what a test says of it.
type told struct {
	name    string
	verdict Verdict
	needs   string
	shown   string
	lacks   []string // sets of the refused offers
	unclear string
	reason  string // of a trial that was not completed
	// rule is what the verdict is by, scenario.outcome when left out. Others pass,
	// unless it is to be the only one.
	rule string
	only bool
}

func (x told) trial(t *testing.T) TrialResult {
	tr := TrialResult{Scenario: x.name, Trial: "responder", Status: evidence.StatusCompleted, Needs: words(t, x.needs), Verdict: x.verdict}
	for _, c := range words(t, x.shown) {
		tr.Shown = append(tr.Shown, Shown{c, []int{3, 4}, "seen"})
	}
	if x.lacks != nil || x.unclear != "" {
		tr.Refused = &Refusal{Stage: "phase 1, message 1", How: "the peer sent NO-PROPOSAL-CHOSEN in frame 4", Frames: []int{3, 4}, Unclear: x.unclear}
		for _, set := range x.lacks {
			tr.Refused.Lacks = append(tr.Refused.Lacks, words(t, set))
		}
	}
	tr.Findings = []Finding{{Rule: orElse(x.rule, "scenario.outcome"), Level: Must, Verdict: x.verdict, Actual: "as told"}}
	if x.rule != "" && !x.only {
		tr.Findings = append(tr.Findings, Finding{Rule: "scenario.outcome", Level: Must, Verdict: Pass, Witness: "as told"})
	}
	switch x.verdict {
	case Unsupported, Skipped, Error:
		tr.Status, tr.Reason, tr.Findings = x.verdict.String(), x.reason, nil
	}
	return tr
}

// TestClaims is the logic of claims alone: no driver, no packet.
func TestClaims(t *testing.T) {
	const (
		mainMode   = "exchange-mode=main authentication=psk ike-hash=sha1 group=modp2048"
		aggressive = "exchange-mode=aggressive authentication=psk ike-hash=sha1 group=modp2048"
	)
	passes := told{name: "main", verdict: Pass, needs: mainMode, shown: mainMode}
	refused := told{name: "aggressive", verdict: Fail, needs: aggressive, lacks: []string{aggressive}}
	for _, tt := range []struct {
		name   string
		trials []told
		claim  string
		want   Standing
		says   string // part of the reason
		exit   int
	}{
		{"shown", []told{passes}, "exchange-mode=main", Upheld, "", ExitSuccess},
		{"shown in a trial that fails", []told{{name: "x", verdict: Fail, needs: mainMode, shown: mainMode}}, "exchange-mode=main", Unproven, "x (responder) ends in fail: scenario.outcome: as told", ExitFailure},
		{"shown in a trial that is inconclusive", []told{{name: "x", verdict: Inconclusive, needs: mainMode, shown: mainMode}}, "exchange-mode=main", Unproven, "ends in inconclusive", ExitError},
		{"shown in a trial that fails by the profile alone", []told{{name: "x", verdict: Fail, rule: "profile.lifetime-phase1", needs: mainMode, shown: mainMode}}, "exchange-mode=main", Upheld, "", ExitFailure},
		{"shown in a trial that the profile cannot tell of", []told{{name: "x", verdict: Inconclusive, rule: "profile.exchange", needs: mainMode, shown: mainMode}}, "exchange-mode=main", Upheld, "", ExitError},
		{"shown in a trial that nothing but the profile judges", []told{{name: "x", verdict: Pass, rule: "profile.exchange", only: true, needs: mainMode, shown: mainMode}}, "exchange-mode=main", Unproven, "x (responder) has no check that says whether it came to its end", ExitError},
		{"not shown in a trial that fails by the profile", []told{{name: "x", verdict: Fail, rule: "profile.exchange", needs: mainMode}, {name: "y", verdict: Unsupported, needs: mainMode, reason: "no"}}, "exchange-mode=main", Unproven, "y (responder) was unsupported: no", ExitFailure},
		{"shown here, not there", []told{{name: "x", verdict: Fail, needs: mainMode}, passes}, "exchange-mode=main", Upheld, "", ExitFailure},
		{"asked for and not shown", []told{{name: "x", verdict: Pass, needs: mainMode}}, "group=modp2048", Unproven, "x (responder) came to its end without a packet that shows it", ExitError},
		{"never asked for", []told{passes}, "exchange-mode=aggressive", Unproven, "no trial of this run asks for it", ExitIncomplete},
		{"unsupported", []told{passes, {name: "x", verdict: Unsupported, needs: aggressive, reason: "not built in"}}, "exchange-mode=aggressive", Unproven, "x (responder) was unsupported: not built in", ExitIncomplete},
		{"skipped", []told{passes, {name: "x", verdict: Skipped, needs: aggressive, reason: "by the user"}}, "exchange-mode=aggressive", Unproven, "was skipped: by the user", ExitIncomplete},
		{"our error", []told{passes, {name: "x", verdict: Error, needs: aggressive, reason: "no TUN"}}, "exchange-mode=aggressive", Unproven, "was error: no TUN", ExitError},
		{"the worst of several", []told{passes, {name: "x", verdict: Skipped, needs: aggressive}, {name: "y", verdict: Unsupported, needs: aggressive, reason: "no"}}, "exchange-mode=aggressive", Unproven, "y (responder) was unsupported: no (the worst of 2 trials that ask for it)", ExitIncomplete},

		{"refused, all else is shown", []told{passes, refused}, "exchange-mode=aggressive", Refuted, "phase 1, message 1: the peer sent NO-PROPOSAL-CHOSEN in frame 4", ExitFailure},
		{"refused, and the order of trials does not matter", []told{refused, passes}, "exchange-mode=aggressive", Refuted, "NO-PROPOSAL-CHOSEN", ExitFailure},
		{"refused, what else it needed is upheld", []told{passes, refused}, "group=modp2048", Upheld, "", ExitFailure},
		{"refused, and nothing else is shown", []told{refused}, "exchange-mode=aggressive", Unproven, "one of exchange-mode aggressive, authentication psk, ike-hash sha1, group modp2048 was refused, nothing tells which", ExitFailure},
		{"refused, and what else it needed is shown by a trial that fails", []told{{name: "main", verdict: Fail, needs: mainMode, shown: mainMode}, refused}, "exchange-mode=aggressive", Unproven, "nothing tells which", ExitFailure},
		{"refused, one of two", []told{passes, {name: "x", verdict: Fail, needs: aggressive, lacks: []string{"exchange-mode=aggressive authentication=psk ike-hash=md5"}}}, "exchange-mode=aggressive", Unproven, "one of exchange-mode aggressive, ike-hash md5 was refused", ExitFailure},
		{"refused, although all is shown", []told{passes, {name: "x", verdict: Fail, needs: mainMode, lacks: []string{mainMode}}}, "exchange-mode=main", Upheld, "", ExitFailure},
		{"two offers, one of them shown", []told{passes, {name: "x", verdict: Fail, needs: mainMode + " group=modp1024", lacks: []string{mainMode, "exchange-mode=main group=modp1024"}}}, "group=modp1024", Refuted, "", ExitFailure},
		{"two offers, each with its own", []told{passes, {name: "x", verdict: Fail, needs: "group=modp768 group=modp1024", lacks: []string{"exchange-mode=main group=modp768", "exchange-mode=main group=modp1024 ike-hash=md5"}}}, "group=modp1024", Unproven, "one of group modp1024, ike-hash md5", ExitFailure},
		{"refused for other reasons", []told{{name: "x", verdict: Fail, needs: mainMode, unclear: "keys that differ look the same"}}, "authentication=psk", Unproven, "keys that differ look the same", ExitFailure},
		{"refused, and that is tolerated", []told{passes, {name: "x", verdict: Pass, needs: aggressive, lacks: []string{aggressive}}}, "exchange-mode=aggressive", Refuted, "", ExitFailure},
		{"refused, and the certificate is the harness's", []told{passes, {name: "x", verdict: Fail, needs: mainMode, lacks: []string{"exchange-mode=main certificate=rsa4096"}}}, "certificate=rsa4096", Unproven, "what was refused is the harness's", ExitFailure},
		{"refused, and so is the identity", []told{passes, {name: "x", verdict: Fail, needs: mainMode, lacks: []string{"exchange-mode=main identification=fqdn"}}}, "identification=fqdn", Unproven, "what was refused is the harness's", ExitFailure},
		{"refused elsewhere", []told{passes, refused}, "group=modp768", Unproven, "no trial of this run asks for it", ExitFailure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &Result{Claims: &Claims{}}
			for _, x := range tt.trials {
				r.Trials = append(r.Trials, x.trial(t))
			}
			r.hold(words(t, tt.claim), nil)
			r.Close()
			c := r.Claims.Claims[0]
			if c.Standing != tt.want || !strings.Contains(c.Why, tt.says) || r.Exit != tt.exit {
				t.Errorf("%v (exit %d): %s", c.Standing, r.Exit, c.Why)
			}
			if (c.Standing == Unproven) != (len(c.Witnesses) == 0) || (c.Standing == Upheld) != (c.Why == "") {
				t.Errorf("%+v", c)
			}
			for _, w := range c.Witnesses {
				if len(w.Frames) == 0 || w.Text == "" {
					t.Errorf("a witness without frames: %+v", w)
				}
			}
		})
	}
}

// TestClaimsOthers: what is shown and not claimed is told, and decides nothing.
func TestClaimsOthers(t *testing.T) {
	r := &Result{Claims: &Claims{}}
	for range 6 {
		r.Trials = append(r.Trials, told{name: "x", verdict: Pass, shown: "group=modp1024 exchange-mode=main ike-hash=md5"}.trial(t))
	}
	r.hold(words(t, "exchange-mode=main"), words(t, "ike-hash=md5 ike-hash=sha1"))
	r.Close()
	w := Witness{"x", "responder", []int{3, 4}, "seen"}
	want := &Claims{
		Claims:     []Claim{{Capability: words(t, "exchange-mode=main")[0], Standing: Upheld, Witnesses: []Witness{w, w, w, w}, WitnessesTotal: 6}},
		NotClaimed: words(t, "ike-hash=md5 ike-hash=sha1"),
		Others:     []Other{{words(t, "ike-hash=md5")[0], true, w}, {words(t, "group=modp1024")[0], false, w}},
		Upheld:     1,
	}
	if d := cmp.Diff(want, r.Claims); d != "" {
		t.Error(d)
	}
	if r.Exit != ExitSuccess {
		t.Errorf("exit %d", r.Exit)
	}
}

// TestClaimsFromPackets is the whole way: aggressive mode is claimed of a peer
// that does main mode only.
func TestClaimsFromPackets(t *testing.T) {
	trial := func(mode string, set func(*scene)) TrialResult {
		spec := bgpSpec()
		spec.ID, spec.IKE.Mode = "test/"+mode, mode
		s := play(t, spec, responder)
		if set != nil {
			set(s)
		}
		tr := s.marker().negotiate().judge(true)
		tr.Scenario, tr.Trial, tr.Needs = spec.ID, "responder", spec.Needs(responder)
		return *tr
	}
	mainOnly := func(s *scene) { s.edit = func(c *ikev1.Config) { c.Mode = ikev1.Main } }
	wrongKey := func(s *scene) { s.psk = "another secret" }
	for _, tt := range []struct {
		name   string
		trials []TrialResult
		want   string
	}{
		{"refused", []TrialResult{trial("main", nil), trial("aggressive", mainOnly)}, "main upheld, aggressive refuted, psk upheld"},
		{"not run", []TrialResult{trial("main", nil)}, "main upheld, aggressive unproven, psk upheld"},
		{"wrong key", []TrialResult{trial("main", wrongKey), trial("aggressive", wrongKey)}, "main unproven, aggressive unproven, psk unproven"},
		{"wrong key once", []TrialResult{trial("main", nil), trial("aggressive", wrongKey)}, "main upheld, aggressive unproven, psk upheld"},
		{"able", []TrialResult{trial("main", nil), trial("aggressive", nil)}, "main upheld, aggressive upheld, psk upheld"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &Result{Trials: tt.trials, Claims: &Claims{}}
			r.hold(words(t, "exchange-mode=main exchange-mode=aggressive authentication=psk"), nil)
			var got []string
			for _, c := range r.Claims.Claims {
				got = append(got, c.Value+" "+c.Standing.String())
			}
			if d := cmp.Diff(tt.want, strings.Join(got, ", ")); d != "" {
				t.Errorf("%s\n%+v", d, r.Claims.Claims)
			}
		})
	}
}
