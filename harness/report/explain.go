package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/useipsec/useipsec/captures/check"
)

// explain writes explain.md of a trial: what stands against the peer, why, and the packets.
func explain(w io.Writer, t *check.TrialResult, l *ladder) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# %s: %v\n\n", name(t), t.Verdict)
	if t.Title != "" {
		fmt.Fprintf(b, "%s.\n\n", strings.TrimSuffix(t.Title, "."))
	}
	if !completed(t) {
		fmt.Fprintf(b, "The trial was %s", t.Status)
		if t.Reason != "" {
			fmt.Fprintf(b, ": %s", markdown(t.Reason))
		}
		fmt.Fprint(b, ".\n\n")
	}
	fmt.Fprintf(b, "Checks: %s.\n", counts(t.Counts))
	findings := func(title string, keep func(*check.Finding) bool) {
		for i := range t.Findings {
			f := &t.Findings[i]
			if !keep(f) {
				continue
			}
			if title != "" {
				fmt.Fprintf(b, "\n## %s\n", title)
				title = ""
			}
			fmt.Fprintf(b, "\n### %s: %v\n\n%s (%v, %s).\n\n", f.Rule, f.Verdict, f.Title, f.Level, f.Ref)
			for _, l := range facts(f) {
				fmt.Fprintf(b, "- %s: %s\n", l.Label, markdown(l.Text))
			}
		}
	}
	findings("Against the peer", against)
	findings("Worth a look", func(f *check.Finding) bool { return !against(f) && warns(f) })
	for i, d := range t.Diagnoses {
		if i == 0 {
			fmt.Fprint(b, "\n## Diagnosis\n")
		}
		fmt.Fprintf(b, "\n### %s (%s)\n\n- symptom: %s\n", markdown(d.Cause), d.Confidence, markdown(d.Symptom))
		for _, e := range d.Evidence {
			fmt.Fprintf(b, "- evidence: %s\n", markdown(e))
		}
		if len(d.Frames) > 0 {
			fmt.Fprintf(b, "- frames: %s\n", numbers(d.Frames))
		}
		fmt.Fprintf(b, "- fix: %s\n", markdown(d.Fix))
	}
	if l != nil && len(l.Rungs) > 0 {
		fmt.Fprint(b, "\n## Packets\n\n```\n")
		textLadder(b, l)
		fmt.Fprint(b, "```\n")
	}
	return b.Flush()
}

// textLadder draws the ladder in plain text.
func textLadder(w io.Writer, l *ladder) {
	fmt.Fprintf(w, "%5s %10s  %s  ->  %s\n", "frame", "time", l.Left, l.Right)
	for i := range l.Rungs {
		r := &l.Rungs[i]
		if r.Gap > 0 {
			fmt.Fprintf(w, "%5s %10s  … %s left out\n", "", "", plural(r.Gap, "packet"))
		}
		arrow, mark := "<-", " "
		if r.FromLeft {
			arrow = "->"
		}
		if r.Cited {
			mark = "!"
		}
		line := fmt.Sprintf("%s%4d %10s  %s  %s", mark, r.Frame, r.Time(), arrow, r.Label)
		if r.Detail != "" {
			line += "  [" + r.Detail + "]"
		}
		fmt.Fprintln(w, line)
	}
	if n := l.Note(); n != "" {
		fmt.Fprintln(w, n)
	}
}

// Time is the time of a packet since the first one, in milliseconds.
func (r *rung) Time() string { return fmt.Sprintf("%.3f ms", float64(r.At.Nanoseconds())/1e6) }

// Note says what the ladder does not show.
func (l *ladder) Note() string {
	var note string
	if l.Hidden > 0 {
		note = fmt.Sprintf("%d of %s are not shown; wire.pcapng has them all.", l.Hidden, plural(l.Total, "packet"))
	}
	if l.Broken != "" {
		note = strings.TrimSpace(note + " The capture could not be read further: " + l.Broken)
	}
	return note
}
