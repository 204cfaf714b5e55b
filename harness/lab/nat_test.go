package lab

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/scenarios"
)

var (
	natInside  = netip.MustParseAddr("192.0.2.1")
	natOutside = netip.MustParseAddr("198.51.100.7")
	server     = netip.MustParseAddr("192.0.2.2")
	other      = netip.MustParseAddr("192.0.2.3")
)

// bench is a wire with a clock of its own, and what comes out at its ends.
type bench struct {
	*Wire
	now       time.Time
	timers    []timer
	out       [2][][]byte
	tapped    [][]byte
	incidents []evidence.Incident
}

type timer struct {
	at time.Time
	f  func(time.Time)
}

func newBench(p Path) *bench {
	b := &bench{now: time.Unix(1e9, 0)}
	p.Record = func(i evidence.Incident) { b.incidents = append(b.incidents, i) }
	b.Wire = NewWire(func(_ time.Time, _ Port, ip []byte) { b.tapped = append(b.tapped, bytes.Clone(ip)) }, p)
	b.after = func(d time.Duration, f func(time.Time)) { b.timers = append(b.timers, timer{b.now.Add(d), f}) }
	for i := range b.out {
		b.Connect(Port(i), func(ip []byte) { b.out[i] = append(b.out[i], ip) })
	}
	return b
}

func (b *bench) send(from Port, ip []byte) { b.Send(b.now, from, bytes.Clone(ip)) }

// pass lets time pass, to the timers that are due and on.
func (b *bench) pass(d time.Duration) {
	b.now = b.now.Add(d)
	due := b.timers
	b.timers = nil
	for _, t := range due {
		if t.at.After(b.now) {
			b.timers = append(b.timers, t)
		} else {
			t.f(t.at)
		}
	}
}

// take is what has come out at a port since it was last asked, in words.
func (b *bench) take(p Port) string {
	var all []string
	d := dissect.NewDecoder(nil, dissect.Limits{})
	for _, ip := range b.out[p] {
		e := d.Packet(captures.Packet{Link: captures.LinkRaw, OrigLen: len(ip), Data: ip})
		text := fmt.Sprintf("%v>%v", e.Src, e.Dst)
		if e.IP.ChecksumBad || e.UDP != nil && e.UDP.Checksum == dissect.ChecksumBad || e.TCP != nil && e.TCP.Checksum == dissect.ChecksumBad {
			text += " with a bad checksum"
		}
		all = append(all, text)
	}
	b.out[p] = nil
	return strings.Join(all, " ")
}

func (b *bench) kinds() string {
	var all []string
	for _, i := range b.incidents {
		all = append(all, i.Kind)
	}
	b.incidents = nil
	return strings.Join(all, " ")
}

func datagram(src netip.Addr, sport uint16, dst netip.Addr, dport uint16, data string) []byte {
	return host.UDPPacket(1, netip.AddrPortFrom(src, sport), netip.AddrPortFrom(dst, dport), []byte(data))
}

// raw is a packet of another protocol.
func raw(proto byte, src, dst netip.Addr, data []byte) []byte {
	p := host.UDPPacket(7, netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0), nil)[:ip4HeaderLen]
	p = append(p, data...)
	ipv4(p).set(p[2:4], binary.BigEndian.AppendUint16(nil, uint16(len(p))), p[10:12])
	ipv4(p).set(p[8:10], []byte{64, proto}, p[10:12])
	return p
}

func behind(k scenarios.NATKind) Path {
	return Path{Tapped: 1, NAT: &NAT{Translator: scenarios.Translator{Kind: k}, Behind: 0, Inside: natInside, Outside: natOutside}}
}

// TestNATKinds: which ports are given out, and whose answers get in.
func TestNATKinds(t *testing.T) {
	for _, tt := range []struct {
		kind         scenarios.NATKind
		first, other uint16 // outside, of one port inside to two others
		stranger     bool   // may send to it
	}{
		{scenarios.FullCone, 40001, 40001, true},
		{scenarios.PortPreserving, 500, 500, false},
		{scenarios.Symmetric, 40001, 40002, false},
	} {
		t.Run(tt.kind.String(), func(t *testing.T) {
			b := newBench(behind(tt.kind))
			b.send(0, datagram(natInside, 500, server, 500, "one"))
			b.send(0, datagram(natInside, 500, server, 500, "two"))
			b.send(0, datagram(natInside, 500, other, 500, "three"))
			want := fmt.Sprintf("%v:%d>192.0.2.2:500 %[1]v:%[2]d>192.0.2.2:500 %[1]v:%[3]d>192.0.2.3:500", natOutside, tt.first, tt.other)
			if got := b.take(1); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			b.send(1, datagram(server, 500, natOutside, tt.first, "back"))
			if got, want := b.take(0), "192.0.2.2:500>192.0.2.1:500"; got != want {
				t.Errorf("back: %s, want %s", got, want)
			}
			b.send(1, datagram(server, 4500, natOutside, tt.first, "from another port"))
			if got := b.take(0) != ""; got != tt.stranger {
				t.Errorf("a stranger gets in: %v", got)
			}
			b.send(1, datagram(server, 500, natOutside, 9, "to a port of nobody"))
			if got := b.take(0); got != "" {
				t.Errorf("to nobody: %s", got)
			}
			if len(b.tapped) != 6 {
				t.Errorf("the tap saw %d packets", len(b.tapped))
			}
		})
	}
}

// TestNATMappings: they end without traffic from inside, when the NAT is bound anew, and are bounded.
func TestNATMappings(t *testing.T) {
	b := newBench(behind(scenarios.PortPreserving))
	out, back := datagram(natInside, 4500, server, 4500, "x"), datagram(server, 4500, natOutside, 4500, "x")
	b.send(0, out)
	b.pass(20 * time.Second)
	b.send(1, back)
	if b.take(0) == "" {
		t.Error("a mapping of 20 s is gone")
	}
	b.pass(mappingTime - 20*time.Second)
	b.send(1, back)
	if got := b.take(0); got != "" {
		t.Errorf("what comes from outside keeps the mapping: %s", got)
	}
	b.send(0, out)
	b.take(1)
	b.Rebind(b.now)
	b.send(1, back)
	b.send(0, out)
	if got := b.take(0) + b.take(1); got != "198.51.100.7:40001>192.0.2.2:4500" {
		t.Errorf("after the NAT was bound anew: %s", got)
	}
	if got, want := b.kinds(), "mapping blocked mapping rebind blocked mapping"; got != want {
		t.Errorf("incidents %s, want %s", got, want)
	}
	for port := range 3 * maxMappings {
		b.send(0, datagram(natInside, uint16(1000+port), server, 53, "x"))
		b.send(1, datagram(server, uint16(port), natOutside, 1, "x"))
	}
	blocked := 0
	for _, i := range b.incidents {
		if i.Kind == evidence.IncidentBlocked {
			blocked++
		}
	}
	if len(b.nat.mappings) != maxMappings || blocked > maxBlocked {
		t.Errorf("%d mappings, %d packets told of", len(b.nat.mappings), blocked)
	}
	full := newBench(behind(scenarios.PortPreserving))
	for port := range 2 * maxRemotes {
		full.send(0, datagram(natInside, 500, server, uint16(1000+port), "x"))
	}
	if n := len(full.nat.mappings[0].remotes); n != maxRemotes {
		t.Errorf("%d remotes", n)
	}
}

// TestNATOtherProtocols: ESP passes where the NAT knows it, AH and what else there is never.
func TestNATOtherProtocols(t *testing.T) {
	for _, passes := range []bool{false, true} {
		p := behind(scenarios.Symmetric)
		p.NAT.PassesESP = passes
		b := newBench(p)
		for _, proto := range []byte{protoESP, protoAH, 47} {
			b.send(0, raw(proto, natInside, server, []byte("12345678")))
			b.send(1, raw(proto, server, natOutside, []byte("12345678")))
			out, in := b.take(1), b.take(0)
			if may := passes && proto == protoESP; may != (out == "198.51.100.7:0>192.0.2.2:0") || may != (in == "192.0.2.2:0>192.0.2.1:0") {
				t.Errorf("passes_esp %v, protocol %d: %q out, %q in", passes, proto, out, in)
			}
		}
	}
	b := newBench(behind(scenarios.Symmetric))
	b.send(0, raw(protoTCP, natInside, server, append([]byte{0x9c, 0x40, 0, 179, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0}, 0, 0, 0, 0)))
	if got := b.take(1); !strings.HasPrefix(got, "198.51.100.7:40001>192.0.2.2:179") {
		t.Errorf("TCP: %s", got)
	}
	// What is not from the inside, such as a packet that leaked out of a tunnel, is not the NAT's business.
	b.send(0, datagram(netip.MustParseAddr("10.1.0.1"), 7, server, 7, "leak"))
	if got := b.take(1); got != "10.1.0.1:7>192.0.2.2:7" {
		t.Errorf("a leak: %s", got)
	}
	for _, bad := range [][]byte{nil, {0x45}, make([]byte, 20), {0x60}, raw(protoUDP, natInside, server, []byte{1, 2})} {
		b.send(0, bad)
	}
	if got := b.take(1); got != "" {
		t.Errorf("malformed: %s", got)
	}
}

// TestNATPing: echoes keep their identifiers apart by it, and errors come back for what they quote.
func TestNATPing(t *testing.T) {
	b := newBench(behind(scenarios.Symmetric))
	icmp := func(src, dst netip.Addr, kind byte, id uint16, rest []byte) []byte {
		m := append([]byte{kind, 0, 0, 0, byte(id >> 8), byte(id), 0, 1}, rest...)
		sumICMP(m)
		return raw(protoICMP, src, dst, m)
	}
	good := func(p []byte) bool {
		m := bytes.Clone(ipv4(p).upper())
		sumICMP(m)
		return bytes.Equal(m, ipv4(p).upper())
	}
	b.send(0, icmp(natInside, server, 8, 77, []byte("ping")))
	echo := b.out[1][0]
	id := binary.BigEndian.Uint16(ipv4(echo).upper()[4:])
	if ipv4(echo).src() != natOutside || id != 40001 || !good(echo) {
		t.Fatalf("echo %x", echo)
	}
	b.send(1, icmp(server, natOutside, 0, id, []byte("ping")))
	reply := b.out[0][0]
	if ipv4(reply).dst() != natInside || binary.BigEndian.Uint16(ipv4(reply).upper()[4:]) != 77 || !good(reply) {
		t.Errorf("reply %x", reply)
	}
	b.take(0)
	b.take(1)
	// An error about a datagram quotes it as it was out there; inside it is about the datagram that was sent.
	sent := datagram(natInside, 4500, server, 4500, "esp")
	b.send(0, sent)
	outer := b.out[1][0]
	b.send(1, icmp(other, natOutside, 3, 0, outer[:28]))
	if len(b.out[0]) != 1 {
		t.Fatal("the error does not arrive")
	}
	about := b.out[0][0]
	if ipv4(about).dst() != natInside || !bytes.Equal(about[28:], sent[:28]) || !good(about) {
		t.Errorf("the error quotes\n%x, want\n%x", about[28:], sent[:28])
	}
	// And the other way around.
	b.take(0)
	back := datagram(server, 4500, natOutside, 40002, "esp")
	b.send(1, back)
	b.take(1)
	b.send(0, icmp(natInside, server, 3, 3, b.out[0][0][:28]))
	if got := b.out[1]; len(got) != 1 || ipv4(got[0]).src() != natOutside || !bytes.Equal(got[0][28:], back[:28]) || !good(got[0]) {
		t.Errorf("the error from inside: %x, want it to quote %x", got, back[:28])
	}
	b.take(1)
	b.send(1, icmp(other, natOutside, 3, 0, sent[:28]))
	b.send(1, icmp(other, natOutside, 3, 0, sent[:8]))
	if n := len(b.out[0]); n != 1 {
		t.Errorf("errors about nothing arrive: %d", n-1)
	}
}

// TestNATFragments: the second fragment of a datagram has no port, and finds its way all the same.
func TestNATFragments(t *testing.T) {
	b := newBench(behind(scenarios.Symmetric))
	pieces := cut(datagram(natInside, 500, server, 500, strings.Repeat("certificate ", 250)))
	if len(pieces) < 3 {
		t.Fatalf("%d pieces", len(pieces))
	}
	for _, k := range []int{2, 0, 1} {
		b.send(0, pieces[k])
	}
	if len(b.out[1]) != len(pieces) {
		t.Fatalf("%d pieces arrive", len(b.out[1]))
	}
	var w wholePackets
	var whole []byte
	for _, p := range b.out[1] {
		whole = w.whole(b.now, p)
	}
	b.out[1] = [][]byte{whole}
	if got := b.take(1); got != "198.51.100.7:40001>192.0.2.2:500" {
		t.Errorf("arrives as %s", got)
	}
}

// TestNATBehindTap: the capture shows what is outside, whichever end is behind the NAT.
func TestNATBehindTap(t *testing.T) {
	for _, behindPort := range []Port{0, 1} {
		p := behind(scenarios.FullCone)
		p.NAT.Behind, p.Tapped = behindPort, 1
		b := newBench(p)
		b.send(behindPort, datagram(natInside, 500, server, 500, "there"))
		b.send(1-behindPort, datagram(server, 500, natOutside, 40001, "back"))
		for i, ip := range b.tapped {
			if src, dst := ipv4(ip).src(), ipv4(ip).dst(); src == natInside || dst == natInside {
				t.Errorf("behind port %d: packet %d in the capture is from %v to %v", behindPort, i, src, dst)
			}
		}
		if len(b.tapped) != 2 || len(b.out[0]) != 1 || len(b.out[1]) != 1 {
			t.Errorf("behind port %d: %d packets tapped, %d and %d arrive", behindPort, len(b.tapped), len(b.out[0]), len(b.out[1]))
		}
	}
}
