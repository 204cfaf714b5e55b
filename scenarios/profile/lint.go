package profile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// Severity says how serious a finding of Lint is.
type Severity uint8

// The severities. Note: worth knowing, the profile may well be right. Warning:
// the draft advises against it. Problem: it does not work, or the question has
// not been answered.
const (
	Note Severity = iota + 1
	Warning
	Problem
)

var severityNames = strict.Names{"", "note", "warning", "problem"}

// String returns "note", "warning" or "problem".
func (s Severity) String() string { return severityNames.String(uint8(s)) }

// MarshalText returns String.
func (s Severity) MarshalText() ([]byte, error) { return severityNames.Marshal(uint8(s)) }

// UnmarshalText takes what String returns.
func (s *Severity) UnmarshalText(b []byte) error { return strict.Unmarshal(severityNames, s, b) }

// Rule is a piece of advice that a profile can be held against.
type Rule struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"` // what it finds
	Item     Item     `json:"item"`
	Section  string   `json:"section"`  // of the draft: "3.1"; else "RFC 8221 5"
	Severity Severity `json:"severity"` // at most
	Advice   string   `json:"advice"`   // what that section says
	Instead  string   `json:"instead"`  // what to write instead, as a rule

	check func(*linter)
}

// Finding is a place where a profile does not follow a rule.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Item     Item     `json:"item"`
	Section  string   `json:"section"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Col      int      `json:"column"`
	Path     string   `json:"path"`
	Excerpt  string   `json:"excerpt"`            // the source line
	Msg      string   `json:"message"`            // what is the matter here
	Advice   string   `json:"advice"`             // what the section says
	Instead  string   `json:"instead"`            // what to write instead
	Accepted string   `json:"accepted,omitempty"` // why the profile keeps it
}

// String returns "file:line:col: severity: message [rule, section]".
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s [%s, %s]", f.File, f.Line, f.Col, f.Severity, f.Msg, f.Rule, reference(f.Section))
}

// Detail returns String followed by the quoted source line, the advice, what to
// write instead, and why the profile keeps it if it says so.
func (f Finding) Detail() string {
	text := fmt.Sprintf("%s\n%s\n      advice:  %s\n      instead: %s", f, strict.Quote(f.Excerpt, f.Line, f.Col), f.Advice, f.Instead)
	if f.Accepted != "" {
		text += "\n      accepted: " + f.Accepted
	}
	return text
}

// reference names a section; a bare number is one of the draft.
func reference(section string) string {
	if section != "" && section[0] >= '0' && section[0] <= '9' {
		return "section " + section
	}
	return section
}

// Rules returns the rules that Lint holds a profile against.
func Rules() []Rule {
	return slices.Concat(answerRules(), protocolRules(), keyingRules(), deviceRules(), trafficRules(), laterRules(), []Rule{acceptedRule()})
}

// ruleIDs returns the names of the rules, sorted.
func ruleIDs() []string {
	var ids []string
	for _, r := range Rules() {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return ids
}

// Lint returns where the profile does not follow the advice of the draft and
// of what came after it, in the order of the text. What the profile says it
// accepts is left out.
func Lint(p *Profile) []Finding {
	return slices.DeleteFunc(LintAll(p), func(f Finding) bool { return f.Accepted != "" })
}

// LintAll is Lint with what the profile accepts, and why.
func LintAll(p *Profile) []Finding {
	l := linter{p: p, used: make([]bool, len(p.Accepted))}
	for _, l.rule = range Rules() {
		first := len(l.found)
		l.rule.check(&l)
		l.accept(l.found[first:])
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		return cmp.Or(a.Line-b.Line, a.Col-b.Col)
	})
	return l.found
}

// linter collects the findings of one rule after the other.
type linter struct {
	p     *Profile
	rule  Rule
	found []Finding
	used  []bool // by index in Profile.Accepted
}

// report adds a finding at a path, with the severity and the proposal of the
// rule. The caller may change it until the next call.
func (l *linter) report(path, format string, args ...any) *Finding {
	r := l.rule
	f := Finding{
		Rule: r.ID, Severity: r.Severity, Item: r.Item, Section: r.Section,
		File: l.p.File(), Path: path, Msg: fmt.Sprintf(format, args...), Advice: r.Advice, Instead: r.Instead,
	}
	f.Line, f.Col, f.Excerpt = l.p.At(path)
	l.found = append(l.found, f)
	return &l.found[len(l.found)-1]
}
