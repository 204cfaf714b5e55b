// Package e2e is the scenario library as a Ginkgo suite: a spec for every trial, which fails
// with what the checks found. Import it into a suite of your own to hold a product against
// the same scenarios:
//
//	var _ = e2e.Describe("our gateway", e2e.Config{Driver: ourDriver, Lab: harness.Netns})
//
// The trials of a container run once, together, before its first spec; their evidence is
// kept in Config.Out, or in a temporary directory when that is empty.
package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onsi/ginkgo/v2"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// Config says what a container of specs runs.
type Config struct {
	Driver    peer.Driver // nil: the reference peer
	Lab       harness.Lab
	Carrier   peer.Carrier
	Profile   string                // of the built-in ones; empty: bgp
	Scenarios []*scenarios.Scenario // nil: the library
	Selection scenarios.Selection   // of these
	Out       string                // directory of the evidence, which must not exist
	// Unsupported are patterns of trials, "scenario/role" as scenarios.MatchID takes them, that the peer is known to
	// answer with unsupported. Any other one that does fails.
	Unsupported []string
	// Fails are the rules that are known to fail, sorted, by patterns of trials: faults of the product. Such a trial
	// has to fail, by these rules and no other.
	Fails map[string][]string
	// MayLack accepts unsupported from every trial: the suite finds out what the peer can do.
	MayLack bool
	// OnTrial, when not nil, is told what became of each trial.
	OnTrial func(*check.TrialResult)
	Jobs    int // trials at the same time; 0: what suits the machine
	// Again is how many scenarios at most are run once more where a trial did not end as it should, and the report
	// then tells of both tries: daemons race each other now and then on a busy machine. 0 gives nothing another try.
	Again int
}

// Describe adds a container with a spec for every selected trial. Where the peer or the lab
// cannot run, the specs are skipped with the reason, or fail if the environment has CI set.
func Describe(text string, c Config) bool {
	return ginkgo.Describe(text, ginkgo.Ordered, ginkgo.ContinueOnFailure, func() {
		selected, err := selectScenarios(c)
		if err != nil {
			ginkgo.It("selects scenarios", func() { ginkgo.Fail(err.Error()) })
			return
		}
		results := trials{}
		ginkgo.BeforeAll(func(ctx ginkgo.SpecContext) { run(ctx, c, selected, results) })
		p := harness.Plan{Scenarios: selected}
		for _, t := range p.Trials() {
			name := t.String()
			ginkgo.It(name, func() { judge(c, name, results[name]) })
		}
	})
}

func selectScenarios(c Config) ([]*scenarios.Scenario, error) {
	all := c.Scenarios
	if all == nil {
		var err error
		if all, err = scenarios.Builtins(); err != nil {
			return nil, err
		}
	}
	return scenarios.Select(all, c.Selection)
}

// run makes the evidence and judges it.
func run(ctx ginkgo.SpecContext, c Config, selected []*scenarios.Scenario, results trials) {
	name := c.Profile
	if name == "" {
		name = "bgp"
	}
	prof, err := profile.Builtin(name)
	if err != nil {
		ginkgo.Fail(err.Error())
	}
	if c.Lab == harness.Netns {
		if err := lab.CanNetns(); err != nil {
			missing(err)
		}
	}
	out := c.Out
	if out == "" {
		out = filepath.Join(ginkgo.GinkgoT().TempDir(), "evidence")
	}
	results.hold(ctx, c, prof, selected, out)
	if again := results.wrong(c, selected); len(again) > 0 && len(again) <= c.Again {
		second := trials{}
		second.hold(ctx, c, prof, again, out+"-again")
		for name, t := range second {
			if problem := against(c, name, results[name]); problem != "" {
				ginkgo.AddReportEntry("tried once more: "+name, problem, ginkgo.ReportEntryVisibilityAlways)
				results[name] = t
			}
		}
	}
	if c.OnTrial != nil {
		for _, t := range (&harness.Plan{Scenarios: selected}).Trials() {
			if r := results[t.String()]; r != nil {
				c.OnTrial(r)
			}
		}
	}
}

// trials are the results of trials by their names.
type trials map[string]*check.TrialResult

// hold runs scenarios and judges what comes of them.
func (r trials) hold(ctx ginkgo.SpecContext, c Config, prof *profile.Profile, selected []*scenarios.Scenario, out string) {
	b, err := harness.Run(ctx, harness.Plan{
		Profile: prof, Scenarios: selected, Lab: c.Lab, Driver: c.Driver, Carrier: c.Carrier,
	}, harness.Options{Out: out, Tool: "useipsec e2e", Jobs: c.Jobs})
	if errors.Is(err, peer.ErrUnavailable) {
		missing(err)
	}
	if err != nil {
		ginkgo.Fail(err.Error())
	}
	res, err := check.Run(b, prof, check.Options{})
	if err != nil {
		ginkgo.Fail(err.Error())
	}
	for i := range res.Trials {
		t := &res.Trials[i]
		r[t.Scenario+"/"+t.Trial] = t
	}
}

// wrong are the scenarios of which a trial did not end as it should.
func (r trials) wrong(c Config, selected []*scenarios.Scenario) (found []*scenarios.Scenario) {
	for _, s := range selected {
		p := harness.Plan{Scenarios: []*scenarios.Scenario{s}}
		if slices.ContainsFunc(p.Trials(), func(t harness.Trial) bool { return against(c, t.String(), r[t.String()]) != "" }) {
			found = append(found, s)
		}
	}
	return found
}

// missing skips for a peer or lab that is not there; in CI everything has to be there.
func missing(err error) {
	if os.Getenv("CI") != "" {
		ginkgo.Fail("CI is set, so nothing may be missing: " + err.Error())
	}
	ginkgo.Skip(err.Error())
}

// judge is a spec: the trial's verdict, with all that stands against it.
func judge(c Config, name string, t *check.TrialResult) {
	if problem := against(c, name, t); problem != "" {
		ginkgo.Fail(problem)
	}
	if t.Verdict == check.Unsupported {
		ginkgo.Skip(t.Reason)
	}
}

// against says what stands against a trial, nothing if it ended as it should.
func against(c Config, name string, t *check.TrialResult) string {
	if t == nil {
		return "the trial did not run"
	}
	for p, rules := range c.Fails {
		if !scenarios.MatchID(p, name) {
			continue
		}
		if got := failing(t); !slices.Equal(got, rules) {
			return fmt.Sprintf("is known to fail by %v, and fails by %v\n%s", rules, got, Explain(t))
		}
		return ""
	}
	known := slices.ContainsFunc(c.Unsupported, func(p string) bool { return scenarios.MatchID(p, name) })
	switch {
	case t.Verdict == check.Pass && !known:
	case t.Verdict == check.Unsupported && (known || c.MayLack):
	case known:
		return fmt.Sprintf("is known as unsupported, but the verdict is %v", t.Verdict)
	default:
		return Explain(t)
	}
	return ""
}

// failing lists the rules that a trial fails by.
func failing(t *check.TrialResult) (rules []string) {
	for i := range t.Findings {
		if f := &t.Findings[i]; f.Required() && f.Verdict == check.Fail {
			rules = append(rules, f.Rule)
		}
	}
	slices.Sort(rules)
	return rules
}

// Explain tells in plain text what stands against a trial.
func Explain(t *check.TrialResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%s: %v (%s %s)\n", t.Scenario, t.Trial, t.Verdict, t.Status, t.Reason)
	for i := range t.Findings {
		f := &t.Findings[i]
		if !f.Required() || f.Verdict == check.Pass {
			continue
		}
		fmt.Fprintf(&b, "  %s (%s): %v\n    expected %s\n    actual   %s\n    frames   %v\n    next     %s\n",
			f.Rule, f.Ref, f.Verdict, strings.Join(f.Expected, " or "), f.Actual, f.Frames, f.Next)
	}
	return b.String()
}
