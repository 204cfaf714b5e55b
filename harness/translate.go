package harness

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// policyName is what the one child of a scenario is called in SPDs and journals.
const policyName = "scenario"

// secrets are the pre-shared keys of one run; scenarios only say which one an end has.
type secrets struct{ shared, other []byte }

func (s secrets) of(which scenarios.Secret) []byte {
	if which == scenarios.SecretOther {
		return s.other
	}
	return s.shared
}

// side is where one end stands: its addresses, and whether it is the IKE initiator, which
// is also the client of the scenario's conversations.
type side struct {
	local, remote           netip.Addr
	localInner, remoteInner netip.Addr
	client                  bool
}

// sides gives both ends of a trial in which the peer plays role.
func sides(a lab.Addressing, peerPlays scenarios.Role) (harness, peer side) {
	harness = side{a.Harness, a.Peer, a.HarnessInner, a.PeerInner, peerPlays == scenarios.Responder}
	peer = side{a.Peer, a.Harness, a.PeerInner, a.HarnessInner, peerPlays == scenarios.Initiator}
	return harness, peer
}

// ends are the addresses the child protects.
func (s side) ends(mode esp.Mode) (local, remote netip.Addr) {
	if mode == esp.Tunnel {
		return s.localInner, s.remoteInner
	}
	return s.local, s.remote
}

// selector is the child's, with Src on this side.
func (s side) selector(sel scenarios.Selector, mode esp.Mode) spd.Selector {
	local, remote := s.ends(mode)
	out := spd.Selector{
		Src: netip.PrefixFrom(local, local.BitLen()), Dst: netip.PrefixFrom(remote, remote.BitLen()),
		Proto: uint8(sel.Protocol), SrcPorts: port(sel.ServerPort), DstPorts: port(sel.ClientPort),
	}
	if s.client {
		out.SrcPorts, out.DstPorts = out.DstPorts, out.SrcPorts
	}
	return out
}

// port is the range of one port, or any for 0.
func port(p uint16) spd.PortRange { return spd.PortRange{Lo: p, Hi: p} }

// retransmit is patient enough for a loaded machine and short enough for a scenario that expects silence.
var retransmit = ikev1.Retransmit{Base: time.Second, Factor: 2, Tries: 2}

// hostConfig translates a scenario's configuration for one of our own hosts.
func hostConfig(name string, c scenarios.Config, s side, sec secrets) (host.Config, error) {
	fail := func(err error) (host.Config, error) { return host.Config{}, fmt.Errorf("harness: %s: %w", name, err) }
	method, err := authMethod(c.IKE.Authentication)
	if err != nil {
		return fail(err)
	}
	mode := ikev1.Main
	if c.IKE.Mode == ikev1.Aggressive.String() {
		mode = ikev1.Aggressive
	}
	proto, err := esp.ParseProto(c.Child.Protocol)
	if err != nil {
		return fail(err)
	}
	childMode, err := esp.ParseMode(c.Child.Mode)
	if err != nil {
		return fail(err)
	}
	q := ikev1.QuickPolicy{
		Name: policyName, Selector: s.selector(*c.Child.Selector, childMode),
		Proto: proto, Mode: childMode, Lifetime: time.Duration(c.Child.Lifetime),
	}
	for _, p := range c.Child.Proposals {
		suite, err := espSuite(p)
		if err != nil {
			return fail(err)
		}
		q.Suites = append(q.Suites, suite)
	}
	if c.Child.PFS != "" {
		if q.PFS, err = keymat.ParseGroup(c.Child.PFS); err != nil {
			return fail(err)
		}
	}
	cfg := host.Config{
		Name: name, Addr: s.local, OnDemand: s.client,
		IKE: ikev1.Config{
			Mode:  mode,
			Local: netip.AddrPortFrom(s.local, ikev1.Port), Remote: netip.AddrPortFrom(s.remote, ikev1.Port),
			LocalID: ikev1.AddrID(s.local), Auth: ikev1.Auth{Method: method, PSK: sec.of(c.PSK)},
			Lifetime: time.Duration(c.IKE.Lifetime), Quick: []ikev1.QuickPolicy{q}, Retransmit: retransmit,
		},
		SPD: spd.SPD{
			{Name: policyName, Selector: q.Selector, Action: spd.Protect, Mode: childMode, Proto: proto, TunnelLocal: s.local, TunnelRemote: s.remote},
			{Name: "everything else", Action: spd.Bypass},
		},
	}
	for _, p := range c.IKE.Proposals {
		suite, err := ikeSuite(p)
		if err != nil {
			return fail(err)
		}
		cfg.IKE.Proposals = append(cfg.IKE.Proposals, suite)
	}
	return cfg, nil
}

func authMethod(slug string) (wire.AuthMethod, error) {
	if slug == "psk" {
		return wire.AuthPSK, nil
	}
	return 0, fmt.Errorf("authentication %s is not available in our own host", slug)
}

func ikeSuite(p scenarios.IKEProposal) (s keymat.Suite, err error) {
	if s.Cipher, s.KeyBits, err = keymat.ParseCipher(p.Encryption); err != nil {
		return s, err
	}
	if s.Hash, err = keymat.ParseHash(p.Hash); err != nil {
		return s, err
	}
	s.Group, err = keymat.ParseGroup(p.Group)
	return s, err
}

func espSuite(p scenarios.ChildProposal) (s esp.Suite, err error) {
	if s.Cipher, err = esp.ParseCipher(p.Encryption); err != nil {
		return s, err
	}
	s.Integrity, err = esp.ParseIntegrity(p.Integrity)
	return s, err
}

// peerConfig translates a scenario's configuration for a driver.
func peerConfig(c scenarios.Config, s side, sec secrets) peer.Config {
	out := peer.Config{
		Role: peer.Responder, Local: s.local, Remote: s.remote,
		LocalInner:  netip.PrefixFrom(s.localInner, s.localInner.BitLen()),
		RemoteInner: netip.PrefixFrom(s.remoteInner, s.remoteInner.BitLen()),
		IKE: peer.IKEConfig{
			Mode: c.IKE.Mode, Authentication: c.IKE.Authentication, PSK: sec.of(c.PSK), Lifetime: time.Duration(c.IKE.Lifetime),
		},
		Child: peer.ChildConfig{
			Protocol: c.Child.Protocol, Mode: c.Child.Mode, PFS: c.Child.PFS, Lifetime: time.Duration(c.Child.Lifetime),
			Selector: peer.Selector{Protocol: uint8(c.Child.Selector.Protocol), LocalPort: c.Child.Selector.ServerPort, RemotePort: c.Child.Selector.ClientPort},
		},
	}
	if s.client {
		sel := &out.Child.Selector
		out.Role = peer.Initiator
		sel.LocalPort, sel.RemotePort = sel.RemotePort, sel.LocalPort
	}
	for _, p := range c.IKE.Proposals {
		out.IKE.Proposals = append(out.IKE.Proposals, peer.IKEProposal(p))
	}
	for _, p := range c.Child.Proposals {
		out.Child.Proposals = append(out.Child.Proposals, peer.ChildProposal(p))
	}
	return out
}
