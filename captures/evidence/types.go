// Package evidence is the bundle that a run leaves on disk: captures, keys, a journal and
// what was asked, per trial. Everything a verdict needs is in it, so that the same bundle
// can be judged again, elsewhere and later.
//
//	OUT/run.json  profile.yaml  claims.yaml  manifest.sha256
//	OUT/<peer>/<scenario>/<trial>/
//	    trial.json  wire.pcapng  journal.jsonl  faults.jsonl  certificates.pem
//	    peer/…
//	    keys/{keys.jsonl,ikev1_decryption_table,esp_sa}    mode 0600
//
// What is derived from it (results.json, report.html and so on) is written beside it and
// left out of the manifest.
package evidence

import (
	"errors"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/scenarios"
)

// Schemas of the files.
const (
	RunSchema   = "useipsec.run/1"
	TrialSchema = "useipsec.trial/1"
)

// How a trial ended.
const (
	StatusCompleted   = "completed"
	StatusUnsupported = "unsupported" // the peer itself said that it cannot
	StatusError       = "error"       // ours
	StatusInterrupted = "interrupted"
	StatusSkipped     = "skipped"
)

// Errors.
var (
	ErrExists      = errors.New("evidence exists already")
	ErrNotEvidence = errors.New("not a directory of evidence")
	ErrAltered     = errors.New("altered since the run")
)

// Trial is trial.json: what was asked of whom.
type Trial struct {
	Schema    string             `json:"schema"`
	Peer      string             `json:"peer"`
	Scenario  string             `json:"scenario"`
	Trial     string             `json:"trial"`      // the name within the scenario
	PeerPlays string             `json:"peer_plays"` // the peer's IKE role
	Spec      scenarios.Scenario `json:"spec"`       // the scenario as it was run

	Harness      netip.Addr `json:"harness"` // on the wire
	PeerAddr     netip.Addr `json:"peer_addr"`
	HarnessInner netip.Addr `json:"harness_inner"` // behind it, in tunnel mode
	PeerInner    netip.Addr `json:"peer_inner"`
	// Inside is what the IKE initiator itself has for an address, where a NAT stands before it; Harness or PeerAddr is the
	// NAT's then.
	Inside netip.Addr `json:"inside,omitzero"`

	// Marker is the payload of the datagrams to UDP port 9 that must be in the capture before the first IKE message.
	Marker string `json:"marker"`
	// Deviations are the faults that were switched on in the reference peer.
	Deviations []string `json:"deviations,omitempty"`

	// PeerProcess is how the peer's process was when the script had come to its end: "running", or how it had ended, such
	// as "pluto: signal: bus error". It is empty where nobody can know.
	PeerProcess string `json:"peer_process,omitempty"`

	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// PeerRunning is the PeerProcess of a peer that has survived its trial.
const PeerRunning = "running"

// PeerInfo says who was tested.
type PeerInfo struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Carrier string `json:"carrier,omitempty"` // what carried its ESP: virtual, netns, namespace, kernel, guest
	Detail  string `json:"detail,omitempty"`
}

// Run is run.json.
type Run struct {
	Schema      string     `json:"schema"`
	Tool        string     `json:"tool"`
	ToolVersion string     `json:"tool_version"`
	Started     time.Time  `json:"started"`
	Finished    time.Time  `json:"finished"`
	Profile     string     `json:"profile"`
	Lab         string     `json:"lab"`
	Peer        PeerInfo   `json:"peer"`
	Platform    string     `json:"platform"`
	Status      string     `json:"status"` // complete, interrupted or error
	Trials      []TrialRef `json:"trials"`
}

// TrialRef is one trial in run.json. Dir is relative to the bundle and has slashes; it is
// empty for a trial that never began.
type TrialRef struct {
	Peer     string `json:"peer"`
	Scenario string `json:"scenario"`
	Trial    string `json:"trial"`
	Dir      string `json:"dir,omitempty"`
	Status   string `json:"status"`
	Reason   string `json:"reason,omitempty"`
}

// names of the files in a bundle and in a trial.
const (
	fileRun      = "run.json"
	fileProfile  = "profile.yaml"
	fileClaims   = "claims.yaml"
	fileManifest = "manifest.sha256"
	fileTrial    = "trial.json"
	fileWire     = "wire.pcapng"
	fileJournal  = "journal.jsonl"
	fileFaults   = "faults.jsonl"
	fileCerts    = "certificates.pem"
	fileKeys     = "keys.jsonl"
	fileIKETable = "ikev1_decryption_table"
	fileESPTable = "esp_sa"
	dirKeys      = "keys"
	dirPeer      = "peer"
)

// derived are the files that are made from a bundle, by their base name.
var derived = map[string]bool{
	"results.json": true, "report.html": true, "junit.xml": true, "matrix.md": true,
	"verdict.json": true, "explain.md": true, fileManifest: true,
}
