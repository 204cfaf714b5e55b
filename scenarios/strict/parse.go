package strict

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// MaxSize is the most octets that a file may have: the parser's time grows with
// the square.
const MaxSize = 64 << 10

// Limits on what is given to the YAML library. Its parser recurses once per
// level of nesting, and a stack overflow cannot be caught; the depth of block
// nesting is bounded by the length of a line, since every level is indented.
const (
	maxLine  = 1000 // octets
	maxDepth = 32   // brackets within brackets
)

// syntaxError is a mistake that leaves (a part of) the text without meaning.
type syntaxError struct {
	pos Pos
	msg string
}

// unreadable returns what makes a text as a whole unfit to be read, or nil.
func unreadable(data []byte) *syntaxError {
	switch {
	case len(data) > MaxSize:
		return &syntaxError{Pos{1, 1}, fmt.Sprintf("the file has more than %d octets, the most that is read", MaxSize)}
	case utf16(data):
		return &syntaxError{Pos{1, 1}, "the file is in UTF-16; save it in UTF-8"}
	}
	return nil
}

// checkText finds what makes lines unfit for the YAML library. It returns at
// most one mistake per line.
func checkText(lines []string) []syntaxError {
	var out []syntaxError
	for i, line := range lines {
		bad := func(format string, args ...any) {
			out = append(out, syntaxError{Pos{i + 1, 1}, fmt.Sprintf(format, args...)})
		}
		switch {
		case strings.Contains(line, "\r"):
			bad("the line has a carriage return without a line feed; lines end in LF or CRLF")
		case len(line) > maxLine:
			bad("the line has %d octets; at most %d are read", len(line), maxLine)
		case !utf8.ValidString(line):
			bad("the line is not UTF-8")
		case strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == '\ufeff' }):
			bad("the line has a control character")
		}
	}
	return out
}

// utf16 reports whether the text is in UTF-16, whose ASCII has every other octet
// zero, with a byte order mark or without.
func utf16(data []byte) bool {
	zeros := bytes.Count(data, []byte{0})
	return bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) || zeros > 1 && zeros > len(data)/3
}

// withoutCRLF returns the text with its lines ended by LF alone: in one with
// CRLF the library takes some places for those of the next line.
func withoutCRLF(data []byte) []byte {
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}

// parse reads the text into a syntax tree.
//
// The library's tree panics when some texts are printed, which converter avoids.
// FuzzDecode found no panic in its lexer and parser; should there be one all the
// same, this is the one place where it becomes an error. The parser keeps no
// state that it could leave broken.
func parse(text string) (file *ast.File, mistake *syntaxError) {
	defer func() {
		if r := recover(); r != nil {
			file, mistake = nil, &syntaxError{Pos{1, 1}, "the YAML cannot be understood"}
		}
	}()
	tokens := lexer.Tokenize(text)
	if mistake := checkBrackets(tokens, strings.Split(text, "\n")); mistake != nil {
		return nil, mistake
	}
	// Duplicate keys are allowed here and found in convert, all of them.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file, nil
	}
	mistake = &syntaxError{Pos{1, 1}, "the YAML cannot be understood"}
	var located yaml.Error
	if errors.As(err, &located) {
		mistake.msg = strings.ReplaceAll(located.GetMessage(), "\t", `\t`)
		mistake.pos = position(located.GetToken())
		mistake.explain(strings.Split(text, "\n"))
	}
	return nil, mistake
}

const tooDeep = "the line is indented deeper than the one above, which has its value already"

// explain puts the commonest mistakes in plainer words than the library's, and in
// the line where they are: to the library a line that is indented too deep goes on
// with the value of the line above.
func (e *syntaxError) explain(lines []string) {
	switch {
	case strings.Contains(e.msg, `'\t'`):
		e.msg = "a tab cannot indent; use spaces"
	case e.msg == "value is not allowed in this context. map key-value is pre-defined":
		e.msg = tooDeep
	case e.msg == "non-map value is specified":
		e.msg = "not a key with its value; after a key there is a colon and a space"
	case e.msg == "mapping value is not allowed in this context":
		e.msg = "a value with a colon in it goes in quotes"
		for i := e.pos.Line; i < len(lines); i++ {
			line := strings.TrimSpace(lines[i])
			if line == "" || line[0] == '#' {
				continue
			}
			if depth := indentation(lines[i]); depth > indentation(lines[e.pos.Line-1]) && strings.Contains(line, ":") {
				e.msg, e.pos = tooDeep, Pos{i + 1, depth + 1}
			}
			break
		}
	}
}

// checkBrackets bounds the nesting of brackets, and finds a bracket that is not
// closed: the parser would complain about every line after it instead. The
// contents of brackets are indented deeper than the line they were opened in
// (YAML 1.2.2, 7.4); only the closing bracket need not be.
func checkBrackets(tokens token.Tokens, lines []string) *syntaxError {
	var open []Pos
	for _, t := range tokens {
		pos := position(t)
		closing := t.Type == token.MappingEndType || t.Type == token.SequenceEndType
		if len(open) > 0 && !closing {
			first := open[0]
			if first.Line <= len(lines) && pos.Line > first.Line && pos.Col <= indentation(lines[first.Line-1])+1 {
				return &syntaxError{first, "the bracket is not closed"}
			}
		}
		switch {
		case closing && len(open) > 0:
			open = open[:len(open)-1]
		case t.Type == token.MappingStartType || t.Type == token.SequenceStartType:
			if open = append(open, pos); len(open) > maxDepth {
				return &syntaxError{pos, fmt.Sprintf("more than %d brackets within brackets", maxDepth)}
			}
		}
	}
	if len(open) > 0 && tokens.InvalidToken() == nil {
		return &syntaxError{open[0], "the bracket is not closed"}
	}
	return nil
}

func position(t *token.Token) Pos {
	if t == nil || t.Position == nil {
		return Pos{1, 1}
	}
	return Pos{t.Position.Line, t.Position.Column}
}

// converter turns the library's syntax tree into nodes, refusing what strict
// YAML does not have. It reads tokens only: the tree's String methods panic on
// some texts.
type converter struct {
	report func(path string, pos Pos, format string, args ...any)
}

func (c *converter) convert(n ast.Node, path string) *node {
	out := &node{}
	if n == nil {
		return out
	}
	t := n.GetToken()
	out.pos = position(t)
	if t != nil {
		out.text = t.Value
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		c.mapping(out, n.Values, path)
	case *ast.MappingValueNode:
		c.mapping(out, []*ast.MappingValueNode{n}, path)
	case *ast.SequenceNode:
		out.kind = kindSequence
		for i, v := range n.Values {
			out.items = append(out.items, c.convert(v, fmt.Sprintf("%s[%d]", path, i)))
		}
	case *ast.NullNode:
		if t != nil && t.Type != token.ImplicitNullType {
			out.kind = kindNull
		}
	case *ast.IntegerNode:
		out.kind = kindInt
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind = kindFloat
	case *ast.BoolNode:
		out.kind = kindBool
	case *ast.StringNode:
		out.kind = kindText
	case *ast.LiteralNode:
		out.kind = kindText
		if n.Value != nil {
			out.text = n.Value.Value
		}
	default:
		return c.refuse(n, path)
	}
	return out
}

// refuse reports a construct that strict YAML does not have. It returns the
// value that an anchor or a tag stands before, so that mistakes in it are found
// as well, or nil for what has to be left out.
func (c *converter) refuse(n ast.Node, path string) *node {
	what := "this construct"
	var value ast.Node
	switch n := n.(type) {
	case *ast.AnchorNode:
		what, value = "an anchor", n.Value
	case *ast.AliasNode:
		what = "an alias"
	case *ast.TagNode:
		what, value = "a tag", n.Value
	case *ast.DirectiveNode:
		what = "a directive"
	}
	c.report(path, position(n.GetToken()), "%s is not allowed here; write the value itself", what)
	if value == nil {
		return nil
	}
	return c.convert(value, path)
}

func (c *converter) mapping(out *node, values []*ast.MappingValueNode, path string) {
	out.kind = kindMapping
	first := map[string]int{} // line of the first use of a key
	for i, v := range values {
		pos := position(v.Key.GetToken())
		if i == 0 && out.pos.Line == pos.Line && out.pos.Col > pos.Col {
			out.pos = pos // the token of a block mapping is its first colon
		}
		switch v.Key.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		case *ast.MergeKeyNode:
			c.report(path, pos, "a merge key is not allowed here; write the keys themselves")
			out.partial = true
			continue
		default:
			c.report(path, pos, "a key has to be plain text")
			continue
		}
		key := v.Key.GetToken().Value
		below := join(path, key)
		if line, ok := first[key]; ok {
			c.report(below, pos, "key %q is there twice; first in line %d", key, line)
			continue
		}
		first[key] = pos.Line
		out.entries = append(out.entries, entry{key, pos, c.convert(v.Value, below)})
	}
}

// join appends a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
