package strict_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios/strict"
)

var update = flag.Bool("update", false, "write the golden files")

type colour uint8

var colourNames = strict.Names{"", "red", "green"}

func (c *colour) UnmarshalText(b []byte) error { return strict.Unmarshal(colourNames, c, b) }
func (colour) Values() []string                { return colourNames.Values() }

type record struct {
	Name   string          `yaml:"name" strict:"required"`
	Count  uint16          `yaml:"count"`
	On     bool            `yaml:"on"`
	Maybe  *bool           `yaml:"maybe"`
	Colour colour          `yaml:"colour"`
	Life   strict.Duration `yaml:"life"`
	Size   strict.Size     `yaml:"size"`
	Cipher string          `yaml:"cipher" strict:"vocab=cipher"`
	List   []string        `yaml:"list" strict:"vocab=cipher"`
	Inner  *inner          `yaml:"inner"`
	Many   []inner         `yaml:"many"`
	Hidden string
}

type inner struct {
	A string `yaml:"a" strict:"required"`
	B uint8  `yaml:"b"`
}

var vocabularies = map[string][]string{"cipher": {"null", "aes128-cbc", "3des-cbc"}}

func decode(text string) (*record, *strict.Document) {
	var r record
	return &r, strict.Decode("t.yaml", []byte(text), &r, vocabularies)
}

func TestDecode(t *testing.T) {
	yes := true
	tests := []struct {
		name, text string
		want       record
	}{
		{
			"scalars", "name: x\ncount: 179\non: true\nmaybe: true\ncolour: green\nlife: 1h30m\nsize: 4KiB\n",
			record{Name: "x", Count: 179, On: true, Maybe: &yes, Colour: 2, Life: strict.Duration(5400e9), Size: 4096},
		},
		{
			"null is a cipher", "name: x\ncipher: null\nlist: [null, 3des-cbc]\n",
			record{Name: "x", Cipher: "null", List: []string{"null", "3des-cbc"}},
		},
		{
			"nested", "name: \"x y\"\ninner: {a: q, b: 3}\nmany:\n- a: one\n- a: two\n  b: 255\n",
			record{Name: "x y", Inner: &inner{"q", 3}, Many: []inner{{"one", 0}, {"two", 255}}},
		},
		{"folded text", "name: >-\n  two\n  lines\n", record{Name: "two lines"}},
		{"byte order mark and CRLF", "\ufeffname: x\r\ncount: 1\r\n", record{Name: "x", Count: 1}},
		{"comments", "# first\nname: x # last\n# end\n", record{Name: "x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, doc := decode(tt.text)
			if err := doc.Err(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestMistakes has one mistake per row, and its place.
func TestMistakes(t *testing.T) {
	tests := []struct{ text, want string }{
		{"nmae: x", `1:1: unknown key "nmae"; did you mean "name"?`},
		{"name: x\nzzzzzz: 1", `2:1: unknown key "zzzzzz"; the keys here are name, count, on, maybe, colour, life, size, cipher, list, inner, many`},
		{"name: x\nname: y", `2:1: key "name" is there twice; first in line 1`},
		{"count: 1", `1:1: missing key "name"`},
		{"name: x\ninner:\n  b: 1", `2:1: missing key "a" in inner`},
		{"name: x\nmany:\n  - a: 1\n", `3:8: many[0].a takes text, not the number 1; put it in quotes if it is meant as text`},
		{"name: x\nmany: [{b: 1}]", `2:8: missing key "a" in many[0]`},
		{"name:", `1:1: name takes text, not nothing`},
		{"name: ''", `1:7: name takes text, but this is empty`},
		{"name: ~", `1:7: name takes text, not null; put it in quotes if it is meant as text`},
		{"name: true", `1:7: name takes text, not true; put it in quotes if it is meant as text`},
		{"name: [x]", `1:1: name takes text, not a list`},
		{"name: x\ncount: 65536", `2:8: count takes a whole number from 0 to 65535, not the number 65536`},
		{"name: x\ncount: 0x10", `2:8: count takes a whole number from 0 to 65535, not the number 0x10`},
		{"name: x\ncount: many", `2:8: count takes a whole number from 0 to 65535, not text`},
		{"name: x\non: yes", `2:5: on takes true or false, not text`},
		{"name: x\ncolour: gren", `2:9: unknown value "gren"; did you mean "green"? (one of red, green)`},
		{"name: x\ncolour: [red]", `2:1: colour takes one of red, green, not a list`},
		{"name: x\nlife: 28800", `2:7: 28800 has no unit; write a time span such as 8h`},
		{"name: x\nlife: soon", `2:7: "soon" is not a time span such as 90s, 30m or 8h`},
		{"name: x\nlife: -1h", `2:7: "-1h" is not a time span such as 90s, 30m or 8h`},
		{"name: x\nsize: 4XB", `2:7: "4XB" is not a size such as 64, 4KiB or 100MB`},
		{"name: x\nsize: 99999999999GB", `2:7: "99999999999GB" is not a size such as 64, 4KiB or 100MB`},
		{"name: x\ncipher: rot13", `2:9: unknown value "rot13"; one of null, aes128-cbc, 3des-cbc`},
		{"name: x\nlist: [aes128-cbc, aes128-cb]", `2:20: unknown value "aes128-cb"; did you mean "aes128-cbc"? (one of null, aes128-cbc, 3des-cbc)`},
		{"name: x\nlist: [null, null]", `2:14: list[1] "null" is in the list twice`},
		{"name: x\nlist: null", `2:7: list takes a list, not null; write [null]`},
		{"{name: x, list: [ff02::5]}", `1:18: list[0] takes text, not a mapping; text with a colon in it goes in quotes`},
		{"name: x\nlist: {}", `2:1: list takes a list, not a mapping`},
		{"name: x\ninner: 5", `2:8: inner takes a mapping with the keys a, b, not the number 5`},
		{"name: x\ninner:\ncount: 1", `2:1: inner takes a mapping with the keys a, b, not nothing`},
		{"name: &n x", `1:7: an anchor is not allowed here; write the value itself`},
		{"name: x\nlist: *n", `2:7: an alias is not allowed here; write the value itself`},
		{"name: !!str x", `1:7: a tag is not allowed here; write the value itself`},
		{"name: x\nmany:\n  - <<: {a: x}", `3:5: a merge key is not allowed here; write the keys themselves`},
		{"name: x\r\ncount: many\r\non: true\r\n", `2:8: count takes a whole number from 0 to 65535, not text`},
		{"name: x\r\ninner:\r\n  a: q\r\n  b: 256\r\n", `4:6: inner.b takes a whole number from 0 to 255, not the number 256`},
		{"name: x\rcount: 1\r", `1:1: the line has a carriage return without a line feed; lines end in LF or CRLF`},
		{"\xff\xfen\x00a\x00m\x00e\x00:\x00 \x00x\x00\n\x00", `1:1: the file is in UTF-16; save it in UTF-8`},
		{"\x00n\x00a\x00m\x00e\x00:\x00 \x00x\x00\n\x00#", `1:1: the file is in UTF-16; save it in UTF-8`},
		{"name: x\n<<: {count: 1}", `2:1: a merge key is not allowed here; write the keys themselves`},
		{"name: x\n--- \nname: y", `2:1: a second document is not allowed in one file`},
		{"- name: x", `1:1: the file takes a mapping with the keys name, count, on, maybe, colour, life, size, cipher, list, inner, many, not a list`},
		{"just text", `1:1: the file takes a mapping with the keys name, count, on, maybe, colour, life, size, cipher, list, inner, many, not text`},
		{"", `1:1: the file is empty`},
		{"# nothing\n", `1:1: the file is empty`},
		{"name: x\n\tcount: 1", `2:1: a tab cannot indent; use spaces`},
		{"name: 'x", `1:7: could not find end character of single-quoted text`},
		{"name: x\nlist: [null", `2:7: the bracket is not closed`},
		{"name: a: b", `1:7: a value with a colon in it goes in quotes`},
		{"name: x\n\n# deeper\n  count: 1", `4:3: the line is indented deeper than the one above, which has its value already`},
		{"name: x\n\n  count: 1", `3:3: the line is indented deeper than the one above, which has its value already`},
		{"name: x\ncount 1", `2:1: not a key with its value; after a key there is a colon and a space`},
		{"name: x\nmany:\n  - x", `3:5: many[0] takes a mapping with the keys a, b, not text`},
		{"name: \xff", `1:1: the line is not UTF-8`},
		{"name: x\x00", `1:1: the line has a control character`},
		{"name: " + strings.Repeat("x", 2000), `1:1: the line has 2006 octets; at most 1000 are read`},
		{"name: " + strings.Repeat("[", 100), `1:39: more than 32 brackets within brackets`},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			_, doc := decode(tt.text)
			var got strict.Errors
			if !errors.As(doc.Err(), &got) {
				t.Fatal("no mistake found")
			}
			if diff := cmp.Diff("t.yaml:"+tt.want, got[0].Error()); diff != "" || len(got) != 1 {
				t.Errorf("%d mistakes: %v\n%s", len(got), got, diff)
			}
		})
	}
}

// TestManyMistakes: one of every kind in one file, syntax errors included, all
// reported in the order of the text, none of them twice and none invented.
func TestManyMistakes(t *testing.T) {
	for _, name := range []string{"mistakes", "syntax"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var r record
			doc := strict.Decode(name+".yaml", text, &r, vocabularies)
			golden(t, filepath.Join("testdata", name+".golden"), doc.Err().Error()+"\n")
		})
	}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// TestBehindAnchors: an anchor or a tag is a mistake, and does not hide those in
// the value that it stands before.
func TestBehindAnchors(t *testing.T) {
	_, doc := decode("name: x\ninner: &i\n  b: 256\nmany: !!seq\n  - {a: 5}\n")
	var got []string
	for _, e := range doc.Mistakes() {
		got = append(got, e.Error())
	}
	want := []string{
		`t.yaml:2:1: missing key "a" in inner`,
		`t.yaml:2:8: an anchor is not allowed here; write the value itself`,
		`t.yaml:3:6: inner.b takes a whole number from 0 to 255, not the number 256`,
		`t.yaml:4:7: a tag is not allowed here; write the value itself`,
		`t.yaml:5:9: many[0].a takes text, not the number 5; put it in quotes if it is meant as text`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestQuote: the mark stands under its column, and what a terminal would act on
// is not shown.
func TestQuote(t *testing.T) {
	long := strings.Repeat("a", 500) + "b" + strings.Repeat("c", 499)
	for _, tt := range []struct {
		line string
		col  int
		want string
	}{
		{"\tab: c", 6, "    7 | \tab: c\n      | \t    ^"},
		{"é: \x1b[31mx\x00\xff", 9, "    7 | é: �[31mx��\n      |         ^"},
		{long, 501, "    7 | …" + strings.Repeat("a", 98) + "b" + strings.Repeat("c", 99) + "…\n      | " + strings.Repeat(" ", 99) + "^"},
		{long, 1, "    7 | " + strings.Repeat("a", 199) + "…\n      | ^"},
		{long, 1000, "    7 | …" + strings.Repeat("c", 199) + "\n      | " + strings.Repeat(" ", 199) + "^"},
	} {
		if diff := cmp.Diff(tt.want, strict.Quote(tt.line, 7, tt.col)); diff != "" {
			t.Errorf("column %d of %.20q: %s", tt.col, tt.line, diff)
		}
	}
}

func TestLimits(t *testing.T) {
	_, doc := decode("name: x\n" + strings.Repeat("# comment\n", 7000))
	if got, want := doc.Err().Error(), "t.yaml:1:1: the file has more than 65536 octets, the most that is read"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	_, doc = decode("name: x\n" + strings.Repeat("unknown: y\n", 1000))
	got := doc.Mistakes()
	if last := got[len(got)-1]; len(got) != 201 || last.Error() != "t.yaml:203:1: there are more mistakes from here on" {
		t.Errorf("%d mistakes, the last is %v", len(got), last)
	}
}

func TestDocument(t *testing.T) {
	_, doc := decode("name: x\nlist: [null,\n  3des-cbc]\nmany:\n  - a: q\n    b: 1\n")
	at := map[string]strict.Pos{
		"":              {Line: 1, Col: 1},
		"name":          {Line: 1, Col: 7},
		"list":          {Line: 2, Col: 1},
		"list[0]":       {Line: 2, Col: 8},
		"list[1]":       {Line: 3, Col: 3},
		"list[7]":       {Line: 2, Col: 1},
		"many":          {Line: 4, Col: 1},
		"many[0]":       {Line: 5, Col: 5},
		"many[0].b":     {Line: 6, Col: 8},
		"many[0].c.d.e": {Line: 5, Col: 5},
		"nowhere":       {Line: 1, Col: 1},
	}
	for path, want := range at {
		if got := doc.At(path); got != want {
			t.Errorf("At(%q) = %v, want %v", path, got, want)
		}
	}
	if !doc.Has("many[0].b") || doc.Has("many[1]") || doc.Has("count") {
		t.Error("Has is wrong")
	}
	if !doc.Complete("") || !doc.Complete("many[0]") {
		t.Error("a text without mistakes is complete")
	}
	doc.Errorf("list", "first")
	doc.Errorf("list", "second")
	doc.Errorf("name", "before")
	want := "t.yaml:1:7: before\n    1 | name: x\n      |       ^\n" +
		"t.yaml:2:1: first\n    2 | list: [null,\n      | ^"
	if diff := cmp.Diff(want, doc.Err().Error()); diff != "" {
		t.Error(diff)
	}
	var one *strict.Error
	if !errors.As(doc.Err(), &one) || one.Path != "name" {
		t.Errorf("errors.As found %+v", one)
	}
}
