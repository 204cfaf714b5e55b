package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/useipsec/useipsec/captures/check"
)

// JUnit writes a result the way continuous integration reads it: a suite for each trial, a
// case for each rule. What stands against the peer is a failure, and an error where it could
// not be decided or is our fault. A rule of level should or may passes whatever it found,
// with its text as output, since it does not decide the verdict either. What was not judged
// (unsupported, skipped, not applicable) is skipped, with the reason. Times are zero: checks
// are made from evidence and take none worth telling.
func JUnit(w io.Writer, res *check.Result) error {
	all := junit.Testsuites{Name: strings.TrimSpace("useipsec " + plain(res.Profile)), Time: "0.000"}
	for i := range res.Trials {
		all.AddSuite(suite(res, &res.Trials[i], i))
	}
	if res.Claims != nil {
		all.AddSuite(claimsSuite(res.Claims, len(res.Trials)))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	return all.WriteXML(w)
}

func suite(res *check.Result, t *check.TrialResult, id int) junit.Testsuite {
	name := plain(strings.Trim(t.Scenario+"/"+t.Trial, "/"))
	s := junit.Testsuite{Name: name, ID: id, Time: "0.000", Package: plain(t.Peer), File: plain(t.Dir)}
	s.AddProperty("profile", plain(res.Profile))
	s.AddProperty("peer", peerLine(res.Peer))
	s.AddProperty("lab", plain(res.Lab))
	s.AddProperty("status", plain(t.Status))
	s.AddProperty("verdict", t.Verdict.String())
	for i := range t.Findings {
		s.AddTestcase(testcase(name, &t.Findings[i]))
	}
	if len(t.Findings) == 0 && !completed(t) {
		// With the rule on the outcome filtered out nothing else would tell.
		s.AddTestcase(testcase(name, &check.Finding{Rule: "trial", Level: check.Must, Verdict: t.Verdict, Actual: t.Status + ": " + t.Reason}))
	}
	return s
}

func testcase(suite string, f *check.Finding) junit.Testcase {
	c := junit.Testcase{Name: f.Rule, Classname: suite, Time: "0.000", Status: f.Verdict.String()}
	result := &junit.Result{Message: plain(f.Actual), Type: f.Verdict.String(), Data: "\n" + details(f)}
	switch {
	case f.Verdict == check.Skipped, f.Verdict == check.Unsupported, f.Verdict == check.NotApplicable:
		c.Skipped = &junit.Result{Message: f.Verdict.String() + ": " + plain(f.Actual)}
	case warns(f):
		c.SystemOut = &junit.Output{Data: result.Data}
	case f.Verdict == check.Pass:
		if f.Witness != "" {
			c.SystemOut = &junit.Output{Data: plain(f.Witness)}
		}
	case f.Verdict == check.Fail:
		c.Failure = result
	default:
		c.Error = result
	}
	return c
}

// details tells a finding in lines of plain text.
func details(f *check.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%v, %s)\n", f.Title, f.Level, f.Ref)
	for _, l := range facts(f) {
		fmt.Fprintf(&b, "%-9s %s\n", l.Label+":", l.Text)
	}
	return b.String()
}
