package esp

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

func newAH(t testing.TB, i Integrity, edits ...func(*Params)) *SA {
	t.Helper()
	return newSA(t, Suite{NULL, i}, append([]func(*Params){func(p *Params) { p.Proto = AH }}, edits...)...)
}

// ahPackets are IP headers that name AH as what follows, with a value in every field, and what AH covers of them before
// two octets of payload: mutable fields zero, lengths filled in.
var ahPackets = map[string]struct{ headers, covered string }{
	"ipv4": {
		"45b8 0000 1234 4000 3f33 abcd c0000201 c0000202",
		"4500 002e 1234 0000 0033 0000 c0000201 c0000202",
	},
	// Security is immutable, record route is not.
	"ipv4 options": {
		"48b8 0000 1234 4000 3f33 abcd c0000201 c0000202 8203aa 07070411223344 01 00",
		"4800 003a 1234 0000 0033 0000 c0000201 c0000202 8203aa 00000000000000 01 00",
	},
	// With a loose source route the destination is the last hop.
	"ipv4 route": {
		"47b8 0000 1234 4000 3f33 abcd c0000201 c0000209 830704c0000202 00",
		"4700 0036 1234 0000 0033 0000 c0000201 c0000202 00000000000000 00",
	},
	"ipv6": {
		"6b8abcde 0000 33 40 20010db8000000000000000000000001 20010db8000000000000000000000002",
		"60000000 001a 33 00 20010db8000000000000000000000001 20010db8000000000000000000000002",
	},
	// A hop-by-hop option whose type says that it may change, one that may not; destination options.
	"ipv6 options": {
		"6b8abcde 0000 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002 3c00 3e01aa 1e01dd 3300 010400000000",
		"60000000 002a 00 00 20010db8000000000000000000000001 20010db8000000000000000000000002 3c00 3e0100 1e01dd 3300 010400000000",
	},
	// A routing header of type 0 is covered as it arrives.
	"ipv6 route": {
		`6b8abcde 0000 2b 40 20010db8000000000000000000000001 20010db8000000000000000000000009
		 33 02 00 01 00000000 20010db8000000000000000000000002`,
		`60000000 0032 2b 00 20010db8000000000000000000000001 20010db8000000000000000000000002
		 33 02 00 00 00000000 20010db8000000000000000000000009`,
	},
}

// ahPacket seals two octets behind the headers of ahPackets.
func ahPacket(t testing.TB, sa *SA, name string) (pkt []byte, at int) {
	t.Helper()
	h := unhex(t, ahPackets[name].headers)
	pkt, err := sa.SealAH([]byte("before"), h, []byte("hi"), 6)
	if err != nil {
		t.Fatal(err)
	}
	return pkt[len("before"):], len(h)
}

// TestAHKnown holds ICVs against an HMAC over what is written down above.
func TestAHKnown(t *testing.T) {
	for name, v := range ahPackets {
		t.Run(name, func(t *testing.T) {
			pkt, at := ahPacket(t, newAH(t, HMACSHA1x96), name)
			h := hmac.New(sha1.New, testKeys(t, Suite{NULL, HMACSHA1x96}).Integrity)
			h.Write(unhex(t, v.covered+"06040000 00001000 00000001 000000000000000000000000 6869"))
			if want := h.Sum(nil)[:12]; !bytes.Equal(pkt[at+12:at+24], want) {
				t.Errorf("ICV %x, want %x", pkt[at+12:at+24], want)
			}
			if got, _, err := newAH(t, HMACSHA1x96).OpenAH([]byte("dst"), pkt, at); err != nil || string(got) != "dsthi" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// TestAHKLIPS verifies a packet that FreeS/WAN's KLIPS made.
func TestAHKLIPS(t *testing.T) {
	pkt := unhex(t, `45000080cd5b0000403328a9c0010217c001022d 04040000 91234567 00000001 14e1dc8e9e52438db967a2f0
		45000054000040003f01b8a6c0000201c00001010800baf06f000500239bc73bf234010008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
		202122232425262728292a2b2c2d2e2f3031323334353637`)
	sa, err := New(Params{
		SPI: 0x91234567, Proto: AH, Mode: Tunnel, Suite: Suite{NULL, HMACMD5x96},
		Keys: Keys{Integrity: unhex(t, "98765876587658765876587658765876")},
	})
	if err != nil {
		t.Fatal(err)
	}
	inner, info, err := sa.OpenAH(nil, pkt, ipv4Header)
	if err != nil || info.NextHeader != 4 || !bytes.Equal(inner, pkt[44:]) {
		t.Errorf("%+v %x, %v", info, inner, err)
	}
}

// TestAHCovers flips every bit of a packet: what may change on the way is no fault, everything else is.
func TestAHCovers(t *testing.T) {
	mutable := map[string][]int{ // octets; of IPv4's octet 0 and IPv6's length nothing is left to flip
		"ipv4": {1, 6, 7, 8, 10, 11},
		"ipv6": {1, 2, 3, 7},
	}
	for name, free := range mutable {
		pkt, at := ahPacket(t, newAH(t, HMACSHA256x128), name)
		for bit := range len(pkt) * 8 {
			b := bytes.Clone(pkt)
			b[bit/8] ^= 0x80 >> (bit % 8)
			_, _, err := newAH(t, HMACSHA256x128, func(p *Params) { p.Window = -1 }).OpenAH(nil, b, at)
			want := slices.Contains(free, bit/8) || name == "ipv6" && bit/8 == 0 && bit%8 >= 4
			if (err == nil) != want {
				t.Errorf("%s: octet %d bit %d: %v", name, bit/8, bit%8, err)
			}
			if f, err := newAH(t, HMACSHA256x128).InspectAH(b, at); err == nil && (f.ICV == ICVGood) != want {
				t.Errorf("%s: octet %d bit %d: inspected as %v", name, bit/8, bit%8, f.ICV)
			}
		}
	}
}

// TestAHLengths: Authentication Data is padded to 4 octets in IPv4 and to 8 in IPv6 (RFC 2402 3.3.3.2.1).
func TestAHLengths(t *testing.T) {
	for i, want := range map[Integrity][2]int{
		HMACMD5x96: {24, 24}, HMACSHA1x96: {24, 24}, HMACSHA256x128: {28, 32}, HMACSHA384x192: {36, 40}, HMACSHA512x256: {44, 48}, AESXCBC96: {24, 24},
	} {
		for k, name := range []string{"ipv4", "ipv6"} {
			sa := newAH(t, i)
			pkt, at := ahPacket(t, sa, name)
			h, err := ParseAH(pkt[at:])
			if err != nil || h.Len != want[k] || len(pkt) != at+want[k]+2 || h.NextHeader != 6 || h.SPI != testSPI || h.Seq != 1 {
				t.Errorf("%v %s: %+v, %v", i, name, h, err)
			}
			if sa.Overhead() < h.Len {
				t.Errorf("%v: overhead %d", i, sa.Overhead())
			}
			// One whose padding is longer, as some have it in IPv4, is read all the same.
			if name == "ipv4" {
				long := newAH(t, i)
				longer := slices.Insert(bytes.Clone(pkt), at+h.Len, 0, 0, 0, 0)
				longer[at+1]++
				setIPLength(longer, false)
				icv, err := long.ahICV(longer, at)
				if err != nil {
					t.Fatal(err)
				}
				copy(longer[at+ahFixed:], icv)
				if got, _, err := long.OpenAH(nil, longer, at); err != nil || string(got) != "hi" {
					t.Errorf("%v with more padding: %q, %v", i, got, err)
				}
			}
		}
	}
}

func TestAHRefuses(t *testing.T) {
	out, in := newAH(t, HMACSHA1x96), newAH(t, HMACSHA1x96)
	pkt, at := ahPacket(t, out, "ipv4")
	open := func(sa *SA, pkt []byte, at int) error {
		_, _, err := sa.OpenAH(nil, pkt, at)
		return err
	}
	bad := bytes.Clone(pkt)
	bad[len(bad)-1] ^= 1
	if err := open(in, bad, at); !errors.Is(err, ErrICV) {
		t.Errorf("bad ICV: %v", err)
	}
	if err := open(in, pkt, at); err != nil {
		t.Errorf("a bad ICV advances the window: %v", err)
	}
	if err := open(in, pkt, at); !errors.Is(err, ErrReplay) {
		t.Errorf("replay: %v", err)
	}
	other := newAH(t, HMACSHA1x96, func(p *Params) { p.SPI++ })
	if err := open(other, pkt, at); !errors.Is(err, ErrSPI) {
		t.Errorf("other SPI: %v", err)
	}
	for n := range len(pkt) - 2 {
		if err := open(newAH(t, HMACSHA1x96), pkt[:n], at); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d octets: %v", n, err)
		}
	}
	short := bytes.Clone(pkt)
	short[at+1] = 1 // AH of 12 octets has no room for an ICV
	if err := open(newAH(t, HMACSHA1x96), short, at); !errors.Is(err, ErrTruncated) {
		t.Errorf("no room for an ICV: %v", err)
	}
	if err := open(newSA(t, usual), pkt, at); !errors.Is(err, ErrUnsupported) {
		t.Errorf("AH with ESP's SA: %v", err)
	}
	if _, err := newAH(t, HMACSHA1x96).Seal(nil, []byte("x"), 6); !errors.Is(err, ErrUnsupported) {
		t.Errorf("ESP with AH's SA: %v", err)
	}
	for name, headers := range map[string]string{
		"nothing": "", "half": "4500 0000 1234", "no version": "75b8 0000 1234 4000 3f33 abcd c0000201 c0000202",
		"options missing":   "48b8 0000 1234 4000 3f33 abcd c0000201 c0000202",
		"option too long":   "46b8 0000 1234 4000 3f33 abcd c0000201 c0000202 07090411",
		"IPv6 extension":    "6b8abcde 0000 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002 3c05 3e01aa 1e01dd",
		"IPv6 option":       "6b8abcde 0000 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002 3300 3e09aa 1e01dd",
		"fragment before":   "6b8abcde 0000 2c 40 20010db8000000000000000000000001 20010db8000000000000000000000002 3300 0000 00000001",
		"IPv6 option alone": "6b8abcde 0000 3c 40 20010db8000000000000000000000001 20010db8000000000000000000000002 3300 3e03aabbcc 1e",
	} {
		sa := newAH(t, HMACSHA1x96)
		if got, err := sa.SealAH([]byte("dst"), unhex(t, headers), []byte("x"), 6); !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrUnsupported) || string(got) != "dst" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := newAH(t, HMACSHA1x96).SealAH(nil, unhex(t, ahPackets["ipv4"].headers), make([]byte, 65536-20-23), 6); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	inspector := newAH(t, HMACSHA1x96, func(p *Params) { p.InspectOnly = true })
	if err := open(inspector, pkt, at); !errors.Is(err, ErrUnsupported) {
		t.Errorf("opened by a checker: %v", err)
	}
	if f, err := inspector.InspectAH(bad, at); err != nil || f.ICV != ICVBad || f.Note != NoteBadICV || f.NextHeader != 6 || f.Seq != 1 {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestAHDeviations: each fault shows in its field and nowhere else.
func TestAHDeviations(t *testing.T) {
	honest, at := ahPacket(t, newAH(t, HMACSHA1x96), "ipv4")
	for name, tt := range map[string]struct {
		d    Deviations
		from int // the octets of AH that differ, beside the ICV that covers them
		to   int
	}{
		"bad ICV":     {Deviations{BadICV: 1}, 12, 13},
		"SPI":         {Deviations{SPI: 7}, 4, 8},
		"zero SPI":    {Deviations{ZeroSPI: true}, 4, 8},
		"sequence":    {Deviations{StartSequence: 9}, 8, 12},
		"next header": {Deviations{NextHeader: 59}, 0, 1},
	} {
		pkt, _ := ahPacket(t, newAH(t, HMACSHA1x96, deviating(tt.d)), "ipv4")
		differs := false
		for i := range pkt {
			icv := i >= at+12 && i < at+24
			inside := i >= at+tt.from && i < at+tt.to
			differs = differs || inside && pkt[i] != honest[i]
			if pkt[i] != honest[i] && !inside && (!icv || name == "bad ICV") {
				t.Errorf("%s: octet %d differs", name, i)
			}
		}
		if !differs {
			t.Errorf("%s does not show", name)
		}
	}
	bad, _ := ahPacket(t, newAH(t, HMACSHA1x96, deviating(Deviations{BadICV: 1})), "ipv4")
	lenient := newAH(t, HMACSHA1x96, deviating(Deviations{AcceptBadICV: true, AcceptReplay: true}))
	for range 2 {
		if _, _, err := lenient.OpenAH(nil, bad, at); err != nil {
			t.Error(err)
		}
	}
	fast := newAH(t, HMACSHA1x96, deviating(Deviations{AdvanceOnBadICV: true}))
	if _, _, err := fast.OpenAH(nil, bad, at); !errors.Is(err, ErrICV) {
		t.Error(err)
	}
	if _, _, err := fast.OpenAH(nil, honest, at); !errors.Is(err, ErrReplay) {
		t.Errorf("the window did not move: %v", err)
	}
}

func TestAHIKE(t *testing.T) {
	for _, i := range Integrities() {
		if i == NoIntegrity {
			continue
		}
		id, auth := Suite{NULL, i}.ToAH()
		want := i
		if i == HMACSHA256x96 {
			want = HMACSHA256x128 // the same number
		}
		if got, err := FromAH(id, auth); err != nil || got != (Suite{NULL, want}) {
			t.Errorf("%v: %d, %d: %v, %v", i, id, auth, got, err)
		}
	}
	for _, bad := range [][2]uint16{{2, 2}, {3, 1}, {0, 0}, {4, 3}, {3, 0}} {
		if s, err := FromAH(uint8(bad[0]), bad[1]); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v: %v, %v", bad, s, err)
		}
	}
}

// FuzzAH opens whatever comes.
func FuzzAH(f *testing.F) {
	for name := range ahPackets {
		pkt, at := ahPacket(f, newAH(f, HMACSHA1x96), name)
		f.Add(pkt, at)
	}
	f.Fuzz(func(t *testing.T, pkt []byte, at int) {
		sa := newAH(t, HMACSHA1x96)
		given := bytes.Clone(pkt)
		got, info, err := sa.OpenAH(nil, pkt, at)
		facts, ierr := sa.InspectAH(pkt, at)
		if err == nil && (ierr != nil || facts.ICV != ICVGood || !bytes.Equal(got, facts.Payload) || info.SPI != binary.BigEndian.Uint32(pkt[at+4:])) {
			t.Errorf("opened %x, inspected %+v, %v", got, facts, ierr)
		}
		if !bytes.Equal(pkt, given) {
			t.Error("the packet was changed")
		}
	})
}
