package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/useipsec/useipsec/captures/check"
)

// sortedClaims gives the claims with what needs attention first: refuted, unproven, upheld.
func sortedClaims(c *check.Claims) []*check.Claim {
	all := make([]*check.Claim, len(c.Claims))
	for i := range c.Claims {
		all[i] = &c.Claims[i]
	}
	order := map[check.Standing]int{check.Refuted: 0, check.Unproven: 1, check.Upheld: 2}
	slices.SortStableFunc(all, func(a, b *check.Claim) int { return cmp.Compare(order[a.Standing], order[b.Standing]) })
	return all
}

// standings words how many claims stand how: "1 refuted, 2 unproven, 20 upheld".
func standings(c *check.Claims) string {
	var parts []string
	for _, p := range []struct {
		n    int
		word check.Standing
	}{{c.Refuted, check.Refuted}, {c.Unproven, check.Unproven}, {c.Upheld, check.Upheld}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", p.n, p.word))
		}
	}
	return strings.Join(parts, ", ")
}

// product says whom the claims are about.
func product(c *check.Claims) string {
	s := c.Product + " " + c.Version
	if c.Contact != "" {
		s += " (" + c.Contact + ")"
	}
	return plain(s)
}

// because words what decided a claim: the first witness, and the reason.
func because(c *check.Claim) string {
	switch {
	case len(c.Witnesses) == 0:
		return plain(c.Why)
	case c.Standing == check.Upheld:
		return seen(c.Witnesses[0]) + others(c)
	}
	return seen(c.Witnesses[0]) + ": " + plain(c.Why) + others(c)
}

// seen words a witness: "main/psk/3des (peer responds), frames 3, 4".
func seen(w check.Witness) string {
	s := name(&check.TrialResult{Scenario: w.Scenario, Trial: w.Trial})
	if len(w.Frames) == 0 {
		return s
	}
	noun := "frame"
	if len(w.Frames) > 1 {
		noun = "frames"
	}
	return fmt.Sprintf("%s, %s %s", s, noun, ranges(w.Frames))
}

// others counts the witnesses that are not told.
func others(c *check.Claim) string {
	if n := max(len(c.Witnesses), c.WitnessesTotal) - 1; n > 0 {
		return fmt.Sprintf("; and %s", plural(n, "more trial"))
	}
	return ""
}

// ranges lists frame numbers, runs of them as 3-8.
func ranges(ns []int) string {
	var parts []string
	for i := 0; i < len(ns); {
		j := i
		for j+1 < len(ns) && ns[j+1] == ns[j]+1 {
			j++
		}
		if j-i < 2 {
			j = i
			parts = append(parts, fmt.Sprint(ns[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", ns[i], ns[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ", ")
}

// beyond lists what was shown without being claimed, what is disclaimed first.
func beyond(c *check.Claims) (disclaimed, other []string) {
	for _, o := range c.Others {
		if o.Disclaimed {
			disclaimed = append(disclaimed, o.Capability.String())
		} else {
			other = append(other, o.Capability.String())
		}
	}
	return disclaimed, other
}

// claims is the table of the claims.
func (s *summary) claims(c *check.Claims) {
	if c == nil {
		return
	}
	fmt.Fprintf(s.w, "\nClaims of %s\n", product(c))
	width := 0
	for i := range c.Claims {
		width = max(width, len(c.Claims[i].Capability.String()))
	}
	for _, claim := range sortedClaims(c) {
		fmt.Fprintf(s.w, "%s  %-*s  %s\n", s.standing(claim.Standing, 8), width, plain(claim.Capability.String()), because(claim))
	}
	for _, l := range beyondLines(c) {
		fmt.Fprintf(s.w, "%s  %s\n", s.paint(dim, fmt.Sprintf("%-8s", "info")), l)
	}
}

// beyondLines word what was shown without being claimed.
func beyondLines(c *check.Claims) []string {
	var lines []string
	disclaimed, other := beyond(c)
	if len(disclaimed) > 0 {
		lines = append(lines, "shown, although not claimed by the maker's own word: "+strings.Join(disclaimed, ", "))
	}
	if len(other) > 0 {
		lines = append(lines, "shown, and not mentioned: "+strings.Join(other, ", "))
	}
	return lines
}

func (s *summary) standing(v check.Standing, width int) string {
	text := fmt.Sprintf("%-*v", width, v)
	switch v {
	case check.Upheld:
		return s.paint(green, text)
	case check.Refuted:
		return s.paint(red, text)
	}
	return s.paint(yellow, text)
}

// claimsTable is the table of claims in Markdown.
func claimsTable(c *check.Claims) string {
	var b strings.Builder
	fmt.Fprint(&b, "| claim | standing | by |\n|---|---|---|\n")
	for _, claim := range sortedClaims(c) {
		standing := claim.Standing.String()
		if claim.Standing != check.Upheld {
			standing = "**" + standing + "**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(claim.Capability.String()), standing, cell(because(claim)))
	}
	for _, l := range beyondLines(c) {
		fmt.Fprintf(&b, "\n%s.\n", markdown(strings.ToUpper(l[:1])+l[1:]))
	}
	return b.String()
}

// claimsSuite is how continuous integration reads the claims: one that is refuted is a
// failure, one that is unproven is skipped or an error, as the verdicts that it is wanting are.
func claimsSuite(c *check.Claims, id int) junit.Testsuite {
	s := junit.Testsuite{Name: "claims", ID: id, Time: "0.000"}
	s.AddProperty("product", product(c))
	for i := range c.Claims {
		claim := &c.Claims[i]
		f := check.Finding{
			Rule: plain(claim.Capability.String()), Level: check.Must, Ref: "RFC5406/8", Title: "What is claimed of the product is " + claim.Standing.String(),
			Verdict: claim.Wanting, Actual: because(claim),
		}
		switch claim.Standing {
		case check.Upheld:
			f.Verdict, f.Witness = check.Pass, f.Actual
		case check.Refuted:
			f.Verdict = check.Fail
		}
		s.AddTestcase(testcase("claims", &f))
	}
	return s
}

// claimView is a claim with links to the trials that decide it.
type claimView struct {
	*check.Claim
	Where []witnessView
	More  int
}

// witnessView is a trial that decides a claim, with its frames.
type witnessView struct {
	*trialView
	Cited []frameView
}

// ClaimRows are the claims with links into the page.
func (v *view) ClaimRows() []claimView {
	var rows []claimView
	for _, c := range sortedClaims(v.Claims) {
		row := claimView{Claim: c, More: max(c.WitnessesTotal-len(c.Witnesses), 0)}
		for _, w := range c.Witnesses {
			i := slices.IndexFunc(v.Trials, func(t *trialView) bool { return t.Scenario == w.Scenario && t.Trial == w.Trial })
			if i >= 0 {
				row.Where = append(row.Where, witnessView{v.Trials[i], v.Trials[i].frames(w.Frames)})
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// Product says whom the claims are about.
func (v *view) Product() string { return product(v.Claims) }

// Standings counts the claims by how they stand.
func (v *view) Standings() string { return standings(v.Claims) }

// Beyond words what was shown without being claimed.
func (v *view) Beyond() []string { return beyondLines(v.Claims) }
