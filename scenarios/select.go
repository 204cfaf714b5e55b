package scenarios

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// ErrNoMatch is the error of a selection, or a part of one, that selects
// nothing.
var ErrNoMatch = errors.New("selects no scenario")

// Selection says which scenarios to take: those that match one of the patterns,
// and carry one of the tags, and have one of the references. A list that is
// empty asks nothing.
//
// A pattern is an ID, or the beginning of one up to a slash, which takes all
// below; or a glob, in which * and ? and [a-z] stand for characters other than
// the slash, and ** for any number of levels. A reference RFC2409 takes RFC2409/5.4
// as well, and RFC2409/5 takes that but not RFC2409/55.
type Selection struct {
	Patterns []string
	Tags     []string
	Refs     []string
}

// Select returns the scenarios of the selection, in their order. A pattern, tag
// or reference that fits none is an error that wraps ErrNoMatch and says what
// is near; so is a selection whose parts have nothing in common.
func Select(all []*Scenario, sel Selection) ([]*Scenario, error) {
	var errs []error
	out := slices.Clone(all)
	for _, part := range []struct {
		what    string
		wanted  []string
		fits    func(*Scenario, string) bool
		offered func(*Scenario) []string
	}{
		{"", sel.Patterns, func(s *Scenario, p string) bool { return MatchID(p, s.ID) }, idAndAbove},
		{"tag ", sel.Tags, func(s *Scenario, t string) bool { return slices.Contains(s.Tags, t) }, func(s *Scenario) []string { return s.Tags }},
		{"reference ", sel.Refs, func(s *Scenario, r string) bool { return s.refers(r) }, func(s *Scenario) []string { return s.Refs }},
	} {
		for _, w := range part.wanted {
			if !slices.ContainsFunc(all, func(s *Scenario) bool { return part.fits(s, w) }) {
				errs = append(errs, fmt.Errorf("%s%q %w%s", part.what, w, ErrNoMatch, near(w, all, part.offered)))
			}
		}
		if len(part.wanted) > 0 {
			out = slices.DeleteFunc(out, func(s *Scenario) bool {
				return !slices.ContainsFunc(part.wanted, func(w string) bool { return part.fits(s, w) })
			})
		}
	}
	if len(errs) == 0 && len(out) == 0 {
		errs = append(errs, fmt.Errorf("all of it together %w", ErrNoMatch))
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("scenarios: %w", errors.Join(errs...))
	}
	return out, nil
}

// near words what a name that fits nothing may be meant to be.
func near(name string, all []*Scenario, offered func(*Scenario) []string) string {
	var names []string
	for _, s := range all {
		names = append(names, offered(s)...)
	}
	slices.Sort(names)
	found := strict.Nearest(name, slices.Compact(names), 3)
	if len(found) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(found, " or ") + "?"
}

// idAndAbove returns the ID and the paths that it is below.
func idAndAbove(s *Scenario) []string {
	var out []string
	for p := s.ID; p != "." && p != "/"; p = path.Dir(p) {
		out = append(out, p)
	}
	return out
}

func (s *Scenario) refers(ref string) bool {
	return slices.ContainsFunc(s.Refs, func(r string) bool {
		rest, ok := strings.CutPrefix(r, ref)
		return ok && (rest == "" || rest[0] == '/' || rest[0] == '.')
	})
}

// MatchID reports whether a pattern of a Selection takes the ID. A malformed
// pattern takes none.
func MatchID(pattern, id string) bool {
	pattern = strings.TrimSuffix(pattern, "/")
	if !strings.ContainsAny(pattern, `*?[\`) {
		return id == pattern || strings.HasPrefix(id, pattern+"/")
	}
	return matchLevels(strings.Split(pattern, "/"), strings.Split(id, "/"))
}

// matchLevels matches level by level; reach[j] says that the patterns so far
// match the first j levels, which keeps the time from growing with the number
// of ways in which several ** could be.
func matchLevels(patterns, levels []string) bool {
	reach := make([]bool, len(levels)+1)
	reach[0] = true
	for _, p := range patterns {
		next := make([]bool, len(levels)+1)
		for j := range reach {
			switch {
			case p == "**":
				next[j] = reach[j] || j > 0 && next[j-1]
			case j > 0 && reach[j-1]:
				ok, err := path.Match(p, levels[j-1])
				next[j] = ok && err == nil
			}
		}
		reach = next
	}
	return reach[len(levels)]
}
