package peer

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// plutoConn is the name of the one connection in ipsec.conf.
const plutoConn = "peer"

// Files that pluto and addconn read.
const (
	plutoConfFile    = "ipsec.conf"
	plutoSecretsFile = "ipsec.secrets"
)

// libreswan's names for the slugs.
var (
	plutoCiphers = map[string]string{
		"3des-cbc": "3des", "aes128-cbc": "aes128", "aes192-cbc": "aes192", "aes256-cbc": "aes256",
	}
	plutoHashes = map[string]string{
		"md5": "md5", "sha1": "sha1", "sha256": "sha2_256", "sha384": "sha2_384", "sha512": "sha2_512",
	}
	plutoGroups = map[string]string{
		"modp1536": "modp1536", "modp2048": "modp2048", "modp3072": "modp3072",
		"modp4096": "modp4096", "modp6144": "modp6144", "modp8192": "modp8192",
	}
	plutoIntegrity = map[string]string{
		"hmac-md5-96": "md5", "hmac-sha1-96": "sha1", "hmac-sha256-128": "sha2_256",
		"hmac-sha384-192": "sha2_384", "hmac-sha512-256": "sha2_512",
	}
)

func plutoCannot(what, reason string) error {
	return &UnsupportedError{Peer: libreswanName, What: what, Reason: reason}
}

// plutoName answers as libreswan itself does to a name that it has not.
func plutoName(names map[string]string, kind, slug string) (string, error) {
	if n, ok := names[slug]; ok {
		return n, nil
	}
	return "", plutoCannot(kind+" "+slug, fmt.Sprintf("%s algorithm '%s' is not supported", kind, slug))
}

// maxIKELifetime is pluto's own bound, to which it would cut silently.
const maxIKELifetime = 24 * time.Hour

// plutoSupports asks what the peer can be configured for.
func plutoSupports(c Config) error {
	if m := c.IKE.Mode; m != "main" && m != "aggressive" {
		return plutoCannot("exchange mode "+m, "IKEv1 in libreswan has main and aggressive mode")
	}
	if a := c.IKE.Authentication; a != "psk" {
		return plutoCannot("authentication "+a, "this driver configures pre-shared keys only")
	}
	if p := c.Child.Protocol; p != "esp" && p != "ah" {
		return plutoCannot("protocol "+p, "libreswan negotiates ESP and AH")
	}
	if m := c.Child.Mode; m != "tunnel" && m != "transport" {
		return plutoCannot("mode "+m, "libreswan negotiates tunnel and transport mode")
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
	_, _, err := plutoProposals(c)
	return err
}

// plutoProposals are the values of ike and phase2alg.
func plutoProposals(c Config) (ike, child string, err error) {
	var ikes, children []string
	for _, p := range c.IKE.Proposals {
		s, err := plutoProposal(p)
		if err != nil {
			return "", "", err
		}
		ikes = append(ikes, s)
	}
	for _, p := range c.Child.Proposals {
		s, err := plutoChildProposal(c.Child.Protocol, p)
		if err != nil {
			return "", "", err
		}
		children = append(children, s)
	}
	child = strings.Join(children, ",")
	if c.Child.PFS != "" {
		g, err := plutoName(plutoGroups, strings.ToUpper(c.Child.Protocol)+" DH", c.Child.PFS)
		if err != nil {
			return "", "", err
		}
		child += ";" + g // holds for every proposal
	}
	return strings.Join(ikes, ","), child, nil
}

// plutoProposal is one IKE proposal: aes128-sha1-modp2048.
func plutoProposal(p IKEProposal) (string, error) {
	e, err := plutoName(plutoCiphers, "IKE encryption", p.Encryption)
	if err != nil {
		return "", err
	}
	h, err := plutoName(plutoHashes, "IKE PRF", p.Hash)
	if err != nil {
		return "", err
	}
	g, err := plutoName(plutoGroups, "IKE DH", p.Group)
	return e + "-" + h + "-" + g, err
}

// plutoChildProposal is one ESP or AH proposal: aes128-sha1, sha1.
func plutoChildProposal(protocol string, p ChildProposal) (string, error) {
	kind := strings.ToUpper(protocol)
	integrity, err := plutoName(plutoIntegrity, kind+" integrity", p.Integrity)
	if err != nil || protocol == "ah" {
		return integrity, err
	}
	if p.Encryption == "null" {
		return "null-" + integrity, nil
	}
	cipher, err := plutoName(plutoCiphers, kind+" encryption", p.Encryption)
	return cipher + "-" + integrity, err
}

// plutoIdle is ipsec.conf without a connection; listening is all it is for.
func plutoIdle() []byte {
	w := &confWriter{}
	plutoSetup(w)
	return []byte(w.String())
}

func plutoSetup(w *confWriter) {
	w.section("config setup", func() {
		w.line("ikev1-policy=accept")
		w.line("uniqueids=no")
		w.line("dnssec-enable=no")
	})
}

// plutoConf is c in the syntax of ipsec.conf. It holds no secret.
func plutoConf(c Config) ([]byte, error) {
	ike, child, err := plutoProposals(c)
	if err != nil {
		return nil, err
	}
	w := &confWriter{}
	plutoSetup(w)
	w.section("\nconn "+plutoConn, func() {
		plutoEnd(w, "left", c.Local, c.IKE.LocalID, c.LocalInner, c.Child.Selector.LocalPort, c)
		plutoEnd(w, "right", c.Remote, c.IKE.RemoteID, c.RemoteInner, c.Child.Selector.RemotePort, c)
		w.line("authby=secret")
		w.line("ikev2=no")
		if c.IKE.Mode == "aggressive" {
			w.line("aggressive=yes")
		}
		w.line("ike=%s", ike)
		w.line("phase2=%s", c.Child.Protocol)
		w.line("phase2alg=%s", child)
		w.line("pfs=%s", yes(c.Child.PFS != ""))
		w.line("type=%s", c.Child.Mode)
		plutoLifetimes(w, c)
		w.line("keyingtries=1")
		// Four transmissions within four seconds: an unanswered scenario ends soon.
		w.line("retransmit-interval=500")
		w.line("retransmit-timeout=3s")
		if d := int(c.IKE.DPD.Seconds()); d > 0 {
			w.line("dpddelay=%d", d)
			w.line("dpdtimeout=%d", 4*d)
			w.line("dpdaction=hold")
		}
		w.line("narrowing=no")
		w.line("auto=ondemand") // keeps traffic from leaving in clear while there is no SA
	})
	return []byte(w.String()), nil
}

// plutoEnd describes the left or the right end.
func plutoEnd(w *confWriter, side string, addr netip.Addr, id Identity, inner netip.Prefix, port uint16, c Config) {
	w.line("%s=%s", side, addr)
	if !id.IsZero() {
		w.line("%sid=%s", side, plutoID(id.Text))
	}
	if c.Child.Mode == "tunnel" {
		w.line("%ssubnet=%s", side, innerNet(inner, addr))
	}
	if proto := c.Child.Selector.Protocol; proto != 0 {
		w.line("%sprotoport=%d/%d", side, proto, port) // port 0: all
	}
	if side == "left" {
		w.line("leftupdown=%%disabled") // nothing of the host is to be changed, and its shell scripts take most of a second
	}
}

// plutoID writes an identity so that no name is looked up: a domain name has an @ in front.
func plutoID(id string) string {
	if _, err := netip.ParseAddr(id); err == nil || strings.Contains(id, "@") {
		return `"` + id + `"`
	}
	return `"@` + id + `"`
}

// plutoLifetimes makes the peer propose the lifetimes, and rekey when nine tenths
// of the shorter one are left of neither. Nothing is randomized.
func plutoLifetimes(w *confWriter, c Config) {
	var shorter time.Duration
	for _, l := range []struct {
		key string
		d   time.Duration
	}{{"ikelifetime", c.IKE.Lifetime}, {"salifetime", c.Child.Lifetime}} {
		if l.d == 0 {
			continue
		}
		w.line("%s=%ds", l.key, int(l.d.Seconds()))
		if shorter == 0 || l.d < shorter {
			shorter = l.d
		}
	}
	if shorter != 0 {
		w.line("rekeymargin=%ds", int(shorter.Seconds())/10)
		w.line("rekeyfuzz=0%%")
	}
}

// plutoSecrets is ipsec.secrets. The one secret is for whoever is configured.
func plutoSecrets(c Config) []byte {
	return fmt.Appendf(nil, ": PSK 0x%x\n", c.IKE.PSK)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
