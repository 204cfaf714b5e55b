package check

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2409 5.1 and RFC 4945: signatures, and the certificates that speak for them.

func signatureRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.signature", Item: profile.ItemAuthentication, Ref: "RFC2409/5.1", Level: Must,
			Title:       "SIG_I and SIG_R verify",
			Requirement: "The signature is over HASH_I or HASH_R: with RSA the bare hash encrypted with the private key in PKCS #1 format, with DSS over SHA-1, with ECDSA over the hash that goes with the curve (RFC 4754).",
			expected:    []string{"a signature of the computed hash under the key of the sender's certificate"},
			fix:         "look at what is signed (no DigestInfo around the hash, the hash that the method fixes) and which certificate belongs to the key",
			noun:        "signature of phase 1", needs: stagePhase1, unless: hashInstead,
		}, signature),
		faultless(messages(Rule{
			ID: "ike.cert.identity", Item: profile.ItemIdentification, Ref: "RFC4945/3.1", Level: Must,
			Title:       "The certificate speaks for the identity",
			Requirement: "The contents of the identification payload match the certificate: an address, name or mail address is one of its SubjectAltName, a distinguished name is its subject, octet by octet.",
			expected:    []string{"an identity that is one of the names of the certificate whose key signed"},
			fix:         "assert an identity that is in the certificate, or have one issued that contains it",
			noun:        "identity with a certificate", needs: stagePhase1, unless: hashInstead,
		}, certIdentity)),
		faultless(messages(Rule{
			ID: "ike.cert.path", Item: profile.ItemAuthorization, Ref: "RFC4945/5", Level: Must,
			Title:       "The certificate is valid, for this use, and issued by whom is trusted",
			Requirement: "A path of certificates, each valid at the time and not revoked, leads from a trusted root to the one whose key signed; its key usage, if there is one, has digitalSignature or nonRepudiation, its extended key usage, if there is one, allows IKE.",
			expected:    []string{"a certificate with a valid path to a trusted root"},
			fix:         "renew the certificate, or have it issued with the right usage; send the intermediate certificates along",
			noun:        "certificate that signed", needs: stagePhase1, unless: hashInstead,
		}, certPath)),
	}
}

const nextCertificates = "supply certificates: --certs FILE with the signer's, and the roots that are trusted (PEM)"

func hashInstead(s *Subject) string {
	if !s.signs() {
		return "with " + s.method().String() + " the peer does not sign"
	}
	return ""
}

// faultless spares the peer a rule about its certificate where the scenario itself
// gives it a bad one.
func faultless(r Rule) Rule {
	judge := r.new
	r.new = func(s *Subject, r *Rule) Checker {
		if f := s.peer.IKE.Certificate.Fault; f != scenarios.NoFault {
			return decided(notApplicable("the scenario gives the peer a certificate that is at fault: %v", f))
		}
		return judge(s, r)
	}
	return r
}

// signed reports whether m has a signature of its sender in phase 1.
func signedBy(m *dissect.ISAKMP) bool {
	return isPhase1(m.Header.Exchange) && strings.HasPrefix(m.Hash.Name, "SIG")
}

func signature(o *observer, m *dissect.ISAKMP) {
	switch {
	case !signedBy(m):
	case m.Hash.State == dissect.HashBad:
		o.fail(m.Frame, m.Src.Addr(), "%s does not verify: %s", m.Hash.Name, m.Hash.Why)
	case m.Hash.State == dissect.HashUnverifiable && strings.Contains(m.Hash.Why, "certificate"):
		o.unseen(m.Frame, nextCertificates, "%s: %s", m.Hash.Name, m.Hash.Why)
	default:
		proved(o, m)
	}
}

// signer is the certificate whose key verified the signature of m, with the identity
// of its sender; it is noted if there is none for want of keys or certificates.
func signer(o *observer, m *dissect.ISAKMP) (*x509.Certificate, *wire.ID) {
	if !signedBy(m) {
		return nil, nil
	}
	cert, id := m.Phase1.SignerR, m.Phase1.IDir
	if m.FromInitiator {
		cert, id = m.Phase1.SignerI, m.Phase1.IDii
	}
	if m.Hash.State == dissect.HashUnverifiable {
		next := nextISAKMPKeys
		if strings.Contains(m.Hash.Why, "certificate") {
			next = nextCertificates
		}
		o.unseen(m.Frame, next, "%s: %s", m.Hash.Name, m.Hash.Why)
	}
	return cert, id
}

func certIdentity(o *observer, m *dissect.ISAKMP) {
	cert, id := signer(o, m)
	if cert == nil || id == nil {
		return
	}
	switch err := pki.Match(cert, *id); {
	case err == nil:
		o.pass(m.Frame, "%s", pki.FormatID(*id))
	case id.IDType == wire.IDKeyID:
		o.tolerate(m.Frame, m.Src.Addr(), "%s, which is in no certificate", pki.FormatID(*id))
	default:
		o.fail(m.Frame, m.Src.Addr(), "%v", err)
	}
}

// otherUsages are extended key usages that products accept for IKE besides those of
// RFC 4945 5.1.3.12.
var otherUsages = []asn1.ObjectIdentifier{pki.OIDServerAuth, pki.OIDClientAuth, pki.OIDIKEIntermediate}

func certPath(o *observer, m *dissect.ISAKMP) {
	cert, _ := signer(o, m)
	if cert == nil {
		return
	}
	policy := pki.Policy{AllowWeak: true, AcceptEKU: otherUsages}
	for _, c := range o.s.Certificates {
		if bytes.Equal(c.RawIssuer, c.RawSubject) {
			policy.Roots = append(policy.Roots, c)
		} else {
			policy.Intermediates = append(policy.Intermediates, c)
		}
	}
	if len(policy.Roots) == 0 {
		o.unseen(m.Frame, nextCertificates, "it is not known which roots are trusted")
		return
	}
	sent, _ := pki.Collect(certsOf(m))
	path, err := policy.Verify(cert, sent, m.Time)
	switch {
	case errors.Is(err, pki.ErrUntrusted) && o.s.Foreign():
		o.unseen(m.Frame, nextCertificates, "%v", err)
	case err != nil:
		o.fail(m.Frame, m.Src.Addr(), "%v", err)
	case len(path.Weak) > 0:
		o.tolerate(m.Frame, m.Src.Addr(), "a valid path with something weak in it: %s", strings.Join(path.Weak, ", "))
	default:
		o.pass(m.Frame, "%v", cert.Subject)
	}
}
