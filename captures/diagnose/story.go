package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Bounds of what a story remembers.
const (
	maxNegotiations = 64
	maxNotices      = 64
	maxFlows        = 64
)

// story is what happened, as far as causes are found in it.
type story struct {
	subject  *check.Subject
	findings []check.Finding

	phase1  []*negotiation
	odd     *dissect.ISAKMP // the first message that takes another IV than its own
	notices []notice
	icmp    []notice // destination unreachable
	flows   []*flow
}

// negotiation is an ISAKMP SA with what dissect does not keep of it.
type negotiation struct {
	*dissect.Phase1
	// copies are the frames of each phase 1 message, by its index, and
	// quickCopies those of the latest quick mode.
	copies      [7][]int
	quick       *dissect.Quick
	quickCopies [5][]int
}

// notice is an informational message.
type notice struct {
	frame     int
	at        time.Time
	from      netip.Addr
	text      string // "NO-PROPOSAL-CHOSEN", "Delete", or "" when it cannot be read
	typ       wire.NotifyType
	proto     wire.ProtocolID
	encrypted bool
	phase1    *dissect.Phase1
	after     int // index of the last phase 1 message before it
	quick     bool
}

// flow is the ESP from one host to another.
type flow struct {
	from, to      netip.Addr
	packets       int
	udp           int
	first         int // frame
	good, bad     int
	residue12     int // packets whose length fits an ICV of 12 octets and not one of 16
	residue16     int
	badSuite      esp.Suite
	badSPI        uint32
	badKeysGiven  bool // the keys came from a file, not from the negotiation
	firstBadFrame int
}

// Event implements check.Explainer.
func (s *story) Event(e *dissect.Event) {
	switch {
	case e.Kind == dissect.KindISAKMP && e.ISAKMP != nil && e.ISAKMP.Phase1 != nil:
		s.isakmp(e.ISAKMP)
	case e.Kind == dissect.KindICMP && unreachable(e) && len(s.icmp) < maxNotices:
		s.icmp = append(s.icmp, notice{frame: e.Frame, from: e.Src.Addr(), text: quotes(e)})
	case e.Kind == dissect.KindESP && e.ESP != nil:
		s.esp(e)
	}
}

// unreachable reports whether an ICMP message is destination unreachable (RFC 792,
// RFC 4443 3.1).
func unreachable(e *dissect.Event) bool {
	if e.IP.Version == 6 {
		return e.Flow.ICMPType == 1
	}
	return e.Flow.ICMPType == 3
}

// quotes is the UDP port that an ICMP destination unreachable is about, "" if it is
// about something else.
func quotes(e *dissect.Event) string {
	const icmpHeader, ipv6Header, udp = 8, 40, 17
	b := e.Payload
	if len(b) < icmpHeader+20+4 {
		return ""
	}
	b = b[icmpHeader:]
	n, proto := int(b[0]&0x0f)*4, b[9]
	if b[0]>>4 == 6 {
		n, proto = ipv6Header, b[6]
	}
	if len(b) < n+4 || proto != udp {
		return ""
	}
	return fmt.Sprint(int(b[n+2])<<8 | int(b[n+3]))
}

func (s *story) isakmp(m *dissect.ISAKMP) {
	n := s.negotiation(m.Phase1)
	if m.IVNote != "" && s.odd == nil {
		s.odd = m
	}
	switch {
	case n == nil:
	case m.Header.Exchange == wire.ExchangeInformational:
		if !m.Retransmission {
			s.informational(n, m)
		}
	case m.Quick != nil:
		if n.quick != m.Quick {
			n.quick, n.quickCopies = m.Quick, [5][]int{}
		}
		if m.Index < len(n.quickCopies) {
			n.quickCopies[m.Index] = keep(n.quickCopies[m.Index], m.Frame)
		}
	case m.Header.Exchange != wire.ExchangeTransaction && m.Index < len(n.copies):
		n.copies[m.Index] = keep(n.copies[m.Index], m.Frame)
	}
}

func keep(frames []int, f int) []int {
	if len(frames) < check.MaxFrames {
		frames = append(frames, f)
	}
	return frames
}

func (s *story) negotiation(p *dissect.Phase1) *negotiation {
	for _, n := range s.phase1 {
		if n.Phase1 == p {
			return n
		}
	}
	if len(s.phase1) >= maxNegotiations {
		return nil
	}
	n := &negotiation{Phase1: p}
	s.phase1 = append(s.phase1, n)
	return n
}

func (s *story) informational(neg *negotiation, m *dissect.ISAKMP) {
	n := notice{
		frame: m.Frame, at: m.Time, from: m.Src.Addr(), encrypted: m.Encrypted, phase1: m.Phase1,
		after: neg.last(), quick: neg.quick != nil,
	}
	add := func() {
		if len(s.notices) < maxNotices {
			s.notices = append(s.notices, n)
		}
	}
	if m.Message == nil {
		add()
		return
	}
	for _, p := range m.Message.Payloads {
		switch p := p.(type) {
		case *wire.Notify:
			if p.MsgType.IsError() || p.MsgType == wire.NotifyInitialContact {
				n.text, n.typ, n.proto = p.MsgType.String(), p.MsgType, p.Protocol
				add()
			}
		case *wire.Delete:
			n.text, n.typ, n.proto = "Delete", 0, p.Protocol
			add()
		}
	}
}

// last is the highest index of the phase 1 messages seen.
func (n *negotiation) last() int {
	for i := len(n.copies) - 1; i > 0; i-- {
		if len(n.copies[i]) > 0 {
			return i
		}
	}
	return 0
}

// frames lists the frames of phase 1 messages from index a to b.
func (n *negotiation) frames(a, b int) []int {
	var out []int
	for i := a; i <= b; i++ {
		out = append(out, n.copies[i]...)
	}
	return out
}

// message returns the phase 1 message with the index, nil if it was not seen.
func (n *negotiation) message(index int) *dissect.ISAKMP {
	for _, m := range n.Messages {
		if m.Index == index {
			return m
		}
	}
	return nil
}

// established reports whether the hashes of phase 1, or those of a quick mode
// under it, are right.
func (n *negotiation) established() bool {
	return n.HashI == dissect.HashGood && n.HashR == dissect.HashGood ||
		slices.ContainsFunc(n.Quicks, func(q *dissect.Quick) bool { return q.Hash1 == dissect.HashGood && q.Hash2 == dissect.HashGood })
}

// child reports whether the latest quick mode was completed.
func (n *negotiation) child() bool {
	q := n.quick
	return q != nil && q.Hash1 == dissect.HashGood && q.Hash2 == dissect.HashGood && q.Hash3 == dissect.HashGood
}

// stuck is the negotiation that came furthest, the earliest of them, when phase 1
// succeeded in none; nil otherwise.
func (s *story) stuck() *negotiation {
	var best *negotiation
	for _, n := range s.phase1 {
		if n.established() {
			return nil
		}
		if best == nil || n.last() > best.last() {
			best = n
		}
	}
	return best
}

// standing is the latest negotiation whose phase 1 succeeded.
func (s *story) standing() *negotiation {
	for _, n := range slices.Backward(s.phase1) {
		if n.established() {
			return n
		}
	}
	return nil
}

// said finds the first of the given notifies about a negotiation.
func (s *story) said(p *dissect.Phase1, types ...wire.NotifyType) (notice, bool) {
	for _, n := range s.notices {
		if n.phase1 == p && n.text != "" && n.text != "Delete" && slices.Contains(types, n.typ) {
			return n, true
		}
	}
	return notice{}, false
}

func (s *story) esp(e *dissect.Event) {
	f := s.flow(e.Src.Addr(), e.Dst.Addr())
	if f == nil {
		return
	}
	p := e.ESP
	if f.packets == 0 {
		f.first = e.Frame
	}
	f.packets++
	if p.UDPEncap {
		f.udp++
	}
	switch p.Facts.ICV {
	case esp.ICVGood:
		f.good++
	case esp.ICVBad:
		f.bad++
		if f.bad == 1 {
			f.firstBadFrame, f.badSuite, f.badSPI = e.Frame, p.SA.Suite, p.SPI
			f.badKeysGiven = !p.SA.KeysDerived
		}
	}
	// SPI, sequence number and a CBC IV before whole blocks, the ICV after them.
	if suite := p.SA.Suite; suite.Integrity == esp.HMACSHA256x128 && suite.Cipher.BlockSize() > 4 {
		switch (p.Len - 8 - suite.Cipher.IVSize()) % suite.Cipher.BlockSize() {
		case 12 % suite.Cipher.BlockSize():
			f.residue12++
		case 16 % suite.Cipher.BlockSize():
			f.residue16++
		}
	}
}

func (s *story) flow(from, to netip.Addr) *flow {
	for _, f := range s.flows {
		if f.from == from && f.to == to {
			return f
		}
	}
	if len(s.flows) >= maxFlows {
		return nil
	}
	f := &flow{from: from, to: to}
	s.flows = append(s.flows, f)
	return f
}

// frame writes a frame's number for a sentence.
func frame(n int) string { return fmt.Sprintf("(frame %d)", n) }
