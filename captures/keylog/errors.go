package keylog

import (
	"errors"
	"fmt"
)

// What can be wrong with key material; test with errors.Is.
var (
	// ErrSyntax: a line or object that is none of the formats, or a value that is malformed.
	ErrSyntax = errors.New("malformed")
	// ErrKeyLength: a key whose length does not fit its algorithm.
	ErrKeyLength = errors.New("wrong key length")
	// ErrLimit: more octets than key material plausibly has.
	ErrLimit = errors.New("too large for key material")
)

// ParseError says where the fault is. Its text holds no key material.
type ParseError struct {
	File string // the name given to [Read]
	Line int    // from 1
	Err  error  // wraps one of the Err… variables
}

// Error reads like "captures/keylog: esp_sa:7: wrong key length: …".
func (e *ParseError) Error() string {
	return fmt.Sprintf("captures/keylog: %s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap returns e.Err.
func (e *ParseError) Unwrap() error { return e.Err }

func syntax(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrSyntax, fmt.Sprintf(format, args...))
}

func keyLength(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrKeyLength, fmt.Sprintf(format, args...))
}

// unsupported is the reason why an entry is skipped rather than refused.
type unsupported string

func (u unsupported) Error() string { return string(u) }

// show quotes a value that should be a name or an address, unless it might as
// well be a key that slipped into the wrong column.
func show(s string) string {
	digits := 0
	for _, c := range s {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' {
			digits++
		} else if c != 'x' {
			digits = 0
		}
		if digits >= 8 || c < 0x20 || c >= 0x7f {
			return fmt.Sprintf("(%d octets, not shown)", len(s))
		}
	}
	if len(s) > 60 {
		return fmt.Sprintf("(%d octets, not shown)", len(s))
	}
	return fmt.Sprintf("%q", s)
}
