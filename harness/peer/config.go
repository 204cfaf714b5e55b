package peer

import (
	"encoding/pem"
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
	RemoteMoves             bool         // a NAT before the harness will give it another port

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

// secrets are what may not be in evidence, logs or errors.
func (c Config) secrets() [][]byte {
	s := [][]byte{c.IKE.PSK}
	if x := c.IKE.XAUTH; x != nil {
		s = append(s, x.Password)
	}
	if k := c.IKE.Credentials; k != nil {
		s = append(s, k.Key)
		if block, _ := pem.Decode(k.Key); block != nil {
			s = append(s, block.Bytes)
		}
	}
	return s
}

// IKEConfig is phase 1, and what follows it before quick mode.
type IKEConfig struct {
	Mode           string // "main" or "aggressive"
	Authentication string // slug of a wire.AuthMethod: "psk", "rsa-sig", "xauth-init-psk"
	PSK            []byte // never in evidence, logs or errors
	LocalID        Identity
	RemoteID       Identity
	Credentials    *Credentials // nil for methods without public keys
	XAUTH          *XAUTH       // nil for methods without
	ModeConfig     ModeConfig   // ModeConfigNone for none
	NATTraversal   NATTraversal // NATTAuto for the peer's default
	NATTVersions   []string     // "rfc3947", "draft-02n"; none: the peer's choice
	Fragmentation  bool         // IKE fragmentation (vendor extension, payload 132)
	Proposals      []IKEProposal
	Lifetime       time.Duration // the peer's default when zero
	DPD            time.Duration // interval of dead peer detection; off when zero
}

// Credentials are the peer's key and certificates, all as PEM. The key is a
// secret.
type Credentials struct {
	Key           []byte   // PKCS #8
	Certificate   []byte   // the peer's own
	Intermediates [][]byte // between it and a root, nearest first
	Roots         [][]byte // whom the peer trusts
	CRLs          [][]byte // revocation lists it knows
	Remote        []byte   // the harness's certificate, where a method needs it beforehand; else nil
}

// XAUTH is extended authentication. The client is the IKE initiator with the
// methods "xauth-init-*" and "hybrid-init-*".
type XAUTH struct {
	User     string
	Password []byte // what the client sends, and what the server asks for
}

// ModeConfig says how the client, XAUTH's or else the IKE initiator, gets its
// inner address.
type ModeConfig string

// Forms of mode config.
const (
	ModeConfigNone ModeConfig = ""
	ModeConfigPull ModeConfig = "pull" // the client asks
	ModeConfigPush ModeConfig = "push" // the server tells
)

// NATTraversal says what the peer does about NATs (RFC 3947).
type NATTraversal string

// Choices for NAT traversal.
const (
	NATTAuto   NATTraversal = ""       // detect them
	NATTOff    NATTraversal = "off"    // no vendor ID, no UDP encapsulation
	NATTForced NATTraversal = "forced" // UDP encapsulation even without one
)

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
