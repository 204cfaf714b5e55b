package check

import (
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// Options say what is judged, and how. The zero value judges everything.
type Options struct {
	Filter  Filter
	Exclude []Exclusion
	// Claims about the peer are held against the trials of a run; nil for none.
	Claims *scenarios.Claims
	// Diagnose makes what explains the failures of one trial; nil explains
	// nothing.
	Diagnose func(*Subject) Explainer
	// Certificates are those known beforehand of a capture from elsewhere. A trial
	// has its own.
	Certificates []*x509.Certificate
	// OnTrial is called with each trial that was judged, in order.
	OnTrial func(*TrialResult)
}

// Explainer watches a trial along with the rules and explains what went wrong.
type Explainer interface {
	// Event takes note of one packet. The event is valid during the call only.
	Event(*dissect.Event)
	// Explain returns the diagnoses, the most confident first, given all
	// findings.
	Explain([]Finding) []Diagnosis
}

// ErrCapture is wrapped by the error of Capture when the capture cannot be read
// to its end.
var ErrCapture = errors.New("capture not read to its end")

// Run judges all trials of a bundle against a profile. The result is closed:
// counts, verdict and exit code are filled in. It depends on nothing but the
// bundle, the profile and the options.
//
// An error is one of the options: a pattern that matches nothing. Evidence that
// cannot be read makes its trial's verdict error instead.
func Run(b *evidence.Bundle, p *profile.Profile, o Options) (*Result, error) {
	rules, err := o.rules()
	if err != nil {
		return nil, err
	}
	run := b.Run()
	res := &Result{
		Schema: Schema, Tool: run.Tool, ToolVersion: run.ToolVersion, Started: run.Started.UTC(),
		Profile: run.Profile, Lab: run.Lab,
		Peer:  Peer{Name: run.Peer.Name, Version: run.Peer.Version, Carrier: run.Peer.Carrier, Detail: run.Peer.Detail},
		Notes: b.Notes(), Trials: []TrialResult{},
	}
	if p != nil {
		res.Profile, res.Demands = p.Name, demands(p)
	}
	for t, err := range b.Trials() {
		tr := o.trial(t, err, p, rules)
		res.Trials = append(res.Trials, *tr)
		if o.OnTrial != nil {
			o.OnTrial(tr)
		}
	}
	if o.Claims != nil {
		res.Hold(o.Claims)
	}
	res.Close()
	return res, nil
}

// trial judges one trial of a bundle.
func (o Options) trial(t *evidence.TrialReader, err error, p *profile.Profile, rules []Rule) *TrialResult {
	tr := &TrialResult{
		Peer: t.Ref.Peer, Scenario: t.Ref.Scenario, Trial: t.Ref.Trial, Dir: t.Ref.Dir,
		Status: t.Ref.Status, Reason: t.Ref.Reason,
		Title: t.Meta.Spec.Title, Altered: t.Altered(), Findings: []Finding{},
	}
	for _, it := range t.Meta.Spec.Items {
		tr.Items = append(tr.Items, it.String())
	}
	if err == nil && tr.Status == evidence.StatusCompleted {
		err = o.completed(tr, t, p, rules)
	}
	if err != nil {
		tr.Status, tr.Reason = evidence.StatusError, err.Error()
	}
	if s := NewSubject(p, &t.Meta); s.Role() != 0 {
		tr.Needs = t.Meta.Spec.Needs(s.Role())
	}
	if tr.Status != evidence.StatusCompleted {
		o.unjudged(tr, rules)
	}
	tr.Close()
	return tr
}

// completed judges a trial that was completed.
func (o Options) completed(tr *TrialResult, t *evidence.TrialReader, p *profile.Profile, rules []Rule) error {
	keys, err := t.Keys()
	if err != nil {
		return err
	}
	s := NewSubject(p, &t.Meta)
	if s.Certificates, err = t.Certificates(); err != nil {
		return err
	}
	if s.Incidents, err = t.Faults(); err != nil {
		return err
	}
	return o.judge(tr, s, rules, t.Packets(), keys)
}

// unjudged leaves one finding in a trial that was not completed: that it did
// not come to its outcome.
func (o Options) unjudged(tr *TrialResult, rules []Rule) {
	tr.Findings = tr.Findings[:0]
	v, _ := statusVerdict(tr.Status)
	for i := range rules {
		if r := &rules[i]; r.ID == "scenario.outcome" {
			f := Finding{Verdict: v, Actual: orElse(tr.Reason, "the trial was "+tr.Status)}
			if v == Inconclusive {
				f.Next = "run the trial again"
			}
			tr.Findings = append(tr.Findings, r.label(f))
		}
	}
}

// Capture judges a capture from elsewhere, which everybody in it has to stand
// up to; name stands for the scenario in the result. The profile may be nil:
// then only what the RFCs ask is judged. The trial's result is closed.
//
// A capture that breaks off is judged as far as it goes; the error then wraps
// ErrCapture and what the packet source said, and the result is there too.
// Errors of the options come without a result.
func Capture(name string, packets iter.Seq2[captures.Packet, error], keys *keylog.Log, p *profile.Profile, o Options) (*TrialResult, error) {
	rules, err := o.rules()
	if err != nil {
		return nil, err
	}
	tr := &TrialResult{Scenario: name, Status: evidence.StatusCompleted, Findings: []Finding{}}
	s := NewSubject(p, nil)
	s.Certificates = o.Certificates
	err = o.judge(tr, s, rules, packets, keys)
	if err != nil {
		tr.Reason = err.Error()
	}
	tr.Close()
	if o.OnTrial != nil {
		o.OnTrial(tr)
	}
	return tr, err
}

// Captured makes a closed result of captures that Capture judged.
func Captured(tool, version string, p *profile.Profile, trials ...TrialResult) *Result {
	res := &Result{Schema: Schema, Tool: tool, ToolVersion: version, Trials: trials}
	if p != nil {
		res.Profile = p.Name
	}
	res.Close()
	return res
}

// rules returns the selected rules, those excluded included.
func (o Options) rules() ([]Rule, error) {
	rules, err := o.Filter.Select(Rules())
	if err != nil {
		return nil, err
	}
	for _, x := range o.Exclude {
		if _, err := (Filter{Rules: []string{x.Rules}}).Select(rules); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// excluded says why a rule does not run, or "".
func (o Options) excluded(r *Rule) string {
	for _, x := range o.Exclude {
		if ok, _ := path.Match(x.Rules, r.ID); ok {
			return orElse(x.Reason, "excluded")
		}
	}
	return ""
}

// judge feeds the packets to all checkers at once and takes their findings.
func (o Options) judge(tr *TrialResult, s *Subject, rules []Rule, packets iter.Seq2[captures.Packet, error], keys *keylog.Log) error {
	checkers := make([]Checker, len(rules))
	for i := range rules {
		if r := &rules[i]; o.excluded(r) == "" {
			checkers[i] = r.new(s, r)
		}
	}
	var explainer Explainer
	if o.Diagnose != nil {
		explainer = o.Diagnose(s)
	}
	seen := newWatcher(s)
	var failed error
	d := dissect.NewDecoder(keys, dissect.Limits{})
	d.Certificates = s.Certificates
	for e, err := range d.Decode(packets) {
		if err != nil {
			failed = fmt.Errorf("captures/check: %w after frame %d: %w", ErrCapture, tr.Packets.Frames, err)
			break
		}
		tr.Packets.add(e)
		for _, c := range checkers {
			if c != nil {
				c.Event(e)
			}
		}
		if explainer != nil {
			explainer.Event(e)
		}
		if !s.Foreign() {
			seen.Event(e)
		}
	}
	tr.Shown, tr.Refused = seen.Shown(), seen.Refused()
	for i, c := range checkers {
		r := &rules[i]
		if c == nil {
			tr.Findings = append(tr.Findings, r.label(Finding{Verdict: Skipped, Actual: o.excluded(r)}))
			continue
		}
		f := c.Finding()
		if asksProfile(r.ID) && s.harnessAtFault() {
			f = notApplicable("the harness's end is made to be at fault: what the peer makes of that says nothing about the profile")
		}
		tr.Findings = append(tr.Findings, s.tolerate(r.label(f)))
	}
	if explainer != nil {
		tr.Diagnoses = explainer.Explain(slices.Clone(tr.Findings))
		explain(tr)
	}
	return failed
}

// label fills in what the rule says.
func (r *Rule) label(f Finding) Finding {
	f.Rule, f.Item, f.Ref, f.Level, f.Title = r.ID, r.Letter(), r.Ref, r.Level, r.Title
	return f
}

// tolerate turns a failure that the peer is known for, in this scenario, into a
// pass that leans on it.
func (s *Subject) tolerate(f Finding) Finding {
	if s.Foreign() || f.Verdict != Fail {
		return f
	}
	for _, q := range s.Trial.Spec.Expect.Tolerates(s.Trial.Peer, f.Rule) {
		f.Verdict, f.Tolerated, f.Next = Pass, true, ""
		f.Witness, f.Actual = f.Actual, q.Why+" ("+f.Actual+")"
	}
	return f
}

// explain gives the findings their causes: the first diagnosis that accounts
// for a finding does.
func explain(tr *TrialResult) {
	for i := range tr.Findings {
		f := &tr.Findings[i]
		if f.Verdict != Fail && f.Verdict != Inconclusive {
			continue
		}
		for _, d := range tr.Diagnoses {
			if slices.Contains(d.Explains, f.Rule) {
				f.Why, f.Next = d.Cause, d.Fix
				break
			}
		}
	}
}

// add counts a packet by what was made of it.
func (c *PacketCounts) add(e *dissect.Event) {
	c.Frames++
	switch {
	case e.Kind == dissect.KindISAKMP || e.Kind == dissect.KindIKEv2:
		c.ISAKMP++
		if e.ISAKMP != nil && e.ISAKMP.Decrypted {
			c.Decrypted++
		}
	case e.Kind == dissect.KindESP:
		c.ESP++
		if e.Inner != nil {
			c.ESPDecrypted++
		}
	case e.Kind == dissect.KindAH:
		c.AH++
	case e.Kind == dissect.KindKeepalive:
		c.Keepalive++
	case e.Clear():
		c.Clear++
	}
	if e.Opaque != "" {
		c.Opaque++
	}
}
