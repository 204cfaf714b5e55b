// Package profile has the nine answers that section 8 of
// draft-bellovin-useipsec-10 (RFC 5406) demands of a specification that relies
// on IPsec, as data; the strict reader of the files they are written in; and
// the draft's advice as lint rules.
//
// A profile says what is asked. It knows nothing of packets: package check
// holds evidence against it through the accessors of the answers, which speak
// in the slugs that the rest of this module uses.
package profile

import (
	"slices"
	"strings"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// Error is one mistake in a profile: File, Line, Col, Path, Msg and Excerpt,
// the quoted source line.
type Error = strict.Error

// Errors are all mistakes in a profile, in the order of the text.
type Errors = strict.Errors

// Profile is a specification's answers to the nine questions.
type Profile struct {
	Name    string  `yaml:"name" strict:"required" json:"name"`
	Title   string  `yaml:"title" strict:"required" json:"title"`
	Spec    string  `yaml:"spec" json:"spec,omitempty"` // the document the answers come from
	Setting Setting `yaml:"setting" json:"setting"`

	Selectors       Selectors       `yaml:"selectors" json:"selectors"`
	Protection      Protection      `yaml:"protection" json:"protection"`
	Keying          Keying          `yaml:"keying" json:"keying"`
	Identification  Identification  `yaml:"identification" json:"identification"`
	UserGranularity UserGranularity `yaml:"user_granularity" json:"user_granularity"`
	Authentication  Authentication  `yaml:"authentication" json:"authentication"`
	Authorization   Authorization   `yaml:"authorization" json:"authorization"`
	IKE             IKEVariants     `yaml:"ike" json:"ike"`
	Availability    Availability    `yaml:"availability" json:"availability"`

	// Accepted are pieces of the linter's advice that the profile knowingly does
	// not follow.
	Accepted []Acceptance `yaml:"accepted" json:"accepted,omitempty"`

	doc *strict.Document
}

// Acceptance says why findings of one lint rule are no reason to change the
// profile. With a path it is about what stands there and below only.
type Acceptance struct {
	Rule string `yaml:"rule" strict:"required,vocab=lint-rule" json:"rule"`
	Path string `yaml:"path" json:"path,omitempty"`
	Why  string `yaml:"why" strict:"required" json:"why"`
}

// Setting says where the protocol lives. It answers none of the nine
// questions; the draft's advice depends on it.
type Setting struct {
	Segment   Segment    `yaml:"segment" json:"segment,omitempty"`
	Relation  Relation   `yaml:"relation" json:"relation,omitempty"`
	NAT       Likelihood `yaml:"nat" json:"nat,omitempty"`
	Addresses Addressing `yaml:"addresses" json:"addresses,omitempty"`
	Ports     Addressing `yaml:"ports" json:"ports,omitempty"` // those of the servers

	// InsideVPN: are participants likely to be in a VPN by IPsec already, so that
	// this profile's protection comes on top of it (draft 4)?
	InsideVPN Likelihood `yaml:"inside_vpn" json:"inside_vpn,omitempty"`

	// API: does the application ask for the protection, or learn from it who the
	// peer is (draft 3.4)?
	API Need `yaml:"api" json:"api,omitempty"`

	// BeforeIP: the protocol runs before the ends can communicate by IP, as
	// neighbour discovery and address configuration do (draft 3.3).
	BeforeIP bool `yaml:"before_ip" json:"before_ip,omitempty"`
}

// Protection answers question b: AH or ESP; transport or tunnel mode; and with
// which services and algorithms.
type Protection struct {
	Protocols        Levels        `yaml:"protocols" strict:"required,vocab=protocol" json:"protocols"`
	Combined         Need          `yaml:"combined" json:"combined,omitempty"` // AH and ESP on the same packets
	Modes            Levels        `yaml:"modes" strict:"required,vocab=mode" json:"modes"`
	Segments         []Span        `yaml:"segments" json:"segments,omitempty"`
	Integrity        Need          `yaml:"integrity" strict:"required" json:"integrity"`
	Confidentiality  Need          `yaml:"confidentiality" strict:"required" json:"confidentiality"`
	ReplayProtection Need          `yaml:"replay_protection" strict:"required" json:"replay_protection"`
	IPHeader         Need          `yaml:"ip_header" json:"ip_header,omitempty"` // integrity of the header's fields and options as well
	Algorithms       ESPAlgorithms `yaml:"algorithms" json:"algorithms"`
}

// Span is a stretch of the path with modes of its own. Inside another one it is
// nested: its packets are protected a second time there (RFC 2401 4.5, case 4).
type Span struct {
	Segment Segment `yaml:"segment" strict:"required" json:"segment"`
	Inside  Segment `yaml:"inside" json:"inside,omitempty"`
	Modes   Levels  `yaml:"modes" strict:"required,vocab=mode" json:"modes"`
}

// ESPAlgorithms are the algorithms of ESP; the integrity algorithms are those
// of AH as well.
type ESPAlgorithms struct {
	Encryption Levels `yaml:"encryption" strict:"vocab=esp-encryption" json:"encryption"`
	Integrity  Levels `yaml:"integrity" strict:"vocab=esp-integrity" json:"integrity"`
}

// AllowsProtocol reports whether "esp" or "ah" may be used.
func (p Protection) AllowsProtocol(slug string) bool { return p.Protocols.Admits(slug) }

// AllowsMode reports whether "transport" or "tunnel" may be used somewhere: by
// the general list, or on one of the segments.
func (p Protection) AllowsMode(slug string) bool {
	lists := make([]Levels, len(p.Segments))
	for i, s := range p.Segments {
		lists[i] = s.Modes
	}
	return admitsSomewhere(slug, p.Modes, lists...)
}

// AllowsModeOn reports whether the mode may be used on a segment: by the list
// of that segment, or the general one if it has none.
func (p Protection) AllowsModeOn(segment Segment, slug string) bool {
	if p.Modes.Level(slug) == MustNot {
		return false
	}
	for _, s := range p.Segments {
		if s.Segment == segment {
			return s.Modes.Admits(slug)
		}
	}
	return p.Modes.Admits(slug)
}

// AllowsEncryption reports whether ESP may use the cipher. The services decide
// together with the list: "null" is out when confidentiality is required, and
// the only one left when the profile wants none.
func (p Protection) AllowsEncryption(slug string) bool {
	switch {
	case p.Confidentiality == Required && slug == "null",
		p.Confidentiality == None && slug != "null":
		return false
	}
	return p.Algorithms.Encryption.Admits(slug)
}

// AllowsIntegrity reports whether ESP or AH may use the integrity algorithm.
// "none" is out when integrity is required, whatever the list says.
func (p Protection) AllowsIntegrity(slug string) bool {
	switch {
	case p.Integrity == Required && slug == "none",
		p.Integrity == None && slug != "none":
		return false
	}
	return p.Algorithms.Integrity.Admits(slug)
}

// AllowsSuite reports whether ESP may use the two together. A cipher that has
// its integrity built in goes with "none", and then that gives integrity.
func (p Protection) AllowsSuite(encryption, integrity string) bool {
	if encryption == "null" && integrity == "none" { // RFC 2406 5
		return false
	}
	if AEAD(encryption) {
		return p.Integrity != None && integrity == "none" && p.AllowsEncryption(encryption)
	}
	return p.AllowsEncryption(encryption) && p.AllowsIntegrity(integrity)
}

// onlyAEAD reports whether every cipher that the list admits has its integrity
// built in, and nothing but ESP needs an integrity algorithm.
func (p Protection) onlyAEAD() bool {
	ciphers := p.Algorithms.Encryption.Admitted()
	return len(ciphers) > 0 && !slices.ContainsFunc(ciphers, func(c string) bool { return !AEAD(c) }) && !p.AllowsProtocol("ah")
}

// AEAD reports whether an ESP cipher has its integrity built in (RFC 4106).
func AEAD(encryption string) bool { return strings.Contains(encryption, "-gcm") }

// Keying answers question c: what form of key management, with which
// algorithms and lifetimes.
type Keying struct {
	Method Method `yaml:"method" strict:"required" json:"method"`
	Phase1 Phase1 `yaml:"phase1" json:"phase1"`
	Phase2 Phase2 `yaml:"phase2" json:"phase2"`
}

// Phase1 is what the ISAKMP SA may be made of.
type Phase1 struct {
	Encryption Levels   `yaml:"encryption" strict:"vocab=ike-encryption" json:"encryption"`
	Hash       Levels   `yaml:"hash" strict:"vocab=ike-hash" json:"hash"`
	Group      Levels   `yaml:"group" strict:"vocab=group" json:"group"`
	Lifetime   Lifetime `yaml:"lifetime" json:"lifetime"`
}

// Phase2 is how the IPsec SAs are keyed. Groups are those for perfect forward
// secrecy; when it is left out, the groups of phase 1 apply.
type Phase2 struct {
	PFS      Need     `yaml:"pfs" json:"pfs,omitempty"`
	Groups   Levels   `yaml:"groups" strict:"vocab=group" json:"groups"`
	Lifetime Lifetime `yaml:"lifetime" json:"lifetime"`
}

// Lifetime bounds the lifetime of an SA, in time and in octets; 0 is no bound.
type Lifetime struct {
	Max    strict.Duration `yaml:"max" json:"max,omitempty"`
	Volume strict.Size     `yaml:"volume" json:"volume,omitempty"`
}

// AllowsCipher reports whether phase 1 may use the cipher.
func (p Phase1) AllowsCipher(slug string) bool { return p.Encryption.Admits(slug) }

// AllowsHash reports whether phase 1 may use the hash.
func (p Phase1) AllowsHash(slug string) bool { return p.Hash.Admits(slug) }

// AllowsGroup reports whether phase 1 may use the group.
func (p Phase1) AllowsGroup(slug string) bool { return p.Group.Admits(slug) }

// AllowsPFS reports whether a quick mode with a key exchange in this group is
// admitted; "" asks about a quick mode without one.
func (k Keying) AllowsPFS(group string) bool {
	if group == "" {
		return k.Phase2.PFS != Required
	}
	if k.Phase2.PFS == None {
		return false
	}
	if k.Phase2.Groups.Stated() {
		return k.Phase2.Groups.Admits(group)
	}
	return k.Phase1.Group.Admits(group)
}

// IKEVariants answers question h: the version, the exchange that makes phase 1,
// and the extensions.
type IKEVariants struct {
	Version           IKEVersion `yaml:"version" json:"version,omitempty"`
	Modes             Levels     `yaml:"modes" strict:"vocab=exchange-mode" json:"modes"`
	NATTraversal      Need       `yaml:"nat_traversal" json:"nat_traversal,omitempty"`             // RFC 3947, 3948
	ModeConfig        Need       `yaml:"mode_config" json:"mode_config,omitempty"`                 // the server assigns addresses
	DeadPeerDetection Need       `yaml:"dead_peer_detection" json:"dead_peer_detection,omitempty"` // RFC 3706
	Fragmentation     Need       `yaml:"fragmentation" json:"fragmentation,omitempty"`             // of IKE messages
}

// AllowsMode reports whether phase 1 may use the exchange mode, "main" or
// "aggressive".
func (i IKEVariants) AllowsMode(slug string) bool { return i.Modes.Admits(slug) }

// AllowsVersion reports whether IKE messages of this major version may be
// used.
func (i IKEVariants) AllowsVersion(major int) bool {
	switch i.Version {
	case VersionUnstated:
		return true
	case Version1:
		return major == 1
	case Version2:
		return major == 2
	default:
		return false
	}
}
