package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/scenarios/profile"
)

func newLint() *cobra.Command {
	var asJSON, asSARIF bool
	c := &cobra.Command{
		Use:     "lint PROFILE",
		Short:   "Hold a profile against the advice of RFC 5406",
		Long:    "Hold a profile against the advice of RFC 5406. Exit code 1 says that there are problems; warnings and notes\nare advice. A profile that cannot be read as it is ends in exit code 2, with all of its mistakes.",
		Example: "  useipsec lint bgp\n  useipsec lint ./ours.yaml\n  useipsec lint --sarif - < ours.yaml",
		Args:    oneArgument("a profile: a built-in name, a file, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := loadProfile(args[0])
			var mistakes profile.Errors
			if err != nil && !errors.As(err, &mistakes) {
				return usage(err)
			}
			all := profile.Mistakes(mistakes)
			if err == nil {
				all = profile.LintAll(p)
			}
			found := slices.DeleteFunc(slices.Clone(all), func(f profile.Finding) bool { return f.Accepted != "" })
			var werr error
			switch {
			case asSARIF:
				werr = profile.WriteSARIF(cmd.OutOrStdout(), all) // with what the profile accepts, as suppressions
			case asJSON:
				werr = profile.WriteJSON(cmd.OutOrStdout(), found)
			case err == nil:
				werr = writeFindings(cmd.OutOrStdout(), args[0], found, len(all)-len(found))
			}
			switch {
			case werr != nil:
				return &exitError{exitOurs, werr}
			case err != nil:
				return usage(err)
			case count(found, profile.Problem) > 0:
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

// writeFindings writes findings for a person to read, and how many there are.
func writeFindings(w io.Writer, name string, found []profile.Finding, accepted int) error {
	for _, f := range found {
		if _, err := fmt.Fprintln(w, f.Detail()); err != nil {
			return err
		}
	}
	rest := ""
	if accepted > 0 {
		rest = fmt.Sprintf("; %d more that the profile accepts", accepted)
	}
	_, err := fmt.Fprintf(w, "%s: %s, %s, %s%s\n", name,
		number(count(found, profile.Problem), "problem"), number(count(found, profile.Warning), "warning"), number(count(found, profile.Note), "note"), rest)
	return err
}

func count(found []profile.Finding, s profile.Severity) (n int) {
	for _, f := range found {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// number returns "1 note", "2 notes".
func number(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
