package profile

import (
	"fmt"
	"regexp"
	"strings"
)

// answerRules hold the profile against sections 8 and 9: is every question
// answered, in all its parts, and do the answers make a specification?
func answerRules() []Rule {
	return []Rule{
		{
			ID: "answered", Title: "A question is not answered", Item: ItemSelectors, Section: "8", Severity: Problem,
			Advice:  `"The range of choices make it mandatory to define precisely how IPsec is to be used."`,
			Instead: "the answer",
			check:   checkAnswered,
		},
		{
			ID: "placeholder", Title: "A placeholder stands for an answer", Item: ItemSelectors, Section: "8", Severity: Problem,
			Advice:  `"Authors of standards documents that rely on IPsec must specify the following": a promise to do so is no specification.`,
			Instead: "the answer itself",
			check:   checkPlaceholder,
		},
		{
			ID: "setting-unstated", Title: "Nothing says where the protocol lives", Item: ItemSelectors, Section: "1", Severity: Note,
			Advice:  `IPsec is "sometimes the correct security solution": whether it is, and how it is to be used, depends on who talks to whom across what.`,
			Instead: "setting: {segment: …, relation: …, nat: …, addresses: …}",
			check:   checkSetting,
		},
		{
			ID: "mandatory-to-implement", Title: "No alternative is mandatory to implement", Item: ItemProtection, Section: "9", Severity: Warning,
			Advice:  `"For the sake of interoperability, either AH or ESP would need to be specified as mandatory to implement." The same holds for every choice: without one alternative that all have, two products may have none in common.`,
			Instead: "one alternative under must",
			check:   checkMandatory,
		},
		{
			ID: "replay-protection", Title: "Replay protection is not required", Item: ItemProtection, Section: "9", Severity: Warning,
			Advice:  `"To permit replay detection, an automated key management system should be used": where there is one, nothing speaks against detection.`,
			Instead: "replay_protection: required",
			check: func(l *linter) {
				if n := l.p.Protection.ReplayProtection; l.p.Keying.Method > Manual && (n == None || n == Optional) {
					l.report("protection.replay_protection", "replay protection is %q, and key management is automated", n)
				}
			},
		},
		{
			ID: "user-shares-sa", Title: "Users of a login service share an SA", Item: ItemUserGranularity, Section: "8", Severity: Note,
			Advice:  `Question e: when the server switches users, "is a new security association negotiated"? If not, what the first user proved is all that IPsec knows of the second.`,
			Instead: "sa: on-login, and when; or users are authenticated by the application",
			check: func(l *linter) {
				if s := l.p.UserGranularity.SwitchesUser; s != nil && *s && l.p.UserGranularity.SA == UserSANever {
					l.report("user_granularity.sa", "the server switches users, and there is no SA of their own")
				}
			},
		},
		{
			ID: "admits-all", Title: "Whoever authenticates may do anything", Item: ItemAuthorization, Section: "8", Severity: Note,
			Advice:  `Question g: "are all devices with a certificate from a particular source allowed to use any application with … IPsec or access any resource?"`,
			Instead: "accept: identity-list or designated-peers; or rules that say who may use which policies",
			check:   checkAdmitsAll,
		},
		{
			ID: "address-unchecked", Title: "The asserted address is not held against packets", Item: ItemAuthorization, Section: "9", Severity: Warning,
			Advice:  `"If ESP is used, the sender's IP address would need to be checked against the IP address asserted in the key management exchange."`,
			Instead: "address_match: true",
			check:   checkAddressUnchecked,
		},
		{
			ID: "ike-version", Title: "The version of IKE is not stated", Item: ItemIKE, Section: "8", Severity: Problem,
			Advice:  `Question h: "You must specify which version of IKE you require."`,
			Instead: "version: 1 (or 2)",
			check: func(l *linter) {
				if l.p.Keying.Method == IKE && l.p.IKE.Version == VersionUnstated {
					l.report("ike.version", "keys are managed by IKE, and nothing says by which version")
				}
			},
		},
	}
}

// answerExamples are the lists that no profile can do without.
var answerExamples = map[string]string{
	"protection.protocols":             "protocols: {must: [esp]}",
	"protection.modes":                 "modes: {must: [transport]}",
	"protection.algorithms.encryption": "encryption: {must: [aes128-cbc]}",
	"protection.algorithms.integrity":  "integrity: {must: [hmac-sha256-128]}",
	"keying.phase1.encryption":         "encryption: {must: [aes128-cbc]}",
	"keying.phase1.hash":               "hash: {must: [sha256]}",
	"keying.phase1.group":              "group: {must: [modp2048]}",
	"identification.forms":             "forms: {must: [ipv4_addr, ipv6_addr]}",
	"authentication.methods":           "methods: {must: [rsa-sig], may: [psk]}",
	"ike.modes":                        "modes: {must: [main], must-not: [aggressive]}",
}

func checkAnswered(l *linter) {
	p := l.p
	hollow := func(item Item, path, instead string) {
		f := l.report(path, "question %s is not answered: %s says nothing", item, path)
		f.Item, f.Instead = item, instead
	}
	if len(p.Selectors.Policies) == 0 {
		hollow(ItemSelectors, "selectors.policies", "one policy for each conversation that is to be protected, with its addresses, protocol and ports")
	}
	for _, list := range p.lists() {
		example, asked := answerExamples[list.path]
		switch {
		case !asked || list.levels.Stated():
		case strings.HasPrefix(list.path, "keying.phase1.") && p.Keying.Method != IKE:
		case list.path == "ike.modes" && (p.IKE.Version == Version2 || p.IKE.Version == VersionNone):
		case list.path == "protection.algorithms.encryption" && len(p.Protection.Protocols.Admitted()) == 1 && p.Protection.AllowsProtocol("ah"):
		default:
			hollow(list.item, list.path, example)
		}
	}
	if len(p.Availability.Targets) == 0 {
		hollow(ItemAvailability, "availability.targets", "the kinds of product that would have to employ IPsec, each with what is known of it")
	}
}

var placeholder = regexp.MustCompile(`(?i)^\W*(tbd|tba|todo|fixme|xxx|unknown|to be (determined|defined|decided|done|announced))\b|\?\?`)

func checkPlaceholder(l *linter) {
	p := l.p
	check := func(item Item, path, text string) {
		if placeholder.MatchString(text) {
			l.report(path, "%q is a placeholder", text).Item = item
		}
	}
	all := func(item Item, path string, texts []string) {
		for i, text := range texts {
			check(item, fmt.Sprintf("%s[%d]", path, i), text)
		}
	}
	check(ItemSelectors, "title", p.Title)
	check(ItemUserGranularity, "user_granularity.when", p.UserGranularity.When)
	for i, c := range p.Authentication.Contexts {
		check(ItemAuthentication, fmt.Sprintf("authentication.contexts[%d].where", i), c.Where)
	}
	all(ItemAuthorization, "authorization.issuers", p.Authorization.Issuers)
	all(ItemAuthorization, "authorization.identities", p.Authorization.Identities)
	for i, r := range p.Authorization.Rules {
		all(ItemAuthorization, fmt.Sprintf("authorization.rules[%d].issuers", i), r.Issuers)
		all(ItemAuthorization, fmt.Sprintf("authorization.rules[%d].identities", i), r.Identities)
	}
	for i, t := range p.Availability.Targets {
		check(ItemAvailability, fmt.Sprintf("availability.targets[%d].product", i), t.Product)
		all(ItemAvailability, fmt.Sprintf("availability.targets[%d].platforms", i), t.Platforms)
	}
	check(ItemAvailability, "availability.cost", p.Availability.Cost)
	check(ItemAvailability, "availability.denial_of_service", p.Availability.DenialOfService)
	for i, a := range p.Accepted {
		check(ItemSelectors, fmt.Sprintf("accepted[%d].why", i), a.Why)
	}
}

func checkSetting(l *linter) {
	s := l.p.Setting
	for _, part := range []struct {
		key    string
		stated bool
	}{
		{"segment", s.Segment != 0},
		{"relation", s.Relation != 0},
		{"nat", s.NAT != 0 || s.Relation == Hub}, // users-behind-nat has more to say
		{"addresses", s.Addresses != 0},
	} {
		if !part.stated {
			l.report("setting."+part.key, "setting.%s is not stated, and some advice depends on it", part.key)
		}
	}
}

func checkMandatory(l *linter) {
	for _, list := range l.p.lists() {
		admitted := list.levels.Admitted()
		if len(list.levels.Must) > 0 || len(admitted) == 0 || list.path == "keying.phase2.groups" {
			continue
		}
		key := list.path[strings.LastIndexByte(list.path, '.')+1:]
		f := l.report(list.path, "no alternative in %s is mandatory to implement", list.path)
		f.Item, f.Instead = list.item, fmt.Sprintf("%s: {must: [%s], …}", key, admitted[0])
	}
}

func checkAdmitsAll(l *linter) {
	g := l.p.Authorization
	protected := 0
	for _, policy := range l.p.Selectors.Policies {
		if policy.Action == Protect {
			protected++
		}
	}
	switch {
	case len(g.Rules) > 0:
	case g.Accept == AcceptAny:
		l.report("authorization.accept", "whoever authenticates may use all that is protected")
	case g.Accept == AcceptIssued && protected > 1:
		l.report("authorization.accept", "whoever has a certificate of these issuers may use all %d conversations that are protected", protected)
	}
}

func checkAddressUnchecked(l *linter) {
	p := l.p
	if m := p.Authorization.AddressMatch; m == nil || *m || p.Setting.NAT == Likely || !p.Protection.AllowsProtocol("esp") {
		return
	}
	for _, form := range p.Identification.admitted() {
		if namesAddress(form) {
			l.report("authorization.address_match", "participants may assert an address, and it is not held against the source of their packets")
			return
		}
	}
}

// namesAddress reports whether a form of identification is an address.
func namesAddress(form string) bool { return form == "ipv4_addr" || form == "ipv6_addr" }
