package esp

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// Params describe an SA. One SA has one direction: its owner either seals with it
// or opens with it (RFC 2401 4.1); only a checker inspects with both.
type Params struct {
	SPI   uint32
	Proto Proto // 0: ESP
	Mode  Mode
	Suite Suite
	Keys  Keys
	// Window is the anti-replay window in packets; 0: 64, negative: off. It is
	// always off without integrity (RFC 2406 3.4.3).
	Window int
	// Encap, when not nil, wraps the packets in UDP (RFC 3948). The ports are those
	// of the packets on the wire, so an inbound SA has the peer's as SrcPort.
	Encap *UDPEncap
	// Src and Dst are the outer addresses, of the packets on the wire.
	Src, Dst netip.Addr
	// InspectOnly makes an SA for a checker: Seal and Open refuse, and New accepts
	// NULL without integrity, which no SA may be and captures have nevertheless.
	InspectOnly bool
	// OpaqueICV is the length in octets of an ICV whose algorithm is not known:
	// a key file may say no more. Only with NoIntegrity; it implies InspectOnly.
	OpaqueICV int
	// Rand gives IVs; nil: crypto/rand. It is read for exactly one IV per packet,
	// so several SAs may share a deterministic one.
	Rand       io.Reader
	Deviations Deviations
}

// SA is one security association. It is not safe for concurrent use.
type SA struct {
	params Params
	crypt  transform
	mac    mac // nil without integrity
	ivLen  int
	icvLen int
	align  int // of the encrypted part: the block, but at least 4 (RFC 2406 2.4)
	rand   io.Reader

	next    uint64 // next sequence number to send; exhausted when beyond 32 bits
	last    uint32 // sequence number sent last, or the highest accepted
	packets uint64 // sealed or opened
	octets  uint64 // of payload, sealed or opened
	firstIV []byte // for Deviations.ReuseIV

	window Window
	muted  []byte // for the ICV of AH
}

// ivBuffer is how much randomness is fetched at once when Params.Rand is nil.
const ivBuffer = 512

// New makes an SA. Errors wrap ErrUnknown, ErrUnsupported, ErrNullNone or
// ErrKeyLength. The keys are not referred to afterwards.
func New(p Params) (*SA, error) {
	if p.Proto == 0 {
		p.Proto = ESP
	}
	switch {
	case p.Proto == AH && p.Encap != nil:
		return nil, fmt.Errorf("esp: SPI %#08x: AH in UDP: %w (RFC 3948 1)", p.SPI, ErrUnsupported)
	case p.Proto != ESP && p.Proto != AH:
		return nil, fmt.Errorf("esp: SPI %#08x: protocol %d: %w", p.SPI, uint8(p.Proto), ErrUnknown)
	case p.Mode != Tunnel && p.Mode != Transport:
		return nil, fmt.Errorf("esp: SPI %#08x: mode %d: %w", p.SPI, uint8(p.Mode), ErrUnknown)
	case p.OpaqueICV < 0 || p.OpaqueICV > 0 && p.Suite.Integrity != NoIntegrity:
		return nil, fmt.Errorf("esp: SPI %#08x: opaque ICV of %d octets with %v: %w", p.SPI, p.OpaqueICV, p.Suite.Integrity, ErrUnsupported)
	}
	p.InspectOnly = p.InspectOnly || p.OpaqueICV > 0
	if p.Proto == AH && (p.Suite.Cipher != NULL || p.Suite.Integrity == NoIntegrity) {
		return nil, fmt.Errorf("esp: SPI %#08x: AH with %v: %w: it authenticates and does not encrypt (RFC 2402 1)", p.SPI, p.Suite, ErrUnsupported)
	}
	if err := p.Suite.Validate(); err != nil && !(p.InspectOnly && errors.Is(err, ErrNullNone)) {
		return nil, err
	}
	if n, want := len(p.Keys.Encryption), p.Suite.Cipher.KeySize(); n != want {
		return nil, fmt.Errorf("esp: SPI %#08x: encryption key of %d octets, %v takes %d: %w", p.SPI, n, p.Suite.Cipher, want, ErrKeyLength)
	}
	if n, want := len(p.Keys.Integrity), p.Suite.Integrity.KeySize(); n != want {
		return nil, fmt.Errorf("esp: SPI %#08x: integrity key of %d octets, %v takes %d: %w", p.SPI, n, p.Suite.Integrity, want, ErrKeyLength)
	}
	t, m, err := newTransform(p.Suite.Cipher, p.Keys.Encryption, p.Deviations.SaltFirst)
	if err != nil {
		return nil, fmt.Errorf("esp: SPI %#08x: %v: %w", p.SPI, p.Suite.Cipher, err)
	}
	truncation := 0
	if p.Deviations.DraftTruncation && p.Suite.Integrity == HMACSHA256x128 {
		truncation = HMACSHA256x96.ICVSize()
	}
	if m == nil {
		if m, err = newMAC(p.Suite.Integrity, p.Keys.Integrity, truncation); err != nil {
			return nil, fmt.Errorf("esp: SPI %#08x: %v: %w", p.SPI, p.Suite.Integrity, err)
		}
	}
	p.Keys = Keys{}
	sa := &SA{
		params: p,
		crypt:  t,
		mac:    m,
		ivLen:  p.Suite.Cipher.IVSize(),
		icvLen: p.OpaqueICV,
		align:  max(4, p.Suite.Cipher.BlockSize()),
		rand:   p.Rand,
		next:   firstSequence(p.Deviations),
	}
	if m != nil {
		sa.icvLen = m.size()
	}
	if sa.rand == nil {
		sa.rand = bufio.NewReaderSize(rand.Reader, ivBuffer)
	}
	if m != nil && p.Window >= 0 {
		size := p.Window
		if size == 0 {
			size = DefaultWindow
		}
		sa.window = NewWindow(size)
	}
	return sa, nil
}

// Params returns what the SA was made of, without the keys.
func (sa *SA) Params() Params { return sa.params }

// SPI returns the Security Parameters Index.
func (sa *SA) SPI() uint32 { return sa.params.SPI }

// Overhead returns the most octets by which a sealed packet exceeds its payload,
// ESP header to ICV, or AH, without IP and UDP headers.
func (sa *SA) Overhead() int {
	if sa.params.Proto == AH {
		return sa.ahLen(true)
	}
	return HeaderLen + sa.ivLen + sa.align + 1 + sa.icvLen
}

// Sequence returns the sequence number sent last, or for an SA that opens the highest
// one accepted; 0 before the first packet.
func (sa *SA) Sequence() uint32 { return sa.last }

// usableFor refuses what only a checker may have, and the other protocol.
func (sa *SA) usableFor(p Proto) error {
	if sa.params.Proto != p {
		return fmt.Errorf("esp: SPI %#08x: %v with an SA of %v: %w", sa.params.SPI, p, sa.params.Proto, ErrUnsupported)
	}
	if sa.params.InspectOnly {
		return fmt.Errorf("esp: SPI %#08x: an SA to inspect with: %w", sa.params.SPI, ErrUnsupported)
	}
	return nil
}

// Usage returns how many packets and octets of payload were sealed or opened, for
// lifetimes in kilobytes (RFC 2407 4.5).
func (sa *SA) Usage() (packets, octets uint64) { return sa.packets, sa.octets }

// HeaderLen is the length of SPI and Sequence Number.
const HeaderLen = 8

// Header is the clear beginning of an ESP packet.
type Header struct {
	SPI, Seq uint32
}

// ParseHeader reads SPI and Sequence Number, both big endian; ErrTruncated when
// there are not eight octets.
func ParseHeader(pkt []byte) (Header, error) {
	if len(pkt) < HeaderLen {
		return Header{}, fmt.Errorf("esp: packet of %d octets < header %d: %w (RFC 2406 2)", len(pkt), HeaderLen, ErrTruncated)
	}
	return Header{SPI: binary.BigEndian.Uint32(pkt), Seq: binary.BigEndian.Uint32(pkt[4:])}, nil
}
