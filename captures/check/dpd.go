package check

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 3706: dead peer detection.

func dpdRules() []Rule {
	return []Rule{
		stateful(Rule{
			ID: "ike.dpd.ack", Item: profile.ItemKeying, Ref: "RFC3706/5.3", Level: Must,
			Title:       "R-U-THERE is answered with its own sequence number",
			Requirement: "Whoever has announced dead peer detection answers R-U-THERE with R-U-THERE-ACK; the SPI of both is the two cookies of the ISAKMP SA, and the number of the answer is that of the question.",
			expected:    []string{"R-U-THERE-ACK with the question's sequence number and the SPI CKY-I | CKY-R"},
			fix:         "the end that asked takes the peer for dead, and deletes what it has with it",
			noun:        "R-U-THERE", needs: stageAny,
		}, dpdAck),
		stateful(Rule{
			ID: "ike.dpd.request", Item: profile.ItemKeying, Ref: "RFC3706/6.2", Level: Must,
			Title:       "The sequence numbers of R-U-THERE rise by one",
			Requirement: "The first number is chosen by its sender, and each new R-U-THERE has the next one; its SPI is the two cookies, and whoever sends it has announced dead peer detection by the vendor ID (RFC 3706 5.1).",
			expected:    []string{"4 octets, one more than those of the question before", "the same number again while there is no answer"},
			fix:         "peers that follow RFC 3706 7 do not answer a number that is out of order",
			noun:        "R-U-THERE of the peer", needs: stageAny,
		}, dpdRequest),
	}
}

// probe is one R-U-THERE or R-U-THERE-ACK.
type probe struct {
	m      *dissect.ISAKMP
	at     time.Time
	number uint32
	// cookies: the SPI is the two cookies; reversed: in the other order.
	cookies, reversed bool
}

// probes lists those of a type in a message whose hash is right.
func probes(m *dissect.ISAKMP, t wire.NotifyType) (all []probe) {
	if m.Header.Exchange != wire.ExchangeInformational || m.Hash.State != dissect.HashGood {
		return nil
	}
	i, r := m.Header.CookieI[:], m.Header.CookieR[:]
	for _, n := range payloads[*wire.Notify](m) {
		if n.MsgType == t {
			p := probe{m: m, at: m.Time, cookies: slices.Equal(n.SPI, slices.Concat(i, r)), reversed: slices.Equal(n.SPI, slices.Concat(r, i))}
			if len(n.Data) == 4 {
				p.number = binary.BigEndian.Uint32(n.Data)
			}
			all = append(all, p)
		}
	}
	return all
}

// answerTime is how long an answer may take by the capture's clock before a question
// at its end counts as unanswered.
const answerTime = 2500 * time.Millisecond

// asker is an end that asks whether the other is there.
type asker struct {
	p1        *dissect.Phase1
	initiator bool
}

func dpdAck() (func(*observer, *dissect.Event), func(*observer)) {
	var (
		asked []probe // without an answer
		last  = map[asker]uint32{}
		heard = map[netip.Addr]int{} // the last frame of each
		end   time.Time
	)
	see := func(o *observer, e *dissect.Event) {
		end = e.Time
		if len(heard) < maxRemembered {
			heard[e.Src.Addr()] = e.Frame
		}
		m := e.ISAKMP
		if e.Kind != dissect.KindISAKMP || m == nil || m.Phase1 == nil || m.Retransmission {
			return
		}
		if o.s.Foreign() || !o.s.Judges(m.Src.Addr()) {
			for _, q := range probes(m, wire.NotifyRUThere) {
				// An end need not answer what is out of order.
				from := asker{m.Phase1, m.FromInitiator}
				before, known := last[from]
				if (!known || q.number == before+1) && (q.cookies || q.reversed) && len(asked) < maxNotices {
					asked = append(asked, q)
				}
				if len(last) < maxNotices || known {
					last[from] = q.number
				}
			}
		}
		if !o.s.Judges(m.Src.Addr()) {
			return
		}
		for _, a := range probes(m, wire.NotifyRUThereAck) {
			i := slices.IndexFunc(asked, func(q probe) bool { return q.m.Phase1 == m.Phase1 && q.m.FromInitiator != m.FromInitiator })
			if i < 0 {
				continue // to a question that is not captured, or out of order
			}
			judgeAck(o, &asked, i, a)
		}
	}
	return see, func(o *observer) {
		for _, q := range asked {
			asked := q.m.Dst.Addr()
			vendors := q.m.Phase1.VendorsI
			if q.m.FromInitiator {
				vendors = q.m.Phase1.VendorsR
			}
			switch {
			case end.Sub(q.at) <= answerTime, q.m.Phase1.Deleted > q.m.Frame:
			case o.s.Foreign() && heard[asked] < q.m.Frame:
				o.unseen(q.m.Frame, "", "R-U-THERE %d is not answered, and nothing else comes from %v either: it is not there, or not captured", q.number, asked)
			case o.s.Foreign() && !slices.ContainsFunc(vendors, isDPD):
				o.unseen(q.m.Frame, "capture from the first message on", "R-U-THERE %d is not answered, and %v is not seen to have announced dead peer detection", q.number, asked)
			default:
				o.fail(q.m.Frame, asked, "R-U-THERE %d is not answered", q.number)
			}
		}
	}
}

// judgeAck judges an answer; i is the oldest open question to its sender.
func judgeAck(o *observer, asked *[]probe, i int, a probe) {
	from := a.m.Src.Addr()
	j := slices.IndexFunc(*asked, func(q probe) bool {
		return q.m.Phase1 == a.m.Phase1 && q.number == a.number && q.m.FromInitiator != a.m.FromInitiator
	})
	switch {
	case j < 0:
		o.fail(a.m.Frame, from, "R-U-THERE-ACK %d to R-U-THERE %d", a.number, (*asked)[i].number)
		*asked = slices.Delete(*asked, i, i+1)
		return
	case a.reversed && (*asked)[j].reversed: // what is asked is answered
		o.pass(a.m.Frame, "R-U-THERE-ACK %d", a.number)
	case a.reversed:
		o.tolerate(a.m.Frame, from, "the SPI of R-U-THERE-ACK %d is CKY-R | CKY-I", a.number)
	case !a.cookies:
		o.fail(a.m.Frame, from, "the SPI of R-U-THERE-ACK %d is not the two cookies", a.number)
	default:
		o.pass(a.m.Frame, "R-U-THERE-ACK %d", a.number)
	}
	*asked = slices.Delete(*asked, j, j+1)
}

func dpdRequest() (func(*observer, *dissect.Event), func(*observer)) {
	type state struct {
		number   uint32
		answered bool
	}
	seen := map[asker]*state{}
	return func(o *observer, e *dissect.Event) {
		m := e.ISAKMP
		if e.Kind != dissect.KindISAKMP || m == nil || m.Phase1 == nil || m.Retransmission {
			return
		}
		for range probes(m, wire.NotifyRUThereAck) {
			if s := seen[asker{m.Phase1, !m.FromInitiator}]; s != nil {
				s.answered = true
			}
		}
		if !o.s.Judges(m.Src.Addr()) {
			return
		}
		for _, q := range probes(m, wire.NotifyRUThere) {
			key := asker{m.Phase1, m.FromInitiator}
			s := seen[key]
			vendors := m.Phase1.VendorsR
			if m.FromInitiator {
				vendors = m.Phase1.VendorsI
			}
			switch {
			case !slices.ContainsFunc(vendors, isDPD) && m.Phase1.Complete():
				o.fail(m.Frame, m.Src.Addr(), "R-U-THERE %d without the vendor ID of dead peer detection", q.number)
			case !q.cookies && !q.reversed:
				o.fail(m.Frame, m.Src.Addr(), "the SPI of R-U-THERE %d is not the two cookies", q.number)
			case s != nil && q.number != s.number+1 && (q.number != s.number || s.answered):
				o.fail(m.Frame, m.Src.Addr(), "R-U-THERE %d after R-U-THERE %d", q.number, s.number)
			case q.reversed:
				o.tolerate(m.Frame, m.Src.Addr(), "the SPI of R-U-THERE %d is CKY-R | CKY-I", q.number)
			default:
				o.pass(m.Frame, "R-U-THERE %d", q.number)
			}
			if s == nil && len(seen) < maxNotices {
				s = &state{}
				seen[key] = s
			}
			if s != nil {
				s.number, s.answered = q.number, false
			}
		}
	}, nil
}

// isDPD reports whether a vendor ID announces dead peer detection.
func isDPD(id []byte) bool {
	n := len(wire.VendorIDDPD) - 2 // the last two octets are the version
	return len(id) >= n && slices.Equal(id[:n], wire.VendorIDDPD[:n])
}
