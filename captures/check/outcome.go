package check

import (
	"fmt"
	"slices"
	"strings"

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
			Requirement: "Phase 1 is established when HASH_I and HASH_R are right, phase 2 when HASH(1), HASH(2) and HASH(3) are; either is refused when an end says so in a notify, or, where the scenario allows it, is silent to repeated messages.",
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
	said   []notice
	hidden tally // encrypted informational messages that nobody can read
	// sent counts the transmissions of the latest message of each side, by
	// whether the peer sent it.
	last   *dissect.ISAKMP
	copies tally
}

// notice is a refusal: an error notify, or a Delete of what was being set up.
type notice struct {
	frame     int
	from      string
	text      string
	isDelete  bool
	encrypted bool
	phase     int
}

func (c *outcome) Event(e *dissect.Event) {
	m := e.ISAKMP
	if e.Kind != dissect.KindISAKMP || m == nil || m.Phase1 == nil {
		return
	}
	if m.Header.Exchange == wire.ExchangeInformational {
		c.informational(m)
		return
	}
	if !slices.Contains(c.phase1, m.Phase1) && len(c.phase1) < maxNegotiations {
		c.phase1 = append(c.phase1, m.Phase1)
	}
	switch {
	case !m.Retransmission:
		c.last, c.copies = m, tally{}
		fallthrough
	case c.last != nil && m.Of == c.last.Frame:
		c.copies.add(m.Frame, "")
	}
}

func (c *outcome) informational(m *dissect.ISAKMP) {
	if m.Retransmission {
		return
	}
	if m.Encrypted && m.Message == nil {
		c.hidden.add(m.Frame, c.s.Who(m.Src.Addr()))
		return
	}
	n := notice{frame: m.Frame, from: c.s.Who(m.Src.Addr()), encrypted: m.Encrypted, phase: 1}
	if established1(m.Phase1) || m.Encrypted && len(m.Phase1.Quicks) > 0 {
		n.phase = 2
	}
	for _, p := range payloads[*wire.Notify](m) {
		if p.MsgType.IsError() && len(c.said) < maxNotices {
			n.text = p.MsgType.String()
			c.said = append(c.said, n)
		}
	}
	for range payloads[*wire.Delete](m) {
		if len(c.said) < maxNotices {
			n.text, n.isDelete = "Delete", true
			c.said = append(c.said, n)
		}
	}
}

// established1 reports whether the packets show the ISAKMP SA: both hashes of
// phase 1 are right, or a hash under the SA is.
func established1(p *dissect.Phase1) bool {
	if p.HashI == dissect.HashGood && p.HashR == dissect.HashGood {
		return true
	}
	for _, q := range p.Quicks {
		if q.Hash1 == dissect.HashGood && q.Hash2 == dissect.HashGood {
			return true
		}
	}
	return false
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
	if f.Verdict != Pass {
		f.Expected = c.expected(expect)
	}
	if f.Verdict == Fail {
		f.Next = c.rule.fix
	}
	return f
}

func (c *outcome) judge(expect scenarios.Expect) Finding {
	if len(c.phase1) == 0 {
		return inconclusive("see policy.tap-alive, and the peer's log", "no IKE message in the capture")
	}
	for _, p := range c.phase1 {
		if established1(p) {
			return c.afterPhase1(p, expect)
		}
	}
	p := c.phase1[0] // the one that came furthest
	for _, q := range c.phase1[1:] {
		if lastIndex(q.Messages) > lastIndex(p.Messages) {
			p = q
		}
	}
	if p.Complete() && (p.HashI == dissect.HashUnverifiable || p.HashR == dissect.HashUnverifiable || p.Keys == dissect.KeysNone) {
		return Finding{
			Verdict: Inconclusive, Actual: "phase 1 is complete, its hashes cannot be verified: " + orElse(p.Why, "signatures are not verified"),
			Frames: frames(p.Messages), Next: nextISAKMPKeys,
		}
	}
	return c.refused(1, expect.Phase1, expect, p)
}

// afterPhase1 judges phase 2 under p, which is established.
func (c *outcome) afterPhase1(p *dissect.Phase1, expect scenarios.Expect) Finding {
	witness := fmt.Sprintf("phase 1 established in frames %s", frameList(p.Messages))
	if !expect.Phase1.Allows(scenarios.Established) {
		return Finding{Verdict: Fail, Actual: witness + ", HASH_I and HASH_R are right", Frames: frames(p.Messages)}
	}
	if expect.Phase2 == 0 {
		return Finding{Verdict: Pass, Witness: witness, Frames: frames(p.Messages)}
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
		if expect.Phase2.Allows(scenarios.Refused) && c.heard(2) {
			return c.refused(2, expect.Phase2, expect, p)
		}
		return Finding{Verdict: Fail, Actual: witness + ", no quick mode followed", Frames: frames(p.Messages)}
	}
	if q := last; len(q.Messages) >= 3 && (q.Offered == nil || q.Chosen == nil || q.Hash3 == dissect.HashUnverifiable) {
		return inconclusive(nextISAKMPKeys, "quick mode in frames %s cannot be read", frameList(q.Messages))
	}
	return c.refused(2, expect.Phase2, expect, p)
}

func (c *outcome) heard(phase int) bool {
	return slices.ContainsFunc(c.said, func(n notice) bool { return n.phase == phase })
}

// refused judges a phase that was not established: when that is expected, by
// the evidence that it was refused and did not just come to nothing.
func (c *outcome) refused(phase int, want scenarios.Outcome, expect scenarios.Expect, p *dissect.Phase1) Finding {
	ms := p.Messages
	if phase == 2 {
		ms = nil
		if n := len(p.Quicks); n > 0 {
			ms = p.Quicks[n-1].Messages
		}
	}
	var said []notice
	for _, n := range c.said {
		if n.phase == phase {
			said = append(said, n)
		}
	}
	reached := fmt.Sprintf("phase %d stopped after message %d", phase, lastIndex(ms))
	if lastIndex(ms) == 0 {
		reached = fmt.Sprintf("phase %d did not begin", phase)
	}
	if len(said) > 0 {
		reached += ": " + noticesText(said)
	} else if c.copies.n > 1 {
		reached += fmt.Sprintf(", sent %d times without an answer", c.copies.n)
	}
	seen := frames(ms)
	for _, n := range said {
		seen = append(seen, n.frame)
	}
	slices.Sort(seen)
	seen = slices.Compact(seen)
	if len(seen) > MaxFrames {
		seen = seen[:MaxFrames]
	}
	f := Finding{Verdict: Fail, Actual: reached, Frames: seen}
	if !want.Allows(scenarios.Refused) {
		if len(said) == 0 && c.hidden.n > 0 {
			f.Actual += fmt.Sprintf("; an encrypted informational message in frame %d could not be read", c.hidden.frames[0])
		}
		return f
	}
	for _, n := range said {
		switch {
		case !n.isDelete && (len(expect.Notifies) == 0 || slices.Contains(expect.Notifies, n.text)):
			return Finding{Verdict: Pass, Frames: seen, Witness: fmt.Sprintf("%s: %s in frame %d, and no progress", n.from, n.text, n.frame)}
		case n.isDelete && !slices.ContainsFunc(said, func(o notice) bool { return !o.isDelete }):
			return Finding{
				Verdict: Pass, Tolerated: true, Frames: seen, Expected: c.expected(expect),
				Actual:  n.from + " refuses by a Delete instead of a notify",
				Witness: fmt.Sprintf("%s: Delete in frame %d, and no progress", n.from, n.frame),
			}
		}
	}
	switch {
	case len(said) > 0:
		return f // refused, but by something else
	case c.hidden.n > 0 && (phase == 2 || p.Keys < dissect.KeysCipher || !expect.Silence):
		return inconclusive(nextISAKMPKeys, "%s; an encrypted informational message in frame %d could not be read", reached, c.hidden.frames[0])
	case !expect.Silence:
		return f
	case c.hidden.n > 0:
		// Without a key in common no notify can be read either.
		return Finding{
			Verdict: Pass, Frames: seen,
			Witness: fmt.Sprintf("%s; %s answered with an encrypted message that the keys at hand do not open in frame %d", reached, c.hidden.said(), c.hidden.frames[0]),
		}
	case c.copies.n > 1:
		return Finding{Verdict: Pass, Frames: c.copies.frames, FramesTotal: c.copies.total(), Witness: reached}
	}
	return inconclusive("let the trial run until the initiator has repeated its message", "%s, and was not repeated: nothing shows that the other end had the chance to answer", reached)
}

func (c *outcome) expected(e scenarios.Expect) []string {
	var out []string
	add := func(phase int, o scenarios.Outcome, hashes string) {
		if o.Allows(scenarios.Established) {
			out = append(out, fmt.Sprintf("phase %d established: %s right", phase, hashes))
		}
		if o.Allows(scenarios.Refused) {
			for _, n := range e.Notifies {
				out = append(out, fmt.Sprintf("phase %d refused with %s", phase, n))
			}
			if len(e.Notifies) == 0 {
				out = append(out, fmt.Sprintf("phase %d refused with an error notify", phase))
			}
			if e.Silence {
				out = append(out, fmt.Sprintf("phase %d refused by silence", phase))
			}
		}
	}
	add(1, e.Phase1, "HASH_I and HASH_R")
	add(2, e.Phase2, "HASH(1), HASH(2) and HASH(3)")
	return out
}

// noticesText lists who said what in which frames.
func noticesText(ns []notice) string {
	var keys, parts []string
	at := map[string][]string{}
	for _, n := range ns {
		key := n.from + " sent " + n.text
		if at[key] == nil {
			keys = append(keys, key)
		}
		at[key] = append(at[key], fmt.Sprint(n.frame))
	}
	for _, key := range keys {
		frames := at[key]
		if len(frames) == 1 {
			parts = append(parts, key+" in frame "+frames[0])
		} else {
			parts = append(parts, key+" in frames "+strings.Join(frames, ", "))
		}
	}
	return strings.Join(parts, ", ")
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
