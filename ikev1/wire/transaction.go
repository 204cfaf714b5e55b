package wire

import (
	"bytes"
	"encoding/binary"
)

// Attributes is the Attribute payload of the transaction exchange (draft-dukes-ike-mode-cfg-02 3.2), which carries configuration and
// extended authentication.
type Attributes struct {
	MsgType    CFGType
	Identifier uint16 // the same in all messages of a transaction
	Attributes []Attribute
	// Padding is how many zero octets follow the last attribute. The draft has none; libreswan fills the payload up to a
	// multiple of 4.
	Padding int
}

// maxPadding is one less than an attribute has at least.
const maxPadding = 3

// Type returns PayloadAttributes.
func (*Attributes) Type() PayloadType { return PayloadAttributes }

func (p *Attributes) parseBody(r *reader) {
	r.ref = "draft-dukes-ike-mode-cfg-02 3.2"
	p.MsgType = CFGType(r.u8("type"))
	r.reserved(1)
	p.Identifier = r.u16("identifier")
	p.Attributes = readAttributesUntil(r, func() bool { return len(r.s) <= maxPadding && len(bytes.Trim(r.s, "\x00")) == 0 })
	if r.err == nil {
		p.Padding = len(r.octets(len(r.s), "padding"))
	}
}

func (p *Attributes) appendBody(b []byte) ([]byte, error) {
	b = append(b, byte(p.MsgType), 0)
	b = binary.BigEndian.AppendUint16(b, p.Identifier)
	if p.Padding < 0 || p.Padding > maxPadding {
		return nil, appendError("padding", "draft-dukes-ike-mode-cfg-02 3.2", ErrLength, "of %d octets, less than an attribute", p.Padding)
	}
	b, err := appendAttributes(b, p.Attributes)
	return append(b, make([]byte, p.Padding)...), err
}

// CFGType is the message type of an [Attributes] payload (draft-dukes-ike-mode-cfg-02 3.3).
type CFGType uint8

// The message types.
const (
	CFGRequest CFGType = 1
	CFGReply   CFGType = 2
	CFGSet     CFGType = 3
	CFGAck     CFGType = 4
)

// String returns the draft's name: "ISAKMP_CFG_REQUEST".
func (t CFGType) String() string {
	switch t {
	case CFGRequest:
		return "ISAKMP_CFG_REQUEST"
	case CFGReply:
		return "ISAKMP_CFG_REPLY"
	case CFGSet:
		return "ISAKMP_CFG_SET"
	case CFGAck:
		return "ISAKMP_CFG_ACK"
	}
	return unknown(uint64(t))
}

// Attributes of an [Attributes] payload. 1 to 15 are draft-dukes-ike-mode-cfg-02 3.4, the XAUTH ones draft-beaulieu-ike-xauth-02 6.2, the
// Unity ones Cisco's.
const (
	CFGInternalIP4Address    AttributeType = 1
	CFGInternalIP4Netmask    AttributeType = 2
	CFGInternalIP4DNS        AttributeType = 3
	CFGInternalIP4NBNS       AttributeType = 4
	CFGInternalAddressExpiry AttributeType = 5
	CFGInternalIP4DHCP       AttributeType = 6
	CFGApplicationVersion    AttributeType = 7
	CFGInternalIP6Address    AttributeType = 8
	CFGInternalIP6Netmask    AttributeType = 9
	CFGInternalIP6DNS        AttributeType = 10
	CFGInternalIP6NBNS       AttributeType = 11
	CFGInternalIP6DHCP       AttributeType = 12
	CFGInternalIP4Subnet     AttributeType = 13
	CFGSupportedAttributes   AttributeType = 14
	CFGInternalIP6Subnet     AttributeType = 15

	CFGXAUTHType         AttributeType = 16520 // basic
	CFGXAUTHUserName     AttributeType = 16521
	CFGXAUTHUserPassword AttributeType = 16522
	CFGXAUTHPasscode     AttributeType = 16523
	CFGXAUTHMessage      AttributeType = 16524
	CFGXAUTHChallenge    AttributeType = 16525
	CFGXAUTHDomain       AttributeType = 16526
	CFGXAUTHStatus       AttributeType = 16527 // basic: 0 fail, 1 OK
	CFGXAUTHNextPIN      AttributeType = 16528
	CFGXAUTHAnswer       AttributeType = 16529

	CFGUnityBanner        AttributeType = 28672
	CFGUnitySavePassword  AttributeType = 28673
	CFGUnityDefDomain     AttributeType = 28674
	CFGUnitySplitDNS      AttributeType = 28675
	CFGUnitySplitInclude  AttributeType = 28676
	CFGUnityNATTPort      AttributeType = 28677
	CFGUnityLocalLAN      AttributeType = 28678
	CFGUnityPFS           AttributeType = 28679
	CFGUnityFirewallType  AttributeType = 28680
	CFGUnityBackupServers AttributeType = 28681
	CFGUnityDDNSHostname  AttributeType = 28682
)
