// Package strict reads the YAML files of this tool into Go values and reports
// every mistake in a file at once, each with its line, its column and the line
// itself.
//
// It takes a small YAML: mappings, sequences and scalars. Anchors, aliases,
// merge keys, tags and further documents are refused, because a specification
// that a person must be able to check should say what it says where it says it.
package strict

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Error is one mistake in a file.
type Error struct {
	File    string `json:"file"`
	Line    int    `json:"line"`           // 1-based
	Col     int    `json:"column"`         // 1-based, in characters
	Path    string `json:"path,omitempty"` // where in the document: "keying.phase1.group.must[2]"
	Msg     string `json:"message"`
	Excerpt string `json:"excerpt,omitempty"` // the source line, without its line end
}

// Error returns "file:line:col: message" on one line.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
}

// Detail returns Error followed by the quoted source line and a mark under the
// column:
//
//	bgp.yaml:12:9: unknown key "mood"; did you mean "mode"?
//	   12 |   mood: transport
//	      |   ^
func (e *Error) Detail() string {
	if e.Excerpt == "" {
		return e.Error()
	}
	return e.Error() + "\n" + Quote(e.Excerpt, e.Line, e.Col)
}

// quoted is the most characters of a line that Quote shows.
const quoted = 200

// Quote renders one source line with its number and a mark under col. Of a long
// line it shows what is around the mark, and it shows nothing that a terminal
// would take for a command.
func Quote(line string, number, col int) string {
	runes := []rune(line)
	if len(runes) > quoted {
		from := min(max(col-quoted/2, 0), len(runes)-quoted)
		if runes = runes[from : from+quoted]; from > 0 {
			runes[0] = '…'
			col -= from
		}
		if from+quoted < len([]rune(line)) {
			runes[quoted-1] = '…'
		}
	}
	var mark strings.Builder
	for i, r := range runes {
		if r != '\t' && !unicode.IsPrint(r) {
			runes[i] = unicode.ReplacementChar
		}
		switch {
		case i >= col-1:
		case r == '\t': // keep the mark under its column whatever the tab width
			mark.WriteRune('\t')
		default:
			mark.WriteRune(' ')
		}
	}
	return fmt.Sprintf("%5d | %s\n      | %s^", number, string(runes), mark.String())
}

// Errors are all mistakes in a file, in the order of the text.
type Errors []*Error

// Error returns every mistake with its source line.
func (es Errors) Error() string {
	parts := make([]string, len(es))
	for i, e := range es {
		parts[i] = e.Detail()
	}
	return strings.Join(parts, "\n")
}

// Unwrap makes every mistake visible to errors.As.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

// Err returns es as an error, and nil when there is none.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	return es
}

// sort puts the mistakes in the order of the text.
func (es Errors) sort() {
	slices.SortStableFunc(es, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Col - b.Col
	})
}
