package wire

import "encoding/binary"

// Attributes is the Attribute payload of the transaction exchange (draft-ietf-ipsec-isakmp-mode-cfg 3.2), which carries configuration and
// extended authentication.
type Attributes struct {
	MsgType    CFGType
	Identifier uint16 // the same in all messages of a transaction
	Attributes []Attribute
}

// Type returns PayloadAttributes.
func (*Attributes) Type() PayloadType { return PayloadAttributes }

func (p *Attributes) parseBody(r *reader) {
	r.ref = "draft-ietf-ipsec-isakmp-mode-cfg 3.2"
	p.MsgType = CFGType(r.u8("type"))
	r.reserved(1)
	p.Identifier = r.u16("identifier")
	p.Attributes = readAttributes(r)
}

func (p *Attributes) appendBody(b []byte) ([]byte, error) {
	b = append(b, byte(p.MsgType), 0)
	b = binary.BigEndian.AppendUint16(b, p.Identifier)
	return appendAttributes(b, p.Attributes)
}

// CFGType is the message type of an [Attributes] payload (draft-ietf-ipsec-isakmp-mode-cfg 3.3.1).
type CFGType uint8

// The message types.
const (
	CFGRequest CFGType = 1
	CFGReply   CFGType = 2
	CFGSet     CFGType = 3
	CFGAck     CFGType = 4
)

// String returns the draft's name: "ISAKMP-CFG-REQUEST".
func (t CFGType) String() string {
	switch t {
	case CFGRequest:
		return "ISAKMP-CFG-REQUEST"
	case CFGReply:
		return "ISAKMP-CFG-REPLY"
	case CFGSet:
		return "ISAKMP-CFG-SET"
	case CFGAck:
		return "ISAKMP-CFG-ACK"
	}
	return unknown(uint64(t))
}
