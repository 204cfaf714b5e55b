package profile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios/profile"
)

// TestSARIF: the log for one profile with a finding of each severity, one of
// them accepted. The rules are left out of the golden file: their texts are in
// those of the rules.
func TestSARIF(t *testing.T) {
	p, err := profile.Parse("some profiles/base.yaml", []byte(base(t, edit{
		"product: hosts, status: available", "product: TBD, status: missing",
	})))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := profile.WriteSARIF(&out, profile.LintAll(p)); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Version string `json:"version"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Rules []struct {
						ID string `json:"id"`
					} `json:"rules"`
				} `json:"driver"`
			} `json:"tool"`
			Results []struct {
				RuleID    string `json:"ruleId"`
				RuleIndex int    `json:"ruleIndex"`
			} `json:"results"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil || log.Version != "2.1.0" || len(log.Runs) != 1 {
		t.Fatal(err, log)
	}
	run := log.Runs[0]
	if got, want := len(run.Tool.Driver.Rules), len(profile.Rules())+1; got != want {
		t.Errorf("%d rules, not %d", got, want)
	}
	var got []string
	for _, r := range run.Results {
		got = append(got, r.RuleID)
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("rule %d is %s, not %s", r.RuleIndex, run.Tool.Driver.Rules[r.RuleIndex].ID, r.RuleID)
		}
	}
	if diff := cmp.Diff([]string{"ikev1-deprecated", "placeholder", "availability-missing"}, got); diff != "" {
		t.Error(diff)
	}
	_, results, _ := strings.Cut(out.String(), `"results": `)
	golden(t, "results.sarif", results)
}

// TestSARIFPlaces: names of files become URIs; a profile without a file has no
// place in one.
func TestSARIFPlaces(t *testing.T) {
	for file, want := range map[string]string{
		"a b/ä.yaml":     `"uri": "a%20b/%C3%A4.yaml"`,
		"c:d.yaml":       `"uri": "./c:d.yaml"`,
		"/etc/base.yaml": `"uri": "file:///etc/base.yaml"`,
		"":               `"logicalLocations"`,
	} {
		var out bytes.Buffer
		if err := profile.WriteSARIF(&out, []profile.Finding{{Rule: "answered", Severity: profile.Problem, Item: 'a', File: file, Line: 1, Col: 1, Path: "title"}}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "physicalLocation") != (file != "") {
			t.Errorf("%q: %s", file, out.String()[strings.Index(out.String(), `"results"`):])
		}
	}
}

// TestMistakesAsFindings: what Parse refuses is there for programs too, place by
// place.
func TestMistakesAsFindings(t *testing.T) {
	_, err := profile.Parse("base.yaml", []byte(base(t, edit{"version: 1", "version: 3", "name: base\n", "", "hash: {must: [sha256]}", "hash: {must: [sha256}"})))
	var errs profile.Errors
	if !errors.As(err, &errs) {
		t.Fatal(err)
	}
	var got []string
	for _, f := range profile.Mistakes(errs) {
		got = append(got, fmt.Sprintf("%s %s %s", f, f.Path, f.Item))
		if f.Rule != "mistake" || f.Severity != profile.Problem || f.Excerpt == "" || f.Advice == "" || f.Instead == "" {
			t.Errorf("incomplete: %+v", f)
		}
	}
	want := []string{
		`base.yaml:2:1: problem: missing key "name" [mistake, section 8] name a`,
		`base.yaml:25:11: problem: the bracket is not closed [mistake, section 8]  a`,
		`base.yaml:43:12: problem: unknown value "3"; one of 1, 2, none [mistake, section 8] ike.version h`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var out bytes.Buffer
	if err := profile.WriteSARIF(&out, profile.Mistakes(errs)); err != nil {
		t.Fatal(err)
	}
	for what, n := range map[string]int{`"ruleId": "mistake"`: 3, `"fullyQualifiedName"`: 2, `"startLine"`: 3} {
		if got := strings.Count(out.String(), what); got != n {
			t.Errorf("%s is there %d times, not %d", what, got, n)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	var out bytes.Buffer
	if err := profile.WriteJSON(&out, nil); err != nil || out.String() != "[]\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	found := lint(t, edit{"status: available", "status: missing"})
	out.Reset()
	if err := profile.WriteJSON(&out, found); err != nil {
		t.Fatal(err)
	}
	var again []profile.Finding
	if err := json.Unmarshal(out.Bytes(), &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(found, again); diff != "" {
		t.Error(diff)
	}
}
