package wire

import (
	"errors"
	"fmt"
)

// The causes a [*ParseError] wraps, and the errors Append returns. Test for them with errors.Is.
var (
	// ErrTruncated: a field or a length reaches past the end of what contains it. Every proper prefix of a good message gives it.
	ErrTruncated = errors.New("truncated")
	// ErrLength: a length is too small for the fixed part it covers, or does not fit the value's kind.
	ErrLength = errors.New("bad length")
	// ErrVersion: the major version is not 1. The header is returned with it, so that IKEv2 can be told from noise.
	ErrVersion = errors.New("major version is not 1")
	// ErrCount: a count does not agree with what is there (transforms in a proposal, SPIs in a delete payload), or it is zero where RFC 2408 wants one.
	ErrCount = errors.New("bad count")
	// ErrNextPayload: the next payload octet of a proposal or transform is neither the same kind nor 0.
	ErrNextPayload = errors.New("bad next payload")
	// ErrTrailing: octets are left over after the last element of a payload, proposal or transform.
	ErrTrailing = errors.New("trailing octets")
	// ErrTooLong: Append was given a value that its length, count or type field cannot express.
	ErrTooLong = errors.New("value does not fit its field")
	// ErrNilPayload: a list of payloads given to Append has a nil in it.
	ErrNilPayload = errors.New("ikev1/wire: nil payload")
)

// ParseError says where and why octets are not what the RFC says. Err wraps one of the sentinel errors of this package.
type ParseError struct {
	Offset int    // octets from the start of the slice given to the parse function
	Field  string // the field's name in the RFC, for example "transform length"
	Ref    string // the section that defines it, for example "RFC 2408 3.6"
	Err    error
}

// Error gives, for example, "ikev1/wire: transform length 7 < header 8 at offset 28 (RFC 2408 3.6)".
func (e *ParseError) Error() string {
	return fmt.Sprintf("ikev1/wire: %s %v at offset %d (%s)", e.Field, e.Err, e.Offset, e.Ref)
}

// Unwrap returns the cause.
func (e *ParseError) Unwrap() error { return e.Err }

// detail is a sentinel error in words that fit the case.
type detail struct {
	text string
	err  error
}

func (d *detail) Error() string { return d.text }
func (d *detail) Unwrap() error { return d.err }

func because(err error, format string, args ...any) error {
	return &detail{text: fmt.Sprintf(format, args...), err: err}
}

// appendError is what Append functions return: the same words as a ParseError, without an offset.
func appendError(field, ref string, err error, format string, args ...any) error {
	return fmt.Errorf("ikev1/wire: %s %w (%s)", field, because(err, format, args...), ref)
}
