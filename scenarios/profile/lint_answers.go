package profile

import (
	"fmt"
	"regexp"
	"slices"
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
			ID: "secret-unauthorized", Title: "Nothing lets in who has a shared secret", Item: ItemAuthorization, Section: "8", Severity: Warning,
			Advice:  `Question g: "How are the participants authorized to perform the operations that they request?" Who authenticates by a shared secret has no certificate, and so no issuer.`,
			Instead: "accept: identity-list or designated-peers; or methods with certificates only",
			check:   checkSecretUnauthorized,
		},
		{
			ID: "address-unchecked", Title: "The asserted address is not held against packets", Item: ItemAuthorization, Section: "9", Severity: Warning,
			Advice:  `"If ESP is used, the sender's IP address would need to be checked against the IP address asserted in the key management exchange."`,
			Instead: "address_match: true",
			check:   checkAddressUnchecked,
		},
		{
			ID: "address-behind-nat", Title: "The asserted address is held against packets that a NAT changes", Item: ItemAuthorization, Section: "3.1", Severity: Warning,
			Advice:  `"All variants of IPsec have problems with NAT boxes -- see [RFC3715]": an end behind one asserts an address that its packets do not come from (RFC 3715 2.1).`,
			Instead: "address_match: false, and identities that are no addresses; or nat: unlikely under setting, if that is known",
			check: func(l *linter) {
				if m := l.p.Authorization.AddressMatch; m != nil && *m && l.p.Setting.NAT == Likely {
					l.report("authorization.address_match", "the asserted address has to be the source of packets, and a NAT between the ends is likely to change that")
				}
			},
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
		{
			ID: "ikev2", Title: "Version 2 of IKE", Item: ItemIKE, Section: "8", Severity: Note,
			Advice:  `Question h: "IKEv2 is simpler and cleaner, but is not yet widely available", it said in 2008; the draft is about version 1 and "does not discuss IKEv2 and IPsecv3" (3.3).`,
			Instead: "nothing, where all products have version 2; version: 1 for what this tool can test",
			check: func(l *linter) {
				if l.p.IKE.Version == Version2 {
					l.report("ike.version", "IKE version 2 is asked for, which the draft does not discuss and nothing here can test")
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

// partOf returns the path of the general list for that of a list for a part of the
// setting, which has to say something as well.
func partOf(path string) string {
	switch {
	case strings.HasPrefix(path, "protection.segments["):
		return "protection.modes"
	case strings.HasPrefix(path, "authentication.contexts["):
		return "authentication.methods"
	}
	return path
}

func checkAnswered(l *linter) {
	p := l.p
	hollow := func(item Item, path, instead string) {
		f := l.report(path, "question %s is not answered: %s says nothing", item, path)
		f.Item, f.Instead = item, instead
	}
	if len(p.Selectors.Policies) == 0 {
		hollow(ItemSelectors, "selectors.policies", "one policy for each conversation that is to be protected, with its addresses, protocol and ports")
	} else if p.Selectors.Otherwise != Protect && !slices.ContainsFunc(p.Selectors.Policies, Policy.protects) {
		l.report("selectors.policies", "question a is not answered: no policy protects anything").Instead = "action: protect for each conversation that is to be protected"
	}
	for _, list := range p.lists() {
		example, asked := answerExamples[partOf(list.path)]
		switch {
		case !asked || list.levels.Stated():
		case strings.HasPrefix(list.path, "keying.phase1.") && p.Keying.Method != IKE:
		case list.path == "ike.modes" && (p.IKE.Version == Version2 || p.IKE.Version == VersionNone):
		case p.Keying.Method != IKE && (list.item == ItemIdentification || list.item == ItemAuthentication): // theirs are not IKE's
		case list.path == "protection.algorithms.integrity" && p.Protection.onlyAEAD():
		case list.path == "protection.algorithms.encryption" && len(p.Protection.Protocols.Admitted()) == 1 && p.Protection.AllowsProtocol("ah"):
		default:
			hollow(list.item, list.path, example)
		}
	}
	if len(p.Availability.Targets) == 0 {
		hollow(ItemAvailability, "availability.targets", "the kinds of product that would have to employ IPsec, each with what is known of it")
	}
}

// placeholder matches what stands for an answer: the usual words in capitals
// anywhere, in other letters by themselves only, since they may begin a sentence.
var placeholder = regexp.MustCompile(`\b(TBD|TBA|TODO|FIXME|XXX+)\b|(?i:^[\pP\s]*(tbd|tba|todo|fixme|xxx+|unknown|n/?a)?[\pP\s]*$|^[\pP\s]*to be (determined|defined|decided|done|announced|written)\b|\?\?)`)

func checkPlaceholder(l *linter) {
	p := l.p
	check := func(item Item, path, text string) {
		if text != "" && placeholder.MatchString(text) {
			l.report(path, "%q is a placeholder", text).Item = item
		}
	}
	all := func(item Item, path string, texts []string) {
		for i, text := range texts {
			check(item, fmt.Sprintf("%s[%d]", path, i), text)
		}
	}
	check(ItemSelectors, "title", p.Title)
	check(ItemSelectors, "spec", p.Spec)
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
		check(ItemAvailability, fmt.Sprintf("availability.targets[%d].note", i), t.Note)
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
		if len(list.levels.Must) > 0 || !list.levels.Stated() || list.path == "keying.phase2.groups" {
			continue
		}
		key := list.path[strings.LastIndexByte(list.path, '.')+1:]
		f := l.report(list.path, "no alternative in %s is mandatory to implement", list.path)
		f.Item, f.Instead = list.item, answerExamples[partOf(list.path)]
		if len(admitted) > 0 {
			f.Instead = fmt.Sprintf("%s: {must: [%s], …}", key, admitted[0])
		} else if f.Instead == "" {
			f.Instead = key + ": {must: […], …}"
		}
	}
}

func checkAdmitsAll(l *linter) {
	g := l.p.Authorization
	protected := 0
	for _, policy := range l.p.Selectors.Policies {
		if policy.protects() {
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

func checkSecretUnauthorized(l *linter) {
	methods := l.p.methods()
	i := slices.IndexFunc(methods, usesSharedSecret)
	if i < 0 {
		return
	}
	check := func(path string, by Accept) {
		if by == AcceptIssued {
			l.report(path, "participants are let in by the issuer of their certificate, and by %s they authenticate without one", methods[i])
		}
	}
	check("authorization.accept", l.p.Authorization.Accept)
	for j, r := range l.p.Authorization.Rules {
		check(fmt.Sprintf("authorization.rules[%d].accept", j), r.Accept)
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
