package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// completed is the status of a trial that came to its end.
const completed = "completed"

// plain makes one line of printable characters out of s. Captures come from
// anywhere, and what a peer sent must not drive a terminal or end a line of
// Markdown: control and formatting characters become U+FFFD.
func plain(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)), " ")
}

// trialName names a trial within its result. A capture has no role.
func trialName(t *check.TrialResult) string {
	if t.Trial == "" {
		return t.Scenario
	}
	return t.Scenario + " (peer is " + t.Trial + ")"
}

// key is the profile's word for a letter: "selectors" for a.
func key(item string) string {
	if len(item) != 1 || !profile.Item(item[0]).Valid() {
		return item
	}
	return profile.Item(item[0]).Key()
}

// frames lists the frames of a finding: "frames 3, 4 and 12 more". It is empty
// when there are none.
func frames(f *check.Finding) string {
	s := numbers(f.Frames)
	switch more := f.FramesTotal - len(f.Frames); {
	case s == "":
		return ""
	case more > 0:
		return fmt.Sprintf("%s and %d more", s, more)
	}
	return s
}

func numbers(ns []int) string {
	var b strings.Builder
	for i, n := range ns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// expected joins the alternatives that would have been accepted.
func expected(f *check.Finding) string { return strings.Join(f.Expected, ", or ") }

// plural gives "1 check", "2 checks".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// counted is one kind of verdict in a list of counts.
type counted struct {
	Word string
	N    int
}

// counts lists what is not zero of c, what matters most first.
func counts(c check.Counts) []counted {
	all := []counted{
		{"fail", c.Fail},
		{"error", c.Error},
		{"inconclusive", c.Inconclusive},
		{"unsupported", c.Unsupported},
		{"skipped", c.Skipped},
		{"warning", c.Warnings},
		{"pass", c.Pass},
		{"not-applicable", c.NotApplicable},
	}
	kept := all[:0]
	for _, x := range all {
		if x.N > 0 {
			kept = append(kept, x)
		}
	}
	return kept
}

// countsText gives "2 fail, 30 pass", or "nothing".
func countsText(c check.Counts) string {
	var parts []string
	for _, x := range counts(c) {
		parts = append(parts, fmt.Sprintf("%d %s", x.N, x.Word))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
