package spd

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/esp"
)

// Inbound processes an IP packet from the wire (RFC 2401 5.2): ESP, ESP in UDP, or a
// clear packet. It returns the packets for the own host or network, none when the
// verdict is Discard. The packets do not alias ip.
//
// Action Protect says that the packet came through an SA and is within its selectors;
// Bypass, that it came in clear and may.
func (e *Endpoint) Inbound(now time.Time, ip []byte) (Verdict, [][]byte) {
	p, err := parse(ip)
	if err != nil {
		return discard(ReasonMalformed), nil
	}
	switch {
	case (p.flow.Proto == protoESP || p.flow.Proto == protoAH) && p.fragmented():
		return discard(ReasonFragment), nil
	case p.flow.Proto == protoAH:
		h, err := esp.ParseAH(p.payload())
		if err != nil {
			return discard(ReasonTruncated), nil
		}
		return e.decapsulate(now, p, esp.AH, h.Header, nil, false)
	case p.flow.Proto == protoESP:
		return e.fromESP(now, p, p.payload(), false)
	case e.isEncapsulated(p):
		return e.fromUDP(now, p)
	}
	v := e.admitClear(p)
	return v, clear1(v, p)
}

// isEncapsulated reports whether the packet is UDP to a port where ESP is expected.
func (e *Endpoint) isEncapsulated(p packet) bool {
	if p.flow.Proto != protoUDP || !p.flow.HasPorts() {
		return false
	}
	if p.flow.DstPort == esp.NATTPort {
		return true
	}
	for _, s := range e.in {
		if s.params.Encap != nil && s.params.Encap.DstPort == p.flow.DstPort {
			return true
		}
	}
	return false
}

// fromUDP tells ESP from what shares its port (RFC 3948 2).
func (e *Endpoint) fromUDP(now time.Time, p packet) (Verdict, [][]byte) {
	if p.flow.MoreFragments {
		return discard(ReasonFragment), nil
	}
	udp := p.payload()
	if len(udp) < udpHeaderLen {
		return discard(ReasonMalformed), nil
	}
	n := int(binary.BigEndian.Uint16(udp[4:]))
	if n < udpHeaderLen || n > len(udp) {
		return discard(ReasonMalformed), nil
	}
	switch kind, body := esp.ClassifyUDP(udp[udpHeaderLen:n]); kind {
	case esp.UDPESP:
		return e.fromESP(now, p, body, true)
	case esp.UDPKeepalive:
		return discard(ReasonKeepalive), nil
	case esp.UDPIKE:
		v := e.admitClear(p)
		return v, clear1(v, p)
	}
	return discard(ReasonTruncated), nil
}

// admitClear is the verdict on a packet that came without IPsec. A protect policy
// means that it must not (RFC 2401 5.2.1 step 4). ICMP errors pass unless a policy says
// discard: routers on the way have no SA, and path MTU discovery needs them
// (RFC 2401 6.1.1).
func (e *Endpoint) admitClear(p packet) Verdict {
	m := e.spd.Lookup(p.flow.Reverse())
	v := byPolicy(m)
	discardPolicy := m.Undecided == nil && m.Policy != nil && m.Policy.Action == Discard
	switch {
	case v.Action == Bypass || discardPolicy:
		return v
	case isICMPError(p):
		return Verdict{Action: Bypass, Policy: v.Policy, Reason: ReasonICMPError}
	case v.Action != Protect:
		return v
	case e.deviations.AcceptClear:
		return Verdict{Action: Bypass, Policy: v.Policy, Reason: ReasonClear + v.Policy}
	}
	return Verdict{Policy: v.Policy, Reason: ReasonClear + v.Policy}
}

// fromESP takes an ESP packet that came in the IP packet p, in UDP or not.
func (e *Endpoint) fromESP(now time.Time, p packet, pkt []byte, inUDP bool) (Verdict, [][]byte) {
	h, err := esp.ParseHeader(pkt)
	if err != nil {
		return discard(ReasonTruncated), nil
	}
	return e.decapsulate(now, p, esp.ESP, h, pkt, inUDP)
}

// decapsulate opens the ESP packet pkt that came in the IP packet p, or p itself, which has AH.
func (e *Endpoint) decapsulate(now time.Time, p packet, proto esp.Proto, h esp.Header, pkt []byte, inUDP bool) (Verdict, [][]byte) {
	v := Verdict{SPI: h.SPI, Seq: h.Seq}
	s := e.in[h.SPI]
	if s == nil || s.params.Proto != proto || s.params.Dst.IsValid() && s.params.Dst != p.flow.Dst {
		v.Reason = ReasonNoSA
		return v, nil
	}
	v.Policy = s.policy
	switch {
	case e.expired(now, s):
		v.Reason = ReasonExpired
		return v, nil
	case inUDP != (s.params.Encap != nil):
		v.Reason = ReasonEncap
		return v, nil
	}
	inner, err := open(s, p, pkt)
	if err != nil {
		v.Reason = reason(err)
		return v, nil
	}
	v.Moved = s.moved(p)
	if v.Reason = e.admit(s, inner); v.Reason != "" && !e.deviations.AcceptOutside {
		return v, nil
	}
	v.Action = Protect
	return v, [][]byte{inner.raw}
}

// moved is where the packet came from, if that is not where the peer is known to be.
func (s *entry) moved(p packet) *netip.AddrPort {
	u := s.params.Encap
	if u == nil || u.SrcPort == p.flow.SrcPort && (!s.params.Src.IsValid() || s.params.Src == p.flow.Src) {
		return nil
	}
	from := netip.AddrPortFrom(p.flow.Src, p.flow.SrcPort)
	return &from
}

// open returns the packet that was protected, in new memory.
func open(s *entry, p packet, pkt []byte) (packet, error) {
	hdr := p.upper
	if s.params.Mode == esp.Tunnel {
		hdr = 0
	}
	b := append(make([]byte, 0, len(p.raw)), p.raw[:hdr]...)
	var info esp.Info
	var err error
	if s.params.Proto == esp.AH {
		b, info, err = s.sa.OpenAH(b, p.raw, p.upper)
	} else {
		b, info, err = s.sa.Open(b, pkt)
	}
	if err != nil {
		return packet{}, err
	}
	if info.NextHeader == protoNoNext {
		return packet{}, refusal(ReasonDummy) // RFC 4303 2.6
	}
	if s.params.Mode == esp.Transport {
		if b, err = finish(b, p, info.NextHeader); err != nil {
			return packet{}, err
		}
	}
	inner, err := parse(b)
	if err != nil {
		return packet{}, refusal(ReasonInner)
	}
	if s.params.Mode == esp.Transport && s.peer[0].IsValid() && s.peer[1].IsValid() {
		readdress(inner, s.peer[0], s.peer[1])
	}
	if s.params.Mode == esp.Tunnel && info.NextHeader != tunnelHeader(inner) {
		return packet{}, refusal(ReasonNextHeader)
	}
	return inner, nil
}

// tunnelHeader is the protocol number of an inner packet (RFC 2406 2.6).
func tunnelHeader(p packet) uint8 {
	if p.v6 {
		return protoIPv6
	}
	return protoIPIP
}

// admit returns why what came through an SA is not to be accepted, or "": it must be
// within the selectors of the SA, and a policy in the SPD must call for that SA
// (RFC 2401 5.2.1 steps 2 to 4). An ICMP error is where the packet it quotes is.
func (e *Endpoint) admit(s *entry, inner packet) string {
	f := inner.flow.Reverse()
	if q, ok := quoted(inner); ok && !s.selector.Match(f) {
		f = q
	}
	if !s.selector.Match(f) {
		return ReasonOutside
	}
	policy := e.spd.find(s.policy)
	if policy == nil || policy.Action != Protect || !policy.Selector.Match(f) {
		return ReasonPolicyGone
	}
	return ""
}
