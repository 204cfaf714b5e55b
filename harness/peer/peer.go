// Package peer drives the implementations that are put to the test: it starts a
// real IPsec daemon where it harms nobody, configures it, makes it initiate,
// rekey and delete, and hands the harness the wire it is attached to.
//
// A driver judges nothing. It says what its peer can be asked for (Supports),
// and otherwise reports what the peer's own tools said.
package peer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/harness/lab"
)

// Driver knows how to run one implementation.
type Driver interface {
	// Name is the peer's name on the command line and in evidence.
	Name() string
	// Probe reports what of the peer is installed and how it can run here.
	// The error is an *UnavailableError when it cannot run at all.
	Probe(ctx context.Context) (Info, error)
	// Supports returns nil when the peer can be configured as c asks with one
	// of its carriers, and otherwise an *UnsupportedError with the peer's own
	// reason. It decides from c alone and runs nothing.
	Supports(c Config) error
	// Carrier chooses what carries the peer's ESP under c on this machine. The
	// error is that of Supports, or an *UnavailableError for a carrier that is
	// missing here.
	Carrier(c Config) (Carrier, error)
	// Start runs the peer and attaches it to a wire. It returns when the peer
	// can be configured; an instance that fails to get there is closed.
	Start(ctx context.Context, env Env) (Instance, error)
}

// Instance is a running peer. Its methods may not be called concurrently, except
// for those of its Link and its Apps, and Close.
type Instance interface {
	// Info describes what runs: the version as the peer itself reports it.
	Info() Info
	// Done is closed when the peer has ended, expected or not.
	Done() <-chan struct{}
	// Ended says how the peer ended, such as "pluto: signal: bus error"; it is
	// empty while it has not.
	Ended() string
	// Configure replaces the peer's whole configuration: security associations
	// of an earlier one are deleted first.
	Configure(ctx context.Context, c Config) error
	// Reset takes away the peer's configuration and with it its security
	// associations and policies.
	Reset(ctx context.Context) error
	// Initiate makes the peer negotiate the configured child. The error says
	// what the peer said when no child came up, which need not be a fault.
	Initiate(ctx context.Context) error
	// Rekey makes the peer replace its child or its ISAKMP SA.
	Rekey(ctx context.Context, what SA) error
	// Delete makes the peer delete its child or its ISAKMP SA, with notice to
	// the other side.
	Delete(ctx context.Context, what SA) error
	// Apps is the peer host's traffic.
	Apps() lab.Apps
	// Link is the wire at the peer. The peer is the host behind it.
	Link() lab.Link
	// Artifacts are the peer's side of the evidence: file name to content, such
	// as "config", "version", "log". They hold no secret.
	Artifacts(ctx context.Context) (map[string][]byte, error)
	// Close ends the peer and removes everything made for it. It is bounded and
	// may be called more than once.
	Close() error
}

// Info describes a peer.
type Info struct {
	Name     string
	Version  string    // as the peer or its package reports it
	Carrier  Carrier   // of a running instance; CarrierAuto in a probe
	Carriers []Carrier // that can run here
	Detail   string    // for a person: kernel of a guest, why a carrier is missing
}

// find asks here for each of the carriers. The error says what the last one
// lacks when none can run.
func (i *Info) find(here func(Carrier) error, carriers ...Carrier) (missing error) {
	for _, c := range carriers {
		if err := here(c); err != nil {
			missing = err
			if i.Detail != "" {
				i.Detail += "; "
			}
			i.Detail += fmt.Sprintf("no %s: %s", c, reasonOf(err))
			continue
		}
		i.Carriers = append(i.Carriers, c)
	}
	if len(i.Carriers) > 0 {
		return nil
	}
	return missing
}

// Env is where an instance runs.
type Env struct {
	// Carrier that Driver.Carrier chose, or that the user forces.
	Carrier Carrier
	// Addr is the peer's address on the wire with the prefix of the segment.
	Addr netip.Prefix
	// Inner is the peer's host behind the tunnel; invalid for none.
	Inner netip.Prefix
	// MTU of the wire; 1500 when zero.
	MTU int
	// Name tells instances apart in messages and device names; the driver's
	// name when empty.
	Name string
}

// Carrier is what carries a peer's ESP packets.
type Carrier uint8

// Carriers.
const (
	CarrierAuto      Carrier = iota // choose by configuration
	CarrierNamespace                // the daemon's own userspace ESP, in a network namespace
	CarrierKernel                   // the host kernel's, in a network namespace
	CarrierGuest                    // the kernel's of a User-mode Linux guest
)

// String returns the carrier's slug.
func (c Carrier) String() string {
	switch c {
	case CarrierAuto:
		return "auto"
	case CarrierNamespace:
		return "namespace"
	case CarrierKernel:
		return "kernel"
	case CarrierGuest:
		return "guest"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(c))
}

// ParseCarrier reads a carrier's slug.
func ParseCarrier(s string) (Carrier, error) {
	for c := CarrierAuto; c <= CarrierGuest; c++ {
		if c.String() == s {
			return c, nil
		}
	}
	return 0, fmt.Errorf("harness/peer: unknown carrier %q (auto, namespace, kernel, guest)", s)
}

// SA names a kind of security association.
type SA uint8

// Kinds of security associations.
const (
	Child SA = iota + 1 // the IPsec SAs of the configured child
	IKE                 // the ISAKMP SA
)

// String returns "child" or "ike".
func (s SA) String() string {
	switch s {
	case Child:
		return "child"
	case IKE:
		return "ike"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(s))
}

// Sentinels for errors.Is.
var (
	ErrUnavailable = errors.New("peer cannot run here")
	ErrUnsupported = errors.New("peer does not support this")
	ErrCommand     = errors.New("peer's tool reports failure")
	ErrEnded       = errors.New("peer has ended")
)

// UnavailableError says that a peer, or one way of running it, is missing on
// this machine, and what would add it. It is ErrUnavailable.
type UnavailableError struct {
	Peer    string
	Reason  string
	Install string // a command; empty when nothing can be installed for it
}

func (e *UnavailableError) Error() string {
	s := "peer " + e.Peer + " cannot run here: " + e.Reason
	if e.Install != "" {
		s += "; install with: " + e.Install
	}
	return s
}

// Is reports whether target is ErrUnavailable.
func (e *UnavailableError) Is(target error) bool { return target == ErrUnavailable }

func reasonOf(err error) string {
	var u *UnavailableError
	if errors.As(err, &u) {
		return u.Reason
	}
	return err.Error()
}

// UnsupportedError says that the peer itself cannot do what a configuration
// asks. It is ErrUnsupported.
type UnsupportedError struct {
	Peer   string
	What   string // "des-cbc"
	Reason string // the peer's own
}

func (e *UnsupportedError) Error() string {
	return "peer " + e.Peer + " does not support " + e.What + ": " + e.Reason
}

// Is reports whether target is ErrUnsupported.
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }
