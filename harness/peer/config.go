package peer

import (
	"fmt"
	"net/netip"
	"time"
)

// Config is one peer's configuration in nobody's syntax. "Local" is the peer,
// "Remote" the harness. Algorithms are the slugs used throughout: "aes128-cbc",
// "sha1", "modp2048", "hmac-sha1-96".
type Config struct {
	Role Role

	Local, Remote           netip.Addr   // on the wire
	LocalInner, RemoteInner netip.Prefix // hosts behind the tunnel; tunnel mode only

	IKE   IKEConfig
	Child ChildConfig
}

// Role is a peer's part in the negotiation.
type Role uint8

// Roles.
const (
	Responder Role = iota + 1
	Initiator
)

// String returns "responder" or "initiator".
func (r Role) String() string {
	switch r {
	case Responder:
		return "responder"
	case Initiator:
		return "initiator"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(r))
}

// IKEConfig is phase 1.
type IKEConfig struct {
	Mode           string // "main" or "aggressive"
	Authentication string // "psk"
	PSK            []byte // never in evidence, logs or errors
	// LocalID and RemoteID are identities in the peer's text form (an address,
	// a domain name, user@domain); the addresses on the wire when empty.
	LocalID, RemoteID string
	Proposals         []IKEProposal
	Lifetime          time.Duration // the peer's default when zero
	DPD               time.Duration // interval of dead peer detection; off when zero
}

// IKEProposal is one phase 1 transform (RFC 2409 4).
type IKEProposal struct{ Encryption, Hash, Group string }

// ChildConfig is phase 2.
type ChildConfig struct {
	Protocol  string // "esp" or "ah"
	Mode      string // "transport" or "tunnel"
	Proposals []ChildProposal
	PFS       string        // group slug; off when empty
	Lifetime  time.Duration // the peer's default when zero
	Selector  Selector
}

// ChildProposal is one phase 2 transform. Encryption is empty for AH.
type ChildProposal struct{ Encryption, Integrity string }

// Selector narrows the child to a protocol and to ports. The addresses are the
// wire's in transport mode and the inner hosts' in tunnel mode.
type Selector struct {
	Protocol   uint8  // IP protocol; 0 any
	LocalPort  uint16 // at the peer; 0 any
	RemotePort uint16 // at the harness; 0 any
}

// innerNet is what a child protects at one end in tunnel mode: the inner host, or
// the end itself where there is none.
func innerNet(inner netip.Prefix, outer netip.Addr) netip.Prefix {
	if inner.IsValid() {
		return inner.Masked()
	}
	return netip.PrefixFrom(outer, outer.BitLen())
}
