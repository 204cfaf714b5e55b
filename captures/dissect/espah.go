package dissect

import (
	"encoding/binary"
	"slices"

	"github.com/useipsec/useipsec/esp"
)

// Why an ESP packet with keys stays unread.
const (
	opaqueICV     = "the ICV does not verify with the given keys"
	opaquePadding = "the padding is not 1, 2, 3, … and there is no ICV to verify: the given keys may be wrong"
)

// esp decodes an ESP packet (RFC 2406 2).
func (d *Decoder) esp(depth int, b []byte, encap bool) {
	f := &d.frames[depth]
	e := &f.Event
	e.Kind = KindESP
	e.Payload = b
	h, err := esp.ParseHeader(b)
	if err != nil {
		e.tooShort("ESP packet of %d octets < header %d (RFC 2406 2)", len(b), esp.HeaderLen)
		return
	}
	sa := d.lookupSA(esp.ESP, h.SPI, e.Src.Addr(), e.Dst.Addr())
	f.esp = ESP{SPI: h.SPI, Seq: h.Seq, UDPEncap: encap, Len: len(b), SA: sa}
	e.ESP = &f.esp
	switch {
	case e.Truncated:
		e.Opaque = opaqueTruncated
	case !sa.Keyed && (sa.Replaced == nil || !sa.Replaced.Keyed):
		e.Opaque = sa.Why
	default:
		d.open(depth, b)
		sa = f.esp.SA
	}
	sa.count(e.Frame, h.Seq)
	switch f.esp.Facts.ICV {
	case esp.ICVGood:
		sa.ICVGood++
	case esp.ICVBad:
		sa.ICVBad++
	}
}

// open decrypts an ESP packet with the keys of its SA, or of the SA that one
// replaced, whichever fit.
func (d *Decoder) open(depth int, b []byte) {
	f := &d.frames[depth]
	e, p := &f.Event, &f.esp
	if cap(f.plain) < len(b) {
		f.plain = make([]byte, 0, max(2048, len(b)))
	}
	facts, err := f.try(p.SA, b)
	if !trusted(facts, err) && p.SA.Replaced != nil && len(p.SA.Replaced.openers) > 0 {
		if of, oerr := f.try(p.SA.Replaced, b); oerr == nil && of.ICV == esp.ICVGood {
			p.SA, facts, err = p.SA.Replaced, of, nil
		} else {
			facts, err = f.try(p.SA, b)
		}
	}
	if len(p.SA.openers) == 0 {
		e.Opaque = p.SA.Why
		return
	}
	p.Decrypted = err == nil
	p.Facts = facts
	switch {
	case facts.ICV == esp.ICVBad:
		e.Opaque = opaqueICV
	case err != nil:
		e.Err = err
	case facts.ICV != esp.ICVGood && !facts.PadOK:
		e.Opaque = opaquePadding
	default:
		d.inner(depth, facts.NextHeader, facts.Payload)
	}
}

// try opens b with the keys of sa, the ones that worked last first. If none
// fits it gives what the first make of it.
func (f *frame) try(sa *SA, b []byte) (esp.Facts, error) {
	if len(sa.openers) == 0 {
		return esp.Facts{}, nil
	}
	facts, err := sa.openers[0].inspect(f.plain[:0], b)
	if trusted(facts, err) || len(sa.openers) == 1 {
		return facts, err
	}
	for i, o := range sa.openers[1:] {
		if of, oerr := o.inspect(f.plain[:0], b); trusted(of, oerr) {
			copy(sa.openers[1:], sa.openers[:i+1])
			sa.openers[0] = o
			sa.Suite = o.suite
			return of, nil
		}
	}
	return sa.openers[0].inspect(f.plain[:0], b)
}

// verify recomputes the ICV of AH with the keys of its SA, or of the SA that one replaced, where all of the packet is there.
func (f *frame) verify() {
	h := &f.ah
	if f.whole == nil {
		return
	}
	keys := h.SA.openers
	if h.SA.Replaced != nil {
		keys = slices.Concat(keys, h.SA.Replaced.openers)
	}
	for _, o := range keys {
		facts, err := o.sa.InspectAH(f.whole, f.IP.HeaderLen)
		if err != nil {
			continue
		}
		h.State = facts.ICV
		if h.State == esp.ICVGood {
			break
		}
	}
	switch h.State {
	case esp.ICVGood:
		h.SA.ICVGood++
	case esp.ICVBad:
		h.SA.ICVBad++
	}
}

// ah decodes an AH packet (RFC 2402 2).
func (d *Decoder) ah(depth int, b []byte) {
	const fixed = 12
	f := &d.frames[depth]
	e := &f.Event
	e.Kind = KindAH
	if len(b) < fixed {
		e.tooShort("AH header of %d octets < %d (RFC 2402 2)", len(b), fixed)
		return
	}
	n := (int(b[1]) + 2) * 4 // in 32-bit words, minus 2 (RFC 2402 2.2)
	h := AH{NextHeader: b[0], SPI: binary.BigEndian.Uint32(b[4:]), Seq: binary.BigEndian.Uint32(b[8:]), State: esp.ICVUnchecked}
	if n < fixed || n > len(b) {
		e.tooShort("AH of %d octets, %d there (RFC 2402 2.2)", n, len(b))
		return
	}
	h.ICV = b[fixed:n:n]
	h.SA = d.lookupSA(esp.AH, h.SPI, e.Src.Addr(), e.Dst.Addr())
	h.SA.count(e.Frame, h.Seq)
	f.ah = h
	e.AH = &f.ah
	f.verify()
	d.inner(depth, h.NextHeader, slices.Clip(b[n:]))
}
