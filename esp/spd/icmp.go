package spd

// icmpHeaderLen is what stands before the quoted packet in an ICMP error (RFC 792,
// RFC 4443 2.1).
const icmpHeaderLen = 8

// isICMPError reports whether the packet is an ICMP message about another packet:
// destination unreachable, source quench, time exceeded, parameter problem; in ICMPv6
// also packet too big. A redirect is none: nobody should follow it unprotected.
func isICMPError(p packet) bool {
	if p.flow.Fragment {
		return false
	}
	switch {
	case p.flow.Proto == protoICMP && !p.v6:
		switch p.flow.ICMPType {
		case 3, 4, 11, 12:
			return true
		}
	case p.flow.Proto == protoICMPv6 && p.v6:
		return p.flow.ICMPType >= 1 && p.flow.ICMPType <= 4
	}
	return false
}

// quoted returns the flow of the packet that an ICMP error is about.
func quoted(p packet) (Flow, bool) {
	if !isICMPError(p) || len(p.payload()) < icmpHeaderLen {
		return Flow{}, false
	}
	q, err := parseQuoted(p.payload()[icmpHeaderLen:])
	return q.flow, err == nil
}

// quoting decides about an outbound ICMP error by what it quotes, where the SPD does
// not: octets of a protected packet must not leave in clear, and what is said about a
// bypassed packet may go as that packet did (RFC 2401 6.1). ok is false when the SPD's
// own answer m stands.
func (e *Endpoint) quoting(p packet, m Match) (v Verdict, ok bool) {
	q, isError := quoted(p)
	if !isError {
		return Verdict{}, false
	}
	about := e.spd.Lookup(q.Reverse())
	policy := about.Policy
	if about.Undecided != nil {
		policy = about.Undecided
	}
	switch {
	case policy == nil:
		return Verdict{}, false
	case m.Action() == Bypass && policy.Action == Protect:
		return Verdict{Policy: policy.Name, Reason: ReasonQuotes + policy.Name}, true
	case m.Policy == nil && m.Undecided == nil && about.Action() == Bypass:
		return Verdict{Action: Bypass, Policy: policy.Name, Reason: ReasonICMPError}, true
	}
	return Verdict{}, false
}
