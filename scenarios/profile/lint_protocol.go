package profile

import (
	"fmt"
	"slices"
)

const natAdvice = `Where the end-points are likely to be separated by a NAT box, which "includes almost all services involving user-to-server traffic", NAT traversal "should be mandated and AH should be avoided".`

// protocolRules hold the profile against sections 3.1 and 3.2: protocols and
// modes.
func protocolRules() []Rule {
	return []Rule{
		{
			ID: "ah-behind-nat", Title: "AH where a NAT is likely", Item: ItemProtection, Section: "3.1", Severity: Warning,
			Advice: natAdvice, Instead: "protocols: {must: [esp], must-not: [ah]}",
			check: func(l *linter) {
				at, level, ok := l.p.listed("protection.protocols", "ah")
				switch s := l.p.Setting; {
				case !ok:
				case s.NAT == Likely:
					l.report(at, "AH is under %q, and a NAT is likely between the ends", level)
				case s.NAT == 0 && s.Relation == Hub:
					f := l.report(at, "AH is under %q, many clients reach a server, and nothing says that no NAT is between them", level)
					f.Instead += "; or nat: unlikely under setting, if that is known"
				}
			},
		},
		{
			ID: "nat-traversal", Title: "NAT traversal is not required where a NAT is likely", Item: ItemIKE, Section: "3.1", Severity: Warning,
			Advice: natAdvice, Instead: "nat_traversal: required",
			check: func(l *linter) {
				if l.p.Setting.NAT == Likely && l.p.Keying.Method == IKE && l.p.IKE.NATTraversal != Required {
					l.report("ike.nat_traversal", "a NAT is likely between the ends, and NAT traversal is not required")
				}
			},
		},
		{
			ID: "users-behind-nat", Title: "NAT traversal is not required where users reach servers", Item: ItemIKE, Section: "3.1", Severity: Warning,
			Advice: natAdvice, Instead: "nat: likely under setting, and nat_traversal: required; or nat: unlikely, if that is known",
			check: func(l *linter) {
				if s := l.p.Setting; s.NAT == 0 && s.Relation == Hub && l.p.Keying.Method == IKE && l.p.IKE.NATTraversal != Required {
					l.report("ike.nat_traversal", "many clients reach a server, nothing says that no NAT is between them, and NAT traversal is not required")
				}
			},
		},
		{
			ID: "confidentiality-only", Title: "ESP for confidentiality alone", Item: ItemProtection, Section: "3.1", Severity: Warning,
			Advice:  `"ESP can be used to provide confidentiality alone, although this is not recommended": what is not authenticated can be changed, and often read (Bell96).`,
			Instead: "integrity: required",
			check: func(l *linter) {
				if n := l.p.Protection.Integrity; (n == None || n == Optional) && l.p.Protection.AllowsProtocol("esp") {
					l.report("protection.integrity", "integrity is %q: ESP may be used for confidentiality alone", n)
				}
			},
		},
		{
			ID: "ah-with-esp", Title: "AH and ESP on the same packets", Item: ItemProtection, Section: "3.1", Severity: Warning,
			Advice:  `"It is possible to use AH in conjunction with ESP, but this combination is rarely required."`,
			Instead: "combined: none; ESP with integrity does the same but for the outer header",
			check: func(l *linter) {
				if n := l.p.Protection.Combined; n >= Optional {
					l.report("protection.combined", "AH and ESP together are %q", n)
				}
			},
		},
		{
			ID: "ip-header", Title: "The IP header is to be protected without AH", Item: ItemProtection, Section: "3.1", Severity: Problem,
			Advice:  `AH protects parts of the IP header. "If an application requires such protection, and if the information to be protected cannot be inferred from the key management process, AH must be used."`,
			Instead: "protocols: {must: [ah], must-not: [esp]}; or ip_header: none, where the addresses are known from the key exchange",
			check: func(l *linter) {
				p := l.p.Protection
				switch {
				case p.IPHeader != Required || !p.AllowsMode("transport"):
				case p.Protocols.Level("ah") < Must:
					l.report("protection.ip_header", "the IP header has to be protected, and a product may have no AH")
				case p.AllowsProtocol("esp") && p.Combined != Required:
					l.report("protection.ip_header", "the IP header has to be protected, and ESP, which does not in transport mode, may be used without AH")
				}
			},
		},
		{
			ID: "tunnel-between-hosts", Title: "Tunnel mode between end hosts", Item: ItemProtection, Section: "3.2", Severity: Warning,
			Advice:  `"Transport mode is preferred for point-to-point communication, though tunnel mode can be used for this purpose."`,
			Instead: "modes: {must: [transport]}",
			check: eachSpan(func(l *linter, modes list, segment Segment) {
				if level := modes.levels.Level("tunnel"); level >= May && segment == HostToHost {
					f := l.report(modes.find("tunnel"), "tunnel mode is under %q, and both ends are the hosts that communicate", level)
					if level == May {
						f.Severity = Note
					}
					if l.p.Setting.NAT == Likely { // transport-behind-nat speaks for tunnel mode
						f.Severity = Note
						f.Instead += ", unless several hosts behind one NAT speak to the same one (RFC 3948 5.2)"
					}
				}
			}),
		},
		{
			ID: "transport-through-gateway", Title: "Transport mode through a gateway", Item: ItemProtection, Section: "3.2", Severity: Warning,
			Advice:  `Tunnel mode "is generally required whenever either end of the IPsec-protected path is not the ultimate IP destination".`,
			Instead: "modes: {must: [tunnel]}; or segment: host-to-host, where the gateways are themselves the ends of the conversation, as they are of GRE",
			check: eachSpan(func(l *linter, modes list, segment Segment) {
				if level := modes.levels.Level("transport"); level >= May && segment > HostToHost {
					l.report(modes.find("transport"), "transport mode is under %q, and in %s an end of the protection is not the end of the conversation", level, segment)
				}
			}),
		},
	}
}

// eachSpan checks the general list of modes, for the segment of the setting,
// and those of the segments that have one of their own, in its place.
func eachSpan(check func(*linter, list, Segment)) func(*linter) {
	return func(l *linter) {
		spans := l.p.Protection.Segments
		if !slices.ContainsFunc(spans, func(s Span) bool { return s.Segment == l.p.Setting.Segment }) {
			check(l, l.p.list("protection.modes"), l.p.Setting.Segment)
		}
		for i, s := range spans {
			check(l, l.p.list(fmt.Sprintf("protection.segments[%d].modes", i)), s.Segment)
		}
	}
}
