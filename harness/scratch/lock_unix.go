//go:build unix

package scratch

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// own locks a file until it is closed, or this process ends in whatever way.
func own(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX) }

// adopt takes the lock of a directory of this user that nobody owns. It gives nil for any other.
func adopt(dir string) *os.File {
	info, err := os.Lstat(dir)
	if err != nil {
		return nil
	}
	// In a directory that is this user's alone nobody else can have put anything.
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) != os.Geteuid() || info.Mode() != fs.ModeDir|0o700 {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil
	}
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		f.Close()
		return nil
	}
	return f
}
