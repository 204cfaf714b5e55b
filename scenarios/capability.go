package scenarios

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// CapabilityKind is a kind of thing that a peer or a lab has to be able to do.
type CapabilityKind uint8

// The kinds. The value of a capability is a slug unless said otherwise.
const (
	CapRole           CapabilityKind = iota + 1 // the IKE role of the peer: initiator, responder
	CapExchangeMode                             // main, aggressive
	CapAuthentication                           // psk, rsa-sig, …
	CapIKEEncryption                            // phase 1 cipher
	CapIKEHash                                  // phase 1 hash
	CapGroup                                    // phase 1 group
	CapFamily                                   // ipv4, ipv6
	CapIdentification                           // fqdn, user_fqdn, …: the form in which the peer asserts its identity
	CapCertificate                              // rsa2048, ecdsa256, …: the key in the peer's certificate
	CapModeConfig                               // pull, push
	CapNATTraversal                             // off, forced, or a version: rfc3947, draft-02n, …
	CapFragmentation                            // ike: IKE messages in fragments
	CapDPD                                      // ask: the peer asks whether the other end is there; answer: it says that it is
	CapProtocol                                 // esp, ah
	CapMode                                     // transport, tunnel: the peer can negotiate it and install the SAs
	CapEncryption                               // ESP cipher
	CapIntegrity                                // ESP or AH integrity
	CapPFS                                      // quick mode group
	CapSelector                                 // "protocol" or "port": how fine the selectors have to be
	CapTraffic                                  // transport, tunnel: packets can be carried in it, not only negotiated
	CapBypass                                   // "clear": traffic beside the selectors passes in clear
	CapRekey                                    // child, ike: the peer, as IKE initiator, can be told to rekey
	CapDelete                                   // child, ike: the peer can be told to delete
)

var capabilityNames = strict.Names{
	"", "role", "exchange-mode", "authentication", "ike-encryption", "ike-hash", "group",
	"family", "identification", "certificate", "mode-config", "nat-traversal", "fragmentation", "dpd", "protocol", "mode",
	"encryption", "integrity", "pfs", "selector", "traffic", "bypass", "rekey", "delete",
}

// Capability is one thing that a trial needs of the peer and its lab. It is
// comparable. A driver that does not know the kind answers unsupported.
type Capability struct {
	Kind  CapabilityKind `json:"kind"`
	Value string         `json:"value"`
}

// String returns "mode transport".
func (c Capability) String() string { return fmt.Sprintf("%s %s", c.Kind, c.Value) }

// Compare orders capabilities by kind and value.
func (c Capability) Compare(o Capability) int {
	return cmp.Or(cmp.Compare(c.Kind, o.Kind), cmp.Compare(c.Value, o.Value))
}

// String returns the kind's name, or Unknown(n).
func (k CapabilityKind) String() string { return capabilityNames.String(uint8(k)) }

// MarshalText returns the kind's name.
func (k CapabilityKind) MarshalText() ([]byte, error) { return capabilityNames.Marshal(uint8(k)) }

// UnmarshalText takes the kind's name.
func (k *CapabilityKind) UnmarshalText(b []byte) error {
	return strict.Unmarshal(capabilityNames, k, b)
}

// Needs returns what the trial in which the peer plays the role asks of the
// peer and its lab, sorted and each once: what the peer has to be configured
// with, as far as the negotiation is meant to come, and what the steps do with
// it.
func (s *Scenario) Needs(plays Role) []Capability {
	var n needs
	c := s.PeerConfig()
	n.add(CapRole, plays.String())
	n.add(CapFamily, s.Family.String())
	n.ike(c.IKE, plays)
	if s.Translates() && c.IKE.NATTraversal == NATDetect && len(c.IKE.NATTVersions) == 0 {
		n.add(CapNATTraversal, ikev1.NATTRFC3947.String()) // is what ends agree on where nobody says otherwise
	}
	for _, p := range c.IKE.Proposals {
		n.add(CapIKEEncryption, p.Encryption)
		n.add(CapIKEHash, p.Hash)
		n.add(CapGroup, p.Group)
	}
	if s.Expect.Phase1.Allows(Established) {
		n.child(c.Child)
	}
	if s.Expect.Phase2.Allows(Established) {
		n.add(CapMode, c.Child.Mode)
	}
	for _, step := range s.Steps() {
		n.step(step, c.Child.Mode, plays)
	}
	slices.SortFunc(n, Capability.Compare)
	return slices.Compact(n)
}

type needs []Capability

func (n *needs) add(kind CapabilityKind, value string) {
	if value != "" {
		*n = append(*n, Capability{kind, value})
	}
}

func (n *needs) ike(k IKE, plays Role) {
	n.add(CapExchangeMode, k.Mode)
	n.add(CapAuthentication, k.Authentication)
	n.add(CapIdentification, k.Identities.Of(plays))
	if k.HasCertificate(plays) {
		n.add(CapCertificate, k.KeyType())
	}
	n.add(CapModeConfig, k.ModeConfig.String())
	n.add(CapNATTraversal, k.NATTraversal.String())
	for _, v := range k.NATTVersions {
		n.add(CapNATTraversal, v)
	}
	if k.Fragmentation {
		n.add(CapFragmentation, "ike")
	}
	if k.DPD > 0 {
		n.add(CapDPD, "ask")
	}
}

func (n *needs) child(c Child) {
	n.add(CapProtocol, c.Protocol)
	n.add(CapPFS, c.PFS)
	for _, p := range c.Proposals {
		n.add(CapEncryption, p.Encryption)
		n.add(CapIntegrity, p.Integrity)
	}
	switch s := c.Selector; {
	case s.ServerPort != 0 || s.ClientPort != 0:
		n.add(CapSelector, "port")
	case s.Protocol != 0:
		n.add(CapSelector, "protocol")
	}
}

func (n *needs) step(step Step, mode string, plays Role) {
	switch {
	case step.Exchange != nil && step.Exchange.Expect.Allows(Protected):
		n.add(CapTraffic, mode)
	case step.Exchange != nil && step.Exchange.Expect == Clear:
		n.add(CapBypass, "clear")
	case step.Rekey != nil && plays == Initiator:
		n.add(CapRekey, step.Rekey.What.orChild().String())
	case step.Delete != nil && step.Delete.By == PartyPeer:
		n.add(CapDelete, step.Delete.What.String())
	}
}
