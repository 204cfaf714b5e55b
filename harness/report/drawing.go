package report

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Geometry of a drawn ladder, in units of its own: about as many pixels where there is room.
const (
	ladderWidth = 760
	leftLine    = 118 // what is left of it: frame number and time
	rightLine   = 748
	firstRung   = 52
	rungHeight  = 34
	gapHeight   = 22
	labelRunes  = 88 // fit between the lines at the size of report.css
)

// ladderView is a ladder with its rungs in their places.
type ladderView struct {
	*ladder
	ID     string
	Height int
	Rungs  []rungView

	shown map[int]bool
}

// rungView is a packet in its place.
type rungView struct {
	*rung
	ID   string
	Y    int
	GapY int // where the drawing says what was left out
}

func newLadderView(l *ladder, id string) *ladderView {
	if l == nil {
		return nil
	}
	v := &ladderView{ladder: l, ID: id, shown: map[int]bool{}}
	y := firstRung
	for i := range l.Rungs {
		r := rungView{rung: &l.Rungs[i]}
		if r.Gap > 0 {
			r.GapY = y
			y += gapHeight
		}
		r.ID, r.Y = fmt.Sprintf("%s-%d", id, r.Frame), y
		v.Rungs = append(v.Rungs, r)
		v.shown[r.Frame] = true
		y += rungHeight
	}
	v.Height = y - rungHeight + 16
	return v
}

// shows reports whether a frame is drawn.
func (l *ladderView) shows(frame int) bool { return l != nil && l.shown[frame] }

// Width, From, To and Label place the drawing's parts.
func (*ladderView) Width() int { return ladderWidth }

// From is where the left end's line stands.
func (*ladderView) From() int { return leftLine }

// To is where the right end's line stands.
func (*ladderView) To() int { return rightLine }

// Label is where a packet's words begin.
func (*ladderView) Label() int { return leftLine + 12 }

// Cited counts the packets that are highlighted.
func (l *ladderView) Cited() int {
	n := 0
	for _, r := range l.Rungs {
		if r.Cited {
			n++
		}
	}
	return n
}

// When is the time since the first packet; lifetimes of hours go by in seconds.
func (r rungView) When() string {
	if r.At < time.Second {
		return fmt.Sprintf("%.3f ms", float64(r.At.Nanoseconds())/1e6)
	}
	return fmt.Sprintf("%.3f s", r.At.Seconds())
}

// Path is the arrow from one line to the other, its head included.
func (r rungView) Path() string {
	if r.FromLeft {
		return fmt.Sprintf("M%d 0H%dm-8-4 8 4-8 4", leftLine, rightLine)
	}
	return fmt.Sprintf("M%d 0H%dm8-4-8 4 8 4", rightLine, leftLine)
}

// Sign says the direction within the words too: on a narrow screen the arrow's head may be
// out of sight, and who listens has no arrow.
func (r rungView) Sign() string {
	if r.FromLeft {
		return "→"
	}
	return "←"
}

// Words are the packet's name and, as far as there is room, its detail.
func (r rungView) Words() (w struct{ Label, Detail string }) {
	w.Label = plain(r.Label)
	if r.Class == classSealed && !strings.Contains(w.Label, "encrypted") {
		w.Label += " (encrypted)"
	}
	w.Detail = plain(r.Detail)
	room := labelRunes - utf8.RuneCountInString(w.Label)
	w.Label, w.Detail = clip(w.Label, labelRunes), clip(w.Detail, room)
	return w
}

// Clipped reports whether Words had to leave something out.
func (r rungView) Clipped() bool { return strings.HasSuffix(r.Words().Label+r.Words().Detail, "…") }

// Full is all of the words.
func (r rungView) Full() string { return plain(join(r.Label, r.Detail)) }

// clip shortens a text to n characters, and to nothing where there is no room for words.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	if n < 8 {
		return "…"
	}
	return string([]rune(s)[:n-1]) + "…"
}
