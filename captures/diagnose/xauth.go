package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Extended authentication and mode config.

// contact is the text of a notice that is an INITIAL-CONTACT.
const contact = "INITIAL-CONTACT"

var explainsXAUTH = append([]string{"ike.xauth.exchange", "ike.xauth.before-quick", "profile.mode-config"}, explainsPhase2...)

// extending is the latest negotiation whose phase 1 succeeded by a method that asks
// for extended authentication, unless a quick mode was completed under it.
func (s *story) extending() (n *negotiation, client, server netip.Addr) {
	n = s.standing()
	if n == nil || n.child() {
		return nil, client, server
	}
	required, initiator := n.Auth.XAUTH()
	switch {
	case !required:
		return nil, client, server
	case initiator:
		return n, n.Initiator.Addr(), n.Responder.Addr()
	}
	return n, n.Responder.Addr(), n.Initiator.Addr()
}

func xauthRefused(s *story) (d check.Diagnosis, ok bool) {
	n, client, server := s.extending()
	if n == nil || n.XAUTH.Status == 0 || n.XAUTH.OK {
		return d, false
	}
	x := n.XAUTH
	d = check.Diagnosis{
		ID: "xauth.refused", Confidence: check.Likely, Explains: explainsXAUTH,
		Symptom:  "XAUTH ends with STATUS=FAIL",
		Cause:    fmt.Sprintf("%s does not accept the name and password of %s: STATUS=FAIL %s", s.subject.Who(server), s.subject.Who(client), frame(x.Status)),
		Evidence: []string{fmt.Sprintf("REQUEST %s", frame(x.Request)), fmt.Sprintf("REPLY %s", frame(x.Reply)), fmt.Sprintf("STATUS=FAIL %s", frame(x.Status))},
		Frames:   []int{x.Request, x.Reply, x.Status},
		Fix:      "compare name and password, octet by octet, with what the server has",
	}
	if x.PasswordNUL {
		d.ID, d.Confidence = "xauth.password-nul", check.Certain
		d.Cause = fmt.Sprintf("the password of %s ends in a NUL octet that is none of it %s", s.subject.Who(client), frame(x.Reply))
		d.Fix = "have the client leave it out, or the server strip it"
	}
	return d, true
}

// xauthContact: an INITIAL-CONTACT that arrives while XAUTH is under way makes some
// servers delete the ISAKMP SA that it came in.
func xauthContact(s *story) (d check.Diagnosis, ok bool) {
	n, client, _ := s.extending()
	if n == nil || n.XAUTH.Request == 0 || n.XAUTH.Status != 0 {
		return d, false
	}
	i := slices.IndexFunc(s.notices, func(x notice) bool {
		return x.phase1 == n.Phase1 && x.text == contact && x.frame > n.XAUTH.Request && x.from == client
	})
	if i < 0 {
		return d, false
	}
	x := s.notices[i]
	return check.Diagnosis{
		ID: "xauth.initial-contact", Confidence: check.Likely, Explains: explainsXAUTH,
		Symptom:  "XAUTH stops after an INITIAL-CONTACT",
		Cause:    fmt.Sprintf("%s sends INITIAL-CONTACT while it is asked who it is: the server drops what it has with it %s", s.subject.Who(client), frame(x.frame)),
		Evidence: []string{fmt.Sprintf("REQUEST %s", frame(n.XAUTH.Request)), fmt.Sprintf("INITIAL-CONTACT %s", frame(x.frame))},
		Frames:   []int{n.XAUTH.Request, x.frame},
		Fix:      "send INITIAL-CONTACT with the last message of phase 1, or after XAUTH",
	}, true
}

func xauthUnanswered(s *story) (d check.Diagnosis, ok bool) {
	n, client, server := s.extending()
	if n == nil || n.XAUTH.Reply != 0 || slices.ContainsFunc(s.notices, n.takesBack) {
		return d, false
	}
	vendors := n.VendorsR
	if client == n.Initiator.Addr() {
		vendors = n.VendorsI
	}
	announced := slices.ContainsFunc(vendors, func(v []byte) bool { return string(v) == string(wire.VendorIDXAUTH) })
	d = check.Diagnosis{
		ID: "xauth.unanswered", Confidence: check.Likely, Explains: explainsXAUTH,
		Symptom: "nothing follows the XAUTH request",
		Cause:   fmt.Sprintf("%s does not do extended authentication, although the method asks for it %s", s.subject.Who(client), frame(n.XAUTH.Request)),
		Frames:  []int{n.XAUTH.Request},
		Fix:     "enable XAUTH at the client, or choose the method without it at both ends",
	}
	d.Evidence = []string{fmt.Sprintf("method %v", n.Auth), fmt.Sprintf("the vendor ID of XAUTH is there: %v", announced)}
	if n.XAUTH.Request == 0 {
		if n.Keys < dissect.KeysAll { // what there is may not have been read
			return check.Diagnosis{}, false
		}
		last := n.Messages[len(n.Messages)-1].Frame
		d.ID, d.Symptom, d.Frames = "xauth.never-asked", "phase 1 is complete, and no XAUTH request follows", []int{last}
		d.Cause = fmt.Sprintf("%s does not begin extended authentication, although the method asks for it %s", s.subject.Who(server), frame(last))
		d.Fix = "enable XAUTH at the server, or choose the method without it at both ends"
	}
	return d, true
}

// configuredSelector: a quick mode that is refused after mode config, or after one
// that did not take place again.
func configuredSelector(s *story) (d check.Diagnosis, ok bool) {
	n, x, ok := s.refusedQuick(wire.NotifyInvalidIDInformation, wire.NotifyNoProposalChosen)
	if !ok || n.quick.IDci == nil {
		return d, false
	}
	d = check.Diagnosis{
		Confidence: check.Certain, Explains: append([]string{"ike.config.client-address", "profile.selectors"}, explainsXAUTH...),
		Symptom:  x.text + " in quick mode after mode config",
		Evidence: append(proposed(n.quick), fmt.Sprintf("%s %s", x.text, frame(x.frame))),
		Frames:   append(quickFrames(n), x.frame),
	}
	ci, isAddr := netip.AddrFromSlice(n.quick.IDci.Data)
	old := s.formerLease(n)
	switch lease := n.Lease; {
	case lease.Assigned != 0 && !(isAddr && slices.Contains(lease.Addresses, ci)):
		d.ID = "config.address-not-used"
		d.Cause = fmt.Sprintf("mode config gave %v %s, and quick mode is for %s: the client has not put the address to use %s", lease.Addresses, frame(lease.Assigned), id(n.quick.IDci), frame(x.frame))
		d.Fix = "make the client propose the assigned address"
	case lease.Assigned == 0 && isAddr && old != 0:
		d.ID, d.Confidence = "config.lease-forgotten", check.Likely
		d.Cause = fmt.Sprintf("the client authenticates again without asking for an address and goes on with %v of frame %d, which the server no longer knows as its own %s", ci, old, frame(x.frame))
		d.Fix = "have the server keep the lease when a client authenticates again"
	case lease.Assigned != 0:
		d.ID, d.Confidence = "config.selector", check.Likely
		d.Cause = fmt.Sprintf("the client proposes its assigned address %v and IDcr %s, which is not what the server has for it %s", ci, id(n.quick.IDcr), frame(x.frame))
		d.Fix = "propose 0.0.0.0/0, or the networks that the server names (split include)"
	default:
		return check.Diagnosis{}, false
	}
	return d, true
}

// formerLease is the frame in which an earlier ISAKMP SA gave the address that n
// proposes, 0 if none did.
func (s *story) formerLease(n *negotiation) int {
	ci, ok := netip.AddrFromSlice(n.quick.IDci.Data)
	for _, o := range s.phase1 {
		if o != n && ok && slices.Contains(o.Lease.Addresses, ci) {
			return o.Lease.Assigned
		}
	}
	return 0
}
