package profile

import (
	"fmt"
	"regexp"
	"strings"
)

// answerRules hold the profile against section 8: is every question answered,
// in all its parts?
func answerRules() []Rule {
	return []Rule{
		{"answered", ItemSelectors, "8", `"The range of choices make it mandatory to define precisely how IPsec is to be used."`, checkAnswered},
		{"placeholder", ItemSelectors, "8", `"Authors of standards documents that rely on IPsec must specify the following": a promise to do so is no specification.`, checkPlaceholder},
		{"mandatory-to-implement", ItemProtection, "9", `"For the sake of interoperability, either AH or ESP would need to be specified as mandatory to implement." The same holds for every choice: without one alternative that all have, two products may have none in common.`, checkMandatory},
		{"ike-version", ItemIKE, "8", `Question h: "You must specify which version of IKE you require."`, checkIKEVersion},
		{"availability-open", ItemAvailability, "8", `Question i: "Is suitable IPsec support available in likely configurations of the products that would have to employ IPsec?"`, checkAvailabilityOpen},
		{"availability-missing", ItemAvailability, "4", `Where IPsec is missing in many of the endpoints, "it is generally inappropriate to rely on IPsec"; to demand it there is "tantamount to saying 'turn off security'".`, checkAvailabilityMissing},
	}
}

func checkAnswered(l *linter) {
	p := l.p
	hollow := func(item Item, path, instead string) {
		l.rule.Item = item
		l.report(Problem, path, instead, "question %s is not answered: %s says nothing", item, path)
	}
	if len(p.Selectors.Policies) == 0 {
		hollow(ItemSelectors, "selectors.policies", "one policy for each conversation that is to be protected, with its addresses, protocol and ports")
	}
	examples := map[string]string{
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
	for _, list := range p.lists() {
		example, asked := examples[list.path]
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
			l.rule.Item = item
			l.report(Problem, path, "the answer itself", "%q is a placeholder", text)
		}
	}
	check(ItemSelectors, "title", p.Title)
	check(ItemUserGranularity, "user_granularity.when", p.UserGranularity.When)
	for i, c := range p.Authentication.Contexts {
		check(ItemAuthentication, fmt.Sprintf("authentication.contexts[%d].where", i), c.Where)
	}
	for i, s := range p.Authorization.Issuers {
		check(ItemAuthorization, fmt.Sprintf("authorization.issuers[%d]", i), s)
	}
	for i, s := range p.Authorization.Identities {
		check(ItemAuthorization, fmt.Sprintf("authorization.identities[%d]", i), s)
	}
	for i, t := range p.Availability.Targets {
		check(ItemAvailability, fmt.Sprintf("availability.targets[%d].product", i), t.Product)
	}
}

func checkMandatory(l *linter) {
	for _, list := range l.p.lists() {
		admitted := list.levels.Admitted()
		if len(list.levels.Must) > 0 || len(admitted) == 0 || list.path == "keying.phase2.groups" {
			continue
		}
		l.rule.Item = list.item
		key := list.path[strings.LastIndexByte(list.path, '.')+1:]
		l.report(Warning, list.path, fmt.Sprintf("%s: {must: [%s], …}", key, admitted[0]), "no alternative in %s is mandatory to implement", list.path)
	}
}

func checkIKEVersion(l *linter) {
	if l.p.Keying.Method == IKE && l.p.IKE.Version == VersionUnstated {
		l.report(Problem, "ike.version", "version: 1 (or 2)", "keys are managed by IKE, and nothing says by which version")
	}
}

func checkAvailabilityOpen(l *linter) {
	for i, t := range l.p.Availability.Targets {
		if t.Status == StatusOpen {
			l.report(Note, fmt.Sprintf("availability.targets[%d].status", i),
				"status: available, partial or missing, once products have been run against this profile",
				"whether %s can do this has not been looked into", t.Product)
		}
	}
}

func checkAvailabilityMissing(l *linter) {
	for i, t := range l.p.Availability.Targets {
		if t.Status == StatusMissing {
			l.report(Warning, fmt.Sprintf("availability.targets[%d].status", i),
				"another standardized security protocol for these products, or a narrower scope",
				"%s cannot do what this profile asks", t.Product)
		}
	}
}
