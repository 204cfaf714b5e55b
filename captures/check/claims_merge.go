package check

import (
	"slices"

	"github.com/useipsec/useipsec/scenarios"
)

// Merge makes one closed result of several about one product: it has the trials
// of all, and of the rest what the first says. A profile stays, with its demands,
// if it is that of all, and the time is that of the latest run. Claims, if any of the results has
// some, are held against the trials of all; their maker is the last one's.
//
// The trials are shared with the results, of which there has to be one at least.
func Merge(results ...*Result) *Result {
	m := *results[0]
	m.Trials, m.Notes, m.Claims = nil, nil, nil
	var claimed, disclaimed []scenarios.Capability
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
			m.Claims = &Claims{Product: c.Product, Version: c.Version, Contact: c.Contact}
			claimed = append(claimed, c.claimed()...)
			disclaimed = append(disclaimed, c.disclaimed()...)
		}
	}
	if m.Claims != nil {
		slices.SortStableFunc(claimed, func(a, b scenarios.Capability) int { return int(a.Kind) - int(b.Kind) })
		m.hold(distinct(claimed), disclaimed)
	}
	m.Close()
	return &m
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
	var out []scenarios.Capability
	for _, o := range c.Others {
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
