package spd

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/esp"
)

// What Install refuses, always wrapped.
var (
	// ErrNoPolicy is an SA pair for a policy that is not in the SPD or does not
	// protect.
	ErrNoPolicy = errors.New("no such protect policy")
	// ErrMode is an SA whose mode or protocol is not its policy's.
	ErrMode = errors.New("mode or protocol is not the policy's")
	// ErrDuplicateSPI is an inbound SA with the SPI of one that is installed.
	ErrDuplicateSPI = errors.New("SPI in use")
	// ErrNoSA is an SA pair without an SA.
	ErrNoSA = errors.New("neither an inbound nor an outbound SA")
)

// SAPair is what one quick mode negotiates: an SA for each direction. Either may be
// nil, since a responder can receive before it may send (RFC 2409 5.5).
type SAPair struct {
	Policy   string   // name in the SPD
	Selector Selector // negotiated, outbound orientation
	Out, In  *esp.SA
	Expires  time.Time // end of the lifetime; zero: none
	// PeerSrc and PeerDst are the addresses that the peer computed TCP and UDP checksums with: in transport mode through
	// a NAT, those of its NAT-OA payloads. Checksums of what comes in are corrected where they are valid (RFC 3948 3.1.2).
	PeerSrc, PeerDst netip.Addr
}

// entry is one SA in the SAD.
type entry struct {
	policy   string
	selector Selector
	sa       *esp.SA
	params   esp.Params
	expires  time.Time
	peer     [2]netip.Addr // SAPair.PeerSrc and PeerDst
}

// Install adds SAs to the SAD. Outbound traffic goes to the newest outbound SA whose
// selector it matches; inbound SAs stay, however many, until they are removed. Nothing
// is installed when an error comes back: ErrNoPolicy, ErrMode, ErrDuplicateSPI, ErrNoSA.
func (e *Endpoint) Install(pair SAPair) error {
	if pair.In == nil && pair.Out == nil {
		return fmt.Errorf("esp/spd: policy %q: %w", pair.Policy, ErrNoSA)
	}
	policy := e.spd.find(pair.Policy)
	if policy == nil || policy.Action != Protect {
		return fmt.Errorf("esp/spd: policy %q: %w", pair.Policy, ErrNoPolicy)
	}
	in, err := newEntry(pair, pair.In, policy)
	if err != nil {
		return err
	}
	out, err := newEntry(pair, pair.Out, policy)
	if err != nil {
		return err
	}
	if in != nil {
		spi := in.params.SPI
		if _, used := e.in[spi]; used && !e.deviations.ReuseSPI {
			return fmt.Errorf("esp/spd: inbound SPI %#08x: %w (RFC 2401 4.4.3)", spi, ErrDuplicateSPI)
		}
		e.in[spi] = in
	}
	if out != nil {
		e.out = append(e.out, out)
		e.had[pair.Policy] = true
	}
	return nil
}

// newEntry returns nil for a nil SA.
func newEntry(pair SAPair, sa *esp.SA, policy *Policy) (*entry, error) {
	if sa == nil {
		return nil, nil
	}
	p := sa.Params()
	if p.Mode != policy.Mode || p.Proto != cmp.Or(policy.Proto, esp.ESP) {
		return nil, fmt.Errorf("esp/spd: SPI %#08x: %v %v mode SA for policy %q, %v mode: %w",
			p.SPI, p.Proto, p.Mode, pair.Policy, policy.Mode, ErrMode)
	}
	if p.Mode == esp.Tunnel {
		if !p.Src.IsValid() {
			p.Src = policy.TunnelLocal
		}
		if !p.Dst.IsValid() {
			p.Dst = policy.TunnelRemote
		}
	}
	return &entry{policy: pair.Policy, selector: pair.Selector, sa: sa, params: p, expires: pair.Expires, peer: [2]netip.Addr{pair.PeerSrc, pair.PeerDst}}, nil
}

// Remove takes the inbound SA with an SPI out of the SAD and reports whether there was
// one. Its outbound SA stays: a Delete names one direction (RFC 2408 3.15).
func (e *Endpoint) Remove(spi uint32) bool {
	if _, ok := e.in[spi]; !ok {
		return false
	}
	if !e.deviations.KeepDeleted {
		delete(e.in, spi)
	}
	return true
}

// RemoveOutbound takes the outbound SAs with an SPI out of the SAD and reports whether
// there was one. A peer's Delete names its own inbound SPI, which is this one.
func (e *Endpoint) RemoveOutbound(spi uint32) bool {
	match := func(s *entry) bool { return s.params.SPI == spi }
	if !slices.ContainsFunc(e.out, match) {
		return false
	}
	if !e.deviations.KeepDeleted {
		e.out = slices.DeleteFunc(e.out, match)
	}
	return true
}

// Remap follows a peer to another address or port (RFC 3947 7): the inbound SA with the SPI in and the outbound SAs with
// the SPI out have it as their other end. Without UDP encapsulation the port is ignored.
func (e *Endpoint) Remap(in, out uint32, peer netip.AddrPort) {
	if s := e.in[in]; s != nil {
		s.params.Src = peer.Addr()
		if u := s.params.Encap; u != nil {
			s.params.Encap = &esp.UDPEncap{SrcPort: peer.Port(), DstPort: u.DstPort}
		}
	}
	for _, s := range e.out {
		if s.params.SPI != out {
			continue
		}
		s.params.Dst = peer.Addr()
		if u := s.params.Encap; u != nil {
			s.params.Encap = &esp.UDPEncap{SrcPort: u.SrcPort, DstPort: peer.Port()}
		}
	}
}

// InboundSAs returns the inbound SAs by rising SPI.
func (e *Endpoint) InboundSAs() []*esp.SA {
	var sas []*esp.SA
	for _, spi := range slices.Sorted(maps.Keys(e.in)) {
		sas = append(sas, e.in[spi].sa)
	}
	return sas
}

// OutboundSAs returns the outbound SAs, oldest first.
func (e *Endpoint) OutboundSAs() []*esp.SA {
	var sas []*esp.SA
	for _, s := range e.out {
		sas = append(sas, s.sa)
	}
	return sas
}

// outbound returns the SA for a flow of a policy, or nil: the newest one in honest use.
func (e *Endpoint) outbound(now time.Time, policy string, f Flow) *entry {
	var found *entry
	for _, s := range e.out {
		selector := s.selector
		if e.deviations.AnyPort {
			selector = selector.withoutPorts()
		}
		if s.policy != policy || !selector.Match(f) || e.expired(now, s) || !s.ends(f) {
			continue
		}
		found = s
		if e.deviations.IgnoreRekey {
			break
		}
	}
	return found
}

// ends reports whether the flow's addresses are those of a transport mode SA, which
// has no others.
func (s *entry) ends(f Flow) bool {
	return s.params.Mode == esp.Tunnel ||
		(!s.params.Src.IsValid() || s.params.Src == f.Src) && (!s.params.Dst.IsValid() || s.params.Dst == f.Dst)
}

func (e *Endpoint) expired(now time.Time, s *entry) bool {
	return !s.expires.IsZero() && !now.Before(s.expires) && !e.deviations.NeverExpire
}
