package peer

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Names of the one connection and its one child in swanctl.conf.
const (
	swanConn  = "peer"
	swanChild = "child"
)

// swanctlFile is where swanctl reads them.
const swanctlFile = "swanctl.conf"

// strongSwan's names for the slugs (its proposal keywords).
var (
	swanCiphers = map[string]string{
		"des-cbc": "des", "3des-cbc": "3des", "aes128-cbc": "aes128", "aes192-cbc": "aes192", "aes256-cbc": "aes256",
	}
	swanHashes = map[string]string{
		"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512",
	}
	swanGroups = map[string]string{
		"modp768": "modp768", "modp1024": "modp1024", "modp1536": "modp1536", "modp2048": "modp2048",
		"modp3072": "modp3072", "modp4096": "modp4096", "modp6144": "modp6144", "modp8192": "modp8192",
	}
	swanIntegrity = map[string]string{
		"hmac-md5-96": "md5", "hmac-sha1-96": "sha1", "hmac-sha256-128": "sha256",
		"hmac-sha384-192": "sha384", "hmac-sha512-256": "sha512",
	}
)

func swanCannot(what, reason string) error {
	return &UnsupportedError{Peer: strongSwanName, What: what, Reason: reason}
}

func swanName(names map[string]string, kind, slug string) (string, error) {
	if n, ok := names[slug]; ok {
		return n, nil
	}
	return "", swanCannot(kind+" "+slug, "it has no proposal keyword for it")
}

// swanProposal is one IKE proposal in strongSwan's notation: aes128-sha1-modp1024.
func swanProposal(p IKEProposal) (string, error) {
	c, err := swanName(swanCiphers, "IKE encryption", p.Encryption)
	if err != nil {
		return "", err
	}
	h, err := swanName(swanHashes, "IKE hash", p.Hash)
	if err != nil {
		return "", err
	}
	g, err := swanName(swanGroups, "group", p.Group)
	if err != nil {
		return "", err
	}
	return c + "-" + h + "-" + g, nil
}

// swanChildProposal is one ESP or AH proposal; the group of PFS is part of it.
func swanChildProposal(protocol string, p ChildProposal, pfs string) (string, error) {
	var parts []string
	if protocol == "esp" {
		c, ok := swanCiphers[p.Encryption]
		if p.Encryption == "null" {
			c, ok = "null", true
		}
		if !ok {
			return "", swanCannot("ESP encryption "+p.Encryption, "it has no proposal keyword for it")
		}
		parts = append(parts, c)
	}
	i, err := swanName(swanIntegrity, "integrity", p.Integrity)
	if err != nil {
		return "", err
	}
	parts = append(parts, i)
	if pfs != "" {
		g, err := swanName(swanGroups, "PFS group", pfs)
		if err != nil {
			return "", err
		}
		parts = append(parts, g)
	}
	return strings.Join(parts, "-"), nil
}

// swanSelector is one end's traffic selector: 10.1.0.1/32[tcp/179].
func swanSelector(net string, proto uint8, port uint16) string {
	switch {
	case proto != 0 && port != 0:
		return fmt.Sprintf("%s[%d/%d]", net, proto, port)
	case proto != 0:
		return fmt.Sprintf("%s[%d]", net, proto)
	}
	return net
}

// swanctlConf is c in the syntax of swanctl.conf. It holds the secret.
func swanctlConf(c Config) ([]byte, error) {
	ike, child, err := swanProposals(c)
	if err != nil {
		return nil, err
	}
	localTS, remoteTS := "dynamic", "dynamic" // the ends of the ISAKMP SA
	if c.Child.Mode == "tunnel" {
		localTS, remoteTS = innerNet(c.LocalInner, c.Local).String(), innerNet(c.RemoteInner, c.Remote).String()
	}
	sel := c.Child.Selector
	startAction := "none"
	if c.Child.Mode == "transport" {
		// A trap policy keeps traffic from leaving in clear while there is no
		// SA; userspace ESP has none.
		startAction = "trap"
	}
	localID, remoteID := swanID(c.IKE.LocalID, c.Local), swanID(c.IKE.RemoteID, c.Remote)

	w := &confWriter{}
	w.block("connections", func() {
		w.block(swanConn, func() {
			w.line("version = 1")
			w.line("local_addrs = %s", c.Local)
			w.line("remote_addrs = %s", c.Remote)
			w.line("proposals = %s", ike)
			if c.IKE.Mode == "aggressive" {
				w.line("aggressive = yes")
			}
			swanLifetime(w, c.IKE.Lifetime, "over_time")
			w.line("keyingtries = 1")
			w.line("mobike = no")
			w.line("unique = no")
			w.line("dpd_delay = %ds", int(c.IKE.DPD.Seconds()))
			w.block("local", func() { w.line("auth = psk"); w.line("id = %s", localID) })
			w.block("remote", func() { w.line("auth = psk"); w.line("id = %s", remoteID) })
			w.block("children", func() {
				w.block(swanChild, func() {
					w.line("%s_proposals = %s", c.Child.Protocol, child)
					w.line("mode = %s", c.Child.Mode)
					w.line("local_ts = %s", swanSelector(localTS, sel.Protocol, sel.LocalPort))
					w.line("remote_ts = %s", swanSelector(remoteTS, sel.Protocol, sel.RemotePort))
					swanLifetime(w, c.Child.Lifetime, "life_time")
					w.line("start_action = %s", startAction)
					w.line("close_action = none")
					w.line("dpd_action = clear")
				})
			})
		})
	})
	w.block("secrets", func() {
		w.block("ike-1", func() {
			w.line("id = %s", remoteID)
			w.line("secret = 0x%x", c.IKE.PSK)
		})
	})
	return []byte(w.String()), nil
}

func swanProposals(c Config) (ike, child string, err error) {
	var ikes, children []string
	for _, p := range c.IKE.Proposals {
		s, err := swanProposal(p)
		if err != nil {
			return "", "", err
		}
		ikes = append(ikes, s)
	}
	for _, p := range c.Child.Proposals {
		s, err := swanChildProposal(c.Child.Protocol, p, c.Child.PFS)
		if err != nil {
			return "", "", err
		}
		children = append(children, s)
	}
	return strings.Join(ikes, ","), strings.Join(children, ","), nil
}

// swanLifetime makes the peer propose the lifetime d and rekey after nine tenths
// of it. What it proposes is the life_time of a child, and rekey_time plus
// over_time of an ISAKMP SA. Nothing is randomized.
func swanLifetime(w *confWriter, d time.Duration, key string) {
	if d == 0 {
		return
	}
	total := int(d.Seconds())
	rekey := total * 9 / 10
	value := total
	if key == "over_time" {
		value = total - rekey
	}
	w.line("rekey_time = %ds", rekey)
	w.line("%s = %ds", key, value)
	w.line("rand_time = 0s")
}

// swanID quotes an identity, whose text decides its type in strongSwan.
func swanID(id Identity, addr netip.Addr) string {
	if id.IsZero() {
		return addr.String()
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(id.Text) + `"`
}

// strongswanConf is the daemon's and swanctl's own configuration, with every
// file below dir.
func strongswanConf(dir string, carrier Carrier) []byte {
	kernel := "kernel-netlink"
	if carrier == CarrierNamespace {
		kernel = "kernel-libipsec kernel-netlink" // the first that offers ESP wins
	}
	w := &confWriter{}
	w.block("charon-systemd", func() {
		w.line("load_modular = no")
		w.line("load = random nonce aes sha1 sha2 md5 hmac kdf gmp openssl pem pkcs1 pkcs8 x509 pubkey revocation constraints %s socket-default vici updown", kernel)
		w.line("i_dont_care_about_security_and_use_aggressive_mode_psk = yes")
		// Three transmissions within five seconds: an unanswered scenario ends soon.
		w.line("retransmit_timeout = 1.0")
		w.line("retransmit_base = 1.5")
		w.line("retransmit_tries = 2")
		w.line("install_routes = yes")
		w.line("delete_rekeyed = no")
		w.block("plugins", func() {
			w.block("vici", func() { w.line("socket = unix://%s/vici", dir) })
			if carrier == CarrierNamespace {
				w.block("kernel-libipsec", func() { w.line("allow_peer_ts = yes") })
				// A selector that covers the peer's own address would route its
				// IKE and ESP packets into the tunnel again, for ever.
				w.block("kernel-netlink", func() { w.line("fwmark = !0x42") })
				w.block("socket-default", func() { w.line("fwmark = 0x42") })
			}
		})
		w.block("filelog", func() {
			w.block("log", func() {
				w.line("path = %s/charon.log", dir)
				w.line("default = 1") // keys appear from level 4 on
				w.line("ike = 2")
				w.line("flush_line = yes")
				w.line("time_format = %%H:%%M:%%S")
				w.line("time_add_ms = yes")
			})
		})
	})
	w.block("swanctl", func() {
		w.line("load = random") // pre-shared keys need no more
		w.block("plugins", func() {
			w.block("vici", func() { w.line("socket = unix://%s/vici", dir) })
		})
	})
	return []byte(w.String())
}
