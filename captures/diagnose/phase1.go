package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// Nothing, or a rejection, in phase 1.

// unanswered is the latest negotiation in which nobody answered message 1.
func (s *story) unanswered() *negotiation {
	n := s.stuck()
	if n == nil || n.last() != 1 || n.Chosen != nil || slices.ContainsFunc(s.notices, func(x notice) bool { return x.phase1 == n.Phase1 }) {
		return nil
	}
	return n
}

func portClosed(s *story) (d check.Diagnosis, ok bool) {
	n := s.unanswered()
	if n == nil {
		return d, false
	}
	for _, i := range s.icmp {
		if i.from == n.Responder.Addr() && i.text == "500" {
			return check.Diagnosis{
				ID: "ike.port-closed", Confidence: check.Certain, Explains: explainsPhase1,
				Symptom:  "message 1 is answered by ICMP destination unreachable",
				Cause:    fmt.Sprintf("nothing listens on UDP port 500 of %v: ICMP port unreachable %s", i.from, frame(i.frame)),
				Evidence: []string{fmt.Sprintf("message 1 %s", frame(n.copies[1][0])), fmt.Sprintf("ICMP destination unreachable for UDP port 500 %s", frame(i.frame))},
				Frames:   append(n.frames(1, 1), i.frame),
				Fix:      "start the peer's IKE daemon, or look why it does not listen on this address",
			}, true
		}
	}
	return d, false
}

func versionRefused(s *story) (d check.Diagnosis, ok bool) {
	for _, n := range s.phase1 {
		if x, ok := s.said(n.Phase1, wire.NotifyInvalidMajorVersion); ok {
			return check.Diagnosis{
				ID: "ike.version-refused", Confidence: check.Certain, Explains: explainsPhase1,
				Symptom:  "a message of IKE version 1 is answered by INVALID-MAJOR-VERSION",
				Cause:    fmt.Sprintf("%s does not speak IKE version 1, by policy or because it was built without it: INVALID-MAJOR-VERSION %s", s.subject.Who(x.from), frame(x.frame)),
				Evidence: []string{fmt.Sprintf("INVALID-MAJOR-VERSION %s", frame(x.frame))}, Frames: []int{x.frame},
				Fix: "enable IKEv1 at the peer (libreswan: ikev1-policy=accept; strongSwan 6.1 and later: build with it), or use version 2",
			}, true
		}
	}
	return d, false
}

func silence(s *story) (d check.Diagnosis, ok bool) {
	n := s.unanswered()
	if n == nil || len(n.copies[1]) < 2 {
		return d, false
	}
	return check.Diagnosis{
		ID: "ike.silence", Confidence: check.Possible, Explains: explainsPhase1,
		Symptom: fmt.Sprintf("message 1 was sent %d times, and nothing came back", len(n.copies[1])),
		Cause:   fmt.Sprintf("%v does not hear or does not answer: UDP port 500 is filtered, the address is wrong, or the peer ignores IKEv1 (libreswan 5 does unless told otherwise)", n.Responder.Addr()),
		Evidence: []string{
			fmt.Sprintf("message 1 in frames %v, no answer and no ICMP error", n.copies[1]),
			fmt.Sprintf("message 1 has %d octets", len(n.Messages[0].Octets)),
		},
		Frames: n.frames(1, 1),
		Fix:    "check the filter for UDP 500 in both directions, the address, and that the peer has IKEv1 enabled; if a short offer is answered, fragments of the long one are blocked",
	}, true
}

// refusedOffer finds NO-PROPOSAL-CHOSEN to message 1.
func (s *story) refusedOffer() (*negotiation, notice, bool) {
	n := s.stuck()
	if n == nil || n.Offered == nil || n.Chosen != nil {
		return nil, notice{}, false
	}
	x, ok := s.said(n.Phase1, wire.NotifyNoProposalChosen)
	return n, x, ok
}

// offer writes the transforms of a phase 1 offer.
func offer(sa *wire.SA) (suites []keymat.Suite, text []string) {
	for _, p := range sa.Proposals {
		for _, t := range p.Transforms {
			value := func(a wire.AttributeType) uint64 {
				x, _ := t.Attr(a)
				n, _ := x.Uint()
				return n
			}
			s := keymat.Suite{
				Cipher: keymat.Cipher(value(wire.P1Encryption)), KeyBits: int(value(wire.P1KeyLength)),
				Hash: keymat.Hash(value(wire.P1Hash)), Group: keymat.Group(value(wire.P1Group)),
			}
			suites, text = append(suites, s), append(text, s.String())
		}
	}
	return suites, text
}

func weakOffer(s *story) (d check.Diagnosis, ok bool) {
	n, x, ok := s.refusedOffer()
	if !ok {
		return d, false
	}
	suites, text := offer(n.Offered)
	for _, suite := range suites {
		if !suite.Weak() && suite.Cipher != keymat.TripleDESCBC {
			return d, false
		}
	}
	return check.Diagnosis{
		ID: "ike.weak-offer", Confidence: check.Possible, Explains: explainsPhase1,
		Symptom:  "NO-PROPOSAL-CHOSEN to an offer of old algorithms only",
		Cause:    fmt.Sprintf("%s no longer has what is offered: %s %s", s.subject.Who(x.from), strings.Join(text, ", "), frame(x.frame)),
		Evidence: []string{"offered: " + strings.Join(text, ", "), fmt.Sprintf("NO-PROPOSAL-CHOSEN %s", frame(x.frame))},
		Frames:   append(n.frames(1, 1), x.frame),
		Fix:      "offer AES with group 14 or better, or allow the old algorithms at the peer",
	}, true
}

func noProposalPhase1(s *story) (d check.Diagnosis, ok bool) {
	n, x, ok := s.refusedOffer()
	if !ok {
		return d, false
	}
	_, offered := offer(n.Offered)
	d = check.Diagnosis{
		ID: "ike.no-proposal", Confidence: check.Possible, Explains: explainsPhase1,
		Symptom:  "NO-PROPOSAL-CHOSEN to message 1",
		Cause:    fmt.Sprintf("no phase 1 proposal in common, or %s has no configuration for this pair of addresses: some peers send the same for both %s", s.subject.Who(x.from), frame(x.frame)),
		Evidence: []string{"offered: " + strings.Join(offered, ", "), fmt.Sprintf("NO-PROPOSAL-CHOSEN %s", frame(x.frame))},
		Frames:   append(n.frames(1, 1), x.frame),
		Fix:      "compare the offer with the peer's configuration first; if it fits, look for the connection's addresses and identities",
	}
	if s.subject.Trial == nil {
		return d, true
	}
	answers := s.subject.Trial.Spec.PeerConfig()
	if s.subject.Role() == scenarios.Initiator {
		answers = s.subject.Trial.Spec.Harness()
	}
	var configured []string
	for _, p := range answers.IKE.Proposals {
		configured = append(configured, p.Encryption+"/"+p.Hash+"/"+p.Group)
	}
	d.Evidence = append(d.Evidence, "configured at the responder: "+strings.Join(configured, ", "))
	common := slices.ContainsFunc(offered, func(o string) bool { return slices.Contains(configured, o) })
	d.Confidence = check.Likely
	if common {
		d.Cause = fmt.Sprintf("the offer fits the scenario's configuration, so %s has none for this pair of addresses, or does not allow the algorithms %s", s.subject.Who(x.from), frame(x.frame))
	} else {
		d.Confidence = check.Certain
		d.Cause = fmt.Sprintf("no phase 1 proposal in common: offered %s, the responder is configured with %s %s", strings.Join(offered, ", "), strings.Join(configured, ", "), frame(x.frame))
	}
	return d, true
}

func aggressiveRefused(s *story) (d check.Diagnosis, ok bool) {
	n := s.stuck()
	if n == nil || n.Exchange != wire.ExchangeAggressive || n.last() > 1 {
		return d, false
	}
	x, ok := s.said(n.Phase1, wire.NotifyAuthenticationFailed, wire.NotifyUnsupportedExchangeType, wire.NotifyInvalidExchangeType)
	if !ok {
		return d, false
	}
	return check.Diagnosis{
		ID: "ike.aggressive-refused", Confidence: check.Likely, Explains: explainsPhase1,
		Symptom:  "aggressive mode is refused at its first message",
		Cause:    fmt.Sprintf("%s does not allow aggressive mode with this method of authentication: %s %s", s.subject.Who(x.from), x.text, frame(x.frame)),
		Evidence: []string{fmt.Sprintf("message 1 of aggressive mode in frames %v", n.copies[1]), fmt.Sprintf("%s %s", x.text, frame(x.frame))},
		Frames:   append(n.frames(1, 1), x.frame),
		Fix:      "use main mode, or certificates; a pre-shared key in aggressive mode can be guessed offline",
	}, true
}

func keyRefused(s *story) (d check.Diagnosis, ok bool) {
	n := s.stuck()
	if n == nil || n.last() < 3 {
		return d, false
	}
	x, ok := s.said(n.Phase1, wire.NotifyInvalidKeyInformation)
	if !ok {
		return d, false
	}
	d = check.Diagnosis{
		ID: "ike.key-refused", Confidence: check.Likely, Explains: explainsPhase1,
		Symptom:  "INVALID-KEY-INFORMATION after the public values",
		Cause:    fmt.Sprintf("%s has no pre-shared key for this pair of addresses or identities: the public value has the right length, and strongSwan answers so %s", s.subject.Who(x.from), frame(x.frame)),
		Evidence: []string{fmt.Sprintf("public values of %d and %d octets, %v has %d", len(n.KEi), len(n.KEr), n.Suite.Group, n.Suite.Group.Size()), fmt.Sprintf("INVALID-KEY-INFORMATION %s", frame(x.frame))},
		Frames:   append(n.frames(3, 4), x.frame),
		Fix:      "give the peer a secret whose selector covers these addresses and identities",
	}
	for _, ke := range [][]byte{n.KEi, n.KEr} {
		if len(ke) > 0 && len(ke) != n.Suite.Group.Size() {
			d.Confidence = check.Certain
			d.Cause = fmt.Sprintf("the public value has %d octets where %v has %d: it was refused %s", len(ke), n.Suite.Group, n.Suite.Group.Size(), frame(x.frame))
			d.Fix = "keep leading zeros: the KE payload has the length of the modulus (RFC 2409 5)"
			d.Explains = append(slices.Clone(explainsPhase1), "ike.ke-length")
		}
	}
	return d, true
}

func thirdUnanswered(s *story) (d check.Diagnosis, ok bool) {
	n := s.stuck()
	if n == nil || n.last() != 3 || n.Exchange != wire.ExchangeMain || len(n.copies[3]) < 2 {
		return d, false
	}
	return check.Diagnosis{
		ID: "ike.third-unanswered", Confidence: check.Possible, Explains: explainsPhase1,
		Symptom:  fmt.Sprintf("message 3 was sent %d times, and message 4 never came", len(n.copies[3])),
		Cause:    fmt.Sprintf("%v refuses the public value or the nonce in silence, or takes too long to compute", n.Responder.Addr()),
		Evidence: []string{fmt.Sprintf("message 3 in frames %v", n.copies[3]), fmt.Sprintf("a public value of %d octets, %v has %d; a nonce of %d", len(n.KEi), n.Suite.Group, n.Suite.Group.Size(), len(n.Ni))},
		Frames:   n.frames(3, 3),
		Fix:      "check the group at the peer, and its log for a refused payload",
	}, true
}
