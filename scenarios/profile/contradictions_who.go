package profile

import (
	"fmt"
	"slices"
	"strings"
)

// checkParticipants holds the answers about who takes part against each other:
// d, e, f and g.
func (p *Profile) checkParticipants() {
	if switches := p.UserGranularity.SwitchesUser; switches != nil && !*switches && p.UserGranularity.SA > UserSANever {
		p.contradict("user_granularity.sa", "the server does not switch users, and there is an SA for a user %s", p.UserGranularity.SA)
	}
	if p.UserGranularity.SA > UserSANever {
		if forms := p.Identification.admitted(); p.Identification.Forms.Stated() && p.readable("identification") && !slices.ContainsFunc(forms, namesUser) {
			p.contradict("user_granularity.sa", "there is an SA for a user, and no form of identification can name one")
		}
		if p.UserGranularity.When == "" && p.stated("user_granularity.when") {
			p.doc.Errorf("user_granularity.when", `question e asks when the SA for a user is negotiated: missing key "when"`)
		}
	}
	p.checkNarrower("identification.initiator", p.Identification.Forms, p.Identification.Initiator)
	p.checkNarrower("identification.responder", p.Identification.Forms, p.Identification.Responder)
	for i, c := range p.Authentication.Contexts {
		path := fmt.Sprintf("authentication.contexts[%d]", i)
		p.checkNarrower(path+".methods", p.Authentication.Methods, c.Methods)
		if c.Certificates != 0 && c.Methods.Stated() && !slices.ContainsFunc(c.Methods.Admitted(), usesCertificates) {
			p.contradict(path+".certificates", "certificates have an issuer here, and no method here uses them")
		}
		if j := slices.IndexFunc(p.Authentication.Contexts[:i], func(o Context) bool { return o.Where == c.Where && c.Where != "" }); j >= 0 {
			line, _, _ := p.At(fmt.Sprintf("authentication.contexts[%d].where", j))
			p.doc.Errorf(path+".where", "a context %q is there already, in line %d", c.Where, line)
		}
	}
	p.checkAuthorization()
	if !p.Authentication.Methods.Stated() || !p.readable("authentication") {
		return
	}
	if p.Authentication.Certificates != 0 && !slices.ContainsFunc(p.methods(), usesCertificates) {
		p.contradict("authentication.certificates", "certificates have an issuer, and no method uses them")
	}
	if p.Authentication.Secrets != 0 && !slices.ContainsFunc(p.methods(), usesSharedSecret) {
		p.contradict("authentication.secrets", "secrets are shared, and no method uses them")
	}
}

func (p *Profile) checkAuthorization() {
	g := p.Authorization
	p.checkGrant("authorization", Grant{Accept: g.Accept, Issuers: g.Issuers, Identities: g.Identities})
	names := make([]string, len(p.Selectors.Policies))
	for i, policy := range p.Selectors.Policies {
		names[i] = policy.Name
	}
	for i, rule := range g.Rules {
		path := fmt.Sprintf("authorization.rules[%d]", i)
		p.checkGrant(path, rule)
		for j, name := range rule.Policies {
			if name != "" && !slices.Contains(names, name) && p.stated("selectors.policies") && !slices.Contains(names, "") {
				p.doc.Errorf(fmt.Sprintf("%s.policies[%d]", path, j), "no policy is named %q", name)
			}
		}
	}
}

// checkGrant checks who is let in at the path.
func (p *Profile) checkGrant(path string, g Grant) {
	switch g.Accept {
	case AcceptIssued:
		if len(g.Issuers) == 0 && p.stated(path+".issuers") {
			p.doc.Errorf(path+".accept", `"issued-by" needs the key "issuers"`)
		}
		if (p.Authentication.Methods.Stated() || p.Keying.Method == Manual) && !slices.ContainsFunc(p.methods(), usesCertificates) {
			p.contradict(path+".accept", "participants are known by the issuer of their certificate, and no method uses certificates")
		}
	case AcceptIdentities:
		if len(g.Identities) == 0 && p.stated(path+".identities") {
			p.doc.Errorf(path+".accept", `"identity-list" needs the key "identities"`)
		}
	}
	if len(g.Issuers) > 0 && g.Accept != AcceptIssued && g.Accept != 0 {
		p.contradict(path+".issuers", "issuers are listed, and %q does not ask for them", g.Accept)
	}
	if len(g.Identities) > 0 && g.Accept != AcceptIdentities && g.Accept != 0 {
		p.contradict(path+".identities", "identities are listed, and %q does not ask for them", g.Accept)
	}
}

// methods returns the authentication methods that are admitted anywhere.
func (p *Profile) methods() []string {
	out := p.Authentication.Methods.Admitted()
	for _, c := range p.Authentication.Contexts {
		out = append(out, c.Methods.Admitted()...)
	}
	return out
}

// usesCertificates reports whether at least one end of the method has a public
// key.
func usesCertificates(method string) bool { return !strings.Contains(method, "psk") }

// usesSharedSecret reports whether the method is one with a pre-shared secret.
func usesSharedSecret(method string) bool { return strings.Contains(method, "psk") }

// namesUser reports whether a form of identification can name a user.
func namesUser(form string) bool {
	return form == "user_fqdn" || form == "der_asn1_dn" || form == "der_asn1_gn" || form == "key_id"
}

// encryptsByPublicKey reports whether the method is one of the two that encrypt
// by public key (RFC 2409 5.2, 5.3), or XAUTH on top of one.
func encryptsByPublicKey(method string) bool {
	return strings.HasSuffix(method, "rsa-enc") || strings.HasSuffix(method, "rsa-rev-enc")
}
