package harness

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/scenarios"
)

// TestDeviationsAct runs every scenario with deviations in the virtual lab twice, with the same randomness and time: what
// the harness sends has to differ from what it sends without them. A fault that does not act would make its scenario
// pass for nothing.
func TestDeviationsAct(t *testing.T) {
	all, err := scenarios.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	run := newTestRun(t)
	for _, s := range all {
		if len(s.Deviations) == 0 {
			continue
		}
		for _, plays := range s.Trials() {
			t.Run(strings.TrimPrefix(s.ID, "fault/")+"/"+plays.String(), func(t *testing.T) {
				honest := *s
				honest.Deviations = nil
				with, without := run.sent(t, s, plays), run.sent(t, &honest, plays)
				if bytes.Equal(with, without) {
					t.Errorf("%v change nothing that the harness sends", s.Deviations)
				}
			})
		}
	}
}

type testRun struct {
	*run
	start time.Time
}

func newTestRun(t *testing.T) testRun {
	start := time.Now()
	sec, err := newSecrets()
	if err != nil {
		t.Fatal(err)
	}
	b, err := evidence.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	return testRun{&run{secrets: sec, authorities: newAuthorities(start), bundle: b, index: map[Trial]int{}}, start}
}

// sent is all that the harness sends in a trial, with randomness from a fixed seed.
func (r testRun) sent(t *testing.T, s *scenarios.Scenario, plays scenarios.Role) []byte {
	t.Helper()
	own, other := sides(addressing(s.Family), Trial{s, plays})
	ours, theirs, err := r.proofs(s.Harness(), s.PeerConfig(), own)
	if err != nil {
		t.Fatal(err)
	}
	build := func(name string, c scenarios.Config, at side, p proof, seed byte) host.Config {
		h, err := hostConfig(name, c, at, p)
		if err != nil {
			t.Fatal(err)
		}
		h.Rand, h.IKE.Rand = rand.NewChaCha8([32]byte{seed}), rand.NewChaCha8([32]byte{seed, 1})
		return h
	}
	mine, peers := build("harness", s.Harness(), own, ours, 1), build("peer", s.PeerConfig(), other, theirs, 2)
	mine.IKE.Tolerant = true
	for _, d := range s.Deviations {
		if err := mine.Deviations.Set(d); err != nil {
			t.Fatal(err)
		}
	}
	var sent bytes.Buffer
	v := lab.NewVirtual(r.start, func(_ time.Time, from lab.Port, ip []byte) {
		if from == harnessPort {
			sent.Write(ip)
		}
	}, lab.Path{})
	a, err := host.New(mine)
	if err != nil {
		t.Fatal(err)
	}
	b, err := host.New(peers)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trial{Trial: Trial{s, plays}, run: r.run, inner: isTunnel(s), clock: v, addr: addressing(s.Family)}
	tr.meta = evidence.Trial{Peer: "reference", Scenario: s.ID, Trial: fmt.Sprintf("%v-%d", plays, len(s.Deviations)), Harness: own.local, PeerAddr: own.remote, HarnessInner: own.localInner, PeerInner: own.remoteInner}
	if tr.writer, err = r.bundle.NewTrial(tr.meta); err != nil {
		t.Fatal(err)
	}
	defer tr.writer.Close(evidence.StatusCompleted, "")
	tr.node = v.Attach(harnessPort, a, own.local, own.localInner)
	tr.harness, tr.peer = nodeEnd{tr.node}, nodeEnd{v.Attach(peerPort, b, own.remote, own.remoteInner)}
	if err := tr.script(context.Background()); err != nil {
		t.Fatal(err)
	}
	return sent.Bytes()
}
