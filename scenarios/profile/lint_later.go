package profile

// laterRules hold the profile against what was published after the draft.
func laterRules() []Rule {
	return []Rule{
		{"ikev1-deprecated", ItemIKE, "RFC 9395 3", "IKEv1 is deprecated; new specifications use IKEv2 (RFC 7296). A profile for products that have only version 1 may still ask for it, knowing that newer ones drop it.", checkIKEv1Deprecated},
		{"weak-esp", ItemProtection, "RFC 8221", "The algorithms of ESP and AH have had their requirements revised; what is under SHOULD NOT or MUST NOT there is to be phased out, or gone.", weak("protection.algorithms.encryption", "protection.algorithms.integrity")},
		{"weak-ike", ItemKeying, "RFC 8247 2", "The algorithms of IKE have had their requirements revised; RFC 9395 carries them over to what is left of IKEv1.", weak("keying.phase1.encryption", "keying.phase1.hash", "keying.phase1.group", "keying.phase2.groups")},
	}
}

func checkIKEv1Deprecated(l *linter) {
	if l.p.IKE.Version == Version1 {
		l.report(Note, "ike.version", "version: 2, where the products have it", "IKE version 1 is deprecated")
	}
}

// requirement is what RFC 8221 or RFC 8247 says of an algorithm, and what there
// is in its place.
type requirement struct {
	forbidden bool // MUST NOT; else SHOULD NOT
	instead   string
}

// weakAlgorithms are by list, because the two RFCs do not agree on 3DES.
var weakAlgorithms = map[string]map[string]requirement{
	"protection.algorithms.encryption": {
		"des-cbc":      {true, "aes128-cbc"},
		"blowfish-cbc": {true, "aes128-cbc"},
		"3des-cbc":     {false, "aes128-cbc"},
	},
	"protection.algorithms.integrity": {
		"hmac-md5-96": {true, "hmac-sha256-128"},
	},
	"keying.phase1.encryption": {
		"des-cbc": {true, "aes128-cbc"},
	},
	"keying.phase1.hash": {
		"md5": {true, "sha256"},
	},
	"keying.phase1.group":  weakGroups,
	"keying.phase2.groups": weakGroups,
}

var weakGroups = map[string]requirement{
	"modp768":      {true, "modp2048"},
	"modp1024":     {false, "modp2048"},
	"modp1536":     {false, "modp2048"},
	"modp1024s160": {true, "modp2048"},
	"modp2048s224": {false, "modp2048"},
	"modp2048s256": {false, "modp2048"},
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
				severity, status := Warning, "SHOULD NOT"
				if r.forbidden {
					status = "MUST NOT"
				} else if e.level == May {
					severity = Note
				}
				l.report(severity, e.path, r.instead, "%s is under %q, and %s be implemented any more", e.slug, e.level, status)
			}
		}
	}
}
