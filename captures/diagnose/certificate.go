package diagnose

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Authentication by signatures: certificates and the identities in them.

// takenBack is a negotiation whose ends have proved themselves, and which an end
// then refuses before the other has answered anything under it.
func (s *story) takenBack() *negotiation {
	for _, n := range s.phase1 {
		used := n.quick != nil && n.quick.Hash2 == dissect.HashGood || n.XAUTH.Reply != 0 || n.Lease.Assigned != 0
		if n.established() && !used && slices.ContainsFunc(s.notices, n.takesBack) {
			return n
		}
	}
	return nil
}

// takesBack reports whether x refuses what phase 1 proved. In aggressive mode quick
// mode may have begun by then, whose refusals are others.
func (n *negotiation) takesBack(x notice) bool {
	if x.phase1 != n.Phase1 || x.text == "" || x.text == contact {
		return false
	}
	return !x.quick || n.Exchange == wire.ExchangeAggressive && x.typ != wire.NotifyInvalidIDInformation && slices.Contains(refusals, x.typ)
}

// notEstablished is the negotiation that came furthest and to nothing.
func (s *story) notEstablished() *negotiation {
	if n := s.takenBack(); n != nil {
		return n
	}
	return s.stuck()
}

// refusals are the notifies by which ends refuse a certificate, or what it is to
// prove.
var refusals = []wire.NotifyType{
	wire.NotifyInvalidCertEncoding, wire.NotifyInvalidCertificate, wire.NotifyCertTypeUnsupported,
	wire.NotifyInvalidCertAuthority, wire.NotifyInvalidSignature, wire.NotifyCertificateUnavailable,
	wire.NotifyAuthenticationFailed, wire.NotifyInvalidIDInformation, wire.NotifyInvalidHashInformation,
	wire.NotifyInvalidKeyInformation,
}

// holder is the end whose proof was refused.
type holder struct {
	name   string
	m      *dissect.ISAKMP // with its proof, nil if it sent none
	id     *wire.ID
	certs  []*wire.Cert
	signer *x509.Certificate
	state  dissect.HashState
	proof  string // SIG_I
}

// other is the end of n that did not send x.
func (s *story) other(n *negotiation, x notice) holder {
	if x.from == n.Initiator.Addr() {
		h := holder{name: s.subject.Who(n.Responder.Addr()), id: n.IDir, certs: n.CertsR, signer: n.SignerR, state: n.HashR, proof: "SIG_R"}
		h.m = n.proof(false)
		return h
	}
	return holder{
		name: s.subject.Who(n.Initiator.Addr()), id: n.IDii, certs: n.CertsI, signer: n.SignerI, state: n.HashI, proof: "SIG_I",
		m: n.proof(true),
	}
}

// proof is the message by which an end proves itself.
func (n *negotiation) proof(initiator bool) *dissect.ISAKMP {
	for _, m := range n.Messages {
		if m.FromInitiator == initiator && m.Hash.Name != "" {
			return m
		}
	}
	return nil
}

// certificateRefused: what proves the end that was refused is at fault, or the other
// does not know whom it trusts.
func certificateRefused(s *story) (d check.Diagnosis, ok bool) {
	n := s.notEstablished()
	if n == nil || !n.Auth.Signs(true) && !n.Auth.Signs(false) {
		return d, false
	}
	x, ok := s.said(n.Phase1, refusals...)
	if !ok {
		i := slices.IndexFunc(s.notices, func(x notice) bool { return x.phase1 == n.Phase1 && x.text == "Delete" && x.proto == wire.ProtoISAKMP })
		if i < 0 || n.quick != nil {
			return d, false
		}
		x = s.notices[i]
	}
	h := s.other(n, x)
	if h.m == nil || x.frame < h.m.Frame {
		return d, false
	}
	d = check.Diagnosis{
		ID: "ike.certificate", Confidence: check.Certain, Explains: explainsPhase1,
		Symptom:  fmt.Sprintf("%s after %s of %s", x.text, h.proof, h.name),
		Evidence: []string{fmt.Sprintf("%s from %s %s", x.text, s.subject.Who(x.from), frame(x.frame))},
		Frames:   []int{h.m.Frame, x.frame},
	}
	if h.id != nil {
		d.Evidence = append(d.Evidence, fmt.Sprintf("%s asserts %s %s", h.name, pki.FormatID(*h.id), frame(h.m.Frame)))
	}
	cause, fix := s.certificateFault(h)
	if cause == "" {
		d.Confidence = check.Possible
		cause = fmt.Sprintf("%s does not trust the authority of the certificate of %s, or expects another identity", s.subject.Who(x.from), h.name)
		fix = "compare the issuer of the certificate with the authorities that the other end trusts, and the identity with the one that it is configured for"
		d.Evidence = append(d.Evidence, requests(n, x)...)
	}
	d.Cause, d.Fix = fmt.Sprintf("%s %s", cause, frame(h.m.Frame)), fix
	return d, true
}

// certificateFault finds what is wrong with a proof, "" if nothing is seen to be.
func (s *story) certificateFault(h holder) (cause, fix string) {
	const renew = "have a certificate issued that is valid, for this use, and send what leads to the root along"
	sent, err := pki.Collect(h.certs)
	switch {
	case h.state == dissect.HashBad:
		return fmt.Sprintf("%s of %s does not verify under the key of its certificate", h.proof, h.name), "use the private key that belongs to the certificate, and sign the bare hash"
	case err != nil && len(sent.Certs) == 0:
		return fmt.Sprintf("the certificate of %s cannot be read: %v", h.name, err), "send X.509 certificates, encoding 4"
	case len(sent.Certs) == 0 && h.signer == nil:
		return fmt.Sprintf("%s sends no certificate, and the other end has none of it", h.name), "send the certificate always, or give it to the other end beforehand"
	case h.signer == nil:
		return "", ""
	}
	if h.id != nil {
		if err := pki.Match(h.signer, *h.id); err != nil {
			return fmt.Sprintf("the certificate of %s does not speak for the identity that it asserts: %v", h.name, err), "assert an identity that is in the certificate, or have one issued that contains it"
		}
	}
	policy := pki.Policy{AllowWeak: true}
	for _, c := range s.subject.Certificates {
		if bytes.Equal(c.RawIssuer, c.RawSubject) {
			policy.Roots = append(policy.Roots, c)
		} else {
			policy.Intermediates = append(policy.Intermediates, c)
		}
	}
	if len(policy.Roots) == 0 { // what does not depend on who is trusted
		policy.Roots = []*x509.Certificate{h.signer}
	}
	if _, err := policy.Verify(h.signer, sent, h.m.Time); err != nil && !errors.Is(err, pki.ErrWeak) {
		return fmt.Sprintf("the certificate of %s is not acceptable: %v", h.name, err), renew
	}
	return "", ""
}

// requests lists whose certificates the end that refused asks for.
func requests(n *negotiation, x notice) (out []string) {
	for _, m := range n.Messages {
		if m.Src.Addr() != x.from || m.Message == nil {
			continue
		}
		for _, p := range m.Message.Payloads {
			if r, ok := p.(*wire.CertRequest); ok && len(out) < 4 {
				out = append(out, fmt.Sprintf("it asks for %s %s", pki.FormatRequest(r), frame(m.Frame)))
			}
		}
	}
	return out
}

// privateIdentity: behind a NAT the initiator asserts the address it has there.
func privateIdentity(s *story) (d check.Diagnosis, ok bool) {
	n := s.notEstablished()
	if n == nil || n.IDii == nil {
		return d, false
	}
	asserted, isAddr := netip.AddrFromSlice(n.IDii.Data)
	source := n.Initiator.Addr()
	if !isAddr || n.IDii.IDType != wire.IDIPv4Addr || !asserted.IsPrivate() || asserted == source {
		return d, false
	}
	x, ok := s.said(n.Phase1, wire.NotifyInvalidIDInformation, wire.NotifyAuthenticationFailed)
	if !ok {
		return d, false
	}
	return check.Diagnosis{
		ID: "ike.private-identity", Confidence: check.Likely, Explains: explainsPhase1,
		Symptom:  fmt.Sprintf("%s to an identity that is not the address its packets come from", x.text),
		Cause:    fmt.Sprintf("%s is behind a NAT and asserts the address it has there, %v; %s knows it as %v %s", s.subject.Who(source), asserted, s.subject.Who(x.from), source, frame(x.frame)),
		Evidence: []string{fmt.Sprintf("IDii is %v, packets come from %v", asserted, source), fmt.Sprintf("%s %s", x.text, frame(x.frame))},
		Frames:   []int{x.frame},
		Fix:      "use an FQDN or KEY_ID as identity, or configure the other end for the inner address",
	}, true
}

// contactMalformed: an INITIAL-CONTACT with another protocol than ISAKMP, or without
// the cookies as SPI.
func contactMalformed(s *story) (d check.Diagnosis, ok bool) {
	for _, n := range s.phase1 {
		x, ok := s.said(n.Phase1, wire.NotifyInvalidProtocolID, wire.NotifyInvalidSPI, wire.NotifyPayloadMalformed)
		if !ok {
			continue
		}
		for _, m := range n.Messages {
			if m.Message == nil || m.Frame > x.frame {
				continue
			}
			for _, p := range m.Message.Payloads {
				c, is := p.(*wire.Notify)
				if !is || c.MsgType != wire.NotifyInitialContact || c.Protocol == wire.ProtoISAKMP && len(c.SPI) == 16 {
					continue
				}
				return check.Diagnosis{
					ID: "ike.initial-contact", Confidence: check.Certain, Explains: explainsPhase1,
					Symptom:  x.text + " after an INITIAL-CONTACT",
					Cause:    fmt.Sprintf("the INITIAL-CONTACT of %s has protocol %v and an SPI of %d octets %s", s.subject.Who(m.Src.Addr()), c.Protocol, len(c.SPI), frame(m.Frame)),
					Evidence: []string{fmt.Sprintf("INITIAL-CONTACT %s", frame(m.Frame)), fmt.Sprintf("%s %s", x.text, frame(x.frame))},
					Frames:   []int{m.Frame, x.frame},
					Fix:      "send it with protocol ISAKMP and the two cookies as SPI (RFC 2407 4.6.3.3)",
				}, true
			}
		}
	}
	return d, false
}
