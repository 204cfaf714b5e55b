package check

import (
	"regexp"
	"strings"
	"testing"
)

func TestRegistry(t *testing.T) {
	var (
		id   = regexp.MustCompile(`^[a-z]+(\.[a-z0-9-]+)+$`)
		ref  = regexp.MustCompile(`^(RFC[0-9]+|draft-[a-z0-9-]+|MS-IKEE)/[0-9A-Z.]+$`)
		seen = map[string]bool{}
	)
	rules := Rules()
	if len(rules) < 28 {
		t.Errorf("%d rules", len(rules))
	}
	for _, r := range rules {
		if !id.MatchString(r.ID) || seen[r.ID] {
			t.Errorf("identifier %q, or it is there twice", r.ID)
		}
		seen[r.ID] = true
		if !ref.MatchString(r.Ref) {
			t.Errorf("%s: reference %q", r.ID, r.Ref)
		}
		if r.Level < Must || r.Level > May {
			t.Errorf("%s: level %v", r.ID, r.Level)
		}
		if r.Item != 0 && !r.Item.Valid() {
			t.Errorf("%s: item %d", r.ID, r.Item)
		}
		for what, text := range map[string]string{"title": r.Title, "requirement": r.Requirement, "noun": r.noun} {
			if text == "" {
				t.Errorf("%s: no %s", r.ID, what)
			}
		}
		if strings.HasPrefix(r.ID, "profile.") && r.Item == 0 {
			t.Errorf("%s: a rule about the profile answers one of its questions", r.ID)
		}
		if r.fix == "" && r.ID != "policy.tap-alive" {
			t.Errorf("%s: no next step after a failure", r.ID)
		}
		if r.new == nil {
			t.Errorf("%s: no checker", r.ID)
		}
	}
	// Each call gives rules of its own.
	rules[0].ID = "changed"
	if Rules()[0].ID == "changed" {
		t.Error("Rules shares its slice")
	}
}

// TestNothing has every rule look at nothing: none may pass.
func TestNothing(t *testing.T) {
	for _, role := range roles {
		for _, tr := range []*TrialResult{play(t, full(bgpSpec()), role).judge(true), foreign(t, nil, bgpProfile())} {
			if len(tr.Findings) != len(Rules()) {
				t.Errorf("%d findings of %d rules", len(tr.Findings), len(Rules()))
			}
			for _, f := range tr.Findings {
				switch {
				case f.Verdict != Inconclusive && f.Verdict != NotApplicable:
					t.Errorf("%s: %v %s", f.Rule, f.Verdict, f.Actual)
				case f.Actual == "":
					t.Errorf("%s: %v without a reason", f.Rule, f.Verdict)
				case f.Verdict == Inconclusive && f.Next == "":
					t.Errorf("%s: no next step", f.Rule)
				}
			}
		}
	}
}
