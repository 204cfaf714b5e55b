package evidence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

var section = captures.Section{Interfaces: []captures.Interface{{Name: "wire", Link: captures.LinkRaw}}}

func create(t *testing.T) *Bundle {
	t.Helper()
	b, err := Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.WriteProfile([]byte("name: x\n")); err != nil {
		t.Fatal(err)
	}
	return b
}

func begin(t *testing.T, b *Bundle, name string) *TrialWriter {
	t.Helper()
	w, err := b.NewTrial(Trial{Peer: "reference", Scenario: "main/psk/x", Trial: name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Wire(section); err != nil {
		t.Fatal(err)
	}
	return w
}

func packets(t *testing.T, r *TrialReader) int {
	t.Helper()
	n := 0
	for _, err := range r.Packets() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// A program that is killed leaves everything it had written, and the bundle can
// be opened.
func TestKilled(t *testing.T) {
	b := create(t)
	w := begin(t, b, "responder")
	for range 3 {
		if err := w.WritePacket(captures.Packet{Time: noon, Data: []byte{0x45}}); err != nil {
			t.Fatal(err)
		}
	}
	w.Journal(noon, "harness", "state")
	// Nothing is closed from here on.
	r, err := Open(b.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Notes(); len(n) != 2 || !strings.Contains(n[0], "did not come to its end") {
		t.Errorf("notes %q", n)
	}
	for tr, err := range r.Trials() {
		if err != nil {
			t.Fatal(err)
		}
		if n := packets(t, tr); n != 3 || tr.Meta.Status != StatusInterrupted || tr.Ref.Dir != "reference/main/psk/x/responder" {
			t.Errorf("%d packets, %+v", n, tr)
		}
		if j, err := os.ReadFile(tr.Path(fileJournal)); err != nil || !strings.Contains(string(j), `"event":"state"`) {
			t.Errorf("journal %q, %v", j, err)
		}
	}
	if len(r.Run().Trials) != 1 || r.Run().Status != StatusInterrupted {
		t.Errorf("run %+v", r.Run())
	}
}

// Several trials, and several goroutines in each, write at once.
func TestConcurrent(t *testing.T) {
	const trials, writers, each = 4, 4, 50
	b := create(t)
	refs := make([]TrialRef, trials)
	var all sync.WaitGroup
	for i := range trials {
		w := begin(t, b, fmt.Sprintf("trial%d", i))
		refs[i] = TrialRef{Dir: w.Dir(), Status: StatusCompleted}
		all.Go(func() {
			var inside sync.WaitGroup
			for range writers {
				inside.Go(func() {
					for n := range each {
						w.Journal(noon, "s", "e", "n", n)
						if err := w.WritePacket(captures.Packet{Time: noon, Data: []byte{0x45, byte(n)}}); err != nil {
							t.Error(err)
						}
					}
				})
			}
			inside.Wait()
			if err := errors.Join(w.Close(StatusCompleted, ""), b.WriteFile("results.json", writeJSON(i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := b.Finish(Run{Trials: refs}); err != nil {
		t.Fatal(err)
	}
	r, err := Open(b.Dir())
	if err != nil || len(r.Notes()) != 0 {
		t.Fatal(err, r.Notes())
	}
	for tr, err := range r.Trials() {
		if err != nil {
			t.Fatal(err)
		}
		j, err := os.ReadFile(tr.Path(fileJournal))
		if n, lines := packets(t, tr), strings.Count(string(j), "\n"); err != nil || n != writers*each || lines != writers*each {
			t.Errorf("%s: %d packets, %d lines, %v", tr.Ref.Dir, n, lines, err)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	b := create(t)
	w := begin(t, b, "responder")
	if err := errors.Join(w.Close(StatusUnsupported, "no AH"), w.Close(StatusError, "cleanup")); err != nil {
		t.Fatal(err)
	}
	w.Journal(noon, "late", "event")
	if err := w.WritePacket(captures.Packet{}); !errors.Is(err, errNoCapture) {
		t.Errorf("a packet after the end: %v", err)
	}
	var got Trial
	if err := readJSON(filepath.Join(w.dir, fileTrial), &got); err != nil || got.Status != StatusUnsupported || got.Reason != "no AH" {
		t.Errorf("%+v, %v", got, err)
	}
}

// On a full disk the error says so, and what was written before is readable.
func TestDiskFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full to write to: %v", err)
	}
	b := create(t)
	w := begin(t, b, "responder")
	if err := w.WritePacket(captures.Packet{Time: noon, Data: []byte{0x45}}); err != nil {
		t.Fatal(err)
	}
	w.Journal(noon, "harness", "before")
	w.journal.Close()
	w.journal = full
	w.Journal(noon, "harness", "after")
	err = w.Close(StatusCompleted, "")
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("close: %v", err)
	}
	if err := b.Finish(Run{Trials: []TrialRef{{Dir: w.Dir(), Status: StatusError}}}); err != nil {
		t.Fatal(err)
	}
	r, err := Open(b.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for tr, err := range r.Trials() {
		if err != nil || packets(t, tr) != 1 || tr.Meta.Status != StatusError || !strings.Contains(tr.Meta.Reason, "no space left on device") {
			t.Errorf("%+v, %v", tr, err)
		}
		if j, _ := os.ReadFile(tr.Path(fileJournal)); !strings.Contains(string(j), "before") {
			t.Errorf("journal %q", j)
		}
	}
}
