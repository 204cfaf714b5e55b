package esp

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// maxPad is the most padding that the one-octet Pad Length can tell.
const maxPad = 255

// monotonic is the default padding, 1, 2, 3, … (RFC 2406 2.4).
var monotonic = func() (p [maxPad]byte) {
	for i := range p {
		p[i] = byte(i + 1)
	}
	return p
}()

// Seal appends to dst the ESP packet, SPI to ICV, that carries payload, and returns
// the extended slice. next is the protocol number of the payload: a transport
// protocol, or 4 or 41 in tunnel mode. payload may lie in the free room of dst;
// nothing is allocated when that room is len(payload)+Overhead octets.
//
// Errors wrap ErrSequenceExhausted, ErrUnsupported (Params.InspectOnly), or come
// from Params.Rand; dst is then returned as it was.
func (sa *SA) Seal(dst, payload []byte, next uint8) ([]byte, error) {
	if err := sa.usableFor(ESP); err != nil {
		return dst, err
	}
	d := &sa.params.Deviations
	seq, err := sa.nextSequence()
	if err != nil {
		return dst, err
	}
	data := len(payload) + max(0, d.TFCPadding)
	pad := sa.padLen(data)
	body := data + pad + 2
	total := HeaderLen + sa.ivLen + body + sa.icvLen

	dst = slices.Grow(dst, total)
	out := dst[:len(dst)+total]
	pkt := out[len(dst):]
	iv := pkt[HeaderLen : HeaderLen+sa.ivLen]
	plain := pkt[HeaderLen+sa.ivLen:][:body]

	copy(plain, payload) // first, since payload may lie where the header goes
	clear(plain[len(payload):data])
	sa.pad(plain[data:], data, pad, next)
	binary.BigEndian.PutUint32(pkt, sa.wireSPI())
	binary.BigEndian.PutUint32(pkt[4:], seq)
	if err := sa.fillIV(iv, seq); err != nil {
		return dst, fmt.Errorf("esp: SPI %#08x: IV: %w", sa.params.SPI, err)
	}
	sa.crypt.encrypt(iv, plain)
	if sa.mac != nil {
		icv := pkt[total-sa.icvLen:]
		copy(icv, sa.mac.compute(pkt[:total-sa.icvLen]))
		if sa.packets == uint64(d.BadICV) || d.BadICVFrom > 0 && sa.packets >= uint64(d.BadICVFrom) {
			icv[0] ^= 0xff
		}
	}
	sa.octets += uint64(len(payload))
	return out, nil
}

// firstSequence is 1 (RFC 2406 3.3.3) but for the deviations.
func firstSequence(d Deviations) uint64 {
	switch {
	case d.ZeroSequence:
		return 0
	case d.StartSequence != 0:
		return uint64(d.StartSequence)
	}
	return 1
}

// nextSequence counts the packet and returns its number, which never cycles.
func (sa *SA) nextSequence() (uint32, error) {
	d := &sa.params.Deviations
	n := sa.packets + 1
	switch {
	case n == uint64(d.RepeatSequence) && sa.packets > 0 && sa.next > 0:
		sa.next--
	case n == uint64(d.JumpSequence):
		sa.next += sequenceJump
	}
	if sa.next > math.MaxUint32 {
		if !d.CycleSequence {
			return 0, fmt.Errorf("esp: SPI %#08x: %w (RFC 2406 3.3.3)", sa.params.SPI, ErrSequenceExhausted)
		}
		sa.next &= math.MaxUint32
	}
	seq := uint32(sa.next)
	sa.next++
	sa.last = seq
	sa.packets = n
	return seq, nil
}

// padLen returns the pad octets that right-align Pad Length and Next Header after
// data octets of payload (RFC 2406 2.4).
func (sa *SA) padLen(data int) int {
	d := &sa.params.Deviations
	pad := (sa.align - (data+2)%sa.align) % sa.align
	if d.PadNotMonotonic && pad == 0 {
		pad += sa.align // a fault needs octets to show in
	}
	if d.ExtraPadding > 0 {
		pad += min(d.ExtraPadding, maxPad-pad) / sa.align * sa.align
	}
	return pad
}

// pad fills the trailer: pad octets, Pad Length, Next Header.
func (sa *SA) pad(trailer []byte, data, pad int, next uint8) {
	d := &sa.params.Deviations
	if d.PadNotMonotonic {
		clear(trailer[:pad])
	} else {
		copy(trailer[:pad], monotonic[:])
	}
	if d.NextHeader != 0 {
		next = d.NextHeader
	}
	trailer[pad] = byte(pad)
	trailer[pad+1] = next
	if sa.packets == uint64(d.PadOverrun) {
		trailer[pad] = byte(min(data+pad+1, maxPad))
	}
}

func (sa *SA) wireSPI() uint32 {
	d := &sa.params.Deviations
	switch {
	case d.ZeroSPI:
		return 0
	case d.SPI != 0:
		return d.SPI
	}
	return sa.params.SPI
}

// fillIV draws an unpredictable IV (RFC 3602 3), or counts for counter modes, but for the deviations.
func (sa *SA) fillIV(iv []byte, seq uint32) error {
	if len(iv) == 0 {
		return nil
	}
	d := &sa.params.Deviations
	switch {
	case d.CounterIV:
		clear(iv)
		binary.BigEndian.PutUint32(iv[len(iv)-4:], seq)
		return nil
	case d.ReuseIV && sa.firstIV != nil:
		copy(iv, sa.firstIV)
		return nil
	}
	var err error
	if sa.params.Suite.Cipher.info().salt > 0 {
		binary.BigEndian.PutUint64(iv, sa.packets) // never twice with one key (RFC 3686 2.1, RFC 4106 3.1)
	} else {
		_, err = io.ReadFull(sa.rand, iv)
	}
	if err == nil && d.ReuseIV {
		sa.firstIV = slices.Clone(iv)
	}
	return err
}
