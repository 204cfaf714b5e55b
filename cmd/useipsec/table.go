package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// row is a line of a table: its cells for people, the value for programs.
type row struct {
	cells []string
	value any
}

// printTable prints rows in columns. On a terminal the last column is broken into lines that fit; elsewhere a row stays one line.
func printTable(w io.Writer, header []string, rows []row) error {
	return writeTable(w, header, rows, terminalWidth(w))
}

// narrowest is what a column needs that is broken into lines. With less its lines go below those of the others.
const narrowest = 30

func writeTable(w io.Writer, header []string, rows []row, width int) error {
	last := len(header) - 1
	widths := make([]int, last)
	indent := 0
	for i := range widths {
		widths[i] = utf8.RuneCountInString(header[i])
		for _, r := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(r.cells[i]))
		}
		indent += widths[i] + 2
	}
	below := width > 0 && width-indent < narrowest
	if below {
		indent = 4
	}
	var b strings.Builder
	for _, r := range append([]row{{cells: header}}, rows...) {
		first := ""
		for i, n := range widths {
			first += fmt.Sprintf("%-*s  ", n, r.cells[i])
		}
		lines := wrap(r.cells[last], width-indent)
		if below {
			lines = append([]string{""}, lines...)
		}
		lines[0] = strings.TrimRight(first+lines[0], " ")
		b.WriteString(strings.Join(lines, "\n"+strings.Repeat(" ", indent)) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks a text at its spaces into lines of at most width characters, unless a word is longer, or width too small to
// make sense.
func wrap(text string, width int) []string {
	if width < narrowest {
		return []string{text}
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// terminal is the file behind a writer if that is a terminal that can move its cursor and show colours.
func terminal(w io.Writer) (*os.File, bool) {
	if o, ok := w.(*output); ok {
		w = o.w
	}
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

func isTerminal(w io.Writer) bool {
	_, ok := terminal(w)
	return ok
}

// terminalWidth is how many characters fit into a line, 0 if nothing limits them.
func terminalWidth(w io.Writer) int {
	f, ok := terminal(w)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
