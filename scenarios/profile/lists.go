package profile

import (
	"fmt"
	"slices"
)

// list is one of the profile's lists of alternatives and where it stands.
type list struct {
	path   string
	item   Item
	levels Levels
}

// lists returns every list of alternatives, in the order of the questions.
func (p *Profile) lists() []list {
	out := []list{
		{"protection.protocols", ItemProtection, p.Protection.Protocols},
		{"protection.modes", ItemProtection, p.Protection.Modes},
	}
	for i, s := range p.Protection.Segments {
		out = append(out, list{fmt.Sprintf("protection.segments[%d].modes", i), ItemProtection, s.Modes})
	}
	out = append(out, []list{
		{"protection.algorithms.encryption", ItemProtection, p.Protection.Algorithms.Encryption},
		{"protection.algorithms.integrity", ItemProtection, p.Protection.Algorithms.Integrity},
		{"keying.phase1.encryption", ItemKeying, p.Keying.Phase1.Encryption},
		{"keying.phase1.hash", ItemKeying, p.Keying.Phase1.Hash},
		{"keying.phase1.group", ItemKeying, p.Keying.Phase1.Group},
		{"keying.phase2.groups", ItemKeying, p.Keying.Phase2.Groups},
		{"identification.forms", ItemIdentification, p.Identification.Forms},
		{"identification.initiator", ItemIdentification, p.Identification.Initiator},
		{"identification.responder", ItemIdentification, p.Identification.Responder},
		{"authentication.methods", ItemAuthentication, p.Authentication.Methods},
	}...)
	for i, c := range p.Authentication.Contexts {
		out = append(out, list{fmt.Sprintf("authentication.contexts[%d].methods", i), ItemAuthentication, c.Methods})
	}
	return append(out, list{"ike.modes", ItemIKE, p.IKE.Modes})
}

// entry is one alternative in a list and where it stands.
type entry struct {
	path  string
	slug  string
	level Level
}

// entries returns the alternatives of the list, strongest level first, what is
// forbidden last.
func (l list) entries() []entry {
	var out []entry
	for _, part := range []struct {
		level Level
		slugs []string
	}{{Must, l.levels.Must}, {Should, l.levels.Should}, {May, l.levels.May}, {MustNot, l.levels.MustNot}} {
		for i, slug := range part.slugs {
			if slug == "" { // could not be read
				continue
			}
			out = append(out, entry{fmt.Sprintf("%s.%s[%d]", l.path, part.level, i), slug, part.level})
		}
	}
	return out
}

// find returns where the list has the slug; the list itself if it does not.
func (l list) find(slug string) string {
	for _, e := range l.entries() {
		if e.slug == slug {
			return e.path
		}
	}
	return l.path
}

// list returns the list at a path that is one of those in lists.
func (p *Profile) list(path string) list {
	lists := p.lists()
	return lists[slices.IndexFunc(lists, func(l list) bool { return l.path == path })]
}

// listed returns where the list admits the slug in so many words, and how
// strongly.
func (p *Profile) listed(path, slug string) (string, Level, bool) {
	l := p.list(path)
	level := l.levels.Level(slug)
	return l.find(slug), level, level >= May
}
