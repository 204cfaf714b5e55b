// Package report turns results into what people and other programs read: results.json,
// JUnit, a matrix, a page with the packets of every trial, and text for the terminal.
//
// It decides nothing. Everything it writes is a function of a bundle of evidence and of the
// results over it, and is written into the bundle beside the evidence.
package report

import (
	"encoding/json"
	"errors"
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

// Write writes all reports on a bundle into it. One that cannot be written does not keep
// the others from being tried; results.json goes first.
func Write(b *evidence.Bundle, res *check.Result) error {
	file := func(name string, write func(io.Writer) error) error {
		if err := b.WriteFile(name, write); err != nil {
			return fmt.Errorf("harness/report: %w", err)
		}
		return nil
	}
	err := errors.Join(
		file(FileResults, func(w io.Writer) error { return JSON(w, res) }),
		file(FileJUnit, func(w io.Writer) error { return JUnit(w, res) }),
		file(FileMatrix, func(w io.Writer) error { return Matrix(w, res) }),
	)
	ladders := ladders(b, res)
	for i := range res.Trials {
		t := &res.Trials[i]
		if t.Dir == "" {
			continue // it never began
		}
		err = errors.Join(
			err,
			file(path.Join(t.Dir, FileVerdict), func(w io.Writer) error { return encode(w, t) }),
			file(path.Join(t.Dir, FileExplain), func(w io.Writer) error { return explain(w, t, ladders[i]) }),
		)
	}
	return errors.Join(err, file(FileHTML, func(w io.Writer) error { return page(w, b.Run(), res, ladders) }))
}

// JSON writes results.json: the same octets for the same result.
func JSON(w io.Writer, res *check.Result) error { return encode(w, res) }

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
