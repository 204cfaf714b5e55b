// Package scenarios says what to do to a peer: the configuration of both ends,
// the steps, and what has to come of them. It has the types, their strict
// reader, and the built-in library.
//
// A scenario never contains a secret; pre-shared keys are made for each run.
package scenarios

import (
	"fmt"
	"slices"
	"time"

	"github.com/useipsec/useipsec/scenarios/profile"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// Error is one mistake in a scenario: File, Line, Col, Path, Msg and Excerpt,
// the quoted source line.
type Error = strict.Error

// Errors are all mistakes in a scenario, in the order of the text.
type Errors = strict.Errors

// Duration is a time span, written like 90s, 30m or 8h.
type Duration = strict.Duration

// Size is a number of octets, written like 64, 4KiB or 100MB.
type Size = strict.Size

// Scenario is one thing to do with a peer. The values are as written; what
// applies when a key is left out is what the methods return: Harness,
// PeerConfig, Steps, Trials, Needs.
type Scenario struct {
	ID        string         `yaml:"id" strict:"required" json:"id"` // hierarchical; in the library, the path of the file
	Title     string         `yaml:"title" strict:"required" json:"title"`
	Why       string         `yaml:"why" strict:"required" json:"why"` // what this shows about a product
	Items     []profile.Item `yaml:"items" strict:"required" json:"items"`
	Refs      []string       `yaml:"refs" strict:"required" json:"refs"` // "RFC2409/5.4"
	Tags      []string       `yaml:"tags" json:"tags,omitempty"`
	PeerPlays []Role         `yaml:"peer_plays" strict:"required" json:"peer_plays"`

	Family Family `yaml:"family" json:"family,omitempty"` // of all addresses; left out: IPv4
	IKE    IKE    `yaml:"ike" strict:"required" json:"ike"`
	Child  Child  `yaml:"child" strict:"required" json:"child"`
	Peer   Peer   `yaml:"peer" json:"peer"`
	Wire   *Wire  `yaml:"wire" json:"wire,omitempty"` // nil: nothing but a cable
	Script []Step `yaml:"script" json:"script,omitempty"`

	// Deviations are faults of the harness's end, by the names that Deviations.Set
	// takes.
	Deviations []string `yaml:"deviations" json:"deviations,omitempty"`
	Expect     Expect   `yaml:"expect" strict:"required" json:"expect"`

	// Observed is what products were seen to do, for people to read. It decides
	// nothing.
	Observed []Observation `yaml:"observed" json:"observed,omitempty"`
}

// IKE is the configuration of phase 1 and of what follows it before quick mode.
// In Peer, only what differs is set.
type IKE struct {
	Mode           string        `yaml:"mode" strict:"vocab=exchange-mode" json:"mode,omitempty"`
	Authentication string        `yaml:"authentication" strict:"vocab=auth" json:"authentication,omitempty"`
	Lifetime       Duration      `yaml:"lifetime" json:"lifetime,omitempty"`
	Proposals      []IKEProposal `yaml:"proposals" json:"proposals,omitempty"` // in order of preference

	Identities    Identities  `yaml:"identities" json:"identities"`
	Certificate   Certificate `yaml:"certificate" json:"certificate"` // of methods with public keys
	ModeConfig    ModeConfig  `yaml:"mode_config" json:"mode_config,omitempty"`
	NATTraversal  NAT         `yaml:"nat_traversal" json:"nat_traversal,omitempty"`
	NATTVersions  []string    `yaml:"natt_versions" strict:"vocab=natt-version" json:"natt_versions,omitempty"` // in order of preference; left out: rfc3947
	Fragmentation bool        `yaml:"fragmentation" json:"fragmentation,omitempty"`                             // of IKE messages
	DPD           Duration    `yaml:"dpd" json:"dpd,omitempty"`                                                 // after so long without a sign of life the peer is asked; left out: never
}

// Identities are the forms of identity that the two ends assert, by their IKE
// roles. A form that is left out is the end's address. The names themselves are
// made by whoever runs the scenario: see Name.
type Identities struct {
	Initiator string `yaml:"initiator" strict:"vocab=id-type" json:"initiator,omitempty"`
	Responder string `yaml:"responder" strict:"vocab=id-type" json:"responder,omitempty"`
}

// Of returns the form of the end with the role.
func (i Identities) Of(r Role) string {
	if r == Initiator {
		return i.Initiator
	}
	return i.Responder
}

// Certificate says what certificate an end has. Both ends trust the same root.
type Certificate struct {
	Key          string           `yaml:"key" strict:"vocab=key-type" json:"key,omitempty"` // left out: what the method asks for
	Intermediate bool             `yaml:"intermediate" json:"intermediate,omitempty"`       // a CA between it and the root
	Fault        CertificateFault `yaml:"fault" json:"fault,omitempty"`                     // never shared with the other end
}

// IKEProposal is one transform of phase 1.
type IKEProposal struct {
	Encryption string `yaml:"encryption" strict:"required,vocab=ike-encryption" json:"encryption"`
	Hash       string `yaml:"hash" strict:"required,vocab=ike-hash" json:"hash"`
	Group      string `yaml:"group" strict:"required,vocab=group" json:"group"`
}

// Child is the configuration of phase 2, one pair of IPsec SAs. In Peer, only
// what differs is set, and a Selector that is not nil replaces the whole.
type Child struct {
	Protocol  string          `yaml:"protocol" strict:"vocab=protocol" json:"protocol,omitempty"`
	Mode      string          `yaml:"mode" strict:"vocab=mode" json:"mode,omitempty"`
	Lifetime  Duration        `yaml:"lifetime" json:"lifetime,omitempty"`
	PFS       string          `yaml:"pfs" strict:"vocab=pfs" json:"pfs,omitempty"` // a group, or "none"; Config never has "none" but ""
	Proposals []ChildProposal `yaml:"proposals" json:"proposals,omitempty"`        // in order of preference
	Selector  *Selector       `yaml:"selector" json:"selector,omitempty"`          // nil in a file: {}; never nil in a Config
}

// ChildProposal is one transform of phase 2. With AH, Encryption is "".
type ChildProposal struct {
	Encryption string `yaml:"encryption" strict:"vocab=esp-encryption" json:"encryption,omitempty"`
	Integrity  string `yaml:"integrity" strict:"required,vocab=esp-integrity" json:"integrity"`
}

// Selector is the traffic of the child: between the two hosts in transport
// mode, between the two inner hosts in tunnel mode. The IKE responder is the
// server. The zero value is everything between them.
type Selector struct {
	Protocol   profile.Protocol `yaml:"protocol" json:"protocol"` // zero: any
	ServerPort uint16           `yaml:"server_port" json:"server_port,omitempty"`
	ClientPort uint16           `yaml:"client_port" json:"client_port,omitempty"`
}

// String returns "any" or "tcp server port 179".
func (s *Selector) String() string {
	text := s.Protocol.String()
	for _, p := range []struct {
		who  string
		port uint16
	}{{"server", s.ServerPort}, {"client", s.ClientPort}} {
		if p.port != 0 {
			text += fmt.Sprintf(" %s port %d", p.who, p.port)
		}
	}
	return text
}

// Peer is what the peer's configuration has otherwise than the harness's.
type Peer struct {
	PSK      Secret `yaml:"psk" json:"psk,omitempty"`
	Password Secret `yaml:"password" json:"password,omitempty"` // of extended authentication
	IKE      *IKE   `yaml:"ike" json:"ike,omitempty"`
	Child    *Child `yaml:"child" json:"child,omitempty"`
}

// Config is the complete configuration of one end.
type Config struct {
	PSK      Secret
	Password Secret
	IKE      IKE
	Child    Child
}

// Step is one step of a script: exactly one of its fields is not nil.
type Step struct {
	Initiate *Initiate `yaml:"initiate" json:"initiate,omitempty"`
	Exchange *Exchange `yaml:"exchange" json:"exchange,omitempty"`
	Rekey    *Rekey    `yaml:"rekey" json:"rekey,omitempty"`
	Delete   *Delete   `yaml:"delete" json:"delete,omitempty"`
	Wait     *Wait     `yaml:"wait" json:"wait,omitempty"`
	Rebind   *Rebind   `yaml:"rebind" json:"rebind,omitempty"`
}

// Initiate has the IKE initiator of the trial bring up the child.
type Initiate struct{}

// Exchange is a conversation: the side of the IKE initiator connects to the
// side of the IKE responder, sends Size octets and gets them back.
type Exchange struct {
	Protocol profile.Protocol `yaml:"protocol" strict:"required" json:"protocol"` // tcp or udp
	Port     uint16           `yaml:"port" strict:"required" json:"port"`
	Size     Size             `yaml:"size" json:"size,omitempty"` // 0: DefaultSize
	Expect   Traffic          `yaml:"expect" strict:"required" json:"expect"`
}

// DefaultSize is the number of octets that an exchange sends when the scenario
// does not say.
const DefaultSize Size = 64

// Rekey is a further quick mode under the same ISAKMP SA (what: child, also
// when left out), or a new phase 1 (what: ike), by the IKE initiator.
type Rekey struct {
	What What `yaml:"what" json:"what,omitempty"`
}

// Delete has one end delete an SA and say so.
type Delete struct {
	By   Party `yaml:"by" strict:"required" json:"by"`
	What What  `yaml:"what" strict:"required" json:"what"`
}

// Wait lets time pass, so that timers run out: dead peer detection, lifetimes.
type Wait struct {
	For Duration `yaml:"for" strict:"required" json:"for"`
}

// MaxWait bounds a Wait.
const MaxWait = Duration(60 * time.Second)

// Expect is what the negotiation has to come to.
type Expect struct {
	Phase1 Outcome `yaml:"phase1" strict:"required" json:"phase1"`
	Phase2 Outcome `yaml:"phase2" json:"phase2,omitempty"` // zero: phase 2 is not reached, or not asked about

	// Notifies are the notify types by which either end may refuse, by the
	// names in RFC 2408 3.14.1. They are alternatives.
	Notifies []string `yaml:"notifies" strict:"vocab=notify" json:"notifies,omitempty"`

	// Silence: a refusal without any notify is acceptable too, that is nothing
	// but retransmissions.
	Silence bool `yaml:"silence" json:"silence,omitempty"`

	// Tolerated are known behaviours of real products that depart from the letter.
	// They are shown, and are no failure.
	Tolerated []Quirk `yaml:"tolerated" json:"tolerated,omitempty"`
}

// Quirk is a known behaviour of products: a whole outcome, as in Expect, or the
// failure of a rule.
type Quirk struct {
	Why   string   `yaml:"why" strict:"required" json:"why"`     // what they do
	Peers []string `yaml:"peers" strict:"required" json:"peers"` // whose it is known to be; of others it is not tolerated

	Rule string `yaml:"rule" json:"rule,omitempty"` // ID of the rule that may fail, if it is not an outcome

	Phase1   Outcome  `yaml:"phase1" json:"phase1,omitempty"`
	Phase2   Outcome  `yaml:"phase2" json:"phase2,omitempty"`
	Notifies []string `yaml:"notifies" strict:"vocab=notify" json:"notifies,omitempty"`
	Silence  bool     `yaml:"silence" json:"silence,omitempty"`
}

// Tolerates returns the quirks that a peer is known for: with a rule those of
// that rule, without one the outcomes.
func (e Expect) Tolerates(peer, rule string) []Quirk {
	var out []Quirk
	for _, q := range e.Tolerated {
		if q.Rule == rule && slices.Contains(q.Peers, peer) {
			out = append(out, q)
		}
	}
	return out
}

// Expect returns the outcome that a quirk tolerates.
func (q Quirk) Expect() Expect {
	return Expect{Phase1: q.Phase1, Phase2: q.Phase2, Notifies: q.Notifies, Silence: q.Silence}
}

// Observation is what a version of a product was seen to do.
type Observation struct {
	Peer    string  `yaml:"peer" strict:"required" json:"peer"`
	Version string  `yaml:"version" strict:"required" json:"version"`
	Plays   Role    `yaml:"plays" strict:"required" json:"plays"`
	Phase1  Outcome `yaml:"phase1" strict:"required" json:"phase1"`
	Phase2  Outcome `yaml:"phase2" json:"phase2,omitempty"`
	By      string  `yaml:"by" json:"by,omitempty"` // of a refusal: a notify, "Delete" or "silence"
}
