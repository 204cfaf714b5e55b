package check

import (
	"errors"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSelect(t *testing.T) {
	rules := []Rule{
		{ID: "ike.quick.hash", Item: 'c', Ref: "RFC2409/5.5"},
		{ID: "ike.main.hash", Item: 'f', Ref: "RFC2409/5.4"},
		{ID: "esp.icv", Item: 'b', Ref: "RFC2406/3.4.4"},
		{ID: "profile.mode", Item: 'b', Ref: "RFC5406/8"},
	}
	for _, tt := range []struct {
		name string
		f    Filter
		want []string
		err  error
	}{
		{"all", Filter{}, []string{"ike.quick.hash", "ike.main.hash", "esp.icv", "profile.mode"}, nil},
		{"glob", Filter{Rules: []string{"ike.*"}}, []string{"ike.quick.hash", "ike.main.hash"}, nil},
		{"two globs keep the order", Filter{Rules: []string{"esp.*", "ike.quick.*"}}, []string{"ike.quick.hash", "esp.icv"}, nil},
		{"reference", Filter{Refs: []string{"RFC2409/5.5"}}, []string{"ike.quick.hash"}, nil},
		{"whole RFC, any case", Filter{Refs: []string{"rfc2409"}}, []string{"ike.quick.hash", "ike.main.hash"}, nil},
		{"section above", Filter{Refs: []string{"RFC2406/3.4"}}, []string{"esp.icv"}, nil},
		{"not by digits", Filter{Refs: []string{"RFC240"}}, nil, ErrNoMatch},
		{"item", Filter{Items: []string{"b"}}, []string{"esp.icv", "profile.mode"}, nil},
		{"across fields", Filter{Items: []string{"b"}, Rules: []string{"esp.*"}}, []string{"esp.icv"}, nil},
		{"empty across fields", Filter{Items: []string{"f"}, Rules: []string{"esp.*"}}, nil, ErrNoMatch},
		{"one of two matches nothing", Filter{Rules: []string{"esp.*", "ah.*"}}, nil, ErrNoMatch},
		{"bad glob", Filter{Rules: []string{"["}}, nil, path.ErrBadPattern},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.f.Select(rules)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			var ids []string
			for _, r := range got {
				ids = append(ids, r.ID)
			}
			if d := cmp.Diff(tt.want, ids); d != "" {
				t.Error(d)
			}
		})
	}
}
