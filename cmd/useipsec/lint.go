package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/scenarios/profile"
)

func newLint() *cobra.Command {
	var asJSON, asSARIF bool
	c := &cobra.Command{
		Use:     "lint PROFILE",
		Short:   "Hold a profile against the advice of RFC 5406",
		Example: "  useipsec lint bgp\n  useipsec lint ./ours.yaml",
		Args:    oneArgument("a profile: a built-in name or a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := loadProfile(args[0])
			if err != nil {
				return usage(err)
			}
			found := profile.Lint(p)
			problems := 0
			for _, f := range found {
				if f.Severity == profile.Problem {
					problems++
				}
			}
			switch {
			case asSARIF:
				err = profile.WriteSARIF(cmd.OutOrStdout(), profile.LintAll(p)) // with what the profile accepts, as suppressions
			case asJSON:
				if found == nil {
					found = []profile.Finding{}
				}
				err = printJSON(cmd.OutOrStdout(), found)
			default:
				for _, f := range found {
					fmt.Fprintln(cmd.OutOrStdout(), f.Detail())
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d findings, %d of them problems\n", args[0], len(found), problems)
			}
			if err != nil {
				return &exitError{exitOurs, err}
			}
			if problems > 0 {
				return &exitError{1, nil}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asSARIF, "sarif", false, "print the findings as SARIF 2.1.0")
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	c.MarkFlagsMutuallyExclusive("json", "sarif")
	return c
}
