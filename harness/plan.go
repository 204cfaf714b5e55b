package harness

import (
	"errors"
	"fmt"

	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// Lab names a kind of lab.
type Lab string

// The labs.
const (
	Virtual Lab = "virtual" // in this process, in virtual time
	Netns   Lab = "netns"   // network namespaces of this machine, in real time
)

// Reference is the name of the peer that is our own host.
const Reference = "reference"

// Plan is what a run does.
type Plan struct {
	Profile      *profile.Profile // its text goes into the evidence
	ClaimsSource []byte           // what is claimed of the peer goes there too; nil for nothing
	Scenarios    []*scenarios.Scenario
	Lab          Lab
	Driver       peer.Driver  // nil: the reference peer
	Carrier      peer.Carrier // forces one; CarrierAuto leaves it to the driver
	// Deviations are switched on in the reference peer: see Deviate.
	Deviations scenarios.Deviations
	// DeviationNames are their names, for the evidence.
	DeviationNames []string
	// Sabotage changes the peer's configuration, whichever peer it is.
	Sabotage Sabotage
}

// Sabotage is a difference in the peer's configuration that no scenario asked for, to see
// whether the checks notice.
type Sabotage struct {
	PSK      bool // the peer has another secret
	MainOnly bool // the peer is configured for main mode, whatever the scenario's is
}

// ErrPlan is wrapped by what is wrong with a plan.
var ErrPlan = errors.New("cannot run this")

// PeerName is the name of the peer under test.
func (p *Plan) PeerName() string {
	if p.Driver == nil {
		return Reference
	}
	return p.Driver.Name()
}

// Deviate switches a fault of the reference peer on, as [scenarios.Deviations.Set] does.
func (p *Plan) Deviate(spec string) error {
	p.DeviationNames = append(p.DeviationNames, spec)
	return p.Deviations.Set(spec)
}

// Check tells what is wrong with the plan, before anything is started.
func (p *Plan) Check() error {
	switch {
	case p.Profile == nil:
		return fmt.Errorf("harness: %w: there is no profile", ErrPlan)
	case len(p.Scenarios) == 0:
		return fmt.Errorf("harness: %w: no scenario is selected", ErrPlan)
	case p.Lab != Virtual && p.Lab != Netns:
		return fmt.Errorf("harness: %w: lab %q (there are %s and %s)", ErrPlan, p.Lab, Virtual, Netns)
	case p.Driver != nil && p.Lab == Virtual:
		return fmt.Errorf("harness: %w: peer %s is a real daemon and needs --lab %s; the virtual lab holds the reference peer only", ErrPlan, p.PeerName(), Netns)
	case p.Driver != nil && len(p.DeviationNames) > 0:
		return fmt.Errorf("harness: %w: deviations are of the reference peer, %s has none to switch on", ErrPlan, p.PeerName())
	}
	return nil
}

// Trial is one scenario with the peer in one role.
type Trial struct {
	Scenario  *scenarios.Scenario
	PeerPlays scenarios.Role
}

// String gives "main/psk/aes128-sha1-modp1024 (peer responds)".
func (t Trial) String() string { return fmt.Sprintf("%s/%v", t.Scenario.ID, t.PeerPlays) }

// Trials lists what the plan will run, in order.
func (p *Plan) Trials() []Trial {
	var ts []Trial
	for _, s := range p.Scenarios {
		for _, r := range s.Trials() {
			ts = append(ts, Trial{s, r})
		}
	}
	return ts
}

// peerScenarioConfig is the configuration of the peer's end, sabotage included.
func (p *Plan) peerScenarioConfig(s *scenarios.Scenario) scenarios.Config {
	c := s.PeerConfig()
	if p.Sabotage.PSK {
		c.PSK = scenarios.SecretOther
		if s.Peer.PSK == scenarios.SecretOther {
			c.PSK = scenarios.SecretShared
		}
	}
	if p.Sabotage.MainOnly {
		c.IKE.Mode = scenarios.DefaultExchangeMode
	}
	return c
}
