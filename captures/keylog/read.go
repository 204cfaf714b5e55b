package keylog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxSize bounds the input. A table of ten thousand SAs has two mebioctets.
const maxSize = 16 << 20

// Read reads key material in any of the formats the package knows. name is the
// file's, for errors. A file of nothing but comments is an empty Log. Errors other
// than r's are *[ParseError].
func Read(name string, r io.Reader) (*Log, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("captures/keylog: %s: %w", name, err)
	}
	p := parser{file: name, log: &Log{}}
	if err := p.parse(data); err != nil {
		return nil, err
	}
	return p.log, nil
}

// parser reads one file into log.
type parser struct {
	file string
	log  *Log
}

func (p *parser) parse(data []byte) error {
	switch {
	case len(data) > maxSize:
		return p.fail(1, fmt.Errorf("%w: more than %d octets; is this the capture?", ErrLimit, maxSize))
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return p.fail(1, syntax("the file is in UTF-16: save it as UTF-8"))
	case bytes.IndexByte(data, 0) >= 0:
		return p.fail(1, syntax("the file is binary; is this the capture?"))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if first, line := firstSignificant(data); first == '{' {
		if !utf8.Valid(data) {
			return p.fail(line, syntax("JSON is UTF-8: write a pre-shared key that is not as psk_hex"))
		}
		return p.parseJSON(data)
	}
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if err := p.parseLine(line, strings.TrimSpace(string(text))); err != nil {
			return err
		}
	}
	return nil
}

// firstSignificant returns the first octet that is neither white space nor in a
// comment, with its line; 0 when there is none.
func firstSignificant(data []byte) (first byte, line int) {
	for text := range bytes.Lines(data) {
		line++
		if t := bytes.TrimSpace(text); len(t) > 0 && t[0] != '#' {
			return t[0], line
		}
	}
	return 0, line
}

// parseLine reads one line of a table, or of tshark options.
func (p *parser) parseLine(line int, text string) error {
	switch {
	case text == "" || text[0] == '#':
		return nil
	case text[0] == '{':
		return p.fail(line, syntax("JSON after lines of another format: put it in a file of its own"))
	case strings.HasPrefix(text, "-o"), strings.HasPrefix(text, "uat:"),
		strings.HasPrefix(text, "tshark "), strings.HasPrefix(text, "wireshark "):
		for _, o := range options(text) {
			if err := p.entry(line, o.table, o.row); err != nil {
				return err
			}
		}
		return nil
	}
	fields, err := split(text)
	if err != nil {
		return p.fail(line, err)
	}
	switch n := len(fields); {
	case n == ikev1Columns:
		return p.entry(line, ikev1Table, text)
	case n == ikev2Columns && len(fields[0]) == 16:
		return p.fail(line, syntax("this is a row of Wireshark's ikev2_decryption_table; only IKEv1 is read here"))
	case n >= espColumns:
		return p.entry(line, espTable, text)
	}
	return p.fail(line, syntax("neither a JSON object nor a row of Wireshark's ikev1_decryption_table (2 columns) or esp_sa (%d); the line has %d", espColumns, len(fields)))
}

// entry adds one row of a Wireshark table.
func (p *parser) entry(line int, table, row string) error {
	fields, err := split(row)
	if err != nil {
		return p.fail(line, err)
	}
	switch table {
	case ikev1Table:
		var e ISAKMP
		if e, err = parseIKEv1Row(fields); err == nil {
			p.log.ISAKMP = append(p.log.ISAKMP, e)
		}
	case espTable:
		var sa SA
		if sa, err = parseESPRow(fields); err == nil {
			p.log.SAs = append(p.log.SAs, sa)
		}
	}
	return p.skip(line, err)
}

// skip turns the error of an entry that is merely of no use into a note.
func (p *parser) skip(line int, err error) error {
	if err == nil {
		return nil
	}
	var u unsupported
	if errors.As(err, &u) {
		p.log.Skipped = append(p.log.Skipped, Skipped{File: p.file, Line: line, Reason: string(u)})
		return nil
	}
	return p.fail(line, err)
}

func (p *parser) fail(line int, err error) error {
	return &ParseError{File: p.file, Line: line, Err: err}
}
