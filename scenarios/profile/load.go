package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/useipsec/useipsec/scenarios/profiles"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// ErrUnknown is the error for the name of a profile that is not built in.
var ErrUnknown = errors.New("unknown profile")

// Load reads the profile in a file. Mistakes in it are returned as Errors, all
// of them at once.
func Load(fsys fs.FS, name string) (*Profile, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("scenarios/profile: %w", err)
	}
	return Parse(name, data)
}

// Parse reads a profile; filename is for the messages. Mistakes are returned as
// Errors, all of them at once; the profile is then nil.
func Parse(filename string, data []byte) (*Profile, error) {
	p := &Profile{}
	p.doc = strict.Decode(filename, slices.Clone(data), p, Vocabularies())
	p.resolve()
	p.checkAnswers()
	p.checkContradictions()
	if err := p.doc.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

// Builtins returns the names of the built-in profiles, sorted.
func Builtins() []string { return slices.Clone(builtins()) }

var builtins = sync.OnceValue(func() []string {
	files, err := fs.Glob(profiles.FS, "*.yaml")
	if err != nil { // the pattern is a constant
		return nil
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".yaml")
	}
	slices.Sort(files)
	return files
})

// Builtin returns a built-in profile by its name. The error for any other name
// wraps ErrUnknown and proposes what may be meant.
func Builtin(name string) (*Profile, error) {
	if !slices.Contains(builtins(), name) {
		if near := strict.Nearest(name, builtins(), 1); len(near) > 0 {
			return nil, fmt.Errorf("scenarios/profile: %w %q; did you mean %q?", ErrUnknown, name, near[0])
		}
		return nil, fmt.Errorf("scenarios/profile: %w %q; built in are %s", ErrUnknown, name, strings.Join(builtins(), ", "))
	}
	return Load(profiles.FS, name+".yaml")
}

// File returns the name that the profile was read under, "" for one made in
// memory.
func (p *Profile) File() string {
	if p.doc == nil {
		return ""
	}
	return p.doc.File
}

// Source returns the text of the profile, which is not to be changed; nil for
// one made in memory.
func (p *Profile) Source() []byte {
	if p.doc == nil {
		return nil
	}
	return p.doc.Data
}

// At returns the line and column, both 1-based, and the text of the line where
// a path such as "keying.phase1.group.must[2]" stands in the profile; for what
// it does not say, the nearest place above.
func (p *Profile) At(path string) (line, col int, excerpt string) {
	if p.doc == nil {
		return 1, 1, ""
	}
	pos := p.doc.At(path)
	return pos.Line, pos.Col, p.doc.Line(pos.Line)
}

// checkAnswers reports the questions that are not answered.
func (p *Profile) checkAnswers() {
	if !p.doc.Complete("") {
		return
	}
	for _, item := range Items() {
		if key := item.Key(); !p.doc.Has(key) {
			p.doc.Errorf(key, "missing answer %s, %q: %s (section 8)", item, key, item.Question())
		}
	}
}
