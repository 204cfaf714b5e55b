package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios"
)

func wireRule() Rule {
	return Rule{
		ID: "scenario.wire", Ref: "RFC5406/8", Level: Must,
		Title:       "What the scenario has on the wire was there",
		Requirement: "A trial shows what a NAT or a fault of the path comes to only if packets were translated, or the fault befell one.",
		expected:    []string{"IKE messages of the initiator from the address of the NAT, from another port once that is bound anew", "every fault of the scenario in faults.jsonl"},
		fix:         "see how far the script came, and what faults.jsonl says about the packets that were meant",
		noun:        "fault of the wire",
		new:         func(s *Subject, r *Rule) Checker { return &wireChecker{s: s, rule: r} },
	}
}

// maxPorts bounds the ports of a NAT that are told apart.
const maxPorts = 256

// wireChecker holds what the wire says it did against the scenario, and against the capture.
type wireChecker struct {
	s     *Subject
	rule  *Rule
	ports []natPort // outside, in order of appearance
}

// natPort is a port of the NAT that the initiator was first seen from.
type natPort struct {
	port  uint16
	frame int
}

func (c *wireChecker) Event(e *dissect.Event) {
	switch {
	case c.s.Trial == nil || !c.s.Trial.Inside.IsValid() || e.Src.Addr() != c.outside(), len(c.ports) == maxPorts:
	case e.Kind != dissect.KindISAKMP && e.Kind != dissect.KindESP:
	case !slices.ContainsFunc(c.ports, func(p natPort) bool { return p.port == e.Src.Port() }):
		c.ports = append(c.ports, natPort{e.Src.Port(), e.Frame})
	}
}

// outside is the address of the NAT.
func (c *wireChecker) outside() netip.Addr {
	if c.s.Role() == scenarios.Initiator {
		return c.s.Trial.PeerAddr
	}
	return c.s.Trial.Harness
}

// Finding implements Checker.
func (c *wireChecker) Finding() Finding {
	if c.s.Foreign() || c.s.Trial.Spec.Wire == nil {
		return notApplicable("there is nothing but a cable on the wire")
	}
	var witness, missing []string
	var frames []int
	w := c.s.Trial.Spec.Wire
	if w.NAT != nil {
		if len(c.ports) == 0 {
			missing = append(missing, "nothing of the initiator was seen from the address of the NAT")
		}
		for _, p := range c.ports {
			if len(frames) < MaxFrames {
				frames = append(frames, p.frame)
			}
		}
		if len(c.ports) > 0 {
			witness = append(witness, fmt.Sprintf("the initiator seen from %v port %d in frame %d", c.outside(), c.ports[0].port, c.ports[0].frame))
		}
		said, lacks := c.rebinds()
		witness, missing = append(witness, said...), append(missing, lacks...)
	}
	for i, f := range w.Faults {
		n := 0
		for _, x := range c.s.Incidents {
			if x.Fault == i+1 {
				n++
			}
		}
		if n == 0 {
			missing = append(missing, fmt.Sprintf("fault %d (%v) befell no packet", i+1, f))
		} else {
			witness = append(witness, fmt.Sprintf("%v: %s", f, count(n, "time")))
		}
	}
	if len(missing) > 0 {
		return Finding{Verdict: Inconclusive, Expected: c.rule.expected, Actual: strings.Join(missing, "; "), Frames: frames, Next: c.rule.fix}
	}
	return Finding{Verdict: Pass, Witness: strings.Join(witness, "; "), Frames: frames}
}

// rebinds finds for each time that the NAT was bound anew the new port.
func (c *wireChecker) rebinds() (witness, missing []string) {
	steps := c.s.Trial.Spec.Rebinds()
	// By the NAT's own order: a packet may be on its way to it when it is bound anew.
	for i, x := range c.s.Incidents {
		if x.Kind != evidence.IncidentRebind {
			continue
		}
		steps--
		after := -1
		for _, y := range c.s.Incidents[i+1:] {
			if y.Kind == evidence.IncidentRebind || after >= 0 {
				break
			}
			if y.Kind == evidence.IncidentMapping {
				after = slices.IndexFunc(c.ports, func(p natPort) bool { return p.port == y.Port })
			}
		}
		if after < 0 {
			missing = append(missing, "after the NAT was bound anew the initiator was not seen from another port")
		} else {
			witness = append(witness, fmt.Sprintf("from port %d since frame %d, after the NAT was bound anew", c.ports[after].port, c.ports[after].frame))
		}
	}
	if steps > 0 {
		missing = append(missing, "the NAT was not bound anew")
	}
	return witness, missing
}
