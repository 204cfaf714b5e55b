package profile_test

import (
	"bytes"
	"encoding/json"
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
	if got, want := len(run.Tool.Driver.Rules), len(profile.Rules()); got != want {
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
