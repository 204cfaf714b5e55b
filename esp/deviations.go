package esp

// Deviations are named faults of one SA. The zero value is honest. Counters are
// 1-based and count the packets that this SA sealed; 0 means never. Each fault is
// used at the one place where the honest code decides.
type Deviations struct {
	// BadICV, if n > 0, causes the ICV of the nth packet to be corrupted.
	// RFC 2406 3.3.4.
	BadICV int `yaml:"bad_icv"`
	// BadICVFrom, if n > 0, causes the ICV of the nth and every later packet to
	// be corrupted. RFC 2406 3.3.4.
	BadICVFrom int `yaml:"bad_icv_from"`
	// DraftTruncation, if true, causes HMAC-SHA-256 to be cut to 96 bits where
	// 128 were negotiated, in both directions. RFC 4868 2.3.
	DraftTruncation bool `yaml:"draft_truncation"`

	// StartSequence, if not 0, causes the first packet to carry this sequence
	// number instead of 1. RFC 2406 3.3.3.
	StartSequence uint32 `yaml:"start_sequence"`
	// ZeroSequence, if true, causes the first packet to carry sequence number 0.
	// RFC 2406 3.3.3.
	ZeroSequence bool `yaml:"zero_sequence"`
	// RepeatSequence, if n > 1, causes the nth packet to carry the sequence
	// number of the one before it; the count goes on from there. RFC 2406 3.3.3.
	RepeatSequence int `yaml:"repeat_sequence"`
	// JumpSequence, if n > 0, causes the counter to skip 1000 numbers before the
	// nth packet. RFC 2406 3.3.3.
	JumpSequence int `yaml:"jump_sequence"`
	// CycleSequence, if true, causes the counter to go from 2^32-1 to 0 instead
	// of ending the SA. RFC 2406 3.3.3.
	CycleSequence bool `yaml:"cycle_sequence"`

	// PadNotMonotonic, if true, causes pad octets to be all zero instead of
	// 1, 2, 3, …; packets that need no padding get some. RFC 2406 2.4.
	PadNotMonotonic bool `yaml:"pad_not_monotonic"`
	// PadOverrun, if n > 0, causes the Pad Length of the nth packet to exceed
	// what it has of payload and padding, as far as one octet can. RFC 2406 2.4.
	PadOverrun int `yaml:"pad_overrun"`
	// ExtraPadding, if n > 0, causes every packet to have up to n octets more
	// padding than it needs, 255 at most. Conformant, but unusual. RFC 2406 2.4.
	ExtraPadding int `yaml:"extra_padding"`
	// TFCPadding, if n > 0, causes n zero octets between payload and padding, as
	// traffic flow confidentiality does without RFC 2406 knowing. RFC 4303 2.7.
	TFCPadding int `yaml:"tfc_padding"`
	// NextHeader, if not 0, causes every packet's Next Header to be this; 59 makes
	// dummy packets. RFC 2406 2.6, RFC 4303 2.6.
	NextHeader uint8 `yaml:"next_header"`

	// SPI, if not 0, causes packets to carry this SPI. RFC 2406 2.1.
	SPI uint32 `yaml:"spi"`
	// ZeroSPI, if true, causes packets to carry SPI 0, which must never be on the
	// wire. RFC 2406 2.1.
	ZeroSPI bool `yaml:"zero_spi"`
	// ReuseIV, if true, causes every packet to carry the first packet's IV.
	// RFC 3602 3.
	ReuseIV bool `yaml:"reuse_iv"`
	// SaltFirst, if true, causes the salt of counter modes to be taken from the beginning of the key instead of its
	// end, in both directions. RFC 4106 8.1.
	SaltFirst bool `yaml:"salt_first"`
	// CounterIV, if true, causes the IV to be the sequence number, which anybody
	// can predict. RFC 3602 3.
	CounterIV bool `yaml:"counter_iv"`

	// AcceptBadICV, if true, causes the receiver to accept packets whose ICV
	// does not verify. RFC 2406 3.4.4.
	AcceptBadICV bool `yaml:"accept_bad_icv"`
	// AcceptReplay, if true, causes the receiver to accept sequence numbers that
	// it has seen.
	// RFC 2406 3.4.3.
	AcceptReplay bool `yaml:"accept_replay"`
	// AdvanceOnBadICV, if true, causes the receiver to move the window before it
	// verifies the ICV, so that a forger can shut out honest packets. RFC 2406 3.4.3.
	AdvanceOnBadICV bool `yaml:"advance_on_bad_icv"`
	// AcceptBadPadding, if true, causes the receiver to accept pad octets other
	// than 1, 2, 3, …. RFC 2406 2.4.
	AcceptBadPadding bool `yaml:"accept_bad_padding"`
}

// sequenceJump is how far JumpSequence skips: past every usual window.
const sequenceJump = 1000
