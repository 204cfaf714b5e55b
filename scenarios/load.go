package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// Load reads the scenario in a file. Mistakes in it are returned as Errors, all
// of them at once.
func Load(fsys fs.FS, name string) (*Scenario, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	return Parse(name, data)
}

// Parse reads a scenario; filename is for the messages. Mistakes are returned
// as Errors, all of them at once; the scenario is then nil.
func Parse(filename string, data []byte) (*Scenario, error) {
	return parse(filename, data, "")
}

// LoadTree reads every *.yaml file at or below a directory, sorted by ID. The
// ID of each has to be its path below the directory, without the extension.
// Mistakes are returned as Errors, those of all files at once.
func LoadTree(fsys fs.FS, dir string) ([]*Scenario, error) {
	var all []*Scenario
	var mistakes Errors
	err := fs.WalkDir(fsys, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".yaml" {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		id := strings.TrimSuffix(strings.TrimPrefix(name, path.Clean(dir)+"/"), ".yaml")
		s, err := parse(name, data, id)
		var here Errors
		switch {
		case errors.As(err, &here):
			mistakes = append(mistakes, here...)
		case err != nil:
			return err
		default:
			all = append(all, s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	slices.SortFunc(all, func(a, b *Scenario) int { return strings.Compare(a.ID, b.ID) })
	return all, mistakes.Err()
}

// parse reads a scenario that has to have the given ID, unless that is "".
func parse(filename string, data []byte, id string) (*Scenario, error) {
	s := &Scenario{}
	c := checker{doc: strict.Decode(filename, data, s, vocabularies()), s: s}
	c.check()
	if id != "" && s.ID != "" && s.ID != id {
		c.doc.Errorf("id", "the file's place in the library makes the id %q", id)
	}
	if err := c.doc.Err(); err != nil {
		return nil, err
	}
	return s, nil
}
