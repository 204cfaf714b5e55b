package diagnose

import (
	"fmt"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/esp"
)

// truncatedSHA256: RFC 4868 keeps 128 bits of HMAC-SHA-256, an older draft
// 96, and both go by the same number in IKE.
func truncatedSHA256(s *story) (d check.Diagnosis, ok bool) {
	for _, f := range s.flows {
		if f.bad == 0 || f.good > 0 || f.badSuite.Integrity != esp.HMACSHA256x128 || f.residue12 == 0 || f.residue16 > 0 {
			continue
		}
		return check.Diagnosis{
			ID: "esp.sha256-truncation", Confidence: check.Certain, Explains: []string{"esp.icv", "esp.padding", "scenario.traffic", "policy.no-cleartext"},
			Symptom: "HMAC-SHA-256 never verifies, and the packets' lengths leave 12 octets for the ICV",
			Cause:   fmt.Sprintf("%s cuts HMAC-SHA-256 to 96 bits as an expired draft did, and RFC 4868 says 128 %s", s.subject.Who(f.from), frame(f.firstBadFrame)),
			Evidence: []string{
				fmt.Sprintf("%d packets from %v, none verifies with 16 octets", f.bad, f.from),
				fmt.Sprintf("the lengths of %d of them are right for 12 octets after whole cipher blocks, of none for 16", f.residue12),
			},
			Frames: []int{f.firstBadFrame}, Fix: "switch that end to 128 bits (libreswan: sha2-truncbug=no; strongSwan: not sha256_96), or both to hmac-sha1-96",
		}, true
	}
	return d, false
}

// wrongKeys: nothing verifies, and the keys were given and not derived.
func wrongKeys(s *story) (d check.Diagnosis, ok bool) {
	for _, f := range s.flows {
		if f.bad < 2 || f.good > 0 || !f.badKeysGiven || f.residue12 > 0 {
			continue
		}
		return check.Diagnosis{
			ID: "esp.wrong-keys", Confidence: check.Possible, Explains: []string{"esp.icv"},
			Symptom:  fmt.Sprintf("no packet from %v verifies with the given keys", f.from),
			Cause:    fmt.Sprintf("the keys given for SPI %#08x are not those of the SA, or have lost leading zeros in groups of 32 bits %s", f.badSPI, frame(f.firstBadFrame)),
			Evidence: []string{fmt.Sprintf("%d packets, none verifies as %v", f.bad, f.badSuite)}, Frames: []int{f.firstBadFrame},
			Fix: "compare the length of each key with the algorithm's; pad groups of hexadecimal digits to eight",
		}, true
	}
	return d, false
}

func oneWayESP(s *story) (d check.Diagnosis, ok bool) {
	n := s.standing()
	if n == nil || n.quick == nil || !n.child() {
		return d, false
	}
	for _, f := range s.flows {
		if f.packets < 2 || f.udp > 0 || f.bad > 0 || s.answers(f) {
			continue
		}
		return check.Diagnosis{
			ID: "esp.one-way", Confidence: check.Likely, Explains: []string{"scenario.traffic"},
			Symptom: "the SA is established, ESP leaves one end and none comes back",
			Cause:   fmt.Sprintf("IP protocol 50 is blocked on the way to or from %v, or that end drops what it receives: %d packets from frame %d on, no ESP in return", f.to, f.packets, f.first),
			Evidence: []string{
				fmt.Sprintf("%d ESP packets from %v to %v", f.packets, f.from, f.to),
				"IKE stays on port 500, so that ESP is not in UDP",
			},
			Frames: []int{f.first}, Fix: "open IP protocol 50, or force UDP encapsulation; look at the receiver's counters for what it drops",
		}, true
	}
	return d, false
}

func (s *story) answers(f *flow) bool {
	for _, g := range s.flows {
		if g.from == f.to && g.to == f.from {
			return true
		}
	}
	return false
}

func staleSA(s *story) (d check.Diagnosis, ok bool) {
	f := s.finding("esp.spi-known")
	if f.Verdict != check.Fail {
		return d, false
	}
	return check.Diagnosis{
		ID: "esp.stale-sa", Confidence: check.Possible, Explains: []string{"esp.spi-known", "scenario.traffic"},
		Symptom:  "ESP on an SPI that the receiver does not have",
		Cause:    "one end still uses an SA that the other has lost or deleted: " + f.Actual,
		Evidence: []string{f.Actual}, Frames: f.Frames,
		Fix: "use dead peer detection and INITIAL-CONTACT, and honour Deletes",
	}, true
}

// leak tells when packets leaked: before the SA, beside it, or after it.
func leak(s *story) (d check.Diagnosis, ok bool) {
	f := s.finding("policy.no-cleartext")
	if f.Verdict != check.Fail || len(f.Frames) == 0 {
		return d, false
	}
	d = check.Diagnosis{
		ID: "policy.leak", Confidence: check.Certain, Explains: []string{"policy.no-cleartext"},
		Symptom: "packets of a protected flow in clear", Evidence: []string{f.Actual}, Frames: f.Frames,
	}
	made, deleted := s.lifetime()
	switch first := f.Frames[0]; {
	case made == 0:
		d.Cause = fmt.Sprintf("the policy lets packets out in clear while there is no SA %s", frame(first))
		d.Fix = "install the policy before the SA, as a trap or a drop: what matches waits for the SA or is dropped"
	case first < made:
		d.Cause = fmt.Sprintf("packets left in clear %s before the SA was made in frame %d: the policy comes with the SA instead of before it", frame(first), made)
		d.Fix = "install the policy before the SA, as a trap or a drop: what matches waits for the SA or is dropped"
	case deleted != 0 && first > deleted:
		d.Cause = fmt.Sprintf("packets left in clear %s after the SA was deleted in frame %d: the policy went with the SA", frame(first), deleted)
		d.Fix = "keep the policy when the SA goes; a Delete ends the SA only"
	default:
		d.Cause = fmt.Sprintf("packets left in clear %s although the SA made in frame %d was there", frame(first), made)
		d.Fix = "look for a bypass that matches first, or a policy that covers one direction only"
	}
	return d, true
}

// lifetime is the frame in which the first SA was made, and the one in which the
// first one made was deleted, 0 for never.
func (s *story) lifetime() (made, deleted int) {
	for _, n := range s.phase1 {
		for _, q := range n.Quicks {
			for _, sa := range q.SAs {
				made, deleted = earlier(made, sa.Negotiated), earlier(deleted, sa.Deleted)
			}
		}
	}
	return made, deleted
}

func earlier(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

var _ check.Explainer = (*story)(nil)
