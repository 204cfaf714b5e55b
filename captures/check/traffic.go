package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/scenarios"
)

// traffic matches the conversations in the capture with the exchanges of the
// script.
type traffic struct {
	s     *Subject
	rule  *Rule
	tap   tap
	steps []*scenarios.Exchange
	// talks are the conversations with the ports of the script, in order of
	// appearance.
	talks []*talk
	more  bool
	blind tally
	// sealed are those of the packets that could not be read which the peer sent.
	sealed tally
}

// maxTalks bounds the conversations that are told apart.
const maxTalks = 256

// talk is one conversation: a client's port and a server's.
type talk struct {
	proto          uint8
	client, server netip.AddrPort
	inside, clear  part
	leaked         int // of the packets in clear, those that policy.no-cleartext judges
}

// part is what of a conversation was seen, inside IPsec or in clear.
type part struct {
	packets            int
	first              int // frame
	toServer, toClient int // octets of data
}

func newTraffic(s *Subject, r *Rule) *traffic {
	c := &traffic{s: s, rule: r}
	if s.Trial != nil {
		for _, st := range s.Trial.Spec.Steps() {
			if st.Exchange != nil {
				c.steps = append(c.steps, st.Exchange)
			}
		}
	}
	return c
}

func (c *traffic) Event(e *dissect.Event) {
	if len(c.steps) == 0 {
		return
	}
	c.tap.event(c.s, e)
	in := e.Innermost()
	inside := in != e
	if e.Kind == dissect.KindESP && !inside && e.Opaque != "" {
		c.blind.add(e.Frame, e.Opaque)
		if c.s.Judges(e.Src.Addr()) {
			c.sealed.add(e.Frame, e.Opaque)
		}
	}
	if in.Kind != dissect.KindTCP && in.Kind != dissect.KindUDP || isMarker(c.s, e) {
		return
	}
	t, toServer := c.talk(in)
	if t == nil {
		return
	}
	p := &t.clear
	if inside {
		p = &t.inside
	} else if c.s.protected(in.Flow) {
		t.leaked++
	}
	if p.packets == 0 {
		p.first = e.Frame
	}
	p.packets++
	if toServer {
		p.toServer += len(in.Payload)
	} else {
		p.toClient += len(in.Payload)
	}
}

// talk finds the conversation that a packet belongs to, nil if the script has
// no such exchange.
func (c *traffic) talk(in *dissect.Event) (t *talk, toServer bool) {
	proto := in.Flow.Proto
	server := func(a netip.AddrPort) bool {
		return slices.ContainsFunc(c.steps, func(x *scenarios.Exchange) bool { return uint8(x.Protocol) == proto && x.Port == a.Port() })
	}
	client, host := in.Src, in.Dst
	switch {
	case server(in.Dst):
		toServer = true
	case server(in.Src):
		client, host = in.Dst, in.Src
	default:
		return nil, false
	}
	for _, t := range c.talks {
		if t.proto == proto && t.client == client && t.server == host {
			return t, toServer
		}
	}
	if len(c.talks) >= maxTalks {
		c.more = true
		return nil, false
	}
	t = &talk{proto: proto, client: client, server: host}
	c.talks = append(c.talks, t)
	return t, toServer
}

// fate is what became of a conversation, 0 when it went partly one way and
// partly the other. Packets in clear beside a conversation inside IPsec, or
// before one that did not come about, are for policy.no-cleartext to judge.
func (t *talk) fate() scenarios.Traffic {
	in, out := t.inside, t.clear
	leaks := out.packets == t.leaked
	switch {
	case in.whole() && leaks:
		return scenarios.Protected
	case out.whole() && in.packets == 0:
		return scenarios.Clear
	case in.toServer+out.toServer > 0 && in.toClient+out.toClient > 0:
		return 0
	case leaks:
		return scenarios.Blocked
	}
	return 0
}

// whole reports whether data went both ways.
func (p part) whole() bool { return p.toServer > 0 && p.toClient > 0 }

func (t *talk) text() string {
	s := fmt.Sprintf("from %v to %v", t.client, t.server)
	for _, p := range []struct {
		where string
		part
	}{{"inside ESP", t.inside}, {"in clear", t.clear}} {
		if p.packets > 0 {
			s += fmt.Sprintf(", %s %s from frame %d on (%d octets there, %d back)", count(p.packets, "packet"), p.where, p.first, p.toServer, p.toClient)
		}
	}
	return s
}

func (t *talk) frame() int {
	if t.inside.packets > 0 && (t.clear.packets == 0 || t.inside.first < t.clear.first) {
		return t.inside.first
	}
	return t.clear.first
}

// Finding implements Checker. Steps and conversations with one port are matched
// in order. A step that is to be blocked may have left no trace; what it must
// not have is a conversation that no later step accounts for.
func (c *traffic) Finding() Finding {
	if len(c.steps) == 0 {
		return notApplicable("the script has no exchange of traffic")
	}
	used := map[*talk]bool{}
	var bad, missing, witness []string
	var frames []int
	blocked := false
	for i, step := range c.steps {
		name := fmt.Sprintf("exchange %d (%v port %d)", i+1, step.Protocol, step.Port)
		t := c.next(step, used)
		switch {
		case t != nil && step.Expect.Allows(t.fate()) && t.fate() != 0:
			used[t] = true
			frames = append(frames, t.frame())
			witness = append(witness, fmt.Sprintf("%s %v in frame %d", name, t.fate(), t.frame()))
		case step.Expect.Allows(scenarios.Blocked):
			blocked = true
			witness = append(witness, name+" left no trace")
		case t != nil:
			used[t] = true
			frames = append(frames, t.frame())
			bad = append(bad, fmt.Sprintf("%s is to be %v: %s", name, step.Expect, t.text()))
		default:
			missing = append(missing, fmt.Sprintf("%s is to be %v: no packet of it", name, step.Expect))
		}
	}
	for _, t := range c.talks {
		if !used[t] && t.fate() != scenarios.Blocked {
			frames = append(frames, t.frame())
			bad = append(bad, fmt.Sprintf("a conversation beyond the script's: %s", t.text()))
		}
	}
	return c.weigh(bad, missing, witness, frames, blocked)
}

// next is the first conversation with the step's port that no step has used; an
// attempt that came to nothing gives way to a later one that fits.
func (c *traffic) next(step *scenarios.Exchange, used map[*talk]bool) *talk {
	var first *talk
	for _, t := range c.talks {
		if used[t] || t.proto != uint8(step.Protocol) || t.server.Port() != step.Port {
			continue
		}
		if first == nil {
			first = t
		}
		if step.Expect.Allows(t.fate()) {
			return t
		}
		if t.fate() != scenarios.Blocked {
			break
		}
	}
	return first
}

func (c *traffic) weigh(bad, missing, witness []string, frames []int, blocked bool) Finding {
	slices.Sort(frames)
	frames = slices.Compact(frames)
	if len(frames) > MaxFrames {
		frames = frames[:MaxFrames]
	}
	var expected []string
	for i, step := range c.steps {
		expected = append(expected, fmt.Sprintf("exchange %d (%v port %d) %v", i+1, step.Protocol, step.Port, step.Expect))
	}
	wrong := append(bad, missing...)
	switch {
	case c.blind.n > 0 && len(bad) == 0 && len(missing) > 0:
		return Finding{
			Verdict: Inconclusive, Expected: expected, Frames: c.blind.frames, FramesTotal: c.blind.total(), Next: nextESPKeys,
			Actual: fmt.Sprintf("%s; %s could not be read: %s", strings.Join(missing, "; "), count(c.blind.n, "ESP packet"), c.blind.said()),
		}
	case len(bad) == 0 && len(missing) > 0 && c.tap.frame == 0:
		return Finding{
			Verdict: Inconclusive, Expected: expected, Next: "see policy.tap-alive",
			Actual: strings.Join(missing, "; ") + "; and no marker shows that the tap was alive",
		}
	case len(wrong) > 0:
		if len(wrong) > maxFacts {
			wrong = append(wrong[:maxFacts:maxFacts], fmt.Sprintf("and %d more", len(wrong)-maxFacts))
		}
		return Finding{Verdict: Fail, Expected: expected, Actual: strings.Join(wrong, "; "), Frames: frames, Next: c.rule.fix}
	case c.more:
		return inconclusive("split the scenario", "more than %d conversations", maxTalks)
	case blocked && c.tap.frame == 0:
		return inconclusive("see policy.tap-alive", "%s, but there is no marker to show that the tap was alive", strings.Join(witness, "; "))
	case blocked && c.sealed.n > 0:
		return Finding{
			Verdict: Inconclusive, Expected: expected, Frames: c.sealed.frames, FramesTotal: c.sealed.total(), Next: nextESPKeys,
			Actual: fmt.Sprintf("%s; but %s of the peer could not be read: %s", strings.Join(witness, "; "), count(c.sealed.n, "ESP packet"), c.sealed.said()),
		}
	}
	f := Finding{Verdict: Pass, Frames: frames, Witness: strings.Join(witness, "; ")}
	if blocked {
		f.Witness += fmt.Sprintf("; marker in frame %d", c.tap.frame)
	}
	return f
}
