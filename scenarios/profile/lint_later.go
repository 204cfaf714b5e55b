package profile

import (
	"slices"
	"strings"
)

// laterRules hold the profile against the documents that the draft rests on,
// and against what was published after it.
func laterRules() []Rule {
	return []Rule{
		{
			ID: "psk-main-identity", Title: "Main mode cannot find the shared secret", Item: ItemIdentification, Section: "RFC 2409 5.4", Severity: Problem,
			Advice:  "In main mode with a pre-shared key the key has to be known before the identity is: it can only be found by the address that packets come from.",
			Instead: "forms that include ipv4_addr and ipv6_addr; or certificates, which go with any form",
			check:   checkMainIdentity,
		},
		{
			ID: "transport-behind-nat", Title: "Transport mode where a NAT is likely", Item: ItemProtection, Section: "RFC 3948 5.2", Severity: Note,
			Advice:  "In transport mode two clients behind one NAT have the same address for the server, and their selectors collide; checksums have to be made good as well.",
			Instead: "modes: {must: [tunnel]}, or one client behind each NAT",
			check: func(l *linter) {
				if at, level, ok := l.p.listed("protection.modes", "transport"); ok && l.p.Setting.NAT == Likely {
					l.report(at, "transport mode is under %q, and a NAT is likely between the ends", level)
				}
			},
		},
		{
			ID: "xauth", Title: "XAUTH was never a standard", Item: ItemAuthentication, Section: "draft-beaulieu-ike-xauth-02", Severity: Note,
			Advice:  "XAUTH and hybrid authentication are expired drafts. Products differ in what they have of them; version 2 of IKE has EAP in their place.",
			Instead: "methods: {must: [rsa-sig]}, where users can have certificates",
			check:   checkXAUTH,
		},
		{
			ID: "ikev1-deprecated", Title: "IKE version 1 is deprecated", Item: ItemIKE, Section: "RFC 9395 3", Severity: Note,
			Advice:  "IKEv1 is deprecated; new specifications use IKEv2 (RFC 7296). A profile for products that have only version 1 may still ask for it, knowing that newer ones drop it.",
			Instead: "version: 2, where the products have it",
			check: func(l *linter) {
				if l.p.IKE.Version == Version1 {
					l.report("ike.version", "IKE version 1 is deprecated")
				}
			},
		},
		{
			ID: "weak-esp", Title: "Algorithms that ESP and AH should no longer use", Item: ItemProtection, Section: "RFC 8221 5, 6", Severity: Warning,
			Advice:  "The algorithms of ESP and AH have had their requirements revised; what is under SHOULD NOT or MUST NOT there is to be phased out, or gone.",
			Instead: "aes128-cbc with hmac-sha256-128",
			check:   weak("protection.algorithms.encryption", "protection.algorithms.integrity"),
		},
		{
			ID: "counter-manual", Title: "A counter mode with keys set by hand", Item: ItemProtection, Section: "RFC 4106 2", Severity: Problem,
			Advice:  "In CTR and GCM a counter that is used twice with one key gives the plaintext away, as it is after a restart: implementations MUST have automated key management for GCM, and RFC 3686 says the same of CTR.",
			Instead: "method: ike in keying; or aes128-cbc",
			check: func(l *linter) {
				for _, e := range l.p.list("protection.algorithms.encryption").entries() {
					if l.p.Keying.Method == Manual && e.level >= May && (AEAD(e.slug) || strings.HasSuffix(e.slug, "-ctr")) {
						l.report(e.path, "%s is under %q, and keys are set by hand", e.slug, e.level)
					}
				}
			},
		},
		{
			ID: "weak-ike", Title: "Algorithms that IKE should no longer use", Item: ItemKeying, Section: "RFC 8247 2", Severity: Warning,
			Advice:  "The algorithms of IKE version 2 have had their requirements revised. Version 1 is frozen, and nothing newer is said of it; what is broken in version 2 is broken there too.",
			Instead: "aes128-cbc, sha256, modp2048",
			check:   weak("keying.phase1.encryption", "keying.phase1.hash", "keying.phase1.group", "keying.phase2.groups"),
		},
	}
}

func checkMainIdentity(l *linter) {
	p := l.p
	if p.Keying.Method != IKE || p.IKE.Version != Version1 || !p.IKE.AllowsMode("main") || p.IKE.AllowsMode("aggressive") ||
		p.Identification.AllowsInitiator("ipv4_addr") || p.Identification.AllowsInitiator("ipv6_addr") {
		return
	}
	if slices.ContainsFunc(p.methods(), usesSharedSecret) {
		l.report(p.formsOf("initiator"), "shared secrets are admitted, main mode is the only mode, and no initiator is known by its address")
	}
}

func checkXAUTH(l *linter) {
	for _, list := range l.p.lists() {
		for _, e := range list.entries() {
			if list.item == ItemAuthentication && e.level >= May && (strings.HasPrefix(e.slug, "xauth-") || strings.HasPrefix(e.slug, "hybrid-")) {
				l.report(e.path, "%s is under %q, and was never standardized", e.slug, e.level)
			}
		}
	}
}

// requirement is what RFC 8221, RFC 8247 or RFC 9395 says of an algorithm, and what there
// is in its place.
type requirement struct{ status, instead string }

const (
	mustNot    = "MUST NOT be implemented any more"
	shouldNot  = "SHOULD NOT be implemented any more"
	deprecated = "is deprecated (RFC 9395 5)"
)

// weakAlgorithms are by list, because the two RFCs do not agree on 3DES.
var weakAlgorithms = map[string]map[string]requirement{
	"protection.algorithms.encryption": {
		"des-cbc":      {mustNot, "aes128-cbc"},
		"blowfish-cbc": {mustNot, "aes128-cbc"},
		"cast128-cbc":  {deprecated, "aes128-cbc"},
		"3des-cbc":     {shouldNot, "aes128-cbc"},
	},
	"protection.algorithms.integrity": {
		"hmac-md5-96": {mustNot, "hmac-sha256-128"},
	},
	"keying.phase1.encryption": {
		"des-cbc":      {mustNot, "aes128-cbc"},
		"blowfish-cbc": {deprecated, "aes128-cbc"},
		"cast128-cbc":  {deprecated, "aes128-cbc"},
	},
	"keying.phase1.hash": {
		"md5": {mustNot, "sha256"},
	},
	"keying.phase1.group":  weakGroups,
	"keying.phase2.groups": weakGroups,
}

var weakGroups = map[string]requirement{
	"modp768":      {mustNot, "modp2048"},
	"modp1024":     {shouldNot, "modp2048"},
	"modp1536":     {shouldNot, "modp2048"},
	"modp1024s160": {mustNot, "modp2048"},
	"modp2048s224": {shouldNot, "modp2048"},
	"modp2048s256": {shouldNot, "modp2048"},
}

// weak checks lists of algorithms. To admit what one should not have is worth a
// note, if no more than that is asked of it.
func weak(paths ...string) func(*linter) {
	return func(l *linter) {
		for _, path := range paths {
			for _, e := range l.p.list(path).entries() {
				r, ok := weakAlgorithms[path][e.slug]
				if !ok || e.level < May {
					continue
				}
				f := l.report(e.path, "%s is under %q, and %s", e.slug, e.level, r.status)
				f.Instead = r.instead
				if r.status == shouldNot && e.level == May {
					f.Severity = Note
				}
			}
		}
	}
}
