package profile

import (
	"fmt"
	"slices"
)

// adviceRules hold the profile against sections 3 to 7.
func adviceRules() []Rule {
	return []Rule{
		{"ah-behind-nat", ItemProtection, "3.1", `Where the end-points are likely to be separated by a NAT box, NAT traversal "should be mandated and AH should be avoided".`, checkAHBehindNAT},
		{"nat-traversal", ItemIKE, "3.1", `Where the end-points are likely to be separated by a NAT box, NAT traversal "should be mandated and AH should be avoided".`, checkNATTraversal},
		{"confidentiality-only", ItemProtection, "3.1", `"ESP can be used to provide confidentiality alone, although this is not recommended": what is not authenticated can be changed, and often read (Bell96).`, checkConfidentialityOnly},
		{"tunnel-between-hosts", ItemProtection, "3.2", `"Transport mode is preferred for point-to-point communication, though tunnel mode can be used for this purpose."`, checkTunnelBetweenHosts},
		{"transport-through-gateway", ItemProtection, "3.2", `Tunnel mode "is generally required whenever either end of the IPsec-protected path is not the ultimate IP destination".`, checkTransportThroughGateway},
		{"manual-replay", ItemKeying, "3.3", `"IPsec's replay protection mechanisms are not available if manual key management is used."`, checkManualReplay},
		{"manual-scale", ItemKeying, "3.3", `"Manual key management is easy; however, it doesn't scale very well", and "using shared secrets in IKE is far preferable to manual keying" (RFC 4107).`, checkManualScale},
		{"kink", ItemKeying, "3.3", `KINK "is suitable if and only if a Kerberos infrastructure is available".`, checkKINK},
		{"shared-secret-scale", ItemAuthentication, "3.3", `Shared secrets do not scale "in many-to-many communication scenarios, since each endpoint must share a unique secret with every peer".`, checkSharedSecretScale},
		{"global-pki", ItemAuthentication, "3.3", `There "is no global PKI covering most Internet endpoints, there probably never will be one. Designing a structure which assumes such a PKI is a mistake."`, checkGlobalPKI},
		{"aggressive-psk", ItemIKE, "3.3", `"The precise mode of operation must be specified." In aggressive mode with a shared secret the responder sends HASH_R in clear (RFC 2409 5.4): whoever asks can guess the secret at home.`, checkAggressivePSK},
		{"sctp-ports", ItemSelectors, "6", `Protecting SCTP applications by port "could not be done until a new document was written [RFC3554] … and implementations appeared".`, checkSCTPPorts},
		{"dynamic-address-identity", ItemIdentification, "6", `The world "runs to a large extent on dynamically assigned addresses"; who is known by one is another tomorrow.`, checkDynamicAddressIdentity},
		{"multicast", ItemSelectors, "7", `"Many IPsec implementations do not support multicast": its availability in the target platforms has to be considered.`, checkMulticast},
	}
}

func (p *Profile) list(path string) list {
	lists := p.lists()
	return lists[slices.IndexFunc(lists, func(l list) bool { return l.path == path })]
}

// listed returns where the list admits the slug in so many words, and how
// strongly.
func (p *Profile) listed(path, slug string) (string, Level, bool) {
	l := p.list(path)
	level := l.levels.Level(slug)
	return l.find(slug), level, level >= May
}

func checkAHBehindNAT(l *linter) {
	if at, level, ok := l.p.listed("protection.protocols", "ah"); ok && l.p.Setting.NAT == Likely {
		l.report(Warning, at, "protocols: {must: [esp], must-not: [ah]}", "AH is under %q, and a NAT is likely between the ends", level)
	}
}

func checkNATTraversal(l *linter) {
	if l.p.Setting.NAT == Likely && l.p.Keying.Method == IKE && l.p.IKE.NATTraversal != Required {
		l.report(Warning, "ike.nat_traversal", "nat_traversal: required", "a NAT is likely between the ends, and NAT traversal is not required")
	}
}

func checkConfidentialityOnly(l *linter) {
	if n := l.p.Protection.Integrity; n == None || n == Optional {
		l.report(Warning, "protection.integrity", "integrity: required", "integrity is %q: ESP may be used for confidentiality alone", n)
	}
}

func checkTunnelBetweenHosts(l *linter) {
	at, level, ok := l.p.listed("protection.modes", "tunnel")
	if !ok || l.p.Setting.Segment != HostToHost {
		return
	}
	severity := Warning
	if level == May {
		severity = Note
	}
	l.report(severity, at, "modes: {must: [transport]}", "tunnel mode is under %q, and both ends are the hosts that communicate", level)
}

func checkTransportThroughGateway(l *linter) {
	at, level, ok := l.p.listed("protection.modes", "transport")
	if ok && l.p.Setting.Segment > HostToHost {
		l.report(Warning, at, "modes: {must: [tunnel]}", "transport mode is under %q, and in %s an end of the protection is not the end of the conversation", level, l.p.Setting.Segment)
	}
}

func checkManualReplay(l *linter) {
	if n := l.p.Protection.ReplayProtection; l.p.Keying.Method == Manual && n >= Optional {
		l.report(Problem, "protection.replay_protection", "method: ike in keying, or replay_protection: none with the reason why replays do no harm",
			"replay protection is %q, and with manual keys there is none", n)
	}
}

func checkManualScale(l *linter) {
	if l.p.Keying.Method == Manual && l.p.Setting.Relation > Pairs {
		l.report(Warning, "keying.method", "method: ike", "keys are set by hand for a relation of %s", l.p.Setting.Relation)
	}
}

func checkKINK(l *linter) {
	if l.p.Keying.Method == KINK {
		l.report(Note, "keying.method", "method: ike, unless every participant has Kerberos anyway", "key management is KINK, which needs Kerberos at every participant, and which nothing here can test")
	}
}

func checkSharedSecretScale(l *linter) {
	if l.p.Setting.Relation != ManyToMany {
		return
	}
	for _, list := range l.p.lists() {
		if list.item != ItemAuthentication {
			continue
		}
		for _, e := range list.entries() {
			if e.level >= May && usesSharedSecret(e.slug) {
				l.report(Warning, e.path, "methods: {must: [rsa-sig]}", "%s is under %q, and anyone may communicate with anyone", e.slug, e.level)
			}
		}
	}
}

func checkGlobalPKI(l *linter) {
	if l.p.Authentication.Certificates == IssuerGlobal {
		l.report(Warning, "authentication.certificates", "certificates: local", "certificates are expected from a global PKI")
	}
}

func checkAggressivePSK(l *linter) {
	at, level, ok := l.p.listed("ike.modes", "aggressive")
	if ok && slices.ContainsFunc(l.p.methods(), usesSharedSecret) {
		l.report(Warning, at, "modes: {must: [main], must-not: [aggressive]}, or no psk under authentication", "aggressive mode is under %q, and shared secrets are admitted", level)
	}
}

func checkSCTPPorts(l *linter) {
	for i, policy := range l.p.Selectors.Policies {
		if policy.Protocol == 132 && len(policy.Client.Ports)+len(policy.Server.Ports) > 0 {
			l.report(Note, fmt.Sprintf("selectors.policies[%d].protocol", i), "no ports, or products that are known to implement RFC 3554 under availability", "SCTP is selected by port, which takes RFC 3554")
		}
	}
}

func checkDynamicAddressIdentity(l *linter) {
	if l.p.Setting.Addresses != Dynamic {
		return
	}
	forms := l.p.list("identification.forms")
	for _, e := range forms.entries() {
		if e.level >= May && (e.slug == "ipv4_addr" || e.slug == "ipv6_addr") {
			l.report(Warning, e.path, "forms: {must: [fqdn, user_fqdn]}, or der_asn1_dn with certificates", "participants name themselves by address, and addresses are dynamic")
		}
	}
}

func checkMulticast(l *linter) {
	for i, policy := range l.p.Selectors.Policies {
		for _, side := range []struct {
			key       string
			addresses []Address
		}{{"client", policy.Client.Addresses}, {"server", policy.Server.Addresses}} {
			for j, a := range side.addresses {
				if a.Prefix.Addr().IsMulticast() || a.Lo.IsMulticast() {
					l.report(Warning, fmt.Sprintf("selectors.policies[%d].%s.addresses[%d]", i, side.key, j),
						"unicast addresses; or a group key management such as GDOI (RFC 3547), and its availability under i", "%s is a multicast address, and IKE negotiates with one peer", a)
				}
			}
		}
	}
}
