package spd

import (
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/esp"
)

// Endpoint is one IPsec host or gateway: an SPD, a SAD and the processing between
// them. It is not safe for concurrent use.
type Endpoint struct {
	spd        SPD
	widened    SPD // for Deviations.AnyPort
	deviations Deviations

	in  map[uint32]*entry // by SPI
	out []*entry          // oldest first
	had map[string]bool   // policies that ever had an outbound SA

	id        uint16 // of outer IPv4 headers
	protected int    // packets of protect policies seen outbound
	sealed    int    // packets protected
}

// NewEndpoint returns an endpoint with a policy and no SAs.
func NewEndpoint(spd SPD, d Deviations) *Endpoint {
	e := &Endpoint{deviations: d, in: map[uint32]*entry{}, had: map[string]bool{}}
	e.SetPolicy(spd)
	return e
}

// SetPolicy replaces the SPD. SAs stay, but serve only what a policy of their name
// still protects.
func (e *Endpoint) SetPolicy(spd SPD) {
	e.spd = slices.Clone(spd)
	e.widened = spd.portless()
}

// Verdict is what became of a packet.
type Verdict struct {
	Action Action
	// Policy is the name of the policy that decided, if one did.
	Policy string
	// NeedSA is the selector to negotiate when the action is Protect and no SA serves
	// the packet, which is then not sent: the policy's selector, in transport mode
	// with the packet's own two addresses.
	NeedSA *Selector
	// Reason says why, for a person: one of the Reason constants, some with a
	// policy's name behind. Empty when all went the usual way.
	Reason string
	// SPI and Seq are of the ESP packet that was made or taken apart.
	SPI, Seq uint32
	// Moved is where an authenticated packet in UDP came from, nil if that is where the SA has the peer (RFC 3947 7).
	Moved *netip.AddrPort
}

// Reasons. Those that end in a blank are followed by the name of a policy.
const (
	ReasonMalformed     = "malformed packet"
	ReasonNoPolicy      = "no policy"
	ReasonDiscardPolicy = "discard policy "
	ReasonUndecided     = "later fragment may match policy "
	ReasonNoSA          = "no SA"
	ReasonExhausted     = "sequence numbers exhausted"
	ReasonTransportFrag = "fragment in transport mode"
	ReasonTooBig        = "longer than an IP packet can be"
	ReasonNoTunnel      = "no addresses for the outer header"
	ReasonRand          = "no randomness for the IV"
	ReasonQuotes        = "ICMP error quotes a packet of protect policy "
	ReasonLeak          = "leaked in clear"

	ReasonClear      = "clear packet matches protect policy "
	ReasonICMPError  = "ICMP error"
	ReasonFragment   = "fragment of an IPsec packet"
	ReasonKeepalive  = "NAT keepalive"
	ReasonEncap      = "UDP encapsulation is not as the SA has it"
	ReasonExpired    = "SA expired"
	ReasonTruncated  = "truncated IPsec packet"
	ReasonReplay     = "replay"
	ReasonICV        = "ICV"
	ReasonPadding    = "padding"
	ReasonNextHeader = "next header is not the SA's mode"
	ReasonDummy      = "dummy packet"
	ReasonInner      = "malformed inner packet"
	ReasonOutside    = "inner packet outside the SA's selectors"
	ReasonPolicyGone = "no policy admits what the SA carried"
)

func discard(reason string) Verdict { return Verdict{Action: Discard, Reason: reason} }

// byPolicy is the verdict of a policy that needs no SA.
func byPolicy(m Match) Verdict {
	switch {
	case m.Undecided != nil:
		return Verdict{Policy: m.Undecided.Name, Reason: ReasonUndecided + m.Undecided.Name}
	case m.Policy == nil:
		return discard(ReasonNoPolicy)
	case m.Policy.Action == Discard:
		return Verdict{Policy: m.Policy.Name, Reason: ReasonDiscardPolicy + m.Policy.Name}
	}
	return Verdict{Action: m.Policy.Action, Policy: m.Policy.Name}
}

// needSA is the selector to negotiate for a flow of a policy.
func needSA(p *Policy, f Flow) *Selector {
	s := p.Selector
	if p.Mode == esp.Transport {
		s.Src, s.Dst = host(f.Src), host(f.Dst)
	}
	return &s
}
