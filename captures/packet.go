package captures

import (
	"fmt"
	"slices"
	"time"
)

// Dir is the direction of a packet as seen by the machine that captured it.
// The values are those of the inbound/outbound bits of epb_flags (pcapng 4.3).
type Dir uint8

// Directions.
const (
	DirUnknown Dir = 0
	DirIn      Dir = 1
	DirOut     Dir = 2
)

// String returns "unknown", "in" or "out".
func (d Dir) String() string {
	switch d {
	case DirUnknown:
		return "unknown"
	case DirIn:
		return "in"
	case DirOut:
		return "out"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(d))
}

// Packet is one captured frame.
type Packet struct {
	// Number is the frame number, from 1, counted over the whole file as
	// Wireshark counts it. The Reader sets it; the Writer ignores it.
	Number int
	// Time is when the frame was captured, in UTC. The zero Time means that the
	// file does not say (pcapng's simple packet block has no timestamp).
	Time time.Time
	// Iface is the index of the interface within [Section.Interfaces] of the
	// section the packet is in.
	Iface int
	// Link is the interface's link type: how Data begins.
	Link LinkType
	// Dir is the direction, from epb_flags or from the Linux cooked header.
	Dir Dir
	// OrigLen is the frame's length on the wire in octets. It is larger than
	// len(Data) when the capture was taken with a snapshot length.
	OrigLen int
	// Data is the frame from its link layer header on. In a packet from a
	// Reader it aliases the Reader's buffer and is valid until the next read;
	// see [Packet.Clone].
	Data []byte
	// Comment is the packet's comment; several comments are joined by newlines.
	Comment string
}

// Clone returns a copy of p whose Data is its own.
func (p Packet) Clone() Packet {
	p.Data = slices.Clone(p.Data)
	return p
}

// Cut reports whether the capture holds less of the frame than was on the wire.
func (p Packet) Cut() bool { return p.OrigLen > len(p.Data) }

// Interface describes one interface of a capture.
type Interface struct {
	Name string   // if_name, such as "eth0"; empty when the file does not say
	Link LinkType // how frames of this interface begin
	// SnapLen is the longest part of a frame that was captured, in octets; 0 means
	// no limit. It is informational: recorders are known to exceed it.
	SnapLen uint32
}

// Section describes a capture, or one section of a pcapng file.
type Section struct {
	Application string      // shb_userappl: what wrote the file
	Comment     string      // comments on the section, joined by newlines
	Interfaces  []Interface // in order of their index
}
