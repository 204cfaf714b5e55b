package peer

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// confFiles are a daemon's configuration: file name to content. They hold the
// secret.
type confFiles map[string][]byte

// confWriter writes configuration files, indented by blocks.
type confWriter struct {
	strings.Builder
	depth int
}

func (w *confWriter) line(format string, args ...any) {
	w.WriteString(strings.Repeat("  ", w.depth))
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

// block is the block syntax of strongSwan's files.
func (w *confWriter) block(name string, body func()) {
	w.section(name+" {", body)
	w.line("}")
}

// section is a headline with indented lines, the syntax of ipsec.conf.
func (w *confWriter) section(name string, body func()) {
	w.line("%s", name)
	w.depth++
	body()
	w.depth--
}

// redact takes the secret out of text, in the forms in which it could be there.
func redact(text, psk []byte) []byte {
	if len(psk) == 0 {
		return text
	}
	s := string(text)
	for _, form := range []string{"0x" + hex.EncodeToString(psk), hex.EncodeToString(psk), string(psk)} {
		s = strings.ReplaceAll(s, form, "(redacted)")
	}
	return []byte(s)
}
