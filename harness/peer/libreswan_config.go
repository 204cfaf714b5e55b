package peer

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/useipsec/useipsec/ikev1/wire"
)

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
	a, err := plutoAuthentication(c)
	if err != nil {
		return nil, err
	}
	natt, err := plutoNATT(c)
	if err != nil {
		return nil, err
	}
	short, err := plutoTruncates(c.Child)
	if err != nil {
		return nil, err
	}
	left := plutoEnd{"left", c.Local, c.IKE.LocalID, c.LocalInner, c.Child.Selector.LocalPort, a.client}
	right := plutoEnd{"right", c.Remote, c.IKE.RemoteID, c.RemoteInner, c.Child.Selector.RemotePort, !a.client}
	w := &confWriter{}
	plutoSetup(w)
	w.section("\nconn "+plutoConn, func() {
		if err = left.write(w, c, a); err != nil {
			return
		}
		// Nothing of the host is to be changed, and its shell scripts take most of a second.
		w.line("leftupdown=%%disabled")
		if err = right.write(w, c, a); err != nil {
			return
		}
		plutoCredentials(w, a)
		w.line("ikev2=no")
		if c.IKE.Mode == "aggressive" {
			w.line("aggressive=yes")
		}
		w.line("ike=%s", ike)
		w.line("phase2=%s", c.Child.Protocol)
		w.line("phase2alg=%s", child)
		if short {
			w.line("sha2-truncbug=yes")
		}
		w.line("pfs=%s", yes(c.Child.PFS != ""))
		w.line("type=%s", c.Child.Mode)
		w.line("nat-ikev1-method=%s", natt)
		if c.IKE.NATTraversal == NATTForced {
			w.line("encapsulation=yes")
		}
		plutoFragmentation(w, c)
		if c.IKE.ModeConfig == ModeConfigPull {
			w.line("modecfgpull=yes")
		}
		plutoLifetimes(w, c, a)
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
		w.line("%s", plutoAuto(c))
	})
	return []byte(w.String()), err
}

const plutoOnDemand = "auto=ondemand"

// plutoAuto is how a connection begins: ondemand keeps traffic from leaving in clear while there is
// no SA. Without an inner address there is nothing to demand.
func plutoAuto(c Config) string {
	if c.IKE.ModeConfig != ModeConfigNone {
		return "auto=add"
	}
	return plutoOnDemand
}

// plutoFragmentation is fragmentation from the first transmission, so that it shows.
func plutoFragmentation(w *confWriter, c Config) {
	if c.IKE.Fragmentation {
		w.line("fragmentation=force")
	} else {
		w.line("fragmentation=no")
	}
}

func plutoCredentials(w *confWriter, a plutoAuth) {
	if a.psk {
		w.line("authby=secret")
	} else {
		w.line("authby=rsasig")
		w.line("leftcert=%s", plutoConn)
		w.line("leftsendcert=always")
		w.line("sendca=all") // but the root
		w.line("leftrsasigkey=%%cert")
		w.line("rightrsasigkey=%%cert")
		w.line("rightca=%%any") // that is trusted
	}
	if a.xauth && !a.client {
		w.line("xauthby=file")
	}
}

// plutoEnd is the left or the right end. The client is who proves itself by XAUTH, and who is given
// its inner address.
type plutoEnd struct {
	side   string
	addr   netip.Addr
	id     Identity
	inner  netip.Prefix
	port   uint16
	client bool
}

func (e plutoEnd) write(w *confWriter, c Config, a plutoAuth) error {
	line := func(format string, args ...any) { w.line(e.side+format, args...) }
	line("=%s", e.addr)
	id, err := plutoID(e.id, e.addr)
	if err != nil {
		return err
	}
	if !e.id.IsZero() {
		line("id=%s", id)
	}
	part := map[bool]string{true: "client", false: "server"}[e.client]
	if a.xauth {
		line("xauth%s=yes", part)
		if e.client && e.side == "left" {
			line("username=%s", c.IKE.XAUTH.User)
		}
	}
	given := c.IKE.ModeConfig != ModeConfigNone
	if given {
		line("modecfg%s=yes", part)
	}
	switch {
	case given && e.client && e.side == "right":
		line("addresspool=%s-%s", e.inner.Addr(), e.inner.Addr())
	case given && e.client:
	case c.Child.Mode == "tunnel":
		line("subnet=%s", innerNet(e.inner, e.addr))
	}
	if proto := c.Child.Selector.Protocol; proto != 0 {
		line("protoport=%d/%d", proto, e.port) // port 0: all
	}
	return nil
}

// plutoID writes an identity so that no name is looked up, and its type is certain.
func plutoID(id Identity, addr netip.Addr) (string, error) {
	if id.IsZero() {
		return addr.String(), nil
	}
	octets, err := id.octets()
	if err != nil {
		return "", plutoCannot("identification "+id.Type, err.Error())
	}
	kind, _ := wire.ParseIDType(id.Type)
	text := map[wire.IDType]string{
		wire.IDIPv4Addr: "%s", wire.IDIPv6Addr: "%s", wire.IDFQDN: "@%s", wire.IDUserFQDN: "%s",
	}[kind]
	switch {
	case kind == wire.IDDERASN1DN:
		return fmt.Sprintf("%q", id.Text), nil
	case kind == wire.IDKeyID:
		return fmt.Sprintf("@#%x", octets), nil
	case text == "":
		return "", plutoCannot("identification "+id.Type, "it has addresses, names, user@name, distinguished names and key ids")
	case strings.ContainsAny(id.Text, "=\"\n\x00") || kind == wire.IDUserFQDN && (!strings.Contains(id.Text, "@") || id.Text[0] == '@'):
		return "", plutoCannot(fmt.Sprintf("identification %s %q", id.Type, id.Text), "the text decides what type it is")
	}
	return `"` + fmt.Sprintf(text, id.Text) + `"`, nil
}

// plutoLifetimes makes the peer propose the lifetimes, and rekey when nine tenths
// of the shorter one are left of neither. Nothing is randomized.
func plutoLifetimes(w *confWriter, c Config, a plutoAuth) {
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
	if plutoAuto(c) != plutoOnDemand || a.xauth {
		w.line("rekey=no") // a connection that is initiated by name would be kept up for ever
		return
	}
	if shorter != 0 {
		w.line("rekeymargin=%ds", int(shorter.Seconds())/10)
		w.line("rekeyfuzz=0%%")
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
