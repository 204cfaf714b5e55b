package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/harness/report"
)

func newReport() *cobra.Command {
	c := &cobra.Command{
		Use:   "report availability",
		Short: "Make one report of several runs",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no report %q: availability", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(newAvailability())
	return c
}

func newAvailability() *cobra.Command {
	var asJSON bool
	var page string
	c := &cobra.Command{
		Use:   "availability RESULTS...",
		Short: "Which profile does a product support? A matrix over runs, and the claims about each product",
		Long: `Availability answers question i of RFC 5406, section 8, over several runs: profiles by products, and for each of the nine
questions whether it is upheld (every required check under it passed, with a witness on the wire), refuted (one failed) or
unproven. Where runs had claims, those about a product are held against all of its runs.
RESULTS are directories that useipsec run left, or their results.json.`,
		Example: `  useipsec report availability strongswan-bgp strongswan-l2tp libreswan-bgp
  useipsec report availability --html availability.html */results.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name directories of runs, or their results.json")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var results []*check.Result
			var wrong error
			for i, name := range args {
				r, err := readResults(name)
				if err == nil {
					if at := slices.IndexFunc(results, func(o *check.Result) bool { return sameRun(o, r) }); at >= 0 {
						err = fmt.Errorf("report: %s and %s are results of the same run: its trials count once, so name one of them", args[at], args[i])
					}
				}
				wrong = errors.Join(wrong, err)
				results = append(results, r)
			}
			if wrong != nil {
				return usage(wrong)
			}
			return writeAvailability(cmd, report.NewAvailability(results), page, asJSON)
		},
	}
	c.Flags().Bool("markdown", true, "print Markdown, to go under a heading")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&page, "html", "", "write a page to this file instead, in the place of what was there")
	c.MarkFlagsMutuallyExclusive("json", "markdown", "html")
	return c
}

func writeAvailability(cmd *cobra.Command, a *report.Availability, page string, asJSON bool) error {
	var err error
	switch {
	case page != "":
		err = writeWhole(page, os.Rename, a.HTML)
	case asJSON:
		err = a.JSON(cmd.OutOrStdout())
	default:
		err = a.Markdown(cmd.OutOrStdout())
	}
	if err != nil {
		return &exitError{exitOurs, err}
	}
	return nil
}

// sameRun reports whether two results are of one run: no two runs began in the same nanosecond.
func sameRun(a, b *check.Result) bool {
	return a != nil && !a.Started.IsZero() && a.Started.Equal(b.Started) && a.Profile == b.Profile && a.Peer == b.Peer
}

// readResults reads results.json, or that of a run's directory.
func readResults(name string) (*check.Result, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, report.FileResults)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	r := &check.Result{}
	err = json.Unmarshal(data, r)
	switch {
	case err != nil:
		return nil, fmt.Errorf("report: %s: not the results of a run: %w", name, err)
	case r.Schema != check.Schema:
		return nil, fmt.Errorf("report: %s has schema %q, this program reads %q", name, r.Schema, check.Schema)
	case r.Peer.Name == "" || r.Profile == "":
		return nil, fmt.Errorf("report: %s is about a capture from elsewhere: it does not tell which product that is", name)
	}
	return r, nil
}
