package check

import (
	"errors"
	"fmt"
)

// Verdict is what a check says about one requirement.
type Verdict uint8

// The verdicts. The zero value is none of them, so that a finding nobody
// filled in cannot be mistaken for a pass.
const (
	// Pass: the evidence shows the requirement met, and names its witness.
	Pass Verdict = iota + 1
	// Fail: the evidence shows the requirement broken.
	Fail
	// Inconclusive: the check ran, the evidence does not decide it.
	Inconclusive
	// Unsupported: the peer itself says that it cannot do this. It is never
	// inferred from a failure.
	Unsupported
	// NotApplicable: neither the profile nor the scenario asks for this.
	NotApplicable
	// Skipped: the user excluded it.
	Skipped
	// Error: our own fault.
	Error
)

var verdictNames = [...]string{
	Pass: "pass", Fail: "fail", Inconclusive: "inconclusive", Unsupported: "unsupported",
	NotApplicable: "not-applicable", Skipped: "skipped", Error: "error",
}

// String returns the verdict's word in results.json.
func (v Verdict) String() string {
	if v == 0 || int(v) >= len(verdictNames) {
		return fmt.Sprintf("Unknown(%d)", uint8(v))
	}
	return verdictNames[v]
}

// Ran reports whether the check came to look at the evidence.
func (v Verdict) Ran() bool { return v == Pass || v == Fail || v == Inconclusive }

// rank orders the verdicts for a roll-up: the highest one wins. It follows the
// precedence of the exit codes, 1 > 3 > 4 > 0.
func (v Verdict) rank() int {
	switch v {
	case Fail:
		return 7
	case Error:
		return 6
	case Inconclusive:
		return 5
	case Unsupported:
		return 4
	case Skipped:
		return 3
	case Pass:
		return 2
	case NotApplicable:
		return 1
	}
	return 0
}

// Worse returns the one of v and w that decides when both are about one thing.
func (v Verdict) Worse(w Verdict) Verdict {
	if w.rank() > v.rank() {
		return w
	}
	return v
}

// ErrWord is returned when a text is none of the words of an enumeration.
var ErrWord = errors.New("captures/check: unknown word")

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return marshalWord(verdictNames[:], uint8(v)) }

// UnmarshalText implements encoding.TextUnmarshaler. It returns ErrWord for a
// text that is no verdict.
func (v *Verdict) UnmarshalText(b []byte) error {
	n, err := unmarshalWord(verdictNames[:], b)
	*v = Verdict(n)
	return err
}

// Level is the strength of a requirement, in the words of RFC 2119.
type Level uint8

// The levels.
const (
	Must Level = iota + 1
	Should
	May
)

var levelNames = [...]string{Must: "must", Should: "should", May: "may"}

// String returns the level's word in results.json.
func (l Level) String() string {
	if l == 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("Unknown(%d)", uint8(l))
	}
	return levelNames[l]
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return marshalWord(levelNames[:], uint8(l)) }

// UnmarshalText implements encoding.TextUnmarshaler. It returns ErrWord for a
// text that is no level.
func (l *Level) UnmarshalText(b []byte) error {
	n, err := unmarshalWord(levelNames[:], b)
	*l = Level(n)
	return err
}

// Outcome is the verdict on a whole run.
type Outcome uint8

// The outcomes.
const (
	// Success: every required check passed, and at least one ran.
	Success Outcome = iota + 1
	// Partial: nothing failed, but something required was not shown.
	Partial
	// Failure: a required check failed.
	Failure
)

var outcomeNames = [...]string{Success: "success", Partial: "partial", Failure: "failure"}

// String returns the outcome's word in results.json.
func (o Outcome) String() string {
	if o == 0 || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("Unknown(%d)", uint8(o))
	}
	return outcomeNames[o]
}

// MarshalText implements encoding.TextMarshaler.
func (o Outcome) MarshalText() ([]byte, error) { return marshalWord(outcomeNames[:], uint8(o)) }

// UnmarshalText implements encoding.TextUnmarshaler. It returns ErrWord for a
// text that is no outcome.
func (o *Outcome) UnmarshalText(b []byte) error {
	n, err := unmarshalWord(outcomeNames[:], b)
	*o = Outcome(n)
	return err
}

func marshalWord(words []string, n uint8) ([]byte, error) {
	if n == 0 || int(n) >= len(words) {
		return nil, fmt.Errorf("%w: value %d", ErrWord, n)
	}
	return []byte(words[n]), nil
}

func unmarshalWord(words []string, b []byte) (uint8, error) {
	for i, w := range words {
		if i > 0 && w == string(b) {
			return uint8(i), nil
		}
	}
	return 0, fmt.Errorf("%w: %q", ErrWord, b)
}
