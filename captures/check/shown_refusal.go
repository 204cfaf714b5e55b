package check

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios"
)

// Refusal is where the peer stopped a negotiation that the scenario meant to be
// established: by what it said, or by silence to a message that was repeated.
type Refusal struct {
	// Stage is how far the negotiation had come, How what the peer did.
	Stage string `json:"stage"`
	How   string `json:"how"`
	// Frames are those of the exchange and of the refusal, at most MaxFrames.
	Frames []int `json:"frames"`
	// Lacks has a set of capabilities for each of the offers: at least one of each
	// set is lacking, or the offer would have been taken. It is empty when there
	// may be other reasons; Unclear names them.
	Lacks   [][]scenarios.Capability `json:"lacks,omitempty"`
	Unclear string                   `json:"unclear,omitempty"`
}

// Refused returns where the peer refused, nil if the trial does not show that.
func (w *watcher) Refused() *Refusal {
	if w.s.Trial == nil {
		return nil
	}
	spec := &w.s.Trial.Spec
	switch p, stands := w.furthest(); {
	case p == nil:
	case !stands && spec.Expect.Phase1 == scenarios.Established:
		return w.refusedPhase1(p)
	case stands && spec.Expect.Phase2 == scenarios.Established && !slices.ContainsFunc(p.Quicks, established2):
		if len(p.Quicks) == 0 {
			return w.refusedConfig(p)
		}
		return w.refusedQuick(p)
	case stands && w.s.demands(stageTraffic):
		return w.refusedTraffic()
	}
	return nil
}

// furthest is the phase 1 that counts: the first that stands, else the one with
// the most messages; nil when there is none.
func (w *watcher) furthest() (far *dissect.Phase1, stands bool) {
	for _, p := range w.ends.phase1 {
		if established1(p) {
			return p, true
		}
		if far == nil || lastIndex(p.Messages) > lastIndex(far.Messages) {
			far = p
		}
	}
	return far, false
}

// refusedPhase1: what of phase 1 the peer did not take. With the offer in
// message 1 the reason is in the offer. Once the offer is taken it is in how the
// two ends authenticate; with pre-shared keys nothing tells a method that is
// lacking from keys that differ.
func (w *watcher) refusedPhase1(p *dissect.Phase1) *Refusal {
	at := lastIndex(p.Messages)
	r := w.refused(p, p.Messages, 1)
	if r == nil {
		return nil
	}
	r.Stage = fmt.Sprintf("phase 1, message %d", at)
	harness, peer := w.s.harness.IKE, w.s.peer.IKE
	method := harness.Authentication
	switch {
	case w.explained(r):
	case !alike(harness, peer):
		r.Unclear = differently
	case at == 1:
		inMessage1 := needed{}.and(scenarios.CapRole, w.s.Role().String()).and(scenarios.CapFamily, w.s.Trial.Spec.Family.String()).
			and(scenarios.CapExchangeMode, peer.Mode).and(scenarios.CapAuthentication, method)
		if peer.Mode == "aggressive" { // identities are there too, and decide on the key
			ids := peer.Identities
			inMessage1 = inMessage1.and(scenarios.CapIdentification, ids.Initiator).and(scenarios.CapIdentification, ids.Responder)
		}
		r.Lacks = offers(harness.Proposals, peer.Proposals, func(o scenarios.IKEProposal) needed {
			return inMessage1.and(scenarios.CapIKEEncryption, o.Encryption).and(scenarios.CapIKEHash, o.Hash).and(scenarios.CapGroup, o.Group)
		})
	case !authenticates(p, at):
		r.Unclear = "the offer was taken, and authentication not reached"
	case harness.Method().PSK():
		r.Unclear = "the offer was taken; pre-shared keys that differ look the same"
	default:
		set := needed{}.and(scenarios.CapAuthentication, method).
			and(scenarios.CapIdentification, peer.Identities.Initiator).and(scenarios.CapIdentification, peer.Identities.Responder)
		if peer.HasCertificate(w.s.Role()) {
			set = set.and(scenarios.CapCertificate, peer.KeyType())
		}
		if peer.Fragmentation { // certificates are what makes messages long
			set = set.and(scenarios.CapFragmentation, "ike")
		}
		r.Lacks = [][]scenarios.Capability{w.encapsulated(set)}
	}
	return r
}

const differently = "the scenario configures the two ends differently"

// alike reports whether two ends are configured the same, but for what phase 1 is
// offered.
func alike(a, b scenarios.IKE) bool {
	a.Proposals, b.Proposals = nil, nil
	return reflect.DeepEqual(a, b)
}

// authenticates reports whether message at of phase 1 has what proves who its
// sender is.
func authenticates(p *dissect.Phase1, at int) bool {
	if exchangeSlug(p.Exchange) == "main" {
		return at >= 5
	}
	return at >= 2
}

// refusedQuick: what of the child the peer did not take, when the harness
// offered it.
func (w *watcher) refusedQuick(p *dissect.Phase1) *Refusal {
	q := p.Quicks[len(p.Quicks)-1]
	r := w.refused(p, q.Messages, 2)
	if r == nil {
		return nil
	}
	r.Stage = fmt.Sprintf("quick mode, message %d", lastIndex(q.Messages))
	harness, peer := w.s.harness.Child, w.s.peer.Child
	switch {
	case w.explained(r):
	case !w.accepts(p):
		r.Unclear = notAccepted
	case lastIndex(q.Messages) != 1:
		r.Unclear = "the offer is the peer's own, or was taken"
	case !alikeChild(harness, peer):
		r.Unclear = differently
	default:
		selector := ""
		switch s := peer.Selector; {
		case s.ServerPort != 0 || s.ClientPort != 0:
			selector = "port"
		case s.Protocol != 0:
			selector = "protocol"
		}
		r.Lacks = offers(harness.Proposals, peer.Proposals, func(o scenarios.ChildProposal) needed {
			return w.encapsulated(nil).and(scenarios.CapProtocol, peer.Protocol).and(scenarios.CapMode, peer.Mode).and(scenarios.CapEncryption, o.Encryption).
				and(scenarios.CapIntegrity, o.Integrity).and(scenarios.CapPFS, peer.PFS).and(scenarios.CapSelector, selector)
		})
	}
	return r
}

func alikeChild(a, b scenarios.Child) bool {
	a.Proposals, b.Proposals = nil, nil
	return reflect.DeepEqual(a, b)
}

const notAccepted = "nothing shows that the peer accepted phase 1"

// accepts reports whether the peer went on after what the harness proved in phase 1:
// silence later may be about that.
func (w *watcher) accepts(p *dissect.Phase1) bool {
	peer := theResponder
	if w.s.Judges(p.Initiator.Addr()) {
		peer = theInitiator
	}
	return w.ends.went[p]&peer != 0
}

// encapsulated adds what makes the ends change to port 4500, and to modes in UDP.
func (w *watcher) encapsulated(n needed) needed {
	if k := w.s.peer.IKE; k.NATTraversal == scenarios.NATForced {
		n = n.and(scenarios.CapNATTraversal, k.NATTraversal.String())
		for _, v := range k.NATTVersions {
			n = n.and(scenarios.CapNATTraversal, v)
		}
	}
	return n
}

// refusedTraffic: the peer agreed on SAs and is silent to what comes in them. It may
// be without the mode or without the algorithms.
func (w *watcher) refusedTraffic() *Refusal {
	if w.answered || w.tap.frame == 0 || w.inside.n < 2 {
		return nil
	}
	r := &Refusal{Stage: "traffic", How: "no answer to " + count(w.inside.n, "packet in the SAs"), Frames: w.inside.frames}
	if !w.explained(r) {
		c := w.s.peer.Child
		r.Lacks = offers(w.s.harness.Child.Proposals, c.Proposals, func(o scenarios.ChildProposal) needed {
			return w.encapsulated(nil).and(scenarios.CapTraffic, c.Mode).and(scenarios.CapEncryption, o.Encryption).and(scenarios.CapIntegrity, o.Integrity)
		})
	}
	return r
}

// explained reports, and notes in r, that something else than what the peer cannot do
// may be behind a refusal.
func (w *watcher) explained(r *Refusal) bool {
	t := w.s.Trial
	switch {
	case len(t.Spec.Deviations) > 0:
		r.Unclear = "the harness deviates in this scenario"
	case w.s.harness.IKE.Certificate.Fault != scenarios.NoFault:
		r.Unclear = "the harness's certificate is at fault in this scenario"
	case t.Spec.Peer.PSK != 0 || t.Spec.Peer.Password != 0:
		r.Unclear = "the scenario gives the two ends secrets of their own"
	case t.PeerProcess != "" && t.PeerProcess != evidence.PeerRunning:
		r.Unclear = "the peer's process ended"
	}
	return r.Unclear != ""
}

// refused tells how the peer stopped an exchange under p: the last word in it is
// the harness's, and the peer refuses or is silent to repetitions. Otherwise it
// returns nil.
func (w *watcher) refused(p *dissect.Phase1, ms []*dissect.ISAKMP, phase int) *Refusal {
	if len(ms) == 0 {
		return nil
	}
	last := ms[len(ms)-1]
	if w.s.Judges(last.Src.Addr()) {
		return nil
	}
	r := &Refusal{Frames: frames(ms)}
	for _, n := range w.ends.said {
		if (n.phase == phase || n.phase == 0 && phase == 2) && n.from == w.s.Who(w.s.Trial.PeerAddr) && n.frame > last.Frame {
			r.Frames = append(r.Frames, n.frame)
			r.How = orElse(r.How, fmt.Sprintf("%s sent %s in frame %d", n.from, n.text, n.frame))
		}
	}
	again := w.again[last.Frame]
	switch {
	case r.How != "":
	case again != nil && w.listens():
		r.How = "no answer to " + count(1+again.n, "transmission")
		r.Frames = append(r.Frames, again.frames...)
	default:
		return nil
	}
	slices.Sort(r.Frames)
	r.Frames = slices.Compact(r.Frames)
	r.Frames = r.Frames[:min(len(r.Frames), MaxFrames)]
	return r
}

// offers returns what is needed for those offers that both ends are configured
// with.
func offers[P comparable](harness, peer []P, needs func(P) needed) [][]scenarios.Capability {
	var out [][]scenarios.Capability
	for _, o := range harness {
		if slices.Contains(peer, o) {
			out = append(out, needs(o))
		}
	}
	return out
}

// needed is a set of capabilities.
type needed []scenarios.Capability

// and returns the set with another member; a value that is "" asks for nothing.
func (n needed) and(kind scenarios.CapabilityKind, value string) needed {
	c := scenarios.Capability{Kind: kind, Value: value}
	if value == "" || slices.Contains(n, c) {
		return n
	}
	return append(slices.Clip(n), c)
}
