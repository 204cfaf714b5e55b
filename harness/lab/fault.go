package lab

import (
	"fmt"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios"
)

// Fault is a fault of a path, with the sender as a port of the wire.
type Fault struct {
	scenarios.Fault
	From *Port // nil: either
}

// patience is how long a packet waits to be overtaken.
const patience = 2 * time.Second

// faults are the faults of a path. What a packet is they learn as everybody does who looks at a capture without keys.
type faults struct {
	wholePackets
	list    []Fault
	matched []int // by fault
	record  func(evidence.Incident)
	decoder *dissect.Decoder
	held    [2][]*held // by sender: what waits to be overtaken
}

// held is a packet that the next one goes before.
type held struct {
	ip       []byte
	overtake evidence.Incident
	gone     bool
}

func newFaults(list []Fault, record func(evidence.Incident)) *faults {
	return &faults{list: list, matched: make([]int, len(list)), record: record, decoder: dissect.NewDecoder(nil, dissect.Limits{})}
}

func (f *faults) pass(at time.Time, from Port, ip []byte, later func(time.Duration, func(time.Time) [][]byte)) [][]byte {
	if ip = f.whole(at, ip); ip == nil {
		return nil
	}
	e := f.decoder.Packet(captures.Packet{Time: at, Link: captures.LinkRaw, OrigLen: len(ip), Data: ip})
	out := [][]byte{ip}
	overtakes := true
	for i, fault := range f.list {
		if fault.From != nil && *fault.From != from || !meant(fault.Fault, e) {
			continue
		}
		if f.matched[i]++; f.matched[i] < fault.First() || f.matched[i] > fault.Last() {
			continue
		}
		incident := evidence.Incident{Time: at, Kind: fault.Fault.Fault.String(), Fault: i + 1, Detail: fmt.Sprintf("%v: %s", fault.Fault, describe(e))}
		again := func(time.Time) [][]byte { return cut(ip) }
		switch fault.Fault.Fault {
		case scenarios.Drop:
			out = nil
		case scenarios.Duplicate:
			out = append(out, append([]byte(nil), ip...))
		case scenarios.Replay:
			ip := append([]byte(nil), ip...)
			later(time.Duration(fault.By), func(now time.Time) [][]byte {
				incident.Time = now
				f.record(incident)
				return cut(ip)
			})
			continue // it is one once it has come again
		case scenarios.Delay:
			out = nil
			later(time.Duration(fault.By), again)
		case scenarios.Corrupt:
			corrupt(ip)
		case scenarios.Reorder:
			h := &held{ip: ip, overtake: incident}
			f.held[from] = append(f.held[from], h)
			later(patience, func(time.Time) [][]byte { return h.release() })
			out, overtakes = nil, false
			continue
		}
		f.record(incident)
		if len(out) == 0 {
			break
		}
	}
	if len(out) == 0 {
		overtakes = false
	}
	var all [][]byte
	for _, p := range out {
		all = append(all, cut(p)...)
	}
	if overtakes {
		for _, h := range f.held[from] {
			if late := h.release(); late != nil {
				h.overtake.Time = at
				f.record(h.overtake)
				all = append(all, late...)
			}
		}
		f.held[from] = nil
	}
	return all
}

// release lets a packet go that has not gone yet.
func (h *held) release() [][]byte {
	if h.gone {
		return nil
	}
	h.gone = true
	return cut(h.ip)
}

var packetKinds = map[dissect.Kind]scenarios.PacketKind{
	dissect.KindISAKMP: scenarios.PacketISAKMP, dissect.KindESP: scenarios.PacketESP, dissect.KindAH: scenarios.PacketAH,
}

// meant tells whether a fault is about packets like this one.
func meant(f scenarios.Fault, e *dissect.Event) bool {
	if f.Packet != scenarios.AnyPacket && f.Packet != packetKinds[e.Kind] {
		return false
	}
	if f.Exchange == "" {
		return true
	}
	m := e.ISAKMP
	return m != nil && m.Header.Exchange.String() == f.Exchange && (f.Message == 0 || m.Index == int(f.Message))
}

// describe says what a packet is, for the record.
func describe(e *dissect.Event) string {
	text := fmt.Sprintf("%v -> %v, %v", e.Src, e.Dst, e.Kind)
	switch {
	case e.ISAKMP != nil:
		text += fmt.Sprintf(" %v message %d, message ID %#08x", e.ISAKMP.Header.Exchange, e.ISAKMP.Index, e.ISAKMP.Header.MessageID)
	case e.ESP != nil:
		text += fmt.Sprintf(" SPI %#08x sequence number %d", e.ESP.SPI, e.ESP.Seq)
	case e.AH != nil:
		text += fmt.Sprintf(" SPI %#08x sequence number %d", e.AH.SPI, e.AH.Seq)
	}
	return text
}

// corrupt turns the last bit of a packet over. The checksum of UDP is made to fit, so that it is for IPsec to notice; IP's does not cover it.
func corrupt(ip []byte) {
	if len(ip) == 0 {
		return
	}
	p, v4 := parseIPv4(ip)
	last := len(ip) - 1
	if v4 {
		last = len(p) - 1
	}
	if !v4 || p.proto() != protoUDP || p.checksum() == nil || len(p.upper()) <= 8 {
		ip[last] ^= 1
		return
	}
	// The word that the last octet is in, as the checksum counts them; a last octet alone is followed by a zero.
	u := p.upper()
	at := (len(u) - 1) &^ 1
	word := append(append([]byte(nil), u[at:]...), 0)[:2]
	to := append([]byte(nil), word...)
	to[(len(u)-1)&1] ^= 1
	p.set(word, to, p.checksum())
	ip[last] ^= 1
}
