package evidence

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// digests gives the SHA-256 of every file of the bundle that is not derived from the others.
func (b *Bundle) digests() (map[string]string, error) {
	sums := map[string]string{}
	err := filepath.WalkDir(b.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || derived[d.Name()] {
			return err
		}
		rel, err := filepath.Rel(b.dir, name)
		if err != nil {
			return err
		}
		sums[filepath.ToSlash(rel)], err = digest(name)
		return err
	})
	return sums, err
}

func digest(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeManifest writes the digests in the form of sha256sum, so that sha256sum -c reads them.
func (b *Bundle) writeManifest() error {
	sums, err := b.digests()
	if err != nil {
		return fmt.Errorf("captures/evidence: manifest: %w", err)
	}
	return b.WriteFile(fileManifest, func(w io.Writer) error {
		for _, name := range sorted(sums) {
			if _, err := fmt.Fprintf(w, "%s  %s\n", sums[name], name); err != nil {
				return err
			}
		}
		return nil
	})
}

func sorted(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// checkManifest holds the bundle against its manifest and tells the differences.
func (b *Bundle) checkManifest() []string {
	f, err := os.Open(filepath.Join(b.dir, fileManifest))
	if err != nil {
		return []string{"there is no manifest: nobody can tell whether the evidence is as the run left it"}
	}
	defer f.Close()
	want := map[string]string{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if sum, name, ok := strings.Cut(sc.Text(), "  "); ok {
			want[name] = sum
		}
	}
	have, err := b.digests()
	if err != nil {
		return []string{fmt.Sprintf("the manifest could not be checked: %v", err)}
	}
	b.altered = map[string]string{}
	var notes []string
	for _, name := range sorted(want) {
		switch sum, there := have[name]; {
		case !there && strings.Contains(name, "/"+dirKeys+"/"):
			notes = append(notes, name+" is missing: keys were taken out since the run")
		case !there:
			b.alter(&notes, name, name+" is missing since the run")
		case sum != want[name]:
			b.alter(&notes, name, fmt.Sprintf("%s was %v", name, ErrAltered))
		}
	}
	for _, name := range sorted(have) {
		if _, known := want[name]; !known {
			b.alter(&notes, name, name+" is new since the run")
		}
	}
	return notes
}

// judged are the files of a trial that decide what it comes to.
var judged = []string{fileTrial, fileWire, fileFaults, fileCerts, dirKeys + "/" + fileKeys}

// alter adds a note, and keeps it for the trials that the file is evidence of.
func (b *Bundle) alter(notes *[]string, name, note string) {
	*notes = append(*notes, note)
	b.altered[name] = note
}

// alteredTrial returns the note on the first file that decides about the trial in dir.
func (b *Bundle) alteredTrial(dir string) string {
	if note := b.altered[fileRun]; note != "" {
		return note
	}
	for _, f := range judged {
		if note := b.altered[path.Join(dir, f)]; note != "" {
			return note
		}
	}
	return ""
}
