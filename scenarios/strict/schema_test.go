package strict_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// TestSchemaOf: keys in the order of the type, one definition for each kind of
// value, and whatever Decode takes for a text.
func TestSchemaOf(t *testing.T) {
	describe := func(goType, key string) string {
		if goType == "inner" && key == "a" {
			return "the <first>"
		}
		return ""
	}
	got, err := json.Marshal(strict.SchemaOf(reflect.TypeFor[record](), vocabularies, describe))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{` +
		`"name":{"type":"string","pattern":"\\S"},` +
		`"count":{"type":"integer","minimum":0,"maximum":65535},` +
		`"on":{"type":"boolean"},` +
		`"maybe":{"type":"boolean"},` +
		`"colour":{"$ref":"#/$defs/colour"},` +
		`"life":{"$ref":"#/$defs/Duration"},` +
		`"size":{"$ref":"#/$defs/Size"},` +
		`"cipher":{"$ref":"#/$defs/cipher"},` +
		`"list":{"type":"array","items":{"$ref":"#/$defs/cipher"},"uniqueItems":true},` +
		`"inner":{"$ref":"#/$defs/inner"},` +
		`"many":{"type":"array","items":{"$ref":"#/$defs/inner"}}},` +
		`"required":["name"],"additionalProperties":false,"$defs":{` +
		`"Duration":{"type":"string","pattern":"^([0-9]+(\\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$"},` +
		`"Size":{"anyOf":[{"type":"integer","minimum":0,"maximum":1099511627776},{"type":"string","pattern":"^[0-9]+ *(kB|MB|GB|KiB|MiB|GiB)?$"}]},` +
		`"cipher":{"enum":["null",null,"aes128-cbc","3des-cbc"]},` +
		`"colour":{"enum":["red","green"]},` +
		`"inner":{"type":"object","properties":{"a":{"description":"the \u003cfirst\u003e","type":"string","pattern":"\\S"},"b":{"type":"integer","minimum":0,"maximum":255}},"required":["a"],"additionalProperties":false}}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
