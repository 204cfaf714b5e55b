package strict

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// one returns the tree of the only document.
func (d *Document) one(docs []*ast.DocumentNode) *node {
	c := converter{report: d.errorAt}
	var root *node
	for _, doc := range docs {
		if doc == nil || doc.Body == nil {
			continue
		}
		if root != nil {
			d.errorAt("", position(cmp.Or(doc.Start, doc.Body.GetToken())), "a second document is not allowed in one file")
			break
		}
		if root = c.convert(doc.Body, ""); root == nil {
			return nil
		}
	}
	if root == nil && !d.holes {
		d.errorAt("", Pos{1, 1}, "the file is empty")
	}
	return root
}

// decoder fills Go values from nodes.
type decoder struct {
	doc          *Document
	vocabularies map[string][]string
}

// field is what a struct tag says about a key.
type field struct {
	key      string
	index    int
	required bool
	one      bool
	vocab    string
}

// fields returns the fields of a struct that a file can set.
func fields(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		key := t.Field(i).Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		f := field{key: key, index: i}
		for option := range strings.SplitSeq(t.Field(i).Tag.Get("strict"), ",") {
			switch v, isVocab := strings.CutPrefix(option, "vocab="); {
			case option == "required":
				f.required = true
			case option == "one":
				f.one = true
			case isVocab:
				f.vocab = v
			}
		}
		out = append(out, f)
	}
	return out
}

func (dec *decoder) root(n *node, into any) {
	dec.doc.record("", nil, n)
	dec.value(n, reflect.ValueOf(into).Elem(), "", "")
}

// value sets v from n. A mistake leaves v, or the part of it, as it is.
func (dec *decoder) value(n *node, v reflect.Value, path, vocab string) {
	if n == nil || n.kind == kindEmpty && dec.doc.holes { // has been reported
		return
	}
	if v.Kind() == reflect.Pointer {
		target := reflect.New(v.Type().Elem())
		dec.value(n, target.Elem(), path, vocab)
		if v.Type().Elem().Kind() == reflect.Struct && n.kind != kindEmpty || !dec.doc.Mistaken(path) {
			v.Set(target)
		}
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		dec.text(n, u, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		dec.structure(n, v, path, vocab)
	case reflect.Slice:
		dec.slice(n, v, path, vocab)
	case reflect.String:
		dec.string(n, v, path, vocab)
	case reflect.Bool:
		if n.kind != kindBool {
			dec.wrong(n, path, "true or false")
			return
		}
		v.SetBool(n.text == "true")
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		most := uint64(1)<<v.Type().Bits() - 1
		number, err := strconv.ParseUint(n.text, 10, v.Type().Bits())
		if n.kind != kindInt || err != nil {
			dec.wrong(n, path, fmt.Sprintf("a whole number from 0 to %d", most))
			return
		}
		v.SetUint(number)
	default:
		dec.errorf(n, path, "this version cannot read a %s", v.Type())
	}
}

func (dec *decoder) structure(n *node, v reflect.Value, path, vocab string) {
	known := fields(v.Type())
	keys := make([]string, len(known))
	for i, f := range known {
		keys[i] = f.key
	}
	if n.kind != kindMapping {
		want := "a mapping with the keys " + strings.Join(keys, ", ")
		if len(keys) == 0 {
			want = "{}"
		}
		hint := ""
		if texts := n.texts(); len(texts) > 0 && v.Field(known[0].index).Type() == reflect.TypeFor[[]string]() {
			hint = fmt.Sprintf("; write {%s: [%s]}", keys[0], strings.Join(texts, ", "))
		}
		dec.errorf(n, path, "takes %s, not %s%s", want, n.describe(), hint)
		return
	}
	present := map[string]bool{}
	for _, e := range n.entries {
		below := join(path, e.key)
		dec.doc.record(below, &e.pos, e.value)
		i := slices.Index(keys, e.key)
		if i < 0 {
			dec.unknown(e, path, keys)
			continue
		}
		present[e.key] = true
		inherit := known[i].vocab
		if inherit == "" {
			inherit = vocab
		}
		value := e.value
		if known[i].one && value != nil && value.kind.scalar() {
			value = &node{kind: kindSequence, pos: value.pos, items: []*node{value}}
		}
		dec.value(value, v.Field(known[i].index), below, inherit)
	}
	for _, f := range known {
		below := join(path, f.key)
		if f.required && !n.partial && !present[f.key] && !dec.doc.meant[below] && dec.doc.Complete(path) {
			dec.doc.errorAt(below, dec.doc.At(path), "missing key %q%s", f.key, in(path))
		}
	}
}

// unknown reports a key that the mapping at the path does not have.
func (dec *decoder) unknown(e entry, path string, keys []string) {
	if near := Nearest(e.key, keys, 1); len(near) == 1 {
		dec.doc.errorAt(join(path, e.key), e.pos, "unknown key %q; did you mean %q?", e.key, near[0])
		dec.doc.meant[join(path, near[0])] = true // so it is not missing as well
		return
	}
	dec.doc.errorAt(join(path, e.key), e.pos, "unknown key %q; the keys here are %s", e.key, strings.Join(keys, ", "))
}

func in(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

func (dec *decoder) slice(n *node, v reflect.Value, path, vocab string) {
	if n.kind != kindSequence {
		if n.kind.scalar() {
			dec.errorf(n, path, "takes a list, not %s; write [%s]", n.describe(), n.text)
		} else {
			dec.wrong(n, path, "a list")
		}
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	seen := map[string]bool{}
	for i, item := range n.items {
		at := fmt.Sprintf("%s[%d]", path, i)
		dec.doc.record(at, nil, item)
		if item != nil && item.kind.scalar() {
			if seen[item.text] {
				dec.errorf(item, at, "%q is in the list twice", item.text)
			}
			seen[item.text] = true
		}
		dec.value(item, out.Index(i), at, vocab)
	}
	v.Set(out)
}

func (dec *decoder) string(n *node, v reflect.Value, path, vocab string) {
	allowed, closed := dec.vocabularies[vocab]
	switch {
	case closed && n.kind.scalar(): // "null" is a cipher, whatever YAML takes it for
		if !slices.Contains(allowed, n.text) {
			dec.doc.errorAt(path, n.pos, "%s", NotOneOf(n.text, allowed))
			return
		}
	case n.kind == kindText && strings.TrimSpace(n.text) == "":
		dec.errorf(n, path, "takes text, but this is empty")
		return
	case n.kind != kindText:
		quote := quotes(n)
		if n.kind.scalar() {
			quote = "; put it in quotes if it is meant as text"
		}
		dec.errorf(n, path, "takes text, not %s%s", n.describe(), quote)
		return
	}
	v.SetString(n.text)
}

func (dec *decoder) text(n *node, u encoding.TextUnmarshaler, path string) {
	if !n.kind.scalar() || n.text == "" {
		what := "a value"
		if e, ok := u.(interface{ Values() []string }); ok {
			what = "one of " + strings.Join(e.Values(), ", ")
		}
		dec.errorf(n, path, "takes %s, not %s%s", what, n.describe(), quotes(n))
		return
	}
	if err := u.UnmarshalText([]byte(n.text)); err != nil {
		dec.doc.errorAt(path, n.pos, "%v", err)
	}
}

// quotes is a hint where a mapping stands for a scalar: within brackets the
// YAML library takes the first colon of 2001:db8::1 for the end of a key.
func quotes(n *node) string {
	if n.kind == kindMapping && len(n.entries) == 1 {
		return "; text with a colon in it goes in quotes"
	}
	return ""
}

func (dec *decoder) wrong(n *node, path, want string) {
	dec.errorf(n, path, "takes %s, not %s", want, n.describe())
}

// errorf reports a mistake in the value at the path: where the value stands,
// or its key if there is no value on that line.
func (dec *decoder) errorf(n *node, path, format string, args ...any) {
	pos := n.pos
	if !n.kind.scalar() || path == "" {
		pos = dec.doc.At(path)
	}
	name := path
	if name == "" {
		name = "the file"
	}
	dec.doc.errorAt(path, pos, "%s %s", name, fmt.Sprintf(format, args...))
}
