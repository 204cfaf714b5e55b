package strict

import (
	"fmt"
	"slices"
	"strings"
)

// maxMistakes bounds what is reported of a file that is no specification at all.
const maxMistakes = 200

// Document is a file that has been read: its text, where in it each value
// stands, and the mistakes found so far.
type Document struct {
	File string
	Data []byte

	lines []string
	keys  map[string]Pos // of the key, for mapping entries
	vals  map[string]Pos // of the value
	leaf  map[string]bool
	errs  Errors
	holes bool            // parts of the text have been left out because of syntax errors
	gaps  bool            // and keys of the outermost mapping may be among them
	meant map[string]bool // what unknown keys are probably meant to be
}

// Decode reads one YAML document into the struct that into points to. It never
// stops at a mistake: what can be read is there afterwards, and Err has every
// mistake. The caller adds what only it can judge with Errorf.
//
// Struct fields need a yaml tag with the key. A second tag, strict, holds
// "required" (the key has to be there), "one" (in place of a list of one there may
// be its element) and "vocab=name" (every text at or below the field has to be in
// that vocabulary), separated by commas. A type with UnmarshalText gets the text
// of any scalar.
func Decode(file string, data []byte, into any, vocabularies map[string][]string) *Document {
	d := &Document{
		File: file, Data: data,
		lines: strings.Split(strings.TrimPrefix(string(withoutCRLF(data)), "\ufeff"), "\n"),
		keys:  map[string]Pos{}, vals: map[string]Pos{}, leaf: map[string]bool{}, meant: map[string]bool{},
	}
	root := d.read()
	if root == nil || root.kind != kindMapping {
		d.holes, d.gaps = true, true
	}
	if root == nil {
		return d
	}
	d.gaps = d.gaps || root.partial
	dec := decoder{doc: d, vocabularies: vocabularies}
	dec.root(root, into)
	return d
}

// read returns the document's tree, or nil if there is none.
func (d *Document) read() *node {
	if e := unreadable(d.Data); e != nil {
		d.errorAt("", e.pos, "%s", e.msg)
		return nil
	}
	bad := checkText(d.lines)
	for _, e := range bad {
		d.errorAt("", e.pos, "%s", e.msg)
	}
	lines := slices.Clone(d.lines)
	for _, e := range bad {
		d.blank(lines, e.pos.Line)
	}
	// After a syntax error the block that it is in is blanked and the rest
	// read again, so that one typing mistake does not hide all others.
	for range 20 {
		file, mistake := parse(strings.Join(lines, "\n"))
		if mistake == nil {
			d.holes = len(d.errs) > 0
			return d.one(file.Docs)
		}
		d.errorAt("", mistake.pos, "%s", mistake.msg)
		if !d.blank(lines, mistake.pos.Line) {
			break
		}
	}
	return nil
}

// blank empties a line and the lines below that are indented deeper. It
// returns false if there was nothing to empty.
func (d *Document) blank(lines []string, line int) bool {
	if line < 1 || line > len(lines) || strings.TrimSpace(lines[line-1]) == "" {
		return false
	}
	depth := indentation(lines[line-1])
	d.gaps = d.gaps || depth == 0
	lines[line-1] = ""
	for i := line; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) != "" && indentation(lines[i]) <= depth {
			break
		}
		lines[i] = ""
	}
	return true
}

func indentation(line string) int {
	return len(line) - len(strings.TrimLeft(line, " \t"))
}

// Mistakes returns every mistake in the order of the text.
func (d *Document) Mistakes() Errors {
	d.errs.sort()
	return d.errs
}

// Err returns Mistakes as an error, nil when there is none.
func (d *Document) Err() error { return d.Mistakes().Err() }

// Has reports whether the file has something at the path.
func (d *Document) Has(path string) bool {
	_, ok := d.vals[path]
	return ok
}

// Mistaken reports whether there is a mistake at the path, so that the value
// read there says nothing.
func (d *Document) Mistaken(path string) bool {
	return d.meant[path] || slices.ContainsFunc(d.errs, func(e *Error) bool { return e.Path == path })
}

// MistakenWithin reports whether there is a mistake at the path or below it.
func (d *Document) MistakenWithin(path string) bool {
	return slices.ContainsFunc(d.errs, func(e *Error) bool {
		rest, ok := strings.CutPrefix(e.Path, path)
		return ok && (path == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// Complete reports whether the mapping at the path could be read as a whole, so
// that what is not there is really missing. The outermost mapping has the path
// "".
func (d *Document) Complete(path string) bool {
	if path == "" {
		return !d.gaps
	}
	return !d.holes
}

// At returns the place of a path: of the value if that is a scalar or an
// element of a list, else of its key. For a path that the file does not have
// it is the place of the nearest one above.
func (d *Document) At(path string) Pos {
	for {
		key, hasKey := d.keys[path]
		if val, ok := d.vals[path]; ok && (d.leaf[path] || !hasKey) {
			return d.clamp(val)
		}
		if hasKey {
			return d.clamp(key)
		}
		if path == "" {
			return Pos{1, 1}
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// Line returns a line of the text without its line end.
func (d *Document) Line(number int) string {
	if number < 1 || number > len(d.lines) {
		return ""
	}
	return d.lines[number-1]
}

// Errorf adds a mistake at the path, unless there is one at that very path
// already: the first is the cause, as a rule.
func (d *Document) Errorf(path, format string, args ...any) {
	if path != "" && d.Mistaken(path) {
		return
	}
	d.errorAt(path, d.At(path), format, args...)
}

func (d *Document) errorAt(path string, pos Pos, format string, args ...any) {
	switch {
	case len(d.errs) > maxMistakes:
		return
	case len(d.errs) == maxMistakes:
		path, format, args = "", "there are more mistakes from here on", nil
	}
	pos = d.clamp(pos)
	d.errs = append(d.errs, &Error{
		File: d.File, Line: pos.Line, Col: pos.Col, Path: path,
		Msg: fmt.Sprintf(format, args...), Excerpt: d.Line(pos.Line),
	})
}

// clamp keeps a place within the text.
func (d *Document) clamp(p Pos) Pos {
	p.Line = min(max(p.Line, 1), len(d.lines))
	p.Col = min(max(p.Col, 1), len([]rune(d.Line(p.Line)))+1)
	return p
}

// record remembers where a path stands.
func (d *Document) record(path string, key *Pos, value *node) {
	if key != nil {
		d.keys[path] = *key
	}
	if value != nil {
		d.vals[path] = value.pos
		d.leaf[path] = value.kind.scalar()
	}
}
