package check

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2401 4.4.1 and the profile's selectors: what is protected, and what is
// not.

func policyRules() []Rule {
	return []Rule{
		{
			ID: "policy.tap-alive", Ref: "RFC5406/8", Level: Must,
			Title:       "The tap saw its marker before the first IKE message",
			Requirement: "Evidence that something did not happen counts only if the tap would have seen it: a marker packet on the same wire is in the capture before the negotiation begins.",
			expected:    []string{"the marker packet, UDP to port 9, before the first IKE message"},
			noun:        "marker",
			new:         func(s *Subject, r *Rule) Checker { return &tapAlive{s: s, rule: r} },
		},
		{
			ID: "policy.no-cleartext", Item: profile.ItemSelectors, Ref: "RFC2401/4.4.1", Level: Must,
			Title:       "Nothing that is to be protected travels in clear",
			Requirement: "The SPD MUST be consulted during the processing of all traffic, inbound and outbound: what the selectors protect is never sent in clear, in either direction, from the first SYN on, before the SA, under it, or after it.",
			expected:    []string{"every packet of a protected flow inside ESP or AH"},
			fix:         "look for a policy that is installed with the SA instead of before it, or that has one direction only",
			noun:        "packet of a protected flow", needs: stageTraffic,
			new: func(s *Subject, r *Rule) Checker {
				return &noCleartext{observer: observer{s: s, rule: r}, pairs: map[pair]*pairState{}}
			},
		},
		observe(Rule{
			ID: "policy.bypass-in-clear", Item: profile.ItemSelectors, Ref: "RFC2401/4.4.2", Level: Must,
			Title:       "What the selectors leave out is not inside the SA",
			Requirement: "Protection has the granularity of the selectors: a flow that the profile bypasses, such as another port, does not travel inside the SA made for the protected one.",
			expected:    []string{"packets of bypassed flows in clear"},
			fix:         "the peer's selectors are wider than the profile's: many products have no port selectors (RFC 5406 section 6)",
			noun:        "packet of a bypassed flow", needs: stageClear, unless: bypassesNothing,
		}, bypassInClear),
	}
}

// tap notes when the marker was seen.
type tap struct{ frame int }

func (t *tap) event(s *Subject, e *dissect.Event) {
	if t.frame == 0 && isMarker(s, e) {
		t.frame = e.Frame
	}
}

func isMarker(s *Subject, e *dissect.Event) bool {
	return s.Trial != nil && s.Trial.Marker != "" && e.Kind == dissect.KindUDP && e.Dst.Port() == 9 && string(e.Payload) == s.Trial.Marker
}

type tapAlive struct {
	s    *Subject
	rule *Rule
	tap  tap
	ike  int
}

func (c *tapAlive) Event(e *dissect.Event) {
	c.tap.event(c.s, e)
	if c.ike == 0 && (e.Kind == dissect.KindISAKMP || e.Kind == dissect.KindIKEv2) {
		c.ike = e.Frame
	}
}

func (c *tapAlive) Finding() Finding {
	const next = "run the trial again: the tap was not proven to see the wire, so nothing that is missing from the capture counts"
	switch {
	case c.s.Foreign():
		return notApplicable("a capture from elsewhere has no marker")
	case c.tap.frame == 0:
		return inconclusive(next, "no marker in the capture")
	case c.ike != 0 && c.ike < c.tap.frame:
		return inconclusive(next, "the marker is in frame %d, the first IKE message in frame %d", c.tap.frame, c.ike)
	}
	return Finding{Verdict: Pass, Frames: []int{c.tap.frame}, Witness: fmt.Sprintf("marker in frame %d", c.tap.frame)}
}

// pair is two hosts, the smaller address first.
type pair struct{ a, b netip.Addr }

func pairOf(f spd.Flow) pair {
	if f.Dst.Less(f.Src) {
		return pair{f.Dst, f.Src}
	}
	return pair{f.Src, f.Dst}
}

func (p pair) compare(q pair) int { return cmp.Or(p.a.Compare(q.a), p.b.Compare(q.b)) }

// pairState is what happened between two hosts.
type pairState struct {
	ipsec bool // they speak IKE, ESP or AH, or did so inside
	leaks tally
}

// maxPairs bounds the pairs of hosts that a capture is watched for.
const maxPairs = 1024

// noCleartext fails on packets in clear, and passes when both the marker and a
// protected packet inside ESP were seen.
type noCleartext struct {
	observer
	tap   tap
	ours  tally // leaks of the harness itself
	pairs map[pair]*pairState
}

func (c *noCleartext) Event(e *dissect.Event) {
	c.tap.event(c.s, e)
	switch e.Kind {
	case dissect.KindISAKMP, dissect.KindIKEv2:
		c.related(pairOf(e.Flow))
	case dissect.KindESP, dissect.KindAH:
		c.related(pairOf(e.Flow))
		c.inside(e)
	default:
		in := e.Innermost() // of IP in IP
		if e.Clear() && in.Clear() && !isMarker(c.s, e) && c.s.protected(in.Flow) {
			c.leak(e, in)
		}
	}
}

func (c *noCleartext) related(p pair) {
	if st := c.pair(p); st != nil {
		st.ipsec = true
	}
}

func (c *noCleartext) pair(p pair) *pairState {
	st, ok := c.pairs[p]
	if !ok && len(c.pairs) < maxPairs {
		st = &pairState{}
		c.pairs[p] = st
	}
	return st
}

func (c *noCleartext) inside(e *dissect.Event) {
	in := e.Innermost()
	switch {
	case in == e:
		if e.Opaque != "" {
			c.unseen(e.Frame, nextESPKeys, "%s", e.Opaque)
		}
	case c.s.protected(in.Flow):
		c.related(pairOf(in.Flow))
		c.pass(e.Frame, "")
	}
}

func (c *noCleartext) leak(e, in *dissect.Event) {
	text := fmt.Sprintf("in clear: %v", in.Flow)
	switch {
	case c.s.Foreign():
		if st := c.pair(pairOf(in.Flow)); st != nil {
			st.leaks.add(e.Frame, text)
		}
	case c.s.Judges(e.Src.Addr()):
		c.fail(e.Frame, e.Src.Addr(), "%s", text)
	default:
		c.ours.add(e.Frame, text)
	}
}

// Finding implements Checker.
func (c *noCleartext) Finding() Finding {
	if c.s.Profile == nil {
		return notApplicable("no profile was given that says what is to be protected")
	}
	for _, p := range slices.SortedFunc(maps.Keys(c.pairs), pair.compare) {
		if st := c.pairs[p]; st.ipsec && st.leaks.n > 0 {
			c.merge(st.leaks)
		}
	}
	f := c.observer.Finding()
	switch {
	case f.Verdict == Fail:
	case c.ours.n > 0:
		return Finding{
			Verdict: Error, Expected: c.rule.expected, Actual: "the harness itself: " + c.ours.said(), Frames: c.ours.frames, FramesTotal: c.ours.total(),
			Next: "this is the harness's fault: report it with the evidence directory",
		}
	case f.Verdict == Pass && !c.s.Foreign() && c.tap.frame == 0:
		return inconclusive("see policy.tap-alive", "protected packets were seen inside ESP, but no marker: the tap may have missed others")
	case f.Verdict == Pass && !c.s.Foreign():
		f.Witness += fmt.Sprintf("; marker in frame %d", c.tap.frame)
	}
	return f
}

// merge adds leaks to the failures, keeping the frames in order.
func (c *noCleartext) merge(t tally) {
	n := c.wrong.n + t.n
	for i, f := range t.frames {
		fact := ""
		if i < len(t.facts) {
			fact = t.facts[i]
		}
		c.wrong.add(f, fact)
	}
	c.wrong.n = n
	slices.Sort(c.wrong.frames)
}

// protected reports whether the profile, or the child that the scenario
// configures, protects the flow. Errors of ICMP are none of a flow of their own
// unless a policy names the protocol.
func (s *Subject) protected(f spd.Flow) bool {
	if s.Profile == nil || f.Fragment {
		return false
	}
	if s.Trial == nil {
		ends := []netip.Addr{f.Src, f.Dst}
		return s.profileProtects(f, profile.Ends{Initiator: ends, Responder: ends})
	}
	if s.exchanges(func(e *scenarios.Exchange) bool { return e.Expect.Allows(scenarios.Clear) && belongs(e, f) }) {
		return false
	}
	return s.profileProtects(f, s.ends()) || s.childProtects(f)
}

func (s *Subject) profileProtects(f spd.Flow, ends profile.Ends) bool {
	pf := profileFlow(f)
	for _, p := range s.Profile.Selectors.Policies {
		if p.Matches(pf, ends) {
			return p.Action == profile.Protect && (p.Protocol != 0 || !isICMP(f))
		}
	}
	return s.Profile.Selectors.Otherwise == profile.Protect && !isICMP(f)
}

func isICMP(f spd.Flow) bool { return f.Proto == 1 || f.Proto == 58 }

func profileFlow(f spd.Flow) profile.Flow {
	return profile.Flow{Src: f.Src, Dst: f.Dst, Proto: f.Proto, SrcPort: f.SrcPort, DstPort: f.DstPort}
}

// belongs reports whether the flow can be part of the exchange.
func belongs(e *scenarios.Exchange, f spd.Flow) bool {
	return uint8(e.Protocol) == f.Proto && (f.SrcPort == e.Port || f.DstPort == e.Port)
}

// childProtects reports whether the child of both ends' configuration covers
// the flow.
func (s *Subject) childProtects(f spd.Flow) bool {
	return s.covers(s.harness.Child, f) && s.covers(s.peer.Child, f)
}

// covers reports whether a configured child covers the flow, in either
// direction: between the hosts in transport mode, between the inner hosts in
// tunnel mode, the IKE responder being the server.
func (s *Subject) covers(c scenarios.Child, f spd.Flow) bool {
	if isICMP(f) && c.Selector.Protocol == 0 {
		return false
	}
	client, server := s.traffic(c.Mode)
	sel := c.Selector
	fits := func(f spd.Flow) bool {
		return f.Src == client && f.Dst == server && sel.Protocol.Matches(f.Proto) &&
			(sel.ServerPort == 0 || f.DstPort == sel.ServerPort) && (sel.ClientPort == 0 || f.SrcPort == sel.ClientPort)
	}
	return fits(f) || fits(f.Reverse())
}

// traffic returns the hosts between which a child's traffic runs: the IKE
// initiator's side is the client.
func (s *Subject) traffic(mode string) (client, server netip.Addr) {
	t := s.Trial
	ours, theirs := t.Harness, t.PeerAddr
	if mode == "tunnel" {
		ours, theirs = t.HarnessInner, t.PeerInner
	}
	if s.Role() == scenarios.Initiator {
		return theirs, ours
	}
	return ours, theirs
}
