package esp

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"
)

// packetsOf seals n packets of 20 octets with an SA and inspects them.
func packetsOf(t *testing.T, n int, d Deviations) []Facts {
	t.Helper()
	sa := newSA(t, usual, deviating(d))
	honest := newSA(t, usual)
	all := make([]Facts, n)
	for i := range all {
		f, err := honest.Inspect(nil, seal(t, sa, make([]byte, 20), 6))
		if err != nil {
			t.Fatal(err)
		}
		all[i] = f
	}
	return all
}

func TestSequenceDeviations(t *testing.T) {
	for _, tc := range []struct {
		name string
		d    Deviations
		want []uint32
	}{
		{"honest", Deviations{}, []uint32{1, 2, 3, 4, 5}},
		{"start", Deviations{StartSequence: 2}, []uint32{2, 3, 4, 5, 6}},
		{"zero", Deviations{ZeroSequence: true}, []uint32{0, 1, 2, 3, 4}},
		{"repeat", Deviations{RepeatSequence: 3}, []uint32{1, 2, 2, 3, 4}},
		{"nothing to repeat", Deviations{RepeatSequence: 1}, []uint32{1, 2, 3, 4, 5}},
		{"jump", Deviations{JumpSequence: 3}, []uint32{1, 2, 1003, 1004, 1005}},
		{"cycle", Deviations{StartSequence: math.MaxUint32 - 1, CycleSequence: true}, []uint32{math.MaxUint32 - 1, math.MaxUint32, 0, 1, 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []uint32
			for _, f := range packetsOf(t, len(tc.want), tc.d) {
				got = append(got, f.Seq)
				if f.ICV != ICVGood || f.Note != "" {
					t.Errorf("something else is wrong: %+v", f)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestICVDeviations(t *testing.T) {
	for _, tc := range []struct {
		name string
		d    Deviations
		bad  []bool
	}{
		{"the second", Deviations{BadICV: 2}, []bool{false, true, false, false}},
		{"from the third on", Deviations{BadICVFrom: 3}, []bool{false, false, true, true}},
	} {
		for i, f := range packetsOf(t, len(tc.bad), tc.d) {
			if got := f.ICV == ICVBad; got != tc.bad[i] {
				t.Errorf("%s: packet %d: %v", tc.name, i+1, f.ICV)
			}
		}
	}
}

func TestPacketDeviations(t *testing.T) {
	for _, tc := range []struct {
		name string
		d    Deviations
		ok   func(Facts) bool
	}{
		{"spi", Deviations{SPI: 255}, func(f Facts) bool { return f.SPI == 255 }},
		{"zero spi", Deviations{ZeroSPI: true}, func(f Facts) bool { return f.SPI == 0 }},
		{"next header", Deviations{NextHeader: 59}, func(f Facts) bool { return f.NextHeader == 59 }},
		{"extra padding", Deviations{ExtraPadding: 40}, func(f Facts) bool { return f.PadOK && f.PadLen == 10+32 }},
		{"all the padding there can be", Deviations{ExtraPadding: 1000}, func(f Facts) bool { return f.PadOK && f.PadLen == 250 }},
		{"tfc", Deviations{TFCPadding: 100}, func(f Facts) bool { return f.PadOK && len(f.Payload) == 120 }},
		{"counter iv", Deviations{CounterIV: true}, func(f Facts) bool { return bytes.Equal(f.IV, append(make([]byte, 15), 1)) }},
	} {
		f := packetsOf(t, 1, tc.d)[0]
		if !tc.ok(f) || f.ICV != ICVGood || f.Note != "" {
			t.Errorf("%s: %+v", tc.name, f)
		}
	}
	if all := packetsOf(t, 3, Deviations{ReuseIV: true}); !bytes.Equal(all[0].IV, all[2].IV) {
		t.Errorf("reuse iv: %x, %x", all[0].IV, all[2].IV)
	}
}

func TestPadFaultNeedsOctets(t *testing.T) {
	sa := newSA(t, usual, deviating(Deviations{PadNotMonotonic: true}))
	f, err := sa.Inspect(nil, seal(t, sa, make([]byte, 14), 6)) // honest padding would be none
	if err != nil || f.PadOK || f.PadLen != 16 || f.Note != NotePadOctets {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestPadOverrunOfLongPackets(t *testing.T) {
	sa := newSA(t, usual, deviating(Deviations{PadOverrun: 1}))
	f, err := sa.Inspect(nil, seal(t, sa, make([]byte, 1000), 6))
	if err != nil || f.PadOK || f.PadLen != 255 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestDraftTruncation(t *testing.T) {
	negotiated, draft := Suite{AES128CBC, HMACSHA256x128}, Suite{AES128CBC, HMACSHA256x96}
	sa := newSA(t, negotiated, deviating(Deviations{DraftTruncation: true}))
	pkt := seal(t, sa, nil, 59)
	if f, err := newSA(t, draft).Inspect(nil, pkt); err != nil || f.ICV != ICVGood {
		t.Errorf("%+v, %v", f, err)
	}
	if _, _, err := newSA(t, negotiated, deviating(Deviations{DraftTruncation: true})).Open(nil, pkt); err != nil {
		t.Errorf("the other end with the same fault: %v", err)
	}
	if _, _, err := newSA(t, negotiated).Open(nil, pkt); !errors.Is(err, ErrICV) && !errors.Is(err, ErrTruncated) {
		t.Errorf("an honest end: %v", err)
	}
}

func TestReceiverDeviations(t *testing.T) {
	honest := seal(t, newSA(t, usual), make([]byte, 20), 6)
	for _, tc := range []struct {
		name   string
		d      Deviations
		pkt    []byte
		twice  bool
		honest error
	}{
		{"bad icv", Deviations{AcceptBadICV: true}, flipped(honest, -1), false, ErrICV},
		{"replay", Deviations{AcceptReplay: true}, honest, true, ErrReplay},
		{"padding", Deviations{AcceptBadPadding: true}, seal(t, newSA(t, usual, deviating(Deviations{PadNotMonotonic: true})), make([]byte, 20), 6), false, ErrPadding},
	} {
		t.Run(tc.name, func(t *testing.T) {
			open := func(sa *SA) error {
				_, _, err := sa.Open(nil, tc.pkt)
				if err == nil && tc.twice {
					_, _, err = sa.Open(nil, tc.pkt)
				}
				return err
			}
			if err := open(newSA(t, usual)); !errors.Is(err, tc.honest) {
				t.Errorf("honest: %v", err)
			}
			if err := open(newSA(t, usual, deviating(tc.d))); err != nil {
				t.Errorf("deviating: %v", err)
			}
		})
	}
	// A Pad Length beyond the packet cannot be accepted: there is nothing to cut.
	sa := newSA(t, usual, deviating(Deviations{AcceptBadPadding: true}))
	if _, _, err := sa.Open(nil, seal(t, newSA(t, usual, deviating(Deviations{PadOverrun: 1})), nil, 6)); !errors.Is(err, ErrPadding) {
		t.Error(err)
	}
}
