package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// ErrUnknown is the error for the ID of a scenario that is not built in.
var ErrUnknown = errors.New("unknown scenario")

// The library: the ID of a scenario is its path below this directory.
//
//go:embed library
var library embed.FS

var builtins = sync.OnceValues(func() ([]*Scenario, error) {
	return LoadTree(library, "library")
})

// Builtins returns the built-in scenarios, sorted by ID. They are shared and
// must not be changed. An error means that the program was built from a broken
// library.
func Builtins() ([]*Scenario, error) {
	all, err := builtins()
	return slices.Clone(all), err
}

// Builtin returns a built-in scenario by its ID. The error for any other ID
// wraps ErrUnknown and proposes what may be meant.
func Builtin(id string) (*Scenario, error) {
	all, err := builtins()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.ID == id {
			return s, nil
		}
	}
	return nil, fmt.Errorf("scenarios: %w %q%s", ErrUnknown, id, near(id, all, func(s *Scenario) []string { return []string{s.ID} }))
}
