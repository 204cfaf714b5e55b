package check

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// What the scenario is meant to come to.

func scenarioRules() []Rule {
	return []Rule{
		{
			ID: "scenario.outcome", Ref: "RFC2409/5", Level: Must,
			Title:       "The negotiation comes to what the scenario expects",
			Requirement: "Phase 1 is established when HASH_I and HASH_R, or the signatures over them, are right and both ends go on, phase 2 when HASH(1), HASH(2) and HASH(3) are right; either is refused when an end says so in a notify or in XAUTH, or, where the scenario allows it, is silent to repeated messages.",
			fix:         "see the diagnosis, and the peer's log in the evidence directory",
			noun:        "negotiation",
			new:         func(s *Subject, r *Rule) Checker { return &outcome{s: s, rule: r} },
		},
		{
			ID: "scenario.traffic", Ref: "RFC2401/5", Level: Must,
			Title:       "Traffic fares as the scenario expects",
			Requirement: "A conversation that is to be protected takes place, all of it inside ESP; one that is to be in clear takes place outside; one that is to be blocked does not take place, and nothing of it is seen in clear.",
			fix:         "compare the peer's policies with the scenario's selectors",
			noun:        "conversation",
			new:         func(s *Subject, r *Rule) Checker { return newTraffic(s, r) },
		},
		rekeyRule(),
		wireRule(),
	}
}

// Bounds of what outcome remembers.
const (
	maxNegotiations = 64
	maxNotices      = 64
)

// outcome collects how far the negotiations came.
type outcome struct {
	s      *Subject
	rule   *Rule
	phase1 []*dissect.Phase1
	// went are the ends that have gone on under an ISAKMP SA.
	went   goers
	said   []notice
	hidden tally // encrypted informational messages that nobody can read
	// repeats counts the latest message under each ISAKMP SA with all that was sent
	// again since; of what belongs to none it is under nil.
	repeats map[*dissect.Phase1]*tally
	pieces  map[netip.Addr]*wire.Fragment // that began the latest message in fragments of a sender
}

// ends is a set of the two ends of an ISAKMP SA.
type ends uint8

const (
	theInitiator ends = 1 << iota
	theResponder
	bothEnds = theInitiator | theResponder
)

func sender(m *dissect.ISAKMP) ends {
	if m.FromInitiator {
		return theInitiator
	}
	return theResponder
}

// notice is a refusal: an error notify, a Delete of what was being set up, or the
// verdict of XAUTH.
type notice struct {
	frame    int
	from     string
	text     string
	isDelete bool
	isXAUTH  bool
	// phase is what is refused; 0 if that depends on what was to be: phase 1 was
	// complete, and not both ends had gone on.
	phase int
}

func (c *outcome) Event(e *dissect.Event) {
	m := e.ISAKMP
	switch {
	case e.Kind == dissect.KindIKEv2 && len(c.phase1) == 0:
		c.repeat(nil, e.Frame, false)
	case e.Kind == dissect.KindISAKMP && m != nil && m.Fragment != nil:
		c.fragment(m)
	}
	if e.Kind != dissect.KindISAKMP || m == nil || m.Phase1 == nil {
		return
	}
	if m.Header.Exchange == wire.ExchangeInformational {
		c.informational(m)
		return
	}
	p := m.Phase1
	if !slices.Contains(c.phase1, p) && len(c.phase1) < maxNegotiations {
		c.phase1 = append(c.phase1, p)
	}
	if c.went == nil {
		c.went = goers{}
	}
	c.went.see(m)
	if p.XAUTH.Status == m.Frame && !p.XAUTH.OK {
		c.notice(m, notice{text: "XAUTH STATUS=FAIL", isXAUTH: true})
	}
	c.repeat(p, m.Frame, !m.Retransmission)
}

// goesOn reports whether a message shows that its sender has accepted the other
// end: the last one of phase 1, which answers that end's proof, or one under the
// ISAKMP SA.
func goesOn(m *dissect.ISAKMP) bool {
	switch m.Header.Exchange {
	case wire.ExchangeMain:
		return m.Index == 6
	case wire.ExchangeAggressive:
		return m.Index == 3
	}
	return true
}

// goers are the ends that have gone on, by ISAKMP SA.
type goers map[*dissect.Phase1]ends

// see takes note of a message, an informational one apart: that may say anything.
func (g goers) see(m *dissect.ISAKMP) {
	if m.Header.Exchange != wire.ExchangeInformational && m.Hash.State == dissect.HashGood && goesOn(m) && len(g) < maxRemembered {
		g[m.Phase1] |= sender(m)
	}
}

// has reports whether the sender of m has gone on.
func (g goers) has(m *dissect.ISAKMP) bool { return g[m.Phase1]&sender(m) != 0 }

// proven reports whether both ends have proved themselves in phase 1.
func proven(p *dissect.Phase1) bool {
	return p.HashI == dissect.HashGood && p.HashR == dissect.HashGood
}

// established1 reports whether the packets show the ISAKMP SA: what proves the
// ends in phase 1 is right, or hashes of both under the SA are.
func established1(p *dissect.Phase1) bool {
	return proven(p) || slices.ContainsFunc(p.Quicks, func(q *dissect.Quick) bool {
		return q.Hash1 == dissect.HashGood && q.Hash2 == dissect.HashGood
	})
}

func established2(q *dissect.Quick) bool {
	return q.Hash1 == dissect.HashGood && q.Hash2 == dissect.HashGood && q.Hash3 == dissect.HashGood && len(q.SAs) > 0
}

// Finding implements Checker.
func (c *outcome) Finding() Finding {
	if c.s.Foreign() {
		return notApplicable("a capture from elsewhere has no scenario")
	}
	expect := c.s.Trial.Spec.Expect
	f := c.judge(expect)
	for _, q := range expect.Tolerates(c.s.Trial.Peer, "") {
		if f.Verdict == Pass {
			break
		}
		if g := c.judge(q.Expect()); g.Verdict == Pass {
			f, f.Tolerated, f.Actual, f.Expected = g, true, q.Why, c.expected(expect)
		}
	}
	if f.Verdict != Pass {
		f.Expected = c.expected(expect)
	}
	if f.Verdict == Fail {
		f.Next = c.rule.fix
	}
	return f
}

func (c *outcome) judge(expect scenarios.Expect) Finding {
	switch {
	case len(c.phase1) == 0 && c.repeated(nil).n+len(c.said) > 0: // messages of another version, or answers to those
		return c.refused(1, expect.Phase1, expect, nil)
	case len(c.phase1) == 0:
		return inconclusive("see policy.tap-alive, and the peer's log", "no IKE message in the capture")
	}
	if f, ok := c.established(expect); ok {
		return f
	}
	p := c.phase1[0] // the one that came furthest
	for _, q := range c.phase1[1:] {
		if lastIndex(q.Messages) > lastIndex(p.Messages) {
			p = q
		}
	}
	unverified := p.HashI == dissect.HashUnverifiable || p.HashR == dissect.HashUnverifiable || p.Keys == dissect.KeysNone
	if p.Complete() && unverified && !(expect.Phase1.Allows(scenarios.Refused) && c.heard(1, expect)) {
		return Finding{
			Verdict: Inconclusive, Actual: "phase 1 is complete, its hashes cannot be verified: " + orElse(p.Why, unverifiable(p)),
			Frames: frames(p.Messages), Next: nextISAKMPKeys,
		}
	}
	return c.refused(1, expect.Phase1, expect, p)
}

// established judges what came of the ISAKMP SAs that were established, false if none was. There may be several: both ends
// begin at once, or one authenticates anew. What is to be established is so under one of them; what is to be refused, under all,
// a last one apart that the end of the trial cut off.
func (c *outcome) established(expect scenarios.Expect) (f Finding, any bool) {
	wanted := expect.Phase1.Allows(scenarios.Established) && (expect.Phase2 == 0 || expect.Phase2.Allows(scenarios.Established))
	for _, p := range c.phase1 {
		if !established1(p) || any && c.cutOff(p, expect) {
			continue
		}
		g := c.afterPhase1(p, expect)
		better := g.Verdict == Pass
		if !wanted {
			better = g.Verdict.rank() > f.Verdict.rank()
		}
		if !any || better {
			f = g
		}
		if any = true; wanted && better {
			break
		}
	}
	return f, any
}

// cutOff reports whether what is to be refused had only begun under p when the trial ended: whoever was refused before tries again.
func (c *outcome) cutOff(p *dissect.Phase1, expect scenarios.Expect) bool {
	if !expect.Phase1.Allows(scenarios.Established) && c.went[p] == bothEnds {
		return false
	}
	answered := func(q *dissect.Quick) bool { return lastIndex(q.Messages) > 1 }
	return c.repeated(p).n <= 1 && !slices.ContainsFunc(p.Quicks, answered)
}

// unverifiable says what the proofs of phase 1 lack.
func unverifiable(p *dissect.Phase1) string {
	for _, m := range p.Messages {
		if m.Hash.State == dissect.HashUnverifiable {
			return m.Hash.Name + ": " + m.Hash.Why
		}
	}
	return "they were not read"
}

// unexpected judges phase 1 under p, which both ends have proved themselves in,
// where it may be refused and nothing else came of it: it is not refused if both go
// on.
func (c *outcome) unexpected(p *dissect.Phase1, witness string, expect scenarios.Expect) Finding {
	left := bothEnds &^ c.went[p]
	silent := expect.Silence && c.repeated(p).n > 1
	switch {
	case left != 0 && (c.heard(1, expect) || silent):
		return c.refused(1, expect.Phase1, expect, p)
	case left != 0:
		who := p.Initiator.Addr()
		if left&theResponder != 0 {
			who = p.Responder.Addr()
		}
		return Finding{
			Verdict: Inconclusive, Actual: fmt.Sprintf("%s; nothing shows whether %s accepts that", witness, c.s.Who(who)), Frames: frames(p.Messages),
			Next: "let the trial run until an end goes on, refuses or repeats its message",
		}
	}
	return Finding{Verdict: Fail, Actual: witness + ", HASH_I and HASH_R are right", Frames: frames(p.Messages)}
}

// afterPhase1 judges phase 2 under p, which is established.
func (c *outcome) afterPhase1(p *dissect.Phase1, expect scenarios.Expect) Finding {
	witness := fmt.Sprintf("phase 1 established in frames %s", frameList(p.Messages))
	if !expect.Phase1.Allows(scenarios.Established) {
		return c.unexpected(p, witness, expect)
	}
	if expect.Phase2 == 0 {
		return c.only1(p, witness, expect)
	}
	var last *dissect.Quick
	for _, q := range p.Quicks {
		last = q
		if !established2(q) {
			continue
		}
		witness += fmt.Sprintf("; phase 2 in frames %s", frameList(q.Messages))
		if !expect.Phase2.Allows(scenarios.Established) {
			return Finding{Verdict: Fail, Actual: witness + ", HASH(1) to HASH(3) are right", Frames: frames(q.Messages)}
		}
		f := Finding{Verdict: Pass, Witness: witness, Frames: append(frames(p.Messages), frames(q.Messages)...)}
		if len(f.Frames) > MaxFrames {
			f.Frames = f.Frames[:MaxFrames]
		}
		return f
	}
	if last == nil {
		if expect.Phase2.Allows(scenarios.Refused) && (c.heard(2, expect) || expect.Silence && c.repeated(p).n > 1) {
			return c.refused(2, expect.Phase2, expect, p)
		}
		if expect.Phase1.Allows(scenarios.Refused) && c.went[p] != bothEnds {
			return c.unexpected(p, witness, expect)
		}
		return Finding{Verdict: Fail, Actual: witness + ", no quick mode followed", Frames: frames(p.Messages)}
	}
	if q := last; lastIndex(q.Messages) >= 3 && (q.Offered == nil || q.Chosen == nil || q.Hash3 == dissect.HashUnverifiable) {
		return inconclusive(nextISAKMPKeys, "quick mode in frames %s cannot be read", frameList(q.Messages))
	}
	return c.refused(2, expect.Phase2, expect, p)
}

func lastIndex(ms []*dissect.ISAKMP) int {
	n := 0
	for _, m := range ms {
		n = max(n, m.Index)
	}
	return n
}

// frames lists the frames of messages, at most MaxFrames.
func frames(ms []*dissect.ISAKMP) []int {
	var out []int
	for _, m := range ms {
		if len(out) < MaxFrames {
			out = append(out, m.Frame)
		}
	}
	return out
}
