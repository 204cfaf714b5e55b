package peer

import "strings"

// swanPlugins are the daemon's plugins, but for the kernel's. It starts without those that it does not have, and
// cannot do what they are for.
var swanPlugins = []string{
	"random", "nonce", "aes", "sha1", "sha2", "md5", "hmac", "kdf", "xcbc", "ctr", "gcm", "gmp", "openssl",
	"pem", "pkcs1", "pkcs8", "x509", "pubkey", "revocation", "constraints",
	"socket-default", "vici", "xauth-generic", "updown",
}

// swanExtraPlugins are those that come in packages of their own.
var swanExtraPlugins = []string{"openssl", "gcm", "ctr", "xauth-generic"}

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
		w.line("load = %s %s", strings.Join(swanPlugins, " "), kernel)
		w.line("i_dont_care_about_security_and_use_aggressive_mode_psk = yes")
		// Three transmissions within five seconds: an unanswered scenario ends soon.
		w.line("retransmit_timeout = 1.0")
		w.line("retransmit_base = 1.5")
		w.line("retransmit_tries = 2")
		w.line("install_routes = yes")
		w.line("delete_rekeyed = no")
		// What every host takes in one piece (RFC 791 3.1): smaller than certificates.
		w.line("fragment_size = 576")
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
