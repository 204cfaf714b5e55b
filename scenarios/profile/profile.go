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

	doc *strict.Document
}

// Setting says where the protocol lives. It answers none of the nine
// questions; the draft's advice depends on it.
type Setting struct {
	Segment   Segment    `yaml:"segment" json:"segment,omitempty"`
	Relation  Relation   `yaml:"relation" json:"relation,omitempty"`
	NAT       Likelihood `yaml:"nat" json:"nat,omitempty"`
	Addresses Addressing `yaml:"addresses" json:"addresses,omitempty"`
}

// Protection answers question b: AH or ESP; transport or tunnel mode; and with
// which services and algorithms.
type Protection struct {
	Protocols        Levels        `yaml:"protocols" strict:"required,vocab=protocol" json:"protocols"`
	Modes            Levels        `yaml:"modes" strict:"required,vocab=mode" json:"modes"`
	Integrity        Need          `yaml:"integrity" strict:"required" json:"integrity"`
	Confidentiality  Need          `yaml:"confidentiality" strict:"required" json:"confidentiality"`
	ReplayProtection Need          `yaml:"replay_protection" strict:"required" json:"replay_protection"`
	Algorithms       ESPAlgorithms `yaml:"algorithms" json:"algorithms"`
}

// ESPAlgorithms are the algorithms of ESP; the integrity algorithms are those
// of AH as well.
type ESPAlgorithms struct {
	Encryption Levels `yaml:"encryption" strict:"vocab=esp-encryption" json:"encryption"`
	Integrity  Levels `yaml:"integrity" strict:"vocab=esp-integrity" json:"integrity"`
}

// AllowsProtocol reports whether "esp" or "ah" may be used.
func (p Protection) AllowsProtocol(slug string) bool { return p.Protocols.Admits(slug) }

// AllowsMode reports whether "transport" or "tunnel" may be used.
func (p Protection) AllowsMode(slug string) bool { return p.Modes.Admits(slug) }

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
	if AEAD(encryption) {
		return p.Integrity != None && integrity == "none" && p.AllowsEncryption(encryption)
	}
	return p.AllowsEncryption(encryption) && p.AllowsIntegrity(integrity)
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

// Lifetime bounds the lifetime of an SA; 0 is no bound.
type Lifetime struct {
	Max strict.Duration `yaml:"max" json:"max,omitempty"`
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

// Identification answers question d: by which forms of identity the ends of
// the key exchange name themselves.
type Identification struct {
	Forms Levels `yaml:"forms" strict:"required,vocab=id-type" json:"forms"`
}

// Allows reports whether phase 1 may use the identification type, such as
// "ipv4_addr".
func (i Identification) Allows(idType string) bool { return i.Forms.Admits(idType) }

// UserGranularity answers question e.
type UserGranularity struct {
	SwitchesUser *bool  `yaml:"switches_user" strict:"required" json:"switches_user"` // is the server a login service?
	SA           UserSA `yaml:"sa" strict:"required" json:"sa"`
	When         string `yaml:"when" json:"when,omitempty"`
}

// Authentication answers question f. Contexts narrow the methods for parts of
// the setting, such as peering links.
type Authentication struct {
	Methods      Levels    `yaml:"methods" strict:"required,vocab=auth" json:"methods"`
	Certificates Issuer    `yaml:"certificates" json:"certificates,omitempty"` // who issues them
	Contexts     []Context `yaml:"contexts" json:"contexts,omitempty"`
}

// Context is a part of the setting with methods of its own.
type Context struct {
	Where   string `yaml:"where" strict:"required" json:"where"`
	Methods Levels `yaml:"methods" strict:"required,vocab=auth" json:"methods"`
}

// Allows reports whether the method, such as "psk" or "rsa-sig", is admitted
// somewhere: by the general list, or in one of the contexts.
func (a Authentication) Allows(method string) bool {
	if a.Methods.Level(method) == MustNot {
		return false
	}
	if a.Methods.Admits(method) {
		return true
	}
	for _, c := range a.Contexts {
		if c.Methods.Level(method) >= May {
			return true
		}
	}
	return false
}

// Authorization answers question g: who, once authenticated, may do what.
type Authorization struct {
	Accept Accept `yaml:"accept" strict:"required" json:"accept"`

	// AddressMatch: the address asserted in the key exchange has to equal the
	// source address of the packets that the resulting SAs deliver.
	AddressMatch *bool `yaml:"address_match" strict:"required" json:"address_match"`

	Issuers    []string `yaml:"issuers" json:"issuers,omitempty"`
	Identities []string `yaml:"identities" json:"identities,omitempty"`
}

// IKEVariants answers question h.
type IKEVariants struct {
	Version      IKEVersion `yaml:"version" json:"version,omitempty"`
	Modes        Levels     `yaml:"modes" strict:"vocab=exchange-mode" json:"modes"`
	NATTraversal Need       `yaml:"nat_traversal" json:"nat_traversal,omitempty"`
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

// Availability answers question i: the products that would have to employ
// IPsec, and what is known of each.
type Availability struct {
	Targets  []Target `yaml:"targets" strict:"required" json:"targets"`
	Concerns []string `yaml:"concerns" json:"concerns,omitempty"`
}

// Target is a kind of product.
type Target struct {
	Product string `yaml:"product" strict:"required" json:"product"`
	Status  Status `yaml:"status" strict:"required" json:"status"`
	Note    string `yaml:"note" json:"note,omitempty"`
}
