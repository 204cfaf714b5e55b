package scenarios_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios"
)

func TestMatchID(t *testing.T) {
	const id = "main/psk/aes128-sha1-modp1024"
	for pattern, want := range map[string]bool{
		id:                                true,
		"main":                            true,
		"main/":                           true,
		"main/psk":                        true,
		"main/ps":                         false,
		"psk":                             false,
		"main/psk/*":                      true,
		"main/*":                          false,
		"main/*/*":                        true,
		"*/*/*":                           true,
		"*":                               false,
		"**":                              true,
		"**/*":                            true,
		"**/aes128*":                      true,
		"**/psk":                          false,
		"**/psk/**":                       true,
		"main/**":                         true,
		"main/**/psk/**/aes*":             true,
		"main/psk/aes???-sha1-modp1024":   true,
		"main/psk/[a-c]es128-*":           true,
		"main/psk/[":                      false,
		"":                                false,
		"/":                               false,
		"**/**/**/**/**/**/**/**/**/**/x": false,
		id + "/more":                      false,
	} {
		if got := scenarios.MatchID(pattern, id); got != want {
			t.Errorf("%q takes %s: %v", pattern, id, got)
		}
	}
}

func TestSelect(t *testing.T) {
	all := []*scenarios.Scenario{
		{ID: "main/psk/a", Tags: []string{"core", "psk"}, Refs: []string{"RFC2409/5.4"}},
		{ID: "main/psk/b", Tags: []string{"psk"}, Refs: []string{"RFC2409/55", "RFC2408"}},
		{ID: "quick/tunnel", Tags: []string{"core"}, Refs: []string{"RFC2409/5.5"}},
	}
	tests := []struct {
		name string
		sel  scenarios.Selection
		want string // IDs, or the error
	}{
		{"all", scenarios.Selection{}, "main/psk/a main/psk/b quick/tunnel"},
		{"prefix", scenarios.Selection{Patterns: []string{"main"}}, "main/psk/a main/psk/b"},
		{"two patterns, in the order of the library", scenarios.Selection{Patterns: []string{"quick/*", "main/psk/a"}}, "main/psk/a quick/tunnel"},
		{"tag", scenarios.Selection{Tags: []string{"core"}}, "main/psk/a quick/tunnel"},
		{"tag and pattern", scenarios.Selection{Patterns: []string{"main"}, Tags: []string{"core"}}, "main/psk/a"},
		{"reference", scenarios.Selection{Refs: []string{"RFC2409/5"}}, "main/psk/a quick/tunnel"},
		{"document", scenarios.Selection{Refs: []string{"RFC2409"}}, "main/psk/a main/psk/b quick/tunnel"},
		{"misspelt", scenarios.Selection{Patterns: []string{"main/pks"}}, `scenarios: "main/pks" selects no scenario; did you mean main/psk?`},
		{"nothing near", scenarios.Selection{Patterns: []string{"xyzzy"}}, `scenarios: "xyzzy" selects no scenario`},
		{"one of two", scenarios.Selection{Patterns: []string{"main", "xyzzy"}}, `scenarios: "xyzzy" selects no scenario`},
		{"tag misspelt", scenarios.Selection{Tags: []string{"cor"}}, `scenarios: tag "cor" selects no scenario; did you mean core?`},
		{"reference unknown", scenarios.Selection{Refs: []string{"RFC2409/6"}}, `scenarios: reference "RFC2409/6" selects no scenario; did you mean RFC2409/55 or RFC2408 or RFC2409/5.4?`},
		{"nothing in common", scenarios.Selection{Patterns: []string{"quick"}, Tags: []string{"psk"}}, "scenarios: all of it together selects no scenario"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := scenarios.Select(all, tt.sel)
			var ids []string
			for _, s := range found {
				ids = append(ids, s.ID)
			}
			got := strings.Join(ids, " ")
			if err != nil {
				got = err.Error()
				if !errors.Is(err, scenarios.ErrNoMatch) || found != nil {
					t.Errorf("%v, %v", found, err)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if len(all) != 3 || slices.Contains(all, nil) {
		t.Error("the library was changed")
	}
}
