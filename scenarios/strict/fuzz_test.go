package strict_test

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzDecode: no text causes a panic, every mistake lies within the text, and
// a text that is refused says why.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("name: x\ninner: {a: q, b: 3}\nmany:\n- a: one\n- {a: two}\n")
	f.Add("name: |\n  a\n  b\nlist:\n  - null\n  - ? x\n")
	f.Add("%YAML 1.2\n---\n? a\n: !!str &b c\n...\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, doc := decode(text)
		for _, e := range doc.Mistakes() {
			if e.Line < 1 || e.Col < 1 || e.Msg == "" {
				t.Errorf("%+v", e)
			}
			_ = e.Detail()
		}
	})
}
