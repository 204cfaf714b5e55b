package profile_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// edit is a change of testdata/base.yaml: old text, new text, old text, …
type edit []string

// base returns testdata/base.yaml with the changes. Every old text has to be
// there exactly once.
func base(t *testing.T, e edit) string {
	t.Helper()
	data, err := os.ReadFile("testdata/base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i+1 < len(e); i += 2 {
		if n := strings.Count(text, e[i]); n != 1 {
			t.Fatalf("%q is there %d times", e[i], n)
		}
		text = strings.Replace(text, e[i], e[i+1], 1)
	}
	return text
}

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}
