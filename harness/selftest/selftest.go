// Package selftest tests the checks themselves: it runs the core of the library in the virtual lab against the reference peer,
// honest and with each of its faults, and sees which rules notice.
package selftest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/scratch"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// ErrFault is wrapped by the error of Faults when a pattern matches no fault.
var ErrFault = errors.New("no such fault")

// ErrNotClean is wrapped by the error of Run when rules fail although the peer is honest.
var ErrNotClean = errors.New("rules fail without any fault")

// Result tells which rules were seen to fail.
type Result struct {
	Mutants  []Mutant            `json:"mutants"`
	Tripped  map[string][]string `json:"tripped"`  // by rule: the faults that trip it
	Untested []string            `json:"untested"` // rules that none of the faults trips
}

// Mutant is one fault of the reference peer, as Deviations.Set takes it, and the rules it trips.
type Mutant struct {
	Fault string   `json:"fault"`
	Trips []string `json:"trips"`
}

// values are those of faults for which 1 means nothing or is the honest value.
var values = map[string]string{
	"esp.repeat_sequence": "2", "esp.start_sequence": "7", "esp.bad_icv_from": "4", "esp.spoof_inner": "3", "ike.id_port": "4500",
	"ike.payloads": "any NONCE truncate=64",
}

// more are faults beside one of each name: with another value, or two that show together only, joined by and.
var more = []string{
	"ike.payloads=main1 SA last",
	"ike.fresh_retransmit" + and + "ike.wrong_quick_iv", // what nobody can read is sent again
}

// and joins faults that are switched on together.
const and = " + "

// warnsHonest is the rule that warns of what is legal: aggressive mode with a pre-shared key.
const warnsHonest = "ike.aggressive.psk-exposed"

// Faults are the faults, with their values, whose names match one of the patterns, those of path.Match; all of them without
// any. Answers of the profile that the packets do not give are faults as well: "answer.ike.mode_config". A pattern that matches
// none is an error.
func Faults(patterns ...string) ([]string, error) {
	var all, faults []string
	for _, d := range scenarios.DeviationList() {
		if v := values[d.Name]; v != "" {
			d.Name += "=" + v
		}
		all = append(all, d.Name)
	}
	all = append(all, more...)
	for _, a := range answers {
		all = append(all, a.name)
	}
	matched := make([]bool, len(patterns))
	for _, f := range all {
		first, _, _ := strings.Cut(f, and)
		name, _, _ := strings.Cut(first, "=")
		wanted := len(patterns) == 0
		for i, p := range patterns {
			ok, err := path.Match(p, name)
			if err != nil {
				return nil, fmt.Errorf("harness/selftest: %w: %q: %w", ErrFault, p, err)
			}
			wanted, matched[i] = wanted || ok, matched[i] || ok
		}
		if wanted {
			faults = append(faults, f)
		}
	}
	if i := slices.Index(matched, false); i >= 0 {
		return nil, fmt.Errorf("harness/selftest: %w: %q; list them with: useipsec list deviations", ErrFault, patterns[i])
	}
	return faults, nil
}

// Run switches on one fault after the other. The honest peer comes first; rules that fail with it are ErrNotClean. tool and
// version go into the evidence, which is not kept. progress, when not nil, is told of each fault that is done.
func Run(ctx context.Context, faults []string, tool, version string, progress func(done, of int, fault string)) (*Result, error) {
	dir, err := scratch.New()
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	t := tester{dir: dir.Path(), tool: tool, version: version}
	if t.plan, err = core(); err != nil {
		return nil, err
	}
	honest, failing, err := t.failing(ctx, "honest", "")
	if err != nil {
		return nil, err
	}
	if len(failing) > 0 {
		return nil, fmt.Errorf("harness/selftest: %w: %s", ErrNotClean, strings.Join(failing, ", "))
	}
	res := &Result{Mutants: []Mutant{}, Tripped: map[string][]string{}, Untested: []string{}}
	for i, fault := range faults {
		trips, err := t.trips(ctx, honest, fault)
		if err != nil {
			return nil, err
		}
		res.Mutants = append(res.Mutants, Mutant{fault, trips})
		for _, r := range trips {
			res.Tripped[r] = append(res.Tripped[r], fault)
		}
		if progress != nil {
			progress(i+1, len(faults), fault)
		}
	}
	for _, r := range check.Rules() {
		if len(res.Tripped[r.ID]) == 0 {
			res.Untested = append(res.Untested, r.ID)
		}
	}
	return res, nil
}

// core plans the core of the library for the profile bgp.
func core() (p harness.Plan, err error) {
	p.Lab = harness.Virtual
	if p.Profile, err = profile.Builtin("bgp"); err != nil {
		return p, err
	}
	all, err := scenarios.Builtins()
	if err != nil {
		return p, err
	}
	p.Scenarios, err = scenarios.Select(all, scenarios.Selection{Tags: []string{"core"}})
	return p, err
}

// tester runs one plan again and again.
type tester struct {
	plan          harness.Plan
	dir           string // for the evidence
	tool, version string
}

// trips are the rules that a fault trips, sorted.
func (t *tester) trips(ctx context.Context, honest *evidence.Bundle, fault string) ([]string, error) {
	if a, ok := answerOf(fault); ok {
		return a.trips(ctx, honest)
	}
	const name = "fault"
	defer os.RemoveAll(filepath.Join(t.dir, name))
	_, failing, err := t.failing(ctx, name, fault)
	return failing, err
}

// failing are the rules that fail, sorted, with a fault switched on; with none when it is empty. The evidence stays in the
// directory name.
func (t *tester) failing(ctx context.Context, name, fault string) (*evidence.Bundle, []string, error) {
	p := t.plan
	if fault != "" {
		for _, f := range strings.Split(fault, and) {
			if err := p.Deviate(f); err != nil {
				return nil, nil, err
			}
		}
	}
	b, err := harness.Run(ctx, p, harness.Options{Out: filepath.Join(t.dir, name), Tool: t.tool, Version: t.version})
	if err != nil {
		return nil, nil, err
	}
	res, err := check.Run(b, p.Profile, check.Options{})
	if err != nil {
		return nil, nil, err
	}
	return b, failed(res.Trials...), nil
}

// failed lists the rules that fail in one of the trials.
func failed(trials ...check.TrialResult) []string {
	failing := map[string]bool{}
	for _, t := range trials {
		for _, f := range t.Findings {
			if f.Verdict == check.Fail && f.Rule != warnsHonest {
				failing[f.Rule] = true
			}
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(failing))...)
}
