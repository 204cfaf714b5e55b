package profile

import "slices"

// Availability answers question i: the products that would have to employ
// IPsec, what is known of each, and what they need beyond the other answers.
type Availability struct {
	Requires []string `yaml:"requires" strict:"vocab=feature" json:"requires,omitempty"`
	Targets  []Target `yaml:"targets" strict:"required" json:"targets"`

	// Cost says what was found about the cost of public key operations, on small
	// devices and where many associations meet (draft 3.3).
	Cost string `yaml:"cost" json:"cost,omitempty"`

	// DenialOfService says what IPsec does to the exposure to denial of service
	// (draft 9, 10).
	DenialOfService string `yaml:"denial_of_service" json:"denial_of_service,omitempty"`

	Concerns []string `yaml:"concerns" json:"concerns,omitempty"`
}

// Target is a kind of product, or the platforms that it stands for.
type Target struct {
	Product   string   `yaml:"product" strict:"required" json:"product"`
	Class     Class    `yaml:"class" json:"class,omitempty"`
	Need      Need     `yaml:"need" json:"need,omitempty"` // has it to employ IPsec?
	Platforms []string `yaml:"platforms" json:"platforms,omitempty"`
	Status    Status   `yaml:"status" strict:"required" json:"status"`
	Lacks     []string `yaml:"lacks" strict:"vocab=feature" json:"lacks,omitempty"` // as far as is known
	Note      string   `yaml:"note" json:"note,omitempty"`
}

// RequiresFeature reports whether the targets have to have the feature, such as
// "port-selectors".
func (a Availability) RequiresFeature(feature string) bool {
	return slices.Contains(a.Requires, feature)
}

// OutOfReach returns what the profile asks for that no run of this tool can
// show, in words; nil when a run can show all of it.
func (p *Profile) OutOfReach() []string {
	var out []string
	switch p.Keying.Method {
	case Manual:
		out = append(out, "keying.method: keys set by hand are never negotiated, so there is nothing to test them by")
	case KINK:
		out = append(out, "keying.method: KINK (RFC 4430) needs a Kerberos realm, and this tool does not speak it")
	}
	if p.IKE.Version == Version2 {
		out = append(out, "ike.version: this tool speaks version 1 of IKE only")
	}
	return out
}
