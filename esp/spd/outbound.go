package spd

import (
	"errors"
	"slices"
	"time"

	"github.com/useipsec/useipsec/esp"
)

// Outbound processes an IP packet that the own host or network sends (RFC 2401 5.1) and
// returns the packets to put on the wire, none when the verdict is Discard or asks for
// an SA. The packets do not alias ip.
func (e *Endpoint) Outbound(now time.Time, ip []byte) (Verdict, [][]byte) {
	p, err := parse(ip)
	if err != nil {
		return discard(ReasonMalformed), nil
	}
	policies := e.spd
	if e.deviations.AnyPort {
		policies = e.widened
	}
	m := policies.Lookup(p.flow)
	if v, ok := e.quoting(p, m); ok {
		return v, clear1(v, p)
	}
	v := byPolicy(m)
	if v.Action != Protect {
		return v, clear1(v, p)
	}
	return e.protect(now, p, m.Policy)
}

// clear1 is the packet itself when the verdict lets it through.
func clear1(v Verdict, p packet) [][]byte {
	if v.Action != Bypass {
		return nil
	}
	return [][]byte{slices.Clone(p.raw)}
}

// protect seals a packet under the policy's SA.
func (e *Endpoint) protect(now time.Time, p packet, policy *Policy) (Verdict, [][]byte) {
	v := Verdict{Action: Protect, Policy: policy.Name}
	var packets [][]byte
	if e.protected++; e.protected <= e.deviations.LeakCleartext {
		v.Reason = ReasonLeak
		packets = append(packets, slices.Clone(p.raw))
	}
	s := e.outbound(now, policy.Name, p.flow)
	if s == nil {
		v.NeedSA = needSA(policy, p.flow)
		if packets == nil && e.leaksWithoutSA(policy.Name) {
			v.Reason = ReasonLeak
			return v, [][]byte{slices.Clone(p.raw)}
		}
		if packets == nil {
			v.Reason = ReasonNoSA
		}
		return v, packets
	}
	if e.sealed++; e.sealed == e.deviations.SpoofInner {
		p = spoof(p, s.params.Mode)
	}
	sealed, err := e.encapsulate(s, p)
	switch {
	case errors.Is(err, esp.ErrSequenceExhausted):
		v.NeedSA, v.Reason = needSA(policy, p.flow), ReasonExhausted
		return v, packets
	case err != nil:
		return Verdict{Policy: policy.Name, Reason: reason(err)}, packets
	}
	v.SPI, v.Seq = s.params.SPI, s.sa.Sequence()
	return v, append(packets, sealed)
}

func (e *Endpoint) leaksWithoutSA(policy string) bool {
	return e.deviations.LeakWithoutSA ||
		e.deviations.LeakAfterDelete && e.had[policy] && !slices.ContainsFunc(e.out, func(s *entry) bool { return s.policy == policy })
}
