// Package tools holds the tools that make builds, and the test of their configuration.
package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

const module = "github.com/useipsec/useipsec"

// table is the order of the packages: an import goes only to a package further up.
var table = []string{
	"ikev1/wire", "ikev1/keymat", "ikev1/pki", "esp", "esp/spd", "ikev1",
	"scenarios/strict", "scenarios/profiles", "scenarios/profile", "scenarios",
	"captures", "captures/keylog", "captures/evidence", "captures/dissect", "captures/check", "captures/diagnose", "captures/live",
	"harness/host", "harness/scratch", "harness/lab", "harness/peer", "harness", "harness/report", "harness/selftest", "harness/e2e",
	"cmd/useipsec",
}

// closed are imports which the table would allow and the linter does not.
var closed = []struct{ from, to string }{
	{"esp", "ikev1/pki"},              // an SA needs no certificate
	{"captures/dissect", "scenarios"}, // facts know no judgement
	{"harness", "captures/check"},     // what makes evidence decides no verdict
	{"harness", "captures/diagnose"},
	{"harness/report", "harness"}, // reports are made from evidence and results
}

// rooms are the dependencies that are not for all.
var rooms = []struct {
	dep string
	in  []string
}{
	{"github.com/gopacket/gopacket", []string{"captures", "harness"}},
	{"github.com/vishvananda/netlink", []string{"harness/lab", "harness/peer"}},
	{"golang.org/x/crypto/cryptobyte", []string{"ikev1", "esp"}},
	{"github.com/onsi/ginkgo/v2", []string{"harness/e2e"}},
	{"github.com/google/go-cmp/cmp", nil},
	{"github.com/spf13/cobra", []string{"cmd"}},
	{"github.com/schollz/progressbar/v3", []string{"cmd"}},
	{"github.com/jstemmer/go-junit-report/v2/junit", []string{"harness/report"}},
}

func under(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }

func isClosed(from, to string) bool {
	return slices.ContainsFunc(closed, func(c struct{ from, to string }) bool { return from == c.from && under(to, c.to) })
}

// TestImportDirections holds the linter's configuration against the table: with every import
// that goes up it is content, and each one that goes down it reports.
func TestImportDirections(t *testing.T) {
	up, down := map[string][]string{}, map[string][]string{}
	for i, from := range table {
		for j, to := range table {
			switch {
			case i == j:
			case j < i && !isClosed(from, to):
				up[from] = append(up[from], to)
			case j > i:
				down[from] = append(down[from], to)
			}
		}
	}
	if got := lint(t, up, nil); len(got) > 0 {
		t.Errorf("imports that go up are reported:\n%s", strings.Join(got, "\n"))
	}
	var want []string
	for from, tos := range down {
		for _, to := range tos {
			want = append(want, from+" -> "+module+"/"+to)
		}
	}
	sort.Strings(want)
	if got := lint(t, down, nil); !slices.Equal(got, want) {
		t.Errorf("imports that go down, reported: %d, want %d; not reported:\n%s", len(got), len(want), strings.Join(without(want, got), "\n"))
	}
	for _, c := range closed {
		if got := lint(t, map[string][]string{c.from: {c.to}}, nil); len(got) != 1 {
			t.Errorf("%s -> %s: reported %q", c.from, c.to, got)
		}
	}
}

// TestDependencies does the same for the modules that belong to certain rooms.
func TestDependencies(t *testing.T) {
	imports := map[string][]string{}
	var want []string
	for _, pkg := range table {
		for _, r := range rooms {
			imports[pkg] = append(imports[pkg], r.dep)
			if !slices.ContainsFunc(r.in, func(room string) bool { return under(pkg, room) }) {
				want = append(want, pkg+" -> "+r.dep)
			}
		}
	}
	sort.Strings(want)
	got := lint(t, nil, imports)
	if !slices.Equal(got, want) {
		t.Errorf("missing:\n%s\ntoo many:\n%s", strings.Join(without(want, got), "\n"), strings.Join(without(got, want), "\n"))
	}
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// lint makes a module whose packages have these imports, of its own packages and of others,
// and returns what depguard reports, "package -> import", sorted.
func lint(t *testing.T, own, others map[string][]string) []string {
	t.Helper()
	binary, err := filepath.Abs("../.cache/bin/golangci-lint")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatal("build it with make: ", err)
	}
	config, err := os.ReadFile("../.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	mod := "module " + module + "\n\ngo 1.26\n"
	put(t, dir, ".golangci.yml", string(config))
	deps := map[string]bool{}
	for _, pkg := range table {
		src := "// Package p is a stub.\npackage p\n"
		for _, to := range own[pkg] {
			src += fmt.Sprintf("import _ %q\n", module+"/"+to)
		}
		for _, to := range others[pkg] {
			src += fmt.Sprintf("import _ %q\n", to)
			deps[to] = true
		}
		put(t, dir, path.Join(pkg, "p.go"), src)
	}
	// Stubs stand for the modules, so that nothing is fetched.
	for d := range deps {
		m, sub, version := split(d)
		mod += fmt.Sprintf("require %s %s\nreplace %s => ./.stub/%s\n", m, version, m, m)
		put(t, dir, path.Join(".stub", m, "go.mod"), "module "+m+"\n")
		put(t, dir, path.Join(".stub", m, sub, "p.go"), "// Package p is a stub.\npackage p\n")
	}
	put(t, dir, "go.mod", mod)

	cmd := exec.Command(binary, "run", "--enable-only", "depguard", "--output.json.path", "stdout", "--show-stats=false", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOLANGCI_LINT_CACHE="+filepath.Join(t.TempDir(), "cache"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var report struct {
		Issues []struct {
			FromLinter, Text string
			Pos              struct{ Filename string }
		}
	}
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&report); err != nil {
		t.Fatalf("%v\n%s%s", err, out, &stderr)
	}
	var found []string
	for _, i := range report.Issues {
		_, rest, _ := strings.Cut(i.Text, "'")
		to, _, ok := strings.Cut(rest, "'")
		if i.FromLinter != "depguard" || !ok {
			t.Fatalf("%s: %s: %s", i.Pos.Filename, i.FromLinter, i.Text)
		}
		found = append(found, path.Dir(filepath.ToSlash(i.Pos.Filename))+" -> "+to)
	}
	sort.Strings(found)
	return slices.Compact(found) // several rules may object to one import
}

// split gives the module that a package of rooms belongs to, the package's place in it, and
// a version that the module could have.
func split(pkg string) (mod, sub, version string) {
	mod, version = pkg, "v0.0.0"
	for _, s := range []string{"cryptobyte", "cmp", "junit"} {
		if m, ok := strings.CutSuffix(pkg, "/"+s); ok {
			mod, sub = m, s
		}
	}
	if v := path.Base(mod); len(v) == 2 && v[0] == 'v' {
		version = v + ".0.0"
	}
	return mod, sub, version
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
