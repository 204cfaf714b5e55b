package check

import (
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2401 4.4.2: what the selectors leave out.

// bypassesNothing says that the profile protects, or discards, whatever the scenario
// has in clear.
func bypassesNothing(s *Subject) string {
	if s.Profile == nil {
		return "no profile was given"
	}
	bypassed := s.exchanges(func(e *scenarios.Exchange) bool {
		client, server := s.traffic(s.harness.Child.Mode)
		f := profile.Flow{Src: client, Dst: server, Proto: uint8(e.Protocol), SrcPort: anyClientPort, DstPort: e.Port}
		action, _ := s.Profile.Selectors.Action(f, s.ends())
		return e.Expect == scenarios.Clear && action == profile.Bypass
	})
	if bypassed {
		return ""
	}
	return "the profile bypasses nothing of what the scenario has in clear"
}

// anyClientPort stands for the ports that clients are given.
const anyClientPort = 49152

// bypassInClear looks at flows that the profile does not protect.
func bypassInClear(o *observer, e *dissect.Event) {
	if o.s.Profile == nil || o.s.Foreign() || isMarker(o.s, e) {
		return
	}
	in := e.Innermost()
	if isICMP(in.Flow) || in.Flow.Fragment || !o.s.Judges(in.Src.Addr()) {
		return
	}
	bypassed := o.s.Profile.Selectors
	action, name := bypassed.Action(profileFlow(in.Flow), o.s.ends())
	if action != profile.Bypass || o.s.childProtects(in.Flow) {
		return
	}
	switch {
	case in == e && e.Clear():
		o.pass(e.Frame, "%v in clear", in.Flow)
	case in != e:
		o.fail(e.Frame, e.Src.Addr(), "inside the SA: %v, which the profile bypasses (%s)", in.Flow, orElse(name, "otherwise"))
	}
}
