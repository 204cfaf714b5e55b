package lab

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// espNumber is an ESP packet with a sequence number.
func espNumber(seq byte) []byte {
	return raw(protoESP, natInside, server, []byte{0, 0, 16, 0, 0, 0, 0, seq, 1, 2, 3, 4, 5, 6, 7, 8})
}

// quickMessage is an encrypted message of a quick mode; nobody can read it, but for its header.
func quickMessage(fill byte) []byte {
	m := make([]byte, 60)
	m[0], m[8] = 1, 2 // cookies
	m[16], m[17], m[18], m[19] = byte(wire.PayloadHash), 0x10, byte(wire.ExchangeQuick), 1
	binary.BigEndian.PutUint32(m[20:], 0x1234)
	binary.BigEndian.PutUint32(m[24:], uint32(len(m)))
	for i := 28; i < len(m); i++ {
		m[i] = fill
	}
	return m
}

func (b *bench) numbers(p Port) string {
	var s []byte
	for _, ip := range b.out[p] {
		s = append(s, '0'+ipv4(ip).upper()[7])
	}
	b.out[p] = nil
	return string(s)
}

func TestFaults(t *testing.T) {
	port0 := Port(0)
	esp := func(f scenarios.Fault) []Fault {
		f.Packet = scenarios.PacketESP
		return []Fault{{Fault: f, From: &port0}}
	}
	for name, tt := range map[string]struct {
		faults        []Fault
		atOnce, later string // sequence numbers of what arrives, of 1 to 4
		incidents     string
	}{
		"drop the second":           {esp(scenarios.Fault{Fault: scenarios.Drop, Nth: 2}), "134", "", "drop"},
		"drop two":                  {esp(scenarios.Fault{Fault: scenarios.Drop, Nth: 2, Count: 2}), "14", "", "drop drop"},
		"drop what does not come":   {esp(scenarios.Fault{Fault: scenarios.Drop, Nth: 5}), "1234", "", ""},
		"duplicate":                 {esp(scenarios.Fault{Fault: scenarios.Duplicate}), "11234", "", "duplicate"},
		"delay":                     {esp(scenarios.Fault{Fault: scenarios.Delay, By: scenarios.Duration(3 * time.Second)}), "234", "1", "delay"},
		"replay":                    {esp(scenarios.Fault{Fault: scenarios.Replay, Nth: 3, By: scenarios.Duration(3 * time.Second)}), "1234", "3", "replay"},
		"reorder":                   {esp(scenarios.Fault{Fault: scenarios.Reorder, Nth: 2}), "1324", "", "reorder"},
		"reorder two":               {esp(scenarios.Fault{Fault: scenarios.Reorder, Nth: 1, Count: 2}), "3124", "", "reorder reorder"},
		"reorder, and none is left": {esp(scenarios.Fault{Fault: scenarios.Reorder, Nth: 4}), "123", "4", ""},
		"two faults": {append(
			esp(scenarios.Fault{Fault: scenarios.Drop}), esp(scenarios.Fault{Fault: scenarios.Duplicate, Nth: 1})...,
		), "2234", "", "drop duplicate"},
		"other packets": {[]Fault{{Fault: scenarios.Fault{Fault: scenarios.Drop, Packet: scenarios.PacketAH}}}, "1234", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(Path{Tapped: 1, Faults: tt.faults})
			for seq := range byte(4) {
				b.send(0, espNumber(seq+1))
				b.send(1, raw(protoESP, server, natInside, espNumber(seq + 1)[20:]))
			}
			atOnce, back := b.numbers(1), b.numbers(0)
			b.pass(10 * time.Second)
			if later, got := b.numbers(1), b.kinds(); atOnce != tt.atOnce || later != tt.later || got != tt.incidents || (back != "1234") != (name == "other direction") {
				t.Errorf("%s at once, %s later, %s back; incidents %s", atOnce, later, back, got)
			}
			// The capture is what the tapped end gets, and what it sends.
			if want := len(tt.atOnce) + len(tt.later) + 4; len(b.tapped) != want {
				t.Errorf("%d packets in the capture, want %d", len(b.tapped), want)
			}
		})
	}
}

// TestFaultsTappedEnd: what the tapped end sends is in the capture as it sent it.
func TestFaultsTappedEnd(t *testing.T) {
	port1 := Port(1)
	b := newBench(Path{Tapped: 1, Faults: []Fault{
		{Fault: scenarios.Fault{Fault: scenarios.Drop, Count: 2}, From: &port1}, {Fault: scenarios.Fault{Fault: scenarios.Corrupt}, From: &port1},
	}})
	for seq := range byte(4) {
		b.send(1, espNumber(seq+1))
	}
	if len(b.tapped) != 4 || !bytes.Equal(b.tapped[2], espNumber(3)) || bytes.Equal(b.out[0][0], espNumber(3)) || b.numbers(0) != "34" {
		t.Errorf("%d in the capture", len(b.tapped))
	}
}

// TestFaultMessage: the third message of a quick mode, whoever sends it, and also where it is sent again.
func TestFaultMessage(t *testing.T) {
	b := newBench(Path{Tapped: 1, Faults: []Fault{{Fault: scenarios.Fault{Fault: scenarios.Drop, Exchange: "quick", Message: 3, Count: 2}}}})
	talk := func(from Port, fill byte) {
		src, dst := natInside, server
		if from == 1 {
			src, dst = dst, src
		}
		b.send(from, datagram(src, 4500, dst, 4500, "\x00\x00\x00\x00"+string(quickMessage(fill))))
	}
	talk(0, 1)
	talk(1, 2)
	talk(0, 1) // again
	talk(0, 3)
	talk(1, 2)
	talk(0, 3) // again
	talk(0, 3)
	if there, back := len(b.out[1]), len(b.out[0]); there != 3 || back != 2 {
		t.Errorf("%d and %d messages arrive", there, back)
	}
	if got := b.incidents[0].Detail; !strings.HasPrefix(got, "drop quick message 3 (1 to 2): 192.0.2.1:4500 -> 192.0.2.2:4500, isakmp quick message 3, message ID 0x00001234") {
		t.Errorf("recorded as %s", got)
	}
}

// TestCorrupt: the checksums are right and the last octet is not.
func TestCorrupt(t *testing.T) {
	for _, data := range []string{"even", "odd"} {
		b := newBench(Path{Faults: []Fault{{Fault: scenarios.Fault{Fault: scenarios.Corrupt}}}})
		sent := datagram(natInside, 500, server, 4500, "\x00\x00\x00\x00"+data)
		b.send(0, sent)
		got := b.out[1][0]
		e := dissect.NewDecoder(nil, dissect.Limits{}).Packet(captures.Packet{Link: captures.LinkRaw, OrigLen: len(got), Data: got})
		if e.UDP.Checksum != dissect.ChecksumGood || e.IP.ChecksumBad || got[len(got)-1] != sent[len(sent)-1]^1 || !bytes.Equal(got[28:len(got)-1], sent[28:len(sent)-1]) {
			t.Errorf("%s: %x, checksum %v", data, got, e.UDP.Checksum)
		}
	}
}

// TestWireHostile: whatever the ends send, a NAT and faults get over it.
func TestWireHostile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, kind := range []scenarios.FaultKind{scenarios.Drop, scenarios.Duplicate, scenarios.Delay, scenarios.Reorder, scenarios.Corrupt, scenarios.Replay} {
		p := behind(scenarios.Symmetric)
		p.NAT.PassesESP = true
		p.Faults = []Fault{{Fault: scenarios.Fault{Fault: kind, Count: 60000, By: scenarios.Duration(time.Millisecond)}}}
		b := newBench(p)
		for n := range 3000 {
			from := Port(n & 1)
			ip := make([]byte, r.IntN(64))
			for i := range ip {
				ip[i] = byte(r.Uint32())
			}
			if len(ip) >= ip4HeaderLen && n%4 != 0 { // nearer to what passes
				addr := [2][4]byte{natInside.As4(), natOutside.As4()}[from]
				ip[0], ip[2], ip[3], ip[6], ip[7] = 0x45, 0, byte(len(ip)), 0, 0
				ip[9] = []byte{protoICMP, protoTCP, protoUDP, protoESP}[r.IntN(4)]
				copy(ip[12+4*from:], addr[:])
				if ip[9] == protoICMP && len(ip) > 48 {
					ip[20] = 3
					copy(ip[28:], ip[:20])
					ip[37] = []byte{protoICMP, protoTCP, protoUDP, protoESP}[r.IntN(4)]
				}
			}
			b.send(from, ip)
			b.pass(time.Millisecond)
		}
		b.pass(time.Minute)
		if got := len(b.out[1]); (got == 0) != (kind == scenarios.Drop) {
			t.Errorf("%v: %d packets arrive", kind, got)
		}
	}
}
