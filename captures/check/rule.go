package check

import (
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// Rule states one requirement.
type Rule struct {
	// ID is a stable slug, dotted from the general to the special.
	ID    string
	Title string
	// Item is the question that the requirement belongs to, 0 for none.
	Item profile.Item
	// Ref is where the requirement comes from: "RFC2409/5.5".
	Ref   string
	Level Level
	// Requirement is the requirement in our words, close to the reference's.
	Requirement string

	// expected lists what is accepted; a checker that knows better says so.
	expected []string
	// fix is the next step after a failure.
	fix string
	// noun is what the checker counts: "ESP packet".
	noun string
	// needs is how far a negotiation must come for the rule to have a subject,
	// role whose part of it is judged, 0 for both.
	needs stage
	role  scenarios.Role
	// unless says why the configuration of the trial gives the rule nothing to look
	// at, "" where it does; nil: it always does.
	unless func(*Subject) string
	// new makes the rule's checker for one trial.
	new func(*Subject, *Rule) Checker
}

// asksProfile reports whether the rule with an ID holds the peer against the profile,
// and not against an RFC.
func asksProfile(rule string) bool { return strings.HasPrefix(rule, "profile.") }

// Letter is the rule's item as a letter, or empty.
func (r *Rule) Letter() string {
	if r.Item == 0 {
		return ""
	}
	return r.Item.String()
}

// Checker watches one trial for one rule.
type Checker interface {
	// Event takes note of one packet. The event is valid during the call only.
	Event(*dissect.Event)
	// Finding gives the verdict once all events were seen. It fills in the
	// verdict and its reasons; who calls it fills in what the rule says.
	Finding() Finding
}

// Rules returns all rules, in the order in which reports show them. The slice
// is the caller's own.
func Rules() []Rule {
	var all []Rule
	for _, group := range [][]Rule{
		policyRules(), profileRules(), scenarioRules(),
		mainModeRules(), aggressiveRules(), saRules(), keyRules(), identityRules(), signatureRules(), transactionRules(), quickRules(), childRules(),
		informationalRules(), dpdRules(), messageRules(), fragmentRules(), nattRules(), nattVersionRules(), nattPathRules(), espRules(), dropRules(), encapsulationRules(), survivalRules(),
	} {
		all = append(all, group...)
	}
	return all
}
