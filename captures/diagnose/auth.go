package diagnose

import (
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Authentication: messages 5 and 6.

// unreadable are the notifies by which peers say that a message decrypted to
// nonsense.
var unreadable = []wire.NotifyType{
	wire.NotifyPayloadMalformed, wire.NotifyInvalidPayloadType, wire.NotifyUnequalPayloadLengths,
	wire.NotifyInvalidKeyInformation, wire.NotifyInvalidHashInformation, wire.NotifyAuthenticationFailed,
	wire.NotifyInvalidFlags, wire.NotifyInvalidIDInformation,
}

func pskMismatch(s *story) (d check.Diagnosis, ok bool) {
	n := s.stuck()
	if n == nil || n.Exchange != wire.ExchangeMain || !n.Auth.PSK() {
		return d, false
	}
	m5 := n.message(5)
	if m5 == nil || n.message(6) != nil && n.message(6).Decrypted {
		return d, false
	}
	x, spoke := s.said(n.Phase1, unreadable...)
	if spoke && x.encrypted {
		return d, false // both ends have the same keys, then
	}
	sealed, hidden := s.sealed(n)
	if !spoke && !hidden && len(n.copies[5]) < 2 && len(n.copies[4]) < 2 {
		return d, false
	}
	sender, key := s.subject.Who(m5.Src.Addr()), "our key"
	if s.subject.Foreign() {
		key = "the given key"
	}
	d = check.Diagnosis{
		ID: "ike.psk-mismatch", Confidence: check.Likely, Explains: explainsPhase1,
		Symptom: "message 5 is not understood",
		Frames:  n.frames(5, 5),
		Fix:     "compare the pre-shared keys of both ends, octet by octet, and for which address or identity each is configured",
	}
	answer := fmt.Sprintf("it was sent %d times without an answer", len(n.copies[5]))
	if spoke {
		answer = fmt.Sprintf("%s answered it with %s %s", s.subject.Who(x.from), x.text, frame(x.frame))
		d.Frames = append(d.Frames, x.frame)
	} else if hidden {
		answer = fmt.Sprintf("%s answered it with an encrypted message that %s does not open %s", s.subject.Who(sealed.from), key, frame(sealed.frame))
		d.Frames = append(d.Frames, sealed.frame)
	} else if len(n.copies[4]) > 1 {
		answer = fmt.Sprintf("it was answered by message 4 again (frames %v)", n.copies[4])
		d.Frames = append(d.Frames, n.copies[4]...)
	}
	switch {
	case m5.Decrypted && n.HashI == dissect.HashGood:
		d.Cause = fmt.Sprintf("pre-shared keys differ: message 5 decrypts with %s, %s", key, answer)
		d.Evidence = []string{fmt.Sprintf("message 5 of %s decrypts, and HASH_I is right %s", sender, frame(m5.Frame)), answer}
	case n.Keys >= dissect.KeysCipher:
		d.Cause = fmt.Sprintf("pre-shared keys differ: message 5 of %s does not decrypt with %s %s, %s", sender, key, frame(m5.Frame), answer)
		d.Evidence = []string{fmt.Sprintf("message 5 of %s decrypts to nonsense %s", sender, frame(m5.Frame)), answer}
	default:
		d.Cause = fmt.Sprintf("pre-shared keys probably differ: message 5 is encrypted %s, %s; with keys it could be told for sure", frame(m5.Frame), answer)
		d.Evidence = []string{fmt.Sprintf("message 5 is encrypted and no key is known %s", frame(m5.Frame)), answer}
	}
	return d, true
}

// sealed finds an informational message that the keys do not open although they
// are known.
func (s *story) sealed(n *negotiation) (notice, bool) {
	for _, x := range s.notices {
		if x.phase1 == n.Phase1 && x.encrypted && x.text == "" && n.Keys >= dissect.KeysCipher {
			return x, true
		}
	}
	return notice{}, false
}

func wrongIV(s *story) (d check.Diagnosis, ok bool) {
	m := s.odd
	if m == nil {
		return d, false
	}
	what := fmt.Sprintf("message %d", m.Index)
	if m.Header.MessageID != 0 {
		what = fmt.Sprintf("%v message %#08x", m.Header.Exchange, m.Header.MessageID)
	}
	return check.Diagnosis{
		ID: "ike.wrong-iv", Confidence: check.Certain, Explains: append([]string{"ike.iv", "ike.xauth.exchange", "profile.mode-config"}, explainsPhase1...),
		Symptom:  what + " decrypts only with another IV than RFC 2409 appendix B gives it",
		Cause:    fmt.Sprintf("%s encrypts %s with %s %s: the keys agree, the chain of IVs does not", s.subject.Who(m.Src.Addr()), what, m.IVNote, frame(m.Frame)),
		Evidence: []string{fmt.Sprintf("IV: %s %s", m.IVNote, frame(m.Frame))}, Frames: []int{m.Frame},
		Fix: "a fault of that implementation: report it with the capture; the pre-shared key is right",
	}, true
}

// port4500Filtered: the initiator moved to port 4500 and was not heard there.
func port4500Filtered(s *story) (d check.Diagnosis, ok bool) {
	n := s.stuck()
	if n == nil || n.message(5) == nil || n.message(6) != nil || len(n.copies[4]) < 2 {
		return d, false
	}
	m5, m4 := n.message(5), n.message(4)
	if m5.Dst.Port() != 4500 || m4 == nil || m4.Src.Port() == 4500 {
		return d, false
	}
	if slices.ContainsFunc(s.notices, func(x notice) bool { return x.phase1 == n.Phase1 && x.after >= 5 }) {
		return d, false // message 5 was heard
	}
	return check.Diagnosis{
		ID: "natt.port-4500-filtered", Confidence: check.Likely, Explains: explainsPhase1,
		Symptom:  "message 5 goes to port 4500, and message 4 is repeated on port 500",
		Cause:    fmt.Sprintf("UDP port 4500 is filtered on the way to %v: message 5 %s is not heard, message 4 is repeated", m5.Dst.Addr(), frame(m5.Frame)),
		Evidence: []string{fmt.Sprintf("message 5 on port 4500 in frames %v", n.copies[5]), fmt.Sprintf("message 4 on port 500 in frames %v", n.copies[4])},
		Frames:   n.frames(4, 5), Fix: "open UDP port 4500 in both directions",
	}, true
}

func hashRefused(s *story) (d check.Diagnosis, ok bool) {
	i := slices.IndexFunc(s.phase1, func(n *negotiation) bool { return n.HashI == dissect.HashBad || n.HashR == dissect.HashBad })
	n := s.stuck()
	if i >= 0 {
		n = s.phase1[i]
	}
	if n == nil {
		return d, false
	}
	x, spoke := s.said(n.Phase1, wire.NotifyInvalidHashInformation)
	if i < 0 && !spoke {
		return d, false
	}
	d = check.Diagnosis{
		ID: "ike.hash-differs", Confidence: check.Possible,
		Explains: explainsPhase1,
		Symptom:  "the authenticating hash of phase 1 is not the expected one",
		Cause:    "the ends hash different octets or with different keys: the pre-shared key (in aggressive mode), the identity, or the SA payload written anew",
		Fix:      "compare the identity's type, protocol, port and octets with what the peer expects, then the pre-shared keys",
	}
	if spoke {
		d.Frames = append(d.Frames, x.frame)
		d.Evidence = append(d.Evidence, fmt.Sprintf("INVALID-HASH-INFORMATION from %s %s", s.subject.Who(x.from), frame(x.frame)))
	}
	for _, side := range []struct {
		state dissect.HashState
		name  string
		index int
	}{{n.HashI, "HASH_I", 5}, {n.HashR, "HASH_R", 6}} {
		if m := n.message(side.index); side.state == dissect.HashBad && m != nil {
			d.Confidence = check.Certain
			d.Cause = fmt.Sprintf("%s computes %s over other octets than it sent: the message decrypts, so the keys agree, and the hash is wrong %s", s.subject.Who(m.Src.Addr()), side.name, frame(m.Frame))
			d.Evidence = append(d.Evidence, fmt.Sprintf("%s recomputed over the captured messages differs %s", side.name, frame(m.Frame)))
			if why := m.Hash.Why; why != "" {
				d.Evidence = append(d.Evidence, fmt.Sprintf("%s: %s", side.name, why))
				d.Cause = fmt.Sprintf("%s makes %s of something else than it sent: %s %s", s.subject.Who(m.Src.Addr()), side.name, why, frame(m.Frame))
			}
			d.Frames = append(d.Frames, m.Frame)
			d.Fix = "look at what that end hashes: SAi_b and IDii_b as they were sent, reserved octets and ports included"
		}
	}
	return d, true
}

func authenticationFailed(s *story) (d check.Diagnosis, ok bool) {
	n := s.notEstablished()
	if n == nil || n.Exchange == wire.ExchangeMain && n.last() < 5 {
		return d, false
	}
	x, ok := s.said(n.Phase1, wire.NotifyAuthenticationFailed, wire.NotifyInvalidIDInformation)
	switch {
	case !ok || !x.encrypted && n.Exchange == wire.ExchangeMain:
		return d, false
	case n.Exchange == wire.ExchangeAggressive && n.last() < 2 && x.typ != wire.NotifyInvalidIDInformation:
		return d, false // see aggressiveRefused
	}
	d = check.Diagnosis{
		ID: "ike.identity-refused", Confidence: check.Likely, Explains: explainsPhase1,
		Symptom:  x.text + " after the message that authenticates",
		Cause:    fmt.Sprintf("%s does not accept the identity, or has another secret for it: %s %s", s.subject.Who(x.from), x.text, frame(x.frame)),
		Evidence: []string{fmt.Sprintf("%s %s", x.text, frame(x.frame))}, Frames: append(n.frames(5, 6), x.frame),
		Fix: "configure the peer with the identity's type and value as they are in the message",
	}
	if n.IDii != nil {
		d.Evidence = append(d.Evidence, fmt.Sprintf("IDii is of type %v, %d octets: %q", n.IDii.IDType, len(n.IDii.Data), n.IDii.Data))
	}
	return d, true
}

// identityRefused: the initiator takes the SA down as soon as it knows the
// responder's identity.
func identityRefused(s *story) (d check.Diagnosis, ok bool) {
	for _, n := range s.phase1 {
		if n.message(6) == nil || n.quick != nil {
			continue
		}
		for _, x := range s.notices {
			if x.phase1 == n.Phase1 && x.text == "Delete" && x.proto == wire.ProtoISAKMP && x.from == n.Initiator.Addr() {
				d = check.Diagnosis{
					ID: "ike.responder-identity", Confidence: check.Likely, Explains: explainsPhase2,
					Symptom:  "the initiator deletes the ISAKMP SA right after message 6",
					Cause:    fmt.Sprintf("%s expects another identity of the responder than message 6 %s has", s.subject.Who(x.from), frame(n.message(6).Frame)),
					Evidence: []string{fmt.Sprintf("Delete for the ISAKMP SA %s", frame(x.frame))}, Frames: append(n.frames(6, 6), x.frame),
					Fix: "configure the remote identity at the initiator",
				}
				if n.IDir != nil {
					d.Evidence = append(d.Evidence, fmt.Sprintf("IDir is of type %v: %q", n.IDir.IDType, n.IDir.Data))
				}
				return d, true
			}
		}
	}
	return d, false
}
