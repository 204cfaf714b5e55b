package check

import (
	"crypto/x509"
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// Subject is what the rules judge: a trial of ours, or a capture from
// elsewhere.
type Subject struct {
	// Profile is what the evidence is held against, nil when none was given:
	// the rules that ask a profile do not apply then.
	Profile *profile.Profile
	// Trial is the trial, nil for a capture from elsewhere.
	Trial *evidence.Trial
	// Certificates are those of the trial, or known beforehand: the ones that are
	// self-issued are trusted.
	Certificates []*x509.Certificate
	// Incidents are what the wire did to packets of the trial.
	Incidents []evidence.Incident

	harness, peer scenarios.Config
}

// NewSubject returns the subject of a trial, or of a capture from elsewhere
// when trial is nil.
func NewSubject(p *profile.Profile, trial *evidence.Trial) *Subject {
	s := &Subject{Profile: p, Trial: trial}
	if trial != nil {
		s.harness, s.peer = trial.Spec.Harness(), trial.Spec.PeerConfig()
	}
	return s
}

// Foreign reports whether the capture is from elsewhere.
func (s *Subject) Foreign() bool { return s.Trial == nil }

// harnessAtFault reports whether the scenario has the harness's end misbehave.
func (s *Subject) harnessAtFault() bool { return s.Trial != nil && len(s.Trial.Spec.Deviations) > 0 }

// Judges reports whether what addr sends is judged: in a trial only the peer is
// under test, since the harness deviates on purpose; in a capture from
// elsewhere everybody is.
func (s *Subject) Judges(addr netip.Addr) bool {
	return s.Trial == nil || addr == s.Trial.PeerAddr || addr == s.Trial.PeerInner && addr.IsValid()
}

// Who names a sender for a person: the peer, the harness, or in a capture from
// elsewhere the address.
func (s *Subject) Who(addr netip.Addr) string {
	switch {
	case s.Trial == nil:
		return addr.String()
	case s.Judges(addr):
		return "the peer"
	}
	return "the harness"
}

// Role is the peer's IKE role, 0 in a capture from elsewhere.
func (s *Subject) Role() scenarios.Role {
	if s.Trial != nil {
		for _, r := range []scenarios.Role{scenarios.Initiator, scenarios.Responder} {
			if r.String() == s.Trial.PeerPlays {
				return r
			}
		}
	}
	return 0
}

// ends are the addresses that the names in the profile's selectors stand for in
// this trial: the hosts behind the two ends, in tunnel mode, count as the ends, and so does the
// initiator under the address that it has behind a NAT.
func (s *Subject) ends() profile.Ends {
	t := s.Trial
	ours, theirs := valid(t.Harness, t.HarnessInner), valid(t.PeerAddr, t.PeerInner)
	if s.Role() == scenarios.Initiator {
		ours, theirs = theirs, ours
	}
	return profile.Ends{Initiator: append(ours, valid(t.Inside)...), Responder: theirs}
}

// behindNAT reports whether a NAT stands before the peer.
func (s *Subject) behindNAT() bool {
	return s.Trial != nil && s.Trial.Inside.IsValid() && s.Role() == scenarios.Initiator
}

func valid(addrs ...netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, a := range addrs {
		if a.IsValid() {
			out = append(out, a)
		}
	}
	return out
}

// stage is how far a negotiation comes.
type stage uint8

const (
	// stageAny: nothing leads there for certain, such as a retransmission.
	stageAny stage = iota
	// stageIKE: the peer says something in phase 1.
	stageIKE
	// stagePhase1: the ISAKMP SA is established.
	stagePhase1
	// stageQuick: the peer says something in quick mode.
	stageQuick
	// stageSA: the IPsec SAs are established.
	stageSA
	// stageTraffic: packets travel in the SAs.
	stageTraffic
	// stageESP: packets travel in ESP.
	stageESP
	// stageDelete: the peer deletes an SA.
	stageDelete
	// stageClear: packets travel outside the SAs.
	stageClear
)

var stageNames = [...]string{
	stageAny: "it", stageIKE: "a phase 1 message", stagePhase1: "an ISAKMP SA", stageQuick: "a quick mode",
	stageSA: "an IPsec SA", stageTraffic: "traffic in an IPsec SA", stageESP: "traffic in ESP", stageDelete: "a Delete",
	stageClear: "traffic in clear",
}

// demands reports whether the scenario leads to the stage for certain.
func (s *Subject) demands(st stage) bool {
	if s.Trial == nil {
		return false
	}
	e := s.Trial.Spec.Expect
	for _, q := range e.Tolerates(s.Trial.Peer, "") { // alternatives that may stop before
		e.Phase1 |= q.Phase1
		e.Phase2 |= q.Phase2
		if q.Phase2 == 0 {
			e.Phase2 |= scenarios.Refused
		}
	}
	phase1 := e.Phase1 == scenarios.Established
	sa := phase1 && e.Phase2 == scenarios.Established
	switch st {
	case stageIKE:
		return phase1 || s.Role() == scenarios.Initiator
	case stagePhase1:
		return phase1
	case stageQuick:
		required, _ := s.method().XAUTH()
		return sa || phase1 && e.Phase2 != 0 && !required && s.Role() == scenarios.Initiator
	case stageSA:
		return sa
	case stageTraffic:
		return sa && s.exchanges(func(e *scenarios.Exchange) bool { return e.Expect == scenarios.Protected })
	case stageESP:
		return s.demands(stageTraffic) && s.peer.Child.Protocol == "esp"
	case stageClear:
		return s.exchanges(func(e *scenarios.Exchange) bool { return e.Expect == scenarios.Clear })
	case stageDelete:
		return sa && s.steps(func(st scenarios.Step) bool { return st.Delete != nil && st.Delete.By == scenarios.PartyPeer })
	}
	return false
}

// steps reports whether the script has a step for which is is true.
func (s *Subject) steps(is func(scenarios.Step) bool) bool {
	if s.Trial == nil {
		return false
	}
	for _, st := range s.Trial.Spec.Steps() {
		if is(st) {
			return true
		}
	}
	return false
}

func (s *Subject) exchanges(is func(*scenarios.Exchange) bool) bool {
	return s.steps(func(st scenarios.Step) bool { return st.Exchange != nil && is(st.Exchange) })
}

// absent is the finding of a rule that had nothing to look at.
func (s *Subject) absent(r *Rule) Finding {
	what := stageNames[r.needs]
	switch {
	case s.Foreign():
		return notApplicable("the capture holds no %s", r.noun)
	case r.role != 0 && r.role != s.Role():
		return notApplicable("it is the %v's part, and the peer plays the %v", r.role, s.Role())
	case r.unless != nil && r.unless(s) != "":
		return notApplicable("%s", r.unless(s))
	case r.needs == stageAny:
		return notApplicable("the trial came to no %s", r.noun)
	case !s.demands(r.needs):
		return notApplicable("the scenario does not lead to %s", what)
	}
	return Finding{
		Verdict: Inconclusive,
		Actual:  fmt.Sprintf("no %s of the peer in the capture, although the scenario leads to %s", r.noun, what),
		Next:    "see scenario.outcome: it says how far the negotiation came",
	}
}

func notApplicable(format string, args ...any) Finding {
	return Finding{Verdict: NotApplicable, Actual: fmt.Sprintf(format, args...)}
}

func inconclusive(next, format string, args ...any) Finding {
	return Finding{Verdict: Inconclusive, Actual: fmt.Sprintf(format, args...), Next: next}
}
