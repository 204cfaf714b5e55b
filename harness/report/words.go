package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// plain makes one line of printable characters out of s. Captures come from anywhere, and
// what a peer sent must not drive a terminal or end a line of Markdown.
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

// name is what a trial is called: "main/psk/3des-sha1-modp1024 (peer responds)".
func name(t *check.TrialResult) string {
	switch t.Trial {
	case "":
		return plain(t.Scenario)
	case "responder":
		return t.Scenario + " (peer responds)"
	case "initiator":
		return t.Scenario + " (peer initiates)"
	}
	return t.Scenario + " (" + t.Trial + ")"
}

// completed reports whether a trial came to its end, so that its findings say something.
func completed(t *check.TrialResult) bool { return t.Status == evidence.StatusCompleted }

// against reports whether a finding stands against its trial.
func against(f *check.Finding) bool { return f.Required() && f.Verdict != check.Pass }

// warns reports whether a finding is worth a look although it does not count.
func warns(f *check.Finding) bool {
	return f.Tolerated || !f.Required() && (f.Verdict == check.Fail || f.Verdict == check.Inconclusive)
}

// expected words the acceptable alternatives.
func expected(f *check.Finding) string { return plain(strings.Join(f.Expected, ", or ")) }

// frames lists frame numbers: "3, 5, 7 and 117 more".
func frames(f *check.Finding) string {
	s := numbers(f.Frames)
	if more := f.FramesTotal - len(f.Frames); s != "" && more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

func numbers(ns []int) string {
	parts := make([]string, len(ns))
	for i, n := range ns {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ", ")
}

// fact is one line about a finding.
type fact struct{ Label, Text string }

// facts is everything a finding says, without what it leaves open.
func facts(f *check.Finding) []fact {
	var kept []fact
	for _, l := range []fact{
		{"expected", expected(f)},
		{"actual", f.Actual},
		{"frames", frames(f)},
		{"witness", f.Witness},
		{"cause", f.Why},
		{"next", f.Next},
	} {
		if l.Text = plain(l.Text); l.Text != "" {
			kept = append(kept, l)
		}
	}
	return kept
}

// counts words how many there are of each verdict, what matters most first: "1 fail, 12 pass".
func counts(c check.Counts) string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{
		{c.Fail, "fail"},
		{c.Error, "error"},
		{c.Inconclusive, "inconclusive"},
		{c.Unsupported, "unsupported"},
		{c.Skipped, "skipped"},
		{c.Pass, "pass"},
		{c.NotApplicable, "not applicable"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	if c.Warnings > 0 {
		parts = append(parts, plural(c.Warnings, "warning"))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// plural gives "1 trial", "2 trials".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// peerLine says who was tested: "strongswan 5.9.8 (guest)".
func peerLine(p check.Peer) string {
	s := p.Name
	if s == "" {
		return "a capture from elsewhere"
	}
	if p.Version != "" {
		s += " " + p.Version
	}
	if p.Carrier != "" {
		s += " (" + p.Carrier + ")"
	}
	return plain(s)
}

// key is the profile's word for one of the nine questions: "user granularity" for e.
func key(item string) string {
	if len(item) != 1 || !profile.Item(item[0]).Valid() {
		return item
	}
	return strings.ReplaceAll(profile.Item(item[0]).Key(), "_", " ")
}
