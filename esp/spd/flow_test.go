package spd

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// ext6 puts an extension header before the upper layer of an IPv6 packet without any.
func ext6(pkt []byte, typ uint8, body ...byte) []byte {
	h := append([]byte{pkt[6], byte((len(body)+2)/8 - 1)}, body...)
	if typ == extFragment {
		h[1] = 0
	}
	b := append(append(bytes.Clone(pkt[:40]), h...), pkt[40:]...)
	b[6] = typ
	b[5] += byte(len(h))
	return b
}

func TestParseFlow(t *testing.T) {
	tcp4, tcp6 := tcp(alice, bob, 40000, 179, "x"), tcp(alice6, bob6, 40000, 179, "x")
	options := bytes.Clone(tcp4)
	options = append(options[:20:20], append([]byte{1, 1, 1, 0}, options[20:]...)...)
	options[0], options[3] = 0x46, options[3]+4
	six := make([]byte, 6)
	ends4 := Flow{Src: alice, Dst: bob, Proto: protoTCP, SrcPort: 40000, DstPort: 179}
	ends6 := ends4
	ends6.Src, ends6.Dst = alice6, bob6
	with := func(f Flow, edit func(*Flow)) Flow {
		edit(&f)
		return f
	}
	for _, tc := range []struct {
		name string
		pkt  []byte
		want Flow
	}{
		{"TCP", tcp4, ends4},
		{"octets behind the packet", append(bytes.Clone(tcp4), 0, 0, 0), ends4},
		{"options", options, ends4},
		{"UDP", udp(alice, bob, 500, 4500, nil), Flow{Src: alice, Dst: bob, Proto: protoUDP, SrcPort: 500, DstPort: 4500}},
		{"ICMP echo", icmp(alice, bob, 8, nil), Flow{Src: alice, Dst: bob, Proto: protoICMP, ICMPType: 8}},
		{"GRE", ip(alice, bob, 47, nil), Flow{Src: alice, Dst: bob, Proto: 47}},
		{"first fragment", fragment(bytes.Clone(tcp4), 0, true), with(ends4, func(f *Flow) { f.MoreFragments = true })},
		{"last fragment", fragment(bytes.Clone(tcp4), 7, false), Flow{Src: alice, Dst: bob, Proto: protoTCP, Fragment: true}},
		{"short last fragment", fragment(ip(alice, bob, protoTCP, []byte{1}), 7, false), Flow{Src: alice, Dst: bob, Proto: protoTCP, Fragment: true}},
		{"IPv6", tcp6, ends6},
		{"IPv6 hop-by-hop and routing", ext6(ext6(tcp6, extRouting, append(six, make([]byte, 16)...)...), extHopByHop, six...), ends6},
		{"IPv6 first fragment", ext6(tcp6, extFragment, 0, 1, 0, 0, 0, 1), with(ends6, func(f *Flow) { f.MoreFragments = true })},
		{"IPv6 atomic fragment", ext6(tcp6, extFragment, 0, 0, 0, 0, 0, 1), ends6},
		{"IPv6 later fragment", ext6(tcp6, extFragment, 0, 8, 0, 0, 0, 1), Flow{Src: alice6, Dst: bob6, Proto: protoTCP, Fragment: true}},
		{"ICMPv6", icmp(alice6, bob6, 128, nil), Flow{Src: alice6, Dst: bob6, Proto: protoICMPv6, ICMPType: 128}},
		{"ICMPv6 in IPv4 is just a number", ip(alice, bob, protoICMPv6, nil), Flow{Src: alice, Dst: bob, Proto: protoICMPv6}},
		{"IPv6 without next header", ip(alice6, bob6, protoNoNext, nil), Flow{Src: alice6, Dst: bob6, Proto: protoNoNext}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ParseFlow(tc.pkt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateComparable(Flow{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			p, err := parse(tc.pkt)
			if err != nil {
				t.Fatal(err)
			}
			for n := range len(p.raw) {
				if f, err := ParseFlow(tc.pkt[:n]); !errors.Is(err, ErrMalformed) {
					t.Errorf("%d of %d octets: %v, %v", n, len(p.raw), f, err)
				}
			}
		})
	}
}

func TestParseFlowRefuses(t *testing.T) {
	edit := func(at int, v byte) []byte {
		b := tcp(alice, bob, 1, 2, "")
		b[at] = v
		return b
	}
	for name, pkt := range map[string][]byte{
		"nothing":                 nil,
		"version 5":               edit(0, 0x55),
		"header of 16 octets":     edit(0, 0x44),
		"header beyond the total": edit(3, 19),
		"total beyond the packet": edit(3, 41),
		"TCP without ports":       ip(alice, bob, protoTCP, []byte{0, 1, 0}),
		"ICMP without type":       ip(alice, bob, protoICMP, nil),
		"IPv6 header too long":    ext6(ip(alice6, bob6, protoTCP, nil), extHopByHop, 0, 0, 0, 0, 0, 0)[:41],
		"IPv6 extension beyond":   ip(alice6, bob6, extRouting, []byte{6, 1, 0, 0, 0, 0, 0, 0}),
		"IPv6 extension missing":  ip(alice6, bob6, extDestOpts, nil),
	} {
		if f, err := ParseFlow(pkt); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}
