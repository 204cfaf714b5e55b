package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/check"
)

// Matrix writes matrix.md: the nine questions, the claims, then scenario by trial.
func Matrix(w io.Writer, res *check.Result) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# %s", cell(peerLine(res.Peer)))
	if res.Profile != "" {
		fmt.Fprintf(b, " against profile %s", cell(res.Profile))
	}
	fmt.Fprintf(b, ": %v\n\n", res.Verdict)
	fmt.Fprint(b, "| | question | verdict | checks |\n|---|---|---|---|\n")
	for _, it := range res.Items {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", it.Item, cell(it.Question), mark(it.Verdict), counts(it.Counts))
	}
	if c := res.Claims; c != nil {
		fmt.Fprintf(b, "\nClaims of %s: %s.\n\n%s", markdown(product(c)), standings(c), claimsTable(c, res.Peer))
	}
	names, rows, verdicts := grid(res)
	fmt.Fprint(b, "\n| scenario |")
	for _, n := range names {
		fmt.Fprintf(b, " peer: %s |", cell(n))
	}
	fmt.Fprint(b, "\n|---|"+strings.Repeat("---|", len(names))+"\n")
	for _, s := range rows {
		fmt.Fprintf(b, "| %s |", cell(s))
		for _, n := range names {
			v, ran := verdicts[[2]string{s, n}]
			if !ran {
				fmt.Fprint(b, " |")
				continue
			}
			fmt.Fprintf(b, " %s |", mark(v))
		}
		fmt.Fprintln(b)
	}
	fmt.Fprintf(b, "\nTrials: %s. Checks: %s.\n", counts(res.TrialCounts), counts(res.Counts))
	return b.Flush()
}

// grid gives the trials' names, the scenarios, both in order of appearance, and the verdicts.
func grid(res *check.Result) (names, rows []string, verdicts map[[2]string]check.Verdict) {
	verdicts = map[[2]string]check.Verdict{}
	for i := range res.Trials {
		t := &res.Trials[i]
		if !slices.Contains(names, t.Trial) {
			names = append(names, t.Trial)
		}
		if !slices.Contains(rows, t.Scenario) {
			rows = append(rows, t.Scenario)
		}
		verdicts[[2]string{t.Scenario, t.Trial}] = t.Verdict
	}
	return names, rows, verdicts
}

// mark sets what is not a pass apart.
func mark(v check.Verdict) string {
	switch v {
	case check.Pass, check.NotApplicable:
		return v.String()
	}
	return "**" + v.String() + "**"
}

// markdown makes one line of a text, without markup of its own.
func markdown(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(plain(s))
}

// cell keeps a text within its cell.
func cell(s string) string { return strings.ReplaceAll(markdown(s), "|", "\\|") }
