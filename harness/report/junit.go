package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/useipsec/useipsec/captures/check"
)

// JUnit writes a result the way continuous integration reads it: a suite for
// each trial, a case for each rule. A failed requirement of level must is a
// failure; one of level should or may passes with its text as output, since it
// does not decide the verdict either. What was not judged (unsupported, skipped,
// not applicable) is skipped, with the reason; what could not be decided
// (inconclusive, or an error of ours) is an error. Times are zero: checks are
// made from evidence and take none worth telling.
func JUnit(w io.Writer, r *check.Result) error {
	all := junit.Testsuites{Name: "useipsec " + plain(r.Profile), Time: "0.000"}
	for i := range r.Trials {
		all.AddSuite(suite(r, &r.Trials[i], i))
	}
	if _, err := io.WriteString(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"); err != nil {
		return err
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	return all.WriteXML(w)
}

func suite(r *check.Result, t *check.TrialResult, id int) junit.Testsuite {
	name := plain(strings.Trim(t.Scenario+"/"+t.Trial, "/"))
	s := junit.Testsuite{Name: name, ID: id, Time: "0.000", Package: plain(t.Peer), File: plain(t.Dir)}
	s.AddProperty("profile", plain(r.Profile))
	s.AddProperty("peer", plain(strings.TrimSpace(r.Peer.Name+" "+r.Peer.Version)))
	s.AddProperty("lab", plain(r.Lab))
	s.AddProperty("status", plain(t.Status))
	s.AddProperty("verdict", t.Verdict.String())
	for i := range t.Findings {
		s.AddTestcase(testcase(name, &t.Findings[i]))
	}
	if len(t.Findings) == 0 && t.Status != completed {
		// With the rule on the outcome filtered out nothing would tell.
		s.AddTestcase(testcase(name, &check.Finding{Rule: "trial", Verdict: t.Verdict, Level: check.Must, Actual: t.Status + ": " + t.Reason}))
	}
	return s
}

func testcase(suite string, f *check.Finding) junit.Testcase {
	c := junit.Testcase{Name: f.Rule, Classname: suite, Time: "0.000", Status: f.Verdict.String()}
	result := &junit.Result{Message: plain(f.Actual), Type: f.Verdict.String(), Data: "\n" + details(f)}
	switch {
	case f.Verdict == check.Fail && f.Level == check.Must:
		c.Failure = result
	case f.Verdict == check.Fail:
		c.SystemOut = &junit.Output{Data: result.Data}
	case f.Verdict == check.Pass:
		if f.Witness != "" {
			c.SystemOut = &junit.Output{Data: plain(f.Witness)}
		}
	case f.Verdict == check.Skipped, f.Verdict == check.Unsupported, f.Verdict == check.NotApplicable:
		c.Skipped = &junit.Result{Message: plain(f.Verdict.String() + ": " + f.Actual)}
	default:
		c.Error = result
	}
	return c
}

// details tells a finding in lines of plain text.
func details(f *check.Finding) string {
	var b strings.Builder
	line := func(label, text string) {
		if text = plain(text); text != "" {
			fmt.Fprintf(&b, "%-9s %s\n", label+":", text)
		}
	}
	line("rule", f.Rule+" ("+f.Ref+", "+f.Level.String()+")")
	line("asks", f.Title)
	line("expected", expected(f))
	line("actual", f.Actual)
	line("frames", frames(f))
	line("cause", f.Why)
	line("next", f.Next)
	return b.String()
}

// xmlChar replaces what XML 1.0 cannot hold, even in CDATA.
func xmlChar(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
		return '\ufffd'
	}
	return r
}
