package profile

import "github.com/useipsec/useipsec/scenarios/strict"

// Level says how strongly a profile asks for something. Greater is stronger,
// so that l >= May reads "is admitted".
type Level uint8

// The levels. Unlisted is what a list does not mention: in a list that says
// anything at all it is not admitted.
const (
	Unlisted Level = iota
	MustNot
	May
	Should
	Must
)

// Need says whether a service has to be there.
type Need uint8

// The needs. None means that the service must not be used.
const (
	Unstated Need = iota
	None
	Optional
	Required
)

// Action is what the SPD does with a packet (RFC 2401 4.4.1). The zero value
// is no action.
type Action uint8

// The three choices of RFC 2401.
const (
	Discard Action = iota + 1
	Bypass
	Protect
)

// Method is a form of key management (draft 3.3).
type Method uint8

// Forms of key management. KINK (RFC 4430) can be asked for; nothing here
// tests it.
const (
	Manual Method = iota + 1
	IKE
	KINK
)

// IKEVersion is the version of IKE that a profile demands.
type IKEVersion uint8

// Versions. VersionUnstated is a mistake that Lint reports: the draft's
// question h says "You must specify which version of IKE you require".
const (
	VersionUnstated IKEVersion = iota
	Version1
	Version2
	VersionNone // key management is not IKE
)

// Accept is the rule by which an authenticated participant is let in.
type Accept uint8

// Rules of admission. AcceptDesignated: only the peers that are configured by
// address. AcceptIdentities: those on a list. AcceptIssued: whoever has a
// certificate from certain issuers. AcceptAny: whoever authenticates.
const (
	AcceptDesignated Accept = iota + 1
	AcceptIdentities
	AcceptIssued
	AcceptAny
)

// UserSA says when a security association of its own is negotiated for a user
// (draft 8 e).
type UserSA uint8

// Choices for user-granularity SAs.
const (
	UserSANever UserSA = iota + 1
	UserSAOnLogin
	UserSAPerConnection
)

// Status is what is known about the availability of IPsec in a product.
type Status uint8

// Statuses. StatusOpen: nobody has looked; a run of this tool is the way to
// find out.
const (
	StatusOpen Status = iota + 1
	StatusAvailable
	StatusPartial
	StatusMissing
)

// Segment says what kinds of system are at the two ends of the protection.
type Segment uint8

// Segments (RFC 2401 4.5).
const (
	HostToHost Segment = iota + 1
	HostToGateway
	GatewayToGateway
)

// Relation says how many talk to how many.
type Relation uint8

// Relations. Pairs: each association is configured at both ends on its own, as
// BGP sessions are. Hub: many clients, one server. ManyToMany: anyone with
// anyone.
const (
	Pairs Relation = iota + 1
	Hub
	ManyToMany
)

// Likelihood of something in the setting.
type Likelihood uint8

// Likelihoods.
const (
	Unlikely Likelihood = iota + 1
	Likely
)

// Addressing says how the ends get their addresses.
type Addressing uint8

// Forms of addressing.
const (
	Static Addressing = iota + 1
	Dynamic
)

// Issuer says who issues the certificates.
type Issuer uint8

// Issuers (draft 3.3). IssuerLocal: the administration concerned. IssuerPKI:
// an existing public key infrastructure. IssuerGlobal: the global PKI that the
// draft says will never be.
const (
	IssuerLocal Issuer = iota + 1
	IssuerPKI
	IssuerGlobal
)

// Sharing says who has the same pre-shared secret.
type Sharing uint8

// Forms of sharing. SharedByPair: each pair of ends has a secret of its own.
// SharedByGroup: all clients of a server have the same.
const (
	SharedByPair Sharing = iota + 1
	SharedByGroup
)

// Class is the kind of device that a product is.
type Class uint8

// Classes of device (draft 3.3, 4). ClassConcentrator: a point where many
// associations meet, such as a firewall or a server for voice over IP.
const (
	ClassHost Class = iota + 1
	ClassRouter
	ClassGateway
	ClassConcentrator
	ClassEmbedded
)

var (
	levelNames      = strict.Names{"", "must-not", "may", "should", "must"}
	needNames       = strict.Names{"", "none", "optional", "required"}
	actionNames     = strict.Names{"", "discard", "bypass", "protect"}
	methodNames     = strict.Names{"", "manual", "ike", "kink"}
	versionNames    = strict.Names{"", "1", "2", "none"}
	acceptNames     = strict.Names{"", "designated-peers", "identity-list", "issued-by", "any-authenticated"}
	userSANames     = strict.Names{"", "never", "on-login", "per-connection"}
	statusNames     = strict.Names{"", "open", "available", "partial", "missing"}
	segmentNames    = strict.Names{"", "host-to-host", "host-to-gateway", "gateway-to-gateway"}
	relationNames   = strict.Names{"", "pairs", "hub", "many-to-many"}
	likelihoodNames = strict.Names{"", "unlikely", "likely"}
	addressingNames = strict.Names{"", "static", "dynamic"}
	issuerNames     = strict.Names{"", "local", "existing-pki", "global-pki"}
	sharingNames    = strict.Names{"", "pair", "group"}
	classNames      = strict.Names{"", "host", "router", "gateway", "concentrator", "embedded"}
)
