package check

import (
	"slices"
	"testing"

	"github.com/useipsec/useipsec/captures"
)

// TestIncomplete judges captures from elsewhere of ends without faults, of which some is missing or there twice: that
// is how captures are, and no fault of the ends.
func TestIncomplete(t *testing.T) {
	for _, o := range everything {
		t.Run(o.name, func(t *testing.T) {
			spec := full(bgpSpec())
			o.make(&spec)
			s := play(t, spec, initiator)
			s.marker().negotiate().talk(179, true).talk(8179, false).quick().talk(179, true).deletes()
			whole := s.packets
			judge := func(what string, at int, packets []captures.Packet) {
				s.packets = packets
				for _, f := range foreign(t, s, nil).Findings {
					if f.Verdict == Fail && f.Level == Must {
						t.Errorf("%s %d: %s: %s %v", what, at, f.Rule, f.Actual, f.Frames)
					}
				}
			}
			for i := range whole {
				judge("without frame", i+1, slices.Delete(slices.Clone(whole), i, i+1))
				judge("from frame", i+1, whole[i:])
				judge("up to frame", i+1, whole[:i])
				judge("twice frame", i+1, slices.Insert(slices.Clone(whole), i, whole[i]))
			}
		})
	}
}
