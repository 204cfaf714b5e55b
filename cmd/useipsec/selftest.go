package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/harness/selftest"
)

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
			faults, err := selftest.Faults(args...)
			if err != nil {
				return usage(err)
			}
			progress := cmd.ErrOrStderr()
			if quiet {
				progress = io.Discard
			}
			res, err := selftest.Run(cmd.Context(), faults, tool, toolVersion(), func(done, of int, fault string) {
				fmt.Fprintf(progress, "[%d/%d] %s\n", done, of, fault)
			})
			switch {
			case errors.Is(err, context.Canceled):
				return &exitError{exitInterrupted, errors.New("interrupted")}
			case err != nil:
				return &exitError{exitOurs, err}
			case asJSON:
				return printJSON(cmd.OutOrStdout(), res)
			}
			return printSelftest(cmd.OutOrStdout(), res)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress")
	return c
}

func printSelftest(w io.Writer, res *selftest.Result) error {
	var rows []row
	for _, r := range check.Rules() {
		by := strings.Join(res.Tripped[r.ID], " ")
		if by == "" {
			by = "untested: none of these faults trips it"
		}
		rows = append(rows, row{cells: []string{r.ID, by}})
	}
	if err := printTable(w, []string{"RULE", "TRIPPED BY"}, rows); err != nil {
		return err
	}
	total := len(check.Rules())
	_, err := fmt.Fprintf(w, "\n%d faults, %d of %d rules tripped (%d %%), %d untested\n",
		len(res.Mutants), total-len(res.Untested), total, 100*(total-len(res.Untested))/total, len(res.Untested))
	return err
}
