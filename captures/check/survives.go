package check

import (
	"fmt"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// Whether the peer gets over what it receives. Its process is the one thing about
// it that is not seen on the wire.

func survivalRules() []Rule {
	return []Rule{{
		ID: "peer.survives", Item: profile.ItemAvailability, Ref: "RFC2408/5.1", Level: Must,
		Title:       "The peer is still there at the end of the trial",
		Requirement: "Whatever a message holds, it is answered, refused or dropped; the process that received it goes on. One that does not can be ended from afar.",
		expected:    []string{"a process that is running when the script has come to its end"},
		fix:         "look for a crash in the peer's log and console, and for a newer version of the product; the frame is the last message that it was sent",
		noun:        "peer's process",
		new:         func(s *Subject, r *Rule) Checker { return &survives{s: s, rule: r} },
	}}
}

type survives struct {
	s    *Subject
	rule *Rule
	last int // frame of the latest IKE message to the peer
}

func (c *survives) Event(e *dissect.Event) {
	if e.Kind == dissect.KindISAKMP && !c.s.Judges(e.Src.Addr()) {
		c.last = e.Frame
	}
}

// Finding implements Checker.
func (c *survives) Finding() Finding {
	switch {
	case c.s.Foreign():
		return notApplicable("nothing is known of the processes behind a capture from elsewhere")
	case c.s.Trial.PeerProcess == "":
		return notApplicable("nobody watched the peer's process")
	case c.s.Trial.PeerProcess == evidence.PeerRunning:
		return Finding{Verdict: Pass, Witness: "the peer's process was running at the end"}
	}
	f := Finding{
		Verdict: Fail, Actual: fmt.Sprintf("the peer's process ended (%s)", c.s.Trial.PeerProcess),
		Expected: c.rule.expected, Next: c.rule.fix,
	}
	if c.last > 0 {
		f.Actual += fmt.Sprintf("; the last message that it was sent is in frame %d", c.last)
		f.Frames = []int{c.last}
	}
	return f
}
