package spd

import (
	"reflect"
	"regexp"
	"testing"

	"github.com/useipsec/useipsec/esp"
)

// TestDeviationNames holds that scenarios can switch on every fault by a name of its own.
func TestDeviationNames(t *testing.T) {
	slug := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for _, d := range []any{esp.Deviations{}, Deviations{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(d)) {
			name := f.Tag.Get("yaml")
			if !slug.MatchString(name) || seen[name] {
				t.Errorf("%T.%s: name %q", d, f.Name, name)
			}
			seen[name] = true
		}
	}
}
