package ikev1

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// UDP ports of IKE (RFC 2408 2.5.1) and of IKE and ESP behind a NAT (RFC 3947 4).
const (
	Port     = 500
	PortNATT = 4500
)

// Role says which end of an exchange a Session or a child is.
type Role uint8

// The two roles.
const (
	Initiator Role = 1 + iota
	Responder
)

// String gives "initiator" or "responder".
func (r Role) String() string {
	switch r {
	case Initiator:
		return "initiator"
	case Responder:
		return "responder"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(r))
}

// Mode is the phase 1 exchange.
type Mode uint8

// The phase 1 exchanges (RFC 2409 5).
const (
	Main Mode = 1 + iota
	Aggressive
)

// String gives the slug: "main" or "aggressive".
func (m Mode) String() string {
	switch m {
	case Main:
		return "main"
	case Aggressive:
		return "aggressive"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(m))
}

// exchange is the exchange type of the mode.
func (m Mode) exchange() wire.ExchangeType {
	if m == Aggressive {
		return wire.ExchangeAggressive
	}
	return wire.ExchangeMain
}

// Retransmit is the schedule for unanswered messages: the first repetition comes after
// Base, each following one Factor times later, and the exchange fails when Tries
// repetitions stayed unanswered.
type Retransmit struct {
	Base   time.Duration
	Factor float64
	Tries  int
}

// QuickPolicy is one child that may be negotiated in quick mode.
type QuickPolicy struct {
	Name     string
	Selector spd.Selector // Src is the local side
	Proto    esp.Proto
	Mode     esp.Mode
	Suites   []esp.Suite // in order of preference
	PFS      keymat.Group
	Lifetime time.Duration
	// Kilobytes that a child may carry, both directions together; 0 sets no limit.
	Kilobytes uint64
	// LocalID and RemoteID, if not nil, are sent in quick mode instead of what Selector gives, and a proposal of exactly
	// them is for this policy: ranges, or names.
	LocalID, RemoteID *wire.ID
	NoIDs             bool // propose no identities: the two hosts themselves are meant (RFC 2409 5.5)
	Virtual           bool // the address that mode config assigned takes the place of the client's side of Selector
}

// Config is everything a Session needs to know. It is not changed by the Session and must
// not be changed while one uses it.
type Config struct {
	Mode          Mode
	Local         netip.AddrPort // address and port IKE is spoken from
	Remote        netip.AddrPort // the peer's
	LocalID       wire.ID
	RemoteID      *wire.ID // what the peer must assert; nil accepts any
	Auth          Auth
	Proposals     []keymat.Suite // in order of preference
	Lifetime      time.Duration  // of the ISAKMP SA; 0 means 8 hours
	Kilobytes     uint64         // that this end encrypts under the ISAKMP SA; 0 sets no limit
	Quick         []QuickPolicy
	MaxChildren   int // that the peer may make live at a time; 0 means 4096
	NATT          NATT
	XAUTH         XAUTH
	ModeConfig    ModeConfig
	Fragmentation Fragmentation
	// FirstContact tells, when INITIAL-CONTACT would be sent, whether this is the only SA with the peer; nil: it is.
	FirstContact func() bool
	// NoInitialContact leaves INITIAL-CONTACT out of the last message of phase 1 (RFC 2407 4.6.3.3).
	NoInitialContact bool
	Retransmit       Retransmit // zero value: 2 s, doubling, 4 tries
	DPD              DPD
	// Rekey lets the end that initiated an SA replace it before it expires. Children are replaced by the Session; for
	// the ISAKMP SA an EventRekey asks for a new Session.
	Rekey bool
	// Commit, as responder of a quick mode, sets the commit bit and says CONNECTED when the child is usable (RFC 2408 3.1).
	Commit bool
	// Tolerant makes a Session go on, after an EventTolerated, where the peer broke a rule but the exchange can
	// still be completed. A test endpoint uses it to see what comes next.
	Tolerant   bool
	Rand       io.Reader // nil: crypto/rand
	Deviations Deviations
	Record     func(Event) // nil: nobody listens
}

const (
	defaultMaxChildren   = 4096
	defaultLifetime      = 8 * time.Hour
	defaultChildLifetime = time.Hour
	unsaidChildLifetime  = 28800 * time.Second // of an offer that does not say (RFC 2407 4.5)
)

var defaultRetransmit = Retransmit{Base: 2 * time.Second, Factor: 2, Tries: 4}

// ErrConfig is wrapped by every error about a Config.
var ErrConfig = errors.New("configuration not usable")

func (c *Config) check(role Role) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("ikev1: %w: %s", ErrConfig, fmt.Sprintf(format, args...))
	}
	switch {
	case c.Mode != Main && c.Mode != Aggressive:
		return bad("phase 1 exchange %v is not available", c.Mode)
	case !c.Local.IsValid() || !c.Remote.IsValid():
		return bad("both addresses are needed, have local %v and remote %v", c.Local, c.Remote)
	case len(c.Proposals) == 0:
		return bad("no phase 1 proposal")
	}
	if err := c.Auth.check(role); err != nil {
		return bad("%v", err)
	}
	for _, q := range c.Quick {
		if len(q.Suites) == 0 {
			return bad("quick mode policy %q has no proposal", q.Name)
		}
	}
	return nil
}

// AddrID is the identity ID_IPV4_ADDR or ID_IPV6_ADDR of an address (RFC 2407 4.6.2).
func AddrID(a netip.Addr) wire.ID {
	t := wire.IDIPv4Addr
	if a.Is6() {
		t = wire.IDIPv6Addr
	}
	return wire.ID{IDType: t, Data: a.AsSlice()}
}
