package report_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/diagnose"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness" //nolint:depguard // only the tests run anything: they take real evidence
	"github.com/useipsec/useipsec/harness/report"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// ran runs a scenario in the virtual lab and judges it. The evidence is real, so these
// tests notice when what the reports read of it changes.
func ran(t *testing.T, deviations ...string) (*evidence.Bundle, *check.Result) {
	t.Helper()
	all, err := scenarios.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	prof, err := profile.Builtin("bgp")
	if err != nil {
		t.Fatal(err)
	}
	p := harness.Plan{Profile: prof, Lab: harness.Virtual}
	if p.Scenarios, err = scenarios.Select(all, scenarios.Selection{Patterns: []string{"main/psk/aes128-sha1-modp2048"}}); err != nil {
		t.Fatal(err)
	}
	for _, d := range deviations {
		if err := p.Deviate(d); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "out")
	b, err := harness.Run(t.Context(), p, harness.Options{Out: out, Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := check.Run(b, prof, check.Options{Diagnose: diagnose.New})
	if err != nil {
		t.Fatal(err)
	}
	return b, r
}

// outputs writes the reports and reads back every file of the bundle.
func outputs(t *testing.T, b *evidence.Bundle, r *check.Result) map[string]string {
	t.Helper()
	if err := report.Write(b, r); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	if err := fs.WalkDir(os.DirFS(b.Dir()), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(b.Dir(), filepath.FromSlash(name)))
		files[name] = string(data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

// TestWriteTwice: writing anew changes nothing, and does not count as altering evidence.
func TestWriteTwice(t *testing.T) {
	b, r := ran(t)
	first := outputs(t, b, r)
	if d := cmp.Diff(first, outputs(t, b, r)); d != "" {
		t.Error(d)
	}
	var results bytes.Buffer
	if err := report.JSON(&results, r); err != nil {
		t.Fatal(err)
	}
	if first["results.json"] != results.String() {
		t.Error("results.json is not what JSON writes")
	}
	again, err := evidence.Open(b.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if n := again.Notes(); len(n) > 0 {
		t.Errorf("the evidence is said to be altered: %v", n)
	}
}

// TestRunReports looks into each report on an honest run and on one that leaks.
func TestRunReports(t *testing.T) {
	const dir = "reference/main/psk/aes128-sha1-modp2048/responder/"
	tests := []struct {
		name       string
		deviations []string
		want       map[string][]string
		lacks      []string // nowhere in the page or in explain.md
	}{
		{"honest", nil, map[string][]string{
			"matrix.md":          {"success", "| pass |"},
			"junit.xml":          {`failures="0"`, "policy.no-cleartext"},
			"report.html":        {"Every required check that applies passed, in 2 of 2 trials.", "Main 1: SA, VID", "Main 5: ID, HASH", "(encrypted)", "Quick 1: HASH, SA, NONCE", "ESP seq 1 (TCP 49152 → 179 SYN)"},
			dir + "explain.md":   {"aes128-sha1-modp2048 (peer responds): pass", "ESP seq 1"},
			dir + "verdict.json": {`"verdict": "pass"`},
		}, []string{"What to look at first", "in clear:", `class="finding fail"`}},
		{"leak", []string{"spd.leak_cleartext=1"}, map[string][]string{
			"matrix.md":          {"failure", "**fail**"},
			"junit.xml":          {"<failure", "every packet of a protected flow inside ESP or AH"},
			"report.html":        {"A required check failed in 2 of 2 trials.", "What to look at first", "policy.no-cleartext", `class="clear cited"`, "Diagnosis:"},
			dir + "explain.md":   {"policy.no-cleartext: fail", "every packet of a protected flow inside ESP or AH", "in clear"},
			dir + "verdict.json": {`"verdict": "fail"`},
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, r := ran(t, tt.deviations...)
			files := outputs(t, b, r)
			for name, wants := range tt.want {
				for _, want := range wants {
					if !strings.Contains(files[name], want) {
						t.Errorf("%s lacks %q", name, want)
					}
				}
			}
			for _, lack := range tt.lacks {
				if strings.Contains(files["report.html"], lack) || strings.Contains(files[dir+"explain.md"], lack) {
					t.Errorf("a report on this run has %q", lack)
				}
			}
			var summary bytes.Buffer
			if err := report.Summary(&summary, r, false); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(summary.String(), r.Verdict.String()) {
				t.Errorf("the summary does not name the verdict:\n%s", summary.String())
			}
		})
	}
}
