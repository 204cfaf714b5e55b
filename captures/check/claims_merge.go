package check

import (
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/scenarios"
)

// Merge makes one closed result of several about one product: it has the trials
// of all, and of the rest what the first says. A profile stays, with its demands,
// if it is that of all, and the time is that of the latest run. Claims, if any of the results has
// some, are held against the trials of all; their maker is the last one's, and where
// they do not agree their notes tell.
//
// The trials are shared with the results, of which there has to be one at least.
func Merge(results ...*Result) *Result {
	m := *results[0]
	m.Trials, m.Notes, m.Claims = nil, nil, nil
	var claimed, disclaimed []scenarios.Capability
	var notes []string
	for _, r := range results {
		m.Trials = append(m.Trials, r.Trials...)
		m.Notes = append(m.Notes, r.Notes...)
		if r.Profile != m.Profile {
			m.Profile, m.Demands = "", nil
		}
		if r.Demands == nil {
			m.Demands = nil
		}
		if r.Started.After(m.Started) {
			m.Started = r.Started
		}
		if c := r.Claims; c != nil {
			if m.Claims != nil && m.Claims.maker() != c.maker() {
				notes = append(notes, fmt.Sprintf("claims of %s and of %s are held together", m.Claims.maker(), c.maker()))
			}
			m.Claims = &Claims{Product: c.Product, Version: c.Version, Contact: c.Contact}
			claimed = append(claimed, c.claimed()...)
			disclaimed = append(disclaimed, c.disclaimed()...)
		}
	}
	if m.Claims != nil {
		slices.SortStableFunc(claimed, func(a, b scenarios.Capability) int { return int(a.Kind) - int(b.Kind) })
		claimed, disclaimed = distinct(claimed), distinct(disclaimed)
		if both := slices.DeleteFunc(slices.Clone(disclaimed), func(c scenarios.Capability) bool { return !slices.Contains(claimed, c) }); len(both) > 0 {
			notes = append(notes, "made by the claims of one run and not by those of another: "+list(both))
		}
		m.hold(claimed, slices.DeleteFunc(disclaimed, func(c scenarios.Capability) bool { return slices.Contains(claimed, c) }))
		slices.Sort(notes)
		m.Claims.Notes = slices.Compact(notes)
	}
	m.Close()
	return &m
}

// maker says whose claims they are.
func (c *Claims) maker() string {
	s := c.Product + " " + c.Version
	if c.Contact != "" {
		s += " (" + c.Contact + ")"
	}
	return s
}

// claimed returns what is claimed.
func (c *Claims) claimed() []scenarios.Capability {
	var out []scenarios.Capability
	for i := range c.Claims {
		out = append(out, c.Claims[i].Capability)
	}
	return out
}

// disclaimed returns what is known to be said not to be there.
func (c *Claims) disclaimed() []scenarios.Capability {
	out := slices.Clone(c.NotClaimed)
	for _, o := range c.Others { // results of before have no others
		if o.Disclaimed {
			out = append(out, o.Capability)
		}
	}
	return out
}

// distinct returns the capabilities each once, in their order.
func distinct(cs []scenarios.Capability) []scenarios.Capability {
	var out []scenarios.Capability
	for _, c := range cs {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}
