package profile

import (
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
	ID      string `json:"id"`
	Item    Item   `json:"item"`
	Section string `json:"section"` // of the draft: "3.1"; else "RFC 8221 5"
	Advice  string `json:"advice"`  // what that section says

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
	Excerpt  string   `json:"excerpt"` // the source line
	Msg      string   `json:"message"` // what is the matter here
	Advice   string   `json:"advice"`  // what the section says
	Instead  string   `json:"instead"` // what to write instead
}

// String returns "file:line:col: severity: message [rule, section]".
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s [%s, %s]", f.File, f.Line, f.Col, f.Severity, f.Msg, f.Rule, reference(f.Section))
}

// Detail returns String followed by the quoted source line, the advice and what
// to write instead.
func (f Finding) Detail() string {
	return fmt.Sprintf("%s\n%s\n      advice:  %s\n      instead: %s", f, strict.Quote(f.Excerpt, f.Line, f.Col), f.Advice, f.Instead)
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
	return slices.Concat(answerRules(), adviceRules(), laterRules())
}

// Lint returns where the profile does not follow the advice of the draft and
// of what came after it, in the order of the text.
func Lint(p *Profile) []Finding {
	l := linter{p: p}
	for _, l.rule = range Rules() {
		l.rule.check(&l)
	}
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Col - b.Col
	})
	return l.found
}

// linter collects the findings of one rule after the other.
type linter struct {
	p     *Profile
	rule  Rule
	found []Finding
}

// report adds a finding at a path. instead says what to write there.
func (l *linter) report(s Severity, path, instead, format string, args ...any) {
	f := Finding{
		Rule: l.rule.ID, Severity: s, Item: l.rule.Item, Section: l.rule.Section,
		File: l.p.File(), Path: path, Msg: fmt.Sprintf(format, args...), Advice: l.rule.Advice, Instead: instead,
	}
	f.Line, f.Col, f.Excerpt = l.p.At(path)
	l.found = append(l.found, f)
}
