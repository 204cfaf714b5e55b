package peer

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// confFiles are a daemon's configuration: file name, which may have directories, to
// content. They hold the secrets.
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

// write puts the files below dir, readable for nobody else.
func (f confFiles) write(dir string) error {
	for name, content := range f {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("harness/peer: %w", err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return fmt.Errorf("harness/peer: %w", err)
		}
	}
	return nil
}

// redacted are the files without the secrets.
func (f confFiles) redacted(secrets [][]byte) confFiles {
	out := make(confFiles, len(f))
	for name, content := range f {
		out[name] = redact(content, secrets)
	}
	return out
}

// redact takes secrets out of text, in the forms in which they could be there.
// The longest go first, since one may begin with another.
func redact(text []byte, secrets [][]byte) []byte {
	s := string(text)
	longest := slices.SortedFunc(slices.Values(secrets), func(a, b []byte) int { return len(b) - len(a) })
	for _, secret := range longest {
		if len(secret) == 0 {
			continue
		}
		for _, form := range []string{"0x" + hex.EncodeToString(secret), hex.EncodeToString(secret), string(secret)} {
			s = strings.ReplaceAll(s, form, "(redacted)")
		}
	}
	return []byte(s)
}
