package spd_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp/spd"
)

// datagrams are UDP packets of several sizes, of both IP versions; the one of IPv6 has a Destination Options header.
func datagrams() map[string][]byte {
	all := map[string][]byte{}
	for name, n := range map[string]int{"short": 100, "two": 2000, "many": 9000, "longest": 65535 - 60} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i * 7)
		}
		binary.BigEndian.PutUint16(data[4:], uint16(n))
		v4 := make([]byte, 20, 20+n)
		v4[0], v4[8], v4[9] = 0x45, 64, 17
		binary.BigEndian.PutUint16(v4[2:], uint16(20+n))
		binary.BigEndian.PutUint16(v4[4:], 0x1234)
		copy(v4[12:], netip.MustParseAddr("192.0.2.1").AsSlice())
		copy(v4[16:], netip.MustParseAddr("192.0.2.2").AsSlice())
		binary.BigEndian.PutUint16(v4[10:], ^headerSum(v4))
		all["IPv4 "+name] = append(v4, data...)

		v6 := make([]byte, 40, 48+n)
		v6[0], v6[6], v6[7] = 0x60, 60, 64
		binary.BigEndian.PutUint16(v6[4:], uint16(8+n))
		copy(v6[8:], netip.MustParseAddr("2001:db8::1").AsSlice())
		copy(v6[24:], netip.MustParseAddr("2001:db8::2").AsSlice())
		v6 = append(v6, 17, 0, 1, 4, 0, 0, 0, 0)
		all["IPv6 "+name] = append(v6, data...)
	}
	return all
}

func headerSum(b []byte) uint16 {
	var s uint32
	for i := 0; i < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

func TestFragment(t *testing.T) {
	const mtu = 1500
	now := time.Unix(1e9, 0)
	for name, want := range datagrams() {
		t.Run(name, func(t *testing.T) {
			pieces := spd.Fragment(want, mtu, 77)
			if (len(pieces) == 1) != (len(want) <= mtu) {
				t.Fatalf("%d octets in %d pieces", len(want), len(pieces))
			}
			for _, p := range pieces {
				if len(p) > mtu || p[0]>>4 == 4 && headerSum(p[:20]) != 0xffff {
					t.Errorf("a piece of %d octets, % x", len(p), p[:20])
				}
			}
			rand.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
			var r spd.Reassembler
			for i, p := range pieces {
				if len(pieces) > 1 && i == 0 { // twice does no harm
					r.Packet(now, p)
				}
				got := r.Packet(now, p)
				if last := i == len(pieces)-1; (got != nil) != last {
					t.Fatalf("piece %d of %d gives %d octets", i+1, len(pieces), len(got))
				} else if last && !bytes.Equal(got, want) {
					t.Errorf("put together: % x …, want % x …", got[:48], want[:48])
				}
			}
		})
	}
}

// TestReassemblerRefuses shows what is not put together.
func TestReassemblerRefuses(t *testing.T) {
	now := time.Unix(1e9, 0)
	whole := datagrams()["IPv4 two"]
	cut := func() [][]byte { return spd.Fragment(whole, 1500, 0) }
	tests := map[string]func(r *spd.Reassembler) []byte{
		"late": func(r *spd.Reassembler) []byte {
			p := cut()
			r.Packet(now, p[0])
			return r.Packet(now.Add(2*time.Minute), p[1])
		},
		"contradicting": func(r *spd.Reassembler) []byte {
			p, q := cut(), cut()
			q[0][700] ^= 1
			r.Packet(now, p[0])
			r.Packet(now, q[0])
			return r.Packet(now, p[1])
		},
		"of another packet": func(r *spd.Reassembler) []byte {
			p := cut()
			p[1][5] ^= 1
			r.Packet(now, p[0])
			return r.Packet(now, p[1])
		},
		"in odd pieces": func(r *spd.Reassembler) []byte {
			p := cut()
			binary.BigEndian.PutUint16(p[0][2:], uint16(len(p[0])-3))
			r.Packet(now, p[0][:len(p[0])-3])
			return r.Packet(now, p[1])
		},
		"pushed out by a flood": func(r *spd.Reassembler) []byte {
			p := cut()
			r.Packet(now, p[0])
			for id := range 1000 {
				q := cut()[0]
				binary.BigEndian.PutUint16(q[4:], uint16(id))
				r.Packet(now, q)
			}
			return r.Packet(now, p[1])
		},
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			if got := f(new(spd.Reassembler)); got != nil {
				t.Errorf("put together: %d octets", len(got))
			}
		})
	}
}

func FuzzReassembler(f *testing.F) {
	for _, p := range datagrams() {
		if len(p) < 10000 {
			f.Add(bytes.Join(spd.Fragment(p, 1500, 7), nil))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r spd.Reassembler
		for len(b) > 0 { // packets of up to 1500 octets in a row
			n := min(1500, len(b))
			if got := r.Packet(time.Unix(1e9, 0), b[:n]); len(got) > spd.MaxDatagram {
				t.Errorf("a packet of %d octets", len(got))
			}
			spd.Fragment(b[:n], 1280, 1)
			b = b[n:]
		}
	})
}
