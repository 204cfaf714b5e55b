package profile

import "slices"

// Identification answers question d: by which forms of identity the ends of
// the key exchange name themselves. The lists for a role replace the general
// one for that role.
type Identification struct {
	Forms     Levels `yaml:"forms" strict:"required,vocab=id-type" json:"forms"`
	Initiator Levels `yaml:"initiator" strict:"vocab=id-type" json:"initiator"`
	Responder Levels `yaml:"responder" strict:"vocab=id-type" json:"responder"`
}

// Allows reports whether phase 1 may use the identification type, such as
// "ipv4_addr", in one of the roles at least.
func (i Identification) Allows(idType string) bool {
	if i.Initiator.Stated() && i.Responder.Stated() {
		return i.AllowsInitiator(idType) || i.AllowsResponder(idType)
	}
	return admitsSomewhere(idType, i.Forms, i.Initiator, i.Responder)
}

// AllowsInitiator reports whether the initiator may use the identification
// type.
func (i Identification) AllowsInitiator(idType string) bool { return i.allows(i.Initiator, idType) }

// AllowsResponder reports whether the responder may use the identification
// type.
func (i Identification) AllowsResponder(idType string) bool { return i.allows(i.Responder, idType) }

func (i Identification) allows(role Levels, idType string) bool {
	if !role.Stated() {
		role = i.Forms
	}
	return i.Forms.Level(idType) != MustNot && role.Admits(idType)
}

// admitted returns the forms that are admitted in any role.
func (i Identification) admitted() []string {
	return slices.Concat(i.Forms.Admitted(), i.Initiator.Admitted(), i.Responder.Admitted())
}

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
	Secrets      Sharing   `yaml:"secrets" json:"secrets,omitempty"`           // who has the same pre-shared secret
	Contexts     []Context `yaml:"contexts" json:"contexts,omitempty"`
}

// Context is a part of the setting with methods of its own. What else it says
// replaces the general answers there.
type Context struct {
	Where        string   `yaml:"where" strict:"required" json:"where"`
	Relation     Relation `yaml:"relation" json:"relation,omitempty"`
	Methods      Levels   `yaml:"methods" strict:"required,vocab=auth" json:"methods"`
	Certificates Issuer   `yaml:"certificates" json:"certificates,omitempty"`
}

// Allows reports whether the method, such as "psk" or "rsa-sig", is admitted
// somewhere: by the general list, or in one of the contexts.
func (a Authentication) Allows(method string) bool {
	lists := make([]Levels, len(a.Contexts))
	for i, c := range a.Contexts {
		lists[i] = c.Methods
	}
	return admitsSomewhere(method, a.Methods, lists...)
}

// AllowsIn reports whether the method is admitted in a context, by its name; in
// one that the profile does not have the general list applies.
func (a Authentication) AllowsIn(where, method string) bool {
	if a.Methods.Level(method) == MustNot {
		return false
	}
	for _, c := range a.Contexts {
		if c.Where == where {
			return c.Methods.Admits(method)
		}
	}
	return a.Methods.Admits(method)
}

// admitsSomewhere reports whether the general list admits the slug, or one of
// the others does in so many words. What the general list forbids is forbidden.
func admitsSomewhere(slug string, general Levels, others ...Levels) bool {
	if general.Level(slug) == MustNot {
		return false
	}
	return general.Admits(slug) || slices.ContainsFunc(others, func(l Levels) bool { return l.Level(slug) >= May })
}

// Authorization answers question g: who, once authenticated, may do what.
type Authorization struct {
	Accept Accept `yaml:"accept" strict:"required" json:"accept"`

	// AddressMatch: the address asserted in the key exchange has to equal the
	// source address of the packets that the resulting SAs deliver.
	AddressMatch *bool `yaml:"address_match" strict:"required" json:"address_match"`

	Issuers    []string `yaml:"issuers" json:"issuers,omitempty"`
	Identities []string `yaml:"identities" json:"identities,omitempty"`

	// Rules narrow who may use the conversations of certain policies.
	Rules []Grant `yaml:"rules" json:"rules,omitempty"`
}

// Grant lets participants use the conversations of policies, by their names.
type Grant struct {
	Policies   []string `yaml:"policies" strict:"required" json:"policies"`
	Accept     Accept   `yaml:"accept" strict:"required" json:"accept"`
	Issuers    []string `yaml:"issuers" json:"issuers,omitempty"`
	Identities []string `yaml:"identities" json:"identities,omitempty"`
}

// For returns who may use the conversations of a policy: by the first rule that
// names it, else by the general answer.
func (a Authorization) For(policy string) Grant {
	for _, r := range a.Rules {
		if slices.Contains(r.Policies, policy) {
			return r
		}
	}
	return Grant{Accept: a.Accept, Issuers: a.Issuers, Identities: a.Identities}
}
