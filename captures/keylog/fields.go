package keylog

import (
	"encoding/hex"
	"strings"
)

// split cuts a row of a Wireshark table at its commas. A field is quoted, with
// the escapes that Wireshark writes for what is not printable, or bare.
func split(row string) ([]string, error) {
	var fields []string
	for {
		row = strings.TrimLeft(row, " \t")
		var f string
		if strings.HasPrefix(row, `"`) {
			var err error
			if f, row, err = quoted(row[1:]); err != nil {
				return nil, err
			}
			row = strings.TrimLeft(row, " \t")
		} else {
			end := strings.IndexByte(row, ',')
			if end < 0 {
				end = len(row)
			}
			f, row = strings.TrimSpace(row[:end]), row[end:]
		}
		fields = append(fields, f)
		if row == "" {
			return fields, nil
		}
		if row[0] != ',' {
			return nil, syntax("column %d goes on after its closing quote", len(fields))
		}
		row = row[1:]
	}
}

// The escapes of one character that stand for another.
var escapes = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// quoted reads up to the closing quote and returns what follows it.
func quoted(s string) (field, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), s[i+1:], nil
		case '\\':
			i++
			if i == len(s) {
				return "", "", syntax("the line ends after a backslash")
			}
			if s[i] == 'x' {
				if i+2 >= len(s) {
					return "", "", syntax(`\x needs two hexadecimal digits`)
				}
				v, err := hex.DecodeString(s[i+1 : i+3])
				if err != nil {
					return "", "", syntax(`\x needs two hexadecimal digits`)
				}
				b.Write(v)
				i += 2
				continue
			}
			if e, ok := escapes[s[i]]; ok {
				b.WriteByte(e)
			} else {
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", syntax("a quoted column does not end on its line")
}

// option is one -o uat:TABLE:ROW of a tshark command line.
type option struct{ table, row string }

// options returns the rows that a tshark command line, or a piece of one, sets.
// Other options are passed over: they are pasted along.
func options(line string) []option {
	var found []option
	for _, arg := range arguments(line) {
		arg = strings.TrimPrefix(arg, "-o")
		switch {
		case len(arg) >= 2 && arg[0] == '\'' && arg[len(arg)-1] == '\'':
			arg = arg[1 : len(arg)-1]
		case strings.HasPrefix(arg, `"uat:`) && strings.HasSuffix(arg, `"`):
			arg = strings.ReplaceAll(arg[1:len(arg)-1], `\"`, `"`)
		}
		for _, table := range []string{ikev1Table, espTable} {
			if row, ok := strings.CutPrefix(arg, "uat:"+table+":"); ok {
				found = append(found, option{table, row})
			}
		}
	}
	return found
}

// arguments cuts at white space outside quotes and keeps the quotes: whether a
// shell has already removed a level of them, the pasted text does not tell.
func arguments(line string) []string {
	var args []string
	var quote byte
	start := -1 // of the argument that i is in
	for i := 0; i < len(line); i++ {
		c := line[i]
		if quote == 0 && (c == ' ' || c == '\t') {
			if start >= 0 {
				args = append(args, line[start:i])
			}
			start = -1
			continue
		}
		if start < 0 {
			start = i
		}
		switch {
		case c == '\\':
			i++ // whatever follows does not open or close a quote
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	if start >= 0 {
		args = append(args, line[start:])
	}
	return args
}

// parseHex reads hexadecimal digits with or without 0x before them.
func parseHex(what, s string) ([]byte, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok {
		digits = strings.TrimPrefix(s, "0X")
	}
	b, err := hex.DecodeString(digits)
	switch {
	case err == nil && len(b) == 0:
		return nil, nil
	case err == nil:
		return b, nil
	case len(digits)%2 != 0:
		return nil, syntax("%s has an odd number of hexadecimal digits, %d", what, len(digits))
	}
	return nil, syntax("%s is not hexadecimal", what)
}
