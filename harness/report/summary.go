package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/check"
)

// Summary writes what a person at a terminal needs to know: what stands against the peer and
// what to do about it, the nine questions, and the verdict. With colour, words are coloured.
func Summary(w io.Writer, res *check.Result, colour bool) error {
	s := summary{w: bufio.NewWriter(w), colour: colour}
	for _, p := range problems(res) {
		s.problem(p)
	}
	if n := undecided(res); n > 0 {
		fmt.Fprintf(s.w, "%s could not be decided in trials that failed; the report lists them.\n\n", plural(n, "further check"))
	}
	s.unrun(res)
	s.passed(res)
	for _, n := range res.Notes {
		fmt.Fprintf(s.w, "note: %s\n\n", plain(n))
	}
	s.items(res)
	s.claims(res)
	fmt.Fprintf(s.w, "\nChecks   %s\n", counts(res.Counts))
	if len(res.Trials) != 1 || res.Trials[0].Dir != "" {
		fmt.Fprintf(s.w, "Trials   %s\n", counts(res.TrialCounts))
	} else {
		p := res.Trials[0].Packets
		fmt.Fprintf(s.w, "Packets  %d frames: %d ISAKMP (%d decrypted), %d ESP (%d decrypted), %d AH, %d in clear\n",
			p.Frames, p.ISAKMP, p.Decrypted, p.ESP, p.ESPDecrypted, p.AH, p.Clear)
	}
	if res.Claims != nil {
		fmt.Fprintf(s.w, "Claims   %s\n", standings(res.Claims))
	}
	of := peerLine(res.Peer)
	if res.Profile != "" {
		of += " against profile " + res.Profile
	}
	fmt.Fprintf(s.w, "Verdict  %s: %s\n", s.outcome(res.Verdict), of)
	return s.w.Flush()
}

// problem is a finding that stands against the peer, and all trials that have it.
type problem struct {
	*check.Finding
	trial *check.TrialResult
	more  []*check.TrialResult
}

// problems gathers what stands against the peer, rule by rule, failures first: the same
// finding in forty trials is one thing to mend. What follows from a failure is left out.
func problems(res *check.Result) []*problem {
	var all []*problem
	type kind struct {
		rule    string
		verdict check.Verdict
		next    string // the cure stands for the cause, which has frame numbers in it
	}
	seen := map[kind]*problem{}
	for ti := range res.Trials {
		t := &res.Trials[ti]
		if !completed(t) {
			continue
		}
		for fi := range t.Findings {
			f := &t.Findings[fi]
			if !against(f) || f.Verdict == check.Skipped || follows(t, f) {
				continue
			}
			k := kind{f.Rule, f.Verdict, f.Next}
			if p := seen[k]; p != nil {
				p.more = append(p.more, t)
				continue
			}
			seen[k] = &problem{Finding: f, trial: t}
			all = append(all, seen[k])
		}
	}
	slices.SortStableFunc(all, func(a, b *problem) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

// follows reports whether a finding is one that mostly follows from a failure: it could not
// be decided, in a trial that has failed.
func follows(t *check.TrialResult, f *check.Finding) bool {
	return f.Verdict == check.Inconclusive && t.Verdict == check.Fail
}

// undecided counts the findings that follow from failures.
func undecided(res *check.Result) int {
	n := 0
	for ti := range res.Trials {
		t := &res.Trials[ti]
		for fi := range t.Findings {
			if f := &t.Findings[fi]; completed(t) && against(f) && follows(t, f) {
				n++
			}
		}
	}
	return n
}

// rank puts failures before the rest.
func rank(p *problem) int {
	if p.Verdict == check.Fail {
		return 0
	}
	return 1
}

type summary struct {
	w      *bufio.Writer
	colour bool
}

func (s *summary) problem(p *problem) {
	fmt.Fprintf(s.w, "%s  %s  (%v, %s)\n", s.verdict(p.Verdict, 0), p.Rule, p.Level, p.Ref)
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(s.w, "  %-9s %s\n", label, text)
		}
	}
	line("", p.Title)
	line("trial", name(p.trial))
	for _, l := range facts(p.Finding) {
		line(l.Label, l.Text)
	}
	const most = 4
	var also []string
	for _, t := range p.more[:min(most, len(p.more))] {
		also = append(also, name(t))
	}
	if n := len(p.more) - len(also); n > 0 {
		also = append(also, fmt.Sprintf("and %d more", n))
	}
	line("also in", strings.Join(also, ", "))
	fmt.Fprintln(s.w)
}

// passed lists what passed in a capture from elsewhere, with its witness: there it is not
// known beforehand what can be judged.
func (s *summary) passed(res *check.Result) {
	if len(res.Trials) != 1 || res.Trials[0].Dir != "" {
		return
	}
	some := false
	for _, f := range res.Trials[0].Findings {
		if f.Verdict == check.Pass {
			some = true
			fmt.Fprintf(s.w, "%s  %-28s  %s\n", s.verdict(f.Verdict, 0), f.Rule, plain(f.Witness))
		}
	}
	if some {
		fmt.Fprintln(s.w)
	}
}

// unrun tells which trials did not come to their end, by reason.
func (s *summary) unrun(res *check.Result) {
	var reasons []string
	trials := map[string][]*check.TrialResult{}
	for i := range res.Trials {
		t := &res.Trials[i]
		if completed(t) {
			continue
		}
		k := t.Status + "\x00" + t.Reason
		if trials[k] == nil {
			reasons = append(reasons, k)
		}
		trials[k] = append(trials[k], t)
	}
	for _, k := range reasons {
		ts := trials[k]
		fmt.Fprint(s.w, s.verdict(ts[0].Verdict, 0))
		if v := ts[0].Verdict.String(); v != ts[0].Status {
			fmt.Fprintf(s.w, "  (%s)", plain(ts[0].Status))
		}
		fmt.Fprintln(s.w)
		if ts[0].Reason != "" {
			fmt.Fprintf(s.w, "  %-9s %s\n", "reason", plain(ts[0].Reason))
		}
		const most = 6
		for i, t := range ts {
			label := ""
			if i == 0 {
				label = "trials"
			}
			if i == most {
				fmt.Fprintf(s.w, "  %-9s and %d more\n", label, len(ts)-most)
				break
			}
			fmt.Fprintf(s.w, "  %-9s %s\n", label, name(t))
		}
		fmt.Fprintln(s.w)
	}
}

// items is the table of the nine questions.
func (s *summary) items(res *check.Result) {
	for _, it := range res.Items {
		text := plain(it.Why)
		if it.Verdict == check.Pass {
			text = counts(it.Counts)
		}
		const width = 100
		if r := []rune(text); len(r) > width {
			text = string(r[:width-1]) + "…"
		}
		fmt.Fprintf(s.w, "%s  %-16s  %s  %s\n", it.Item, key(it.Item), s.verdict(it.Verdict, 14), text)
	}
}

// ANSI colours.
const (
	red, green, yellow, dim, reset = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
)

func (s *summary) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return colour + text + reset
}

func (s *summary) verdict(v check.Verdict, width int) string {
	text := fmt.Sprintf("%-*v", width, v)
	switch v {
	case check.Pass:
		return s.paint(green, text)
	case check.Fail, check.Error:
		return s.paint(red, text)
	case check.NotApplicable:
		return s.paint(dim, text)
	}
	return s.paint(yellow, text)
}

func (s *summary) outcome(o check.Outcome) string {
	text := o.String()
	switch o {
	case check.Success:
		return s.paint(green, text)
	case check.Failure:
		return s.paint(red, text)
	}
	return s.paint(yellow, text)
}
