package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestPlaceNew: a file gets its name with and without hard links, and replaces none.
func TestPlaceNew(t *testing.T) {
	noLinks := func(from, to string) error {
		return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.ErrUnsupported}
	}
	for name, link := range map[string]func(string, string) error{"links": os.Link, "no links": noLinks} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
			for _, text := range []string{"first", "second"} {
				os.Remove(from) // a link to what is there by now
				if err := os.WriteFile(from, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				err := placeBy(link, from, to)
				if got, _ := os.ReadFile(to); string(got) != "first" {
					t.Errorf("%s: %q, %v", text, got, err)
				}
				if exists := errors.Is(err, fs.ErrExist); exists != (text == "second") {
					t.Errorf("%s: %v", text, err)
				}
			}
		})
	}
}
