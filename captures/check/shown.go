package check

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// What the peer can do, as far as the packets of a trial show it. A harness that is
// made to be at fault has said and done other things than its messages tell: such
// a trial shows nothing.

// Shown is a capability that the wire shows the peer to have: it was in use in
// an exchange that was established.
type Shown struct {
	scenarios.Capability
	// Frames show it, at most MaxFrames of them; Witness says what is in them.
	Frames  []int  `json:"frames"`
	Witness string `json:"witness"`
}

// watcher watches a trial for what the peer shows, and for what it refuses.
type watcher struct {
	s       *Subject
	tap     tap
	ends    outcome
	talks   *traffic
	carried map[*dissect.Quick]*carriage
	// deletes are the frames of the peer's authenticated Deletes.
	deletes map[int]bool
	asked   map[asked]int  // frames of the harness's R-U-THERE
	again   map[int]*tally // retransmissions, by the frame of the first
	found   []Shown
	// inside are the packets that the harness sent in the SAs; answered: the peer
	// sent some, in them or beside.
	inside   tally
	answered bool
	// unreachable: the peer's host said by ICMP that nobody listens.
	unreachable bool
}

// asked names an R-U-THERE that awaits its answer.
type asked struct {
	phase1 *dissect.Phase1
	number uint32
}

// carriage is what went through the SAs of a quick mode.
type carriage struct {
	fromPeer, toPeer int  // frames in which data first did
	inUDP            bool // all of it
	// opened is the frame of the first packet of the peer that opens, suite what
	// opens it.
	opened int
	suite  esp.Suite
}

func newWatcher(s *Subject) *watcher {
	return &watcher{
		s: s, ends: outcome{s: s}, talks: newTraffic(s, nil),
		carried: map[*dissect.Quick]*carriage{}, deletes: map[int]bool{}, asked: map[asked]int{}, again: map[int]*tally{},
	}
}

// Event takes note of one packet.
func (w *watcher) Event(e *dissect.Event) {
	w.tap.event(w.s, e)
	w.ends.Event(e)
	w.talks.Event(e)
	switch m := e.ISAKMP; {
	case e.Kind == dissect.KindISAKMP && m != nil && m.Phase1 != nil && !m.Retransmission && m.Hash.State == dissect.HashGood:
		w.protected(m)
	case e.Kind == dissect.KindISAKMP && m != nil && m.Retransmission:
		w.repeated(m)
	case e.Kind == dissect.KindESP && e.ESP != nil:
		w.sealed(e, e.ESP.SA, e.ESP.UDPEncap)
	case e.Kind == dissect.KindAH && e.AH != nil && e.AH.State == esp.ICVGood:
		w.sealed(e, e.AH.SA, false)
	case e.Clear() && !isMarker(w.s, e) && w.s.Judges(e.Src.Addr()):
		port, about := refusedPort(e)
		w.answered = w.answered || !about
		w.unreachable = w.unreachable || about && (port == ikePort || port == nattPort)
	}
}

// repeated takes note of a message that was sent again.
func (w *watcher) repeated(m *dissect.ISAKMP) {
	if w.again[m.Of] == nil && len(w.again) < maxNotices {
		w.again[m.Of] = &tally{}
	}
	if t := w.again[m.Of]; t != nil {
		t.add(m.Frame, "")
	}
}

// refusedPort returns the UDP port about which an ICMP error is that nobody
// listens there, by the packet that it quotes; false for anything else. The
// marker's port has one, too.
func refusedPort(e *dissect.Event) (port uint16, ok bool) {
	const header = 8 // of ICMP, before the quote
	unreachable := e.Flow.ICMPType == 3 && e.Flow.ICMPCode == 3 || e.Flow.ICMPType == 1 && e.Flow.ICMPCode == 4
	if e.Kind != dissect.KindICMP || !unreachable || len(e.Payload) <= header {
		return 0, false
	}
	quote := e.Payload[header:]
	at, proto := 40, 6 // where UDP begins, and the octet that says so, in IPv6
	if quote[0]>>4 == 4 {
		at, proto = int(quote[0]&15)*4, 9
	}
	if len(quote) < at+4 || quote[proto] != 17 {
		return 0, false
	}
	return binary.BigEndian.Uint16(quote[at+2:]), true
}

// sealed takes note of an ESP packet, or of one of AH whose ICV is right.
func (w *watcher) sealed(e *dissect.Event, sa *dissect.SA, inUDP bool) {
	if w.s.Judges(e.Src.Addr()) {
		w.answered = true
	} else if e.Inner != nil {
		w.inside.add(e.Frame, "")
	}
	if e.Inner != nil {
		w.carry(e, sa, inUDP)
	}
}

// protected takes note of a message that the ISAKMP SA vouches for.
func (w *watcher) protected(m *dissect.ISAKMP) {
	peer := w.s.Judges(m.Src.Addr())
	for range payloads[*wire.Delete](m) {
		if peer && len(w.deletes) < maxNotices {
			w.deletes[m.Frame] = true
		}
	}
	for _, n := range payloads[*wire.Notify](m) {
		if len(n.Data) != 4 {
			continue
		}
		key := asked{m.Phase1, binary.BigEndian.Uint32(n.Data)}
		switch {
		case n.MsgType == wire.NotifyRUThere && peer:
			w.show(scenarios.CapDPD, "ask", "an R-U-THERE", m.Frame)
		case n.MsgType == wire.NotifyRUThere && len(w.asked) < maxNotices:
			w.asked[key] = m.Frame
		case n.MsgType == wire.NotifyRUThereAck && peer && w.asked[key] != 0:
			w.show(scenarios.CapDPD, "answer", "an R-U-THERE answered by its number", w.asked[key], m.Frame)
		}
	}
}

// Shown returns what the peer was seen to do, by kind and value, each once.
func (w *watcher) Shown() []Shown {
	if w.s.harnessAtFault() {
		return nil
	}
	for _, p := range w.ends.phase1 {
		if !w.stands(p) {
			continue
		}
		w.showPhase1(p)
		for _, q := range p.Quicks {
			if established2(q) {
				w.showQuick(q)
			}
		}
	}
	w.showRekeys()
	w.showBypass()
	slices.SortFunc(w.found, func(a, b Shown) int { return a.Compare(b.Capability) })
	return w.found
}

// stands reports whether both ends proved themselves in phase 1 and went on: one
// that does not take the other's proof has shown its own all the same.
func (w *watcher) stands(p *dissect.Phase1) bool {
	return established1(p) && p.HashI != dissect.HashBad && p.HashR != dissect.HashBad && w.ends.went[p] == bothEnds
}

// show adds a capability that was not shown before, unless the value is none
// that a name is known for.
func (w *watcher) show(kind scenarios.CapabilityKind, value, witness string, frames ...int) {
	c := scenarios.Capability{Kind: kind, Value: value}
	if value == "" || strings.HasPrefix(value, "Unknown(") || slices.ContainsFunc(w.found, func(s Shown) bool { return s.Capability == c }) {
		return
	}
	slices.Sort(frames)
	frames = slices.Compact(frames)
	w.found = append(w.found, Shown{Capability: c, Frames: frames[:min(len(frames), MaxFrames)], Witness: witness})
}
