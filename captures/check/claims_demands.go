package check

import (
	"slices"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// Demand is something that every product has to have by the profile: what is
// mandatory to implement, and what is required.
type Demand struct {
	// Item is the letter of the question that the profile answers so.
	Item string `json:"item"`
	// OneOf are alternatives.
	OneOf []scenarios.Capability `json:"one_of"`
}

// String returns the alternatives: "mode-config pull or mode-config push".
func (d Demand) String() string {
	s := ""
	for i, c := range d.OneOf {
		if i > 0 {
			s += " or "
		}
		s += c.String()
	}
	return s
}

// demands lists what a profile demands of every product.
func demands(p *profile.Profile) []Demand {
	out := []Demand{}
	oneOf := func(item profile.Item, kind scenarios.CapabilityKind, values ...string) {
		d := Demand{Item: item.String()}
		for _, v := range values {
			d.OneOf = append(d.OneOf, scenarios.Capability{Kind: kind, Value: v})
		}
		if len(values) > 0 {
			out = append(out, d)
		}
	}
	each := func(item profile.Item, kind scenarios.CapabilityKind, l profile.Levels) {
		for _, v := range l.Must {
			oneOf(item, kind, v)
		}
	}
	oneOf(profile.ItemSelectors, scenarios.CapSelector, granularity(p.Selectors)...)
	each(profile.ItemProtection, scenarios.CapProtocol, p.Protection.Protocols)
	each(profile.ItemProtection, scenarios.CapMode, p.Protection.Modes)
	each(profile.ItemProtection, scenarios.CapTraffic, p.Protection.Modes)
	each(profile.ItemProtection, scenarios.CapEncryption, p.Protection.Algorithms.Encryption)
	each(profile.ItemProtection, scenarios.CapIntegrity, p.Protection.Algorithms.Integrity)
	each(profile.ItemKeying, scenarios.CapIKEEncryption, p.Keying.Phase1.Encryption)
	each(profile.ItemKeying, scenarios.CapIKEHash, p.Keying.Phase1.Hash)
	each(profile.ItemKeying, scenarios.CapGroup, p.Keying.Phase1.Group)
	each(profile.ItemKeying, scenarios.CapPFS, p.Keying.Phase2.Groups)
	each(profile.ItemIdentification, scenarios.CapIdentification, p.Identification.Forms)
	each(profile.ItemAuthentication, scenarios.CapAuthentication, p.Authentication.Methods)
	each(profile.ItemIKE, scenarios.CapExchangeMode, p.IKE.Modes)
	for _, s := range []struct {
		need   profile.Need
		kind   scenarios.CapabilityKind
		values []string
	}{
		{p.IKE.NATTraversal, scenarios.CapNATTraversal, []string{ikev1.NATTRFC3947.String()}},
		{p.IKE.ModeConfig, scenarios.CapModeConfig, []string{scenarios.Pull.String(), scenarios.Push.String()}},
		{p.IKE.DeadPeerDetection, scenarios.CapDPD, []string{"answer", "ask"}},
		{p.IKE.Fragmentation, scenarios.CapFragmentation, []string{"ike"}},
	} {
		if s.need == profile.Required {
			oneOf(profile.ItemIKE, s.kind, s.values...)
		}
	}
	return out
}

// granularity is how fine the selectors of a profile are, if finer than hosts.
func granularity(s profile.Selectors) []string {
	protects := func(fine func(p *profile.Policy) bool) bool {
		return slices.ContainsFunc(s.Policies, func(p profile.Policy) bool { return p.Action == profile.Protect && fine(&p) })
	}
	switch {
	case protects(func(p *profile.Policy) bool { return len(p.Client.Ports)+len(p.Server.Ports) > 0 }):
		return []string{"port"}
	case protects(func(p *profile.Policy) bool { return p.Protocol != 0 }):
		return []string{"protocol", "port"}
	}
	return nil
}

// Demanded returns the demands under a letter, all of them with that of
// availability: those that trials which bear witness show the peer to meet, and
// those that are missing.
func (r *Result) Demanded(letter string) (met, missing []Demand) {
	h := newHolder(r.Trials)
	for _, d := range r.Demands {
		if d.Item != letter && letter != availability.String() {
			continue
		}
		if slices.ContainsFunc(d.OneOf, func(c scenarios.Capability) bool { return h.shown[c] != nil }) {
			met = append(met, d)
		} else {
			missing = append(missing, d)
		}
	}
	return met, missing
}
