package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// loadProfile takes the name of a built-in profile or the name of a file; "-" is standard input.
func loadProfile(name string) (*profile.Profile, error) {
	if name == "-" {
		data, err := readText(os.Stdin)
		if err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
		return profile.Parse("stdin", data)
	}
	p, err := profile.Builtin(name)
	if !errors.Is(err, profile.ErrUnknown) {
		return p, err
	}
	data, rerr := readTextFile(name)
	switch {
	case rerr == nil:
		return profile.Parse(name, data)
	case errors.Is(rerr, fs.ErrNotExist) && !strings.ContainsAny(name, "./\\"):
		return nil, fmt.Errorf("%w (and there is no file of that name)", err)
	}
	return nil, fmt.Errorf("profile: %w", rerr)
}

// readText reads no more than a file of ours may have, and one octet by which its parser sees that there is more.
func readText(f *os.File) ([]byte, error) {
	return io.ReadAll(io.LimitReader(f, strict.MaxSize+1))
}

func readTextFile(name string) ([]byte, error) {
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readText(f)
}

// loadScenarios gives the library and what the files and directories hold beyond it.
func loadScenarios(paths []string) ([]*scenarios.Scenario, error) {
	all, err := scenarios.Builtins()
	if err != nil {
		return nil, err
	}
	seen := map[string]string{}
	for _, s := range all {
		seen[s.ID] = "the library"
	}
	for _, p := range paths {
		more, err := readScenarios(p)
		if err != nil {
			return nil, err
		}
		for _, s := range more {
			if where, twice := seen[s.ID]; twice {
				return nil, fmt.Errorf("%s: scenario %s is in %s already", p, s.ID, where)
			}
			seen[s.ID] = p
		}
		all = append(all, more...)
	}
	return all, nil
}

func readScenarios(path string) ([]*scenarios.Scenario, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	if info.IsDir() {
		found, err := scenarios.LoadTree(os.DirFS(path), ".")
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("scenario: there is no scenario in %s: they are files that end in .yaml", path)
		}
		return found, err
	}
	data, err := readTextFile(path)
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	s, err := scenarios.Parse(path, data)
	if err != nil {
		return nil, err
	}
	return []*scenarios.Scenario{s}, nil
}
