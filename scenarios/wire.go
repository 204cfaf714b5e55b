package scenarios

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// Wire is what lies between the two ends beside a cable: a NAT, and faults of the
// path. Both are the harness's own doing, so every one of them has to show, or the
// trial proves nothing.
type Wire struct {
	NAT    *Translator `yaml:"nat" json:"nat,omitempty"`
	Faults []Fault     `yaml:"faults" json:"faults,omitempty"`
}

// Translator is a NAT with the IKE initiator behind it. The zero value of
// PassesESP is a NAT that knows no more than TCP, UDP and ICMP.
type Translator struct {
	Kind NATKind `yaml:"kind" strict:"required" json:"kind"`
	// PassesESP: ESP passes too, as that of the one host behind it ("IPsec
	// passthrough"). AH never does: its ICV covers the addresses.
	PassesESP bool `yaml:"passes_esp" json:"passes_esp,omitempty"`
}

// NATKind is how a NAT gives out ports, and to whom it lets answers through (RFC
// 4787 4, 5).
type NATKind uint8

// The kinds. Of all but the full cone only answers of those that were sent to get
// in, from the port that was sent to.
const (
	FullCone       NATKind = iota + 1 // one port for each port inside, whoever it speaks to; anybody may send to it
	PortPreserving                    // the same, and the port stays what it is as long as it is free
	Symmetric                         // another port for each port that is spoken to
)

// Fault is something that befalls packets of one kind. Every condition that is
// left out holds for all of them.
type Fault struct {
	Fault FaultKind `yaml:"fault" strict:"required" json:"fault"`
	From  Sender    `yaml:"from" json:"from,omitempty"`
	// Packet is the kind of packet, left out where Exchange says that it is
	// isakmp.
	Packet   PacketKind `yaml:"packet" json:"packet,omitempty"`
	Exchange string     `yaml:"exchange" strict:"vocab=ike-exchange" json:"exchange,omitempty"`
	Message  uint8      `yaml:"message" json:"message,omitempty"` // its number in the exchange; one sent again has it too
	Nth      uint16     `yaml:"nth" json:"nth,omitempty"`         // the first packet of the kind that is meant; left out: the 1st
	Count    uint16     `yaml:"count" json:"count,omitempty"`     // how many from there on; left out: 1
	By       Duration   `yaml:"by" json:"by,omitempty"`           // how much later it comes: of delay and replay
}

// FaultKind is what befalls a packet.
type FaultKind uint8

// The faults.
const (
	Drop      FaultKind = iota + 1
	Duplicate           // it comes twice at once
	Delay               // it comes later
	Reorder             // the next one of its direction comes before it
	Corrupt             // its last bit is turned over, and the checksums of IP and UDP made right again
	Replay              // it comes, and later once more
)

// Sender is who sends a packet, by what it is in the trial or by its IKE role. The
// zero value is either end.
type Sender uint8

// The senders.
const (
	FromAny Sender = iota
	FromInitiator
	FromResponder
	FromHarness
	FromPeer
)

// PacketKind is what a packet is, in UDP or not. The zero value is any.
type PacketKind uint8

// The kinds of packet.
const (
	AnyPacket PacketKind = iota
	PacketISAKMP
	PacketESP
	PacketAH
)

// MaxDelay bounds Fault.By.
const MaxDelay = MaxWait

// First is the first packet that a fault is about, counted from 1.
func (f Fault) First() int { return int(cmp.Or(f.Nth, 1)) }

// Last is the last packet that a fault is about.
func (f Fault) Last() int { return f.First() + int(cmp.Or(f.Count, 1)) - 1 }

// Needs reports whether the fault has to say how much later a packet comes.
func (k FaultKind) Needs() bool { return k == Delay || k == Replay }

// String returns "drop quick mode message 3".
func (f Fault) String() string {
	words := []string{f.Fault.String()}
	switch {
	case f.Exchange != "" && f.Message != 0:
		words = append(words, fmt.Sprintf("%s message %d", f.Exchange, f.Message))
	case f.Exchange != "":
		words = append(words, f.Exchange+" message")
	case f.Packet == AnyPacket:
		words = append(words, "packet")
	default:
		words = append(words, f.Packet.String()+" packet")
	}
	if f.From != FromAny {
		words = append(words, "from the "+f.From.String())
	}
	switch first, last := f.First(), f.Last(); {
	case first != last:
		words = append(words, fmt.Sprintf("(%d to %d)", first, last))
	case first > 1:
		words = append(words, fmt.Sprintf("(the %d.)", first))
	}
	return strings.Join(words, " ")
}

// Party returns the end that sends, in the trial in which the peer plays the
// role; 0 for either.
func (s Sender) Party(peerPlays Role) Party {
	switch {
	case s == FromHarness, s == FromInitiator && peerPlays == Responder, s == FromResponder && peerPlays == Initiator:
		return PartyHarness
	case s == FromAny:
		return 0
	}
	return PartyPeer
}

// Translates reports whether a NAT stands before the initiator.
func (s *Scenario) Translates() bool { return s.Wire != nil && s.Wire.NAT != nil }

// Rebinds counts the steps in which the NAT is bound anew.
func (s *Scenario) Rebinds() (n int) {
	for _, step := range s.Script {
		if step.Rebind != nil {
			n++
		}
	}
	return n
}

// Rebind has the NAT forget the ports it has given out; from here on it gives
// others.
type Rebind struct{}

func (c checker) checkWire() {
	w := c.s.Wire
	if w == nil {
		return
	}
	if w.NAT == nil && !c.doc.Has("wire.faults") && c.doc.Has("wire") && !c.below("wire") {
		c.doc.Errorf("wire", "a wire with neither nat nor faults is a cable; leave the key out")
	}
	if w.NAT != nil && c.s.Family == IPv6 && !c.doc.Mistaken("family") {
		c.doc.Errorf("wire.nat", "contradiction: addresses of IPv6 are not translated; take family ipv4")
	}
	if w.NAT != nil && c.s.IKE.NATTraversal == NATForced {
		c.doc.Errorf("wire.nat", "contradiction: nat_traversal forced is for a path without a NAT; leave one of the two out")
	}
	c.filled("wire.faults", len(w.Faults))
	for i, f := range w.Faults {
		c.checkFault(fmt.Sprintf("wire.faults[%d]", i), f)
	}
}

func (c checker) checkFault(path string, f Fault) {
	has := func(key string) bool { return c.doc.Has(path + "." + key) }
	if f.Exchange != "" && f.Packet != AnyPacket && f.Packet != PacketISAKMP {
		c.doc.Errorf(path+".exchange", "contradiction: packets of %s belong to no exchange of IKE", f.Packet)
	}
	if has("message") && !has("exchange") {
		c.doc.Errorf(path+".message", "a message has its number within an exchange; say which")
	}
	for _, n := range []struct {
		key  string
		zero bool
	}{{"message", f.Message == 0}, {"nth", f.Nth == 0}, {"count", f.Count == 0}} {
		if n.zero && has(n.key) && !c.doc.Mistaken(path+"."+n.key) {
			c.doc.Errorf(path+"."+n.key, "counts begin with 1")
		}
	}
	switch {
	case f.Fault == 0: // could not be read
	case f.Fault.Needs() && !has("by"):
		c.need(path+".by", ": how much later?")
	case !f.Fault.Needs() && has("by"):
		c.doc.Errorf(path+".by", "contradiction: %s says nothing about time", f.Fault)
	case has("by") && (f.By <= 0 || f.By > MaxDelay):
		c.doc.Errorf(path+".by", "a packet comes later by more than 0 and no more than %v", MaxDelay)
	}
}

var (
	natKindNames    = strict.Names{"", "full-cone", "port-preserving", "symmetric"}
	faultKindNames  = strict.Names{"", "drop", "duplicate", "delay", "reorder", "corrupt", "replay"}
	senderNames     = strict.Names{"", "initiator", "responder", "harness", "peer"}
	packetKindNames = strict.Names{"", "isakmp", "esp", "ah"}
)

// String returns "port-preserving".
func (k NATKind) String() string { return natKindNames.String(uint8(k)) }

// MarshalText returns String.
func (k NATKind) MarshalText() ([]byte, error) { return natKindNames.Marshal(uint8(k)) }

// UnmarshalText takes what String returns.
func (k *NATKind) UnmarshalText(b []byte) error { return strict.Unmarshal(natKindNames, k, b) }

// Values returns the texts that a scenario may use.
func (NATKind) Values() []string { return natKindNames.Values() }

// String returns "drop".
func (k FaultKind) String() string { return faultKindNames.String(uint8(k)) }

// MarshalText returns String.
func (k FaultKind) MarshalText() ([]byte, error) { return faultKindNames.Marshal(uint8(k)) }

// UnmarshalText takes what String returns.
func (k *FaultKind) UnmarshalText(b []byte) error { return strict.Unmarshal(faultKindNames, k, b) }

// Values returns the texts that a scenario may use.
func (FaultKind) Values() []string { return faultKindNames.Values() }

// String returns "initiator", or "" for either end.
func (s Sender) String() string { return senderNames.String(uint8(s)) }

// MarshalText returns String.
func (s Sender) MarshalText() ([]byte, error) { return senderNames.Marshal(uint8(s)) }

// UnmarshalText takes what String returns.
func (s *Sender) UnmarshalText(b []byte) error { return strict.Unmarshal(senderNames, s, b) }

// Values returns the texts that a scenario may use.
func (Sender) Values() []string { return senderNames.Values() }

// String returns "esp", or "" for any.
func (k PacketKind) String() string { return packetKindNames.String(uint8(k)) }

// MarshalText returns String.
func (k PacketKind) MarshalText() ([]byte, error) { return packetKindNames.Marshal(uint8(k)) }

// UnmarshalText takes what String returns.
func (k *PacketKind) UnmarshalText(b []byte) error { return strict.Unmarshal(packetKindNames, k, b) }

// Values returns the texts that a scenario may use.
func (PacketKind) Values() []string { return packetKindNames.Values() }
