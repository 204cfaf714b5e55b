package check

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

func TestDemands(t *testing.T) {
	p := bgpProfile()
	p.Keying.Phase1.Group.Must = []string{"modp2048"}
	p.IKE.ModeConfig, p.IKE.NATTraversal = profile.Required, profile.Optional
	var got []string
	for _, d := range demands(p) {
		got = append(got, d.Item+" "+d.String())
	}
	want := []string{
		"a selector port", "b protocol esp", "b mode transport", "b traffic transport", "c group modp2048", "d identification ipv4_addr", "d identification ipv6_addr",
		"f authentication psk", "h exchange-mode main", "h mode-config pull or mode-config push",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	p.Selectors.Policies[0].Server.Ports = nil
	if d := demands(p)[0].String(); d != "selector protocol or selector port" {
		t.Error(d)
	}
	p.Selectors.Policies[0].Protocol = 0
	if d := demands(p)[0].String(); d != "protocol esp" {
		t.Errorf("selectors of hosts are asked to be %s", d)
	}
}

// TestDemandsClaimable: what a built-in profile demands can be claimed, and so
// be shown.
func TestDemandsClaimable(t *testing.T) {
	claimable := map[scenarios.Capability]bool{}
	for _, c := range scenarios.Claimable() {
		claimable[c] = true
	}
	for _, name := range profile.Builtins() {
		p, err := profile.Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		ds := demands(p)
		if len(ds) < 8 {
			t.Errorf("%s demands only %v", name, ds)
		}
		for _, d := range ds {
			for _, c := range d.OneOf {
				if !claimable[c] {
					t.Errorf("%s demands %v, which nobody can claim", name, c)
				}
			}
		}
	}
}

func TestDemanded(t *testing.T) {
	main, push := words(t, "exchange-mode=main"), words(t, "mode-config=pull mode-config=push")
	r := &Result{
		Demands: []Demand{{"h", main}, {"h", push}, {"f", words(t, "authentication=psk")}},
		Trials: []TrialResult{
			told{name: "x", verdict: Pass, shown: "mode-config=push"}.trial(t),
			told{name: "y", verdict: Fail, shown: "exchange-mode=main authentication=psk"}.trial(t),
		},
	}
	for letter, want := range map[string][2][]Demand{"h": {r.Demands[1:2], r.Demands[:1]}, "i": {r.Demands[1:2], {r.Demands[0], r.Demands[2]}}, "a": {}} {
		met, missing := r.Demanded(letter)
		if d := cmp.Diff(want, [2][]Demand{met, missing}); d != "" {
			t.Errorf("%s: %s", letter, d)
		}
	}
}

// TestMerge: claims are held against the trials of all results.
func TestMerge(t *testing.T) {
	result := func(profile, claimed string, trials ...told) *Result {
		r := &Result{Profile: profile, Peer: Peer{Name: "x"}}
		for _, x := range trials {
			r.Trials = append(r.Trials, x.trial(t))
		}
		if claimed != "" {
			r.Claims = &Claims{Product: "X", Version: "1"}
			r.hold(words(t, claimed), words(t, "ike-hash=md5"))
		}
		r.Close()
		return r
	}
	aggressive := "exchange-mode=aggressive authentication=psk"
	a := result("p", "exchange-mode=aggressive group=modp2048", told{name: "a", verdict: Fail, needs: aggressive, lacks: []string{aggressive}})
	b := result("q", "", told{name: "b", verdict: Pass, shown: "authentication=psk ike-hash=md5"})
	c := result("q", "exchange-mode=aggressive exchange-mode=main", told{name: "b", verdict: Pass, shown: "exchange-mode=main ike-hash=md5"})
	if a.Claims.Unproven != 2 {
		t.Errorf("%+v", a.Claims)
	}
	m := Merge(a, b, c)
	got := map[string]string{}
	for _, claim := range m.Claims.Claims {
		got[claim.Capability.String()] = claim.Standing.String()
	}
	want := map[string]string{"exchange-mode aggressive": "refuted", "exchange-mode main": "upheld", "group modp2048": "unproven"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(m.Claims.Claims) != 3 || m.Profile != "" || len(m.Trials) != 3 || m.Exit != ExitFailure || len(a.Trials) != 1 {
		t.Errorf("%+v", m)
	}
	if o := m.Claims.Others; len(o) != 2 || o[1].Value != "md5" && o[0].Value != "md5" {
		t.Errorf("%+v", o)
	}
	b.Demands = []Demand{}
	if m := Merge(b, b); m.Demands == nil {
		t.Error("the demands got lost")
	}
	if m := Merge(b, c); m.Demands != nil {
		t.Error("one of the results has no demands, and together they do")
	}
	if m := Merge(b, b); m.Claims != nil || m.Profile != "q" {
		t.Errorf("%+v", m)
	}
}
