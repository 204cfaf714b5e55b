package dissect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// absorb takes the facts out of a quick mode message (RFC 2409 5.5).
func (q *Quick) absorb(m *ISAKMP) {
	if m.Index != 1 && m.Index != 2 {
		return
	}
	first := m.Index == 1
	pick := func(i, r *[]byte) *[]byte {
		if first {
			return i
		}
		return r
	}
	var ids []*wire.ID
	for _, raw := range m.Message.Payloads {
		switch v := typed(raw).(type) {
		case *wire.SA:
			if first && q.Offered == nil {
				q.Offered = v
			} else if !first && q.Chosen == nil {
				q.Chosen = v
			}
		case *wire.Nonce:
			set(pick(&q.Ni, &q.Nr), v.Data)
		case *wire.KE:
			set(pick(&q.KEi, &q.KEr), v.Data)
		case *wire.ID:
			ids = append(ids, v)
		}
	}
	ci, cr := &q.IDci, &q.IDcr
	if !first {
		ci, cr = &q.IDci2, &q.IDcr2
	}
	if *ci == nil && len(ids) > 0 {
		*ci = ids[0]
	}
	if *cr == nil && len(ids) > 1 {
		*cr = ids[1]
	}
}

func (q *Quick) noteHash(m *ISAKMP) {
	switch m.Index {
	case 1:
		q.Hash1 = m.Hash.State
	case 2:
		q.Hash2 = m.Hash.State
	case 3:
		q.Hash3 = m.Hash.State
	}
}

func ipsecProto(p wire.ProtocolID) esp.Proto {
	switch p {
	case wire.ProtoESP:
		return esp.ESP
	case wire.ProtoAH:
		return esp.AH
	}
	return 0
}

// install makes the SAs that the second message, m, fixes.
func (d *Decoder) install(q *Quick, m *ISAKMP) {
	if q.Chosen == nil || len(q.SAs) > 0 {
		return
	}
	for _, chosen := range q.Chosen.Proposals {
		if ipsecProto(chosen.Protocol) == 0 || len(chosen.SPI) != 4 || len(q.SAs) >= maxBundle {
			continue
		}
		d.negotiated(q, m, chosen, chosen.SPI, true)
		if spi := q.offeredSPI(chosen); spi != nil {
			d.negotiated(q, m, chosen, spi, false)
		}
	}
}

// maxBundle bounds the SAs of one quick mode; RFC 2401 4.3 speaks of bundles of
// a few.
const maxBundle = 8

// offeredSPI finds the initiator's SPI: that of the offered proposal with the
// number and protocol of the chosen one. Responders are known to renumber, and
// initiators use one SPI throughout, so any of the protocol does if need be.
func (q *Quick) offeredSPI(chosen wire.Proposal) []byte {
	if q.Offered == nil {
		return nil
	}
	var other []byte
	for _, o := range q.Offered.Proposals {
		switch {
		case o.Protocol != chosen.Protocol || len(o.SPI) != 4:
		case o.Number == chosen.Number:
			return o.SPI
		case other == nil:
			other = o.SPI
		}
	}
	return other
}

// negotiated enters one SA of a chosen proposal.
func (d *Decoder) negotiated(q *Quick, m *ISAKMP, chosen wire.Proposal, spi []byte, toResponder bool) {
	initiator, responder := m.Dst.Addr(), m.Src.Addr()
	sa := &SA{
		Proto: ipsecProto(chosen.Protocol), SPI: binary.BigEndian.Uint32(spi), Origin: OriginNegotiated,
		Quick: q, ToResponder: toResponder, Negotiated: m.Frame,
	}
	sa.Src, sa.Dst = direction(initiator, responder, toResponder)
	var t wire.Transform
	if len(chosen.Transforms) > 0 {
		t = chosen.Transforms[0]
	}
	sa.Mode, sa.UDP = encapsulation(t)
	d.key(sa, q, chosen.Protocol, t, spi)
	q.SAs = append(q.SAs, sa)
	d.addSA(sa)
}

func direction(initiator, responder netip.Addr, toResponder bool) (src, dst netip.Addr) {
	if toResponder {
		return initiator, responder
	}
	return responder, initiator
}

// key derives the SA's keys (RFC 2409 5.5) and adds those of the key log.
func (d *Decoder) key(sa *SA, q *Quick, proto wire.ProtocolID, t wire.Transform, spi []byte) {
	suite, err := childSuite(sa.Proto, t)
	if err == nil {
		sa.Suite = suite
		err = d.deriveSA(sa, q, proto, spi)
	} else {
		sa.SuiteErr = err
	}
	if err != nil {
		sa.Why = fmt.Sprintf("no key for SPI 0x%08x: %v", sa.SPI, err)
	}
	n := len(sa.openers)
	d.supply(sa)
	sa.KeysDiffer = n > 0 && len(sa.openers) > n
}

var (
	errPFS     = errors.New("quick mode used PFS, and its g^xy is not known")
	errNonces  = errors.New("the nonces of quick mode were not read")
	errNoTrans = errors.New("the chosen proposal has no transform")
)

func (d *Decoder) deriveSA(sa *SA, q *Quick, proto wire.ProtocolID, spi []byte) error {
	p := q.Phase1
	switch k := p.keys(); {
	case q.PFS():
		return errPFS
	case k.d == nil && p.Why == "":
		return errors.New("no SKEYID_d")
	case k.d == nil:
		return errors.New("no SKEYID_d: " + p.Why)
	case q.Ni == nil || q.Nr == nil:
		return errNonces
	}
	km := keymat.KEYMAT(p.Suite.Hash, p.keys().d, nil, uint8(proto), spi, q.Ni, q.Nr, sa.Suite.KEYMATLen())
	keys, err := esp.SplitKEYMAT(sa.Suite, km)
	if err != nil {
		return err
	}
	o, err := newOpener(sa.Proto, sa.Suite, keys, false, 0)
	if err != nil {
		return err
	}
	sa.add(o)
	sa.KeysDerived = true
	return nil
}

// childSuite reads an ESP or AH transform (RFC 2407 4.4.3, 4.4.4, 4.5).
func childSuite(p esp.Proto, t wire.Transform) (esp.Suite, error) {
	if t.ID == 0 && t.Attributes == nil {
		return esp.Suite{}, errNoTrans
	}
	value := func(a wire.AttributeType) uint64 {
		if attr, ok := t.Attr(a); ok {
			if v, ok := attr.Uint(); ok && v <= 0xffff {
				return v
			}
		}
		return 0
	}
	if p == esp.AH {
		return esp.FromAH(t.ID, uint16(value(wire.P2Auth)))
	}
	return esp.FromIKE(t.ID, int(value(wire.P2KeyLength)), uint16(value(wire.P2Auth)))
}

// encapsulation reads the Encapsulation Mode attribute (RFC 2407 4.5, RFC 3947 5.1).
func encapsulation(t wire.Transform) (mode esp.Mode, udp bool) {
	attr, ok := t.Attr(wire.P2Encapsulation)
	if !ok {
		return 0, false
	}
	v, _ := attr.Uint()
	switch v {
	case uint64(wire.EncapTunnel):
		return esp.Tunnel, false
	case uint64(wire.EncapTransport):
		return esp.Transport, false
	case uint64(wire.EncapUDPTunnel), uint64(wire.EncapUDPTunnelDraft):
		return esp.Tunnel, true
	case uint64(wire.EncapUDPTransport), uint64(wire.EncapUDPTransportDraft):
		return esp.Transport, true
	}
	return 0, false
}
