package report

import (
	"fmt"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
)

// Bounds of a ladder: so many packets from the beginning, and after them only those that a
// finding cites, up to the second number.
const (
	maxRungs      = 60
	maxCitedRungs = 90
)

// ladder shows the packets of a trial between the two ends, in the order of the capture.
type ladder struct {
	Left, Right string
	Rungs       []rung
	// Total counts the packets of the capture; Hidden those that are not shown.
	Total, Hidden int
	// Broken says why the capture could not be read to where the ladder ends.
	Broken string
}

// rung is one packet.
type rung struct {
	Frame    int
	At       time.Duration // since the first packet
	FromLeft bool
	Class    class
	Label    string // "Main 1: SA, VID"
	Detail   string
	Cited    bool // by a finding that stands against the peer
	Gap      int  // packets left out before this one
}

// class tells kinds of packets apart by colour.
type class string

const (
	classIKE    class = "ike"    // readable as it was sent
	classSealed class = "sealed" // encrypted IKE
	classESP    class = "esp"    // ESP or AH
	classClear  class = "clear"  // outside of IPsec
	classMarker class = "marker" // proves the tap alive
	classBad    class = "bad"    // does not verify, or breaks its format
)

// ladders gives the ladder of every trial, nil for one without a capture.
func ladders(b *evidence.Bundle, res *check.Result) []*ladder {
	all := make([]*ladder, len(res.Trials))
	byDir := map[string]int{}
	for i := range res.Trials {
		if dir := res.Trials[i].Dir; dir != "" {
			byDir[dir] = i
		}
	}
	for tr, err := range b.Trials() {
		i, ok := byDir[tr.Ref.Dir]
		if !ok || err != nil {
			continue
		}
		all[i] = climb(tr, &res.Trials[i])
	}
	return all
}

// climb reads the capture of a trial as far as the ladder goes.
func climb(tr *evidence.TrialReader, res *check.TrialResult) *ladder {
	l := &ladder{
		Left:  fmt.Sprintf("harness %v", tr.Meta.Harness),
		Right: fmt.Sprintf("peer %v", tr.Meta.PeerAddr),
		Total: res.Packets.Frames,
	}
	keys, err := tr.Keys()
	if err != nil {
		l.Broken = err.Error() // the packets are there all the same
	}
	cited, last := citations(res)
	var first time.Time
	gap := 0
	for e, err := range dissect.Decode(tr.Packets(), keys) {
		if err != nil {
			l.Broken = err.Error()
			break
		}
		if first.IsZero() {
			first = e.Time
		}
		l.Total = max(l.Total, e.Frame)
		if len(l.Rungs) >= maxCitedRungs || len(l.Rungs) >= maxRungs && e.Frame > last {
			break
		}
		if len(l.Rungs) >= maxRungs && !cited[e.Frame] {
			gap++
			continue
		}
		r := rung{
			Frame: e.Frame, At: e.Time.Sub(first), Cited: cited[e.Frame], Gap: gap,
			FromLeft: fromHarness(e, &tr.Meta),
		}
		r.Class, r.Label, r.Detail = describe(e, tr.Meta.Marker)
		r.Label, r.Detail = plain(r.Label), plain(r.Detail)
		l.Rungs = append(l.Rungs, r)
		gap = 0
	}
	l.Hidden = max(l.Total-len(l.Rungs), 0)
	return l
}

// fromHarness tells who sent a packet: the tap knows, or else the address does.
func fromHarness(e *dissect.Event, t *evidence.Trial) bool {
	if e.Dir != captures.DirUnknown {
		return e.Dir == captures.DirOut
	}
	src := e.Src.Addr()
	return src.IsValid() && (src == t.Harness || src == t.HarnessInner)
}

// citations are the frames cited by what stands against the peer, and the last of them.
func citations(t *check.TrialResult) (cited map[int]bool, last int) {
	cited = map[int]bool{}
	for i := range t.Findings {
		if f := &t.Findings[i]; against(f) {
			for _, n := range f.Frames {
				cited[n] = true
				last = max(last, n)
			}
		}
	}
	return cited, last
}
