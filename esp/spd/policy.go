package spd

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/esp"
)

// Action is what a policy does with a packet (RFC 2401 4.4.1).
type Action uint8

// The three choices. The zero value is Discard, so that what nobody decided is not let
// through.
const (
	Discard Action = iota
	Bypass
	Protect
)

// String returns "discard", "bypass" or "protect".
func (a Action) String() string {
	switch a {
	case Discard:
		return "discard"
	case Bypass:
		return "bypass"
	case Protect:
		return "protect"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(a))
}

// Policy is an entry of the SPD.
type Policy struct {
	Name     string
	Selector Selector // outbound orientation: Src is the own side
	Action   Action
	Mode     esp.Mode  // of the SAs, when the action is Protect
	Proto    esp.Proto // 0: ESP
	// TunnelLocal and TunnelRemote are the outer addresses in tunnel mode, where the
	// SA does not name them.
	TunnelLocal, TunnelRemote netip.Addr
}

// SPD is the Security Policy Database: ordered, the first match decides, what matches
// nothing is discarded (RFC 2401 4.4.1). One list serves both directions.
type SPD []Policy

// ErrPolicy is a policy that cannot be followed.
var ErrPolicy = errors.New("invalid policy")

// Validate reports the first policy that has no name of its own, an unknown action or
// mode, a port range upside down, or prefixes of two address families.
func (s SPD) Validate() error {
	seen := map[string]bool{}
	for i, p := range s {
		sel := p.Selector
		var what string
		switch {
		case p.Name == "" || seen[p.Name]:
			what = "a name that is missing or not unique"
		case p.Action > Protect:
			what = "an unknown action"
		case p.Action == Protect && p.Mode != esp.Tunnel && p.Mode != esp.Transport:
			what = "an unknown mode"
		case sel.SrcPorts.Lo > sel.SrcPorts.Hi || sel.DstPorts.Lo > sel.DstPorts.Hi:
			what = "a port range upside down"
		case sel.Src.IsValid() && sel.Dst.IsValid() && sel.Src.Addr().Is4() != sel.Dst.Addr().Is4():
			what = "addresses of two families"
		}
		if what != "" {
			return fmt.Errorf("esp/spd: policy %d %q has %s: %w", i, p.Name, what, ErrPolicy)
		}
		seen[p.Name] = true
	}
	return nil
}

// Match is what the SPD says about a flow.
type Match struct {
	// Policy is the first that matches, nil when none does.
	Policy *Policy
	// Undecided is a policy with ports that a later fragment may match or not, while
	// what follows in the SPD decides otherwise. Such a packet must be discarded.
	Undecided *Policy
}

// Action returns what is to be done.
func (m Match) Action() Action {
	if m.Policy == nil || m.Undecided != nil {
		return Discard
	}
	return m.Policy.Action
}

// Lookup returns the match for a flow in outbound orientation; for an inbound packet
// give its Reverse. The policies alias the SPD.
func (s SPD) Lookup(f Flow) Match {
	var m Match
	n := len(s)
	for i := range s {
		if s[i].Selector.Match(f) {
			m.Policy, n = &s[i], i
			break
		}
	}
	action := m.Action()
	for i := range s[:n] {
		if p := &s[i]; p.Selector.undecided(f) && (p.Action != action || p.Action == Protect) {
			m.Undecided = p
			break
		}
	}
	return m
}

// find returns the policy with a name, or nil.
func (s SPD) find(name string) *Policy {
	for i := range s {
		if s[i].Name == name {
			return &s[i]
		}
	}
	return nil
}

// portless returns the SPD with its protect policies for any port.
func (s SPD) portless() SPD {
	w := slices.Clone(s)
	for i := range w {
		if w[i].Action == Protect {
			w[i].Selector = w[i].Selector.withoutPorts()
		}
	}
	return w
}
