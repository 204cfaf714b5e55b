package profile

import (
	"fmt"
	"slices"
)

// checkContradictions reports answers that cannot both be meant. Advice about
// answers that are merely unwise is what Lint gives.
func (p *Profile) checkContradictions() {
	for _, l := range p.lists() {
		p.checkList(l)
	}
	p.checkSelectors()
	p.checkProtection()
	p.checkKeying()
	p.checkParticipants()
}

func (p *Profile) contradict(path, format string, args ...any) {
	p.doc.Errorf(path, "contradiction: "+format, args...)
}

func (p *Profile) checkList(l list) {
	seen := map[string]Level{}
	for _, e := range l.entries() {
		if first, ok := seen[e.slug]; ok && first != e.level {
			p.contradict(e.path, "%q is under %q and under %q", e.slug, first, e.level)
		}
		seen[e.slug] = e.level
	}
}

func (p *Profile) checkSelectors() {
	lines := map[string]int{}
	for i, policy := range p.Selectors.Policies {
		path := fmt.Sprintf("selectors.policies[%d]", i)
		for j, first := range p.Selectors.Policies[:i] {
			before := fmt.Sprintf("selectors.policies[%d]", j)
			if first.covers(policy) && p.readable(path) && p.readable(before) {
				line, _, _ := p.At(before + ".name")
				p.contradict(path, "no packet comes to this policy: %q, in line %d, has all of them", first.Name, line)
				break
			}
		}
		if policy.Name != "" {
			if line, ok := lines[policy.Name]; ok {
				p.doc.Errorf(path+".name", "a policy named %q is there already, in line %d", policy.Name, line)
			} else {
				lines[policy.Name], _, _ = p.At(path + ".name")
			}
		}
		for _, side := range policy.sides() {
			if at := path + "." + side.key + ".addresses"; len(side.Addresses) == 0 && p.doc.Has(at) && p.readable(at) {
				p.doc.Errorf(at, "no addresses, so that nothing matches; any stands for all")
			}
			if len(side.Ports) > 0 && !policy.Protocol.HasPorts() && p.stated(path+".protocol") {
				p.contradict(path+"."+side.key+".ports", "protocol %s has no ports to select by", policy.Protocol)
			}
		}
	}
}

// readable reports whether all at the path could be read, so that what is not
// there is really missing.
func (p *Profile) readable(path string) bool { return !p.doc.MistakenWithin(path) }

// stated reports whether the path has a value that could be read, or is left
// out altogether, so that its value in p is meant.
func (p *Profile) stated(path string) bool { return !p.doc.Mistaken(path) }

func (p *Profile) checkProtection() {
	b := p.Protection
	encryption := list{"protection.algorithms.encryption", ItemProtection, b.Algorithms.Encryption}
	integrity := list{"protection.algorithms.integrity", ItemProtection, b.Algorithms.Integrity}
	if b.Integrity == None && b.Confidentiality == None {
		p.contradict("protection.confidentiality", "neither integrity nor confidentiality leaves nothing to protect")
	}
	if b.Confidentiality == Required {
		if level := encryption.levels.Level("null"); level >= May {
			p.contradict(encryption.find("null"), "confidentiality is required, and the null cipher is under %q", level)
		}
		if slices.Equal(b.Protocols.Admitted(), []string{"ah"}) {
			p.contradict("protection.confidentiality", "confidentiality is required, and AH, the only protocol, has none (section 3.1)")
		}
	}
	if b.Confidentiality == None {
		for _, slug := range encryption.levels.Must {
			if slug != "null" {
				p.contradict(encryption.find(slug), "there is to be no confidentiality, and %s must be implemented", slug)
			}
		}
	}
	if b.Integrity == None && b.Confidentiality != None {
		for _, slug := range integrity.levels.Must {
			if slug != "none" {
				p.contradict(integrity.find(slug), "there is to be no integrity, and %s must be implemented", slug)
			}
		}
		if at, level, ok := p.listed("protection.protocols", "ah"); ok {
			p.contradict(at, "there is to be no integrity, and AH, which has nothing else, is under %q", level)
		}
		if b.ReplayProtection == Required {
			p.contradict("protection.replay_protection", "replay protection is required, and without integrity there is none (RFC 2406 1)")
		}
	}
	if esp := b.Protocols.Level("esp") >= May; esp && p.readable(encryption.path) && b.Confidentiality == None && len(encryption.levels.Must) == 0 && !b.AllowsEncryption("null") {
		p.contradict(encryption.path, "there is to be no confidentiality, and the null cipher is not admitted")
	}
	if level := integrity.levels.Level("none"); b.Integrity == Required && level >= May && p.readable(encryption.path) && !slices.ContainsFunc(encryption.levels.Admitted(), AEAD) {
		p.contradict(integrity.find("none"), `integrity is required, and "none" is under %q`, level)
	}
	if b.Combined == Required && b.Protocols.Stated() && p.readable("protection.protocols") && !(b.AllowsProtocol("ah") && b.AllowsProtocol("esp")) {
		p.contradict("protection.combined", "AH and ESP are to be used together, and one of them is not admitted")
	}
	for i, s := range b.Segments {
		path := fmt.Sprintf("protection.segments[%d]", i)
		p.checkNarrower(path+".modes", b.Modes, s.Modes)
		if p.insideItself(s) {
			p.contradict(path+".inside", "%s is inside itself", s.Segment)
		}
		for j, first := range b.Segments[:i] {
			if s.Segment != 0 && first.Segment == s.Segment && first.Inside == s.Inside {
				line, _, _ := p.At(fmt.Sprintf("protection.segments[%d].segment", j))
				p.contradict(path+".segment", "%s is there already, in line %d", s.Segment, line)
			}
		}
	}
	if p.IKE.NATTraversal == Required && slices.Equal(b.Protocols.Admitted(), []string{"ah"}) {
		p.contradict("ike.nat_traversal", "NAT traversal is required, and it cannot carry AH, the only protocol (section 3.1)")
	}
}

// insideItself reports whether the way outwards from a span comes back to its
// segment.
func (p *Profile) insideItself(s Span) bool {
	around := s.Inside
	for range p.Protection.Segments {
		if around == 0 || around == s.Segment {
			break
		}
		i := slices.IndexFunc(p.Protection.Segments, func(o Span) bool { return o.Segment == around })
		if i < 0 {
			break
		}
		around = p.Protection.Segments[i].Inside
	}
	return around != 0 && around == s.Segment
}

func (p *Profile) checkKeying() {
	switch {
	case p.Keying.Method == IKE && p.IKE.Version == VersionNone:
		p.contradict("ike.version", "keys are managed by IKE, and the version is none")
	case (p.Keying.Method == Manual || p.Keying.Method == KINK) && (p.IKE.Version == Version1 || p.IKE.Version == Version2):
		p.contradict("ike.version", "key management is %s, and IKE version %s is asked for", p.Keying.Method, p.IKE.Version)
	}
	if p.IKE.Version == Version2 || p.IKE.Version == VersionNone {
		for _, mode := range p.IKE.Modes.Admitted() {
			p.contradict(list{"ike.modes", ItemIKE, p.IKE.Modes}.find(mode), "%s mode belongs to IKE version 1, not to version %s", mode, p.IKE.Version)
		}
	}
	for _, service := range []struct {
		key  string
		need Need
	}{
		{"nat_traversal", p.IKE.NATTraversal},
		{"mode_config", p.IKE.ModeConfig},
		{"dead_peer_detection", p.IKE.DeadPeerDetection},
		{"fragmentation", p.IKE.Fragmentation},
	} {
		if p.IKE.Version == VersionNone && service.need == Required {
			p.contradict("ike."+service.key, "it is required, and without IKE nothing negotiates it")
		}
	}
	if groups := (list{"keying.phase2.groups", ItemKeying, p.Keying.Phase2.Groups}); p.Keying.Phase2.PFS == None {
		for _, group := range groups.levels.Admitted() {
			p.contradict(groups.find(group), "there is to be no perfect forward secrecy, and %s is listed for it", group)
		}
	}
}

// checkNarrower reports what a list for a part of the setting admits although
// the general list forbids it.
func (p *Profile) checkNarrower(path string, general, part Levels) {
	here := list{path: path, levels: part}
	for _, slug := range part.Admitted() {
		if general.Level(slug) == MustNot {
			p.contradict(here.find(slug), "%q is admitted here, and must not be used at all", slug)
		}
	}
}
