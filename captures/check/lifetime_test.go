package check

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// TestLifetimes: durations count by the type before them, and none is eight hours.
func TestLifetimes(t *testing.T) {
	limit := profile.Lifetime{Max: strict.Duration(time.Hour), Volume: 1_000_000}
	for _, tt := range []struct {
		name  string
		attrs []wire.Attribute
		want  map[string]bool
	}{
		{"seconds", []wire.Attribute{wire.TV(wire.P2LifeType, 1), wire.TV(wire.P2LifeDuration, 3600)}, map[string]bool{"a lifetime of 3600 s": true}},
		{"long form", []wire.Attribute{wire.TV(wire.P2LifeType, 1), wire.TLV(wire.P2LifeDuration, []byte{0, 1, 0x51, 0x80})}, map[string]bool{"a lifetime of 86400 s": false}},
		{"kilobytes alone", []wire.Attribute{wire.TV(wire.P2LifeType, 2), wire.TV(wire.P2LifeDuration, 1000)}, map[string]bool{"a lifetime of 1000 kB": true, "a lifetime of 28800 s": false}},
		{"both", []wire.Attribute{
			wire.TV(wire.P2LifeType, 2), wire.TV(wire.P2LifeDuration, 1001), wire.TV(wire.P2LifeType, 1), wire.TV(wire.P2LifeDuration, 60),
		}, map[string]bool{"a lifetime of 1001 kB": false, "a lifetime of 60 s": true}},
		{"none", nil, map[string]bool{"a lifetime of 28800 s": false}},
	} {
		got := map[string]bool{}
		for _, x := range lifetimeTerms(limit, wire.Transform{Attributes: tt.attrs}, wire.P2LifeType, wire.P2LifeDuration) {
			got[x.text] = x.admitted
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}
