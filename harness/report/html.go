package report

import (
	"bufio"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
)

//go:embed report.html.tmpl
var pageSource string

//go:embed report.css
var pageStyle string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"plain": plain, "counts": counts, "plural": plural, "numbers": numbers, "key": key,
}).Parse(pageSource))

// Step is one packet of a trial in the packet ladder.
type Step = rung

// HTML writes report.html: one page with its style and its drawings in it, which
// asks nothing of a network and runs no script. trials gives the packets of the
// trial in a directory of the bundle; of them the first 60 are drawn. With trials
// nil, or for a trial without a directory, there is no ladder; an error of trials
// is shown in the place of the packets it keeps back.
func HTML(w io.Writer, r *check.Result, trials func(dir string) ([]Step, error)) error {
	all := make([]*ladder, len(r.Trials))
	for i := range r.Trials {
		t := &r.Trials[i]
		if trials == nil || t.Dir == "" {
			continue
		}
		steps, err := trials(t.Dir)
		l := &ladder{Left: "harness", Right: "peer", Rungs: steps[:min(len(steps), maxRungs)]}
		l.Total = max(t.Packets.Frames, len(steps))
		l.Hidden = l.Total - len(l.Rungs)
		if err != nil {
			l.Broken = err.Error()
		}
		all[i] = l
	}
	return page(w, evidence.Run{}, r, all)
}

// page writes report.html. ladders has one for each trial of res, nil where there is no
// capture.
func page(w io.Writer, run evidence.Run, res *check.Result, ladders []*ladder) error {
	v := &view{Style: template.CSS(pageStyle), Run: run, Result: res}
	byTrial := map[*check.TrialResult]*trialView{}
	for i := range res.Trials {
		t := newTrialView(&res.Trials[i], fmt.Sprintf("t%d", i+1), ladders[i])
		byTrial[t.TrialResult] = t
		v.Trials = append(v.Trials, t)
	}
	for _, p := range problems(res) {
		pv := problemView{Finding: p.Finding, Where: []*trialView{byTrial[p.trial]}}
		for _, t := range p.more {
			pv.Where = append(pv.Where, byTrial[t])
		}
		v.Problems = append(v.Problems, pv)
	}
	b := bufio.NewWriter(w)
	if err := pageTemplate.Execute(b, v); err != nil {
		return err
	}
	return b.Flush()
}

// view is what the page shows.
type view struct {
	*check.Result
	Style    template.CSS
	Run      evidence.Run
	Problems []problemView
	Trials   []*trialView
}

// problemView is something to mend, with everywhere it happened.
type problemView struct {
	*check.Finding
	Where []*trialView
}

// Facts leaves the frames out: they belong to one trial of many.
func (p problemView) Facts() []fact {
	return slices.DeleteFunc(facts(p.Finding), func(f fact) bool { return f.Label == "frames" })
}

// Others are the trials after the first, whose facts are shown for all.
func (p problemView) Others() []*trialView { return p.Where[1:] }

// PeerLine says who was tested.
func (v *view) PeerLine() string { return peerLine(v.Peer) }

// Undecided counts the findings that Problems leaves out because they follow from failures.
func (v *view) Undecided() int { return undecided(v.Result) }

// Capture reports whether the result is about captures from elsewhere.
func (v *view) Capture() bool { return v.Peer.Name == "" }

// Sentence says what the verdict rests on.
func (v *view) Sentence() string {
	of := plural(len(v.Result.Trials), "trial")
	if v.Capture() {
		of = plural(len(v.Result.Trials), "capture")
	}
	switch c := v.TrialCounts; {
	case len(v.Result.Trials) == 0:
		return "Nothing was run, so nothing was shown."
	case v.Verdict == check.Failure && c.Fail == 0:
		return fmt.Sprintf("No required check failed, but what is claimed was refuted: of the claims, %s.", standings(v.Claims))
	case v.Verdict == check.Failure:
		return fmt.Sprintf("A required check failed in %d of %s.", c.Fail, of)
	case v.Verdict == check.Success:
		return fmt.Sprintf("Every required check that applies passed, in %d of %s.", c.Pass, of)
	case c.Pass == 0:
		return fmt.Sprintf("Nothing failed, but nothing was shown either: of %s, none passed.", of)
	}
	missing := fmt.Sprintf("of %s, %s", of, counts(v.TrialCounts))
	if v.Claims != nil {
		missing += "; of the claims, " + standings(v.Claims)
	}
	return fmt.Sprintf("Nothing failed, but not everything required was shown: %s.", missing)
}

// Started is when the run was, and how long it took; empty when that is not known.
func (v *view) Started() string {
	if v.Run.Started.IsZero() {
		return ""
	}
	s := v.Run.Started.UTC().Format("2006-01-02 15:04:05 UTC")
	if took := v.Run.Finished.Sub(v.Run.Started); took > 0 {
		s += ", " + took.Round(time.Millisecond).String()
	}
	return s
}

// trialView is one trial with its findings sorted.
type trialView struct {
	*check.TrialResult
	ID      string // of its section
	Name    string
	Against []findingView // what stands against it, failures first
	Worth   []findingView // a look, without counting
	Passed  []findingView
	Rest    []findingView // did not apply, or was left out
	Ladder  *ladderView
}

// findingView is a finding with its frames, each linked to the packet if that is drawn.
type findingView struct {
	*check.Finding
	Cited []frameView
	More  int // frames that the finding does not name
}

// Facts are what a finding says, but for its frames.
func (f findingView) Facts() []fact { return problemView{Finding: f.Finding}.Facts() }

type frameView struct {
	Number int
	Link   string // the drawn packet's element, or empty
}

func newTrialView(t *check.TrialResult, id string, l *ladder) *trialView {
	v := &trialView{TrialResult: t, ID: id, Name: name(t), Ladder: newLadderView(l, id)}
	for i := range t.Findings {
		f := findingView{Finding: &t.Findings[i], Cited: v.frames(t.Findings[i].Frames)}
		f.More = max(f.FramesTotal-len(f.Frames), 0)
		switch {
		case against(f.Finding):
			v.Against = append(v.Against, f)
		case warns(f.Finding):
			v.Worth = append(v.Worth, f)
		case f.Verdict == check.Pass:
			v.Passed = append(v.Passed, f)
		default:
			v.Rest = append(v.Rest, f)
		}
	}
	slices.SortStableFunc(v.Against, func(a, b findingView) int {
		switch {
		case a.Verdict == b.Verdict:
			return 0
		case a.Verdict.Worse(b.Verdict) == a.Verdict:
			return -1
		}
		return 1
	})
	return v
}

// frames links the frames that are drawn.
func (t *trialView) frames(ns []int) []frameView {
	all := make([]frameView, len(ns))
	for i, n := range ns {
		all[i].Number = n
		if t.Ladder.shows(n) {
			all[i].Link = fmt.Sprintf("#%s-%d", t.ID, n)
		}
	}
	return all
}

// DiagnosisFrames links the frames of a diagnosis.
func (t *trialView) DiagnosisFrames(d check.Diagnosis) []frameView { return t.frames(d.Frames) }

// Completed reports whether the trial came to its end.
func (t *trialView) Completed() bool { return completed(t.TrialResult) }

// Plays words the role of the peer.
func (t *trialView) Plays() string {
	switch t.Trial {
	case "responder":
		return "responds"
	case "initiator":
		return "initiates"
	}
	return t.Trial
}

// Letters are the questions the scenario exercises: "b, h".
func (t *trialView) Letters() string { return strings.Join(t.Items, ", ") }
