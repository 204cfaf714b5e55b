package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/diagnose"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/harness/report"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// peerNames are the values of --peer.
func peerNames() []string {
	names := []string{harness.Reference}
	for _, d := range peer.Drivers() {
		names = append(names, d.Name())
	}
	return names
}

// runFlags are the flags of useipsec run.
type runFlags struct {
	profile, peer, lab, carrier string
	files, tags, refs           []string
	rules, ruleRefs             []string
	deviations, sabotage        []string
	jobs                        int
	out                         string
	claims, learn               string
	json, noSecrets, quiet      bool
}

func newRun() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [SCENARIO...]",
		Short: "Run scenarios against a peer and judge the packets",
		Long: `Run runs scenarios against a peer, leaves the evidence in a directory, judges it and writes the reports.
Without arguments: what the profile bgp asks for, of the reference peer, in the virtual lab.
SCENARIO is an ID, a path above IDs or a glob: main/psk, 'quick/*', '**/sha1'. What is selected so, or by a tag or a
reference, is run whether the profile asks for it or not: '**' is the whole library.

With --claims the run ends in a table: every capability that is claimed of the peer is upheld, by a witness on the wire in
a trial that passed all but the profile's checks; refuted, by the peer's own refusal where nothing else explains it; or unproven. A claim that is refuted
is a failure (exit 1). One that is unproven ends in 3, or in 4 when all that stands in the way is that its trials were
skipped, unsupported or not asked for.`,
		Example: `  useipsec run
  useipsec run --peer strongswan 'main/**' quick/transport
  useipsec run --deviate spd.leak_cleartext=1 policy
  useipsec run --peer strongswan --sabotage psk main/psk/aes128-sha1-modp2048
  useipsec run --peer strongswan --learn claims.yaml '**'
  useipsec run --peer strongswan --claims claims.yaml '**'`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	fs := c.Flags()
	fs.StringVar(&f.profile, "profile", "bgp", "profile: a built-in name or a file")
	fs.StringVar(&f.peer, "peer", harness.Reference, "peer under test: "+strings.Join(peerNames(), ", "))
	fs.StringVar(&f.lab, "lab", "", "virtual or netns (default: virtual for the reference peer, netns for real ones)")
	fs.StringVar(&f.carrier, "carrier", "auto", "what carries a real peer's ESP: auto, namespace, kernel, guest")
	fs.StringSliceVar(&f.files, "scenario", nil, "further scenarios: a file, or a directory of them")
	fs.StringSliceVar(&f.tags, "tag", nil, "only scenarios with this tag")
	fs.StringSliceVar(&f.refs, "ref", nil, "only scenarios with this reference, such as RFC2409/5.4")
	fs.StringSliceVar(&f.rules, "rule", nil, "judge by these rules only (globs)")
	fs.StringSliceVar(&f.ruleRefs, "rule-ref", nil, "judge by the rules with this reference only, such as RFC2409/5.5")
	fs.StringSliceVar(&f.deviations, "deviate", nil, "switch a fault of the reference peer on: NAME or NAME=VALUE (see: list deviations)")
	fs.StringSliceVar(&f.sabotage, "sabotage", nil, "make the peer's configuration differ, to see the checks notice: psk, main-only")
	fs.IntVarP(&f.jobs, "jobs", "j", 0, "trials at the same time (default: the number of processors, and 4 at least with a real peer)")
	fs.StringVar(&f.out, "out", "", "directory for evidence and reports, which must not exist (default: useipsec-<time>)")
	fs.StringVar(&f.claims, "claims", "", "hold the claims in this file against what the peer shows (see: list capabilities)")
	fs.StringVar(&f.learn, "learn", "", "write claims of all that the peer shows to this file, which must not exist")
	fs.BoolVar(&f.json, "json", false, "print the results as JSON and nothing else on standard output")
	fs.BoolVar(&f.noSecrets, "no-secrets", false, "leave keys out of the evidence")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	_ = c.RegisterFlagCompletionFunc("peer", cobra.FixedCompletions(peerNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("profile", cobra.FixedCompletions(profile.Builtins(), cobra.ShellCompDirectiveDefault))
	return c
}

func (f *runFlags) run(cmd *cobra.Command, args []string) error {
	prof, plan, filter, err := f.plan(args)
	if err != nil {
		return usage(err)
	}
	claims, err := loadClaims(f.claims)
	if err = errors.Join(err, canLearn(f.learn), allRules(f.claims+f.learn, filter)); err != nil {
		return usage(err)
	}
	if claims != nil {
		plan.ClaimsSource = claims.Source()
	}
	if done, err := elsewhere(plan); done {
		return err
	}
	if f.out == "" {
		f.out = "useipsec-" + time.Now().UTC().Format("20060102T150405Z")
	}
	show := newProgress(cmd.ErrOrStderr(), f.quiet)
	bundle, err := harness.Run(cmd.Context(), plan, harness.Options{
		Out: f.out, Jobs: f.jobs, NoSecrets: f.noSecrets, Tool: tool, Version: toolVersion(), Progress: show.update,
	})
	show.close()
	if bundle == nil {
		return startError(err)
	}
	return f.judge(cmd, bundle, prof, check.Options{Filter: filter, Claims: claims, Diagnose: diagnose.New}, err)
}

// plan reads everything the run depends on, so that what is wrong is said before anything runs.
func (f *runFlags) plan(args []string) (*profile.Profile, harness.Plan, check.Filter, error) {
	p := harness.Plan{Lab: harness.Lab(f.lab)}
	filter := check.Filter{Rules: f.rules, Refs: f.ruleRefs}
	fail := func(err error) (*profile.Profile, harness.Plan, check.Filter, error) { return nil, p, filter, err }
	prof, err := loadProfile(f.profile)
	if err != nil {
		return fail(err)
	}
	p.Profile = prof
	if _, err := filter.Select(check.Rules()); err != nil {
		return fail(err)
	}
	all, err := loadScenarios(f.files)
	if err != nil {
		return fail(err)
	}
	if p.Scenarios, err = f.selected(all, args, prof); err != nil {
		return fail(err)
	}
	if f.peer != harness.Reference {
		if p.Driver, err = peer.Find(f.peer); err != nil {
			return fail(fmt.Errorf("%w; besides these there is %s", err, harness.Reference))
		}
	}
	if p.Carrier, err = peer.ParseCarrier(f.carrier); err != nil {
		return fail(err)
	}
	for _, d := range f.deviations {
		if err := p.Deviate(d); err != nil {
			return fail(err)
		}
	}
	for _, s := range f.sabotage {
		switch s {
		case "psk":
			p.Sabotage.PSK = true
		case "main-only":
			p.Sabotage.MainOnly = true
		default:
			return fail(fmt.Errorf("--sabotage %s: there are psk and main-only", s))
		}
	}
	if p.Lab == "" {
		p.Lab = harness.Virtual
		if p.Driver != nil {
			p.Lab = harness.Netns
		}
	}
	if f.jobs < 0 {
		return fail(fmt.Errorf("--jobs %d: want a number that is not negative", f.jobs))
	}
	if f.out != "" {
		if _, err := os.Lstat(f.out); err == nil {
			return fail(fmt.Errorf("--out %s: %w; remove it or name another directory", f.out, evidence.ErrExists))
		}
	}
	return prof, p, filter, p.Check()
}

// selected are the scenarios that the user names, or else those that the profile asks for.
func (f *runFlags) selected(all []*scenarios.Scenario, args []string, prof *profile.Profile) ([]*scenarios.Scenario, error) {
	all = scenarios.AdaptAll(all, prof)
	if len(args)+len(f.tags)+len(f.refs) > 0 {
		return scenarios.Select(all, scenarios.Selection{Patterns: args, Tags: f.tags, Refs: f.refs})
	}
	within := scenarios.Within(all, prof, harness.Ends)
	if why := prof.OutOfReach(); len(why) > 0 {
		return nil, fmt.Errorf("no run can test profile %s: %s", prof.Name, strings.Join(why, "; "))
	}
	if len(within) == 0 {
		return nil, fmt.Errorf("profile %s asks for no scenario of the library; useipsec list scenarios --outside %s says why not; name scenarios, or add your own with --scenario", prof.Name, f.profile)
	}
	return within, nil
}

// startError is why a run did not begin.
func startError(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return &exitError{exitInterrupted, errors.New("interrupted before anything was run")}
	case errors.Is(err, evidence.ErrExists), errors.Is(err, harness.ErrPlan):
		return usage(err)
	}
	return &exitError{exitOurs, err}
}

// judge judges the evidence and writes the reports. It happens after an interrupt too.
func (f *runFlags) judge(cmd *cobra.Command, bundle *evidence.Bundle, prof *profile.Profile, o check.Options, runErr error) error {
	if runErr != nil && !errors.Is(runErr, context.Canceled) {
		fmt.Fprintln(cmd.ErrOrStderr(), "useipsec:", runErr)
	}
	res, err := check.Run(bundle, prof, o)
	if err != nil {
		return &exitError{exitOurs, err}
	}
	unwritten := report.Write(bundle, res)
	if err := errors.Join(printResult(cmd.OutOrStdout(), res, f.json), unwritten); err != nil {
		return &exitError{exitOurs, err}
	}
	if !f.json {
		fmt.Fprintf(cmd.OutOrStdout(), "Report: %s\n", filepath.Join(f.out, "report.html"))
	}
	if f.learn != "" && cmd.Context().Err() == nil {
		if err := learn(f.learn, res); err != nil {
			if res.Exit == check.ExitFailure {
				return &exitError{res.Exit, err}
			}
			return &exitError{exitOurs, err}
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Claims of what the peer showed: %s\n", f.learn)
	}
	switch {
	case cmd.Context().Err() != nil:
		return &exitError{exitInterrupted, fmt.Errorf("interrupted; what was done until then is in %s", f.out)}
	case runErr != nil:
		return &exitError{exitOurs, nil}
	case res.Exit != exitOK:
		return &exitError{res.Exit, nil}
	}
	return nil
}

// printResult shows a result to a person or to a program.
func printResult(w io.Writer, res *check.Result, asJSON bool) error {
	if asJSON {
		return report.JSON(w, res)
	}
	return report.Summary(w, res, isTerminal(w) && os.Getenv("NO_COLOR") == "")
}
