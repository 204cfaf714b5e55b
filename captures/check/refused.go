package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// A phase that was not established: whether it was refused.

func (c *outcome) informational(m *dissect.ISAKMP) {
	if m.Retransmission {
		return
	}
	if m.Encrypted && m.Message == nil {
		c.hidden.add(m.Frame, c.s.Who(m.Src.Addr()))
		return
	}
	for _, p := range payloads[*wire.Notify](m) {
		if p.MsgType.IsError() {
			c.notice(m, notice{text: p.MsgType.String()})
		}
	}
	for range payloads[*wire.Delete](m) {
		c.notice(m, notice{text: "Delete", isDelete: true})
	}
}

// notice keeps what m says, and what it is about.
func (c *outcome) notice(m *dissect.ISAKMP, n notice) {
	// A harness that is made to be at fault says nothing about the peer by giving up.
	ours := c.s.harnessAtFault() && !c.s.Judges(m.Src.Addr())
	if ours || len(c.said) >= maxNotices {
		return
	}
	n.frame, n.from, n.phase = m.Frame, c.s.Who(m.Src.Addr()), 1
	switch {
	case c.went[m.Phase1] == bothEnds, !proven(m.Phase1) && m.Encrypted && len(m.Phase1.Quicks) > 0:
		n.phase = 2
	case proven(m.Phase1):
		n.phase = 0
	}
	c.said = append(c.said, n)
}

// about lists what was said about a phase. What leaves open which one is about the
// one that may be refused.
func (c *outcome) about(phase int, expect scenarios.Expect) []notice {
	open := 2
	if expect.Phase1.Allows(scenarios.Refused) && !expect.Phase2.Allows(scenarios.Refused) || !expect.Phase1.Allows(scenarios.Established) {
		open = 1
	}
	var said []notice
	for _, n := range c.said {
		if n.phase == phase || n.phase == 0 && phase == open {
			said = append(said, n)
		}
	}
	return said
}

// only1 judges where nothing is said about phase 2: no end takes phase 1 back,
// unless it may.
func (c *outcome) only1(p *dissect.Phase1, witness string, expect scenarios.Expect) Finding {
	f := Finding{Verdict: Pass, Witness: witness, Frames: frames(p.Messages)}
	back := slices.DeleteFunc(slices.Clone(c.said), func(n notice) bool { return n.isDelete || n.phase != 0 })
	switch {
	case len(back) > 0 && expect.Phase1.Allows(scenarios.Refused):
		return c.refused(1, expect.Phase1, expect, p)
	case len(back) > 0:
		f.Verdict, f.Witness, f.Actual = Fail, "", witness+"; then "+noticesText(back)
	}
	return f
}

func (c *outcome) heard(phase int, expect scenarios.Expect) bool {
	return len(c.about(phase, expect)) > 0
}

// refused judges a phase that was not established: when that is expected, by
// the evidence that it was refused and did not just come to nothing. p is nil where
// no message was one of IKE version 1.
func (c *outcome) refused(phase int, want scenarios.Outcome, expect scenarios.Expect, p *dissect.Phase1) Finding {
	copies, said := c.repeated(p), c.about(phase, expect)
	var ms []*dissect.ISAKMP
	keys := dissect.KeysNone
	if p != nil {
		ms, keys = p.Messages, p.Keys
		if phase == 2 {
			ms = latestQuick(p)
		}
	}
	reached := fmt.Sprintf("phase %d stopped after message %d", phase, lastIndex(ms))
	if lastIndex(ms) == 0 {
		reached = fmt.Sprintf("phase %d did not begin", phase)
	}
	if len(said) > 0 {
		reached += ": " + noticesText(said)
	} else if copies.n > 1 {
		reached += fmt.Sprintf(", sent %d times without an answer", copies.n)
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
		case !n.isDelete && (n.isXAUTH || len(expect.Notifies) == 0 || slices.Contains(expect.Notifies, n.text)):
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
	case c.hidden.n > 0 && (keys < dissect.KeysCipher || !expect.Silence):
		return inconclusive(nextISAKMPKeys, "%s; an encrypted informational message in frame %d could not be read", reached, c.hidden.frames[0])
	case !expect.Silence:
		return f
	case c.hidden.n > 0:
		// Without a key in common no notify can be read either.
		return Finding{
			Verdict: Pass, Frames: seen,
			Witness: fmt.Sprintf("%s; %s answered with an encrypted message that the keys at hand do not open in frame %d", reached, c.hidden.said(), c.hidden.frames[0]),
		}
	case copies.n > 1:
		return Finding{Verdict: Pass, Frames: copies.frames, FramesTotal: copies.total(), Witness: reached}
	}
	return inconclusive("let the trial run until the initiator has repeated its message", "%s, and was not repeated: nothing shows that the other end had the chance to answer", reached)
}

// latestQuick are the messages of the latest quick mode under p.
func latestQuick(p *dissect.Phase1) []*dissect.ISAKMP {
	if n := len(p.Quicks); n > 0 {
		return p.Quicks[n-1].Messages
	}
	return nil
}

// expected lists what a negotiation may come to.
func (c *outcome) expected(e scenarios.Expect) []string {
	var out []string
	refused := func(o scenarios.Outcome, phase string) {
		if !o.Allows(scenarios.Refused) {
			return
		}
		for _, n := range e.Notifies {
			out = append(out, phase+" refused with "+n)
		}
		if len(e.Notifies) == 0 {
			out = append(out, phase+" refused with an error notify")
		}
		if e.Silence {
			out = append(out, phase+" refused by silence")
		}
	}
	const first = "phase 1 established: HASH_I and HASH_R right"
	if e.Phase1.Allows(scenarios.Established) {
		if e.Phase2 == 0 {
			out = append(out, first)
		}
		if e.Phase2.Allows(scenarios.Established) {
			out = append(out, first+"; then phase 2: HASH(1), HASH(2) and HASH(3) right")
		}
		refused(e.Phase2, first+"; then phase 2")
	}
	refused(e.Phase1, "phase 1")
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
