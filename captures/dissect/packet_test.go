package dissect_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var (
	hostI = netip.MustParseAddr("192.0.2.1")
	hostR = netip.MustParseAddr("192.0.2.2")
	host6 = [2]netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")}
)

func ipv6(next uint8, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 6<<28)
	b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
	b = append(b, next, 64)
	b = append(b, host6[0].AsSlice()...)
	b = append(b, host6[1].AsSlice()...)
	return append(b, payload...)
}

// line is what an event comes to: kind, flow, and what is inside or why not.
func line(e *dissect.Event) string {
	s := e.Kind.String()
	if e.Flow.Src.IsValid() {
		s += " " + e.Flow.String()
	}
	if e.Opaque != "" {
		s += " opaque: " + e.Opaque
	}
	if e.Err != nil {
		s += " error"
	}
	if e.Fragments != nil {
		s += fmt.Sprint(" of ", e.Fragments)
	}
	if e.Inner != nil {
		s += " { " + line(e.Inner) + " }"
	}
	return s
}

func lines(es []*dissect.Event) []string {
	var ls []string
	for _, e := range es {
		ls = append(ls, line(e))
	}
	return ls
}

func TestPackets(t *testing.T) {
	extensions := append([]byte{60, 0, 1, 4, 0, 0, 0, 0}, 50, 0, 1, 4, 0, 0, 0, 0) // hop-by-hop, destination options
	espHeader := []byte{0, 0, 1, 1, 0, 0, 0, 1}
	for _, tt := range []struct {
		name   string
		packet []byte
		want   string
	}{
		{"tcp", ipv4(hostI, hostR, 6, tcp(40000, 179, dissect.SYN, "")), "tcp tcp 192.0.2.1:40000 -> 192.0.2.2:179"},
		{"marker", ipv4(hostI, hostR, 17, udp(9, 9, []byte("marker"))), "udp udp 192.0.2.1:9 -> 192.0.2.2:9"},
		{"icmp", ipv4(hostI, hostR, 1, []byte{3, 4, 0, 0}), "icmp icmp 192.0.2.1 -> 192.0.2.2"},
		{"other", ipv4(hostI, hostR, 89, nil), "other protocol 89 192.0.2.1 -> 192.0.2.2"},
		{"esp", ipv4(hostI, hostR, 50, espHeader), "esp esp 192.0.2.1 -> 192.0.2.2 opaque: no key for SPI 0x00000101"},
		{"short esp", ipv4(hostI, hostR, 50, espHeader[:7]), "esp esp 192.0.2.1 -> 192.0.2.2 error"},
		{"esp in udp", ipv4(hostI, hostR, 17, udp(4500, 4500, espHeader)), "esp udp 192.0.2.1:4500 -> 192.0.2.2:4500 opaque: no key for SPI 0x00000101"},
		{"esp in udp from any port", ipv4(hostI, hostR, 17, udp(1024, 4500, espHeader)), "esp udp 192.0.2.1:1024 -> 192.0.2.2:4500 opaque: no key for SPI 0x00000101"},
		{"keepalive", ipv4(hostI, hostR, 17, udp(4500, 4500, []byte{0xff})), "keepalive udp 192.0.2.1:4500 -> 192.0.2.2:4500"},
		{"keepalive on 500", ipv4(hostI, hostR, 17, udp(500, 500, []byte{0xff})), "keepalive udp 192.0.2.1:500 -> 192.0.2.2:500"},
		{"short isakmp", ipv4(hostI, hostR, 17, udp(500, 500, make([]byte, 27))), "isakmp udp 192.0.2.1:500 -> 192.0.2.2:500 error"},
		{"ip in ip", ipv4(hostI, hostR, 4, ipv4(hostR, hostI, 6, tcp(1, 2, 0, ""))), "other ipip 192.0.2.1 -> 192.0.2.2 { tcp tcp 192.0.2.2:1 -> 192.0.2.1:2 }"},
		{"ah", ipv4(hostI, hostR, 51, append([]byte{17, 4, 0, 0, 0, 0, 1, 2, 0, 0, 0, 9}, append(make([]byte, 12), udp(1, 2, nil)...)...)), "ah ah 192.0.2.1 -> 192.0.2.2 { udp udp 192.0.2.1:1 -> 192.0.2.2:2 }"},
		{"ah beyond the packet", ipv4(hostI, hostR, 51, []byte{17, 4, 0, 0, 0, 0, 1, 2, 0, 0, 0, 9}), "ah ah 192.0.2.1 -> 192.0.2.2 error"},
		{"udp length beyond the packet", ipv4(hostI, hostR, 17, []byte{0, 1, 0, 2, 0, 9, 0, 0}), "udp udp 192.0.2.1:1 -> 192.0.2.2:2 error"},
		{"tcp offset beyond the packet", ipv4(hostI, hostR, 6, append(append(make([]byte, 12), 0xf0), make([]byte, 7)...)), "tcp tcp 192.0.2.1:0 -> 192.0.2.2:0 error"},
		{"ipv6 with extension headers", ipv6(0, append(extensions, espHeader...)), "esp esp 2001:db8::1 -> 2001:db8::2 opaque: no key for SPI 0x00000101"},
		{"ipv6 atomic fragment", ipv6(44, append([]byte{6, 0, 0, 0, 0, 0, 0, 1}, tcp(1, 2, 0, "")...)), "tcp tcp [2001:db8::1]:1 -> [2001:db8::2]:2"},
		{"ipv6 extension header beyond the packet", ipv6(60, []byte{6, 9, 0, 0, 0, 0, 0, 0}), "malformed protocol 60 2001:db8::1 -> 2001:db8::2 error"},
		{"header length 4", append([]byte{0x41}, make([]byte, 30)...), "malformed error"},
		{"total length beyond the packet", ipv4(hostI, hostR, 6, tcp(1, 2, 0, ""))[:30], "malformed tcp 192.0.2.1:0 -> 192.0.2.2:0 error"},
		{"no ip", []byte{0x12}, "non-ip opaque: captures: frame does not carry IP: version is neither 4 nor 6"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newTalk(t)
			c.raw(tt.packet)
			if got := line(c.decode(nil)[0]); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// IKEv2 is recognised by its version, whatever its exchange type.
func TestIKEv2(t *testing.T) {
	c := newTalk(t)
	h := c.header(34, 0)
	h.Version = 0x20
	c.plain(true, h, &wire.Nonce{Data: make([]byte, 16)})
	e := c.decode(nil)[0]
	if e.Kind != dissect.KindIKEv2 || e.ISAKMP.Header.CookieI != c.x.CookieI || e.ISAKMP.Phase1 != nil {
		t.Errorf("%+v, %+v", e, e.ISAKMP)
	}
}

// A non-ESP marker where there should be none, and none where there should be one.
func TestMarkers(t *testing.T) {
	c := newTalk(t)
	m := wire.Message{Header: c.header(wire.ExchangeMain, 0), Payloads: []wire.Payload{c.sa()}}
	octets, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	c.ip(hostI, hostR, 17, udp(500, 500, esp.AppendIKE(nil, octets)))
	c.ip(hostI, hostR, 17, udp(4500, 4500, octets))
	es := c.decode(nil)
	if es[0].ISAKMP == nil || !es[0].ISAKMP.NonESPMarker || es[1].ISAKMP == nil || es[1].ISAKMP.NonESPMarker || !es[1].ISAKMP.Retransmission {
		t.Errorf("%v", lines(es))
	}
}

// A packet of which the capture has too little is neither malformed nor does
// its ICV fail.
func TestSnaplen(t *testing.T) {
	c := newTalk(t)
	c.main()
	toR, _ := c.quick()
	c.ip(hostI, hostR, 50, seal(t, toR, tcp(1, 179, dissect.SYN, strings.Repeat("x", 200)), 6))
	c.ip(hostI, hostR, 17, udp(4500, 4500, seal(t, toR, nil, 6)))
	c.ip(hostI, hostR, 6, tcp(1, 179, dissect.SYN, ""))
	c.raw(ipv6(0, []byte{60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0, 1}))
	whole := slices.Clone(c.packets)
	for i, p := range whole {
		for n := 1; n < len(p.Data); n++ {
			c.packets = append(whole[:i:i], p)
			c.packets[i].Data = p.Data[:n]
			es := c.decode(c.log())
			e := es[i]
			if e.Err != nil || !e.Truncated || e.Opaque == "" || e.Inner != nil || e.Kind == dissect.KindMalformed {
				t.Fatalf("frame %d cut to %d octets: %s: %v", i+1, n, line(e), e.Err)
			}
			if e.ESP != nil && (e.ESP.Decrypted || e.ESP.Facts.ICV != esp.ICVNone) {
				t.Fatalf("frame %d cut to %d octets: %+v", i+1, n, e.ESP)
			}
		}
	}
}

// Any prefix of a packet, as a whole packet, is survived.
func TestPrefixes(t *testing.T) {
	c := newTalk(t)
	c.main()
	toR, _ := c.quick()
	c.ip(hostI, hostR, 50, seal(t, toR, tcp(1, 179, dissect.SYN, ""), 6))
	d := dissect.NewDecoder(c.log(), dissect.Limits{})
	for _, p := range c.packets {
		for n := range p.Data {
			q := p
			q.Data = slices.Clone(p.Data[:n])
			if q.OrigLen = n; n >= 4 {
				binary.BigEndian.PutUint16(q.Data[2:], uint16(n))
			}
			d.Packet(q)
		}
		d.Packet(p)
	}
	if len(d.SAs()) != 2 || !d.SAs()[0].Keyed {
		t.Errorf("SAs %+v", d.SAs())
	}
}

func TestErrorsPass(t *testing.T) {
	oops := errors.New("oops")
	c := newTalk(t)
	c.opening()
	n := 0
	for e, err := range dissect.Decode(func(yield func(captures.Packet, error) bool) {
		for _, p := range c.packets {
			if !yield(p, nil) {
				return
			}
		}
		yield(captures.Packet{}, oops)
	}, nil) {
		if n++; n <= 4 && (e == nil || err != nil) || n == 5 && (e != nil || err != oops) {
			t.Errorf("%d: %v, %v", n, e, err)
		}
	}
	if n != 5 {
		t.Errorf("%d elements", n)
	}
}

// Keys that name other addresses, as across a NAT, are used if the ICV says so.
func TestSuppliedKeys(t *testing.T) {
	s := esp.Suite{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}
	keys := esp.Keys{Encryption: []byte("aescbcencryption"), Integrity: []byte("hmacsha1authenticati")}
	wrong := esp.Keys{Encryption: []byte("AESCBCENCRYPTION"), Integrity: []byte("HMACSHA1AUTHENTICATI")}
	other := netip.MustParseAddr("198.51.100.1")
	for _, tt := range []struct {
		name string
		sas  []keylog.SA
		want string
	}{
		{"exact", []keylog.SA{{Src: hostI, Dst: hostR, Keys: keys}}, "{ tcp"},
		{"any address", []keylog.SA{{Keys: keys}}, "{ tcp"},
		{"other address", []keylog.SA{{Dst: other, Keys: keys}}, "{ tcp"},
		{"two for one", []keylog.SA{{Dst: hostR, Keys: wrong}, {Dst: hostR, Keys: keys}}, "{ tcp"},
		{"wrong", []keylog.SA{{Dst: hostR, Keys: wrong}}, "opaque: the ICV does not verify with the given keys"},
		{"none", nil, "opaque: no key for SPI 0x00000200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.sas {
				tt.sas[i].SPI, tt.sas[i].Proto, tt.sas[i].Suite = 0x200, esp.ESP, s
			}
			c := newTalk(t)
			c.ip(hostI, hostR, 50, seal(t, newSA(t, 0x200, s, keys), tcp(1, 2, 0, ""), 6))
			if got := line(c.decode(&keylog.Log{SAs: tt.sas})[0]); !strings.Contains(got, tt.want) {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
