package esp

import "fmt"

// ICVState says what became of the ICV.
type ICVState uint8

// The states of an ICV.
const (
	ICVNone      ICVState = iota // the suite has no integrity
	ICVGood                      // verified
	ICVBad                       // does not verify with this key and algorithm
	ICVUnchecked                 // there is one, of an unknown algorithm
)

// String returns "none", "good", "bad" or "unchecked".
func (s ICVState) String() string {
	switch s {
	case ICVNone:
		return "none"
	case ICVGood:
		return "good"
	case ICVBad:
		return "bad"
	case ICVUnchecked:
		return "unchecked"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(s))
}

// Facts are what a packet says, whether or not a receiver had to drop it.
type Facts struct {
	SPI, Seq   uint32
	ICV        ICVState
	IV         []byte // aliases the packet
	PadLen     int    // the Pad Length octet
	PadOK      bool   // Pad Length fits, and the pad octets are 1, 2, 3, …
	Padding    []byte // the pad octets; aliases the decrypted octets behind Payload
	NextHeader uint8
	Payload    []byte // aliases dst's array, or a new one; when Pad Length does not fit, all before it
	Note       string // what is odd, for a person; empty when nothing is
}

// Notes that Facts may carry.
const (
	NotePadLength = "Pad Length exceeds the decrypted octets"
	NotePadOctets = "pad octets are not 1, 2, 3, …"
	NoteAlignment = "Pad Length and Next Header are not right-aligned in a 4-octet word"
	NoteBlock     = "encrypted octets are no multiple of the cipher's block"
	NoteBadICV    = "ICV does not verify; what was decrypted may be meaningless"
)

// Inspect is the checker's view of pkt, SPI to ICV. It decrypts into the free room of
// dst (nothing is allocated when that is len(pkt)), reports a bad ICV and bad padding
// instead of refusing them, and neither looks at the window, nor compares the SPI, nor
// counts the packet. dst must not overlap pkt.
//
// Errors wrap ErrTruncated, or ErrAlignment when a CBC cipher cannot have made the
// packet; the Facts then hold what was found before: SPI, sequence number, IV, ICV.
func (sa *SA) Inspect(dst, pkt []byte) (Facts, error) {
	p, err := sa.split(pkt)
	f := Facts{SPI: p.SPI, Seq: p.Seq}
	if err != nil {
		return f, err
	}
	f.IV = p.iv
	f.ICV = sa.icvState(p)
	if len(p.body)%sa.params.Suite.Cipher.BlockSize() != 0 {
		f.Note = NoteBlock
		return f, fmt.Errorf("esp: SPI %#08x sequence %d: %d encrypted octets, block of %d: %w (RFC 2406 2.4)",
			p.SPI, p.Seq, len(p.body), sa.params.Suite.Cipher.BlockSize(), ErrAlignment)
	}
	_, plain := sa.decrypt(dst, p)
	payload, pad, fits := trim(plain)
	f.Payload, f.Padding = payload, pad
	f.PadLen = int(plain[len(plain)-2])
	f.NextHeader = plain[len(plain)-1]
	f.PadOK = fits && isMonotonic(pad)
	switch {
	case f.ICV == ICVBad:
		f.Note = NoteBadICV
	case !fits:
		f.Note = NotePadLength
	case !f.PadOK:
		f.Note = NotePadOctets
	case len(p.body)%sa.align != 0:
		f.Note = NoteAlignment
	}
	return f, nil
}

func (sa *SA) icvState(p parts) ICVState {
	switch {
	case sa.params.OpaqueICV > 0:
		return ICVUnchecked
	case sa.mac == nil:
		return ICVNone
	case verifies(sa.mac, p.covered, p.icv):
		return ICVGood
	}
	return ICVBad
}
