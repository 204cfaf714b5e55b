package strict

// node is a value in a document, apart from the library that read it.
type node struct {
	kind    kind
	text    string // scalars: the text without quotes
	pos     Pos
	entries []entry // mappings, in the order of the text, keys unique
	items   []*node // sequences
	partial bool    // mappings: keys have been left out, and were reported
}

type entry struct {
	key   string
	pos   Pos
	value *node
}

// Pos is a place in a file.
type Pos struct {
	Line int `json:"line"`   // 1-based
	Col  int `json:"column"` // 1-based, in characters
}

type kind uint8

const (
	kindEmpty kind = iota // nothing after the key or the dash
	kindNull              // null or ~
	kindText
	kindInt
	kindFloat
	kindBool
	kindMapping
	kindSequence
)

func (k kind) scalar() bool { return k >= kindNull && k <= kindBool }

// texts returns the text of a scalar, or those of a list of nothing else.
func (n *node) texts() []string {
	items := n.items
	if n.kind.scalar() {
		items = []*node{n}
	}
	var out []string
	for _, item := range items {
		if item == nil || !item.kind.scalar() {
			return nil
		}
		out = append(out, item.text)
	}
	return out
}

// describe says what a node is, for "takes a list, not ...".
func (n *node) describe() string {
	switch n.kind {
	case kindEmpty:
		return "nothing"
	case kindNull:
		return "null"
	case kindInt, kindFloat:
		return "the number " + n.text
	case kindBool:
		return n.text
	case kindMapping:
		return "a mapping"
	case kindSequence:
		return "a list"
	default:
		return "text"
	}
}
