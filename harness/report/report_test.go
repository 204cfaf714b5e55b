package report

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/captures/keylog"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is a result with a bit of everything, evil texts included.
func sample() *check.Result {
	leak := check.Finding{
		Rule: "policy.no-cleartext", Item: "a", Ref: "RFC2401/4.4.1", Level: check.Must, Title: "Nothing that is to be protected travels in clear",
		Verdict: check.Fail, Expected: []string{"every packet inside ESP", "no packet at all"}, Actual: "tcp in clear\x1b[2J | <b>",
		Frames: []int{12, 14}, FramesTotal: 40, Why: "packets left in clear (frame 12)", Next: "look for a bypass that matches first",
	}
	leakAgain := leak
	leakAgain.Why, leakAgain.Frames, leakAgain.FramesTotal = "packets left in clear (frame 3)", []int{3}, 0
	pass := check.Finding{Rule: "esp.icv", Item: "b", Ref: "RFC2406/3.3.4", Level: check.Must, Title: "The ICV verifies", Verdict: check.Pass, Witness: "12 ESP packets"}
	should := check.Finding{Rule: "ike.dpd", Item: "h", Ref: "RFC3706/5", Level: check.Should, Title: "Dead peers are detected", Verdict: check.Fail, Actual: "they are not"}
	na := check.Finding{Rule: "natt.keepalive", Ref: "RFC3948/4", Level: check.Must, Title: "Keepalives are sent", Verdict: check.NotApplicable, Actual: "no NAT"}
	unclear := check.Finding{
		Rule: "scenario.traffic", Item: "a", Ref: "RFC2401/5", Level: check.Must, Title: "Traffic is as the scenario says", Verdict: check.Inconclusive,
		Actual: "the marker is missing", Next: "run the trial again",
	}
	refused := check.Finding{Rule: "scenario.outcome", Ref: "RFC2409", Level: check.Must, Title: "The outcome", Verdict: check.Unsupported, Actual: "no AH"}
	res := &check.Result{
		Schema: check.Schema, Tool: "useipsec", ToolVersion: "v1", Profile: "bgp", Lab: "virtual",
		Peer:  check.Peer{Name: "reference", Version: "v1", Carrier: "virtual"},
		Notes: []string{"extra is new since the run"},
		Trials: []check.TrialResult{
			{
				Peer: "reference", Scenario: "policy/bgp-only", Title: "BGP only", Trial: "responder", Dir: "reference/policy/bgp-only/responder",
				Status: evidence.StatusCompleted, Findings: []check.Finding{leak, pass, should, na},
				Diagnoses: []check.Diagnosis{{ID: "leak", Symptom: "in clear", Cause: leak.Why, Confidence: check.Certain, Evidence: []string{"frame 12"}, Frames: []int{12}, Fix: leak.Next}},
			},
			{
				Peer: "reference", Scenario: "policy/bgp-only", Title: "BGP only", Trial: "initiator", Dir: "reference/policy/bgp-only/initiator",
				Status: evidence.StatusCompleted, Findings: []check.Finding{leakAgain, pass},
			},
			{
				Peer: "reference", Scenario: "quick/tunnel", Trial: "responder", Dir: "reference/quick/tunnel/responder",
				Status: evidence.StatusCompleted, Findings: []check.Finding{pass, unclear},
			},
			{
				Peer: "reference", Scenario: "quick/ah", Trial: "responder", Items: []string{"b"},
				Status: evidence.StatusUnsupported, Reason: "no AH", Findings: []check.Finding{refused},
			},
			{
				Peer: "reference", Scenario: "quick/ah", Trial: "initiator", Items: []string{"b"},
				Status: evidence.StatusInterrupted, Reason: "the run was interrupted", Findings: []check.Finding{},
			},
		},
	}
	for i := range res.Trials {
		res.Trials[i].Close()
	}
	res.Close()
	return res
}

// TestGolden holds the texts against testdata; -update writes them.
func TestGolden(t *testing.T) {
	res := sample()
	for name, write := range map[string]func(io.Writer) error{
		"summary.txt": func(w io.Writer) error { return Summary(w, res, false) },
		"matrix.md":   func(w io.Writer) error { return Matrix(w, res) },
		"junit.xml":   func(w io.Writer) error { return JUnit(w, res) },
		"explain.md":  func(w io.Writer) error { return explain(w, &res.Trials[0], nil) },
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(got.String(), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }); i >= 0 {
			t.Errorf("%s lets a control character through at offset %d", name, i)
		}
		golden(t, name, got.String())
	}
}

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestColour shows that colour changes nothing but colour.
func TestColour(t *testing.T) {
	var with, without bytes.Buffer
	res := sample()
	if err := errors.Join(Summary(&with, res, true), Summary(&without, res, false)); err != nil {
		t.Fatal(err)
	}
	stripped := strings.NewReplacer(red, "", green, "", yellow, "", dim, "", reset, "").Replace(with.String())
	if stripped != without.String() || with.Len() == without.Len() {
		t.Error(cmp.Diff(without.String(), stripped))
	}
}

// TestJUnit counts what continuous integration would.
func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := JUnit(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 10 || got.Failures != 2 || got.Errors != 2 || got.Skipped != 2 {
		t.Errorf("%+v", got)
	}
}

// TestJSON reads a result back as it was written.
func TestJSON(t *testing.T) {
	var b bytes.Buffer
	want := sample()
	if err := JSON(&b, want); err != nil {
		t.Fatal(err)
	}
	var got check.Result
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Error(diff)
	}
}

// datagram is an IPv4 packet with UDP, checksums left out.
func datagram(src, dst netip.Addr, payload string) []byte {
	b := make([]byte, 28, 28+len(payload))
	b[0], b[8], b[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(b[2:], uint16(28+len(payload)))
	copy(b[12:], src.AsSlice())
	copy(b[16:], dst.AsSlice())
	binary.BigEndian.PutUint16(b[20:], 40000)
	binary.BigEndian.PutUint16(b[22:], 9)
	binary.BigEndian.PutUint16(b[24:], uint16(8+len(payload)))
	return append(b, payload...)
}

// bundle makes the evidence of one trial with n packets, all but the first of which are from the peer.
func bundle(t *testing.T, n int) *evidence.Bundle {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := evidence.Create(filepath.Join(t.TempDir(), "out"))
	check(err)
	check(b.WriteProfile([]byte("name: x\n")))
	meta := evidence.Trial{
		Peer: "reference", Scenario: "policy/bgp-only", Trial: "responder", Marker: "marker",
		Harness: netip.MustParseAddr("192.0.2.1"), PeerAddr: netip.MustParseAddr("192.0.2.2"),
	}
	tw, err := b.NewTrial(meta)
	check(err)
	_, err = tw.Wire(captures.Section{Interfaces: []captures.Interface{{Name: "wire", Link: captures.LinkRaw}}})
	check(err)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range n {
		p := captures.Packet{Time: start.Add(time.Duration(i) * time.Millisecond), Data: datagram(meta.PeerAddr, meta.Harness, "x")}
		if i == 0 {
			p.Data = datagram(meta.Harness, meta.PeerAddr, meta.Marker)
		}
		p.OrigLen = len(p.Data)
		check(tw.WritePacket(p))
	}
	check(tw.WriteKeys(&keylog.Log{}))
	check(tw.Close(evidence.StatusCompleted, ""))
	check(b.Finish(evidence.Run{Status: "complete", Trials: []evidence.TrialRef{
		{Peer: meta.Peer, Scenario: meta.Scenario, Trial: meta.Trial, Dir: tw.Dir(), Status: evidence.StatusCompleted},
	}}))
	opened, err := evidence.Open(b.Dir())
	check(err)
	return opened
}

// TestLadder shows the bounds of a ladder and what they leave.
func TestLadder(t *testing.T) {
	for name, c := range map[string]struct {
		packets           int
		cited             []int
		rungs, hidden     int
		last, gapBefore77 int
	}{
		"short":  {packets: 3, rungs: 3, last: 3},
		"long":   {packets: 200, rungs: maxRungs, hidden: 200 - maxRungs, last: maxRungs},
		"cited":  {packets: 200, cited: []int{2, 77}, rungs: maxRungs + 1, hidden: 200 - maxRungs - 1, last: 77, gapBefore77: 77 - maxRungs - 1},
		"beyond": {packets: 20, cited: []int{77}, rungs: 20, last: 20},
	} {
		res := sample()
		res.Trials = res.Trials[:1]
		res.Trials[0].Findings[0].Frames = c.cited
		res.Trials[0].Packets.Frames = c.packets
		l := ladders(bundle(t, c.packets), res)[0]
		if l == nil || len(l.Rungs) != c.rungs || l.Hidden != c.hidden || l.Total != c.packets || l.Broken != "" {
			t.Fatalf("%s: %+v", name, l)
		}
		first, last := l.Rungs[0], l.Rungs[len(l.Rungs)-1]
		if first.Label != "marker" || !first.FromLeft || last.FromLeft || last.Frame != c.last || last.Gap != c.gapBefore77 {
			t.Errorf("%s: first %+v, last %+v", name, first, last)
		}
		for _, r := range l.Rungs {
			if r.Cited != (r.Frame == 2 || r.Frame == 77) && c.cited != nil && name == "cited" {
				t.Errorf("%s: frame %d cited: %v", name, r.Frame, r.Cited)
			}
		}
	}
}

// TestWrite writes everything and, over a broken capture, as much.
func TestWrite(t *testing.T) {
	b := bundle(t, 3)
	res := sample()
	res.Trials = res.Trials[:1]
	files := []string{
		FileResults, FileHTML, FileJUnit, FileMatrix,
		"reference/policy/bgp-only/responder/" + FileVerdict, "reference/policy/bgp-only/responder/" + FileExplain,
	}
	read := func() (all string) {
		for _, f := range files {
			data, err := os.ReadFile(filepath.Join(b.Dir(), f))
			if err != nil || len(data) == 0 {
				t.Fatalf("%s: %d octets, %v", f, len(data), err)
			}
			all += string(data)
		}
		return all
	}
	if err := Write(b, res); err != nil {
		t.Fatal(err)
	}
	first := read()
	if err := Write(b, res); err != nil {
		t.Fatal(err)
	}
	if read() != first {
		t.Error("the same evidence gives other reports")
	}
	if o, err := evidence.Open(b.Dir()); err != nil || len(o.Notes()) > 0 {
		t.Errorf("reports count as evidence: %v, %v", o.Notes(), err)
	}
	wire := filepath.Join(b.Dir(), "reference/policy/bgp-only/responder/wire.pcapng")
	data, err := os.ReadFile(wire)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(wire, data[:len(data)-5], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(b, res); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(read(), "could not be read further") {
		t.Error("nothing says that the capture is broken")
	}
}

// TestWriteFails tries the other files when one cannot be written.
func TestWriteFails(t *testing.T) {
	b := bundle(t, 1)
	if err := os.Mkdir(filepath.Join(b.Dir(), FileJUnit), 0o755); err != nil {
		t.Fatal(err)
	}
	res := sample()
	res.Trials = res.Trials[:1]
	err := Write(b, res)
	if err == nil || !strings.Contains(err.Error(), FileJUnit) {
		t.Errorf("error %v", err)
	}
	for _, f := range []string{FileResults, FileMatrix, FileHTML} {
		if _, err := os.Stat(filepath.Join(b.Dir(), f)); err != nil {
			t.Error(err)
		}
	}
	res.Trials[0].Dir = FileMatrix // a file: nothing can be written below it
	if err := Write(b, res); err == nil || !strings.Contains(err.Error(), "and 2 further files") || strings.Contains(err.Error(), FileExplain) {
		t.Errorf("error %v", err)
	}
}
