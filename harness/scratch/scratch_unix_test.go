//go:build unix

package scratch

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// ownerMark, when set, makes the test binary an owner that is killed.
const ownerMark = "USEIPSEC_TEST_SCRATCH_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(ownerMark) != "" {
		d, err := New()
		if err == nil {
			err = os.WriteFile(filepath.Join(d.Path(), "secret"), []byte("x"), 0o600)
		}
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(d.Path() + "\n")
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
		return
	}
	os.Exit(m.Run())
}

// TestKilledOwner: the directory of a process stays while it lives, and goes with the next one once it was killed.
func TestKilledOwner(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv(ownerMark, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	owner := exec.Command(self)
	stdin, err1 := owner.StdinPipe()
	stdout, err2 := owner.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	defer stdin.Close()
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	theirs := line[:len(line)-1]
	others := []string{"useipsec-20260102T030405Z", "useipsec-empty", "other"}
	for _, name := range others { // a run's own directory among them, and what is made at this moment
		if err := os.Mkdir(filepath.Join(os.TempDir(), name), 0o700); err != nil {
			t.Fatal(err)
		}
	}

	sweep()
	if _, err := os.Stat(theirs); err != nil {
		t.Fatalf("the owner lives: %v", err)
	}
	_ = owner.Process.Kill()
	_ = owner.Wait()
	if _, err := os.Stat(theirs); err != nil {
		t.Fatalf("nobody has cleaned up yet: %v", err)
	}
	sweep()
	if _, err := os.Stat(theirs); !os.IsNotExist(err) {
		t.Errorf("the owner is gone and the directory is not: %v", err)
	}
	for _, name := range others {
		if _, err := os.Stat(filepath.Join(os.TempDir(), name)); err != nil {
			t.Errorf("it is not one of ours: %v", err)
		}
	}
}

// TestOpenToOthers: a directory into which others can write is not touched.
func TestOpenToOthers(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.Path()); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info, err)
	}
	d.lock.Close() // as if it were killed
	if err := os.Chmod(d.Path(), 0o777); err != nil {
		t.Fatal(err)
	}
	sweep()
	if _, err := os.Stat(d.Path()); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(d.Path()); !os.IsNotExist(err) {
		t.Errorf("closed, and still there: %v", err)
	}
}
