package ikev1

import (
	"encoding/binary"
	"time"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// RESPONDER-LIFETIME (RFC 2407 4.6.3.1): a responder that will not keep an SA as long as it was offered says so in a
// notify beside its answer, and the initiator takes the shorter lifetime.

// quickLifetime is the notify of quick mode message 2, if the policy's lifetime is shorter than what was offered.
func (s *Session) quickLifetime(q *quick) []wire.Payload {
	own := q.policy.Lifetime
	if own <= 0 || q.lifetime == 0 || own >= q.lifetime {
		return nil
	}
	q.lifetime = own
	return []wire.Payload{&wire.Notify{
		DOI: 1, Protocol: wire.ProtoESP, SPI: spiBytes(q.spiIn), MsgType: wire.NotifyResponderLifetime,
		Data: lifetimeData(wire.P2LifeType, wire.P2LifeDuration, own),
	}}
}

// phase1Lifetime is what FortiGate sends in phase 1: the attributes of phase 2.
func (s *Session) phase1Lifetime() []wire.Payload {
	if !s.cfg.Deviations.ResponderLifetimePhase2 {
		return nil
	}
	return []wire.Payload{&wire.Notify{
		DOI: 1, Protocol: wire.ProtoISAKMP, SPI: s.cookiePair(), MsgType: wire.NotifyResponderLifetime,
		Data: lifetimeData(wire.P2LifeType, wire.P2LifeDuration, time.Hour),
	}}
}

// lifetimeData is a life type and a duration in seconds, as attributes.
func lifetimeData(kind, duration wire.AttributeType, d time.Duration) []byte {
	const basic = 0x8000
	b := binary.BigEndian.AppendUint16(nil, basic|uint16(kind))
	b = binary.BigEndian.AppendUint16(b, wire.LifeSeconds)
	b = binary.BigEndian.AppendUint16(b, uint16(duration))
	b = binary.BigEndian.AppendUint16(b, 4)
	return binary.BigEndian.AppendUint32(b, uint32(d/time.Second))
}

// readLifetime reads the seconds of a RESPONDER-LIFETIME; false if there are none.
func readLifetime(data []byte, kind, duration wire.AttributeType) (time.Duration, bool) {
	var unit uint16
	for len(data) >= 4 {
		t, v := binary.BigEndian.Uint16(data), binary.BigEndian.Uint16(data[2:])
		value := uint64(v)
		data = data[4:]
		if t&0x8000 == 0 {
			if int(v) > len(data) {
				return 0, false
			}
			n, ok := wire.TLV(wire.AttributeType(t), data[:v]).Uint()
			if !ok {
				return 0, false
			}
			value, data = n, data[v:]
		}
		switch wire.AttributeType(t &^ 0x8000) {
		case kind:
			unit = uint16(value)
		case duration:
			if unit == wire.LifeSeconds && value > 0 && value < 1<<31 {
				return time.Duration(value) * time.Second, true
			}
		}
	}
	return 0, false
}

// shorten takes the responder's lifetime for the child of a quick mode, if it is shorter.
func (q *quick) shorten(ps []wire.Payload) {
	for _, p := range ps {
		n, ok := p.(*wire.Notify)
		if !ok || n.MsgType != wire.NotifyResponderLifetime {
			continue
		}
		if d, ok := readLifetime(n.Data, wire.P2LifeType, wire.P2LifeDuration); ok {
			if q.lifetime == 0 {
				q.lifetime = defaultChildLifetime
			}
			q.lifetime = min(q.lifetime, d)
		}
	}
}

// shortenPhase1 does the same for the ISAKMP SA.
func (s *Session) shortenPhase1(n *wire.Notify) {
	if d, ok := readLifetime(n.Data, wire.P1LifeType, wire.P1LifeDuration); ok {
		s.lifetime = d
	}
}
