package harness

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
)

// Options are how a run is done.
type Options struct {
	Out       string // directory of the evidence; must not exist
	Jobs      int    // trials at the same time; 0: what suits the lab
	NoSecrets bool   // leave the keys out of the evidence
	Tool      string
	Version   string
	// Progress, when not nil, is told what happens, one call at a time.
	Progress func(Progress)
}

// Progress is a moment of a run.
type Progress struct {
	Trial        Trial
	Index, Total int
	State        string // "started", "step" or "done"
	Detail       string // the step, and what became of it
	Status       string // of a trial that is done
	Reason       string
}

// run is a run while it goes on.
type run struct {
	plan    Plan
	opt     Options
	bundle  *evidence.Bundle
	secrets secrets
	info    evidence.PeerInfo

	authorities *authorities

	mu     sync.Mutex
	used   map[string]bool // carriers of real peers
	refs   []evidence.TrialRef
	index  map[Trial]int
	trials []Trial
}

// Run does what the plan says, leaves the evidence in Options.Out, and opens it as anybody does
// who judges it later. Once a trial has begun there is a bundle, whatever goes wrong afterwards,
// and it holds all that happened until then. An interrupt is an error that wraps that of ctx;
// an error of a single trial is not one of the run but stands in the bundle.
func Run(ctx context.Context, p Plan, o Options) (*evidence.Bundle, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	r := &run{plan: p, opt: o, authorities: processAuthorities(), index: map[Trial]int{}, used: map[string]bool{}, trials: p.Trials()}
	if err := r.meet(ctx); err != nil {
		return nil, err
	}
	var err error
	if r.secrets, err = newSecrets(); err != nil {
		return nil, err
	}
	if r.bundle, err = evidence.Create(o.Out); err != nil {
		return nil, err
	}
	r.bundle.NoSecrets = o.NoSecrets
	started := time.Now()
	err = r.bundle.WriteProfile(p.Profile.Source())
	if err == nil && p.ClaimsSource != nil {
		err = r.bundle.WriteClaims(p.ClaimsSource)
	}
	if err == nil {
		err = r.all(ctx)
	}
	err = errors.Join(err, r.close(ctx, started, err), ctx.Err())
	bundle, unreadable := evidence.Open(o.Out)
	if err == nil {
		err = unreadable // otherwise it is a consequence
	}
	return bundle, err
}

// meet finds out whether the peer can run here at all, before anything is written.
func (r *run) meet(ctx context.Context) error {
	r.info = evidence.PeerInfo{Name: r.plan.PeerName(), Version: r.opt.Version, Carrier: string(r.plan.Lab)}
	if r.plan.Lab == Netns {
		if err := lab.CanNetns(); err != nil {
			return err
		}
	}
	if r.plan.Driver == nil {
		return nil
	}
	info, err := r.plan.Driver.Probe(ctx)
	if err != nil {
		return err
	}
	r.info.Version, r.info.Detail = info.Version, info.Detail
	r.info.Carrier = r.plan.Carrier.String()
	return nil
}

// all runs the trials, several at a time.
func (r *run) all(ctx context.Context) error {
	for i, t := range r.trials {
		r.index[t] = i + 1
	}
	r.refs = make([]evidence.TrialRef, len(r.trials))
	todo := make(chan Trial)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(todo)
		for _, t := range r.trials {
			select {
			case todo <- t:
			case <-gctx.Done():
				return nil
			}
		}
		return nil
	})
	for range min(r.jobs(), len(r.trials)) {
		g.Go(func() error {
			w := &worker{run: r, peers: map[place]*attached{}}
			defer w.close()
			for t := range todo {
				if gctx.Err() != nil {
					return nil
				}
				if err := w.trial(gctx, t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// patientJobs is how many real peers a small machine carries at once.
const patientJobs = 4

func (r *run) jobs() int {
	if r.opt.Jobs > 0 {
		return r.opt.Jobs
	}
	if r.plan.Driver != nil {
		return max(runtime.NumCPU(), patientJobs) // trials of real peers wait most of the time
	}
	return max(runtime.NumCPU(), 1)
}

// close writes what is known of the whole run. Trials that never began are listed as such.
func (r *run) close(ctx context.Context, started time.Time, err error) error {
	status := "complete"
	switch {
	case ctx.Err() != nil:
		status = "interrupted"
	case err != nil:
		status = "error"
	}
	refs := make([]evidence.TrialRef, 0, len(r.refs))
	for i, ref := range r.refs {
		if ref.Status == "" {
			t := r.trials[i]
			ref = evidence.TrialRef{
				Peer: r.plan.PeerName(), Scenario: t.Scenario.ID, Trial: t.PeerPlays.String(),
				Status: evidence.StatusSkipped, Reason: "the run ended before this trial began",
			}
			if status == "interrupted" {
				ref.Status, ref.Reason = evidence.StatusInterrupted, "the run was interrupted before this trial began"
			}
		}
		refs = append(refs, ref)
	}
	if len(r.used) > 0 {
		r.info.Carrier = strings.Join(slices.Sorted(maps.Keys(r.used)), ", ")
	}
	return r.bundle.Finish(evidence.Run{
		Tool: r.opt.Tool, ToolVersion: r.opt.Version, Started: started, Finished: time.Now(),
		Profile: r.plan.Profile.Name, Lab: string(r.plan.Lab), Peer: r.info,
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Status: status, Trials: refs,
	})
}

func (r *run) progress(t Trial, state, detail string, err error) {
	if err != nil {
		detail += ": " + err.Error()
	}
	r.tell(Progress{Trial: t, State: state, Detail: detail})
}

func (r *run) tell(p Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Index, p.Total = r.index[p.Trial], len(r.trials)
	if r.opt.Progress != nil {
		r.opt.Progress(p)
	}
}

// carried notes what carried a real peer.
func (r *run) carried(c peer.Carrier) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used[c.String()] = true
}

// done keeps how a trial ended.
func (r *run) done(t Trial, ref evidence.TrialRef) {
	r.mu.Lock()
	r.refs[r.index[t]-1] = ref
	r.mu.Unlock()
	r.tell(Progress{Trial: t, State: "done", Status: ref.Status, Reason: ref.Reason})
}
