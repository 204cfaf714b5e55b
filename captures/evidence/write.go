package evidence

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/ikev1/pki"
)

// Bundle is a directory of evidence, being written or opened for reading.
type Bundle struct {
	// NoSecrets leaves keys out of what is written.
	NoSecrets bool

	dir     string
	run     Run
	profile []byte
	claims  []byte
	notes   []string
	altered map[string]string // those of the notes that are about files that are not as they were
}

// Create makes the directory of a new bundle. One that exists is left alone: ErrExists.
func Create(dir string) (*Bundle, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("captures/evidence: %s: %w; remove it or name another directory", dir, ErrExists)
	} else if err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	return &Bundle{dir: dir}, nil
}

// Dir is the bundle's directory.
func (b *Bundle) Dir() string { return b.dir }

// WriteProfile keeps the text of the profile that the run is held against.
func (b *Bundle) WriteProfile(source []byte) error {
	b.profile = source
	return b.WriteFile(fileProfile, func(w io.Writer) error { _, err := w.Write(source); return err })
}

// WriteClaims keeps the text of the claims that the run is held against.
func (b *Bundle) WriteClaims(source []byte) error {
	b.claims = source
	return b.WriteFile(fileClaims, func(w io.Writer) error { _, err := w.Write(source); return err })
}

// WriteFile writes a file of the bundle in one piece: either all of it is there afterwards
// or what was there before. name is relative and has slashes.
func (b *Bundle) WriteFile(name string, write func(io.Writer) error) error {
	return writeFile(b.dir, name, 0o644, write)
}

func writeFile(dir, name string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("captures/evidence: file name %q leads out of the bundle", name)
	}
	target := filepath.Join(dir, filepath.FromSlash(name))
	defer func() {
		if err != nil {
			err = fmt.Errorf("captures/evidence: write %s: %w", target, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(target), "."+path.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after the rename
	buffered := bufio.NewWriter(f)
	err = errors.Join(cmp.Or(f.Chmod(mode), write(buffered), buffered.Flush()), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), target)
}

func writeJSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
}

// Finish writes run.json and the manifest.
func (b *Bundle) Finish(r Run) error {
	r.Schema = RunSchema
	b.run = r
	if err := b.WriteFile(fileRun, writeJSON(r)); err != nil {
		return err
	}
	return b.writeManifest()
}

// TrialWriter writes the evidence of one trial. Its methods may be called concurrently;
// of the writer that Wire returns this holds only if all packets go through WritePacket.
//
// What was written stays on disk however the program ends: journal lines and, with
// WritePacket, packets are handed to the system one by one.
type TrialWriter struct {
	bundle *Bundle
	rel    string
	dir    string
	meta   Trial

	wireMu  sync.Mutex
	wire    *os.File
	capture *captures.Writer

	mu      sync.Mutex
	journal *os.File // nil once closed
	faults  *os.File // nil where there were none
	err     error    // the first of the journal and the faults
}

// NewTrial begins a trial. Its directory is <peer>/<scenario>/<trial>. Until Close its
// status on disk is StatusInterrupted.
func (b *Bundle) NewTrial(t Trial) (*TrialWriter, error) {
	t.Schema = TrialSchema
	rel := path.Join(t.Peer, t.Scenario, t.Trial)
	w := &TrialWriter{bundle: b, rel: rel, dir: filepath.Join(b.dir, filepath.FromSlash(rel)), meta: t}
	if !filepath.IsLocal(filepath.FromSlash(rel)) || strings.Contains(rel, "\\") {
		return nil, fmt.Errorf("captures/evidence: trial %q leads out of the bundle", rel)
	}
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	w.meta.Status = StatusInterrupted // until it is closed
	if err := w.writeMeta(); err != nil {
		return nil, err
	}
	var err error
	if w.journal, err = os.OpenFile(filepath.Join(w.dir, fileJournal), os.O_CREATE|os.O_WRONLY|os.O_APPEND|os.O_EXCL, 0o644); err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	return w, nil
}

func (w *TrialWriter) writeMeta() error { return writeFile(w.dir, fileTrial, 0o644, writeJSON(w.meta)) }

// Dir is the trial's directory, relative to the bundle, with slashes.
func (w *TrialWriter) Dir() string { return w.rel }

// Wire begins the trial's capture, once. Close flushes and closes it.
func (w *TrialWriter) Wire(s captures.Section) (*captures.Writer, error) {
	w.wireMu.Lock()
	defer w.wireMu.Unlock()
	f, err := os.OpenFile(filepath.Join(w.dir, fileWire), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	w.wire = f
	w.capture, err = captures.NewWriter(f, s)
	if err != nil {
		return nil, fmt.Errorf("captures/evidence: %w", err)
	}
	return w.capture, nil
}

// errNoCapture: Wire was not called, or the trial is closed.
var errNoCapture = errors.New("captures/evidence: the trial has no open capture")

// WritePacket adds a packet to the capture that Wire began, and flushes it.
func (w *TrialWriter) WritePacket(p captures.Packet) error {
	w.wireMu.Lock()
	defer w.wireMu.Unlock()
	if w.capture == nil {
		return errNoCapture
	}
	if err := w.capture.WritePacket(p); err != nil {
		return err
	}
	return w.capture.Flush()
}

// Journal adds a line to the journal: who noticed what, with attributes as slog takes them
// ("key", value, …). It never waits for more than the disk; the first error is kept for Close.
func (w *TrialWriter) Journal(at time.Time, source, event string, attrs ...any) {
	line := journalLine(at, source, event, attrs)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return
	}
	if _, err := w.journal.Write(line); err != nil && w.err == nil {
		w.err = fmt.Errorf("journal: %w", err)
	}
}

// Fault adds a line to what the wire did to packets. The first error is kept for Close.
func (w *TrialWriter) Fault(i Incident) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil || w.err != nil {
		return
	}
	if w.faults == nil {
		if w.faults, w.err = os.OpenFile(filepath.Join(w.dir, fileFaults), os.O_CREATE|os.O_WRONLY|os.O_APPEND|os.O_EXCL, 0o644); w.err != nil {
			return
		}
	}
	i.Time = i.Time.UTC()
	w.err = json.NewEncoder(w.faults).Encode(i)
}

// WriteKeys keeps the key material, in our own form and as Wireshark's two tables.
func (w *TrialWriter) WriteKeys(l *keylog.Log) error {
	if w.bundle.NoSecrets {
		return nil
	}
	dir := filepath.Join(w.dir, dirKeys)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("captures/evidence: %w", err)
	}
	return errors.Join(
		writeFile(dir, fileKeys, 0o600, l.WriteJSON),
		writeFile(dir, fileIKETable, 0o600, l.WriteIKEv1Table),
		writeFile(dir, fileESPTable, 0o600, l.WriteESPTable),
	)
}

// WriteCertificates keeps the certificates of the trial, in PEM: the roots, what lies between, and those of both ends. They
// are public; a private key among them is refused.
func (w *TrialWriter) WriteCertificates(pem []byte) error {
	c, err := pki.ParsePEM(pem)
	if err == nil && len(c.Keys) > 0 {
		err = errors.New("a private key is among them")
	}
	if err != nil {
		return fmt.Errorf("captures/evidence: write %s: %w", fileCerts, err)
	}
	return writeFile(w.dir, fileCerts, 0o644, func(f io.Writer) error { _, err := f.Write(pem); return err })
}

// WritePeerFile keeps something of the peer's: its configuration, version or log, without secrets.
func (w *TrialWriter) WritePeerFile(name string, data []byte) error {
	return writeFile(filepath.Join(w.dir, dirPeer), name, 0o644, func(f io.Writer) error { _, err := f.Write(data); return err })
}

// Close ends the trial. What was written before stays, whatever Close returns. An error in
// writing the evidence makes it the trial's status, with the error as reason. Closing again
// does nothing: the first status counts.
func (w *TrialWriter) Close(status, reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return nil
	}
	err := errors.Join(w.err, w.closeWire(), w.journal.Close())
	if w.faults != nil {
		err = errors.Join(err, w.faults.Close())
	}
	w.journal = nil
	w.meta.Status, w.meta.Reason = status, reason
	if err != nil {
		err = fmt.Errorf("captures/evidence: %s: %w", w.rel, err)
		w.meta.Status, w.meta.Reason = StatusError, err.Error()
	}
	return errors.Join(err, w.writeMeta())
}

// PeerProcess keeps how the peer's process was at the end: see Trial.PeerProcess.
func (w *TrialWriter) PeerProcess(state string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.meta.PeerProcess = state
}

func (w *TrialWriter) closeWire() error {
	w.wireMu.Lock()
	defer w.wireMu.Unlock()
	if w.wire == nil {
		return nil
	}
	var err error
	if w.capture != nil {
		err = w.capture.Flush()
	}
	err = errors.Join(err, w.wire.Close())
	w.wire, w.capture = nil, nil
	return err
}
