package check

import (
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/scenarios"
)

func rekeyRule() Rule {
	return Rule{
		ID: "scenario.rekey", Ref: "RFC2408/4.3", Level: Must,
		Title:       "What the script rekeys is made anew",
		Requirement: "An ISAKMP SA is rekeyed by another phase 1, an IPsec SA by another quick mode; either is done when the hashes of all its messages are right.",
		expected:    []string{"another established phase 1 after the first SAs for each rekey of the ISAKMP SA", "another established quick mode for each rekey of the child"},
		fix:         "see the peer's log for why it did not come to the end, and whether its configuration lets it rekey",
		noun:        "rekey",
		new:         func(s *Subject, r *Rule) Checker { return &rekeyed{s: s, rule: r} },
	}
}

// rekeyed counts what was negotiated after the first SAs.
type rekeyed struct {
	s      *Subject
	rule   *Rule
	phase1 []*dissect.Phase1
}

func (c *rekeyed) Event(e *dissect.Event) {
	if m := e.ISAKMP; e.Kind == dissect.KindISAKMP && m != nil && m.Phase1 != nil && len(c.phase1) < maxNegotiations && !slices.Contains(c.phase1, m.Phase1) {
		c.phase1 = append(c.phase1, m.Phase1)
	}
}

// wanted is how often the script rekeys ISAKMP SAs and children.
func (c *rekeyed) wanted() (isakmp, children int) {
	for _, s := range c.s.Trial.Spec.Steps() {
		switch {
		case s.Rekey == nil:
		case s.Rekey.What == scenarios.WhatIKE:
			isakmp++
		default:
			children++
		}
	}
	return isakmp, children
}

// Finding implements Checker.
func (c *rekeyed) Finding() Finding {
	if c.s.Foreign() {
		return notApplicable("a capture from elsewhere has no script")
	}
	isakmp, children := c.wanted()
	expect := c.s.Trial.Spec.Expect
	switch {
	case isakmp+children == 0:
		return notApplicable("the script rekeys nothing")
	case c.s.harnessAtFault():
		return notApplicable("the harness does wrong, and what that comes to is for scenario.outcome")
	case !expect.Phase1.Allows(scenarios.Established), children > 0 && !expect.Phase2.Allows(scenarios.Established):
		return notApplicable("nothing is to be established")
	}
	first := c.first(children > 0)
	if first == 0 {
		f := inconclusive("see scenario.outcome; "+nextISAKMPKeys, "nothing is seen to be established that could be rekeyed")
		if len(c.phase1) > 0 {
			f.Frames = frames(c.phase1[0].Messages)
		}
		return f
	}
	var again [2][]int // first frames of further phases 1 and quick modes
	blind := false
	for _, p := range c.phase1 {
		blind = blind || p.Keys != dissect.KeysAll
		if established1(p) && begins(p.Messages) > first {
			again[0] = append(again[0], begins(p.Messages))
		}
		for _, q := range p.Quicks {
			if established2(q) && begins(q.Messages) > first {
				again[1] = append(again[1], begins(q.Messages))
			}
		}
	}
	said := fmt.Sprintf("%s and %s established after frame %d", count(len(again[0]), "ISAKMP SA"), count(len(again[1]), "quick mode"), first)
	all := slices.Concat(again[0], again[1])
	if len(all) > MaxFrames {
		all = all[:MaxFrames]
	}
	switch {
	case len(again[0]) >= isakmp && len(again[1]) >= children:
		return Finding{Verdict: Pass, Witness: said, Frames: all}
	case blind:
		return Finding{Verdict: Inconclusive, Actual: said + ", as far as it can be read", Frames: []int{first}, Next: nextISAKMPKeys}
	}
	return Finding{
		Verdict: Fail, Frames: append(all, first), Next: c.rule.fix,
		Actual: fmt.Sprintf("%s, where the script has %s of the ISAKMP SA and %s of children", said, count(isakmp, "rekey"), count(children, "rekey")),
	}
}

// first is the last frame of the first quick mode that was established, or of phase 1 where the script rekeys no child; 0 if
// there was none.
func (c *rekeyed) first(child bool) int {
	for _, p := range c.phase1 {
		if !child && established1(p) && len(p.Messages) > 0 {
			return p.Messages[len(p.Messages)-1].Frame
		}
		for _, q := range p.Quicks {
			if established2(q) {
				return q.Messages[len(q.Messages)-1].Frame
			}
		}
	}
	return 0
}

// begins is the frame of an exchange's first message.
func begins(ms []*dissect.ISAKMP) int {
	if len(ms) == 0 {
		return 0
	}
	return ms[0].Frame
}
