package evidence

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/ikev1/pki"
)

// maxJSON bounds the JSON files that are read whole.
const maxJSON = 64 << 20

// Open opens a bundle for reading. A directory that is none gives ErrNotEvidence with what
// is missing. Files that differ from the manifest do not keep it from being opened, nor does
// a run that ended before it could write run.json but began a trial: Notes tells.
func Open(dir string) (*Bundle, error) {
	b := &Bundle{dir: dir}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("captures/evidence: %s is a file: %w", dir, ErrNotEvidence)
	}
	if err := readJSON(filepath.Join(dir, fileRun), &b.run); errors.Is(err, fs.ErrNotExist) {
		if b.run = unfinished(dir); b.run.Trials == nil {
			return nil, fmt.Errorf("captures/evidence: %s has no %s: %w; a run writes one with useipsec run --out", dir, fileRun, ErrNotEvidence)
		}
		b.notes = append(b.notes, "the run did not come to its end: there is no "+fileRun+", its trials were looked for")
	} else if err != nil {
		return nil, err
	}
	if b.run.Schema != RunSchema {
		return nil, fmt.Errorf("captures/evidence: %s has schema %q, this program reads %q: %w", filepath.Join(dir, fileRun), b.run.Schema, RunSchema, ErrNotEvidence)
	}
	if b.profile, err = os.ReadFile(filepath.Join(dir, fileProfile)); err != nil {
		return nil, fmt.Errorf("captures/evidence: %w: %w", err, ErrNotEvidence)
	}
	if b.claims, err = os.ReadFile(filepath.Join(dir, fileClaims)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("captures/evidence: %w: %w", err, ErrNotEvidence)
	}
	b.notes = append(b.notes, b.checkManifest()...)
	return b, nil
}

// unfinished makes up what run.json would say of a run that was killed, from the trials it began.
func unfinished(dir string) Run {
	r := Run{Schema: RunSchema, Status: StatusInterrupted}
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		var t Trial
		if err != nil || d.Name() != fileTrial || readJSON(name, &t) != nil || t.Schema != TrialSchema {
			return nil // what cannot be read is not a trial
		}
		rel, err := filepath.Rel(dir, filepath.Dir(name))
		if err != nil {
			return nil
		}
		r.Peer.Name = t.Peer
		r.Trials = append(r.Trials, TrialRef{
			Peer: t.Peer, Scenario: t.Scenario, Trial: t.Trial, Dir: filepath.ToSlash(rel), Status: t.Status, Reason: t.Reason,
		})
		return nil
	})
	return r
}

func readJSON(name string, v any) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("captures/evidence: %w", err)
	}
	if info.Size() > maxJSON {
		return fmt.Errorf("captures/evidence: %s has %d octets, more than any run writes: %w", name, info.Size(), ErrNotEvidence)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("captures/evidence: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("captures/evidence: %s: %w: %w", name, err, ErrNotEvidence)
	}
	return nil
}

// Run is what run.json says.
func (b *Bundle) Run() Run { return b.run }

// Profile is the text of the profile the run was made for.
func (b *Bundle) Profile() []byte { return b.profile }

// Claims is the text of the claims that the run was held against, nil when there were none.
func (b *Bundle) Claims() []byte { return b.claims }

// Notes are remarks on the evidence itself: files that are missing, altered or new since the run.
func (b *Bundle) Notes() []string { return b.notes }

// TrialReader reads the evidence of one trial.
type TrialReader struct {
	Ref  TrialRef
	Meta Trial // zero for a trial that never began
	dir  string

	altered string
}

// Trials gives the trials in the order of the run. A trial whose trial.json cannot be read
// comes with an error.
func (b *Bundle) Trials() iter.Seq2[*TrialReader, error] {
	return func(yield func(*TrialReader, error) bool) {
		for _, ref := range b.run.Trials {
			if !yield(b.trial(ref)) {
				return
			}
		}
	}
}

func (b *Bundle) trial(ref TrialRef) (*TrialReader, error) {
	t := &TrialReader{Ref: ref, altered: b.alteredTrial(ref.Dir)}
	if ref.Dir == "" {
		return t, nil
	}
	if !filepath.IsLocal(filepath.FromSlash(ref.Dir)) {
		return t, fmt.Errorf("captures/evidence: trial directory %q leads out of the bundle: %w", ref.Dir, ErrNotEvidence)
	}
	t.dir = filepath.Join(b.dir, filepath.FromSlash(ref.Dir))
	if err := readJSON(filepath.Join(t.dir, fileTrial), &t.Meta); err != nil {
		return t, err
	}
	if t.Meta.Schema != TrialSchema {
		return t, fmt.Errorf("captures/evidence: %s has schema %q, this program reads %q: %w", filepath.Join(t.dir, fileTrial), t.Meta.Schema, TrialSchema, ErrNotEvidence)
	}
	return t, nil
}

// Path is the name of a file of the trial, for opening or showing it.
func (t *TrialReader) Path(name string) string { return filepath.Join(t.dir, filepath.FromSlash(name)) }

// WirePath is where the trial's capture is.
func (t *TrialReader) WirePath() string { return t.Path(fileWire) }

// Altered is the first of the bundle's notes by which what the trial is judged by is not as the run left it, "" where there
// is none. Keys that were taken out leave less to see, and nothing else.
func (t *TrialReader) Altered() string { return t.altered }

// Packets reads the trial's capture. Packet.Data is valid until the next packet.
func (t *TrialReader) Packets() iter.Seq2[captures.Packet, error] {
	return func(yield func(captures.Packet, error) bool) {
		f, err := os.Open(t.WirePath())
		if err != nil {
			yield(captures.Packet{}, fmt.Errorf("captures/evidence: %w", err))
			return
		}
		defer f.Close()
		r, err := captures.NewReader(f, captures.Limits{})
		if err != nil {
			yield(captures.Packet{}, fmt.Errorf("captures/evidence: %s: %w", t.WirePath(), err))
			return
		}
		for p, err := range r.Packets() {
			if err != nil {
				err = fmt.Errorf("captures/evidence: %s: %w", t.WirePath(), err)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// Keys reads the trial's keys; a trial without gives an empty log.
func (t *TrialReader) Keys() (*keylog.Log, error) {
	name := t.Path(path.Join(dirKeys, fileKeys))
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &keylog.Log{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	defer f.Close()
	return keylog.Read(name, f)
}

// maxIncidents bounds what is read of the faults of a trial.
const maxIncidents = 1 << 16

// Faults reads what the wire did to packets; a trial without gives none.
func (t *TrialReader) Faults() ([]Incident, error) {
	f, err := os.Open(t.Path(fileFaults))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	defer f.Close()
	var all []Incident
	d := json.NewDecoder(f)
	for d.More() {
		var i Incident
		if len(all) == maxIncidents {
			return nil, fmt.Errorf("captures/evidence: %s: %w: more than %d lines, the most that is read", t.Path(fileFaults), ErrNotEvidence, maxIncidents)
		}
		if err := d.Decode(&i); err != nil {
			return nil, fmt.Errorf("captures/evidence: %s: line %d: %w: %w", t.Path(fileFaults), len(all)+1, ErrNotEvidence, err)
		}
		all = append(all, i)
	}
	return all, nil
}

// Certificates reads the certificates of the trial; a trial without gives none.
func (t *TrialReader) Certificates() ([]*x509.Certificate, error) {
	b, err := os.ReadFile(t.Path(fileCerts))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	c, err := pki.ParsePEM(b)
	if err != nil {
		return nil, fmt.Errorf("captures/evidence: %s: %w", t.Path(fileCerts), err)
	}
	return c.Certs, nil
}
