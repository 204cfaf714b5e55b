package profile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios/profile"
)

// fixture reads a profile from testdata/lint, under its name within its
// directory.
func fixture(t *testing.T, file string) *profile.Profile {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.Parse(filepath.Base(file), data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func details(found []profile.Finding) string {
	var out strings.Builder
	for _, f := range found {
		out.WriteString(f.Detail() + "\n")
	}
	return out.String()
}

// TestLintRules: for every rule there are profiles on which it fires, and it
// alone, and profiles close by on which nothing does. Where it fires, how
// seriously, and what it says is in the golden file beside them.
func TestLintRules(t *testing.T) {
	directories := map[string]bool{}
	for _, r := range profile.Rules() {
		directories[filepath.Join("testdata", "lint", r.ID)] = true
		t.Run(r.ID, func(t *testing.T) {
			dir := filepath.Join("testdata", "lint", r.ID)
			fail, err1 := filepath.Glob(filepath.Join(dir, "fail*.yaml"))
			pass, err2 := filepath.Glob(filepath.Join(dir, "pass*.yaml"))
			if err1 != nil || err2 != nil || len(fail) == 0 || len(pass) == 0 {
				t.Fatalf("%d profiles that fail, %d that pass", len(fail), len(pass))
			}
			var out strings.Builder
			var worst profile.Severity
			for _, file := range fail {
				found := profile.Lint(fixture(t, file))
				if len(found) == 0 {
					t.Errorf("%s: nothing found", file)
				}
				for _, f := range found {
					worst = max(worst, f.Severity)
					checkFinding(t, r, f)
				}
				fmt.Fprintf(&out, "%s\n", details(found))
			}
			if worst != r.Severity {
				t.Errorf("its severity is said to be %s, and is %s", r.Severity, worst)
			}
			for _, file := range pass {
				for _, f := range profile.Lint(fixture(t, file)) {
					t.Errorf("not meant here: %v", f)
				}
			}
			golden(t, filepath.Join("lint", r.ID, "golden"), out.String())
		})
	}
	there, err := filepath.Glob("testdata/lint/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range there {
		if !directories[dir] {
			t.Errorf("%s is for no rule", dir)
		}
	}
}

func checkFinding(t *testing.T, r profile.Rule, f profile.Finding) {
	t.Helper()
	if f.Rule != r.ID {
		t.Errorf("another rule fires: %v", f)
	}
	if f.Section != r.Section || f.Advice != r.Advice || f.Instead == "" || f.Msg == "" || f.Path == "" || !f.Item.Valid() || f.File == "" || f.Accepted != "" {
		t.Errorf("incomplete: %+v", f)
	}
	if f.Line < 1 || f.Col < 1 || f.Col > len(f.Excerpt) || strings.TrimSpace(f.Excerpt) == "" {
		t.Errorf("line %d, column %d of %q", f.Line, f.Col, f.Excerpt)
	}
}

// TestRules: every rule is complete, and there is one for every topic of the
// draft: the sections that give advice, and the nine questions.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range profile.Rules() {
		if r.ID == "" || r.Title == "" || r.Section == "" || r.Advice == "" || r.Instead == "" || r.Severity == 0 || !r.Item.Valid() {
			t.Errorf("incomplete: %+v", r)
		}
		for _, what := range []string{r.ID, "section " + r.Section, "item " + r.Item.String()} {
			if what == r.ID && seen[what] {
				t.Errorf("%s is there twice", what)
			}
			seen[what] = true
		}
	}
	for _, section := range []string{"3.1", "3.2", "3.3", "3.4", "4", "5", "6", "7", "8", "9", "10"} {
		if !seen["section "+section] {
			t.Errorf("no rule for section %s", section)
		}
	}
	for _, item := range profile.Items() {
		if !seen["item "+item.String()] {
			t.Errorf("no rule for question %s", item)
		}
	}
}

func lint(t *testing.T, e edit) []profile.Finding {
	t.Helper()
	p, err := profile.Parse("base.yaml", []byte(base(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	return profile.Lint(p)
}

// TestLintSeveral: the findings come in the order of the text.
func TestLintSeveral(t *testing.T) {
	var got []string
	for _, f := range lint(t, edit{"must: [main]", "may: [aggressive]", "nat: unlikely", "nat: likely", "must: [esp]", "should: [ah]", "may: [dss-sig]", "may: [psk]"}) {
		got = append(got, f.Rule)
	}
	want := []string{"mandatory-to-implement", "ah-behind-nat", "transport-behind-nat", "mandatory-to-implement", "aggressive-psk", "nat-traversal"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAccepted: what a profile accepts is still there for who asks, with the
// reason.
func TestAccepted(t *testing.T) {
	p, err := profile.Parse("base.yaml", []byte(base(t, edit{
		"accepted:\n", "accepted:\n  - {rule: weak-ike, path: keying.phase1, why: as is phase 1}\n",
		"hash: {must: [sha256]}", "hash: {must: [sha256], may: [md5]}",
		"groups: {must: [modp2048]}", "groups: {must: [modp2048], may: [modp1024]}",
	})))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range profile.LintAll(p) {
		got = append(got, f.Rule+" "+f.Path+" "+f.Accepted)
	}
	want := []string{
		"weak-ike keying.phase1.hash.may[0] as is phase 1",
		"weak-ike keying.phase2.groups.may[0] ",
		"ikev1-deprecated ike.version the hosts have nothing newer",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if found := profile.Lint(p); len(found) != 1 || found[0].Path != "keying.phase2.groups.may[0]" {
		t.Errorf("%v", found)
	}
	_, err = profile.Parse("base.yaml", []byte(base(t, edit{"rule: ikev1-deprecated", "rule: ikev1-depreciated"})))
	if err == nil || !strings.Contains(err.Error(), `did you mean "ikev1-deprecated"?`) {
		t.Errorf("got %v", err)
	}
}

// TestLintBuiltins: nothing but notes, and what the profile argues in its
// entries under accepted; all of it is in the golden file.
func TestLintBuiltins(t *testing.T) {
	for _, name := range profile.Builtins() {
		p, err := profile.Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range profile.Lint(p) {
			if f.Severity != profile.Note {
				t.Errorf("%v", f)
			}
		}
		golden(t, filepath.Join("builtins", name+".lint"), details(profile.LintAll(p)))
	}
}
