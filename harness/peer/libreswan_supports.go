package peer

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// maxIKELifetime is pluto's own bound, to which it would cut silently.
const maxIKELifetime = 24 * time.Hour

// plutoSupports asks what the peer can be configured for.
func plutoSupports(c Config) error {
	for _, supports := range []func(Config) error{
		plutoSupportsPhase1, plutoSupportsIdentities, plutoSupportsNATT, plutoSupportsModeConfig, plutoSupportsChild,
	} {
		if err := supports(c); err != nil {
			return err
		}
	}
	_, _, err := plutoProposals(c)
	return err
}

func plutoSupportsPhase1(c Config) error {
	if m := c.IKE.Mode; m != "main" && m != "aggressive" {
		return plutoCannot("exchange mode "+m, "IKEv1 in libreswan has main and aggressive mode")
	}
	if _, err := plutoAuthentication(c); err != nil {
		return err
	}
	if l := c.IKE.Lifetime; l > maxIKELifetime {
		return plutoCannot(fmt.Sprintf("an ISAKMP SA of %v", l), fmt.Sprintf("ikelifetime is at most %v", maxIKELifetime))
	}
	if c.IKE.Mode == "aggressive" {
		for _, p := range c.IKE.Proposals {
			if p.Group != c.IKE.Proposals[0].Group {
				return plutoCannot("two groups in aggressive mode", "the initiator's KE is of one group (RFC 2409 5)")
			}
		}
	}
	return nil
}

// plutoAuth is who authenticates how.
type plutoAuth struct {
	psk    bool // else RSA signatures
	xauth  bool
	client bool // the peer is XAUTH's client, else the IKE initiator: it gets the inner address
}

func plutoAuthentication(c Config) (a plutoAuth, err error) {
	slug := c.IKE.Authentication
	m, err := wire.ParseAuthMethod(slug)
	if err != nil {
		return a, plutoCannot("authentication "+slug, "it has no such method")
	}
	switch m.Base() {
	case wire.AuthPSK:
		a.psk = true
	case wire.AuthRSASig:
	case wire.AuthECDSA256, wire.AuthECDSA384, wire.AuthECDSA521:
		return a, plutoCannot("authentication "+slug, "for IKEv1 ECDSA is not implemented")
	default:
		return a, plutoCannot("authentication "+slug, "Pluto does not support "+slug+" authentication")
	}
	var initiator bool // is the client
	a.xauth, initiator = m.XAUTH()
	a.client = (c.Role == Initiator) == (initiator || !a.xauth)
	if a.xauth && !initiator {
		return a, plutoCannot("authentication "+slug, "no connection has been authorized with authby=none: as responder it takes XAUTHInit methods only")
	}
	if x := c.IKE.XAUTH; a.xauth && x != nil {
		switch {
		case strings.ContainsAny(x.User, ": \t\n\"\x00"):
			return a, plutoCannot(fmt.Sprintf("user %q", x.User), "its file of users has the form username:password:conname")
		case a.client && strings.ContainsAny(string(x.Password), "\n\"\x00"):
			return a, plutoCannot("a password with quotes or lines", "the sequence cannot contain a newline or double-quote")
		}
	}
	return a, nil
}

// check says what the configuration lacks for its method.
func (a plutoAuth) check(c IKEConfig) error {
	var lacks string
	switch {
	case a.psk && len(c.PSK) == 0:
		lacks = "a pre-shared key"
	case !a.psk && (c.Credentials == nil || len(c.Credentials.Key) == 0 || len(c.Credentials.Certificate) == 0):
		lacks = "a key and its certificate"
	case a.xauth && c.XAUTH == nil:
		lacks = "a user"
	default:
		return nil
	}
	return fmt.Errorf("harness/peer: authentication %s without %s", c.Authentication, lacks)
}

func plutoSupportsIdentities(c Config) error {
	for _, id := range []Identity{c.IKE.LocalID, c.IKE.RemoteID} {
		if _, err := plutoID(id, c.Local); err != nil {
			return err
		}
	}
	return nil
}

// The versions of NAT traversal are announced, and taken, in two sets.
var plutoNATTDrafts = []string{"draft-03", "draft-02n", "draft-02"}

// plutoNATT is the value of nat-ikev1-method.
func plutoNATT(c Config) (string, error) {
	rfc, drafts := false, false
	for _, v := range c.IKE.NATTVersions {
		switch {
		case v == "rfc3947":
			rfc = true
		case slices.Contains(plutoNATTDrafts, v):
			drafts = true
		default:
			return "", plutoCannot("NAT traversal "+v, "nat-ikev1-method is rfc, or drafts for 02, 02_n and 03, or both")
		}
	}
	switch {
	case c.IKE.NATTraversal == NATTOff:
		return "none", nil
	case rfc && !drafts:
		return "rfc", nil
	case drafts && !rfc:
		return "drafts", nil
	}
	return "both", nil
}

func plutoSupportsNATT(c Config) error {
	switch c.IKE.NATTraversal {
	case NATTAuto, NATTOff, NATTForced:
	default:
		return plutoCannot("NAT traversal "+string(c.IKE.NATTraversal), "encapsulation is auto, yes or no")
	}
	if c.IKE.NATTraversal == NATTForced && c.Child.Protocol == "ah" {
		return plutoCannot("AH with forced NAT traversal", "UDP encapsulation is of ESP")
	}
	_, err := plutoNATT(c)
	return err
}

func plutoSupportsModeConfig(c Config) error {
	switch c.IKE.ModeConfig {
	case ModeConfigNone:
		return nil
	case ModeConfigPull, ModeConfigPush:
	default:
		return plutoCannot("mode config "+string(c.IKE.ModeConfig), "it has pull and push")
	}
	switch {
	case c.Child.Mode == "transport":
		return plutoCannot("mode config in transport mode", "its client's inner address is of a tunnel")
	case c.LocalInner.Addr().Is6() || c.RemoteInner.Addr().Is6():
		return plutoCannot("mode config with IPv6", "unsupported mode cfg attribute INTERNAL_IP6_ADDRESS")
	}
	return nil
}

func plutoSupportsChild(c Config) error {
	if p := c.Child.Protocol; p != "esp" && p != "ah" {
		return plutoCannot("protocol "+p, "libreswan negotiates ESP and AH")
	}
	if m := c.Child.Mode; m != "tunnel" && m != "transport" {
		return plutoCannot("mode "+m, "libreswan negotiates tunnel and transport mode")
	}
	_, err := plutoTruncates(c.Child)
	return err
}
