// Package report turns results into what people and other programs read: results.json,
// JUnit, a matrix, a page with the packets of every trial, and text for the terminal.
//
// It decides nothing. Everything it writes is a function of a bundle of evidence and of the
// results over it, and is written into the bundle beside the evidence.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
)

// Names of the files in a bundle.
const (
	FileResults = "results.json"
	FileHTML    = "report.html"
	FileJUnit   = "junit.xml"
	FileMatrix  = "matrix.md"
	// In the directory of each trial:
	FileVerdict = "verdict.json"
	FileExplain = "explain.md"
)

// Write writes all reports on a bundle into it, results.json first. One that cannot be written
// does not keep the others from being tried. The error is that of the first one, and says how
// many more there were: on a full disk they all have the same.
func Write(b *evidence.Bundle, res *check.Result) error {
	var first error
	failed := 0
	file := func(name string, write func(io.Writer) error) {
		if err := b.WriteFile(name, write); err != nil {
			first = cmp.Or(first, err)
			failed++
		}
	}
	file(FileResults, func(w io.Writer) error { return JSON(w, res) })
	file(FileJUnit, func(w io.Writer) error { return JUnit(w, res) })
	file(FileMatrix, func(w io.Writer) error { return Matrix(w, res) })
	ladders := ladders(b, res)
	for i := range res.Trials {
		t := &res.Trials[i]
		if t.Dir == "" {
			continue // it never began
		}
		file(path.Join(t.Dir, FileVerdict), func(w io.Writer) error { return encode(w, t) })
		file(path.Join(t.Dir, FileExplain), func(w io.Writer) error { return explain(w, t, ladders[i]) })
	}
	file(FileHTML, func(w io.Writer) error { return page(w, b.Run(), res, ladders) })
	switch failed {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("harness/report: %w", first)
	}
	return fmt.Errorf("harness/report: %w; and %s", first, plural(failed-1, "further file"))
}

// JSON writes results.json: the same octets for the same result.
func JSON(w io.Writer, res *check.Result) error { return encode(w, res) }

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
