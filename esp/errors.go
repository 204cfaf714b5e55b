package esp

import "errors"

// What New and the parsers of names refuse.
var (
	// ErrUnknown is a name or number that means no algorithm here.
	ErrUnknown = errors.New("unknown")
	// ErrUnsupported is something that exists but is not built, or not to be combined.
	ErrUnsupported = errors.New("unsupported")
	// ErrKeyLength is a key whose length is not the algorithm's.
	ErrKeyLength = errors.New("wrong key length")
	// ErrNullNone is NULL encryption without integrity (RFC 2406 5).
	ErrNullNone = errors.New("neither encryption nor integrity")
)

// What Seal, Open and Inspect return, always wrapped.
var (
	// ErrTruncated is a packet too short for the fields of its suite.
	ErrTruncated = errors.New("truncated")
	// ErrAlignment is an encrypted part that is no multiple of the cipher's
	// block, or of 4 octets (RFC 2406 2.4).
	ErrAlignment = errors.New("misaligned ciphertext")
	// ErrSPI is a packet of another SA.
	ErrSPI = errors.New("other SPI")
	// ErrICV is an Integrity Check Value that does not verify (RFC 2406 3.4.4).
	ErrICV = errors.New("ICV mismatch")
	// ErrReplay is a sequence number seen before, left of the window, or 0
	// (RFC 2406 3.4.3).
	ErrReplay = errors.New("replay")
	// ErrPadding is a pad length beyond the packet or pad octets other than
	// 1, 2, 3, … (RFC 2406 2.4).
	ErrPadding = errors.New("bad padding")
	// ErrTooLong is a packet that would be longer than IP can say.
	ErrTooLong = errors.New("too long")
	// ErrSequenceExhausted is an SA that has sent 2^32-1 packets and must not
	// cycle (RFC 2406 3.3.3).
	ErrSequenceExhausted = errors.New("sequence numbers exhausted")
)
