package profile

import (
	"fmt"
	"slices"
)

// keyingRules hold the profile against section 3.3: key management, and what
// participants authenticate by.
func keyingRules() []Rule {
	return []Rule{
		{
			ID: "manual-replay", Title: "Replay protection with manual keys", Item: ItemKeying, Section: "3.3", Severity: Problem,
			Advice:  `"IPsec's replay protection mechanisms are not available if manual key management is used."`,
			Instead: "method: ike in keying, or replay_protection: none with the reason why replays do no harm",
			check: func(l *linter) {
				if n := l.p.Protection.ReplayProtection; l.p.Keying.Method == Manual && n >= Optional {
					f := l.report("protection.replay_protection", "replay protection is %q, and with manual keys there is none", n)
					if l.p.needsManual() {
						f.Instead = "replay_protection: none with the reason why replays do no harm; or a protection that is not IPsec"
					}
				}
			},
		},
		{
			ID: "manual-scale", Title: "Manual keys with many peers", Item: ItemKeying, Section: "3.3", Severity: Warning,
			Advice:  `"Manual key management is easy; however, it doesn't scale very well", and "using shared secrets in IKE is far preferable to manual keying" (RFC 4107).`,
			Instead: "method: ike",
			check: func(l *linter) {
				if l.p.Keying.Method == Manual && l.p.Setting.Relation > Pairs {
					f := l.report("keying.method", "keys are set by hand for a relation of %s", l.p.Setting.Relation)
					if l.p.needsManual() {
						f.Instead = "as few members for each key as can be, since IKE cannot make keys for these packets; or a protection that is not IPsec"
					}
				}
			},
		},
		{
			ID: "manual-keys", Title: "Keys set by hand where IKE would do", Item: ItemKeying, Section: "3.3", Severity: Note,
			Advice:  `"Using shared secrets in IKE is far preferable to manual keying", even between two; RFC 8221 3 says that manual keying SHOULD NOT be used.`,
			Instead: "method: ike, with methods: {must: [psk]} under authentication",
			check: func(l *linter) {
				if l.p.Keying.Method == Manual && l.p.Setting.Relation <= Pairs && !l.p.needsManual() {
					l.report("keying.method", "keys are set by hand, and nothing says that IKE could not make them")
				}
			},
		},
		{
			ID: "kink", Title: "Key management that needs Kerberos", Item: ItemKeying, Section: "3.3", Severity: Note,
			Advice:  `KINK "is suitable if and only if a Kerberos infrastructure is available".`,
			Instead: "method: ike, unless every participant has Kerberos anyway",
			check: func(l *linter) {
				if l.p.Keying.Method == KINK {
					l.report("keying.method", "key management is KINK, which needs Kerberos at every participant, and which nothing here can test")
				}
			},
		},
		{
			ID: "before-ip", Title: "Automated keys for a protocol that IP depends on", Item: ItemKeying, Section: "3.3", Severity: Problem,
			Advice:  `For neighbour discovery "it was impossible to do key management: nodes couldn't use IKE because it required IP-level communication".`,
			Instead: "method: manual, or a protection that is not IPsec, such as RFC 3971 for neighbour discovery; before_ip: false under setting, where IP works already",
			check:   checkBeforeIP,
		},
		{
			ID: "shared-secret-scale", Title: "Shared secrets between many and many", Item: ItemAuthentication, Section: "3.3", Severity: Warning,
			Advice:  `Shared secrets do not scale "in many-to-many communication scenarios, since each endpoint must share a unique secret with every peer".`,
			Instead: "methods: {must: [rsa-sig]}",
			check:   checkSharedSecretScale,
		},
		{
			ID: "group-secret", Title: "One shared secret for a whole group", Item: ItemAuthentication, Section: "3.3", Severity: Warning,
			Advice:  `With shared secrets "each endpoint must share a unique secret with every peer": who shares one with a group can be taken for any member, and for the server.`,
			Instead: "secrets: pair; or a certificate for the server, at least (hybrid-init-rsa)",
			check: func(l *linter) {
				if l.p.Authentication.Secrets == SharedByGroup {
					l.report("authentication.secrets", "all members of a group have the same secret")
				}
			},
		},
		{
			ID: "public-key-encryption", Title: "Authentication by public key encryption", Item: ItemAuthentication, Section: "3.3", Severity: Warning,
			Advice:  `IKE has "two different ways of using public key encryption" beside signatures (RFC 2409 5.2, 5.3). They are two methods, and products with either are few.`,
			Instead: "methods: {must: [rsa-sig]}",
			check:   checkPublicKeyEncryption,
		},
		{
			ID: "issuer-unstated", Title: "Nobody is said to issue the certificates", Item: ItemAuthentication, Section: "3.3", Severity: Warning,
			Advice:  `"In most real-world situations where public key modes of IKE are used, locally-issued certificates are employed."`,
			Instead: "certificates: local",
			check:   checkIssuerUnstated,
		},
		{
			ID: "existing-pki", Title: "Certificates from an existing PKI", Item: ItemAuthentication, Section: "3.3", Severity: Note,
			Advice:  `It is possible to use certificates "from an existing public key infrastructure (PKI) with IKE. In practice, this is rare."`,
			Instead: "certificates: local",
			check: eachIssuer(func(l *linter, path string, by Issuer) {
				if by == IssuerPKI {
					l.report(path, "certificates are expected from a PKI that exists already")
				}
			}),
		},
		{
			ID: "global-pki", Title: "A global PKI is assumed", Item: ItemAuthentication, Section: "3.3", Severity: Warning,
			Advice:  `There "is no global PKI covering most Internet endpoints, there probably never will be one. Designing a structure which assumes such a PKI is a mistake."`,
			Instead: "certificates: local",
			check: eachIssuer(func(l *linter, path string, by Issuer) {
				if by == IssuerGlobal {
					l.report(path, "certificates are expected from a global PKI")
				}
			}),
		},
		{
			ID: "aggressive-psk", Title: "Aggressive mode with a shared secret", Item: ItemIKE, Section: "3.3", Severity: Warning,
			Advice:  `"The precise mode of operation must be specified." In aggressive mode with a shared secret the responder sends HASH_R in clear (RFC 2409 5.4): whoever asks can guess the secret at home.`,
			Instead: "modes: {must: [main], must-not: [aggressive]}, or no psk under authentication",
			check: func(l *linter) {
				at, level, ok := l.p.listed("ike.modes", "aggressive")
				if ok && slices.ContainsFunc(l.p.methods(), usesSharedSecret) {
					l.report(at, "aggressive mode is under %q, and shared secrets are admitted", level)
				}
			},
		},
		{
			ID: "public-key-cost", Title: "The cost of public key operations is not considered", Item: ItemAvailability, Section: "3.3", Severity: Note,
			Advice:  `"Protocol designers should consider whether or not such computations are feasible on devices of interest to their clientele": on small ones, and at "concentration points, such as firewalls or VoIP servers".`,
			Instead: "cost: how many associations per second the smallest device and the busiest one have to make, and that they can",
			check:   checkPublicKeyCost,
		},
	}
}

// lowPorts are those by which hosts get their address: DHCP (RFC 2131, 8415).
var lowPorts = []uint16{67, 68, 546, 547}

// needsManual reports whether there is traffic that IKE can make no keys for.
func (p *Profile) needsManual() bool {
	return p.Setting.BeforeIP || slices.ContainsFunc(p.Selectors.Policies, func(policy Policy) bool {
		return policy.protects() && policy.Protocol == 58 || policy.toMany()
	})
}

func checkBeforeIP(l *linter) {
	if l.p.Keying.Method == Manual {
		return
	}
	if l.p.Setting.BeforeIP {
		l.report("keying.method", "the protocol runs before IP works, and keys are managed by %s, which needs IP", l.p.Keying.Method)
		return
	}
	if l.p.doc != nil && l.p.doc.Has("setting.before_ip") { // false, in so many words
		return
	}
	for i, policy := range l.p.Selectors.Policies {
		low := policy.Protocol == 58 || policy.Protocol == 17 && slices.ContainsFunc(policy.Server.Ports, func(r PortRange) bool {
			return slices.Contains(lowPorts, r.Lo) && slices.Contains(lowPorts, r.Hi) && r.Hi-r.Lo <= 1
		})
		if policy.protects() && low {
			path := fmt.Sprintf("selectors.policies[%d].protocol", i)
			l.report(path, "what the policy %q protects has to pass before IP works, and keys are managed by %s, which needs IP", policy.Name, l.p.Keying.Method).Severity = Warning
		}
	}
}

func checkSharedSecretScale(l *linter) {
	check := func(path string, relation Relation) {
		for _, e := range l.p.list(path).entries() {
			if relation == ManyToMany && e.level >= May && usesSharedSecret(e.slug) {
				l.report(e.path, "%s is under %q, and anyone may communicate with anyone", e.slug, e.level)
			}
		}
	}
	general := l.p.Setting.Relation
	check("authentication.methods", general)
	for i, c := range l.p.Authentication.Contexts {
		relation := c.Relation
		if relation == 0 {
			relation = general
		}
		check(fmt.Sprintf("authentication.contexts[%d].methods", i), relation)
	}
}

func checkPublicKeyEncryption(l *linter) {
	for _, list := range l.p.lists() {
		for _, e := range list.entries() {
			if list.item != ItemAuthentication || e.level < May || !encryptsByPublicKey(e.slug) {
				continue
			}
			f := l.report(e.path, "%s is under %q, and few products have it", e.slug, e.level)
			if e.level == May {
				f.Severity = Note
			}
		}
	}
}

// eachIssuer checks who issues certificates, in general and in each context.
func eachIssuer(check func(l *linter, path string, by Issuer)) func(*linter) {
	return func(l *linter) {
		check(l, "authentication.certificates", l.p.Authentication.Certificates)
		for i, c := range l.p.Authentication.Contexts {
			check(l, fmt.Sprintf("authentication.contexts[%d].certificates", i), c.Certificates)
		}
	}
}

func checkIssuerUnstated(l *linter) {
	a := l.p.Authentication
	if a.Certificates != 0 {
		return
	}
	if slices.ContainsFunc(a.Methods.Admitted(), usesCertificates) {
		l.report("authentication.certificates", "certificates may be used, and nothing says who issues them")
		return
	}
	for i, c := range a.Contexts {
		if c.Certificates == 0 && slices.ContainsFunc(c.Methods.Admitted(), usesCertificates) {
			l.report(fmt.Sprintf("authentication.contexts[%d].certificates", i), "certificates may be used here, and nothing says who issues them")
		}
	}
}

func checkPublicKeyCost(l *linter) {
	p := l.p
	if p.Availability.Cost != "" || !slices.ContainsFunc(p.methods(), usesCertificates) {
		return
	}
	for i, t := range p.Availability.Targets {
		if t.Need != None && (t.Class == ClassConcentrator || t.Class == ClassEmbedded) {
			l.report(fmt.Sprintf("availability.targets[%d].class", i), "%s may have to do public key operations, and nothing says that they can", t.Product)
			return
		}
	}
	if p.Setting.Relation > Pairs {
		l.report("availability", "a relation of %s makes many public key operations at one place, and nothing says that it can do them", p.Setting.Relation)
	}
}
