package strict

import (
	"fmt"
	"slices"
	"strings"
)

// Names are the texts of a small enumeration, indexed by value. An empty text
// is a value that cannot be written in a file: the zero value "not stated", as
// a rule. A type with Names gets its four methods in one line each:
//
//	func (a Action) String() string               { return actionNames.String(uint8(a)) }
//	func (a Action) MarshalText() ([]byte, error) { return actionNames.Marshal(uint8(a)) }
//	func (a *Action) UnmarshalText(b []byte) error { return Unmarshal(actionNames, a, b) }
//	func (Action) Values() []string               { return actionNames.Values() }
type Names []string

// String returns the text of v, "" for a value that has none, and Unknown(v)
// for a value outside the enumeration.
func (n Names) String(v uint8) string {
	if int(v) < len(n) {
		return n[v]
	}
	return fmt.Sprintf("Unknown(%d)", v)
}

// Marshal returns the text of v; the empty text marshals the unstated value.
func (n Names) Marshal(v uint8) ([]byte, error) {
	if int(v) >= len(n) {
		return nil, fmt.Errorf("value %d has no name", v)
	}
	return []byte(n[v]), nil
}

// Values returns the texts that may be written, in order.
func (n Names) Values() []string {
	return slices.DeleteFunc(slices.Clone(n), func(s string) bool { return s == "" })
}

// Unmarshal sets *v to the value whose text is b. The empty text gives the
// unstated value if the enumeration has one, so that what Marshal wrote can be
// read back; Decode never passes it.
func Unmarshal[T ~uint8](n Names, v *T, b []byte) error {
	i := slices.Index(n, string(b))
	if i < 0 {
		return NotOneOf(string(b), n.Values())
	}
	*v = T(i)
	return nil
}

// NotOneOf is the error for a text that is not in a list of allowed ones. It
// proposes the nearest, and shows the list when that is short or nothing is
// near.
func NotOneOf(text string, allowed []string) error {
	list := strings.Join(allowed, ", ")
	near := Nearest(text, allowed, 1)
	switch {
	case len(near) == 0:
		return fmt.Errorf("unknown value %q; one of %s", text, list)
	case len(allowed) > 8:
		return fmt.Errorf("unknown value %q; did you mean %q?", text, near[0])
	}
	return fmt.Errorf("unknown value %q; did you mean %q? (one of %s)", text, near[0], list)
}
