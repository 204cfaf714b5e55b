package check

import (
	"crypto/x509"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 5406 8 d, e and g: the answers of the profile about who the ends are.

// form is the type of identity that the peer is configured to assert.
func (s *Subject) form() string {
	if f := s.peer.IKE.Identities.Of(s.Role()); f != "" {
		return f
	}
	if s.Trial.PeerAddr.Is6() {
		return wire.IDIPv6Addr.String()
	}
	return wire.IDIPv4Addr.String()
}

// formsOf is what the profile says about the identities of a role.
func formsOf(i profile.Identification, initiator bool) (allows func(string) bool, forms profile.Levels) {
	allows, forms = i.AllowsResponder, i.Responder
	if initiator {
		allows, forms = i.AllowsInitiator, i.Initiator
	}
	if !forms.Stated() {
		forms = i.Forms
	}
	return allows, forms
}

func identificationOutside(s *Subject, _ scenarios.Config) string {
	if allows, _ := formsOf(s.Profile.Identification, s.Role() == scenarios.Initiator); !allows(s.form()) {
		return "an identity of type " + s.form()
	}
	return ""
}

func identification(o *observer, m *dissect.ISAKMP) {
	if !isPhase1(m.Header.Exchange) || !o.s.Judges(m.Src.Addr()) {
		return
	}
	id, ok := phase1ID(m)
	allows, forms := formsOf(o.s.Profile.Identification, m.FromInitiator)
	switch {
	case !ok && m.Encrypted && m.Message == nil:
		o.sealed(m)
	case !ok:
	case allows(id.IDType.String()):
		o.pass(m.Frame, "%v", id.IDType)
	default:
		o.expect(admitted("identity", forms)...)
		o.fail(m.Frame, m.Src.Addr(), "an identity of type %v", id.IDType)
	}
}

func addressOutside(s *Subject, _ scenarios.Config) string {
	if m := s.Profile.Authorization.AddressMatch; m == nil || !*m {
		return "no match of addresses"
	}
	if f := s.form(); f != wire.IDIPv4Addr.String() && f != wire.IDIPv6Addr.String() {
		return "an identity of type " + f + ", which asserts no address"
	}
	if s.behindNAT() {
		return "an address that a NAT puts another one in the place of"
	}
	return ""
}

func addressAsserted(o *observer, e *dissect.Event) {
	if a := o.s.Profile.Authorization.AddressMatch; a == nil || !*a || !o.s.Judges(e.Src.Addr()) {
		return
	}
	switch m := e.ISAKMP; {
	case e.Kind == dissect.KindISAKMP && m != nil && m.Phase1 != nil && !m.Retransmission && isPhase1(m.Header.Exchange):
		id, ok := phase1ID(m)
		if ok {
			o.asserted(e.Frame, e.Src.Addr(), id)
		} else if m.Encrypted && m.Message == nil {
			o.sealed(m)
		}
	case e.Kind == dissect.KindESP && e.ESP != nil && e.ESP.SA != nil && e.ESP.SA.Quick != nil && e.Inner != nil:
		p1 := e.ESP.SA.Quick.Phase1
		id := p1.IDii
		if e.Src.Addr() == p1.Responder.Addr() {
			id = p1.IDir
		}
		if id != nil {
			o.asserted(e.Frame, e.Src.Addr(), id)
		}
	}
}

func (o *observer) asserted(frame int, src netip.Addr, id *wire.ID) {
	switch addr, ok := idAddress(id); {
	case !ok:
		o.unseen(frame, "use an address as identity, or drop address_match from the profile", "an identity of type %v asserts no address", id.IDType)
	case addr == src:
		o.pass(frame, "%v", addr)
	default:
		o.fail(frame, src, "asserts %v, its packets come from %v", addr, src)
	}
}

func authorizationRule() Rule {
	return unlessProfile(profiledMessages(Rule{
		ID: "profile.authorization", Item: profile.ItemAuthorization, Ref: "RFC5406/8", Level: Must,
		Title:       "Who is let in is somebody whom the profile authorizes",
		Requirement: "Authentication says who the peer is; the profile says who may take part: whoever authenticates, whose identity is on a list, or whose certificate is from certain issuers.",
		fix:         "compare the identity, or the certificate's issuer, with the profile's list",
		noun:        "proof of identity", needs: stagePhase1,
	}, authorizationOutside, authorization), func(p *profile.Profile) string {
		if p.Authorization.Accept == profile.AcceptDesignated {
			return "the configured peer is let in, and only an end that is not configured would show whether others are"
		}
		return ""
	})
}

// unlessProfile gives the rule r nothing to judge where the profile's answer is one
// that packets do not show; why says so, or returns an empty text.
func unlessProfile(r Rule, why func(*profile.Profile) string) Rule {
	judge := r.new
	r.new = func(s *Subject, r *Rule) Checker {
		if s.Profile != nil && why(s.Profile) != "" {
			return decided(notApplicable("%s", why(s.Profile)))
		}
		return judge(s, r)
	}
	return r
}

func authorizationOutside(s *Subject, _ scenarios.Config) string {
	g := s.Profile.Authorization
	id, ok := s.asserts()
	switch {
	case g.Accept == profile.AcceptIdentities && !(ok && listedIdentity(g.Identities, id)):
		return "an identity that is not on the list"
	case g.Accept == profile.AcceptIssued && (!s.signs() || !slices.ContainsFunc(s.Certificates, issuedBy(g.Issuers))):
		return "a certificate of an authority made for the run, or none"
	}
	return ""
}

// asserts is the name that the peer is configured to assert; false for an address.
func (s *Subject) asserts() (string, bool) {
	text := scenarios.IdentityText(s.Role(), s.peer.IKE.Identities.Of(s.Role()))
	return text, text != ""
}

// listedIdentity reports whether a pattern of the list is for the identity.
func listedIdentity(list []string, id string) bool {
	return slices.ContainsFunc(list, func(pattern string) bool {
		ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(id))
		return ok && err == nil
	})
}

// issuedBy reports whether a certificate names one of the issuers.
func issuedBy(issuers []string) func(*x509.Certificate) bool {
	return func(c *x509.Certificate) bool {
		return slices.ContainsFunc(issuers, func(text string) bool { return sameDN(text, c.RawIssuer) })
	}
}

// sameDN compares a name as profiles write it with one in DER, whichever end of it
// comes first.
func sameDN(text string, der []byte) bool {
	is, err := pki.FormatDN(der)
	if err != nil {
		return false
	}
	split := func(s string) []string {
		parts := strings.Split(s, ",")
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		slices.Sort(parts)
		return parts
	}
	return slices.Equal(split(text), split(is))
}

func authorization(o *observer, m *dissect.ISAKMP) {
	if !isPhase1(m.Header.Exchange) || m.Hash.Name == "" || !o.s.Judges(m.Src.Addr()) {
		return
	}
	p, g := m.Phase1, o.s.Profile.Authorization
	id, signer := p.IDir, p.SignerR
	if m.FromInitiator {
		id, signer = p.IDii, p.SignerI
	}
	if m.Hash.State != dissect.HashGood || id == nil {
		if m.Hash.State == dissect.HashUnverifiable {
			o.unseen(m.Frame, nextISAKMPKeys, "%s: %s", m.Hash.Name, m.Hash.Why)
		}
		return
	}
	switch text := identityText(id); g.Accept {
	case profile.AcceptAny:
		o.pass(m.Frame, "%s by %v", text, p.Auth)
	case profile.AcceptIdentities:
		o.expect("an identity like " + strings.Join(g.Identities, ", "))
		if listedIdentity(g.Identities, text) {
			o.pass(m.Frame, "%s", text)
		} else {
			o.fail(m.Frame, m.Src.Addr(), "%s, which is not on the list", text)
		}
	case profile.AcceptIssued:
		o.expect("a certificate issued by " + strings.Join(g.Issuers, " or "))
		judgeIssuer(o, m, signer)
	}
}

func judgeIssuer(o *observer, m *dissect.ISAKMP, signer *x509.Certificate) {
	if signer == nil {
		o.fail(m.Frame, m.Src.Addr(), "%s instead of a signature", m.Hash.Name)
		return
	}
	sent, _ := pki.Collect(certsOf(m))
	by := issuedBy(o.s.Profile.Authorization.Issuers)
	for _, c := range append(sent.Certs, signer) {
		if by(c) && (c == signer || leadsTo(signer, c)) {
			o.pass(m.Frame, "%v", c.Issuer)
			return
		}
	}
	o.fail(m.Frame, m.Src.Addr(), "a certificate issued by %v", signer.Issuer)
}

// leadsTo reports whether c has issued leaf.
func leadsTo(leaf, c *x509.Certificate) bool { return leaf.CheckSignatureFrom(c) == nil }

// certsOf are the certificates that the sender of m has sent.
func certsOf(m *dissect.ISAKMP) []*wire.Cert {
	if m.FromInitiator {
		return m.Phase1.CertsI
	}
	return m.Phase1.CertsR
}

// identityText is the name in an identity, as profiles write it.
func identityText(id *wire.ID) string {
	switch id.IDType {
	case wire.IDFQDN, wire.IDUserFQDN, wire.IDKeyID:
		return string(id.Data)
	case wire.IDDERASN1DN:
		if text, err := pki.FormatDN(id.Data); err == nil {
			return text
		}
	}
	if a, ok := idAddress(id); ok {
		return a.String()
	}
	return pki.FormatID(*id)
}

func userGranularityRule() Rule {
	return unlessProfile(profiledMessages(Rule{
		ID: "profile.user-granularity", Item: profile.ItemUserGranularity, Ref: "RFC5406/8", Level: Must,
		Title:       "SAs are for users where the profile says so, and nowhere else",
		Requirement: "If the server switches user ids, a user-granularity security association may be needed (RFC 2401 4.4.2): then the selector names a user. Where the profile has no such SAs it does not.",
		expected:    []string{"IDci and IDcr that are addresses, subnets or ranges"},
		fix:         "configure the peer's selectors by address",
		noun:        "quick mode", needs: stageQuick,
	}, nil, userGranularity), func(p *profile.Profile) string {
		if p.UserGranularity.SA != profile.UserSANever {
			return "packets do not show whose traffic is in an SA"
		}
		return ""
	})
}

// userNames are the types of identity that name users; a FQDN names a system (RFC
// 2401 4.4.2).
var userNames = []wire.IDType{wire.IDUserFQDN, wire.IDDERASN1DN, wire.IDDERASN1GN}

func userGranularity(o *observer, m *dissect.ISAKMP) {
	if !o.s.Judges(m.Src.Addr()) || !quick(o, m, 1, 2) {
		return
	}
	for _, id := range payloads[*wire.ID](m) {
		if slices.Contains(userNames, id.IDType) {
			o.fail(m.Frame, m.Src.Addr(), "an SA for %s", idText(id))
			return
		}
	}
	o.pass(m.Frame, "no user in the selector")
}
