package check

import (
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/scenarios"
)

// refusedConfig: phase 1 stands, and the peer does not answer what comes between
// it and quick mode: a question of XAUTH, or for an address, or an address told.
// A verdict of XAUTH is no refusal of the method: passwords that differ end so.
func (w *watcher) refusedConfig(p *dissect.Phase1) *Refusal {
	x, l := p.XAUTH, p.Lease
	ours := !w.s.Judges(p.Initiator.Addr()) // the harness is the initiator
	method := w.s.harness.IKE.Authentication
	switch required, _ := p.Auth.XAUTH(); {
	case required && x.Reply == 0 && x.Status == 0 && x.ClientInitiated != ours:
		return w.unanswered(p, "XAUTH", x.Request, scenarios.CapAuthentication, method)
	case required && !x.OK:
		return nil
	case l.Assigned == 0 && l.ClientInitiated == ours:
		return w.unanswered(p, "mode config", l.Request, scenarios.CapModeConfig, scenarios.Pull.String())
	case l.Request == 0 && l.Ack == 0 && l.ClientInitiated != ours:
		return w.unanswered(p, "mode config", l.Assigned, scenarios.CapModeConfig, scenarios.Push.String())
	}
	return nil
}

// unanswered is a refusal by silence to the message under p in a frame, which was
// repeated; it explains itself by one capability.
func (w *watcher) unanswered(p *dissect.Phase1, stage string, frame int, kind scenarios.CapabilityKind, value string) *Refusal {
	again := w.again[frame]
	if again == nil || !w.listens() {
		return nil
	}
	r := &Refusal{Stage: stage, How: "no answer to " + count(1+again.n, "transmission"), Frames: append([]int{frame}, again.frames...)}
	r.Frames = slices.Compact(r.Frames[:min(len(r.Frames), MaxFrames)])
	switch {
	case w.explained(r):
	case !w.accepts(p):
		r.Unclear = notAccepted
	default:
		r.Lacks = [][]scenarios.Capability{needed{}.and(kind, value)}
	}
	return r
}

// listens reports whether silence says something: the tap was seen to work, the
// peer's program is there, and it said nothing that nobody can read.
func (w *watcher) listens() bool {
	return w.tap.frame != 0 && !w.unreachable && w.ends.hidden.n == 0
}
