package check

import (
	"testing"

	"github.com/useipsec/useipsec/scenarios"
)

// TestRekeyed: a script that rekeys shows nothing unless what it rekeys is made anew after the first SAs, and to the end.
func TestRekeyed(t *testing.T) {
	twice := func(s *scene) { s.negotiate() }
	quick := func(s *scene) { s.quick() }
	for _, tt := range []struct {
		name  string
		what  scenarios.What
		again func(*scene)
		less  int // packets cut off at the end
		blind bool
		want  Verdict
	}{
		{name: "child", what: scenarios.WhatChild, again: quick, want: Pass},
		{name: "child, when left out", again: quick, want: Pass},
		{name: "child, not rekeyed", what: scenarios.WhatChild, want: Fail},
		{name: "child, without the last message", what: scenarios.WhatChild, again: quick, less: 1, want: Fail},
		{name: "ISAKMP SA", what: scenarios.WhatIKE, again: twice, want: Pass},
		{name: "ISAKMP SA, by a quick mode", what: scenarios.WhatIKE, again: quick, want: Fail},
		{name: "ISAKMP SA, begun", what: scenarios.WhatIKE, again: twice, less: 7, want: Fail},
		{name: "without keys", what: scenarios.WhatChild, again: quick, blind: true, want: Inconclusive},
	} {
		for _, role := range roles {
			t.Run(tt.name+"/"+role.String(), func(t *testing.T) {
				spec := bgpSpec()
				spec.Script = []scenarios.Step{{Initiate: &scenarios.Initiate{}}, {Rekey: &scenarios.Rekey{What: tt.what}}}
				s := play(t, spec, role).marker().negotiate()
				if tt.again != nil {
					tt.again(s)
				}
				s.packets = s.packets[:len(s.packets)-tt.less]
				if f := find(s.judge(!tt.blind), "scenario.rekey"); f.Verdict != tt.want {
					t.Errorf("%+v", f)
				}
			})
		}
	}
	spec := bgpSpec()
	spec.Script = []scenarios.Step{{Initiate: &scenarios.Initiate{}}, {Rekey: &scenarios.Rekey{What: scenarios.WhatIKE}}}
	spec.Expect.Phase2 = 0 // of no interest: the ISAKMP SA has to be rekeyed all the same
	if f := find(play(t, spec, responder).marker().negotiate().judge(true), "scenario.rekey"); f.Verdict != Fail {
		t.Errorf("without an interest in phase 2: %+v", f)
	}
	spec = bgpSpec()
	if f := find(play(t, spec, responder).marker().negotiate().judge(true), "scenario.rekey"); f.Verdict != NotApplicable {
		t.Errorf("without a rekey: %+v", f)
	}
}
