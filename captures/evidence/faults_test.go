package evidence_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/evidence"
)

// TestFaults: what the wire did is read back as it was written; a trial in which it did nothing has no file.
func TestFaults(t *testing.T) {
	want := []evidence.Incident{
		{Time: at, Kind: evidence.IncidentMapping, Detail: "192.0.2.1:500 is 198.51.100.7:40001"},
		{Time: at, Kind: "drop", Fault: 2, Detail: "quick message 3"},
	}
	for _, incidents := range [][]evidence.Incident{nil, want} {
		dir := filepath.Join(t.TempDir(), "out")
		b, err := evidence.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		w, err := b.NewTrial(evidence.Trial{Peer: "p", Scenario: "s", Trial: "t"})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range incidents {
			w.Fault(i)
		}
		ref := evidence.TrialRef{Peer: "p", Scenario: "s", Trial: "t", Dir: w.Dir()}
		file := filepath.Join(dir, w.Dir(), "faults.jsonl")
		err = errors.Join(w.Close(evidence.StatusCompleted, ""), b.WriteProfile(nil), b.Finish(evidence.Run{Trials: []evidence.TrialRef{ref}}))
		if err != nil {
			t.Fatal(err)
		}
		w.Fault(want[0]) // too late
		if b, err = evidence.Open(dir); err != nil || len(b.Notes()) != 0 {
			t.Fatal(err, b.Notes())
		}
		for tr, err := range b.Trials() {
			if err != nil {
				t.Fatal(err)
			}
			got, err := tr.Faults()
			if diff := cmp.Diff(incidents, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			if incidents == nil {
				continue
			}
			if err := os.WriteFile(file, []byte("{\"kind\":7}\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Faults(); !errors.Is(err, evidence.ErrNotEvidence) {
				t.Errorf("got %v", err)
			}
		}
	}
}
