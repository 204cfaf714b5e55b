package check

import (
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
)

// bundle writes a bundle with one trial of each kind of status.
func bundle(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	b, err := evidence.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.WriteProfile([]byte("name: test\n")); err != nil {
		t.Fatal(err)
	}
	run := evidence.Run{
		Schema: evidence.RunSchema, Tool: "useipsec", ToolVersion: "test", Profile: "test", Lab: "virtual",
		Peer: evidence.PeerInfo{Name: "reference", Version: "1", Carrier: "virtual"}, Status: "complete",
	}
	for _, status := range []string{evidence.StatusCompleted, evidence.StatusUnsupported, evidence.StatusError, evidence.StatusInterrupted} {
		spec := full(bgpSpec())
		spec.ID = "test/" + status
		s := play(t, spec, responder).marker().negotiate().talk(179, true).talk(8179, false).quick().deletes()
		w, err := b.NewTrial(s.trial)
		if err != nil {
			t.Fatal(err)
		}
		wire, err := w.Wire(captures.Section{Application: "test", Interfaces: []captures.Interface{{Name: "wire", Link: captures.LinkRaw}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range s.packets {
			s.ok(wire.WritePacket(p))
		}
		s.ok(w.WriteKeys(&s.log))
		reason := ""
		if status != evidence.StatusCompleted {
			reason = "because"
		}
		s.ok(w.Close(status, reason))
		run.Trials = append(run.Trials, evidence.TrialRef{Peer: "reference", Scenario: spec.ID, Trial: "responder", Dir: w.Dir(), Status: status, Reason: reason})
	}
	run.Trials = append(run.Trials, evidence.TrialRef{Peer: "reference", Scenario: "test/skipped", Trial: "responder", Status: evidence.StatusSkipped, Reason: "not asked for"})
	if err := b.Finish(run); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t *testing.T, dir string) *evidence.Bundle {
	t.Helper()
	b, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRun(t *testing.T) {
	dir := bundle(t)
	var told []string
	o := Options{OnTrial: func(tr *TrialResult) { told = append(told, tr.Scenario) }}
	res, err := Run(open(t, dir), bgpProfile(), o)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Verdict{}
	for _, tr := range res.Trials {
		got[tr.Scenario] = tr.Verdict
		if tr.Status == evidence.StatusCompleted && len(tr.Findings) != len(Rules()) {
			t.Errorf("%s: %d findings", tr.Scenario, len(tr.Findings))
		}
		if tr.Status != evidence.StatusCompleted && (len(tr.Findings) != 1 || tr.Findings[0].Rule != "scenario.outcome" || tr.Findings[0].Verdict != tr.Verdict) {
			t.Errorf("%s: findings %+v", tr.Scenario, tr.Findings)
		}
	}
	want := map[string]Verdict{"test/completed": Pass, "test/unsupported": Unsupported, "test/error": Error, "test/interrupted": Inconclusive, "test/skipped": Skipped}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(told) != len(res.Trials) {
		t.Errorf("told of %v", told)
	}
	if res.Exit != ExitError || res.Verdict != Partial || res.Peer.Name != "reference" || res.ToolVersion != "test" {
		t.Errorf("%v, exit %d, %+v", res.Verdict, res.Exit, res.Peer)
	}

	again, err := Run(open(t, dir), bgpProfile(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := encode(t, res), encode(t, again)
	if a != b {
		t.Error("the same evidence gives other octets")
	}
}

func encode(t *testing.T, r *Result) string {
	t.Helper()
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRunDamaged: evidence that cannot be read is our error, not a verdict.
func TestRunDamaged(t *testing.T) {
	dir := bundle(t)
	wire := filepath.Join(dir, "reference", "test", "completed", "responder", "wire.pcapng")
	info, err := os.Stat(wire)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(wire, info.Size()-20); err != nil {
		t.Fatal(err)
	}
	res, err := Run(open(t, dir), bgpProfile(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if tr := res.Trials[0]; tr.Verdict != Error || !strings.Contains(tr.Reason, "not read to its end after frame") {
		t.Errorf("%v %q", tr.Verdict, tr.Reason)
	}
	if len(res.Notes) == 0 {
		t.Error("the altered file is not mentioned")
	}
}

func TestOptions(t *testing.T) {
	dir := bundle(t)
	for _, o := range []Options{
		{Filter: Filter{Rules: []string{"nothing.*"}}},
		{Exclude: []Exclusion{{Rules: "nothing.*", Reason: "x"}}},
	} {
		if _, err := Run(open(t, dir), bgpProfile(), o); !errors.Is(err, ErrNoMatch) {
			t.Errorf("%+v: %v", o, err)
		}
		if _, err := Capture("x", each(nil), nil, nil, o); !errors.Is(err, ErrNoMatch) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	res, err := Run(open(t, dir), bgpProfile(), Options{
		Filter:  Filter{Rules: []string{"esp.*"}},
		Exclude: []Exclusion{{Rules: "esp.icv", Reason: "known"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	tr := res.Trials[0]
	if f := find(&tr, "esp.icv"); f.Verdict != Skipped || f.Actual != "known" {
		t.Errorf("%+v", f)
	}
	if tr.Verdict != Skipped {
		t.Errorf("a required check was skipped: %v", tr.Verdict)
	}
	for _, f := range tr.Findings {
		if !strings.HasPrefix(f.Rule, "esp.") {
			t.Errorf("%s was not asked for", f.Rule)
		}
	}
	// Without scenario.outcome the trials that were not completed still count.
	if res.Exit != ExitError {
		t.Errorf("exit %d", res.Exit)
	}
}

// TestCaptureBreaksOff judges what there is and says that it was not all.
func TestCaptureBreaksOff(t *testing.T) {
	s := play(t, full(bgpSpec()), initiator).negotiate()
	broken := errors.New("broken")
	var packets iter.Seq2[captures.Packet, error] = func(yield func(captures.Packet, error) bool) {
		for p, err := range each(s.packets) {
			if !yield(p, err) {
				return
			}
		}
		yield(captures.Packet{}, broken)
	}
	tr, err := Capture("cut", packets, &s.log, nil, Options{})
	if !errors.Is(err, ErrCapture) || !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if tr == nil || find(tr, "ike.main.hash").Verdict != Pass || tr.Packets.Frames != len(s.packets) || tr.Reason == "" {
		t.Errorf("%+v", tr)
	}
	if r := Captured("useipsec", "1", nil, *tr); r.Exit != ExitSuccess || len(r.Items) != 9 {
		t.Errorf("%+v", r)
	}
}

type explainer struct{ events int }

func (x *explainer) Event(*dissect.Event) { x.events++ }

func (x *explainer) Explain(fs []Finding) []Diagnosis {
	return []Diagnosis{{ID: "one", Cause: "the first cause", Fix: "do", Explains: []string{"esp.icv"}}, {ID: "two", Cause: "another", Explains: []string{"esp.icv", "esp.padding"}}}
}

func TestDiagnoseHook(t *testing.T) {
	s := play(t, full(bgpSpec()), initiator)
	s.esp.BadICV = 1
	s.marker().negotiate().talk(179, true)
	x := &explainer{}
	tr, err := Capture("x", each(s.packets), &s.log, nil, Options{Diagnose: func(*Subject) Explainer { return x }})
	if err != nil {
		t.Fatal(err)
	}
	if x.events != len(s.packets) || len(tr.Diagnoses) != 2 {
		t.Errorf("%d events, %d diagnoses", x.events, len(tr.Diagnoses))
	}
	if f := find(tr, "esp.icv"); f.Verdict != Fail || f.Why != "the first cause" || f.Next != "do" {
		t.Errorf("%+v", f)
	}
	if f := find(tr, "esp.padding"); f.Verdict != Pass || f.Why != "" {
		t.Errorf("a pass needs no cause: %+v", f)
	}
}

// TestBounds: what a finding keeps does not grow with the capture.
func TestBounds(t *testing.T) {
	s := play(t, full(bgpSpec()), responder)
	s.esp.BadICVFrom = 1
	s.marker().negotiate()
	for range 50 {
		s.talk(179, true)
		s.segment(true, tcpSegment(179, s.port, 0x18, "leak"), false)
	}
	for _, f := range s.judge(true).Findings {
		if len(f.Frames) > MaxFrames || len(f.Actual) > 2000 || len(f.Witness) > 2000 {
			t.Errorf("%s: %d frames, %d and %d octets", f.Rule, len(f.Frames), len(f.Actual), len(f.Witness))
		}
	}
	f := find(s.judge(true), "policy.no-cleartext")
	if f.FramesTotal != 50 || len(f.Frames) != MaxFrames {
		t.Errorf("%d frames of %d", len(f.Frames), f.FramesTotal)
	}
}
