package harness

import (
	"context"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/scenarios"
)

// hasty is an end that says of a rekey that it is done when it has begun.
type hasty struct{ nodeEnd }

func (e hasty) Rekey(context.Context, peer.SA) error { return e.node.Do((*host.Host).RekeyIKE) }

// TestRekeyWaits: the script goes on when the harness's end has the new ISAKMP SA, whatever the peer says.
func TestRekeyWaits(t *testing.T) {
	all, err := scenarios.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	run := newTestRun(t)
	for _, s := range all {
		if s.ID != "lifecycle/rekey-ike" {
			continue
		}
		own, other := sides(addressing(s.Family), Trial{s, scenarios.Initiator})
		ours, theirs, err := run.proofs(s.Harness(), s.PeerConfig(), own)
		if err != nil {
			t.Fatal(err)
		}
		v := lab.NewVirtual(run.start, func(time.Time, lab.Port, []byte) {}, lab.Path{})
		attach := func(port lab.Port, name string, c scenarios.Config, at side, p proof) lab.Node {
			conf, err := hostConfig(name, c, at, p)
			if err != nil {
				t.Fatal(err)
			}
			h, err := host.New(conf)
			if err != nil {
				t.Fatal(err)
			}
			return v.Attach(port, h, at.local, at.localInner)
		}
		tr := &trial{Trial: Trial{s, scenarios.Initiator}, run: run.run, clock: v, addr: addressing(s.Family), meta: evidence.Trial{Scenario: s.ID}}
		tr.node = attach(harnessPort, "harness", s.Harness(), own, ours)
		client := hasty{nodeEnd{attach(peerPort, "peer", s.PeerConfig(), other, theirs)}}
		for _, step := range []scenarios.Step{{Initiate: &scenarios.Initiate{}}, {Rekey: &scenarios.Rekey{What: scenarios.WhatIKE}}} {
			if name, err := tr.step(context.Background(), step, client, nil); err != nil {
				t.Fatal(name, err)
			}
		}
		sas := 0
		_ = tr.node.Do(func(h *host.Host, _ time.Time) (host.Output, error) { sas = h.ISAKMP(); return host.Output{}, nil })
		if sas != 2 {
			t.Errorf("%d ISAKMP SAs when the rekey is done", sas)
		}
		return
	}
	t.Fatal("no scenario rekeys an ISAKMP SA")
}
