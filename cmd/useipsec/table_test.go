package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestTable: on a terminal the last column is broken into lines, and goes below when there is no room beside the others.
func TestTable(t *testing.T) {
	header := []string{"NAME", "WHAT"}
	rows := []row{
		{cells: []string{"a", "one two three four five six seven eight nine"}},
		{cells: []string{strings.Repeat("ä", 10), "short"}},
	}
	for _, tt := range []struct {
		width int
		want  string
	}{
		{0, "NAME        WHAT\na           one two three four five six seven eight nine\nääääääääää  short\n"},
		{44, "NAME        WHAT\na           one two three four five six\n            seven eight nine\nääääääääää  short\n"},
		{40, "NAME\n    WHAT\na\n    one two three four five six seven\n    eight nine\nääääääääää\n    short\n"},
	} {
		var b bytes.Buffer
		if err := writeTable(&b, header, rows, tt.width); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, b.String()); d != "" {
			t.Errorf("%d columns (-want +got):\n%s", tt.width, d)
		}
	}
}

// TestListsFit: every list is legible on a terminal of usual size.
func TestListsFit(t *testing.T) {
	for _, l := range lists {
		rows, err := l.rows(t.Context(), listFlags{})
		if err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{80, 120} {
			var b bytes.Buffer
			if err := writeTable(&b, l.header, rows, width); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, " \n")); n > width {
					t.Errorf("list %s: a line of %d characters on a terminal of %d: %s", l.name, n, width, line)
				}
			}
		}
	}
}
