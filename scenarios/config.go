package scenarios

import (
	"cmp"
	"slices"
	"time"
)

// What applies when a scenario leaves a key out.
const (
	DefaultExchangeMode   = "main"
	DefaultAuthentication = "psk"
	DefaultProtocol       = "esp"

	DefaultIKELifetime   = Duration(8 * time.Hour)
	DefaultChildLifetime = Duration(time.Hour)
)

// Harness returns the complete configuration of the harness's end. It shares
// nothing with s.
func (s *Scenario) Harness() Config {
	c := Config{IKE: s.IKE, Child: s.Child}
	c.IKE.fill(IKE{Mode: DefaultExchangeMode, Authentication: DefaultAuthentication, Lifetime: DefaultIKELifetime})
	c.Child.fill(Child{Protocol: DefaultProtocol, Lifetime: DefaultChildLifetime, Selector: &Selector{}})
	return c.own()
}

// PeerConfig returns the complete configuration of the peer's end: the
// harness's, with the differences under the scenario's key "peer" put over it.
func (s *Scenario) PeerConfig() Config {
	base := s.Harness()
	c := Config{PSK: s.Peer.PSK, Password: s.Peer.Password}
	if s.Peer.IKE != nil {
		c.IKE = *s.Peer.IKE
	}
	if s.Peer.Child != nil {
		c.Child = *s.Peer.Child
	}
	base.IKE.Certificate.Fault = NoFault // is the harness's own
	c.IKE.fill(base.IKE)
	c.Child.fill(s.Child)
	c.Child.fill(base.Child)
	return c.own()
}

// fill sets what is left out to what base has.
func (c *IKE) fill(base IKE) {
	if c.Mode == "" {
		c.Mode = base.Mode
	}
	if c.Authentication == "" {
		c.Authentication = base.Authentication
	}
	if c.Lifetime == 0 {
		c.Lifetime = base.Lifetime
	}
	if c.Proposals == nil {
		c.Proposals = base.Proposals
	}
	c.Identities.Initiator = cmp.Or(c.Identities.Initiator, base.Identities.Initiator)
	c.Identities.Responder = cmp.Or(c.Identities.Responder, base.Identities.Responder)
	c.Certificate.Key = cmp.Or(c.Certificate.Key, base.Certificate.Key)
	c.Certificate.Intermediate = c.Certificate.Intermediate || base.Certificate.Intermediate
	c.Certificate.Fault = cmp.Or(c.Certificate.Fault, base.Certificate.Fault)
	c.ModeConfig = cmp.Or(c.ModeConfig, base.ModeConfig)
	c.NATTraversal = cmp.Or(c.NATTraversal, base.NATTraversal)
	if c.NATTVersions == nil {
		c.NATTVersions = base.NATTVersions
	}
	c.Fragmentation = c.Fragmentation || base.Fragmentation
	c.DPD = cmp.Or(c.DPD, base.DPD)
}

func (c *Child) fill(base Child) {
	if c.Protocol == "" {
		c.Protocol = base.Protocol
	}
	if c.Mode == "" {
		c.Mode = base.Mode
	}
	if c.Lifetime == 0 {
		c.Lifetime = base.Lifetime
	}
	if c.PFS == "" {
		c.PFS = base.PFS
	}
	if c.Proposals == nil {
		c.Proposals = base.Proposals
	}
	if c.Selector == nil {
		c.Selector = base.Selector
	}
}

// own makes c independent of what it was filled from, and resolves the PFS
// "none", which only says that a base's group does not apply.
func (c Config) own() Config {
	if c.Child.PFS == "none" {
		c.Child.PFS = ""
	}
	c.IKE.Proposals = slices.Clone(c.IKE.Proposals)
	c.IKE.NATTVersions = slices.Clone(c.IKE.NATTVersions)
	c.Child.Proposals = slices.Clone(c.Child.Proposals)
	if c.Child.Selector != nil {
		selector := *c.Child.Selector
		c.Child.Selector = &selector
	}
	return c
}

// Steps returns the script; the default is one Initiate. Of the steps, Size and
// What have their defaults filled in.
func (s *Scenario) Steps() []Step {
	if len(s.Script) == 0 {
		return []Step{{Initiate: &Initiate{}}}
	}
	steps := slices.Clone(s.Script)
	for i, step := range steps {
		if e := step.Exchange; e != nil && e.Size == 0 {
			filled := *e
			filled.Size = DefaultSize
			steps[i].Exchange = &filled
		}
		if r := step.Rekey; r != nil {
			steps[i].Rekey = &Rekey{What: r.What.orChild()}
		}
	}
	return steps
}

// Trials returns the roles that the peer plays, one trial each, named by
// Role.String.
func (s *Scenario) Trials() []Role { return slices.Clone(s.PeerPlays) }
