package strict

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Schema is a JSON Schema (draft 2020-12), as far as Decode has use for it.
type Schema struct {
	Dialect     string     `json:"$schema,omitempty"`
	ID          string     `json:"$id,omitempty"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Ref         string     `json:"$ref,omitempty"`
	AnyOf       []*Schema  `json:"anyOf,omitempty"`
	Type        string     `json:"type,omitempty"`
	Enum        []any      `json:"enum,omitempty"`
	Pattern     string     `json:"pattern,omitempty"`
	Minimum     *uint64    `json:"minimum,omitempty"`
	Maximum     *uint64    `json:"maximum,omitempty"`
	Items       *Schema    `json:"items,omitempty"`
	UniqueItems bool       `json:"uniqueItems,omitempty"`
	Properties  Properties `json:"properties,omitempty"`
	Required    []string   `json:"required,omitempty"`
	Closed      *bool      `json:"additionalProperties,omitempty"`
	Defs        Properties `json:"$defs,omitempty"`
}

// Properties are schemas by name, in the order in which they are written.
type Properties []Property

// Property is a schema and its name.
type Property struct {
	Name   string
	Schema *Schema
}

// MarshalJSON writes an object that keeps the order.
func (p Properties) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	out.WriteByte('{')
	for i, property := range p {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := enc.Encode(property.Name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := enc.Encode(property.Schema); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// Form is what the texts of a type look like that has too many to list.
type Form struct {
	Pattern  string // a regular expression for the whole text
	Integers bool   // bare numbers will do, too
	Min, Max uint64
}

// Formed is implemented by types that have a Form.
type Formed interface{ Form() Form }

// SchemaOf returns the schema of what Decode reads into a struct of the type.
// It says less than Decode: a file that it admits may have mistakes that only
// Decode, or its caller, sees. describe returns a text for a key of a Go type,
// such as ("Setting", "nat"), "" if there is none.
func SchemaOf(t reflect.Type, vocabularies map[string][]string, describe func(goType, key string) string) *Schema {
	g := &generator{vocabularies: vocabularies, describe: describe, defs: map[string]*Schema{}}
	root := g.structure(t, "")
	root.Dialect = "https://json-schema.org/draft/2020-12/schema"
	for _, name := range g.order {
		root.Defs = append(root.Defs, Property{name, g.defs[name]})
	}
	slices.SortFunc(root.Defs, func(a, b Property) int { return strings.Compare(a.Name, b.Name) })
	return root
}

type generator struct {
	vocabularies map[string][]string
	describe     func(goType, key string) string
	defs         map[string]*Schema
	order        []string
}

// define puts a schema under a name where others can refer to it.
func (g *generator) define(name string, make func() *Schema) *Schema {
	if _, ok := g.defs[name]; !ok {
		g.defs[name] = nil // so that a type may contain itself
		g.order = append(g.order, name)
		g.defs[name] = make()
	}
	return &Schema{Ref: "#/$defs/" + name}
}

func (g *generator) value(t reflect.Type, vocab string) *Schema {
	if t.Kind() == reflect.Pointer {
		return g.value(t.Elem(), vocab)
	}
	v := reflect.New(t).Interface()
	if formed, ok := v.(Formed); ok {
		return g.define(t.Name(), func() *Schema { return form(formed.Form()) })
	}
	if e, ok := v.(interface{ Values() []string }); ok {
		return g.define(t.Name(), func() *Schema { return &Schema{Enum: texts(e.Values())} })
	}
	if _, ok := v.(encoding.TextUnmarshaler); ok {
		return &Schema{Type: "string"}
	}
	switch t.Kind() {
	case reflect.Struct:
		name := t.Name()
		if vocab != "" {
			name += "-" + vocab
		}
		return g.define(name, func() *Schema { return g.structure(t, vocab) })
	case reflect.Slice:
		scalar := t.Elem().Kind() != reflect.Struct || reflect.PointerTo(t.Elem()).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
		return &Schema{Type: "array", Items: g.value(t.Elem(), vocab), UniqueItems: scalar}
	case reflect.String:
		if allowed, ok := g.vocabularies[vocab]; ok {
			return g.define(vocab, func() *Schema { return &Schema{Enum: texts(allowed)} })
		}
		return &Schema{Type: "string", Pattern: `\S`}
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	default: // the unsigned integers; Decode reads nothing else
		return &Schema{Type: "integer", Minimum: new(uint64), Maximum: limit(uint64(1)<<t.Bits() - 1)}
	}
}

func (g *generator) structure(t reflect.Type, vocab string) *Schema {
	out := &Schema{Type: "object", Closed: new(bool)}
	for _, f := range fields(t) {
		inherit := f.vocab
		if inherit == "" {
			inherit = vocab
		}
		below := *g.value(t.Field(f.index).Type, inherit)
		if list := below; f.one {
			below = Schema{AnyOf: []*Schema{list.Items, &list}}
		}
		below.Description = g.describe(t.Name(), f.key)
		out.Properties = append(out.Properties, Property{f.key, &below})
		if f.required {
			out.Required = append(out.Required, f.key)
		}
	}
	return out
}

func limit(n uint64) *uint64 { return &n }

func form(f Form) *Schema {
	text := &Schema{Type: "string", Pattern: f.Pattern}
	if !f.Integers {
		return text
	}
	return &Schema{AnyOf: []*Schema{{Type: "integer", Minimum: limit(f.Min), Maximum: limit(f.Max)}, text}}
}

// texts are the values by which a file can mean the texts: 1 is as good as "1",
// and null as "null".
func texts(allowed []string) []any {
	out := make([]any, 0, len(allowed))
	for _, text := range allowed {
		out = append(out, text)
		if n, err := strconv.Atoi(text); err == nil {
			out = append(out, n)
		} else if text == "null" {
			out = append(out, nil)
		}
	}
	return out
}

// Indented returns the schema as indented JSON.
func (s *Schema) Indented() []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil // a Schema has nothing that cannot be encoded
	}
	return out.Bytes()
}
