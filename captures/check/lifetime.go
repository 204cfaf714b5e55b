package check

import (
	"fmt"
	"math"
	"time"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// How long SAs may live (RFC 2407 4.5, RFC 2409 appendix A).

func lifetimeRules() []Rule {
	var rules []Rule
	for _, k := range []struct {
		id, title  string
		of         func(profile.Keying) profile.Lifetime
		asked      func(scenarios.Config) scenarios.Duration
		at         func(*observer, *dissect.ISAKMP) bool
		typ, value wire.AttributeType
		noun       string
		needs      stage
	}{
		{
			"profile.lifetime-phase1", "The ISAKMP SA does not live longer than the profile lets it",
			func(k profile.Keying) profile.Lifetime { return k.Phase1.Lifetime },
			func(c scenarios.Config) scenarios.Duration { return c.IKE.Lifetime },
			agreed, wire.P1LifeType, wire.P1LifeDuration, "ISAKMP SA", stagePhase1,
		},
		{
			"profile.lifetime-phase2", "The IPsec SAs do not live longer than the profile lets them",
			func(k profile.Keying) profile.Lifetime { return k.Phase2.Lifetime },
			func(c scenarios.Config) scenarios.Duration { return c.Child.Lifetime },
			answered, wire.P2LifeType, wire.P2LifeDuration, "IPsec SA", stageSA,
		},
	} {
		rules = append(rules, unlessProfile(terms(Rule{
			ID: k.id, Item: profile.ItemKeying, Ref: "RFC5406/8", Level: Must,
			Title:       k.title,
			Requirement: "The lifetime agreed on is no longer than the profile's, in seconds and in octets; where it is left out it is 28800 seconds (RFC 2407 4.5).",
			fix:         "configure the lifetime at both ends: which of two offers is taken is for the responder to say",
			noun:        k.noun, needs: k.needs,
		}, func(p *profile.Profile, c scenarios.Config) []term {
			return []term{seconds(k.of(p.Keying), uint64(time.Duration(k.asked(c))/time.Second))}
		}, k.at, func(o *observer, m *dissect.ISAKMP) (all []term) {
			forEachTransform(m, func(_ wire.Proposal, t wire.Transform) {
				all = append(all, lifetimeTerms(k.of(o.s.Profile.Keying), t, k.typ, k.value)...)
			})
			return all
		}), func(p *profile.Profile) string {
			if k.of(p.Keying) == (profile.Lifetime{}) {
				return "the profile leaves lifetimes open"
			}
			return ""
		}))
	}
	return rules
}

// defaultSeconds is the lifetime of an SA whose transform names none.
const defaultSeconds = 28800

// lifetimeTerms are the lifetimes of a transform: a type and its duration each.
func lifetimeTerms(l profile.Lifetime, t wire.Transform, typ, value wire.AttributeType) []term {
	var all []term
	var kind uint64
	timed := false
	for _, a := range t.Attributes {
		n, ok := a.Uint()
		if !ok && len(a.Value) > 0 { // longer than anybody can count
			n, ok = math.MaxUint64, true
		}
		switch {
		case a.Type == typ:
			kind = n
		case a.Type != value || !ok:
		case kind == uint64(wire.LifeSeconds):
			timed = true
			all = append(all, seconds(l, n))
		case kind == uint64(wire.LifeKilobytes):
			all = append(all, kilobytes(l, n))
		}
	}
	if !timed {
		all = append(all, seconds(l, defaultSeconds))
	}
	return all
}

func seconds(l profile.Lifetime, n uint64) term {
	limit := uint64(time.Duration(l.Max) / time.Second)
	return term{
		text: fmt.Sprintf("a lifetime of %d s", n), admitted: limit == 0 || n <= limit,
		expected: []string{fmt.Sprintf("a lifetime of %d s or less", limit)},
	}
}

func kilobytes(l profile.Lifetime, n uint64) term {
	limit := uint64(l.Volume)
	return term{
		text: fmt.Sprintf("a lifetime of %d kB", n), admitted: limit == 0 || n <= limit/1000,
		expected: []string{fmt.Sprintf("a lifetime of %v or less", strict.Size(limit))},
	}
}
