package check

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// noFail checks that nothing fails in a capture from elsewhere.
func noFail(t *testing.T, s *scene) *TrialResult {
	t.Helper()
	tr := foreign(t, s, nil)
	for _, f := range tr.Findings {
		if f.Verdict == Fail && f.Level == Must {
			t.Errorf("%s: %s %v", f.Rule, f.Actual, f.Frames)
		}
	}
	return tr
}

// TestBeyondNAT captures ends without faults on the far side of a NAT: the addresses of the packets are not those that the
// ends know of themselves.
func TestBeyondNAT(t *testing.T) {
	for _, mode := range []string{"transport", "tunnel"} {
		for _, exchange := range []string{"main", "aggressive"} {
			t.Run(mode+" "+exchange, func(t *testing.T) {
				spec := full(bgpSpec())
				spec.Child.Mode, spec.IKE.Mode, spec.IKE.NATTraversal = mode, exchange, scenarios.NATForced
				s := play(t, spec, initiator).marker().negotiate().talk(179, true).quick().talk(179, true).deletes()
				outside := netip.MustParseAddr("203.0.113.9")
				for _, p := range s.packets {
					ip := p.Data
					for at, port := range map[int]int{12: 20, 16: 22} {
						if netip.AddrFrom4([4]byte(ip[at:at+4])) != peerAddr || ip[9] != 17 {
							continue
						}
						copy(ip[at:], outside.AsSlice())
						if from := binary.BigEndian.Uint16(ip[port:]); from != 9 {
							binary.BigEndian.PutUint16(ip[port:], from+30000)
						}
					}
				}
				tr := noFail(t, s)
				if f := find(tr, "esp.inner-within-selectors"); f.Verdict != Pass {
					t.Errorf("%+v", f)
				}
				for n := range s.packets { // whatever is the last that is captured
					cut := *s
					cut.packets = s.packets[:n]
					noFail(t, &cut)
				}
			})
		}
	}
}

// TestDeadPeer: nobody who is gone, or not captured, breaks a rule by not answering.
func TestDeadPeer(t *testing.T) {
	for _, there := range []bool{false, true} {
		spec := full(bgpSpec())
		withDPD(&spec)
		s := play(t, spec, responder)
		s.ike.DPDNoAck = true
		s.marker().negotiate()
		asked := len(s.packets)
		probing(false)(s)
		if !there {
			first := s.packets[:asked:asked]
			for _, p := range s.packets[asked:] {
				if netip.AddrFrom4([4]byte(p.Data[12:16])) != peerAddr {
					first = append(first, p)
				}
			}
			s.packets = first
		}
		if f := find(foreign(t, s, nil), "ike.dpd.ack"); (f.Verdict == Fail) != there || f.Verdict == Pass {
			t.Errorf("there %v: %+v", there, f)
		}
	}
}

// TestOneDirection captures what one end sends only.
func TestOneDirection(t *testing.T) {
	two := func(c *ikev1.Config) {
		other := c.Proposals[0]
		other.Group = keymat.MODP1536
		c.Proposals = append([]keymat.Suite{other}, c.Proposals...)
	}
	for _, role := range roles {
		s := play(t, full(bgpSpec()), role)
		s.edit = two
		s.marker().negotiate().talk(179, true).talk(8179, false).quick().deletes()
		for _, from := range []netip.Addr{harnessAddr, peerAddr} {
			half := *s
			half.packets = slices.DeleteFunc(slices.Clone(s.packets), func(p captures.Packet) bool { return netip.AddrFrom4([4]byte(p.Data[12:16])) != from })
			noFail(t, &half)
		}
	}
}

// TestSequenceElsewhere: what a network can do to honest packets is told from what it cannot.
func TestSequenceElsewhere(t *testing.T) {
	for _, tt := range []struct {
		name  string
		esp   esp.Deviations
		start Verdict
		rises Verdict
	}{
		{"honest", esp.Deviations{}, Pass, Pass},
		{"begins later", esp.Deviations{StartSequence: 5}, Pass, Pass}, // the other direction passes
		{"begins at 0", esp.Deviations{ZeroSequence: true}, Fail, Fail},
		{"a number again", esp.Deviations{RepeatSequence: 2}, Pass, Fail},
	} {
		s := play(t, full(bgpSpec()), initiator)
		s.esp = tt.esp
		tr := foreign(t, s.negotiate().talk(179, true), nil)
		if a, b := find(tr, "esp.sequence-start"), find(tr, "esp.sequence-rises"); a.Verdict != tt.start || tt.name != "begins at 0" && b.Verdict != tt.rises {
			t.Errorf("%s: start %v %s, rises %v %s", tt.name, a.Verdict, a.Actual, b.Verdict, b.Actual)
		}
	}
}

// TestLongLifetime: a lifetime of more octets than a number has is not the default one.
func TestLongLifetime(t *testing.T) {
	long := wire.Transform{Attributes: []wire.Attribute{
		wire.TV(wire.P1LifeType, wire.LifeSeconds),
		{Type: wire.P1LifeDuration, Value: []byte{1, 0, 0, 0, 0, 0, 0, 0, 0}},
	}}
	for _, term := range lifetimeTerms(profile.Lifetime{Max: 1 << 50}, long, wire.P1LifeType, wire.P1LifeDuration) {
		if term.admitted {
			t.Errorf("%+v", term)
		}
	}
}
