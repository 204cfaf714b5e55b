package dissect

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

type cookie = wire.Cookie

// family is all ISAKMP SAs with one initiator cookie: usually one, but an
// initiator's first message may be answered by several responders.
type family struct{ members []*Phase1 }

const (
	maxFamily = 8  // responders to one initiator cookie
	maxRecent = 64 // messages of an ISAKMP SA that retransmissions are looked for among
)

// phase1State is what following an ISAKMP SA needs beyond its facts.
type phase1State struct {
	main      exchange
	exchanges *table[exchangeKey, *exchange]
	recent    []*ISAKMP // the latest messages, oldest first
	octets    int       // what this SA contributes to Decoder.octets
	keyring   keyring
}

type exchangeKey struct {
	typ wire.ExchangeType
	id  uint32
}

// exchange is one exchange under an ISAKMP SA, or the phase 1 exchange itself.
type exchange struct {
	phase1   bool
	id       uint32
	quick    *Quick
	chain    chain
	octets   int
	messages []*ISAKMP // of exchanges that are neither phase 1 nor quick mode

	begun, byInitiator bool // who sent the first message
	answered           bool // the other side has sent one
	closed             bool // and the first side again
}

// find looks up an ISAKMP SA by both cookies.
func (d *Decoder) find(i, r cookie) *Phase1 {
	f, ok := d.phase1s.get(i)
	if !ok {
		return nil
	}
	for _, p := range f.members {
		if p.CookieR == r {
			return p
		}
	}
	return nil
}

// phase1 finds the ISAKMP SA of a message, or makes one.
func (d *Decoder) phase1(m *ISAKMP) *Phase1 {
	i, r := m.Header.CookieI, m.Header.CookieR
	f, ok := d.phase1s.get(i)
	if !ok {
		f = &family{}
		if old, evicted := d.phase1s.put(i, f); evicted {
			d.forget(old, "more ISAKMP SAs than "+fmt.Sprint(d.lim.Phase1))
		}
	}
	for _, p := range f.members {
		if p.CookieR == r || r.IsZero() {
			return p
		}
		if p.CookieR.IsZero() {
			p.CookieR = r
			return p
		}
	}
	p := &Phase1{CookieI: i, CookieR: r, FirstFrame: m.Frame, Initiator: m.Src, Responder: m.Dst}
	p.exchanges = newTable[exchangeKey, *exchange](d.lim.Exchanges)
	p.main.phase1 = true
	if !r.IsZero() && isPhase1(m.Header.Exchange) && m.Header.NextPayload == wire.PayloadSA { // an answer
		p.Initiator, p.Responder = m.Dst, m.Src
	}
	if len(f.members) > 0 {
		p.answer(f.members[0], m)
	}
	if len(f.members) >= maxFamily {
		d.octets -= f.members[0].octets
		f.members = slices.Delete(f.members, 0, 1)
		d.note(fmt.Sprintf("an ISAKMP SA with initiator cookie %v was forgotten: more than %d responder cookies", i, maxFamily))
	}
	f.members = append(f.members, p)
	return p
}

// answer makes p, which m begins, another answer to the first message that q knows.
func (p *Phase1) answer(q *Phase1, m *ISAKMP) {
	p.Exchange, p.FirstFrame = q.Exchange, q.FirstFrame
	p.Initiator, p.Responder = q.Initiator, m.Src
	if m.Src.Addr() == q.Initiator.Addr() {
		p.Responder = m.Dst
	}
	for _, m := range q.Messages {
		if m.Index == 1 && m.Message != nil {
			again := *m
			again.Phase1 = p
			p.absorb(&again)
			p.Messages = append(p.Messages, &again)
		}
	}
}

// sentByInitiator tells the direction of a message, by the addresses first and
// the ports second: two hosts may share an address, ports float (RFC 3947 4).
func (p *Phase1) sentByInitiator(m *ISAKMP) bool {
	if m.Header.CookieR.IsZero() && isPhase1(m.Header.Exchange) {
		return true
	}
	switch i, r := p.Initiator, p.Responder; {
	case i == r:
		return true
	case m.Src == i || m.Dst == r:
		return true
	case m.Src == r || m.Dst == i:
		return false
	case i.Addr() == r.Addr():
		return true
	case m.Src.Addr() == i.Addr() || m.Dst.Addr() == r.Addr():
		return true
	case m.Src.Addr() == r.Addr() || m.Dst.Addr() == i.Addr():
		return false
	}
	return true
}

// moved notes the latest addresses of both ends.
func (p *Phase1) moved(m *ISAKMP) {
	if !m.Decrypted && m.Encrypted && !p.between(m.Src, m.Dst) {
		return // might be from anybody
	}
	floated := m.Src.Port() == esp.NATTPort || m.Dst.Port() == esp.NATTPort
	if m.FromInitiator {
		p.Initiator, p.Responder = m.Src, m.Dst
		p.FloatedI = p.FloatedI || floated
	} else {
		p.Initiator, p.Responder = m.Dst, m.Src
		p.FloatedR = p.FloatedR || floated
	}
}

func (p *Phase1) between(a, b netip.AddrPort) bool {
	i, r := p.Initiator.Addr(), p.Responder.Addr()
	return a.Addr() == i && b.Addr() == r || a.Addr() == r && b.Addr() == i
}

func isPhase1(t wire.ExchangeType) bool {
	switch t {
	case wire.ExchangeBase, wire.ExchangeMain, wire.ExchangeAuthOnly, wire.ExchangeAggressive:
		return true
	}
	return false
}

// exchange finds the exchange of a message, or makes one.
func (d *Decoder) exchange(p *Phase1, h wire.Header) *exchange {
	if isPhase1(h.Exchange) {
		if p.Exchange == 0 {
			p.Exchange = h.Exchange
		}
		return &p.main
	}
	k := exchangeKey{h.Exchange, h.MessageID}
	if x, ok := p.exchanges.get(k); ok {
		return x
	}
	x := &exchange{id: h.MessageID}
	if h.Exchange == wire.ExchangeQuick {
		x.quick = &Quick{Phase1: p, MessageID: h.MessageID}
		p.Quicks = append(p.Quicks, x.quick)
	}
	if old, evicted := p.exchanges.put(k, x); evicted {
		d.drop(p, old, fmt.Sprintf("more than %d", d.lim.Exchanges))
	}
	return x
}

// drop takes an exchange that left p.exchanges off the books.
func (d *Decoder) drop(p *Phase1, x *exchange, why string) {
	p.octets, d.octets = p.octets-x.octets, d.octets-x.octets
	p.Quicks = slices.DeleteFunc(p.Quicks, func(q *Quick) bool { return q == x.quick })
	d.note(fmt.Sprintf("exchange %#08x of ISAKMP SA %v was forgotten: %s", x.id, p.CookieI, why))
}

// seen finds an earlier message of the same octets.
func (p *Phase1) seen(m *ISAKMP) *ISAKMP {
	for _, r := range p.recent {
		if bytes.Equal(r.Octets, m.Octets) && r.FromInitiator == m.FromInitiator {
			return r
		}
	}
	return nil
}

// remember keeps a message so that retransmissions of it are recognised.
func (d *Decoder) remember(p *Phase1, m *ISAKMP) {
	if len(p.recent) >= maxRecent {
		n := p.recent[0].size()
		p.octets, d.octets = p.octets-n, d.octets-n
		p.recent = slices.Delete(p.recent, 0, 1)
	}
	p.recent = append(p.recent, m)
	d.account(p, m, nil)
}

// size is about what a kept message costs in memory.
func (m *ISAKMP) size() int { return 512 + 3*len(m.Octets) }

// account adds a kept message to what the decoder holds, and makes room: the
// ISAKMP SAs used longest ago go first, then exchanges of this one.
func (d *Decoder) account(p *Phase1, m *ISAKMP, x *exchange) {
	n := m.size()
	p.octets, d.octets = p.octets+n, d.octets+n
	if x != nil {
		x.octets += n
	}
	for d.octets > d.lim.Octets && d.phase1s.len() > 1 {
		f, _ := d.phase1s.evict()
		d.forget(f, "too many octets of messages")
	}
	for d.octets > d.lim.Octets {
		old, ok := p.exchanges.evict()
		if !ok {
			return
		}
		d.drop(p, old, "too many octets of messages")
	}
}

func (d *Decoder) forget(f *family, why string) {
	for _, p := range f.members {
		d.octets -= p.octets
		p.octets = 0
		d.note(fmt.Sprintf("ISAKMP SA %v was forgotten: %s", p.CookieI, why))
	}
}
