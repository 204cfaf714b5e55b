package scenarios

import (
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// Claims are what the maker of a product says that it can do.
type Claims struct {
	Product    string       `yaml:"product" strict:"required"`
	Version    string       `yaml:"version" strict:"required"`
	Contact    string       `yaml:"contact"`
	Claimed    Capabilities `yaml:"claimed" strict:"required"`
	NotClaimed Capabilities `yaml:"not-claimed"`

	source []byte
}

// Capabilities are values by the kind of capability: a field for each kind, by
// its name.
type Capabilities struct {
	Role           []string `yaml:"role" strict:"vocab=role"`
	ExchangeMode   []string `yaml:"exchange-mode" strict:"vocab=exchange-mode"`
	Authentication []string `yaml:"authentication" strict:"vocab=auth"`
	IKEEncryption  []string `yaml:"ike-encryption" strict:"vocab=ike-encryption"`
	IKEHash        []string `yaml:"ike-hash" strict:"vocab=ike-hash"`
	Group          []string `yaml:"group" strict:"vocab=group"`
	Family         []string `yaml:"family" strict:"vocab=family"`
	Identification []string `yaml:"identification" strict:"vocab=id-type"`
	Certificate    []string `yaml:"certificate" strict:"vocab=key-type"`
	ModeConfig     []string `yaml:"mode-config" strict:"vocab=mode-config"`
	NATTraversal   []string `yaml:"nat-traversal" strict:"vocab=nat-traversal"`
	Fragmentation  []string `yaml:"fragmentation" strict:"vocab=fragmentation"`
	DPD            []string `yaml:"dpd" strict:"vocab=dpd"`
	Protocol       []string `yaml:"protocol" strict:"vocab=protocol"`
	Mode           []string `yaml:"mode" strict:"vocab=mode"`
	Encryption     []string `yaml:"encryption" strict:"vocab=esp-encryption"`
	Integrity      []string `yaml:"integrity" strict:"vocab=esp-integrity"`
	PFS            []string `yaml:"pfs" strict:"vocab=group"`
	Selector       []string `yaml:"selector" strict:"vocab=selector"`
	Traffic        []string `yaml:"traffic" strict:"vocab=mode"`
	Bypass         []string `yaml:"bypass" strict:"vocab=bypass"`
	Rekey          []string `yaml:"rekey" strict:"vocab=sa"`
	Delete         []string `yaml:"delete" strict:"vocab=sa"`
}

// claimVocabularies are the values that a claim may have: those of scenarios,
// and the ones that scenarios have other words for.
var claimVocabularies = sync.OnceValue(func() map[string][]string {
	all := maps.Clone(vocabularies())
	all["role"] = roleNames.Values()
	all["family"] = familyNames.Values()
	all["mode-config"] = configNames.Values()
	all["nat-traversal"] = append(natNames.Values(), all["natt-version"]...)
	all["fragmentation"] = []string{"ike"}
	all["dpd"] = []string{"ask", "answer"}
	all["selector"] = []string{"protocol", "port"}
	all["bypass"] = []string{"clear"}
	all["sa"] = whatNames.Values()
	return all
})

// LoadClaims reads the claims in a file. Mistakes in it are returned as Errors,
// all of them at once.
func LoadClaims(fsys fs.FS, name string) (*Claims, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("scenarios: claims: %w", err)
	}
	return ParseClaims(name, data)
}

// ParseClaims reads claims; filename is for the messages. Mistakes are returned
// as Errors, all of them at once; the claims are then nil.
func ParseClaims(filename string, data []byte) (*Claims, error) {
	c := &Claims{source: slices.Clone(data)}
	doc := strict.Decode(filename, c.source, c, claimVocabularies())
	claimed := c.Claimed.List()
	if len(claimed) == 0 && doc.Has("claimed") && doc.Complete("claimed") && len(doc.Mistakes()) == 0 {
		doc.Errorf("claimed", "nothing is claimed")
	}
	for _, kind := range c.NotClaimed.kinds() {
		for i, value := range kind.values {
			if slices.Contains(claimed, Capability{kind.kind, value}) {
				doc.Errorf(fmt.Sprintf("not-claimed.%s[%d]", kind.kind, i), "contradiction: %s %s is claimed above", kind.kind, value)
			}
		}
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Source returns the text of the claims, which is not to be changed; nil for
// those made in memory.
func (c *Claims) Source() []byte { return c.source }

// kindValues are the values of one kind.
type kindValues struct {
	kind   CapabilityKind
	values []string
}

// kinds returns the values by kind, in the order of the kinds.
func (c *Capabilities) kinds() []kindValues {
	v := reflect.ValueOf(c).Elem()
	var out []kindValues
	for i := range v.NumField() {
		var k CapabilityKind
		if err := k.UnmarshalText([]byte(v.Type().Field(i).Tag.Get("yaml"))); err == nil {
			out = append(out, kindValues{k, v.Field(i).Interface().([]string)})
		}
	}
	return out
}

// List returns the capabilities in the order of their kinds, values as written.
func (c *Capabilities) List() []Capability {
	var out []Capability
	for _, k := range c.kinds() {
		for _, value := range k.values {
			out = append(out, Capability{k.kind, value})
		}
	}
	return out
}

// Claimable returns every capability that a claim can be about.
func Claimable() []Capability {
	t := reflect.TypeFor[Capabilities]()
	var all Capabilities
	v := reflect.ValueOf(&all).Elem()
	for i := range t.NumField() {
		vocabulary := strings.TrimPrefix(t.Field(i).Tag.Get("strict"), "vocab=")
		v.Field(i).Set(reflect.ValueOf(claimVocabularies()[vocabulary]))
	}
	return all.List()
}
