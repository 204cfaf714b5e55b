// Package diagnose explains failures to a person: from the symptom to the
// cause, with the frames that speak for it and what to do about it.
//
// It watches the same events as the rules of package check and is called by
// whoever runs them: check.Options{Diagnose: diagnose.New}. The causes are those
// that real peers were seen to have. A diagnosis says how sure it is, and one
// that would need keys to be sure says so instead of guessing.
package diagnose

import (
	"cmp"
	"slices"

	"github.com/useipsec/useipsec/captures/check"
)

// New returns what explains one trial, or one capture from elsewhere. It is a
// value for check.Options.Diagnose.
func New(s *check.Subject) check.Explainer { return &story{subject: s} }

// cause looks for one cause in a story. ok is false when nothing speaks for it.
type cause func(s *story) (d check.Diagnosis, ok bool)

// causes lists all causes. Among those equally sure the earlier one goes first,
// so the more special ones stand before those they are special cases of.
func causes() []cause {
	return []cause{
		portClosed, versionRefused, silence,
		weakOffer, noProposalPhase1, aggressiveRefused, keyRefused, thirdUnanswered,
		wrongIV, port4500Filtered, pskMismatch, contactMalformed, privateIdentity, certificateRefused, hashRefused, authenticationFailed, identityRefused,
		xauthRefused, xauthContact, xauthUnanswered, configuredSelector, modeMismatch, selectorMismatch, pfsMismatch, noProposalPhase2, refusedHidden, thirdQuickLost, deletedAtOnce,
		truncatedSHA256, wrongKeys, oneWayESP, staleSA, leak,
	}
}

// Explain implements check.Explainer. A trial without anything to explain gets
// no diagnosis: a refusal that the scenario asked for is no failure.
func (s *story) Explain(findings []check.Finding) []check.Diagnosis {
	s.findings = findings
	if s.subject.Trial != nil && !slices.ContainsFunc(findings, func(f check.Finding) bool {
		return f.Verdict == check.Fail || f.Verdict == check.Inconclusive
	}) {
		return nil
	}
	var ds []check.Diagnosis
	for _, c := range causes() {
		if d, ok := c(s); ok {
			slices.Sort(d.Frames)
			d.Frames = slices.Compact(d.Frames)
			if len(d.Frames) > check.MaxFrames {
				d.Frames = d.Frames[:check.MaxFrames]
			}
			ds = append(ds, d)
		}
	}
	slices.SortStableFunc(ds, func(a, b check.Diagnosis) int { return cmp.Compare(rank(a.Confidence), rank(b.Confidence)) })
	return ds
}

func rank(c check.Confidence) int {
	switch c {
	case check.Certain:
		return 0
	case check.Likely:
		return 1
	}
	return 2
}

// finding returns the finding of a rule.
func (s *story) finding(rule string) check.Finding {
	for _, f := range s.findings {
		if f.Rule == rule {
			return f
		}
	}
	return check.Finding{}
}

// What the diagnoses of a phase that came to nothing account for.
var (
	explainsPhase1 = []string{
		"scenario.outcome", "scenario.traffic", "ike.main.six-messages", "ike.main.hash", "ike.id-port",
		"ike.aggressive.payloads", "ike.signature", "ike.cert.identity", "ike.cert.path",
		"profile.identification", "profile.address-asserted", "profile.algorithms-phase1", "profile.authentication",
	}
	explainsPhase2 = []string{"scenario.outcome", "scenario.traffic"}
)
