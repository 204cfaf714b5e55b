package check

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// ErrNoMatch is returned when a pattern of a Filter matches no rule.
var ErrNoMatch = errors.New("matches no rule")

// Filter selects rules. Within a field a rule needs to match one pattern,
// across fields it needs to match each field that is not empty.
type Filter struct {
	// Rules are globs over identifiers: "ike.quick.*".
	Rules []string
	// Refs are references, or the start of one up to a slash or a dot:
	// "RFC2409/5.5", "RFC2409".
	Refs []string
	// Items are letters, "a" to "i".
	Items []string
}

// Exclusion takes rules out of a run, and says why.
type Exclusion struct {
	// Rules is a glob over identifiers.
	Rules  string
	Reason string
}

// Select returns the rules that f lets through, in their order. It returns an
// error that wraps ErrNoMatch and names every pattern that matches nothing; a
// pattern that is no glob gives path.ErrBadPattern.
func (f Filter) Select(rules []Rule) ([]Rule, error) {
	var errs []error
	keep := make([]bool, len(rules))
	for i := range keep {
		keep[i] = true
	}
	for _, field := range []struct {
		option   string
		patterns []string
		match    func(pattern string, r *Rule) (bool, error)
	}{
		{"rule", f.Rules, func(p string, r *Rule) (bool, error) { return path.Match(p, r.ID) }},
		{"ref", f.Refs, func(p string, r *Rule) (bool, error) { return refMatches(p, r.Ref), nil }},
		{"item", f.Items, func(p string, r *Rule) (bool, error) { return p == r.Letter(), nil }},
	} {
		if len(field.patterns) == 0 {
			continue
		}
		matched := make([]bool, len(rules))
		for _, p := range field.patterns {
			hit := false
			for i := range rules {
				ok, err := field.match(p, &rules[i])
				if err != nil {
					return nil, fmt.Errorf("captures/check: %s %q: %w", field.option, p, err)
				}
				if ok {
					hit, matched[i] = true, true
				}
			}
			if !hit {
				errs = append(errs, fmt.Errorf("captures/check: %s %q %w", field.option, p, ErrNoMatch))
			}
		}
		for i := range keep {
			keep[i] = keep[i] && matched[i]
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var out []Rule
	for i := range rules {
		if keep[i] {
			out = append(out, rules[i])
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("captures/check: the selection as a whole %w", ErrNoMatch)
	}
	return out, nil
}

// refMatches reports whether the reference ref is pattern or lies beneath it.
func refMatches(pattern, ref string) bool {
	rest, ok := strings.CutPrefix(strings.ToUpper(ref), strings.ToUpper(pattern))
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '.')
}
