package peer

import (
	"fmt"
	"strings"
	"time"
)

// swanDeadAfter is how many intervals of dead peer detection without an answer are too many; left alone it
// waits for two and a half minutes.
const swanDeadAfter = 3

// connection is the one of the trial, in the syntax of swanctl.conf.
func (s *swanConfig) connection(w *confWriter) {
	w.line("version = 1")
	w.line("local_addrs = %s", s.Local)
	w.line("remote_addrs = %s", s.Remote)
	w.line("proposals = %s", s.ike)
	if s.IKE.Mode == "aggressive" {
		w.line("aggressive = yes")
	}
	swanLifetime(w, s.IKE.Lifetime, "over_time")
	w.line("keyingtries = 1")
	w.line("mobike = no")
	w.line("unique = no")
	w.line("fragmentation = %s", yesNo(s.IKE.Fragmentation))
	w.line("encap = %s", yesNo(s.IKE.NATTraversal == NATTForced))
	dpd := int((s.IKE.DPD + time.Second - 1) / time.Second) // whole seconds, and 0 is never
	w.line("dpd_delay = %ds", dpd)
	if dpd > 0 {
		w.line("dpd_timeout = %ds", swanDeadAfter*dpd)
	}
	if s.IKE.Credentials != nil {
		w.line("send_cert = always") // the other end need not ask
	}
	s.modeConfig(w)
	s.rounds(w, "local", s.auth.local, s.localID)
	s.rounds(w, "remote", s.auth.remote, s.remoteID)
	w.block("children", func() { w.block(swanChild, func() { s.childBlock(w) }) })
}

func (s *swanConfig) modeConfig(w *confWriter) {
	if s.IKE.ModeConfig == ModeConfigNone {
		return
	}
	w.line("pull = %s", yesNo(s.IKE.ModeConfig == ModeConfigPull))
	switch {
	case !s.auth.client:
		w.line("pools = %s", swanPool)
	case s.inner().Is6():
		w.line("vips = ::") // any
	default:
		w.line("vips = 0.0.0.0")
	}
}

// rounds are the sections local and local-xauth, or those of the other end.
func (s *swanConfig) rounds(w *confWriter, end string, rounds []string, id string) {
	for i, round := range rounds {
		name := end
		if i > 0 {
			name += "-" + round
		}
		w.block(name, func() {
			w.line("auth = %s", round)
			if i == 0 {
				w.line("id = %s", id)
			}
			switch {
			case end == "local" && round == swanPubkey:
				w.line("certs = %s", swanCert)
			case end == "local" && round == swanXAUTH:
				w.line("xauth_id = %s", swanUser(s.IKE.XAUTH))
			}
		})
	}
}

func (s *swanConfig) childBlock(w *confWriter) {
	w.line("%s_proposals = %s", s.Child.Protocol, s.child)
	if s.truncated {
		w.line("sha256_96 = yes")
	}
	w.line("mode = %s", s.Child.Mode)
	sel := s.Child.Selector
	w.line("local_ts = %s", swanSelector(s.localNet, sel.Protocol, sel.LocalPort))
	w.line("remote_ts = %s", swanSelector(s.remoteNet, sel.Protocol, sel.RemotePort))
	swanLifetime(w, s.Child.Lifetime, "life_time")
	startAction := "none"
	if s.Child.Mode == "transport" || s.kernel && s.IKE.ModeConfig == ModeConfigNone {
		// A trap policy keeps traffic from leaving in clear while there is no
		// SA; userspace ESP has none, nor has a client without its address.
		startAction = "trap"
	}
	w.line("start_action = %s", startAction)
	w.line("close_action = none")
	w.line("dpd_action = clear")
}

// hidesNeighbours says whether the child's policy takes neighbour discovery between the ends
// for traffic to protect, which leaves nobody to negotiate with.
func (s *swanConfig) hidesNeighbours() bool {
	p := s.Child.Selector.Protocol
	return s.Child.Mode == "transport" && s.Local.Is6() && (p == 0 || p == protoICMPv6)
}

// The protocol and the types of neighbour discovery (RFC 4861 4.3, 4.4).
const (
	protoICMPv6            = 58
	neighbourSolicitation  = 135
	neighbourAdvertisement = 136
)

// neighbours is a connection with nobody, whose children let neighbour discovery pass.
func (s *swanConfig) neighbours(w *confWriter) {
	w.line("remote_addrs = ::1")
	w.block("children", func() {
		for _, kind := range []uint16{neighbourSolicitation, neighbourAdvertisement} {
			w.block(fmt.Sprintf("type-%d", kind), func() {
				w.line("local_ts = %s", swanSelector(s.Local.String(), protoICMPv6, kind<<8))
				w.line("remote_ts = %s", swanSelector(s.Remote.String(), protoICMPv6, kind<<8))
				w.line("mode = pass")
				w.line("start_action = trap")
			})
		}
	})
}

func (s *swanConfig) secretsBlock(w *confWriter) {
	secret := func(section, id string, value []byte) {
		w.block(section, func() {
			w.line("id = %s", id)
			w.line("secret = 0x%x", value)
		})
	}
	if len(s.IKE.PSK) > 0 {
		secret("ike-1", s.remoteID, s.IKE.PSK)
	}
	if x := s.IKE.XAUTH; x != nil {
		id := swanUser(x)
		if !s.auth.client {
			id = swanQuote(x.User) // as it takes what it is sent
		}
		secret("xauth-1", id, x.Password)
	}
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

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// swanQuote quotes a value of swanctl.conf.
func swanQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
