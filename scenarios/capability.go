package scenarios

import (
	"fmt"

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
	CapProtocol                                 // esp, ah
	CapMode                                     // transport, tunnel: the peer can negotiate and install it
	CapEncryption                               // ESP cipher
	CapIntegrity                                // ESP or AH integrity
	CapPFS                                      // quick mode group
	CapSelector                                 // "protocol" or "port": how fine the selectors have to be
	CapTraffic                                  // transport, tunnel: packets can be carried in it, not only negotiated
	CapBypass                                   // "clear": traffic beside the selectors passes in clear
	CapRekey                                    // child, ike: by whoever is the IKE initiator; only if that is the peer
	CapDelete                                   // child, ike: the peer can be told to delete
)

var capabilityNames = strict.Names{
	"", "role", "exchange-mode", "authentication", "ike-encryption", "ike-hash", "group", "protocol", "mode",
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

// String returns the kind's name, or Unknown(n).
func (k CapabilityKind) String() string { return capabilityNames.String(uint8(k)) }

// MarshalText returns the kind's name.
func (k CapabilityKind) MarshalText() ([]byte, error) { return capabilityNames.Marshal(uint8(k)) }

// UnmarshalText takes the kind's name.
func (k *CapabilityKind) UnmarshalText(b []byte) error {
	return strict.Unmarshal(capabilityNames, k, b)
}
