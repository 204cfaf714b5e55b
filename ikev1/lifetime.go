package ikev1

import (
	"cmp"
	"math"
	"time"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Lifetimes are negotiated in seconds, in kilobytes, or both (RFC 2407 4.5). A responder that will not keep an SA as long
// as it was offered says so in RESPONDER-LIFETIME beside its answer, and the initiator takes the shorter one (4.6.3.1).

// life is how long an SA may be used; 0 is not said.
type life struct {
	time      time.Duration
	kilobytes uint64
}

// lifeAttributes are the type and duration attributes of a phase.
type lifeAttributes struct{ kind, duration wire.AttributeType }

var (
	lifePhase1 = lifeAttributes{wire.P1LifeType, wire.P1LifeDuration}
	lifePhase2 = lifeAttributes{wire.P2LifeType, wire.P2LifeDuration}
)

// of encodes a lifetime, the seconds as TV where they fit and else as a TLV of four octets.
func (a lifeAttributes) of(l life) (as []wire.Attribute) {
	if l.time > 0 {
		as = append(as, wire.TV(a.kind, wire.LifeSeconds), number(a.duration, uint64(l.time/time.Second)))
	}
	if l.kilobytes > 0 {
		as = append(as, wire.TV(a.kind, wire.LifeKilobytes), number(a.duration, l.kilobytes))
	}
	return as
}

func number(t wire.AttributeType, n uint64) wire.Attribute {
	if n <= math.MaxUint16 {
		return wire.TV(t, uint16(n))
	}
	return wire.TLV32(t, uint32(min(n, math.MaxUint32)))
}

// read finds the lifetime among attributes; a duration is of the type before it. What makes no sense is not said.
func (a lifeAttributes) read(as []wire.Attribute) (l life) {
	var unit uint64
	for _, x := range as {
		v, ok := x.Uint()
		switch {
		case !ok:
		case x.Type == a.kind:
			unit = v
		case x.Type == a.duration && unit == uint64(wire.LifeSeconds) && v < 1<<31:
			l.time = time.Duration(v) * time.Second
		case x.Type == a.duration && unit == uint64(wire.LifeKilobytes) && v < 1<<48:
			l.kilobytes = v
		}
	}
	return l
}

// shorter takes the lower of each.
func (l life) shorter(o life) life {
	if l.time == 0 || o.time > 0 && o.time < l.time {
		l.time = o.time
	}
	if l.kilobytes == 0 || o.kilobytes > 0 && o.kilobytes < l.kilobytes {
		l.kilobytes = o.kilobytes
	}
	return l
}

// told is the RESPONDER-LIFETIME for what was offered, if this end's own lifetime is shorter.
func (a lifeAttributes) told(own, offered life, n wire.Notify) []wire.Payload {
	l := own.shorter(offered)
	if l == offered {
		return nil
	}
	return a.notify(l, n)
}

func (a lifeAttributes) notify(l life, n wire.Notify) []wire.Payload {
	data, err := wire.AppendAttributes(nil, a.of(l))
	if err != nil {
		return nil // the attributes are all ours and short
	}
	n.DOI, n.MsgType, n.Data = 1, wire.NotifyResponderLifetime, data
	return []wire.Payload{&n}
}

// heard reads a RESPONDER-LIFETIME.
func (a lifeAttributes) heard(n *wire.Notify) life {
	as, err := wire.ParseAttributes(n.Data)
	if err != nil {
		return life{}
	}
	return a.read(as)
}

// life is what the policy says.
func (p *QuickPolicy) life() life { return life{time: p.Lifetime, kilobytes: p.Kilobytes} }

// life is what the configuration says about the ISAKMP SA.
func (c *Config) life() life { return life{time: c.Lifetime, kilobytes: c.Kilobytes} }

// or gives def for seconds that are not said.
func (l life) or(def time.Duration) life {
	l.time = cmp.Or(l.time, def)
	return l
}

// quickLifetime is the notify of quick mode message 2.
func (s *Session) quickLifetime(q *quick) []wire.Payload {
	offered := q.life
	q.life = offered.shorter(q.policy.life())
	return lifePhase2.told(q.policy.life(), offered, wire.Notify{Protocol: protocolID(q.policy.Proto), SPI: spiBytes(q.spiIn)})
}

// phase1Lifetime is the notify of the responder's last message. In aggressive mode it must not be there, as nothing protects
// it (RFC 2407 4.6.3). FortiGate sends the attributes of phase 2.
func (s *Session) phase1Lifetime() []wire.Payload {
	n := wire.Notify{Protocol: wire.ProtoISAKMP, SPI: s.cookiePair()}
	switch {
	case s.cfg.Deviations.ResponderLifetimePhase2:
		return lifePhase2.notify(life{time: time.Hour}, n)
	case s.cfg.Mode == Aggressive:
		return nil
	}
	return lifePhase1.told(s.cfg.life(), s.life, n)
}

// shorten takes the responder's lifetime for the child of a quick mode, if it is shorter.
func (q *quick) shorten(ps []wire.Payload) {
	for _, p := range ps {
		if n, ok := p.(*wire.Notify); ok && n.MsgType == wire.NotifyResponderLifetime {
			q.life = q.life.shorter(lifePhase2.heard(n))
		}
	}
}
