package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness/report"
	"github.com/useipsec/useipsec/scenarios"
)

// loadClaims reads the claims in a file, nil for the name "".
func loadClaims(name string) (*scenarios.Claims, error) {
	if name == "" {
		return nil, nil
	}
	data, err := readTextFile(name)
	if err != nil {
		return nil, fmt.Errorf("--claims: %w", err)
	}
	return scenarios.ParseClaims(name, data)
}

// allRules refuses to hold claims against trials that some of the rules judge: they may be
// of those that the others fail.
func allRules(claims string, f check.Filter) error {
	if claims != "" && len(f.Rules)+len(f.Refs) > 0 {
		return errors.New("a claim is upheld by trials that all rules have judged: --claims and --learn do not go with a choice of rules")
	}
	return nil
}

// bundleClaims are the claims that a run was held against, unless a file has others. With a
// choice of rules those of the run do not count.
func bundleClaims(b *evidence.Bundle, name string, f check.Filter) (*scenarios.Claims, error) {
	if err := allRules(name, f); err != nil {
		return nil, err
	}
	if name != "" || b.Claims() == nil || len(f.Rules)+len(f.Refs) > 0 {
		return loadClaims(name)
	}
	return scenarios.ParseClaims(filepath.Join(b.Dir(), "claims.yaml"), b.Claims())
}

// canLearn says what is wrong with the name of a file that is to be written.
func canLearn(name string) error {
	if name == "" {
		return nil
	}
	switch _, err := os.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
		if _, err = os.Stat(filepath.Dir(name)); err == nil {
			return nil
		}
		return fmt.Errorf("--learn: %w", err)
	case err != nil:
		return fmt.Errorf("--learn: %w", err)
	}
	return fmt.Errorf("--learn %s: the file exists already; remove it or name another one", name)
}

// learn writes claims of what the peer showed to a file that must not exist: all of it or
// nothing.
func learn(name string, res *check.Result) error {
	var text bytes.Buffer
	if err := report.Learned(&text, res); err != nil {
		return err
	}
	if _, err := scenarios.ParseClaims(name, text.Bytes()); err != nil {
		return fmt.Errorf("a fault of this program, it cannot read what it learned: %w", err)
	}
	if err := writeWhole(name, placeNew, func(w io.Writer) error { _, err := text.WriteTo(w); return err }); err != nil {
		return fmt.Errorf("--learn: %w", err)
	}
	return nil
}

// placeNew gives a file another name, and replaces nothing. Link, other than Rename, sees to that
// by itself; where a file system has no hard links, a name that is made first does.
func placeNew(from, to string) error { return placeBy(os.Link, from, to) }

func placeBy(link func(from, to string) error, from, to string) error {
	err := link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Rename(from, to))
}

// writeWhole writes a file in one piece: place puts what was written under its name.
func writeWhole(name string, place func(from, to string) error, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after a rename
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return place(f.Name(), name)
}
