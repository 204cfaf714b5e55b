package captures

import (
	"errors"
	"fmt"
)

// What can be wrong with a capture. A [Reader] returns these wrapped in a
// [ReadError]; test with errors.Is.
var (
	// ErrEmpty: the file holds no octets at all.
	ErrEmpty = errors.New("empty file")
	// ErrFormat: the file is no pcap or pcapng capture.
	ErrFormat = errors.New("not a pcap or pcapng capture")
	// ErrTruncated: the file ends inside a header, block or packet. Every packet
	// before that point has been delivered.
	ErrTruncated = errors.New("truncated")
	// ErrCorrupt: the file contradicts itself, so that what follows cannot be found.
	ErrCorrupt = errors.New("corrupt")
	// ErrLimit: the file is well formed as far as read, but exceeds a [Limits] bound.
	ErrLimit = errors.New("limit exceeded")
)

// What [Packet.IP] answers when there is no IP packet to be had.
var (
	// ErrNotIP: the frame carries something else, such as ARP.
	ErrNotIP = errors.New("captures: frame does not carry IP")

	errShortFrame  = fmt.Errorf("%w: it ends inside its link layer header", ErrNotIP)
	errIPVersion   = fmt.Errorf("%w: version is neither 4 nor 6", ErrNotIP)
	errUnknownLink = fmt.Errorf("%w: its link type is not known", ErrNotIP)
)

// ReadError is the error a [Reader] ends with.
type ReadError struct {
	Offset  int64 // octets into the file: where the header, block or packet at fault begins
	Packets int   // how many packets were read before it
	Err     error // wraps one of the Err… variables above, or the error of the underlying io.Reader
}

// Error reads like
// "captures: truncated at offset 1234: packet needs 98 octets, 40 are there; 12 packets before it are complete; capture again or copy the file once its writer has stopped".
func (e *ReadError) Error() string {
	return fmt.Sprintf("captures: %v (offset %d, after %s)", e.Err, e.Offset, count(e.Packets, "packet"))
}

// Unwrap returns e.Err.
func (e *ReadError) Unwrap() error { return e.Err }

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
