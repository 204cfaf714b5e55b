package harness

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/scenarios"
)

// worker runs trials one after the other. A real peer is started once for each carrier and
// then given one configuration after the other.
type worker struct {
	run   *run
	peers map[place]*attached
}

// place is where a real peer runs: one instance serves the trials of one carrier and one IP version.
type place struct {
	carrier peer.Carrier
	family  scenarios.Family
}

// attached is a running peer and its place on the wire.
type attached struct {
	peer.Instance
	link *lab.LinkNode
}

func (w *worker) close() {
	for _, a := range w.peers {
		_ = a.link.Close()
		_ = a.Close()
	}
}

// trial runs one trial. The error is one that makes going on pointless: the evidence cannot be written.
func (w *worker) trial(ctx context.Context, tr Trial) error {
	r := w.run
	t, err := w.begin(tr)
	if err != nil {
		return err
	}
	r.tell(Progress{Trial: tr, State: "started"})
	err = w.play(ctx, t)
	status, reason := t.finish(err)
	err = t.writer.Close(status, reason)
	r.done(tr, evidence.TrialRef{
		Peer: t.meta.Peer, Scenario: t.meta.Scenario, Trial: t.meta.Trial, Dir: t.writer.Dir(), Status: status, Reason: reason,
	})
	return err
}

// begin opens the evidence of a trial.
func (w *worker) begin(tr Trial) (*trial, error) {
	r := w.run
	marker := make([]byte, 8)
	if _, err := rand.Read(marker); err != nil {
		return nil, fmt.Errorf("harness: marker: %w", err)
	}
	t := &trial{Trial: tr, run: r, inner: isTunnel(tr.Scenario), clock: lab.RealTime{}, addr: addressing(tr.Scenario.Family)}
	harnessOnWire, peerOnWire := onWire(t.addr, tr)
	t.meta = evidence.Trial{
		Peer: r.plan.PeerName(), Scenario: tr.Scenario.ID, Trial: tr.PeerPlays.String(), PeerPlays: tr.PeerPlays.String(),
		Spec:    *tr.Scenario,
		Harness: harnessOnWire, PeerAddr: peerOnWire, HarnessInner: t.addr.HarnessInner, PeerInner: t.addr.PeerInner,
		Marker:     "useipsec marker " + hex.EncodeToString(marker),
		Deviations: r.plan.DeviationNames,
	}
	if tr.Scenario.Translates() {
		t.meta.Inside = t.addr.Harness
		if tr.PeerPlays == scenarios.Initiator {
			t.meta.Inside = t.addr.Peer
		}
	}
	var err error
	if t.writer, err = r.bundle.NewTrial(t.meta); err != nil {
		return nil, err
	}
	_, err = t.writer.Wire(captures.Section{
		Application: r.opt.Tool + " " + r.opt.Version,
		Comment:     "trial " + tr.String(),
		Interfaces:  []captures.Interface{{Name: "wire", Link: captures.LinkRaw}},
	})
	if err != nil {
		return nil, errors.Join(err, t.writer.Close(evidence.StatusError, err.Error()))
	}
	return t, nil
}

// errBug is what a fault of this program ends a trial with.
var errBug = errors.New("a fault of this program")

// play builds both ends and follows the script. A panic ends the trial and not the run:
// the evidence of the others must not be lost.
func (w *worker) play(ctx context.Context, t *trial) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("harness: %w, please report it: %v", errBug, p)
			t.note("panic", "value", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	r := w.run
	own, other := sides(t.addr, t.Trial)
	ourConf, peerConf := t.Scenario.Harness(), r.plan.peerScenarioConfig(t.Scenario)
	ours, theirs, err := r.proofs(ourConf, peerConf, own)
	if err != nil {
		return err
	}
	if t.own, err = hostConfig("harness", ourConf, own, ours); err != nil {
		return err
	}
	if pem := ours.certificates(); len(pem) > 0 {
		if err := t.writer.WriteCertificates(pem); err != nil {
			return err
		}
	}
	for _, spec := range t.Scenario.Deviations {
		if err := t.own.Deviations.Set(spec); err != nil {
			return err
		}
	}
	t.own.IKE.Tolerant = true
	t.own.Record = t.journal("harness")
	if r.plan.Driver != nil {
		c, err := peerConfig(peerConf, other, theirs)
		if err != nil {
			return err
		}
		c.RemoteMoves = t.PeerPlays == scenarios.Responder && t.Scenario.Rebinds() > 0
		return w.playReal(ctx, t, c)
	}
	reference := func() (*host.Host, error) { return w.reference(t, peerConf, other, theirs) }
	if r.plan.Lab == Virtual {
		return w.playVirtual(ctx, t, reference)
	}
	return w.playNetns(ctx, t, reference)
}

// reference is our own host as the peer under test.
func (w *worker) reference(t *trial, conf scenarios.Config, s side, p proof) (*host.Host, error) {
	c, err := hostConfig("peer", conf, s, p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", peer.ErrUnsupported, err)
	}
	c.Deviations = w.run.plan.Deviations
	c.Record = t.journal("peer")
	return host.New(c)
}

func (w *worker) playVirtual(ctx context.Context, t *trial, reference func() (*host.Host, error)) error {
	v := lab.NewVirtual(time.Now(), t.tap, t.path())
	t.clock, t.wire = v, v.Wire()
	own, err := host.New(t.own)
	if err != nil {
		return err
	}
	other, err := reference()
	if err != nil {
		return err
	}
	t.host, t.node = own, v.Attach(harnessPort, own, t.addr.Harness, t.addr.HarnessInner)
	ref := v.Attach(peerPort, other, t.addr.Peer, t.addr.PeerInner)
	t.harness, t.peer = nodeEnd{t.node}, nodeEnd{ref}
	if err := t.markers(injected(ref)); err != nil {
		return err
	}
	return t.script(ctx)
}

// addressing is who is where in a trial.
func addressing(f scenarios.Family) lab.Addressing {
	if f == scenarios.IPv6 {
		return lab.DefaultAddressing6
	}
	return lab.DefaultAddressing
}
