package esp

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flipped returns a copy of pkt with one bit changed.
func flipped(pkt []byte, at int) []byte {
	b := bytes.Clone(pkt)
	b[(at+len(b))%len(b)] ^= 1
	return b
}

func TestInspectReports(t *testing.T) {
	null := Suite{NULL, HMACSHA1x96}
	payload := []byte("sixteen octets!!")
	sealed := func(s Suite, d Deviations) []byte {
		return seal(t, newSA(t, s, deviating(d)), payload, 6)
	}
	for _, tc := range []struct {
		name string
		sa   *SA
		pkt  []byte
		want Facts
	}{
		{
			"honest", newSA(t, null), sealed(null, Deviations{}),
			Facts{ICV: ICVGood, PadLen: 2, PadOK: true, Padding: []byte{1, 2}, NextHeader: 6, Payload: payload},
		},
		{
			"bad ICV", newSA(t, null), sealed(null, Deviations{BadICV: 1}),
			Facts{ICV: ICVBad, PadLen: 2, PadOK: true, Padding: []byte{1, 2}, NextHeader: 6, Payload: payload, Note: NoteBadICV},
		},
		{
			"pad octets", newSA(t, null), sealed(null, Deviations{PadNotMonotonic: true}),
			Facts{ICV: ICVGood, PadLen: 2, Padding: []byte{0, 0}, NextHeader: 6, Payload: payload, Note: NotePadOctets},
		},
		{
			"pad length", newSA(t, null), sealed(null, Deviations{PadOverrun: 1}),
			Facts{ICV: ICVGood, PadLen: 19, NextHeader: 6, Payload: append(bytes.Clone(payload), 1, 2), Note: NotePadLength},
		},
		{
			"unknown ICV", newSA(t, Suite{NULL, NoIntegrity}, func(p *Params) { p.OpaqueICV = 12 }), sealed(null, Deviations{}),
			Facts{ICV: ICVUnchecked, PadLen: 2, PadOK: true, Padding: []byte{1, 2}, NextHeader: 6, Payload: payload},
		},
		{
			"alignment of NULL", newSA(t, Suite{NULL, NoIntegrity}, func(p *Params) { p.OpaqueICV = 12 }),
			append(append([]byte{0, 0, 0x10, 0, 0, 0, 0, 1}, 'x', 0, 6), make([]byte, 12)...),
			Facts{ICV: ICVUnchecked, PadOK: true, Padding: []byte{}, NextHeader: 6, Payload: []byte("x"), Note: NoteAlignment},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.SPI, tc.want.Seq, tc.want.IV = testSPI, 1, []byte{}
			for range 2 { // nothing is remembered
				got, err := tc.sa.Inspect(nil, tc.pkt)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestInspectMisaligned(t *testing.T) {
	sa := newSA(t, usual)
	pkt := seal(t, sa, make([]byte, 40), 6)
	cut := append(bytes.Clone(pkt[:len(pkt)-16]), pkt[len(pkt)-12:]...) // four octets of ciphertext less
	f, err := sa.Inspect(nil, cut)
	if !errors.Is(err, ErrAlignment) {
		t.Fatalf("got %v", err)
	}
	want := Facts{SPI: testSPI, Seq: 1, ICV: ICVBad, IV: pkt[8:24], Note: NoteBlock}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	open := newSA(t, usual, deviating(Deviations{AcceptBadICV: true}))
	if _, _, err := open.Open(nil, cut); !errors.Is(err, ErrAlignment) {
		t.Errorf("Open: %v", err)
	}
}

// TestTruncated takes every prefix of a packet of every suite. The first octets decide
// between ErrTruncated and what a receiver finds later; nothing may panic.
func TestTruncated(t *testing.T) {
	for _, s := range suites() {
		sa := newSA(t, s)
		pkt := seal(t, sa, make([]byte, 33), 6)
		least := HeaderLen + s.Cipher.IVSize() + 2 + s.ICVSize()
		for n := range pkt {
			_, err := sa.Inspect(nil, pkt[:n])
			if got := errors.Is(err, ErrTruncated); got != (n < least) {
				t.Errorf("%v: Inspect of %d octets: %v", s, n, err)
			}
			_, _, err = newSA(t, s).Open(nil, pkt[:n])
			if got := errors.Is(err, ErrTruncated); got != (n < least) {
				t.Errorf("%v: Open of %d octets: %v", s, n, err)
			}
			if err == nil && s.Integrity != NoIntegrity {
				t.Errorf("%v: Open accepts %d of %d octets", s, n, len(pkt))
			}
		}
	}
}

// TestInspectLeavesTheWindow has a checker and a receiver share an SA.
func TestInspectLeavesTheWindow(t *testing.T) {
	sa := newSA(t, usual)
	pkt := seal(t, newSA(t, usual), nil, 59)
	if _, err := sa.Inspect(nil, pkt); err != nil {
		t.Fatal(err)
	}
	if _, _, err := sa.Open(nil, pkt); err != nil {
		t.Errorf("after Inspect: %v", err)
	}
	if f, err := sa.Inspect(nil, pkt); err != nil || f.ICV != ICVGood {
		t.Errorf("after Open: %+v, %v", f, err)
	}
}

func TestInspectWithAnotherKey(t *testing.T) {
	for _, s := range suites() {
		if s.Integrity == NoIntegrity {
			continue
		}
		pkt := seal(t, newSA(t, s), []byte("payload"), 6)
		other := newSA(t, s, func(p *Params) {
			p.Keys.Integrity = flipped(p.Keys.Integrity, 0)
		})
		if f, err := other.Inspect(nil, pkt); err != nil || f.ICV != ICVBad {
			t.Errorf("%v: %+v, %v", s, f, err)
		}
		if f, err := newSA(t, s).Inspect(nil, flipped(pkt, -1)); err != nil || f.ICV != ICVBad {
			t.Errorf("%v: %+v, %v", s, f, err)
		}
	}
}

func TestInspectOnly(t *testing.T) {
	sa := newSA(t, Suite{NULL, NoIntegrity}, func(p *Params) { p.InspectOnly = true })
	f, err := sa.Inspect(nil, []byte{0, 0, 0x10, 0, 0, 0, 0, 9, 'x', 1, 1, 6})
	want := Facts{SPI: testSPI, Seq: 9, IV: []byte{}, PadLen: 1, PadOK: true, Padding: []byte{1}, NextHeader: 6, Payload: []byte("x")}
	if diff := cmp.Diff(want, f); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	opaque := newSA(t, Suite{AES128CBC, NoIntegrity}, func(p *Params) { p.OpaqueICV = 12 })
	for _, sa := range []*SA{sa, opaque} {
		dst := []byte("kept")
		if got, err := sa.Seal(dst, nil, 6); !errors.Is(err, ErrUnsupported) || !bytes.Equal(got, dst) {
			t.Errorf("Seal: %q, %v", got, err)
		}
		if got, _, err := sa.Open(dst, make([]byte, 60)); !errors.Is(err, ErrUnsupported) || !bytes.Equal(got, dst) {
			t.Errorf("Open: %q, %v", got, err)
		}
	}
}
