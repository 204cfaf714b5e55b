package scenarios_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/scenarios"
)

// FuzzParse: no text causes a panic; a scenario that is read can be asked
// everything and comes back from JSON; one that is not says where the mistakes
// are.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".yaml") || strings.HasPrefix(name, "profile") || strings.HasPrefix(name, "strict") {
			return err
		}
		data, err := os.ReadFile(name)
		f.Add(data)
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := scenarios.Parse("fuzz.yaml", data)
		if err != nil {
			var mistakes scenarios.Errors
			if !errors.As(err, &mistakes) || len(mistakes) == 0 || mistakes[0].Line < 1 || mistakes[0].Col < 1 {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, role := range s.Trials() {
			s.Needs(role)
		}
		s.Steps()
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &scenarios.Scenario{}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzMatchID: a pattern never panics, and every ID takes itself.
func FuzzMatchID(f *testing.F) {
	f.Add("**/a*/[b-c]?/**", "x/ab/cd/e")
	f.Add("main/psk", "main/psk/aes")
	f.Fuzz(func(t *testing.T, pattern, id string) {
		scenarios.MatchID(pattern, id)
		if !strings.ContainsAny(id, `*?[\`) && !strings.HasSuffix(id, "/") && !scenarios.MatchID(id, id) {
			t.Errorf("%q does not take itself", id)
		}
	})
}
