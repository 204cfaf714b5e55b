package scenarios

import "errors"

// ErrNoMatch is the error of a selector that selects nothing.
var ErrNoMatch = errors.New("selects no scenario")

// Selection says which scenarios to take: those that match one of the patterns
// and carry one of the tags and one of the refs; an empty list asks nothing.
type Selection struct {
	Patterns []string // "main/psk/*", "**/sha1", "main/psk" (itself and all below)
	Tags     []string
	Refs     []string // "RFC2409", "RFC2409/5.4": a reference or what is below it
}
