package scenarios

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// Role is the IKE role of the peer in a trial. Its text is the trial's name.
type Role uint8

// The roles.
const (
	Initiator Role = iota + 1
	Responder
)

// Other returns the opposite role.
func (r Role) Other() Role {
	switch r {
	case Initiator:
		return Responder
	case Responder:
		return Initiator
	}
	return r
}

// Party is one of the two hosts.
type Party uint8

// The parties.
const (
	PartyHarness Party = iota + 1
	PartyPeer
)

// What is the kind of SA that a step is about. The zero value is the child.
type What uint8

// The kinds of SA.
const (
	WhatChild What = iota + 1 // the pair of IPsec SAs
	WhatIKE                   // the ISAKMP SA
)

func (w What) orChild() What {
	if w == 0 {
		return WhatChild
	}
	return w
}

// Secret says which pre-shared key an end has. The keys themselves are made
// for each run.
type Secret uint8

// The secrets. SecretShared, the zero value, is the one that both ends have.
const (
	SecretShared Secret = iota
	SecretOther         // a different one
)

// Family is an IP version. The zero value is IPv4.
type Family uint8

// The families.
const (
	IPv4 Family = iota
	IPv6
)

// ModeConfig says how the client gets the address that it has inside the
// tunnel (draft-dukes-ike-mode-cfg-02 3). The client is that of extended
// authentication, or else the IKE initiator. The zero value is no mode config.
type ModeConfig uint8

// The forms of mode config.
const (
	NoModeConfig ModeConfig = iota
	Pull                    // the client asks
	Push                    // the server tells
)

// NAT says what an end does about NATs (RFC 3947). The zero value detects them.
type NAT uint8

// The choices.
const (
	NATDetect NAT = iota
	NATOff        // it says nothing of NAT traversal
	NATForced     // it makes both ends believe in a NAT, so that ESP goes in UDP
)

// CertificateFault is what is wrong with a certificate. The zero value is
// nothing.
type CertificateFault uint8

// The faults.
const (
	NoFault     CertificateFault = iota
	Expired                      // it was valid until an hour ago
	NotYetValid                  // it will be in a day
	Revoked                      // the other end has a CRL that says so
	WrongName                    // it names somebody else than the identity
	KeyUsage                     // its key usage has no digitalSignature
	ExtKeyUsage                  // its extended key usage is for code signing
	UnknownCA                    // its issuer is not trusted
)

// Outcome is a set of acceptable outcomes of a phase; mostly it has one member,
// so that o == Established is the usual question. In a file the alternatives
// are written "established or refused".
type Outcome uint8

// The outcomes.
const (
	Established Outcome = 1 << iota
	Refused
)

// Allows reports whether the outcome is acceptable.
func (o Outcome) Allows(one Outcome) bool { return o&one != 0 }

// Traffic is a set of acceptable fates of an exchange. In a file the
// alternatives are written "protected or blocked".
type Traffic uint8

// The fates. Protected: the conversation took place, and all of it inside
// IPsec. Clear: it took place outside. Blocked: it did not take place, and
// nothing of it was seen in clear on the wire.
const (
	Protected Traffic = 1 << iota
	Clear
	Blocked
)

// Allows reports whether the fate is acceptable.
func (t Traffic) Allows(one Traffic) bool { return t&one != 0 }

var (
	roleNames    = strict.Names{"", "initiator", "responder"}
	partyNames   = strict.Names{"", "harness", "peer"}
	whatNames    = strict.Names{"", "child", "ike"}
	secretNames  = strict.Names{"", "other"}
	familyNames  = strict.Names{"ipv4", "ipv6"}
	configNames  = strict.Names{"", "pull", "push"}
	natNames     = strict.Names{"", "off", "forced"}
	faultNames   = strict.Names{"", "expired", "not-yet-valid", "revoked", "wrong-name", "key-usage", "ext-key-usage", "unknown-ca"}
	outcomeNames = []string{"established", "refused"}
	trafficNames = []string{"protected", "clear", "blocked"}
)

const or = " or "

// formatSet returns the texts of the members of a set, joined by "or".
func formatSet(names []string, set uint8) string {
	if bits.Len8(set) > len(names) {
		return fmt.Sprintf("Unknown(%d)", set)
	}
	var members []string
	for i, name := range names {
		if set&(1<<i) != 0 {
			members = append(members, name)
		}
	}
	return strings.Join(members, or)
}

// parseSet reads what formatSet writes, the empty set included.
func parseSet[T ~uint8](names []string, set *T, text []byte) error {
	var v T
	if len(text) > 0 {
		for member := range strings.SplitSeq(string(text), or) {
			var bit uint8
			if err := strict.Unmarshal(strict.Names(names), &bit, []byte(member)); err != nil {
				return fmt.Errorf("%w, or alternatives joined by %q", err, or)
			}
			if v&(1<<bit) != 0 {
				return fmt.Errorf("%q is there twice", member)
			}
			v |= 1 << bit
		}
	}
	*set = v
	return nil
}

// String returns the members joined by "or".
func (o Outcome) String() string { return formatSet(outcomeNames, uint8(o)) }

// MarshalText returns String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText takes what String returns.
func (o *Outcome) UnmarshalText(b []byte) error { return parseSet(outcomeNames, o, b) }

// Values returns the members that a scenario may use.
func (Outcome) Values() []string { return outcomeNames }

// String returns the members joined by "or".
func (t Traffic) String() string { return formatSet(trafficNames, uint8(t)) }

// MarshalText returns String.
func (t Traffic) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText takes what String returns.
func (t *Traffic) UnmarshalText(b []byte) error { return parseSet(trafficNames, t, b) }

// Values returns the members that a scenario may use.
func (Traffic) Values() []string { return trafficNames }

// String returns "initiator" or "responder", the name of the trial.
func (r Role) String() string { return roleNames.String(uint8(r)) }

// MarshalText returns String.
func (r Role) MarshalText() ([]byte, error) { return roleNames.Marshal(uint8(r)) }

// UnmarshalText takes what String returns.
func (r *Role) UnmarshalText(b []byte) error { return strict.Unmarshal(roleNames, r, b) }

// Values returns the texts that a scenario may use.
func (Role) Values() []string { return roleNames.Values() }

// String returns "harness" or "peer".
func (p Party) String() string { return partyNames.String(uint8(p)) }

// MarshalText returns String.
func (p Party) MarshalText() ([]byte, error) { return partyNames.Marshal(uint8(p)) }

// UnmarshalText takes what String returns.
func (p *Party) UnmarshalText(b []byte) error { return strict.Unmarshal(partyNames, p, b) }

// Values returns the texts that a scenario may use.
func (Party) Values() []string { return partyNames.Values() }

// String returns "child" or "ike".
func (w What) String() string { return whatNames.String(uint8(w)) }

// MarshalText returns String.
func (w What) MarshalText() ([]byte, error) { return whatNames.Marshal(uint8(w)) }

// UnmarshalText takes what String returns.
func (w *What) UnmarshalText(b []byte) error { return strict.Unmarshal(whatNames, w, b) }

// Values returns the texts that a scenario may use.
func (What) Values() []string { return whatNames.Values() }

// String returns "other", or "" for the shared secret.
func (s Secret) String() string { return secretNames.String(uint8(s)) }

// MarshalText returns String.
func (s Secret) MarshalText() ([]byte, error) { return secretNames.Marshal(uint8(s)) }

// UnmarshalText takes what String returns.
func (s *Secret) UnmarshalText(b []byte) error { return strict.Unmarshal(secretNames, s, b) }

// Values returns the texts that a scenario may use.
func (Secret) Values() []string { return secretNames.Values() }

// String returns "ipv4" or "ipv6".
func (f Family) String() string { return familyNames.String(uint8(f)) }

// MarshalText returns String.
func (f Family) MarshalText() ([]byte, error) { return familyNames.Marshal(uint8(f)) }

// UnmarshalText takes what String returns.
func (f *Family) UnmarshalText(b []byte) error { return strict.Unmarshal(familyNames, f, b) }

// Values returns the texts that a scenario may use.
func (Family) Values() []string { return familyNames.Values() }

// String returns "pull" or "push", or "" for none.
func (m ModeConfig) String() string { return configNames.String(uint8(m)) }

// MarshalText returns String.
func (m ModeConfig) MarshalText() ([]byte, error) { return configNames.Marshal(uint8(m)) }

// UnmarshalText takes what String returns.
func (m *ModeConfig) UnmarshalText(b []byte) error { return strict.Unmarshal(configNames, m, b) }

// Values returns the texts that a scenario may use.
func (ModeConfig) Values() []string { return configNames.Values() }

// String returns "off" or "forced", or "" for detection.
func (n NAT) String() string { return natNames.String(uint8(n)) }

// MarshalText returns String.
func (n NAT) MarshalText() ([]byte, error) { return natNames.Marshal(uint8(n)) }

// UnmarshalText takes what String returns.
func (n *NAT) UnmarshalText(b []byte) error { return strict.Unmarshal(natNames, n, b) }

// Values returns the texts that a scenario may use.
func (NAT) Values() []string { return natNames.Values() }

// String returns the fault's name, or "" for none.
func (f CertificateFault) String() string { return faultNames.String(uint8(f)) }

// MarshalText returns String.
func (f CertificateFault) MarshalText() ([]byte, error) { return faultNames.Marshal(uint8(f)) }

// UnmarshalText takes what String returns.
func (f *CertificateFault) UnmarshalText(b []byte) error { return strict.Unmarshal(faultNames, f, b) }

// Values returns the texts that a scenario may use.
func (CertificateFault) Values() []string { return faultNames.Values() }
