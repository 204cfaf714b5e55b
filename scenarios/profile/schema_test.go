package profile_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios/profile"
)

const schemaFile = "../profiles/profile.schema.json"

// TestSchema: the committed schema is the one that the types give.
func TestSchema(t *testing.T) {
	got := profile.Schema()
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date; go test -update writes it:\n%s", schemaFile, diff)
	}
}

// TestSchemaDescriptions: editors have something to show for every key.
func TestSchemaDescriptions(t *testing.T) {
	var walk func(where string, s map[string]any)
	walk = func(where string, s map[string]any) {
		properties, _ := s["properties"].(map[string]any)
		for key, below := range properties {
			if text, _ := below.(map[string]any)["description"].(string); text == "" {
				t.Errorf("%s.%s has no description", where, key)
			}
		}
		defs, _ := s["$defs"].(map[string]any)
		for name, def := range defs {
			walk(name, def.(map[string]any))
		}
	}
	walk("Profile", schema(t))
}

func schema(t testing.TB) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(profile.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemaAdmits: what Parse reads, the schema admits: every built-in profile
// and every fixture.
func TestSchemaAdmits(t *testing.T) {
	files, err1 := filepath.Glob("../profiles/*.yaml")
	fixtures, err2 := filepath.Glob("testdata/lint/*/*.yaml")
	if err1 != nil || err2 != nil || len(files) < 6 || len(fixtures) < 60 {
		t.Fatal(err1, err2, len(files), len(fixtures))
	}
	s := schema(t)
	for _, file := range append(append(files, fixtures...), "testdata/base.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, mistake := range validateYAML(t, s, string(data)) {
			t.Errorf("%s: %s", file, mistake)
		}
	}
}

// TestSchemaRefuses: mistakes that do not take the whole profile to see.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	for _, e := range []edit{
		{"title: A protocol between hosts\n", ""},
		{"name: base", "name: 5"},
		{"segment: host-to-host", "segment: host-to-moon"},
		{"nat: unlikely", "nat: true"},
		{"action: protect", "action: protekt"},
		{"protocol: tcp", "protocol: tpc"},
		{"protocol: tcp", "protocol: 256"},
		{"ports: [7]", "ports: [0]"},
		{"ports: [7]", "ports: 7"},
		{"ports: [7]", "ports: [7, 7]"},
		{"[responder]", "[192.0.2.300-x]"},
		{"[responder]", "[Any one]"},
		{"{must: [esp]}", "[esp]"},
		{"{must: [esp]}", "{must: [esp], mustnot: [ah]}"},
		{"must: [aes128-cbc], may: [null]", "must: [aes128], may: [null]"},
		{"lifetime: {max: 24h}", "lifetime: {max: 86400}"},
		{"lifetime: {max: 24h}", "lifetime: {max: 24h, volume: 3 bushels}"},
		{"switches_user: false", "switches_user: sometimes"},
		{"\nkeying:", "\nkeyring:"},
		{"version: 1", "version: 3"},
		{"    - {product: hosts, status: available}", "    - {product: hosts}"},
		{"rule: ikev1-deprecated", "rule: ikev1"},
	} {
		if len(validateYAML(t, s, base(t, e))) == 0 {
			t.Errorf("admitted: %q", e[1])
		}
	}
}

func validateYAML(t *testing.T, s map[string]any, text string) []string {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	// As JSON has it: whatever the number, it is a float64.
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return validate(s, s, v, "")
}

// validate holds a value against the part of JSON Schema that Schema uses, and
// fails on any other.
func validate(root, s map[string]any, v any, path string) (mistakes []string) {
	bad := func(format string, args ...any) {
		mistakes = append(mistakes, path+": "+fmt.Sprintf(format, args...))
	}
	for keyword, arg := range s {
		switch keyword {
		case "$schema", "$id", "title", "description", "$defs", "additionalProperties":
		case "$ref":
			name := strings.TrimPrefix(arg.(string), "#/$defs/")
			def, ok := root["$defs"].(map[string]any)[name].(map[string]any)
			if !ok {
				bad("no definition of %s", name)
				continue
			}
			mistakes = append(mistakes, validate(root, def, v, path)...)
		case "anyOf":
			if !slices.ContainsFunc(arg.([]any), func(one any) bool { return len(validate(root, one.(map[string]any), v, path)) == 0 }) {
				bad("%v is none of %v", v, arg)
			}
		case "type":
			if got := typeOf(v); got != arg && (got != "integer" || arg != "number") {
				bad("%v is of type %s, not %s", v, got, arg)
			}
		case "enum":
			if !slices.ContainsFunc(arg.([]any), func(one any) bool { return reflect.DeepEqual(one, v) }) {
				bad("%v is none of %v", v, arg)
			}
		case "pattern":
			if text, ok := v.(string); ok && !regexp.MustCompile(arg.(string)).MatchString(text) {
				bad("%q does not match %s", text, arg)
			}
		case "minimum":
			if n, ok := v.(float64); ok && n < arg.(float64) {
				bad("%v is less than %v", v, arg)
			}
		case "maximum":
			if n, ok := v.(float64); ok && n > arg.(float64) {
				bad("%v is more than %v", v, arg)
			}
		case "items":
			list, _ := v.([]any)
			for i, item := range list {
				mistakes = append(mistakes, validate(root, arg.(map[string]any), item, fmt.Sprintf("%s[%d]", path, i))...)
			}
		case "uniqueItems":
			list, _ := v.([]any)
			for i, item := range list {
				if slices.ContainsFunc(list[:i], func(one any) bool { return reflect.DeepEqual(one, item) }) {
					bad("%v is there twice", item)
				}
			}
		case "required":
			object, _ := v.(map[string]any)
			for _, key := range arg.([]any) {
				if _, ok := object[key.(string)]; object != nil && !ok {
					bad("missing %s", key)
				}
			}
		case "properties":
			object, _ := v.(map[string]any)
			for key, value := range object {
				if below, ok := arg.(map[string]any)[key].(map[string]any); ok {
					mistakes = append(mistakes, validate(root, below, value, path+"."+key)...)
				} else if s["additionalProperties"] == false {
					bad("unknown key %s", key)
				}
			}
		default:
			bad("this test does not know the keyword %s", keyword)
		}
	}
	return mistakes
}

func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}
