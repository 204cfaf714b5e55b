package harness_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// bgp is a scenario with traffic inside and outside of the child's selector.
func bgp(mode string) *scenarios.Scenario {
	s := &scenarios.Scenario{
		ID: "test/" + mode, PeerPlays: []scenarios.Role{scenarios.Responder, scenarios.Initiator},
		IKE: scenarios.IKE{Proposals: []scenarios.IKEProposal{{Encryption: "aes128-cbc", Hash: "sha1", Group: "modp1024"}}},
		Child: scenarios.Child{
			Mode: mode, Selector: &scenarios.Selector{Protocol: 6, ServerPort: 179},
			Proposals: []scenarios.ChildProposal{{Encryption: "aes128-cbc", Integrity: "hmac-sha1-96"}},
		},
		Script: []scenarios.Step{
			{Initiate: &scenarios.Initiate{}},
			{Exchange: &scenarios.Exchange{Protocol: 6, Port: 179, Expect: scenarios.Protected}},
		},
		Expect: scenarios.Expect{Phase1: scenarios.Established, Phase2: scenarios.Established},
	}
	if mode == "transport" {
		s.Script = append(s.Script,
			scenarios.Step{Exchange: &scenarios.Exchange{Protocol: 6, Port: 8179, Expect: scenarios.Clear}},
			scenarios.Step{Delete: &scenarios.Delete{By: scenarios.PartyPeer, What: scenarios.WhatChild}},
			scenarios.Step{Exchange: &scenarios.Exchange{Protocol: 6, Port: 179, Expect: scenarios.Protected | scenarios.Blocked}},
		)
	}
	return s
}

func plan(t *testing.T, l harness.Lab, s ...*scenarios.Scenario) harness.Plan {
	t.Helper()
	p, err := profile.Builtin("bgp")
	if err != nil {
		t.Fatal(err)
	}
	return harness.Plan{Profile: p, Scenarios: s, Lab: l}
}

// protocols counts the packets of a trial's capture by IP protocol.
func protocols(t *testing.T, tr *evidence.TrialReader) map[byte]int {
	t.Helper()
	n := map[byte]int{}
	for p, err := range tr.Packets() {
		if err != nil {
			t.Fatal(err)
		}
		n[p.Data[9]]++
	}
	return n
}

func TestRun(t *testing.T) {
	labs := map[harness.Lab]func() error{harness.Virtual: func() error { return nil }, harness.Netns: lab.CanNetns}
	for l, can := range labs {
		t.Run(string(l), func(t *testing.T) {
			if err := can(); err != nil {
				t.Skip(err)
			}
			out := filepath.Join(t.TempDir(), "out")
			b, err := harness.Run(t.Context(), plan(t, l, bgp("transport"), bgp("tunnel")), harness.Options{Out: out, Tool: "test"})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for tr, err := range b.Trials() {
				if err != nil {
					t.Fatal(err)
				}
				n++
				journal, _ := readAll(tr.Path("journal.jsonl"))
				if tr.Meta.Status != evidence.StatusCompleted {
					t.Errorf("%s: %s %s\n%s", tr.Ref.Dir, tr.Meta.Status, tr.Meta.Reason, journal)
				}
				if strings.Contains(journal, "step failed") {
					t.Errorf("%s:\n%s", tr.Ref.Dir, journal)
				}
				p := protocols(t, tr)
				clear := tr.Meta.Spec.ID == "test/transport"
				if p[50] < 8 || (p[6] >= 8) != clear || p[17] < 11 {
					t.Errorf("%s: packets by protocol: %v", tr.Ref.Dir, p)
				}
				if k, err := tr.Keys(); err != nil || len(k.ISAKMP) != 1 || len(k.SAs) < 2 {
					t.Errorf("keys %v %v", k, err)
				}
			}
			if n != 4 || b.Run().Status != "complete" {
				t.Errorf("%d trials, run is %s", n, b.Run().Status)
			}
		})
	}
}

// TestCancel interrupts a run: what there is stays, and says so.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "out")
	b, err := harness.Run(ctx, plan(t, harness.Virtual, bgp("transport"), bgp("tunnel")), harness.Options{
		Out: out, Jobs: 1, Progress: func(p harness.Progress) {
			if p.State == "step" {
				cancel()
			}
		},
	})
	if b == nil || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if b.Run().Status != evidence.StatusInterrupted || len(b.Run().Trials) != 4 {
		t.Errorf("run %+v", b.Run())
	}
	for tr, err := range b.Trials() {
		if err != nil {
			t.Fatal(err)
		}
		if tr.Ref.Status != evidence.StatusInterrupted {
			t.Errorf("%s/%s is %s", tr.Ref.Scenario, tr.Ref.Trial, tr.Ref.Status)
		}
	}
}

func TestPlan(t *testing.T) {
	for name, p := range map[string]harness.Plan{
		"no profile":  {Scenarios: []*scenarios.Scenario{bgp("transport")}, Lab: harness.Virtual},
		"no scenario": plan(t, harness.Virtual),
		"no lab":      plan(t, "moon", bgp("transport")),
	} {
		out := filepath.Join(t.TempDir(), "out")
		if _, err := harness.Run(t.Context(), p, harness.Options{Out: out}); !errors.Is(err, harness.ErrPlan) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := readAll(out); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: something was written", name)
		}
	}
}

func readAll(name string) (string, error) {
	data, err := os.ReadFile(name)
	return string(data), err
}

// TestCancelInStep interrupts a run in the middle of a step: what the step did not come to says
// nothing about the peer.
func TestCancelInStep(t *testing.T) {
	if err := lab.CanNetns(); err != nil {
		t.Skip(err)
	}
	s := bgp("transport")
	s.PeerPlays = s.PeerPlays[:1]
	s.Script = []scenarios.Step{ // the first step comes to nothing, so the second waits for an SA
		{Initiate: &scenarios.Initiate{}},
		{Exchange: &scenarios.Exchange{Protocol: 6, Port: 179, Expect: scenarios.Protected}},
	}
	s.Peer.PSK = scenarios.SecretOther
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "out")
	b, err := harness.Run(ctx, plan(t, harness.Netns, s), harness.Options{Out: out, Progress: func(p harness.Progress) {
		if p.State == "step" { // the first is done, the second begins
			time.AfterFunc(50*time.Millisecond, cancel)
		}
	}})
	if b == nil || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for _, ref := range b.Run().Trials {
		if ref.Status != evidence.StatusInterrupted {
			t.Errorf("the trial is %s: %s", ref.Status, ref.Reason)
		}
	}
}
