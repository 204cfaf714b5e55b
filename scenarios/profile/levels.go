package profile

import "slices"

// Levels is a list of alternatives, sorted by how strongly the profile asks
// for each. The alternatives are slugs: protocols, modes, algorithms, methods.
//
//	modes: {must: [transport], must-not: [tunnel]}
//
// An alternative under must is mandatory to implement: every product has it,
// so two products always have something in common. It does not mean that every
// association uses it.
type Levels struct {
	Must    []string `yaml:"must" json:"must,omitempty"`
	Should  []string `yaml:"should" json:"should,omitempty"`
	May     []string `yaml:"may" json:"may,omitempty"`
	MustNot []string `yaml:"must-not" json:"must_not,omitempty"`
}

// Stated reports whether the list says anything.
func (l Levels) Stated() bool {
	return len(l.Must)+len(l.Should)+len(l.May)+len(l.MustNot) > 0
}

// Level returns where the list has the slug, or Unlisted.
func (l Levels) Level(slug string) Level {
	switch {
	case slices.Contains(l.MustNot, slug):
		return MustNot
	case slices.Contains(l.Must, slug):
		return Must
	case slices.Contains(l.Should, slug):
		return Should
	case slices.Contains(l.May, slug):
		return May
	}
	return Unlisted
}

// Admits reports whether an association may use the slug. A list that admits
// anything is exhaustive: what it does not mention is out. One that only forbids
// admits the rest, and one that says nothing restricts nothing.
func (l Levels) Admits(slug string) bool {
	switch level := l.Level(slug); level {
	case Unlisted:
		return len(l.Admitted()) == 0
	default:
		return level >= May
	}
}

// Admitted returns what may be used, strongest level first.
func (l Levels) Admitted() []string {
	return slices.Concat(l.Must, l.Should, l.May)
}
