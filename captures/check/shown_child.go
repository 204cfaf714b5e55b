package check

import (
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// showQuick shows what q, which is established, agreed on and what went through
// its SAs.
func (w *watcher) showQuick(q *dissect.Quick) {
	const established = "quick mode established"
	seen := frames(q.Messages)
	for _, p := range q.Chosen.Proposals {
		if len(p.Transforms) == 0 {
			continue
		}
		t := p.Transforms[0]
		slug := protocolSlug(p.Protocol)
		w.show(scenarios.CapProtocol, slug, established, seen...)
		m, _, ok := mode(t)
		if ok {
			w.show(scenarios.CapMode, m, established, seen...)
		}
		if c := w.carried[q]; c != nil {
			w.showCarriage(c, p.Protocol, m)
		}
		if g := attribute(t, wire.P2Group); g != 0 && len(q.KEi) > 0 && len(q.KEr) > 0 {
			w.show(scenarios.CapPFS, keymat.Group(g).String(), established, seen...)
		}
	}
	w.showSelector(q, seen)
	for _, sa := range q.SAs {
		if w.s.Judges(sa.Dst) && w.deletes[sa.Deleted] {
			w.show(scenarios.CapDelete, scenarios.WhatChild.String(), "a Delete of the SA by which the peer received", sa.Deleted)
		}
	}
}

// showCarriage shows what packets in SAs of a mode were seen in: algorithms by one
// of the peer's that they open, the mode by data both ways.
func (w *watcher) showCarriage(c *carriage, p wire.ProtocolID, mode string) {
	if c.opened != 0 {
		const opens = "a packet of the peer that it opens"
		if p == wire.ProtoESP {
			w.show(scenarios.CapEncryption, c.suite.Cipher.String(), opens, c.opened)
		}
		w.show(scenarios.CapIntegrity, c.suite.Integrity.String(), opens, c.opened)
	}
	if c.fromPeer == 0 || c.toPeer == 0 {
		return
	}
	w.show(scenarios.CapTraffic, mode, "data both ways inside the SAs", c.fromPeer, c.toPeer)
	if c.inUDP && !w.s.Trial.Spec.Translates() { // a NAT that is there forces it upon both ends
		w.show(scenarios.CapNATTraversal, scenarios.NATForced.String(), "data both ways inside ESP in UDP", c.fromPeer, c.toPeer)
	}
}

func (w *watcher) showSelector(q *dissect.Quick, seen []int) {
	const agreed = "agreed on in quick mode"
	switch sel, ok := quickSelector(q); {
	case !ok || !sel.hasIDs || sel.protoDiffers:
	case sel.portCI != 0 || sel.portCR != 0:
		w.show(scenarios.CapSelector, "port", agreed, seen...)
		fallthrough
	case sel.proto != 0:
		w.show(scenarios.CapSelector, "protocol", agreed, seen...)
	}
}

// carry takes note of a packet in the SAs of a quick mode that could be opened, and
// of the data in it.
func (w *watcher) carry(e *dissect.Event, sa *dissect.SA, inUDP bool) {
	if sa == nil || sa.Quick == nil {
		return
	}
	c := w.carried[sa.Quick]
	if c == nil {
		if len(w.carried) >= maxNegotiations {
			return
		}
		c = &carriage{}
		w.carried[sa.Quick] = c
	}
	way := &c.toPeer
	if w.s.Judges(e.Src.Addr()) {
		way = &c.fromPeer
		if c.opened == 0 {
			c.opened, c.suite = e.Frame, sa.Suite
		}
	}
	in := e.Innermost()
	if len(in.Payload) == 0 || in.Kind != dissect.KindTCP && in.Kind != dissect.KindUDP {
		return
	}
	c.inUDP = inUDP && (c.inUDP || c.fromPeer == 0 && c.toPeer == 0)
	if *way == 0 {
		*way = e.Frame
	}
}

// showRekeys: where the script asks for it, the peer as initiator made a new SA
// while the one before was there.
func (w *watcher) showRekeys() {
	asked := func(what scenarios.What) bool {
		return w.s.steps(func(st scenarios.Step) bool { return st.Rekey != nil && st.Rekey.What == what })
	}
	if w.s.Role() != scenarios.Initiator {
		return
	}
	var before []*dissect.Quick
	for i, p := range w.ends.phase1 {
		for _, old := range w.ends.phase1[:i] {
			if asked(scenarios.WhatIKE) && w.renews(p, old) {
				w.show(scenarios.CapRekey, scenarios.WhatIKE.String(), "another phase 1 while the ISAKMP SA stood", frames(p.Messages)...)
			}
		}
		for _, q := range p.Quicks {
			if !w.stands(p) || !established2(q) {
				continue
			}
			if asked(scenarios.WhatChild) && w.s.Judges(q.Initiator.Addr()) && slices.ContainsFunc(before, func(old *dissect.Quick) bool { return replaces(q, old) }) {
				w.show(scenarios.CapRekey, scenarios.WhatChild.String(), "another quick mode for the same selectors while the SA stood", frames(q.Messages)...)
			}
			before = append(before, q)
		}
	}
}

// renews reports whether the peer began p while old stood, and both ends proved
// themselves again. Nothing has to follow under p: what the harness proves is what
// the peer went on after in old, and it takes nothing back.
func (w *watcher) renews(p, old *dissect.Phase1) bool {
	takesBack := func(n notice) bool {
		return n.frame > p.FirstFrame && !n.isDelete && n.from == w.s.Who(w.s.Trial.PeerAddr)
	}
	return w.s.Judges(p.Initiator.Addr()) && proven(p) && p.Auth == old.Auth && !w.deletes[p.Deleted] && !slices.ContainsFunc(w.ends.said, takesBack) &&
		w.stands(old) && (old.Deleted == 0 || old.Deleted > p.FirstFrame)
}

// replaces reports whether q is for what old is for, and began while that stood.
func replaces(q, old *dissect.Quick) bool {
	a, ok := quickSelector(q)
	b, ok2 := quickSelector(old)
	began := q.Messages[0].Frame
	return ok && ok2 && a == b && old.Messages[0].Frame < began &&
		!slices.ContainsFunc(old.SAs, func(sa *dissect.SA) bool { return sa.Deleted != 0 && sa.Deleted < began })
}

// showBypass: once there were SAs, a conversation that is to be in clear took place
// in clear.
func (w *watcher) showBypass() {
	for _, t := range w.talks.talks {
		sas := slices.ContainsFunc(w.ends.phase1, func(p *dissect.Phase1) bool {
			return w.stands(p) && slices.ContainsFunc(p.Quicks, func(q *dissect.Quick) bool {
				return established2(q) && q.Messages[len(q.Messages)-1].Frame < t.clear.first
			})
		})
		asked := slices.ContainsFunc(w.talks.steps, func(x *scenarios.Exchange) bool {
			return uint8(x.Protocol) == t.proto && x.Port == t.server.Port() && x.Expect == scenarios.Clear
		})
		if sas && asked && t.fate() == scenarios.Clear {
			w.show(scenarios.CapBypass, "clear", "a conversation beside the SAs", t.clear.first)
		}
	}
}
