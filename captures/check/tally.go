package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// What to do when keys are missing.
const (
	nextISAKMPKeys = "supply keys: --keys FILE with the ISAKMP SA's (Wireshark ikev1_decryption_table, or keys.jsonl with psk and gxy)"
	nextESPKeys    = "supply keys: --keys FILE with the IPsec SA's (Wireshark esp_sa), or the ISAKMP SA's with SKEYID_d"
)

// maxFacts bounds the different things a finding says.
const maxFacts = 4

// tally collects observations of one kind. Its memory does not grow with their
// number.
type tally struct {
	n      int
	frames []int
	facts  []string // distinct, in order of appearance
	more   bool     // there were more than maxFacts
}

func (t *tally) add(frame int, fact string) {
	t.n++
	if len(t.frames) < MaxFrames && !slices.Contains(t.frames, frame) {
		t.frames = append(t.frames, frame)
	}
	switch {
	case fact == "" || slices.Contains(t.facts, fact):
	case len(t.facts) == maxFacts:
		t.more = true
	default:
		t.facts = append(t.facts, fact)
	}
}

// said joins the facts.
func (t *tally) said() string {
	s := strings.Join(t.facts, "; ")
	if t.more {
		s += "; and more of the kind"
	}
	return s
}

func (t *tally) total() int {
	if t.n > len(t.frames) && len(t.frames) == MaxFrames {
		return t.n
	}
	return 0
}

// observer is what most checkers are: it looks at one event at a time and sorts
// what it sees into right, wrong, tolerated, and not to be seen for want of
// keys.
type observer struct {
	s    *Subject
	rule *Rule
	see  func(*observer, *dissect.Event)
	done func(*observer) // after the last event, may be nil

	right, wrong, odd, blind tally
	next                     string // what would open the eyes
	expected                 []string
	pairs                    map[pair]bool // hosts that spoke IKE
}

// observe gives the rule r a checker that calls see for every event.
func observe(r Rule, see func(*observer, *dissect.Event)) Rule {
	return stateful(r, func() (func(*observer, *dissect.Event), func(*observer)) { return see, nil })
}

// stateful is observe for a see that keeps something from event to event: fresh
// makes one for each trial, and with it a function, or nil, that is called after
// the last event.
func stateful(r Rule, fresh func() (see func(*observer, *dissect.Event), done func(*observer))) Rule {
	r.new = func(s *Subject, r *Rule) Checker {
		o := &observer{s: s, rule: r}
		o.see, o.done = fresh()
		return o
	}
	return r
}

// messages gives the rule r a checker that calls see for every IKEv1 message of
// whom the trial judges, retransmissions left out.
func messages(r Rule, see func(*observer, *dissect.ISAKMP)) Rule {
	return observe(r, onMessage(see))
}

func onMessage(see func(*observer, *dissect.ISAKMP)) func(*observer, *dissect.Event) {
	return func(o *observer, e *dissect.Event) {
		m := e.ISAKMP
		if e.Kind == dissect.KindISAKMP && m != nil && m.Phase1 != nil && !m.Retransmission && o.s.Judges(m.Src.Addr()) {
			see(o, m)
		}
	}
}

func (o *observer) Event(e *dissect.Event) { o.see(o, e) }

func (o *observer) pass(frame int, format string, args ...any) {
	o.right.add(frame, fmt.Sprintf(format, args...))
}

// fail notes a deviation of the sender at from.
func (o *observer) fail(frame int, from netip.Addr, format string, args ...any) {
	o.wrong.add(frame, o.s.Who(from)+": "+fmt.Sprintf(format, args...))
}

// tolerate notes a departure from the letter that real products are known for.
func (o *observer) tolerate(frame int, from netip.Addr, format string, args ...any) {
	o.odd.add(frame, o.s.Who(from)+": "+fmt.Sprintf(format, args...))
}

// expect adds to what would have been accepted.
func (o *observer) expect(alternatives ...string) {
	for _, a := range alternatives {
		if !slices.Contains(o.expected, a) {
			o.expected = append(o.expected, a)
		}
	}
}

// unseen notes something that could not be judged, and what would help.
func (o *observer) unseen(frame int, next, format string, args ...any) {
	if o.next == "" {
		o.next = next
	}
	o.blind.add(frame, fmt.Sprintf(format, args...))
}

// sealed notes a message that stayed unread.
func (o *observer) sealed(m *dissect.ISAKMP) {
	why := m.Opaque
	if why == "" {
		why = m.Phase1.Why
	}
	o.unseen(m.Frame, nextISAKMPKeys, "encrypted message not read: %s", orElse(why, "no keys"))
}

// Finding weighs the observations: one that is wrong fails the rule, one that
// is right passes it, and only things unseen leave it undecided.
func (o *observer) Finding() Finding {
	if o.done != nil {
		o.done(o)
	}
	expected := o.expected
	if expected == nil {
		expected = o.rule.expected
	}
	switch {
	case o.wrong.n > 0:
		return Finding{
			Verdict: Fail, Expected: expected, Actual: o.wrong.said(),
			Frames: o.wrong.frames, FramesTotal: o.wrong.total(), Next: o.rule.fix,
		}
	case o.right.n+o.odd.n > 0:
		f := Finding{Verdict: Pass, Tolerated: o.odd.n > 0, Frames: o.right.frames, FramesTotal: o.right.total()}
		f.Witness = o.witness()
		if f.Tolerated {
			f.Expected, f.Actual = expected, o.odd.said()
			f.Frames, f.FramesTotal = o.odd.frames, o.odd.total()
		}
		return f
	case o.blind.n > 0:
		if !o.s.Foreign() && (o.rule.role != 0 && o.rule.role != o.s.Role() || o.rule.unless != nil && o.rule.unless(o.s) != "") {
			return o.s.absent(o.rule)
		}
		if !o.s.Foreign() && !o.s.demands(o.rule.needs) && o.rule.needs != stageAny {
			return notApplicable("the scenario does not lead to %s (%s)", stageNames[o.rule.needs], o.blind.said())
		}
		return Finding{
			Verdict: Inconclusive, Expected: expected, Actual: o.blind.said(),
			Frames: o.blind.frames, FramesTotal: o.blind.total(), Next: o.next,
		}
	}
	return o.s.absent(o.rule)
}

// witness tells what makes a pass worth something.
func (o *observer) witness() string {
	n := o.right.n + o.odd.n
	t := o.right
	if t.n == 0 {
		t = o.odd
	}
	w := fmt.Sprintf("%s judged, first in frame %d", count(n, o.rule.noun), t.frames[0])
	if said := o.right.said(); said != "" {
		w += ": " + said
	}
	if o.blind.n > 0 {
		w += fmt.Sprintf(" (%s could not be read)", count(o.blind.n, "more"))
	}
	return w
}

// count puts a number before a noun, in the plural where English wants it: "3
// packets inside ESP".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	head, tail := noun, ""
	for _, word := range []string{" of ", " inside ", " on ", " with ", " in "} {
		if i := strings.Index(head, word); i >= 0 {
			head, tail = head[:i], head[i:]+tail
		}
	}
	switch {
	case strings.HasSuffix(head, "more"):
	case strings.HasSuffix(head, "sh"), strings.HasSuffix(head, "ss"):
		head += "es"
	case strings.HasSuffix(head, "ty"):
		head = strings.TrimSuffix(head, "y") + "ies"
	default:
		head += "s"
	}
	return fmt.Sprintf("%d %s%s", n, head, tail)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// payloads returns the payloads of type T in a message that can be read, those
// included whose reserved octets are not zero and which are therefore raw, those
// left out that are encrypted to a public key.
func payloads[T wire.Payload](m *dissect.ISAKMP) []T {
	if m.Message == nil {
		return nil
	}
	var out []T
	for _, p := range m.Message.Payloads {
		if slices.Contains(m.Concealed, p.Type()) {
			continue
		}
		if raw, ok := p.(*wire.Raw); ok {
			if q, err := raw.Typed(); err == nil {
				p = q
			}
		}
		if q, ok := p.(T); ok {
			out = append(out, q)
		}
	}
	return out
}

// first returns the first payload of type T.
func first[T wire.Payload](m *dissect.ISAKMP) (p T, ok bool) {
	if ps := payloads[T](m); len(ps) > 0 {
		return ps[0], true
	}
	return p, false
}
