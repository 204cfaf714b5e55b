package main

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
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// mutantValues are the values of faults for which 1 means nothing or is the honest value.
var mutantValues = map[string]string{
	"esp.repeat_sequence": "2", "esp.start_sequence": "7", "esp.bad_icv_from": "4", "esp.spoof_inner": "3", "ike.id_port": "4500",
	"ike.payloads": "any NONCE truncate=64",
}

// warnsHonest is the rule that warns of what is legal: aggressive mode with a pre-shared key.
const warnsHonest = "ike.aggressive.psk-exposed"

// mutant is one fault of the reference peer and the rules it trips.
type mutant struct {
	Fault string   `json:"fault"`
	Trips []string `json:"trips"`
}

// selftestResult tells which rules have been seen to fail.
type selftestResult struct {
	Mutants  []mutant            `json:"mutants"`
	Tripped  map[string][]string `json:"tripped"`  // by rule: the faults that trip it
	Untested []string            `json:"untested"` // rules that no fault of the reference peer trips
}

func newSelftest() *cobra.Command {
	var asJSON, quiet bool
	c := &cobra.Command{
		Use:   "selftest [FAULT...]",
		Short: "Test the checks themselves: switch on every fault of the reference peer and see which rules notice",
		Long: `Selftest runs the core of the library against the reference peer in the virtual lab, once honestly and once for every
fault that the peer can be given, or those that FAULT names: globs such as 'esp.*'. The honest run must be clean. A rule
that no fault trips is listed as untested.`,
		Example: `  useipsec selftest
  useipsec selftest 'spd.*' ike.reuse_spi`,
		RunE: func(cmd *cobra.Command, args []string) error {
			faults, err := faultsNamed(args)
			if err != nil {
				return usage(err)
			}
			progress := cmd.ErrOrStderr()
			res, err := selftest(cmd.Context(), faults, func(done, of int, fault string) {
				if !quiet {
					fmt.Fprintf(progress, "[%d/%d] %s\n", done, of, fault)
				}
			})
			switch {
			case errors.Is(err, context.Canceled):
				return &exitError{exitInterrupted, errors.New("interrupted")}
			case err != nil:
				return &exitError{exitOurs, err}
			case asJSON:
				return printJSON(cmd.OutOrStdout(), res)
			}
			return printSelftest(cmd, res)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress")
	return c
}

// faultsNamed are the faults that match one of the globs; all of them without any.
func faultsNamed(globs []string) ([]scenarios.DeviationInfo, error) {
	all := scenarios.DeviationList()
	if len(globs) == 0 {
		return all, nil
	}
	var named []scenarios.DeviationInfo
	for _, d := range all {
		if slices.ContainsFunc(globs, func(g string) bool { ok, _ := path.Match(g, d.Name); return ok }) {
			named = append(named, d)
		}
	}
	if len(named) == 0 {
		return nil, fmt.Errorf("no fault is called %s; see: useipsec list deviations", strings.Join(globs, " or "))
	}
	return named, nil
}

func selftest(ctx context.Context, faults []scenarios.DeviationInfo, progress func(done, of int, fault string)) (*selftestResult, error) {
	dir, err := os.MkdirTemp("", "useipsec-selftest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	failing, err := rulesFailing(ctx, filepath.Join(dir, "honest"), "")
	if err != nil {
		return nil, err
	}
	if len(failing) > 0 {
		return nil, fmt.Errorf("selftest: rules fail without any fault: %s", strings.Join(failing, ", "))
	}
	res := &selftestResult{Tripped: map[string][]string{}}
	for i, d := range faults {
		fault := d.Name
		if v := mutantValues[d.Name]; v != "" {
			fault += "=" + v
		}
		trips, err := rulesFailing(ctx, filepath.Join(dir, d.Name), fault)
		if err != nil {
			return nil, err
		}
		res.Mutants = append(res.Mutants, mutant{fault, trips})
		for _, r := range trips {
			res.Tripped[r] = append(res.Tripped[r], fault)
		}
		progress(i+1, len(faults), fault)
	}
	for _, r := range check.Rules() {
		if len(res.Tripped[r.ID]) == 0 {
			res.Untested = append(res.Untested, r.ID)
		}
	}
	return res, nil
}

// rulesFailing runs the core of the library with a fault switched on and lists the rules that fail.
func rulesFailing(ctx context.Context, out, fault string) ([]string, error) {
	prof, err := profile.Builtin("bgp")
	if err != nil {
		return nil, err
	}
	p := harness.Plan{Profile: prof.Name, ProfileSource: prof.Source(), Lab: harness.Virtual}
	all, err := scenarios.Builtins()
	if err != nil {
		return nil, err
	}
	if p.Scenarios, err = scenarios.Select(all, scenarios.Selection{Tags: []string{"core"}}); err != nil {
		return nil, err
	}
	if fault != "" {
		p.DeviationNames = []string{fault}
		if err := p.Deviations.Set(fault); err != nil {
			return nil, err
		}
	}
	if _, err := harness.Run(ctx, p, harness.Options{Out: out, Tool: tool, Version: toolVersion()}); err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	b, err := evidence.Open(out)
	if err != nil {
		return nil, err
	}
	res, err := check.Run(b, prof, check.Options{})
	if err != nil {
		return nil, err
	}
	failing := map[string]bool{}
	for _, t := range res.Trials {
		for _, f := range t.Findings {
			if f.Verdict == check.Fail && f.Rule != warnsHonest {
				failing[f.Rule] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(failing)), nil
}

func printSelftest(cmd *cobra.Command, res *selftestResult) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tTRIPPED BY")
	for _, r := range check.Rules() {
		by := strings.Join(res.Tripped[r.ID], " ")
		if by == "" {
			by = "untested: no fault of the reference peer trips it"
		}
		fmt.Fprintf(w, "%s\t%s\n", r.ID, by)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	total := len(check.Rules())
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "\n%d faults, %d of %d rules tripped (%d %%), %d untested\n",
		len(res.Mutants), total-len(res.Untested), total, 100*(total-len(res.Untested))/total, len(res.Untested))
	return err
}
