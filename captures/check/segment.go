package check

import (
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2401 4.5: where hosts are, and where gateways.

// segmentOf tells from the selector of a quick mode at which of its ends there are
// hosts behind the one that speaks IKE (RFC 2401 4.5).
func segmentOf(q *dissect.Quick) profile.Segment {
	sel, ok := quickSelector(q)
	if !ok {
		return profile.GatewayToGateway
	}
	gateways := 0
	for _, end := range []struct {
		set addresses
		ike bool // the end is the initiator of the ISAKMP SA
	}{{sel.ci, q.FromInitiator}, {sel.cr, !q.FromInitiator}} {
		if !own(q.Phase1, end.ike, end.set) {
			gateways++
		}
	}
	switch gateways {
	case 0:
		return profile.HostToHost
	case 1:
		return profile.HostToGateway
	}
	return profile.GatewayToGateway
}

// own reports whether the addresses are one that an end of an ISAKMP SA has itself:
// on the wire, by its identity, or from mode config.
func own(p *dissect.Phase1, initiator bool, set addresses) bool {
	addr, id := p.Responder.Addr(), p.IDir
	if initiator {
		addr, id = p.Initiator.Addr(), p.IDii
	}
	if set.lo != set.hi {
		return false
	}
	if a, ok := addressOf(id); ok && a == set.lo {
		return true
	}
	if p.Lease.ClientInitiated == initiator {
		for _, a := range p.Lease.Addresses {
			if a == set.lo {
				return true
			}
		}
	}
	return addr == set.lo
}
