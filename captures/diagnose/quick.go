package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// Quick mode.

// refusedQuick finds the notify by which a quick mode was refused.
func (s *story) refusedQuick(types ...wire.NotifyType) (*negotiation, notice, bool) {
	n := s.standing()
	if n == nil || n.quick == nil || n.child() {
		return nil, notice{}, false
	}
	for _, x := range s.notices {
		if x.phase1 == n.Phase1 && x.quick && slices.Contains(types, x.typ) {
			return n, x, true
		}
	}
	return nil, notice{}, false
}

// configs are what initiator and responder were configured with, in a trial.
func (s *story) configs() (initiator, responder scenarios.Config, ok bool) {
	if s.subject.Trial == nil {
		return initiator, responder, false
	}
	initiator, responder = s.subject.Trial.Spec.Harness(), s.subject.Trial.Spec.PeerConfig()
	if s.subject.Role() == scenarios.Initiator {
		initiator, responder = responder, initiator
	}
	return initiator, responder, true
}

// proposed describes the first message of a quick mode.
func proposed(q *dissect.Quick) []string {
	if q.Offered == nil {
		return []string{"message 1 of quick mode could not be read"}
	}
	out := []string{fmt.Sprintf("IDci %s, IDcr %s", id(q.IDci), id(q.IDcr))}
	for _, p := range q.Offered.Proposals {
		for _, t := range p.Transforms {
			var attrs []string
			for _, a := range t.Attributes {
				n, _ := a.Uint()
				attrs = append(attrs, fmt.Sprintf("%s %d", a.Type.Name(p.Protocol), n))
			}
			if len(out) < 5 {
				out = append(out, fmt.Sprintf("offered: %v %s, %s", p.Protocol, wire.TransformName(p.Protocol, t.ID), strings.Join(attrs, ", ")))
			}
		}
	}
	return out
}

func id(i *wire.ID) string {
	if i == nil {
		return "none"
	}
	text := fmt.Sprintf("%x", i.Data)
	if a, ok := netip.AddrFromSlice(i.Data); ok && (i.IDType == wire.IDIPv4Addr || i.IDType == wire.IDIPv6Addr) {
		text = a.String()
	}
	return fmt.Sprintf("%v %s protocol %d port %d", i.IDType, text, i.Protocol, i.Port)
}

func modeMismatch(s *story) (d check.Diagnosis, ok bool) {
	n, x, ok := s.refusedQuick(wire.NotifyNoProposalChosen, wire.NotifyInvalidIDInformation, wire.NotifyAttributesNotSupported, wire.NotifyBadProposalSyntax)
	if !ok {
		return d, false
	}
	i, r, ok := s.configs()
	if !ok || i.Child.Mode == r.Child.Mode {
		return d, false
	}
	return check.Diagnosis{
		ID: "quick.mode", Confidence: check.Certain, Explains: explainsPhase2,
		Symptom:  x.text + " in quick mode",
		Cause:    fmt.Sprintf("the ends are configured with different modes, %s at the initiator and %s at the responder: %s %s", i.Child.Mode, r.Child.Mode, x.text, frame(x.frame)),
		Evidence: proposed(n.quick), Frames: append(quickFrames(n), x.frame), Fix: "configure the same mode at both ends",
	}, true
}

func quickFrames(n *negotiation) []int {
	var out []int
	for _, c := range n.quickCopies {
		out = append(out, c...)
	}
	return out
}

func selectorMismatch(s *story) (d check.Diagnosis, ok bool) {
	n, x, ok := s.refusedQuick(wire.NotifyInvalidIDInformation)
	if !ok {
		return d, false
	}
	d = check.Diagnosis{
		ID: "quick.selectors", Confidence: check.Likely, Explains: explainsPhase2,
		Symptom:  "INVALID-ID-INFORMATION in quick mode",
		Cause:    fmt.Sprintf("%s has no policy for what quick mode proposes: swapped, wider or another mask, or transport against tunnel mode; IDci %s, IDcr %s %s", s.subject.Who(x.from), id(n.quick.IDci), id(n.quick.IDcr), frame(x.frame)),
		Evidence: append(proposed(n.quick), fmt.Sprintf("INVALID-ID-INFORMATION %s", frame(x.frame))),
		Frames:   append(quickFrames(n), x.frame), Fix: "align the selectors of both ends: address, mask, protocol and port",
	}
	if i, r, ok := s.configs(); ok && *i.Child.Selector != *r.Child.Selector {
		d.Confidence = check.Certain
		d.Cause = fmt.Sprintf("the ends are configured with different selectors: %s at the initiator, %s at the responder %s", selector(i.Child.Selector), selector(r.Child.Selector), frame(x.frame))
	}
	return d, true
}

func selector(s *scenarios.Selector) string {
	out := s.Protocol.String()
	if s.ServerPort != 0 {
		out += fmt.Sprintf(" server port %d", s.ServerPort)
	}
	if s.ClientPort != 0 {
		out += fmt.Sprintf(" client port %d", s.ClientPort)
	}
	return out
}

func pfsMismatch(s *story) (d check.Diagnosis, ok bool) {
	n, x, ok := s.refusedQuick(wire.NotifyNoProposalChosen, wire.NotifyInvalidKeyInformation, wire.NotifyAttributesNotSupported)
	if !ok {
		return d, false
	}
	i, r, trial := s.configs()
	if trial && i.Child.PFS == r.Child.PFS {
		return d, false
	}
	d = check.Diagnosis{
		ID: "quick.pfs", Confidence: check.Possible, Explains: explainsPhase2,
		Symptom:  x.text + " in quick mode",
		Cause:    fmt.Sprintf("perhaps the group for perfect forward secrecy: quick mode proposes %s %s", groupText(n.quick), frame(x.frame)),
		Evidence: append(proposed(n.quick), fmt.Sprintf("%s %s", x.text, frame(x.frame))),
		Frames:   append(quickFrames(n), x.frame), Fix: "set the same perfect forward secrecy group at both ends",
	}
	if trial {
		d.Confidence = check.Certain
		d.Cause = fmt.Sprintf("the ends differ in perfect forward secrecy: the initiator is configured with %s, the responder with %s %s", orNone(i.Child.PFS), orNone(r.Child.PFS), frame(x.frame))
	}
	return d, true
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func groupText(q *dissect.Quick) string {
	if !q.PFS() {
		return "none"
	}
	for _, p := range q.Offered.Proposals {
		for _, t := range p.Transforms {
			if a, ok := t.Attr(wire.P2Group); ok {
				n, _ := a.Uint()
				return keymat.Group(n).String()
			}
		}
	}
	return "a KE payload without a group"
}

func noProposalPhase2(s *story) (d check.Diagnosis, ok bool) {
	n, x, ok := s.refusedQuick(wire.NotifyNoProposalChosen, wire.NotifyAttributesNotSupported, wire.NotifyBadProposalSyntax)
	if !ok {
		return d, false
	}
	d = check.Diagnosis{
		ID: "quick.no-proposal", Confidence: check.Possible, Explains: explainsPhase2,
		Symptom:  x.text + " in quick mode",
		Cause:    fmt.Sprintf("%s accepts none of the proposals: cipher, integrity algorithm, mode or perfect forward secrecy %s", s.subject.Who(x.from), frame(x.frame)),
		Evidence: append(proposed(n.quick), fmt.Sprintf("%s %s", x.text, frame(x.frame))),
		Frames:   append(quickFrames(n), x.frame), Fix: "compare the proposals of quick mode with the peer's configuration",
	}
	i, r, trial := s.configs()
	if !trial {
		return d, true
	}
	offered, configured := proposals(i), proposals(r)
	if !slices.ContainsFunc(offered, func(o string) bool { return slices.Contains(configured, o) }) {
		d.Confidence = check.Certain
		d.Cause = fmt.Sprintf("no phase 2 proposal in common: the initiator is configured with %s, the responder with %s %s", strings.Join(offered, ", "), strings.Join(configured, ", "), frame(x.frame))
	} else if x.from == s.subject.Trial.PeerAddr {
		d.Cause = fmt.Sprintf("the proposals are in common by configuration; the peer cannot install or does not support what it was configured with %s", frame(x.frame))
		d.Fix = "look at the peer's log: often its kernel has no ESP, or not in this mode"
	}
	return d, true
}

func proposals(c scenarios.Config) []string {
	var out []string
	for _, p := range c.Child.Proposals {
		out = append(out, strings.Trim(c.Child.Protocol+" "+p.Encryption+"/"+p.Integrity, "/"))
	}
	return out
}

// refusedHidden: something encrypted came instead of the answer.
func refusedHidden(s *story) (d check.Diagnosis, ok bool) {
	for _, n := range slices.Backward(s.phase1) {
		if n.quick == nil || len(n.quickCopies[2]) > 0 {
			continue
		}
		for _, x := range s.notices {
			if x.phase1 == n.Phase1 && x.quick && x.text == "" {
				return check.Diagnosis{
					ID: "quick.refused-hidden", Confidence: check.Likely, Explains: explainsPhase2,
					Symptom:  "quick mode is answered by an encrypted informational message",
					Cause:    fmt.Sprintf("%s refuses the quick mode; the reason is encrypted %s and not decidable without keys", s.subject.Who(x.from), frame(x.frame)),
					Evidence: []string{fmt.Sprintf("message 1 of quick mode in frames %v, no message 2", n.quickCopies[1]), fmt.Sprintf("an encrypted informational message %s", frame(x.frame))},
					Frames:   append(quickFrames(n), x.frame), Fix: "supply keys: the notify then tells a selector mismatch (18) from a proposal mismatch (14)",
				}, true
			}
		}
	}
	return d, false
}

func thirdQuickLost(s *story) (d check.Diagnosis, ok bool) {
	for _, n := range slices.Backward(s.phase1) {
		if n.quick == nil || len(n.quickCopies[2]) < 2 || len(n.quickCopies[3]) == 0 {
			continue
		}
		return check.Diagnosis{
			ID: "quick.third-lost", Confidence: check.Likely, Explains: explainsPhase2,
			Symptom:  "message 2 of quick mode is repeated although message 3 was sent",
			Cause:    fmt.Sprintf("message 3 of quick mode %s was lost, or taken for a duplicate, and not sent again", frame(n.quickCopies[3][0])),
			Evidence: []string{fmt.Sprintf("message 2 in frames %v, message 3 in frames %v", n.quickCopies[2], n.quickCopies[3])},
			Frames:   quickFrames(n), Fix: "the initiator has to answer each repetition of message 2 with message 3",
		}, true
	}
	return d, false
}

// atOnce is how soon after quick mode a Delete means that the SA was never
// usable.
const atOnce = time.Second

// deletedAtOnce: a responder that cannot install the SA says so by a Delete.
func deletedAtOnce(s *story) (d check.Diagnosis, ok bool) {
	for _, n := range s.phase1 {
		for _, q := range n.Quicks {
			if len(q.Messages) < 3 {
				continue
			}
			done := q.Messages[2]
			for _, x := range s.notices {
				if x.phase1 != n.Phase1 || x.text != "Delete" || x.proto == wire.ProtoISAKMP || x.frame < done.Frame || x.at.Sub(done.Time) > atOnce {
					continue
				}
				if !slices.ContainsFunc(q.SAs, func(sa *dissect.SA) bool { return sa.Deleted == x.frame && sa.Packets == 0 }) || s.used(q) {
					continue
				}
				return check.Diagnosis{
					ID: "quick.deleted-at-once", Confidence: check.Likely, Explains: explainsPhase2,
					Symptom:  "the SA is deleted as soon as it is there, before a packet was in it",
					Cause:    fmt.Sprintf("%s cannot install the SA, and deletes it right after quick mode %s: often its kernel has no ESP, or not in this mode", s.subject.Who(x.from), frame(x.frame)),
					Evidence: []string{fmt.Sprintf("message 3 of quick mode %s", frame(done.Frame)), fmt.Sprintf("Delete %s", frame(x.frame))},
					Frames:   []int{done.Frame, x.frame}, Fix: "look at that end's log and its kernel's IPsec support",
				}, true
			}
		}
	}
	return d, false
}

func (s *story) used(q *dissect.Quick) bool {
	return slices.ContainsFunc(q.SAs, func(sa *dissect.SA) bool { return sa.Packets > 0 })
}
