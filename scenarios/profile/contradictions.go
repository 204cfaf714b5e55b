package profile

import (
	"fmt"
	"slices"
	"strings"
)

// checkContradictions reports answers that cannot both be meant. Advice about
// answers that are merely unwise is what Lint gives.
func (p *Profile) checkContradictions() {
	for _, l := range p.lists() {
		p.checkList(l)
	}
	p.checkSelectors()
	p.checkProtection()
	p.checkKeying()
	p.checkParticipants()
}

func (p *Profile) contradict(path, format string, args ...any) {
	p.doc.Errorf(path, "contradiction: "+format, args...)
}

func (p *Profile) checkList(l list) {
	seen := map[string]Level{}
	for _, e := range l.entries() {
		if first, ok := seen[e.slug]; ok && first != e.level {
			p.contradict(e.path, "%q is under %q and under %q", e.slug, first, e.level)
		}
		seen[e.slug] = e.level
	}
}

func (p *Profile) checkSelectors() {
	lines := map[string]int{}
	for i, policy := range p.Selectors.Policies {
		path := fmt.Sprintf("selectors.policies[%d]", i)
		if policy.Name != "" {
			if line, ok := lines[policy.Name]; ok {
				p.doc.Errorf(path+".name", "a policy named %q is there already, in line %d", policy.Name, line)
			} else {
				lines[policy.Name], _, _ = p.At(path + ".name")
			}
		}
		for _, side := range []struct {
			key   string
			ports []PortRange
		}{{"client", policy.Client.Ports}, {"server", policy.Server.Ports}} {
			if len(side.ports) > 0 && !policy.Protocol.HasPorts() && p.stated(path+".protocol") {
				p.contradict(path+"."+side.key+".ports", "protocol %s has no ports to select by", policy.Protocol)
			}
		}
	}
}

// stated reports whether the path has a value that could be read, or is left
// out altogether, so that its value in p is meant.
func (p *Profile) stated(path string) bool { return !p.doc.Mistaken(path) }

func (p *Profile) checkProtection() {
	b := p.Protection
	encryption := list{"protection.algorithms.encryption", ItemProtection, b.Algorithms.Encryption}
	integrity := list{"protection.algorithms.integrity", ItemProtection, b.Algorithms.Integrity}
	if b.Integrity == None && b.Confidentiality == None {
		p.contradict("protection.confidentiality", "neither integrity nor confidentiality leaves nothing to protect")
	}
	if b.Confidentiality == Required {
		if level := encryption.levels.Level("null"); level >= May {
			p.contradict(encryption.find("null"), "confidentiality is required, and the null cipher is under %q", level)
		}
		if slices.Equal(b.Protocols.Admitted(), []string{"ah"}) {
			p.contradict("protection.confidentiality", "confidentiality is required, and AH, the only protocol, has none (section 3.1)")
		}
	}
	if b.Confidentiality == None {
		for _, slug := range encryption.levels.Must {
			if slug != "null" {
				p.contradict(encryption.find(slug), "there is to be no confidentiality, and %s must be implemented", slug)
			}
		}
	}
	if level := integrity.levels.Level("none"); b.Integrity == Required && level >= May {
		p.contradict(integrity.find("none"), `integrity is required, and "none" is under %q`, level)
	}
	if p.IKE.NATTraversal == Required && slices.Equal(b.Protocols.Admitted(), []string{"ah"}) {
		p.contradict("ike.nat_traversal", "NAT traversal is required, and it cannot carry AH, the only protocol (section 3.1)")
	}
}

func (p *Profile) checkKeying() {
	switch {
	case p.Keying.Method == IKE && p.IKE.Version == VersionNone:
		p.contradict("ike.version", "keys are managed by IKE, and the version is none")
	case (p.Keying.Method == Manual || p.Keying.Method == KINK) && (p.IKE.Version == Version1 || p.IKE.Version == Version2):
		p.contradict("ike.version", "key management is %s, and IKE version %s is asked for", p.Keying.Method, p.IKE.Version)
	}
	if p.IKE.Version == Version2 || p.IKE.Version == VersionNone {
		for _, mode := range p.IKE.Modes.Admitted() {
			p.contradict(list{"ike.modes", ItemIKE, p.IKE.Modes}.find(mode), "%s mode belongs to IKE version 1, not to version %s", mode, p.IKE.Version)
		}
	}
	if groups := (list{"keying.phase2.groups", ItemKeying, p.Keying.Phase2.Groups}); p.Keying.Phase2.PFS == None {
		for _, group := range groups.levels.Admitted() {
			p.contradict(groups.find(group), "there is to be no perfect forward secrecy, and %s is listed for it", group)
		}
	}
}

// checkParticipants holds the answers about who takes part against each other:
// d, e, f and g.
func (p *Profile) checkParticipants() {
	if switches := p.UserGranularity.SwitchesUser; switches != nil && !*switches && p.UserGranularity.SA > UserSANever {
		p.contradict("user_granularity.sa", "the server does not switch users, and there is an SA for a user %s", p.UserGranularity.SA)
	}
	if p.UserGranularity.SA > UserSANever {
		if forms := p.Identification.Forms; forms.Stated() && !slices.ContainsFunc(forms.Admitted(), func(form string) bool { return form == "user_fqdn" || form == "der_asn1_dn" || form == "key_id" }) {
			p.contradict("user_granularity.sa", "there is an SA for a user, and no form of identification can name one")
		}
		if p.UserGranularity.When == "" && p.stated("user_granularity.when") {
			p.doc.Errorf("user_granularity.when", `question e asks when the SA for a user is negotiated: missing key "when"`)
		}
	}
	methods := p.Authentication.Methods
	for i, c := range p.Authentication.Contexts {
		here := list{fmt.Sprintf("authentication.contexts[%d].methods", i), ItemAuthentication, c.Methods}
		for _, method := range c.Methods.Admitted() {
			if methods.Level(method) == MustNot {
				p.contradict(here.find(method), "%q is admitted here, and must not be used at all", method)
			}
		}
	}
	g := p.Authorization
	switch g.Accept {
	case AcceptIssued:
		if len(g.Issuers) == 0 && p.stated("authorization.issuers") {
			p.doc.Errorf("authorization.accept", `"issued-by" needs the key "issuers"`)
		}
		if methods.Stated() && !slices.ContainsFunc(p.methods(), usesCertificates) {
			p.contradict("authorization.accept", "participants are known by the issuer of their certificate, and no method uses certificates")
		}
	case AcceptIdentities:
		if len(g.Identities) == 0 && p.stated("authorization.identities") {
			p.doc.Errorf("authorization.accept", `"identity-list" needs the key "identities"`)
		}
	}
	if len(g.Issuers) > 0 && g.Accept != AcceptIssued && g.Accept != 0 {
		p.contradict("authorization.issuers", "issuers are listed, and %q does not ask for them", g.Accept)
	}
	if len(g.Identities) > 0 && g.Accept != AcceptIdentities && g.Accept != 0 {
		p.contradict("authorization.identities", "identities are listed, and %q does not ask for them", g.Accept)
	}
	if p.Authentication.Certificates != 0 && methods.Stated() && !slices.ContainsFunc(p.methods(), usesCertificates) {
		p.contradict("authentication.certificates", "certificates have an issuer, and no method uses them")
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
