package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// TestReadmeFiles reads the profile and the claims that README.md shows: the profile has no problem and something to
// run, in both roles, and the claims can be read.
func TestReadmeFiles(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d YAML files in README.md, a profile and claims are expected", len(blocks))
	}
	p, err := profile.Parse("ldap.yaml", blocks[0][1])
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range profile.Lint(p) {
		if f.Severity == profile.Problem {
			t.Errorf("%+v", f)
		}
	}
	library, err := scenarios.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	trials := map[scenarios.Role]int{}
	for _, s := range scenarios.Within(scenarios.AdaptAll(library, p), p, harness.Ends) {
		for _, r := range s.Trials() {
			trials[r]++
		}
	}
	if trials[scenarios.Initiator] < 10 || trials[scenarios.Responder] < 10 {
		t.Errorf("trials by the peer's role: %v", trials)
	}
	if _, err := scenarios.ParseClaims("claims.yaml", blocks[1][1]); err != nil {
		t.Error(err)
	}
}
