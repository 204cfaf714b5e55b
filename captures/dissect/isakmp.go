package dissect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// nonESPMarkerLen is the length of the non-ESP marker (RFC 3948 2.2).
const nonESPMarkerLen = 4

// isakmp decodes an ISAKMP message, without the non-ESP marker if there was one.
func (d *Decoder) isakmp(depth int, b []byte, marker bool) {
	e := &d.frames[depth].Event
	e.Kind = KindISAKMP
	e.Payload = b
	e.UDP.NonESPMarker = marker
	h, err := wire.ParseHeader(b)
	if len(b) < wire.HeaderLen {
		if e.Truncated {
			e.Opaque = opaqueTruncated
		} else {
			e.Err = err
		}
		return
	}
	m := &ISAKMP{
		Frame: e.Frame, Time: e.Time, Src: e.Src, Dst: e.Dst,
		Header: h, Octets: bytes.Clone(b), NonESPMarker: marker,
		Encrypted: h.Flags&wire.FlagEncryption != 0,
	}
	e.ISAKMP = m
	switch {
	case h.Major() == 2:
		e.Kind = KindIKEv2
		m.Opaque = "IKEv2 is not followed"
	case errors.Is(err, wire.ErrVersion):
		m.Err = err
	case e.Truncated && h.NextPayload == wire.PayloadFragment:
		m.Opaque = opaqueTruncated
	default:
		if whole, frames := d.ikeFragment(m); whole != nil {
			m.assembled(whole, frames)
			e.Payload = whole
		}
		if m.Fragment != nil || m.Err != nil {
			break
		}
		m.Phase1 = d.phase1(m)
		m.Phase1.LastFrame = m.Frame
		m.FromInitiator = m.Phase1.sentByInitiator(m)
		switch first := m.Phase1.seen(m); {
		case e.Truncated:
			m.Opaque = opaqueTruncated
		case first != nil:
			m.repeat(first)
		default:
			d.follow(m)
		}
	}
	e.Err, e.Opaque = m.Err, m.Opaque
	if m.LengthErr != nil && e.Err == nil {
		e.Err, e.Opaque = m.LengthErr, ""
	}
}

// repeat makes m a retransmission of first.
func (m *ISAKMP) repeat(first *ISAKMP) {
	again := *first
	again.Frame, again.Time, again.Src, again.Dst = m.Frame, m.Time, m.Src, m.Dst
	again.NonESPMarker, again.Phase1, again.Fragments = m.NonESPMarker, m.Phase1, m.Fragments
	again.Retransmission, again.Of = true, first.Frame
	*m = again
}

// follow reads a message for the first time.
func (d *Decoder) follow(m *ISAKMP) {
	p := m.Phase1
	msg, err := m.parse()
	m.Err = err
	d.remember(p, m)
	x := d.exchange(p, m.Header)
	m.Quick = x.quick
	x.place(p, m, msg)
	if msg != nil && msg.Sealed != nil && err == nil {
		d.decrypt(m, msg, x)
	} else {
		m.Message = msg
	}
	if m.Message != nil || x.quick == nil {
		p.moved(m)
	}
	d.absorb(m, x)
	d.keep(x, m)
}

// parse reads the message. Where the length in its header cannot be right it goes by
// that of the datagram, as some receivers do, and notes that.
func (m *ISAKMP) parse() (*wire.Message, error) {
	msg, err := wire.Parse(m.Octets)
	const smallestBlock = 8 // DES
	if int64(m.Header.Length) == int64(len(m.Octets)) || err == nil && len(msg.Sealed)%smallestBlock == 0 {
		return msg, err
	}
	whole := bytes.Clone(m.Octets)
	binary.BigEndian.PutUint32(whole[wire.HeaderLen-4:], uint32(len(whole)))
	again, err2 := wire.Parse(whole)
	if err2 != nil || len(again.Sealed)%smallestBlock != 0 {
		return msg, err
	}
	again.Header = m.Header
	m.LengthErr = malformed("length %d in the header of a message of %d octets (RFC 2408 3.1)", m.Header.Length, len(m.Octets))
	return again, nil
}

// absorb takes the facts out of a message and checks its HASH.
func (d *Decoder) absorb(m *ISAKMP, x *exchange) {
	switch {
	case m.Message == nil:
	case x.phase1:
		m.Phase1.absorb(m)
		d.deriveKeys(m.Phase1)
		m.checkNATD()
	case x.quick != nil:
		x.quick.absorb(m)
	}
	d.checkHash(m, x)
	switch {
	case x.phase1 && m.Hash.Name != "" && m.Hash.State != HashAbsent:
		*side(m, &m.Phase1.HashI, &m.Phase1.HashR) = m.Hash.State
	case m.Message == nil:
	case x.quick != nil:
		x.quick.noteHash(m)
		if m.Index == 2 {
			d.install(x.quick, m)
		}
	default:
		d.deletes(m)
		m.Phase1.transaction(m)
	}
}

// strayMarker strips a non-ESP marker where it does not belong, on port 500.
func strayMarker(data []byte) (body []byte, marker bool) {
	if len(data) < nonESPMarkerLen+wire.HeaderLen || binary.BigEndian.Uint32(data) != 0 {
		return data, false
	}
	h, err := wire.ParseHeader(data[nonESPMarkerLen:])
	if err != nil || int64(h.Length) != int64(len(data)-nonESPMarkerLen) {
		return data, false
	}
	return data[nonESPMarkerLen:], true
}

// unmarked reports whether data on port 4500 is an ISAKMP message of a known
// ISAKMP SA whose sender forgot the non-ESP marker, and not ESP. It is asked of
// every ESP packet, so it looks at the fixed places in the header first.
func (d *Decoder) unmarked(data []byte) bool {
	if len(data) < wire.HeaderLen || data[17]>>4 != 1 || int64(binary.BigEndian.Uint32(data[24:])) != int64(len(data)) {
		return false
	}
	_, known := d.phase1s.m[cookie(data[:8])]
	return known
}

// typed gives the typed form of a payload although reserved octets are not zero.
func typed(p wire.Payload) wire.Payload {
	if raw, ok := p.(*wire.Raw); ok {
		if t, err := raw.Typed(); err == nil {
			return t
		}
	}
	return p
}

// payload gives the first payload of type T and its index, or -1.
func payload[T wire.Payload](msg *wire.Message) (T, int) {
	for i, p := range msg.Payloads {
		if t, ok := typed(p).(T); ok {
			return t, i
		}
	}
	var none T
	return none, -1
}

// payloads gives all payloads of type T.
func payloads[T wire.Payload](msg *wire.Message) []T {
	var all []T
	for _, p := range msg.Payloads {
		if t, ok := typed(p).(T); ok {
			all = append(all, t)
		}
	}
	return all
}

// deletes notes which SAs a Delete ends (RFC 2408 3.15). The SPIs are those of
// the sender's inbound SAs; ISAKMP SAs go by their cookies.
func (d *Decoder) deletes(m *ISAKMP) {
	if !m.Decrypted || m.Hash.State == HashBad {
		return
	}
	for _, del := range payloads[*wire.Delete](m.Message) {
		for _, spi := range del.SPIs {
			switch proto := ipsecProto(del.Protocol); {
			case del.Protocol == wire.ProtoISAKMP && len(spi) == 16:
				if p := d.find(wire.Cookie(spi[:8]), wire.Cookie(spi[8:])); p != nil && p.Deleted == 0 {
					p.Deleted = m.Frame
				}
			case proto != 0 && len(spi) == 4:
				k := saKey{dst: m.Src.Addr(), spi: binary.BigEndian.Uint32(spi), proto: proto}
				if sa, ok := d.sas.get(k); ok && sa.Deleted == 0 {
					sa.Deleted = m.Frame
				}
			}
		}
	}
}

// keep holds on to a message of an exchange.
func (d *Decoder) keep(x *exchange, m *ISAKMP) {
	list := &x.messages
	switch {
	case x.phase1 && m.Index > 0:
		list = &m.Phase1.Messages
	case x.quick != nil:
		list = &x.quick.Messages
	}
	if len(*list) >= d.lim.Messages {
		d.note(fmt.Sprintf("a message of ISAKMP SA %v was not kept: more than %d in one exchange", m.Phase1.CookieI, d.lim.Messages))
		return
	}
	*list = append(*list, m)
	d.account(m.Phase1, m, x)
}
