package esp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, s := range suites() {
		t.Run(s.String(), func(t *testing.T) {
			out, in := newSA(t, s), newSA(t, s)
			before := []byte("before")
			var octets uint64
			for n := range 130 {
				payload := make([]byte, n)
				for i := range payload {
					payload[i] = byte(rng.Uint32())
				}
				next := uint8(rng.Uint32())
				pkt, err := out.Seal(bytes.Clone(before), payload, next)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.HasPrefix(pkt, before) {
					t.Fatal("Seal changed what was in dst")
				}
				pkt = pkt[len(before):]
				if len(pkt)%4 != 0 || len(pkt) > n+out.Overhead() {
					t.Fatalf("%d octets of payload: packet of %d octets", n, len(pkt))
				}
				facts, err := in.Inspect(nil, pkt)
				if err != nil || facts.Note != "" || !facts.PadOK || !bytes.Equal(facts.Payload, payload) || facts.NextHeader != next {
					t.Fatalf("%d octets: %+v, %v", n, facts, err)
				}
				got, info, err := in.Open(bytes.Clone(before), pkt)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(append(bytes.Clone(before), payload...), got); diff != "" {
					t.Fatalf("%d octets (-want +got):\n%s", n, diff)
				}
				if want := (Info{testSPI, uint32(n + 1), next}); info != want {
					t.Fatalf("info %+v, want %+v", info, want)
				}
				octets += uint64(n)
			}
			for _, sa := range []*SA{out, in} {
				if p, o := sa.Usage(); p != 130 || o != octets || sa.Sequence() != 130 {
					t.Errorf("usage %d packets, %d octets, sequence %d", p, o, sa.Sequence())
				}
			}
		})
	}
}

// TestSealInPlace has the payload in the room where the packet goes.
func TestSealInPlace(t *testing.T) {
	for offset := range 40 {
		out, in := newSA(t, usual), newSA(t, usual)
		buf := make([]byte, 256)
		payload := buf[offset:][:50]
		copy(payload, "a payload that already lies where the packet is to be")
		want := bytes.Clone(payload)
		pkt, err := out.Seal(buf[:0], payload, 6)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := in.Open(nil, pkt)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("offset %d: %q, %v", offset, got, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := func() Params {
		return Params{SPI: testSPI, Mode: Tunnel, Suite: usual, Keys: testKeys(t, usual)}
	}
	for _, tc := range []struct {
		name string
		edit func(*Params)
		want error
	}{
		{"AH that encrypts", func(p *Params) { p.Proto = AH }, ErrUnsupported},
		{"AH without integrity", func(p *Params) { p.Proto, p.Suite, p.Keys = AH, Suite{NULL, NoIntegrity}, Keys{} }, ErrUnsupported},
		{"AH in UDP", func(p *Params) { p.Proto, p.Encap = AH, &UDPEncap{SrcPort: NATTPort, DstPort: NATTPort} }, ErrUnsupported},
		{"another protocol", func(p *Params) { p.Proto = 6 }, ErrUnknown},
		{"no mode", func(p *Params) { p.Mode = 0 }, ErrUnknown},
		{"no cipher", func(p *Params) { p.Suite.Cipher = 0 }, ErrUnknown},
		{"unknown cipher", func(p *Params) { p.Suite.Cipher = 200 }, ErrUnknown},
		{"no integrity", func(p *Params) { p.Suite.Integrity = 0 }, ErrUnknown},
		{"unknown integrity", func(p *Params) { p.Suite.Integrity = 99 }, ErrUnknown},
		{"neither", func(p *Params) { p.Suite, p.Keys = Suite{NULL, NoIntegrity}, Keys{} }, ErrNullNone},
		{"short encryption key", func(p *Params) { p.Keys.Encryption = make([]byte, 15) }, ErrKeyLength},
		{"long integrity key", func(p *Params) { p.Keys.Integrity = make([]byte, 21) }, ErrKeyLength},
		{"key for no integrity", func(p *Params) { p.Suite.Integrity = NoIntegrity }, ErrKeyLength},
		{"opaque ICV beside a known one", func(p *Params) { p.OpaqueICV = 12 }, ErrUnsupported},
		{"opaque ICV and no cipher", func(p *Params) { p.OpaqueICV, p.Suite = 12, Suite{0, NoIntegrity} }, ErrUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := good()
			tc.edit(&p)
			if sa, err := New(p); !errors.Is(err, tc.want) || sa != nil {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestKeysStaySecret(t *testing.T) {
	p := Params{SPI: testSPI, Mode: Transport, Suite: usual, Keys: Keys{
		Encryption: []byte("0123456789abcdef"), Integrity: []byte("0123456789abcdefghij"),
	}}
	sa, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(p), fmt.Sprintf("%+v", p), fmt.Sprintf("%#v", p), fmt.Sprintf("%+v", sa.Params())} {
		for _, secret := range []string{"01234567", "48 49 50 51", "0x30, 0x31", "30313233"} {
			if strings.Contains(s, secret) {
				t.Errorf("key in %s", s)
			}
		}
	}
	if k := sa.Params().Keys; k.Encryption != nil || k.Integrity != nil {
		t.Error("Params returns the keys")
	}
}

func TestSequenceNeverCycles(t *testing.T) {
	sa := newSA(t, usual, deviating(Deviations{StartSequence: math.MaxUint32}))
	if h, err := ParseHeader(seal(t, sa, nil, 59)); err != nil || h.Seq != math.MaxUint32 {
		t.Fatalf("%+v, %v", h, err)
	}
	for range 2 {
		dst := []byte("kept")
		got, err := sa.Seal(dst, nil, 59)
		if !errors.Is(err, ErrSequenceExhausted) || !bytes.Equal(got, dst) {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	type refusal struct {
		name string
		edit func(pkt []byte) []byte
		want error
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte {
			b[(at+len(b))%len(b)] ^= 1
			return b
		}
	}
	for _, tc := range []refusal{
		{"another SPI", flip(3), ErrSPI},
		{"sequence number changed", flip(6), ErrICV},
		{"IV changed", flip(8), ErrICV},
		{"ciphertext changed", flip(30), ErrICV},
		{"ICV changed", flip(-1), ErrICV},
		{"an octet less", func(b []byte) []byte { return b[:len(b)-1] }, ErrICV},
		{"only a header", func(b []byte) []byte { return b[:8] }, ErrTruncated},
		{"nothing", func([]byte) []byte { return nil }, ErrTruncated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, in := newSA(t, usual), newSA(t, usual)
			pkt := seal(t, out, []byte("forty octets are enough for this purpose"), 6)
			good := bytes.Clone(pkt)
			dst := []byte("kept")
			got, _, err := in.Open(dst, tc.edit(pkt))
			if !errors.Is(err, tc.want) || !bytes.Equal(got, dst) {
				t.Errorf("got %q, %v; want %v", got, err, tc.want)
			}
			if _, _, err := in.Open(nil, good); err != nil {
				t.Errorf("the good packet afterwards: %v", err)
			}
		})
	}
}

// TestBadICVDoesNotAdvance shows that forged packets cannot move the window
// (RFC 2406 3.4.3).
func TestBadICVDoesNotAdvance(t *testing.T) {
	out, in := newSA(t, usual), newSA(t, usual, deviating(Deviations{}))
	faulty := newSA(t, usual, deviating(Deviations{AdvanceOnBadICV: true}))
	first := seal(t, out, nil, 59)
	forged := bytes.Clone(first)
	forged[4] = 0x80 // a high sequence number
	for _, sa := range []*SA{in, faulty} {
		if _, _, err := sa.Open(nil, forged); !errors.Is(err, ErrICV) {
			t.Fatal(err)
		}
	}
	if _, _, err := in.Open(nil, first); err != nil {
		t.Errorf("the honest SA lost a packet: %v", err)
	}
	if _, _, err := faulty.Open(nil, first); !errors.Is(err, ErrReplay) {
		t.Errorf("advance_on_bad_icv shows nothing: %v", err)
	}
}

func TestReplay(t *testing.T) {
	for _, tc := range []struct {
		name   string
		suite  Suite
		window int
		late   bool // the first of 65 packets, last
		twice  bool // the same packet again
	}{
		{"default window", usual, 0, false, false},
		{"65 packets", usual, 65, true, false},
		{"off", usual, -1, true, true},
		{"no integrity, no window", Suite{AES128CBC, NoIntegrity}, 0, true, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := newSA(t, tc.suite)
			in := newSA(t, tc.suite, func(p *Params) { p.Window = tc.window })
			first := seal(t, out, nil, 59)
			var last []byte
			for range 64 {
				last = seal(t, out, nil, 59)
			}
			for _, step := range []struct {
				name string
				pkt  []byte
				ok   bool
			}{{"newest", last, true}, {"late", first, tc.late}, {"duplicate", last, tc.twice}} {
				_, _, err := in.Open(nil, step.pkt)
				if step.ok && err != nil || !step.ok && !errors.Is(err, ErrReplay) {
					t.Errorf("%s: %v", step.name, err)
				}
			}
		})
	}
}

func TestRandIsReadPerPacket(t *testing.T) {
	iv := bytes.Repeat([]byte{0xa5}, 16)
	sa := newSA(t, usual, func(p *Params) { p.Rand = bytes.NewReader(iv) })
	facts, err := sa.Inspect(nil, seal(t, sa, nil, 59))
	if err != nil || !bytes.Equal(facts.IV, iv) {
		t.Fatalf("IV %x, %v", facts.IV, err)
	}
	if _, err := sa.Seal(nil, nil, 59); !errors.Is(err, io.EOF) {
		t.Errorf("got %v when randomness ends", err)
	}
}

func TestIVsDiffer(t *testing.T) {
	sa := newSA(t, usual)
	seen := map[string]bool{}
	for range 200 {
		f, err := sa.Inspect(nil, seal(t, sa, nil, 59))
		if err != nil || seen[string(f.IV)] {
			t.Fatalf("IV %x again, %v", f.IV, err)
		}
		seen[string(f.IV)] = true
	}
}

func TestParamsKeepsAddresses(t *testing.T) {
	src, dst := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	sa := newSA(t, usual, func(p *Params) {
		p.Src, p.Dst, p.Encap = src, dst, &UDPEncap{SrcPort: 4500, DstPort: 4500}
	})
	p := sa.Params()
	if p.Src != src || p.Dst != dst || p.Proto != ESP || sa.SPI() != testSPI || p.Encap.DstPort != NATTPort {
		t.Errorf("%+v", p)
	}
}
