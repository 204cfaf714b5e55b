package dissect_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// fragments cuts an IPv4 packet into pieces of at most n octets.
func fragments(p []byte, id uint16, n int) [][]byte {
	var fs [][]byte
	data := p[20:]
	for off := 0; off < len(data); off += n {
		end := min(off+n, len(data))
		f := append(slices.Clone(p[:20]), data[off:end]...)
		binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
		binary.BigEndian.PutUint16(f[4:], id)
		frag := uint16(off / 8)
		if end < len(data) {
			frag |= 0x2000
		}
		binary.BigEndian.PutUint16(f[6:], frag)
		fs = append(fs, f)
	}
	return fs
}

func TestFragments(t *testing.T) {
	whole := ipv4(hostI, hostR, 17, udp(9, 9, []byte(strings.Repeat("0123456789", 20))))
	fs := fragments(whole, 7, 64)
	send := func(fs ...[]byte) []string {
		c := newTalk(t)
		for _, f := range fs {
			c.raw(f)
		}
		es := c.decode(nil)
		if last := es[len(es)-1]; last.Kind == dissect.KindUDP && string(last.Payload) != string(whole[28:]) {
			t.Errorf("reassembled %q", last.Payload)
		}
		return lines(es)
	}
	const (
		first = "fragment udp 192.0.2.1:9 -> 192.0.2.2:9 (first fragment)"
		later = "fragment udp 192.0.2.1 -> 192.0.2.2 (later fragment)"
		done  = "udp udp 192.0.2.1:9 -> 192.0.2.2:9"
	)
	bad := slices.Clone(fs[1])
	bad[40] ^= 1
	big := slices.Clone(fs[3])
	binary.BigEndian.PutUint16(big[6:], 0x1fff)
	for _, tt := range []struct {
		name string
		send [][]byte
		want []string
	}{
		{"in order", fs, []string{first, later, later, done + " of [1 2 3 4]"}},
		{"backwards", [][]byte{fs[3], fs[2], fs[1], fs[0]}, []string{later, later, later, done + " of [1 2 3 4]"}},
		{"with copies", [][]byte{fs[0], fs[0], fs[2], fs[2], fs[1], fs[3]}, []string{first, first, later, later, later, done + " of [1 3 5 6]"}},
		{"overlapping and different", [][]byte{fs[0], fs[1], bad}, []string{first, later, later + " error"}},
		{"beyond 65535", [][]byte{big}, []string{later + " error"}},
		{"first missing", fs[1:], []string{later, later, later}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, send(tt.send...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// With more than the limits allow, the oldest go, and it is said.
func TestLimits(t *testing.T) {
	lim := dissect.Limits{Phase1: 4, Exchanges: 4, Messages: 4, SAs: 4, Fragments: 4, Octets: 1 << 20}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name  string
		octet func(c *talk, i int)
		note  string
	}{
		{"cookies", func(c *talk, i int) {
			binary.BigEndian.PutUint32(c.x.CookieI[:], uint32(i))
			c.plain(true, c.header(wire.ExchangeMain, 0), c.sa())
		}, "ISAKMP SA 0000000005060708 was forgotten: more ISAKMP SAs than 4"},
		{"responder cookies", func(c *talk, i int) {
			binary.BigEndian.PutUint32(c.x.CookieR[:], uint32(i))
			c.plain(false, c.header(wire.ExchangeMain, 0), c.sa())
		}, "responder cookies"},
		{"exchanges", func(c *talk, i int) {
			c.plain(true, c.header(wire.ExchangeQuick, uint32(i)), c.sa())
		}, "exchange 0x00000000 of ISAKMP SA 0102030405060708 was forgotten: more than 4"},
		{"messages", func(c *talk, i int) {
			c.plain(true, c.header(wire.ExchangeQuick, 1), &wire.Nonce{Data: binary.BigEndian.AppendUint32(nil, uint32(i))})
		}, "more than 4 in one exchange"},
		{"octets", func(c *talk, i int) {
			b := make([]byte, 60000)
			binary.BigEndian.PutUint32(b, uint32(i))
			c.plain(true, c.header(wire.ExchangeQuick, uint32(i%3)), &wire.Nonce{Data: b})
		}, "too many octets"},
		{"SAs", func(c *talk, i int) {
			c.ip(hostI, hostR, 50, binary.BigEndian.AppendUint64(nil, uint64(i)<<32))
		}, "SA to 192.0.2.2 with SPI 0x00000000 was forgotten: more than 4 SAs"},
		{"fragments", func(c *talk, i int) {
			c.raw(fragments(ipv4(hostI, hostR, 17, udp(9, 9, make([]byte, 100))), uint16(i), 64)[rng.IntN(2)])
		}, "a datagram under reassembly was dropped: too many at once"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newTalk(t)
			for i := range 100 {
				tt.octet(c, i)
			}
			d := dissect.NewDecoder(nil, lim)
			said := false
			for e := range d.Decode(c.all()) {
				for _, n := range e.Notes {
					said = said || strings.Contains(n, tt.note)
				}
			}
			if !said {
				t.Errorf("no note says %q", tt.note)
			}
			if n := len(d.SAs()); n > 4 {
				t.Errorf("%d SAs", n)
			}
			kept := 0
			for _, p := range d.Phase1s() {
				if kept += len(p.Messages); len(p.Quicks) > 4 {
					t.Errorf("%d quick modes", len(p.Quicks))
				}
				for _, q := range p.Quicks {
					kept += len(q.Messages)
				}
			}
			if kept > 8*4 {
				t.Errorf("%d messages kept", kept)
			}
		})
	}
}
