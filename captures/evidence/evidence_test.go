package evidence_test

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// certificate is that of a CA, in PEM, and keyPEM its private key.
var certificate, keyPEM = func() ([]byte, []byte) {
	ca, err := pki.NewCA(nil, at, pki.Template{Subject: "CN=Root", Key: pki.ECDSAP256})
	if err != nil {
		panic(err)
	}
	key, err := pki.KeyPEM(ca.Key)
	if err != nil {
		panic(err)
	}
	return pki.CertPEM(ca.Root()), key
}()

// TestCertificates: what is not all certificates is refused.
func TestCertificates(t *testing.T) {
	b, err := evidence.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	tw, err := b.NewTrial(evidence.Trial{Peer: "p", Scenario: "s", Trial: "t"})
	if err != nil {
		t.Fatal(err)
	}
	defer tw.Close(evidence.StatusCompleted, "")
	junk := []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	for name, pem := range map[string][]byte{"a key": append(bytes.Clone(certificate), keyPEM...), "junk": junk} {
		if err := tw.WriteCertificates(pem); err == nil || bytes.Contains([]byte(err.Error()), keyPEM[30:60]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(b.Dir(), tw.Dir(), "certificates.pem")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}

// write makes a bundle with one trial.
func write(t *testing.T, noSecrets bool) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	b, err := evidence.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	b.NoSecrets = noSecrets
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(b.WriteProfile([]byte("name: x\n")))
	tw, err := b.NewTrial(evidence.Trial{Peer: "reference", Scenario: "main/psk/x", Trial: "responder", Marker: "m"})
	check(err)
	w, err := tw.Wire(captures.Section{Application: "test", Interfaces: []captures.Interface{{Name: "wire", Link: captures.LinkRaw}}})
	check(err)
	check(w.WritePacket(captures.Packet{Time: at, Data: []byte{0x45, 1, 2}, Dir: captures.DirIn}))
	tw.Journal(at, "harness", "state", "detail", "main1-sent")
	check(tw.WriteKeys(&keylog.Log{ISAKMP: []keylog.ISAKMP{{CookieI: wire.Cookie{1}, Ka: bytes.Repeat([]byte{0xab}, 16)}}}))
	check(tw.WriteCertificates(certificate))
	check(tw.WritePeerFile("config", []byte("conf")))
	check(tw.Close(evidence.StatusCompleted, ""))
	check(b.WriteClaims([]byte("product: x\n")))
	check(b.Finish(evidence.Run{Tool: "useipsec", Started: at, Finished: at, Profile: "x", Status: "complete", Trials: []evidence.TrialRef{
		{Peer: "reference", Scenario: "main/psk/x", Trial: "responder", Dir: tw.Dir(), Status: evidence.StatusCompleted},
		{Peer: "reference", Scenario: "main/psk/x", Trial: "initiator", Status: evidence.StatusSkipped, Reason: "r"},
	}}))
	return dir
}

func TestRoundTrip(t *testing.T) {
	dir := write(t, false)
	b, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string(nil), b.Notes()); diff != "" {
		t.Error("notes on untouched evidence:", diff)
	}
	if string(b.Profile()) != "name: x\n" || string(b.Claims()) != "product: x\n" || b.Run().Trials[1].Status != evidence.StatusSkipped {
		t.Errorf("profile %q, run %+v", b.Profile(), b.Run())
	}
	n := 0
	for tr, err := range b.Trials() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; tr.Ref.Dir == "" {
			continue
		}
		if certs, err := tr.Certificates(); err != nil || len(certs) != 1 || certs[0].Subject.CommonName != "Root" {
			t.Errorf("certificates %v, %v", certs, err)
		}
		if tr.Meta.Marker != "m" || tr.Meta.Status != evidence.StatusCompleted {
			t.Errorf("trial %+v", tr.Meta)
		}
		for p, err := range tr.Packets() {
			if err != nil || p.Number != 1 || !p.Time.Equal(at) || p.Dir != captures.DirIn {
				t.Errorf("packet %+v, %v", p, err)
			}
		}
		keys, err := tr.Keys()
		if err != nil || len(keys.ISAKMP) != 1 {
			t.Errorf("keys %v, %v", keys, err)
		}
		journal, err := os.ReadFile(tr.Path("journal.jsonl"))
		want := `{"time":"2026-01-02T03:04:05.000000006Z","event":"state","source":"harness","detail":"main1-sent"}` + "\n"
		if err != nil || string(journal) != want {
			t.Errorf("journal %q, want %q", journal, want)
		}
		for name, mode := range map[string]os.FileMode{"keys/keys.jsonl": 0o600, "keys/esp_sa": 0o600, "keys/ikev1_decryption_table": 0o600, "keys": 0o700, "trial.json": 0o644} {
			if fi, err := os.Stat(tr.Path(name)); err != nil || fi.Mode().Perm() != mode {
				t.Errorf("%s: %v, want mode %o", name, err, mode)
			}
		}
	}
	if n != 2 {
		t.Errorf("%d trials", n)
	}
}

// TestSpecRoundTrip shows that a scenario comes out of trial.json as it went in.
func TestSpecRoundTrip(t *testing.T) {
	spec := scenarios.Scenario{
		ID: "main/psk/x", Title: "t", Why: "w", Items: []profile.Item{'c', 'h'}, Refs: []string{"RFC2409/5.4"}, Tags: []string{"core"},
		PeerPlays: []scenarios.Role{scenarios.Responder, scenarios.Initiator},
		IKE: scenarios.IKE{
			Mode: "main", Authentication: "psk", Lifetime: scenarios.Duration(8 * time.Hour),
			Proposals: []scenarios.IKEProposal{{Encryption: "aes128-cbc", Hash: "sha1", Group: "modp1024"}},
		},
		Child: scenarios.Child{
			Protocol: "esp", Mode: "transport", Lifetime: scenarios.Duration(time.Hour), PFS: "modp2048",
			Proposals: []scenarios.ChildProposal{{Encryption: "aes128-cbc", Integrity: "hmac-sha1-96"}},
			Selector:  &scenarios.Selector{Protocol: 6, ServerPort: 179},
		},
		Peer: scenarios.Peer{PSK: scenarios.SecretOther, Child: &scenarios.Child{PFS: "none"}},
		Script: []scenarios.Step{
			{Initiate: &scenarios.Initiate{}},
			{Exchange: &scenarios.Exchange{Protocol: 6, Port: 179, Size: 64, Expect: scenarios.Protected}},
			{Rekey: &scenarios.Rekey{What: scenarios.WhatIKE}},
			{Delete: &scenarios.Delete{By: scenarios.PartyPeer, What: scenarios.WhatChild}},
		},
		Expect: scenarios.Expect{Phase1: scenarios.Established, Phase2: scenarios.Refused, Notifies: []string{"NO-PROPOSAL-CHOSEN"}, Silence: true},
	}
	b, err := evidence.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.WriteProfile(nil); err != nil {
		t.Fatal(err)
	}
	want := evidence.Trial{
		Peer: "reference", Scenario: spec.ID, Trial: "responder", PeerPlays: "responder", Spec: spec,
		Harness: netip.MustParseAddr("192.0.2.1"), PeerAddr: netip.MustParseAddr("192.0.2.2"),
		Marker: "m", Deviations: []string{"esp.bad_icv"},
	}
	tw, err := b.NewTrial(want)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tw.Close(evidence.StatusCompleted, ""), b.Finish(evidence.Run{Trials: []evidence.TrialRef{{Dir: tw.Dir()}}})); err != nil {
		t.Fatal(err)
	}
	r, err := evidence.Open(b.Dir())
	if err != nil {
		t.Fatal(err)
	}
	want.Schema, want.Status = evidence.TrialSchema, evidence.StatusCompleted
	for tr, err := range r.Trials() {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tr.Meta, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("trial (-want +got):\n%s", diff)
		}
	}
}

func TestAltered(t *testing.T) {
	dir := write(t, false)
	wirePath := filepath.Join(dir, "reference/main/psk/x/responder/wire.pcapng")
	data, err := os.ReadFile(wirePath)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := errors.Join(
		os.WriteFile(wirePath, data, 0o644),
		os.Remove(filepath.Join(dir, "reference/main/psk/x/responder/peer/config")),
		os.WriteFile(filepath.Join(dir, "extra"), nil, 0o644),
		os.WriteFile(filepath.Join(dir, "results.json"), nil, 0o644), // derived: nobody's business
	); err != nil {
		t.Fatal(err)
	}
	b, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"reference/main/psk/x/responder/peer/config is missing since the run",
		"reference/main/psk/x/responder/wire.pcapng was altered since the run",
		"extra is new since the run",
	}
	if diff := cmp.Diff(want, b.Notes()); diff != "" {
		t.Error(diff)
	}
}

func TestNoSecrets(t *testing.T) {
	dir := write(t, true)
	if _, err := os.Stat(filepath.Join(dir, "reference/main/psk/x/responder/keys")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("keys were written: %v", err)
	}
	b, err := evidence.Open(dir)
	if err != nil || len(b.Notes()) != 0 {
		t.Fatal(err, b.Notes())
	}
	for tr := range b.Trials() {
		if k, err := tr.Keys(); err != nil || len(k.ISAKMP) != 0 {
			t.Error(k, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	dir := write(t, false)
	if _, err := evidence.Create(dir); !errors.Is(err, evidence.ErrExists) {
		t.Errorf("existing directory: %v", err)
	}
	empty := t.TempDir()
	file := filepath.Join(empty, "f")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{empty, file} {
		if _, err := evidence.Open(name); !errors.Is(err, evidence.ErrNotEvidence) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := evidence.Open(filepath.Join(empty, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "run.json"), []byte(`{"schema":"other/9"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Open(dir); !errors.Is(err, evidence.ErrNotEvidence) || !strings.Contains(err.Error(), "other/9") {
		t.Error(err)
	}
	b, err := evidence.Create(filepath.Join(empty, "b"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.NewTrial(evidence.Trial{Peer: "..", Scenario: "..", Trial: "x"}); err == nil {
		t.Error("a trial outside of the bundle")
	}
	if err := b.WriteFile("../x", func(io.Writer) error { return nil }); err == nil {
		t.Error("a file outside of the bundle")
	}
}

// TestAtomic shows that a failed write leaves what was there before.
func TestAtomic(t *testing.T) {
	b, err := evidence.Create(filepath.Join(t.TempDir(), "b"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.WriteFile("results.json", func(w io.Writer) error { _, err := io.WriteString(w, "old"); return err }); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	if err := b.WriteFile("results.json", func(w io.Writer) error { _, _ = io.WriteString(w, "new"); return full }); !errors.Is(err, full) {
		t.Error(err)
	}
	data, _ := os.ReadFile(filepath.Join(b.Dir(), "results.json"))
	entries, _ := os.ReadDir(b.Dir())
	if string(data) != "old" || len(entries) != 1 {
		t.Errorf("%q, %d files", data, len(entries))
	}
}
