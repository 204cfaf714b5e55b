package profile

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// trafficRules hold the profile against sections 5 to 7: endpoints, selectors,
// multicast.
func trafficRules() []Rule {
	return []Rule{
		{
			ID: "identifier-forms", Title: "A form of identity that few products have", Item: ItemIdentification, Section: "5", Severity: Warning,
			Advice:  `"Not all forms of identifier are available on all implementations."`,
			Instead: "forms: {must: [ipv4_addr, ipv6_addr]}, fqdn or der_asn1_dn",
			check:   checkIdentifierForms,
		},
		{
			ID: "user-granularity", Title: "An SA for a user, which few products have", Item: ItemUserGranularity, Section: "5", Severity: Warning,
			Advice:  `"In particular, user-granularity identification is not common. This is especially a concern for multi-users systems."`,
			Instead: "requires: [user-granularity] under availability, and targets that are known to have it; or sa: never",
			check: func(l *linter) {
				if l.p.UserGranularity.SA > UserSANever && !l.p.Availability.RequiresFeature("user-granularity") {
					l.report("user_granularity.sa", "there is an SA for a user %s, and products may be unable to tell users apart", l.p.UserGranularity.SA)
				}
			},
		},
		{
			ID: "port-selectors", Title: "Port selectors that many products lack", Item: ItemSelectors, Section: "6", Severity: Note,
			Advice:  `"Too many IPsec implementations are not capable of using port numbers in their selectors."`,
			Instead: "requires: [port-selectors] under availability, and targets that are known to have it",
			check:   checkPortSelectors,
		},
		{
			ID: "inner-ports", Title: "Selectors for what is inside L2TP and the like", Item: ItemSelectors, Section: "6", Severity: Problem,
			Advice:  `Traffic in an L2TP session "cannot be protected selectively by IPsec above the L2TP layer, because IPsec has no selectors defined that let it peer into the L2TP packet to find the TCP port numbers".`,
			Instead: "a policy for the carrier itself, such as udp port 1701 for L2TP, which protects all that is within",
			check: func(l *linter) {
				for i, policy := range l.p.Selectors.Policies {
					if policy.Within != "" && (policy.Protocol != 0 || policy.hasPorts()) {
						l.report(fmt.Sprintf("selectors.policies[%d].within", i), "no selector sees protocol or ports within %s", policy.Within)
					}
				}
			},
		},
		{
			ID: "sctp-ports", Title: "SCTP by port takes RFC 3554", Item: ItemSelectors, Section: "6", Severity: Note,
			Advice:  `Protecting SCTP applications by port "could not be done until a new document was written [RFC3554] … and implementations appeared".`,
			Instead: "no ports; or requires: [sctp-ports] under availability, and targets that are known to have it",
			check: func(l *linter) {
				for i, policy := range l.p.Selectors.Policies {
					if policy.Protocol == 132 && policy.hasPorts() && !l.p.Availability.RequiresFeature("sctp-ports") {
						l.report(fmt.Sprintf("selectors.policies[%d].protocol", i), "SCTP is selected by port, which takes RFC 3554")
					}
				}
			},
		},
		{
			ID: "dynamic-ports", Title: "Ports are selectors, and assigned dynamically", Item: ItemSelectors, Section: "6", Severity: Warning,
			Advice:  `In a world that "often uses dynamically assigned port numbers as well, an all-or-nothing policy for VPNs can work well; other policies, however, can be difficult to create in any usable form".`,
			Instead: "a policy without ports",
			check: func(l *linter) {
				for i, policy := range l.p.Selectors.Policies {
					if l.p.Setting.Ports == Dynamic && policy.Action == Protect && len(policy.Server.Ports) > 0 {
						l.report(fmt.Sprintf("selectors.policies[%d].server.ports", i), "the policy %q selects by the server's port, and that is assigned dynamically", policy.Name)
					}
				}
			},
		},
		{
			ID: "dynamic-address-identity", Title: "Addresses as identities where they are dynamic", Item: ItemIdentification, Section: "6", Severity: Warning,
			Advice:  `The world "runs to a large extent on dynamically assigned addresses"; who is known by one is another tomorrow.`,
			Instead: "forms: {must: [fqdn, user_fqdn]}, or der_asn1_dn with certificates",
			check:   checkDynamicAddressIdentity,
		},
		{
			ID: "all-or-nothing", Title: "All traffic between hosts is protected", Item: ItemSelectors, Section: "6", Severity: Note,
			Advice:  `When all traffic is protected or none, "does the device have sufficient CPU capacity to encrypt everything? Note that some low-end devices may have limited secure storage capacity for keys".`,
			Instead: "protocol and ports of the conversation; or cost under availability, which says that the devices can",
			check: func(l *linter) {
				for i, policy := range l.p.Selectors.Policies {
					all := policy.Action == Protect && policy.Protocol == 0 && !policy.hasPorts()
					if all && l.p.Setting.Segment == HostToHost && l.p.Availability.Cost == "" {
						l.report(fmt.Sprintf("selectors.policies[%d].name", i), "the policy %q protects all traffic between hosts, and nothing says that they can", policy.Name)
					}
				}
				if l.p.Selectors.Otherwise == Protect && l.p.Setting.Segment == HostToHost && l.p.Availability.Cost == "" {
					l.report("selectors.otherwise", "all traffic that no policy matches is protected, and nothing says that hosts can do that")
				}
			},
		},
		{
			ID: "multicast", Title: "Multicast or broadcast addresses", Item: ItemSelectors, Section: "7", Severity: Warning,
			Advice:  `"Many IPsec implementations do not support multicast": its availability in the target platforms has to be considered.`,
			Instead: "unicast addresses; or method: manual, as long as no product has a group key management such as GDOI (RFC 3547), and requires: [multicast] under availability",
			check:   checkMulticast,
		},
	}
}

func checkIdentifierForms(l *linter) {
	for _, list := range l.p.lists() {
		if list.item != ItemIdentification {
			continue
		}
		for _, e := range list.entries() {
			switch e.slug {
			case "key_id", "der_asn1_gn":
				if e.level == Must {
					l.report(e.path, "%s is mandatory to implement, and few products have it", e.slug)
				}
			case "ipv4_addr_subnet", "ipv6_addr_subnet", "ipv4_addr_range", "ipv6_addr_range":
				if e.level >= May {
					l.report(e.path, "%s is a selector of quick mode; it names no end of the key exchange", e.slug)
				}
			}
		}
	}
}

func checkPortSelectors(l *linter) {
	if l.p.Availability.RequiresFeature("port-selectors") {
		return
	}
	for i, policy := range l.p.Selectors.Policies {
		for _, side := range policy.sides() {
			if policy.Action == Protect && len(side.Ports) > 0 {
				l.report(fmt.Sprintf("selectors.policies[%d].%s.ports", i, side.key), "the policy %q selects by port, and products may be unable to", policy.Name)
				return
			}
		}
	}
}

// checkDynamicAddressIdentity looks at the forms for each role. Where many
// clients have one server, it is their addresses that are dynamic.
func checkDynamicAddressIdentity(l *linter) {
	if l.p.Setting.Addresses != Dynamic {
		return
	}
	if l.p.Authorization.Accept == AcceptDesignated {
		f := l.report("authorization.accept", "only peers that are configured by address are let in, and addresses are dynamic")
		f.Item, f.Instead = ItemAuthorization, "accept: identity-list, or issued-by"
	}
	paths := []string{l.p.formsOf("initiator")}
	if path := l.p.formsOf("responder"); path != paths[0] && l.p.Setting.Relation != Hub {
		paths = append(paths, path)
	}
	for _, path := range paths {
		for _, e := range l.p.list(path).entries() {
			if e.level >= May && namesAddress(e.slug) {
				l.report(e.path, "participants name themselves by address, and addresses are dynamic")
			}
		}
	}
}

// formsOf returns the path of the forms of identification for a role.
func (p *Profile) formsOf(role string) string {
	if path := "identification." + role; p.list(path).levels.Stated() {
		return path
	}
	return "identification.forms"
}

var broadcast = netip.MustParseAddr("255.255.255.255")

func checkMulticast(l *linter) {
	for i, policy := range l.p.Selectors.Policies {
		for _, side := range policy.sides() {
			for j, a := range side.Addresses {
				if !policy.protects() || !a.toMany() {
					continue
				}
				path := fmt.Sprintf("selectors.policies[%d].%s.addresses[%d]", i, side.key, j)
				what := "is a multicast address"
				switch {
				case a.Network() != "":
					what = "has a multicast or broadcast address"
				case a.String() == broadcast.String():
					what = "is the broadcast address"
				}
				switch {
				case l.p.Keying.Method != Manual:
					l.report(path, "%s %s, and %s negotiates with one peer", a, what, strings.ToUpper(l.p.Keying.Method.String()))
				case !l.p.Availability.RequiresFeature("multicast"):
					l.report(path, "%s %s, and products may have no SA for that", a, what)
				}
			}
		}
	}
}

// toMany reports whether the policy protects what goes to many.
func (p Policy) toMany() bool {
	return p.protects() && (slices.ContainsFunc(p.Client.Addresses, Address.toMany) || slices.ContainsFunc(p.Server.Addresses, Address.toMany))
}

// toMany reports whether the set has a multicast address or the broadcast address
// at either of its ends.
func (a Address) toMany() bool {
	return slices.ContainsFunc(a.Sets(), func(s Address) bool {
		lo, hi := s.Lo, s.Hi
		if s.Prefix.IsValid() {
			lo, hi = s.Prefix.Addr(), s.Prefix.Addr()
		}
		return lo.IsMulticast() || hi.IsMulticast() || lo == broadcast || hi == broadcast
	})
}
