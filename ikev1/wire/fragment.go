package wire

import "encoding/binary"

// Fragment is the payload of the vendors' IKEv1 fragmentation, announced by [VendorIDFragmentation]. It is the only payload of its message, in
// clear; the data of all fragments with the same ID, in the order of Number, is one whole ISAKMP message with its own header ([MS-IKEE], Fragment Payload).
type Fragment struct {
	ID     uint16 // the same for all fragments of a message
	Number uint8  // from 1
	Last   bool
	Data   []byte
}

const refFragment = "MS-IKEE, Fragment Payload"

// Type returns PayloadFragment.
func (*Fragment) Type() PayloadType { return PayloadFragment }

func (p *Fragment) parseBody(r *reader) {
	r.ref = refFragment
	p.ID = r.u16("fragment ID")
	p.Number = r.u8("fragment number")
	flags := r.u8("flags")
	p.Last = flags&1 != 0
	r.odd = r.odd || flags > 1
	p.Data = r.remaining()
}

func (p *Fragment) appendBody(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint16(b, p.ID)
	var last byte
	if p.Last {
		last = 1
	}
	return append(append(b, p.Number, last), p.Data...), nil
}
