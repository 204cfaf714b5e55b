package profile

import (
	"reflect"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// Schema returns the JSON Schema (draft 2020-12) of profiles, as indented JSON.
// Editors complete and check by it; what it admits Parse may still refuse, for
// contradictions above all. It is also in scenarios/profiles/profile.schema.json.
func Schema() []byte {
	s := strict.SchemaOf(reflect.TypeFor[Profile](), Vocabularies(), describe)
	s.ID = "urn:useipsec:profile"
	s.Title = "useipsec profile"
	s.Description = "A specification's answers to the nine questions of draft-bellovin-useipsec-10 (RFC 5406), section 8."
	for _, item := range Items() {
		s.Required = append(s.Required, item.Key())
	}
	return s.Indented()
}

// describe says what a key of a type is for.
func describe(goType, key string) string {
	if goType == "Profile" {
		for _, item := range Items() {
			if key == item.Key() {
				return item.String() + ": " + item.Question()
			}
		}
	}
	return descriptions[goType+"."+key]
}
