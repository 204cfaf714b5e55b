package harness

import (
	"cmp"
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
	"github.com/useipsec/useipsec/scenarios/profile"
)

// policyName is what the one child of a scenario is called in SPDs and journals.
const policyName = "scenario"

// side is where one end stands: its addresses, and whether it is the IKE initiator, which
// is also the client of the scenario's conversations.
type side struct {
	local, remote           netip.Addr // its own, and where it finds the other end
	other                   netip.Addr // the other end's own: not remote where a NAT stands before that
	localInner, remoteInner netip.Addr
	client                  bool
}

// role is the IKE role of the end.
func (s side) role() scenarios.Role {
	if s.client {
		return scenarios.Initiator
	}
	return scenarios.Responder
}

// identities are what the end itself asserts, and what it expects of the other.
func (s side) identities(k scenarios.IKE) (local, remote wire.ID) {
	r := s.role()
	return scenarios.Identity(r, k.Identities.Of(r), s.local), scenarios.Identity(r.Other(), k.Identities.Of(r.Other()), s.other)
}

// sides gives both ends of a trial.
func sides(a lab.Addressing, t Trial) (harness, peer side) {
	harnessOnWire, peerOnWire := onWire(a, t)
	harness = side{a.Harness, peerOnWire, a.Peer, a.HarnessInner, a.PeerInner, t.PeerPlays == scenarios.Responder}
	peer = side{a.Peer, harnessOnWire, a.Harness, a.PeerInner, a.HarnessInner, t.PeerPlays == scenarios.Initiator}
	return harness, peer
}

// Ends are the addresses of both ends of a trial whose addresses are of the IP version, as scenarios.Within wants them.
func Ends(f scenarios.Family) profile.Ends {
	a := addressing(f)
	return profile.Ends{Initiator: []netip.Addr{a.Harness, a.HarnessInner}, Responder: []netip.Addr{a.Peer, a.PeerInner}}
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
func hostConfig(name string, c scenarios.Config, s side, p proof) (host.Config, error) {
	fail := func(err error) (host.Config, error) { return host.Config{}, fmt.Errorf("harness: %s: %w", name, err) }
	q, err := quickPolicy(c, s)
	if err != nil {
		return fail(err)
	}
	ike, err := ikeConfig(c.IKE, s)
	if err != nil {
		return fail(err)
	}
	ike.Auth, ike.XAUTH, ike.Quick = p.auth(c.IKE.Method()), p.xauth(c.IKE, s.role()), []ikev1.QuickPolicy{q}
	return host.Config{
		Name: name, Addr: s.local, OnDemand: s.client, IKE: ike,
		SPD: spd.SPD{
			{Name: policyName, Selector: q.Selector, Action: spd.Protect, Mode: q.Mode, Proto: q.Proto, TunnelLocal: s.local, TunnelRemote: s.remote},
			{Name: "everything else", Action: spd.Bypass},
		},
	}, nil
}

// quickPolicy is the one child of a scenario.
func quickPolicy(c scenarios.Config, s side) (q ikev1.QuickPolicy, err error) {
	q = ikev1.QuickPolicy{Name: policyName, Lifetime: time.Duration(c.Child.Lifetime)}
	if q.Proto, err = esp.ParseProto(c.Child.Protocol); err != nil {
		return q, err
	}
	if q.Mode, err = esp.ParseMode(c.Child.Mode); err != nil {
		return q, err
	}
	q.Selector = s.selector(*c.Child.Selector, q.Mode)
	q.Virtual = c.IKE.ConfigClient() == s.role()
	for _, p := range c.Child.Proposals {
		suite, err := espSuite(p)
		if err != nil {
			return q, err
		}
		q.Suites = append(q.Suites, suite)
	}
	if c.Child.PFS != "" {
		q.PFS, err = keymat.ParseGroup(c.Child.PFS)
	}
	return q, err
}

// ikeConfig is phase 1 without what proves the identities.
func ikeConfig(k scenarios.IKE, s side) (ikev1.Config, error) {
	c := ikev1.Config{
		Mode:  ikev1.Main,
		Local: netip.AddrPortFrom(s.local, ikev1.Port), Remote: netip.AddrPortFrom(s.remote, ikev1.Port),
		Lifetime: time.Duration(k.Lifetime), Retransmit: retransmit,
		DPD:           ikev1.DPD{Idle: time.Duration(k.DPD)},
		NATT:          ikev1.NATT{Disable: k.NATTraversal == scenarios.NATOff, Force: k.NATTraversal == scenarios.NATForced},
		Fragmentation: ikev1.Fragmentation{Enable: k.Fragmentation},
		ModeConfig:    modeConfig(k, s),
	}
	if k.Mode == ikev1.Aggressive.String() {
		c.Mode = ikev1.Aggressive
	}
	local, remote := s.identities(k)
	c.LocalID, c.RemoteID = local, &remote
	for _, slug := range k.NATTVersions {
		v, err := ikev1.ParseNATTVersion(slug)
		if err != nil {
			return c, err
		}
		c.NATT.Versions = append(c.NATT.Versions, v)
	}
	for _, p := range k.Proposals {
		suite, err := ikeSuite(p)
		if err != nil {
			return c, err
		}
		c.Proposals = append(c.Proposals, suite)
	}
	return c, nil
}

// modeConfig gives the client the address of its inner host, so that conversations are between the same hosts with mode
// config and without.
func modeConfig(k scenarios.IKE, s side) (m ikev1.ModeConfig) {
	switch k.ConfigClient() {
	case 0:
	case s.role():
		m.Pull, m.Wait = k.ModeConfig == scenarios.Pull, k.ModeConfig == scenarios.Push
	default:
		m.Push = k.ModeConfig == scenarios.Push
		m.Lease = func(wire.ID, string) (ikev1.Lease, bool) {
			return ikev1.Lease{
				Address: s.remoteInner, Bits: s.remoteInner.BitLen(),
				Subnets: []netip.Prefix{netip.PrefixFrom(s.localInner, s.localInner.BitLen())},
			}, true
		}
	}
	return m
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
	encryption := cmp.Or(p.Encryption, esp.NULL.String()) // AH has none
	if s.Cipher, err = esp.ParseCipher(encryption); err != nil {
		return s, err
	}
	s.Integrity, err = esp.ParseIntegrity(p.Integrity)
	return s, err
}

// peerConfig translates a scenario's configuration for a driver.
func peerConfig(c scenarios.Config, s side, p proof) (peer.Config, error) {
	credentials, err := p.credentials(c.IKE, s.role())
	if err != nil {
		return peer.Config{}, err
	}
	out := peer.Config{
		Role: peer.Responder, Local: s.local, Remote: s.remote,
		LocalInner:  netip.PrefixFrom(s.localInner, s.localInner.BitLen()),
		RemoteInner: netip.PrefixFrom(s.remoteInner, s.remoteInner.BitLen()),
		IKE: peer.IKEConfig{
			Mode: c.IKE.Mode, Authentication: c.IKE.Authentication, PSK: p.psk, Lifetime: time.Duration(c.IKE.Lifetime),
			LocalID: peerIdentity(c.IKE, s.role()), RemoteID: peerIdentity(c.IKE, s.role().Other()), Credentials: credentials,
			ModeConfig: peer.ModeConfig(c.IKE.ModeConfig.String()), NATTraversal: peer.NATTraversal(c.IKE.NATTraversal.String()),
			NATTVersions: c.IKE.NATTVersions, Fragmentation: c.IKE.Fragmentation, DPD: time.Duration(c.IKE.DPD),
		},
		Child: peer.ChildConfig{
			Protocol: c.Child.Protocol, Mode: c.Child.Mode, PFS: c.Child.PFS, Lifetime: time.Duration(c.Child.Lifetime),
			Selector: peer.Selector{Protocol: uint8(c.Child.Selector.Protocol), LocalPort: c.Child.Selector.ServerPort, RemotePort: c.Child.Selector.ClientPort},
		},
	}
	if !c.IKE.Method().PSK() {
		out.IKE.PSK = nil
	}
	if s.other != s.remote && out.IKE.RemoteID.IsZero() {
		out.IKE.RemoteID = peer.Identity{Type: wire.IDIPv4Addr.String(), Text: s.other.String()}
	}
	if c.IKE.XAUTHClient() != 0 {
		out.IKE.XAUTH = &peer.XAUTH{User: scenarios.User, Password: p.password}
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
	return out, nil
}

// peerIdentity is the identity of the end with a role.
func peerIdentity(k scenarios.IKE, r scenarios.Role) peer.Identity {
	form := k.Identities.Of(r)
	if text := scenarios.IdentityText(r, form); text != "" {
		return peer.Identity{Type: form, Text: text}
	}
	return peer.Identity{}
}
