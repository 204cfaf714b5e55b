package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/harness/peer"
)

// TestMain makes the test binary the command itself for scripts, and a guest's init.
func TestMain(m *testing.M) {
	peer.GuestMain()
	testscript.Main(m, map[string]func(){"useipsec": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "cut": cut, "results": results,
		},
		Condition: func(cond string) (bool, error) {
			name, isFile := strings.CutPrefix(cond, "exists:")
			if cond == "corpus" {
				name, isFile = corpusDir, true
			}
			_, err := os.Stat(name)
			return isFile && err == nil, nil
		},
		Setup:               func(e *testscript.Env) error { e.Setenv("CORPUS", corpusDir); return nil },
		RequireExplicitExec: true,
	})
}

// exits runs the program and wants an exit code: exits 2 useipsec run …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// cut shortens a file by some octets: cut FILE OCTETS
func cut(ts *testscript.TestScript, _ bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	n := len(args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data[:len(data)-n], 0o600))
}

// results reads results.json and wants these rules to fail and no others: results FILE [RULE…]
func results(ts *testscript.TestScript, _ bool, args []string) {
	var res check.Result
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &res))
	want := map[string]bool{}
	for _, r := range args[1:] {
		want[r] = true
	}
	got := map[string]bool{}
	for _, t := range res.Trials {
		for _, f := range t.Findings {
			if f.Verdict != check.Fail {
				continue
			}
			got[f.Rule] = true
			if !want[f.Rule] {
				ts.Fatalf("%s fails in %s/%s: %s", f.Rule, t.Scenario, t.Trial, f.Actual)
			}
		}
	}
	for r := range want {
		if !got[r] {
			ts.Fatalf("%s does not fail", r)
		}
	}
}

// corpusDir is where captures that nobody here made may be.
var corpusDir, _ = filepath.Abs(filepath.Join("..", "..", "..", "shared", "corpus"))

// TestInterrupt cancels a run as Ctrl-C does: exit 130, and the reports are there.
func TestInterrupt(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(t.Context())
	stderr := writer(func(p []byte) {
		if bytes.Contains(p, []byte("[3/")) {
			cancel()
		}
	})
	var stdout bytes.Buffer
	if code := run(ctx, []string{"run", "-j", "1", "--out", out}, &stdout, stderr); code != exitInterrupted {
		t.Errorf("exit code %d\n%s", code, stdout.String())
	}
	for _, name := range []string{"run.json", "results.json", "report.html", "junit.xml", "matrix.md", "manifest.sha256"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	var suites struct {
		XMLName xml.Name `xml:"testsuites"`
	}
	data, err := os.ReadFile(filepath.Join(out, "junit.xml"))
	if err != nil || xml.Unmarshal(data, &suites) != nil {
		t.Errorf("junit.xml: %v", err)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }
