package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/scenarios"
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

// remarks word what is worth knowing about the claims but decides nothing: what was shown
// without being claimed, and that it was another version that was tested.
func remarks(c *check.Claims, tested check.Peer) []string {
	var lines []string
	if tested.Version != "" && tested.Version != c.Version {
		lines = append(lines, fmt.Sprintf("the claims are about version %s, and what was tested is %s", plain(c.Version), peerLine(tested)))
	}
	for _, n := range c.Notes {
		lines = append(lines, plain(n))
	}
	var disclaimed, other []scenarios.Capability
	for _, o := range c.Others {
		if o.Disclaimed {
			disclaimed = append(disclaimed, o.Capability)
		} else {
			other = append(other, o.Capability)
		}
	}
	if len(disclaimed) > 0 {
		lines = append(lines, "shown, although the claims say that it is not claimed: "+byKind(disclaimed))
	}
	if len(other) > 0 {
		lines = append(lines, "shown, and not mentioned in the claims: "+byKind(other))
	}
	return lines
}

// byKind lists capabilities: "group modp1024, modp2048; mode tunnel".
func byKind(cs []scenarios.Capability) string {
	var b strings.Builder
	for i, c := range cs {
		switch {
		case i > 0 && cs[i-1].Kind == c.Kind:
			b.WriteString(", " + plain(c.Value))
			continue
		case i > 0:
			b.WriteString("; ")
		}
		b.WriteString(plain(c.String()))
	}
	return b.String()
}

// claimGroup is claims that stand as they do for the same reason.
type claimGroup struct {
	Standing check.Standing
	Because  string
	Claims   []scenarios.Capability
}

// groupedClaims gives the claims as sortedClaims does, with those together that are open for the
// same reason, once there are that many.
func groupedClaims(c *check.Claims, many int) []claimGroup {
	type reason struct {
		check.Standing
		because string
	}
	by := map[reason][]scenarios.Capability{}
	for i := range c.Claims {
		claim := &c.Claims[i]
		k := reason{claim.Standing, because(claim)}
		by[k] = append(by[k], claim.Capability)
	}
	var out []claimGroup
	for _, claim := range sortedClaims(c) {
		k := reason{claim.Standing, because(claim)}
		switch all := by[k]; {
		case claim.Standing == check.Upheld || len(all) < many:
			out = append(out, claimGroup{k.Standing, k.because, []scenarios.Capability{claim.Capability}})
		case all[0] == claim.Capability:
			out = append(out, claimGroup{k.Standing, k.because, all})
		}
	}
	return out
}

// manyClaims are too many for a line each when there is nothing to tell them apart.
const manyClaims = 4

// What names a claim, or counts many of them.
func (g *claimGroup) What() string {
	if len(g.Claims) > 1 {
		return plural(len(g.Claims), "claim")
	}
	return plain(g.Claims[0].String())
}

// Why says why, and of many what they are.
func (g *claimGroup) Why() string {
	if len(g.Claims) > 1 {
		return g.Because + ": " + byKind(g.Claims)
	}
	return g.Because
}

// claims is the table of the claims.
func (s *summary) claims(res *check.Result) {
	c := res.Claims
	if c == nil {
		return
	}
	fmt.Fprintf(s.w, "\nClaims of %s\n", product(c))
	groups := groupedClaims(c, manyClaims)
	width := 0
	for i := range groups {
		width = max(width, len(groups[i].What()))
	}
	for i := range groups {
		g := &groups[i]
		fmt.Fprintf(s.w, "%s  %-*s  %s\n", s.standing(g.Standing, 8), width, g.What(), g.Why())
	}
	for _, l := range remarks(c, res.Peer) {
		fmt.Fprintf(s.w, "%s  %s\n", s.paint(dim, fmt.Sprintf("%-8s", "info")), l)
	}
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
func claimsTable(c *check.Claims, tested check.Peer) string {
	var b strings.Builder
	fmt.Fprint(&b, "| claim | standing | by |\n|---|---|---|\n")
	groups := groupedClaims(c, manyClaims)
	for i := range groups {
		g := &groups[i]
		standing := g.Standing.String()
		if g.Standing != check.Upheld {
			standing = "**" + standing + "**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(g.What()), standing, cell(g.Why()))
	}
	for _, l := range remarks(c, tested) {
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
		row := claimView{Claim: c, More: max(c.WitnessesTotal, len(c.Witnesses))}
		for i, w := range c.Witnesses {
			if i == 1 && c.Standing == check.Upheld { // one will do
				break
			}
			at := slices.IndexFunc(v.Trials, func(t *trialView) bool { return t.Scenario == w.Scenario && t.Trial == w.Trial })
			if at >= 0 {
				row.Where = append(row.Where, witnessView{v.Trials[at], v.Trials[at].frames(w.Frames)})
			}
		}
		row.More -= len(row.Where)
		rows = append(rows, row)
	}
	return rows
}

// Product says whom the claims are about.
func (v *view) Product() string { return product(v.Claims) }

// Standings counts the claims by how they stand.
func (v *view) Standings() string { return standings(v.Claims) }

// Remarks word what is worth knowing about the claims but decides nothing.
func (v *view) Remarks() []string { return remarks(v.Claims, v.Peer) }
