package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/schollz/progressbar/v3"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness"
)

// progress shows how a run goes: a bar on a terminal, a line for each trial elsewhere.
type progress struct {
	w     io.Writer
	quiet bool
	tty   bool
	bar   *progressbar.ProgressBar
	done  int
}

func newProgress(w io.Writer, quiet bool) *progress {
	return &progress{w: w, quiet: quiet, tty: isTerminal(w)}
}

// update is called for one moment of the run at a time.
func (p *progress) update(m harness.Progress) {
	if p.quiet {
		return
	}
	if p.tty && p.bar == nil {
		p.bar = progressbar.NewOptions(m.Total, progressbar.OptionSetWriter(p.w), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionShowCount(), progressbar.OptionSetWidth(24))
	}
	if m.State == "done" {
		p.done++
	}
	switch {
	case p.tty && m.State == "done":
		_ = p.bar.Set(p.done)
	case p.tty:
		what := m.Trial.String()
		if m.State == "step" {
			what += ": " + m.Detail
		}
		p.bar.Describe(fmt.Sprintf("%-56.56s", what))
	case m.State == "done" && m.Status == evidence.StatusCompleted:
		fmt.Fprintf(p.w, "[%d/%d] %s\n", p.done, m.Total, m.Trial)
	case m.State == "done":
		reason, _, _ := strings.Cut(m.Reason, "\n")
		fmt.Fprintf(p.w, "[%d/%d] %s %s: %s\n", p.done, m.Total, m.Trial, m.Status, reason)
	}
}

func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
