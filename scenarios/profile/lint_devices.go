package profile

import (
	"fmt"
	"slices"
)

// deviceRules hold the profile against sections 3.4, 4 and 10: what real
// products have, and what they withstand.
func deviceRules() []Rule {
	return []Rule{
		{
			ID: "api", Title: "The application is to know of IPsec", Item: ItemAvailability, Section: "3.4", Severity: Warning,
			Advice:  `"It is difficult or impossible to request IPsec protection, or to tell if was used for given inbound packets or connections", and what API there is "isn't standardized".`,
			Instead: "api: none, with the policy left to the administrator; or security in the application, such as TLS",
			check: func(l *linter) {
				if n := l.p.Setting.API; n >= Optional {
					f := l.report("setting.api", "that the application speaks to IPsec is %q", n)
					if l.p.Availability.RequiresFeature("api") {
						f.Severity = Note
					}
				}
			},
		},
		{
			ID: "embedded", Title: "Embedded or low-end devices", Item: ItemAvailability, Section: "4", Severity: Warning,
			Advice:  `IPsec "is less available for embedded systems. Few hubs, network address translators, etc., implement it, especially at the low end."`,
			Instead: "status: available once that is known; or another security protocol for these devices",
			check: func(l *linter) {
				for i, t := range l.p.Availability.Targets {
					if t.Class == ClassEmbedded && t.Status != StatusAvailable {
						l.reportTarget(t, fmt.Sprintf("availability.targets[%d].class", i), "%s are embedded systems, and whether they have this IPsec is %q", t.Product, t.Status)
					}
				}
			},
		},
		{
			ID: "point-to-point", Title: "Hosts that may have IPsec for VPNs only", Item: ItemAvailability, Section: "4", Severity: Note,
			Advice:  `"Hosts that support IPsec for VPN use frequently do not support it on a point-to-point basis."`,
			Instead: "requires: [point-to-point] under availability, and targets that are known to have it",
			check: func(l *linter) {
				if !l.p.uses("point-to-point") || l.p.Availability.RequiresFeature("point-to-point") {
					return
				}
				for i, t := range l.p.Availability.Targets {
					if t.Class == ClassHost {
						l.reportTarget(t, fmt.Sprintf("availability.targets[%d].class", i), "%s are hosts that have to protect what they say to other hosts, which is not the use that VPNs make of IPsec", t.Product)
					}
				}
			},
		},
		{
			ID: "nested", Title: "IPsec inside IPsec", Item: ItemAvailability, Section: "4", Severity: Warning,
			Advice:  `"Few implementations support multiple layers of IPsec." Who is in a VPN by IPsec "may not be able to employ a second level of IPsec to protect an application connection".`,
			Instead: "requires: [nested-sas] under availability, and targets that are known to have it; or no protection inside the VPN",
			check:   checkNested,
		},
		{
			ID: "availability-open", Title: "Nobody has looked whether products can do it", Item: ItemAvailability, Section: "8", Severity: Note,
			Advice:  `Question i: "Is suitable IPsec support available in likely configurations of the products that would have to employ IPsec?"`,
			Instead: "status: available, partial or missing, once products have been run against this profile",
			check: eachTarget(StatusOpen, func(l *linter, path string, t Target) {
				l.reportTarget(t, path, "whether %s can do this has not been looked into", t.Product)
			}),
		},
		{
			ID: "availability-missing", Title: "Products that cannot do it", Item: ItemAvailability, Section: "4", Severity: Warning,
			Advice:  `Where IPsec is missing in many of the endpoints, "it is generally inappropriate to rely on IPsec"; to demand it there is "tantamount to saying 'turn off security'".`,
			Instead: "another standardized security protocol for these products, or a narrower scope",
			check: eachTarget(StatusMissing, func(l *linter, path string, t Target) {
				l.reportTarget(t, path, "%s cannot do what this profile asks", t.Product)
			}),
		},
		{
			ID: "availability-partial", Title: "Products that can do a part of it", Item: ItemAvailability, Section: "5", Severity: Note,
			Advice:  `"Nevertheless, only a few platforms support it": what a product lacks is what its users go without.`,
			Instead: "lacks, with what it is; and answers that do without, where most products lack it",
			check: eachTarget(StatusPartial, func(l *linter, path string, t Target) {
				if len(t.Lacks) == 0 && t.Note == "" {
					l.reportTarget(t, path, "%s can do a part of what this profile asks, and nothing says which", t.Product)
				}
			}),
		},
		{
			ID: "target-lacks", Title: "Products that lack what is required", Item: ItemAvailability, Section: "5", Severity: Warning,
			Advice:  `What was designed into IPsec is not all there: "Nevertheless, only a few platforms support it."`,
			Instead: "other targets, or answers that do without the feature",
			check: func(l *linter) {
				for i, t := range l.p.Availability.Targets {
					for j, feature := range t.Lacks {
						at := fmt.Sprintf("availability.targets[%d].lacks[%d]", i, j)
						switch {
						case l.p.Availability.RequiresFeature(feature):
							l.reportTarget(t, at, "%s lack %s, and the profile requires it", t.Product, feature)
						case l.p.uses(feature):
							l.reportTarget(t, at, "%s lack %s, and other answers of the profile need it", t.Product, feature)
						}
					}
				}
			},
		},
		{
			ID: "denial-of-service", Title: "Denial of service is not considered", Item: ItemAvailability, Section: "10", Severity: Note,
			Advice:  `"Using IPsec does little to defend against denial of service attacks; in some situations, i.e., on CPU-limited systems, it may contribute to the attacks."`,
			Instead: "denial_of_service: what a flood of negotiations does to a server that anyone can reach, and what is done about it",
			check: func(l *linter) {
				if l.p.Setting.Relation > Pairs && l.p.Keying.Method > Manual && l.p.Availability.DenialOfService == "" {
					l.report("availability", "a relation of %s has servers that answer whoever asks, and nothing is said about denial of service", l.p.Setting.Relation)
				}
			},
		},
	}
}

// reportTarget adds a finding about a target: no more than a note where the target
// may do without IPsec, nothing where it is not to have it.
func (l *linter) reportTarget(t Target, path, format string, args ...any) {
	if t.Need == None {
		return
	}
	if f := l.report(path, format, args...); t.Need == Optional {
		f.Severity = Note
	}
}

// uses reports whether the answers take a feature that products may lack.
func (p *Profile) uses(feature string) bool {
	anyPolicy := func(f func(Policy) bool) bool { return slices.ContainsFunc(p.Selectors.Policies, f) }
	anySpan := func(f func(Span) bool) bool { return slices.ContainsFunc(p.Protection.Segments, f) }
	switch feature {
	case "port-selectors":
		return anyPolicy(func(policy Policy) bool { return policy.protects() && policy.hasPorts() })
	case "sctp-ports":
		return anyPolicy(func(policy Policy) bool { return policy.protects() && policy.hasPorts() && policy.Protocol == 132 })
	case "point-to-point":
		return p.Setting.Segment == HostToHost || anySpan(func(s Span) bool { return s.Segment == HostToHost })
	case "nested-sas":
		return p.Setting.InsideVPN == Likely || anySpan(func(s Span) bool { return s.Inside != 0 })
	case "user-granularity":
		return p.UserGranularity.SA > UserSANever
	case "multicast":
		return anyPolicy(Policy.toMany)
	case "api":
		return p.Setting.API == Required
	}
	return false
}

// eachTarget checks the targets of one status.
func eachTarget(s Status, check func(l *linter, path string, t Target)) func(*linter) {
	return func(l *linter) {
		for i, t := range l.p.Availability.Targets {
			if t.Status == s {
				check(l, fmt.Sprintf("availability.targets[%d].status", i), t)
			}
		}
	}
}

func checkNested(l *linter) {
	if l.p.Availability.RequiresFeature("nested-sas") {
		return
	}
	if l.p.Setting.InsideVPN == Likely {
		l.report("setting.inside_vpn", "participants are likely to be in a VPN, and products may have no second layer of IPsec")
	}
	for i, s := range l.p.Protection.Segments {
		if s.Inside != 0 {
			l.report(fmt.Sprintf("protection.segments[%d].inside", i), "%s is protected inside %s, and products may have no second layer of IPsec", s.Segment, s.Inside)
		}
	}
}
