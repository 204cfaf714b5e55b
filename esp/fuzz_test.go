package esp

import (
	"bytes"
	"errors"
	"testing"
)

// fuzzSuites are a cipher of each block size, and NULL.
var fuzzSuites = []Suite{usual, {NULL, HMACSHA256x128}, {TripleDESCBC, HMACMD5x96}, {AES256CBC, NoIntegrity}}

// addPackets seeds a fuzz target with an honest packet of each suite, and faulty ones.
func addPackets(f *testing.F) {
	f.Add(byte(0), []byte{})
	for i, s := range fuzzSuites {
		f.Add(byte(i), seal(f, newSA(f, s), []byte("payload"), 6))
	}
	f.Add(byte(1), seal(f, newSA(f, fuzzSuites[1], deviating(Deviations{PadOverrun: 1})), nil, 59))
}

// FuzzOpen holds that whatever Open accepts was sealed, and that refused packets change
// nothing for honest ones.
func FuzzOpen(f *testing.F) {
	addPackets(f)
	f.Fuzz(func(t *testing.T, which byte, pkt []byte) {
		s := fuzzSuites[int(which)%len(fuzzSuites)]
		sa, dst := newSA(t, s), []byte("kept")
		before := bytes.Clone(pkt)
		out, info, err := sa.Open(dst, pkt)
		if !bytes.HasPrefix(out, dst) || !bytes.Equal(pkt, before) {
			t.Fatal("Open wrote where it must not")
		}
		if err != nil {
			if len(out) != len(dst) {
				t.Fatal("payload of a refused packet")
			}
			if s.Integrity == NoIntegrity {
				return
			}
			if _, _, err := sa.Open(nil, seal(t, newSA(t, s), nil, 59)); err != nil && !errors.Is(err, ErrReplay) {
				t.Fatalf("an honest packet afterwards: %v", err)
			}
			return
		}
		facts, err := sa.Inspect(nil, pkt)
		if err != nil || facts.ICV == ICVBad || !facts.PadOK || !bytes.Equal(facts.Payload, out[len(dst):]) ||
			facts.Seq != info.Seq || facts.SPI != info.SPI || facts.NextHeader != info.NextHeader {
			t.Fatalf("Open and Inspect disagree: %+v, %+v, %v", info, facts, err)
		}
	})
}

// FuzzInspect holds that facts fit the packet, whatever it is.
func FuzzInspect(f *testing.F) {
	addPackets(f)
	f.Fuzz(func(t *testing.T, which byte, pkt []byte) {
		s := fuzzSuites[int(which)%len(fuzzSuites)]
		sa := newSA(t, s)
		facts, err := sa.Inspect(nil, pkt)
		if err != nil {
			if !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrAlignment) {
				t.Fatal(err)
			}
			return
		}
		body := len(pkt) - HeaderLen - s.Cipher.IVSize() - s.ICVSize()
		if len(facts.Payload)+len(facts.Padding)+2 != body {
			t.Fatalf("%d octets of payload and %d of padding in %d: %+v", len(facts.Payload), len(facts.Padding), body, facts)
		}
		if facts.PadOK && facts.PadLen != len(facts.Padding) {
			t.Fatalf("%+v", facts)
		}
		if odd := facts.ICV == ICVBad || !facts.PadOK; odd && facts.Note == "" {
			t.Fatalf("odd without a note: %+v", facts)
		}
	})
}
