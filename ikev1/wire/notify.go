package wire

import "encoding/binary"

// Notify is the Notification payload (RFC 2408 3.14, RFC 2407 4.6.3).
type Notify struct {
	DOI      uint32
	Protocol ProtocolID
	MsgType  NotifyType
	SPI      []byte // up to 255 octets; for ISAKMP the two cookies, 16 octets
	Data     []byte
}

const refNotify = "RFC 2408 3.14"

// Type returns PayloadNotify.
func (*Notify) Type() PayloadType { return PayloadNotify }

func (p *Notify) parseBody(r *reader) {
	r.ref = refNotify
	p.DOI = r.u32("DOI")
	p.Protocol = ProtocolID(r.u8("protocol ID"))
	spiSize := int(r.u8("SPI size"))
	p.MsgType = NotifyType(r.u16("notify message type"))
	p.SPI = r.octets(spiSize, "SPI")
	p.Data = r.remaining()
}

func (p *Notify) appendBody(b []byte) ([]byte, error) {
	if len(p.SPI) > 0xff {
		return nil, appendError("SPI size", refNotify, ErrTooLong, "%d > 255", len(p.SPI))
	}
	b = binary.BigEndian.AppendUint32(b, p.DOI)
	b = append(b, byte(p.Protocol), byte(len(p.SPI)))
	b = binary.BigEndian.AppendUint16(b, uint16(p.MsgType))
	return append(append(b, p.SPI...), p.Data...), nil
}

// Delete is the Delete payload (RFC 2408 3.15).
type Delete struct {
	DOI      uint32
	Protocol ProtocolID
	// SPISize is the SPI size octet. Append takes it from the first SPI if it is 0.
	SPISize uint8
	SPIs    [][]byte // all of SPISize octets: 4 for AH and ESP; for ISAKMP the two cookies, 16 octets
}

const refDelete = "RFC 2408 3.15"

// Type returns PayloadDelete.
func (*Delete) Type() PayloadType { return PayloadDelete }

// parseBody wants the SPIs to fill the body exactly. SPIs of no octets are refused: their number would be anybody's claim.
func (p *Delete) parseBody(r *reader) {
	r.ref = refDelete
	p.DOI = r.u32("DOI")
	p.Protocol = ProtocolID(r.u8("protocol ID"))
	p.SPISize = r.u8("SPI size")
	at := r.offset()
	size, count := int(p.SPISize), int(r.u16("number of SPIs"))
	if r.err != nil {
		return
	}
	if left := len(r.s); size == 0 && count > 0 || size*count != left {
		r.fail(at, "number of SPIs", because(ErrCount, "is %d of %d octets, %d octets present", count, size, left))
		return
	}
	for range count {
		p.SPIs = append(p.SPIs, r.octets(size, "SPI"))
	}
}

func (p *Delete) appendBody(b []byte) ([]byte, error) {
	size := int(p.SPISize)
	if size == 0 && len(p.SPIs) > 0 {
		size = len(p.SPIs[0])
	}
	switch {
	case size > 0xff:
		return nil, appendError("SPI size", refDelete, ErrTooLong, "%d > 255", size)
	case len(p.SPIs) > 0xffff:
		return nil, appendError("number of SPIs", refDelete, ErrTooLong, "%d > 65535", len(p.SPIs))
	}
	b = binary.BigEndian.AppendUint32(b, p.DOI)
	b = append(b, byte(p.Protocol), byte(size))
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.SPIs)))
	for _, spi := range p.SPIs {
		if len(spi) != size {
			return nil, appendError("SPI", refDelete, ErrLength, "of %d octets, SPI size is %d", len(spi), size)
		}
		b = append(b, spi...)
	}
	return b, nil
}
