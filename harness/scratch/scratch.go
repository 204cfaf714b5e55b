// Package scratch makes directories that last as long as the process. They hold configurations with secrets: what a process
// could not remove, because it was killed, the next one does that makes a directory.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

const (
	prefix   = "useipsec-"
	lockName = ".lock" // its owner has a lock on it
)

// Dir is a directory of this process in os.TempDir, with mode 0700.
type Dir struct {
	path string
	lock *os.File
}

var sweepOnce sync.Once

// New makes a directory. The first one of a process also removes those of this user whose owners are gone.
func New() (*Dir, error) {
	sweepOnce.Do(sweep)
	for {
		d, err := create()
		if err != nil {
			return nil, fmt.Errorf("harness/scratch: %w", err)
		}
		// Between the creation and the lock it looked as if its owner were gone.
		if _, err := os.Lstat(d.lock.Name()); err == nil {
			return d, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("harness/scratch: %w", err), d.Close())
		}
		d.lock.Close()
	}
}

func create() (*Dir, error) {
	path, err := os.MkdirTemp("", prefix)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = own(f)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return &Dir{path, f}, nil
}

// Path is the directory's name.
func (d *Dir) Path() string { return d.path }

// Close removes the directory with all that is in it.
func (d *Dir) Close() error {
	err := os.RemoveAll(d.path)
	d.lock.Close()
	if err != nil {
		return fmt.Errorf("harness/scratch: %w", err)
	}
	return nil
}

// sweep removes what killed processes left. What it cannot remove is not this process's concern.
func sweep() {
	entries, err := os.ReadDir(os.TempDir())
	if err != nil {
		return
	}
	for _, e := range entries {
		path := filepath.Join(os.TempDir(), e.Name())
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		if lock := adopt(path); lock != nil {
			_ = os.RemoveAll(path)
			lock.Close()
		}
	}
}
