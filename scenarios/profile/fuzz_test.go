package profile_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/useipsec/useipsec/scenarios/profile"
)

// FuzzParse: no text causes a panic; a profile that is read can be linted and
// written as JSON, its findings as SARIF; one that is not says where the mistakes are.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"testdata/base.yaml", "testdata/mistakes.yaml", "../profiles/bgp.yaml", "../profiles/road-warrior.yaml", "testdata/lint/nested/fail.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := profile.Parse("fuzz.yaml", data)
		if err != nil {
			var mistakes profile.Errors
			if !errors.As(err, &mistakes) || len(mistakes) == 0 || mistakes[0].Line < 1 || mistakes[0].Col < 1 {
				t.Fatalf("%v", err)
			}
			return
		}
		found := profile.LintAll(p)
		for _, finding := range found {
			_ = finding.Detail()
		}
		if err := profile.WriteSARIF(io.Discard, found); err != nil {
			t.Error(err)
		}
		if _, err := json.Marshal(p); err != nil {
			t.Error(err)
		}
	})
}
