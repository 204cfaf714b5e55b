package spd

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
)

var (
	alice = netip.MustParseAddr("192.0.2.1")
	bob   = netip.MustParseAddr("192.0.2.2")
	carol = netip.MustParseAddr("198.51.100.3")

	aliceInner = netip.MustParseAddr("10.1.0.1")
	bobInner   = netip.MustParseAddr("10.2.0.1")

	alice6 = netip.MustParseAddr("2001:db8::1")
	bob6   = netip.MustParseAddr("2001:db8::2")

	now = time.Date(2004, 2, 1, 0, 0, 0, 0, time.UTC)
)

// ip makes an IPv4 or IPv6 packet, by its addresses, with right checksums.
func ip(src, dst netip.Addr, proto uint8, upper []byte) []byte {
	var b []byte
	if src.Is4() {
		b = binary.BigEndian.AppendUint16([]byte{0x45, 0}, uint16(ipv4HeaderLen+len(upper)))
		b = append(b, 0x12, 0x34, 0x40, 0, 63, proto, 0, 0) // DF
	} else {
		b = binary.BigEndian.AppendUint16([]byte{0x60, 0, 0, 0}, uint16(len(upper)))
		b = append(b, proto, 63)
	}
	b = append(appendAddrs(b, src, dst), upper...)
	if p, err := parse(b); err == nil {
		setTransportChecksum(p)
	}
	if src.Is4() {
		setIPv4Checksum(b, ipv4HeaderLen)
	}
	return b
}

// tcp makes a TCP segment in an IP packet.
func tcp(src, dst netip.Addr, srcPort, dstPort uint16, data string) []byte {
	h := binary.BigEndian.AppendUint16(nil, srcPort)
	h = binary.BigEndian.AppendUint16(h, dstPort)
	h = append(h, 0, 0, 0, 1, 0, 0, 0, 0, 5<<4, 2, 0xff, 0xff, 0, 0, 0, 0)
	return ip(src, dst, protoTCP, append(h, data...))
}

// udp makes a UDP datagram in an IP packet.
func udp(src, dst netip.Addr, srcPort, dstPort uint16, data []byte) []byte {
	h := esp.UDPEncap{SrcPort: srcPort, DstPort: dstPort}.AppendHeader(nil, len(data))
	return ip(src, dst, protoUDP, append(h, data...))
}

// icmp makes an ICMP message, for errors about quote.
func icmp(src, dst netip.Addr, typ uint8, quote []byte) []byte {
	proto := uint8(protoICMP)
	if src.Is6() {
		proto = protoICMPv6
	}
	return ip(src, dst, proto, append([]byte{typ, 0, 0, 0, 0, 0, 0, 0}, quote...))
}

// fragment turns an IPv4 packet into a fragment.
func fragment(pkt []byte, offset uint16, more bool) []byte {
	if more {
		offset |= flagMF
	}
	binary.BigEndian.PutUint16(pkt[6:], offset)
	setIPv4Checksum(pkt, ipv4HeaderLen)
	return pkt
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// setup says how two endpoints protect what is between them.
type setup struct {
	proto  esp.Proto // 0: ESP
	mode   esp.Mode
	suite  esp.Suite
	encap  bool
	a, b   netip.Addr // outer addresses
	sel    Selector   // a's orientation
	dev    Deviations // of a
	espDev esp.Deviations
	rest   []Policy // behind the protect policy, in both SPDs
}

// bgp is the transport mode of the draft's section 9.
func bgp() setup {
	return setup{
		mode: esp.Transport, suite: esp.Suite{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}, a: alice, b: bob,
		sel: Selector{Src: host(alice), Dst: host(bob), Proto: protoTCP, DstPorts: Port(179)},
	}
}

// gateways is tunnel mode between alice and bob for two hosts behind them.
func gateways() setup {
	s := bgp()
	s.mode = esp.Tunnel
	s.sel = Selector{Src: prefix("10.1.0.0/16"), Dst: prefix("10.2.0.0/16")}
	return s
}

// ah makes it AH.
func (s setup) ah() setup {
	s.proto, s.suite.Cipher = esp.AH, esp.NULL
	return s
}

const spiAB, spiBA = 0x1001, 0x2001

// newSA makes one end's copy of the SA from a to b, or from b to a.
func (s setup) newSA(t testing.TB, ab bool, spi uint32, d esp.Deviations) *esp.SA {
	t.Helper()
	km := make([]byte, s.suite.KEYMATLen())
	for i := range km {
		km[i] = byte(spi) + byte(i)
	}
	keys, err := esp.SplitKEYMAT(s.suite, km)
	if err != nil {
		t.Fatal(err)
	}
	p := esp.Params{SPI: spi, Proto: s.proto, Mode: s.mode, Suite: s.suite, Keys: keys, Src: s.a, Dst: s.b, Deviations: d}
	if !ab {
		p.Src, p.Dst = s.b, s.a
	}
	if s.encap {
		p.Encap = &esp.UDPEncap{SrcPort: esp.NATTPort, DstPort: esp.NATTPort}
	}
	sa, err := esp.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return sa
}

// pairs makes the SA pairs of both ends.
func (s setup) pairs(t testing.TB, ab, ba uint32) (a, b SAPair) {
	t.Helper()
	a = SAPair{Policy: "bgp", Selector: s.sel, Out: s.newSA(t, true, ab, s.espDev), In: s.newSA(t, false, ba, s.espDev)}
	b = SAPair{Policy: "bgp", Selector: s.sel.Reverse(), Out: s.newSA(t, false, ba, esp.Deviations{}), In: s.newSA(t, true, ab, esp.Deviations{})}
	return a, b
}

// endpoints makes both ends, without SAs.
func (s setup) endpoints() (a, b *Endpoint) {
	policy := Policy{Name: "bgp", Selector: s.sel, Action: Protect, Mode: s.mode, Proto: s.proto}
	mirrored := policy
	mirrored.Selector = s.sel.Reverse()
	return NewEndpoint(append(SPD{policy}, s.rest...), s.dev), NewEndpoint(append(SPD{mirrored}, s.rest...), Deviations{})
}

// connected makes both ends with a pair of SAs.
func (s setup) connected(t testing.TB) (a, b *Endpoint) {
	t.Helper()
	a, b = s.endpoints()
	pa, pb := s.pairs(t, spiAB, spiBA)
	install(t, a, pa)
	install(t, b, pb)
	return a, b
}

func install(t testing.TB, e *Endpoint, pair SAPair) {
	t.Helper()
	if err := e.Install(pair); err != nil {
		t.Fatal(err)
	}
}

// one is the single packet that an endpoint let through.
func one(t testing.TB, v Verdict, packets [][]byte) []byte {
	t.Helper()
	if len(packets) != 1 {
		t.Fatalf("%d packets, verdict %+v", len(packets), v)
	}
	return packets[0]
}

// wellFormed checks lengths and checksums of a packet on the wire.
func wellFormed(t testing.TB, pkt []byte) packet {
	t.Helper()
	p, err := parse(pkt)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.raw) != len(pkt) {
		t.Errorf("IP length %d of %d octets", len(p.raw), len(pkt))
	}
	if !p.v6 && Sum16(0, pkt[:p.upper]) != 0xffff {
		t.Errorf("bad IPv4 header checksum in %x", pkt[:p.upper])
	}
	return p
}
