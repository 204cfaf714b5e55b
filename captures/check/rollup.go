package check

import (
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/scenarios/profile"
)

// The exit codes that a result can ask for. 2, for usage, never comes from a
// result: it is given before anything runs.
const (
	ExitSuccess    = 0 // every required check passed, and at least one ran
	ExitFailure    = 1 // a conformance failure
	ExitError      = 3 // our error, or a required check inconclusive, or nothing checked
	ExitIncomplete = 4 // something required was skipped or unsupported
)

// Close fills in the counts and the verdict of t from its status and findings.
//
// A trial that was not completed has the verdict of its status. Otherwise the
// required findings decide, the worst one first; a trial none of whose checks
// apply is not applicable, and one whose checks are all of a lower level passes
// or not by those.
func (t *TrialResult) Close() {
	t.Counts = Counts{}
	required, other := Verdict(0), Verdict(0)
	for i := range t.Findings {
		f := &t.Findings[i]
		t.Counts.addFinding(f)
		if f.Required() {
			required = required.Worse(f.Verdict)
		} else {
			other = other.Worse(f.Verdict)
		}
	}
	switch v, complete := statusVerdict(t.Status); {
	case !complete:
		t.Verdict = v
	case required != 0:
		t.Verdict = required
	case other == Pass:
		t.Verdict = Pass
	case other == 0 || other == NotApplicable:
		t.Verdict = NotApplicable
	default:
		// Only checks of level should or may ran: their failures warn.
		t.Verdict = Inconclusive
	}
}

// statusVerdict maps the status of a trial that was not completed.
func statusVerdict(status string) (v Verdict, complete bool) {
	switch status {
	case "completed":
		return 0, true
	case "unsupported":
		return Unsupported, false
	case "skipped":
		return Skipped, false
	case "interrupted":
		return Inconclusive, false
	}
	return Error, false
}

// Close fills in the roll-ups of r from its trials, whose own Close has been
// called: counts, items, verdict and exit code.
//
// The exit code is 1 when any trial failed; else 3 when one is inconclusive or
// ran into an error of ours; else 4 when one was unsupported or skipped; else 0.
// A claim that is refuted counts as a failure, and one that is unproven as what
// it is wanting. A result in which no required check passed is never a success: it gives 3, or
// 4 when everything was unsupported or skipped.
func (r *Result) Close() {
	r.Counts, r.TrialCounts = Counts{}, Counts{}
	worst, passed := Verdict(0), false
	for i := range r.Trials {
		t := &r.Trials[i]
		r.Counts.Merge(t.Counts)
		r.TrialCounts.Add(t.Verdict)
		worst = worst.Worse(t.Verdict)
		passed = passed || slices.ContainsFunc(t.Findings, func(f Finding) bool {
			return f.Required() && f.Verdict == Pass
		})
	}
	worst = worst.Worse(r.Claims.worst())
	switch {
	case worst == Fail:
		r.Exit, r.Verdict = ExitFailure, Failure
	case worst == Unsupported || worst == Skipped:
		r.Exit, r.Verdict = ExitIncomplete, Partial
	case worst == Pass && passed:
		r.Exit, r.Verdict = ExitSuccess, Success
	default:
		r.Exit, r.Verdict = ExitError, Partial
	}
	r.items()
}

// availability is the letter of the question whether products have all this.
const availability profile.Item = 'i'

// items rolls the findings up by letter. A trial that was not completed counts
// under every letter its scenario exercises. Availability (i) is what a run as a
// whole answers, so every trial of a run counts there.
func (r *Result) items() {
	r.Items = make([]ItemResult, len(profile.Items()))
	for i, q := range profile.Items() {
		it := ItemResult{Item: q.String(), Question: q.Question()}
		verdict := Verdict(0)
		weigh := func(v Verdict, why string) {
			if w := verdict.Worse(v); w != verdict {
				verdict, it.Why = w, why
			}
		}
		for ti := range r.Trials {
			t := &r.Trials[ti]
			if v, complete := statusVerdict(t.Status); !complete {
				if slices.Contains(t.Items, it.Item) || q == availability {
					it.Counts.Add(v)
					weigh(v, fmt.Sprintf("%s: %s: %s", t.name(), t.Status, t.Reason))
				}
				continue
			}
			for fi := range t.Findings {
				f := &t.Findings[fi]
				if f.Item != it.Item {
					continue
				}
				it.Counts.addFinding(f)
				if f.Required() || f.Verdict == NotApplicable {
					weigh(f.Verdict, fmt.Sprintf("%s in %s: %s", f.Rule, t.name(), f.Actual))
				}
			}
		}
		for ti := range r.Trials {
			if t := &r.Trials[ti]; q == availability && t.Dir != "" && t.Verdict != NotApplicable {
				weigh(t.Verdict, fmt.Sprintf("%s ends in %v", t.name(), t.Verdict))
			}
		}
		switch verdict {
		case 0:
			verdict, it.Why = NotApplicable, "no check in this run answers it"
		case Pass:
			it.Why = ""
		}
		it.Verdict = verdict
		r.Items[i] = it
	}
}

// name is how texts call the trial; a capture has no role.
func (t *TrialResult) name() string {
	if t.Trial == "" {
		return t.Scenario
	}
	return fmt.Sprintf("%s (%s)", t.Scenario, t.Trial)
}
