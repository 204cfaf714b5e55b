package peer

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Files that vpnc reads, in its working directory.
const (
	vpncConfFile   = "vpnc.conf"
	vpncScriptFile = "script"
	vpncRootsFile  = "roots.pem"
)

// vpnc's algorithms: what vpnc --version lists, by the slugs.
var (
	vpncCiphers = map[string]bool{
		"des-cbc": true, "3des-cbc": true, "aes128-cbc": true, "aes192-cbc": true, "aes256-cbc": true,
	}
	vpncHashes    = map[string]bool{"md5": true, "sha1": true}
	vpncIntegrity = map[string]bool{"hmac-md5-96": true, "hmac-sha1-96": true}
	vpncGroups    = map[string]string{
		"modp768": "dh1", "modp1024": "dh2", "modp1536": "dh5", "modp2048": "dh14",
		"modp3072": "dh15", "modp4096": "dh16", "modp6144": "dh17", "modp8192": "dh18",
	}
	vpncNATTModes = map[NATTraversal]string{NATTAuto: "natt", NATTOff: "none", NATTForced: "force-natt"}
	vpncNATT      = map[string]bool{"rfc3947": true, "draft-03": true, "draft-02n": true, "draft-02": true, "draft-00": true}
)

const (
	vpncLifetime = 2147483 * time.Second // the one that it offers; the responder may shorten it
	vpncMinDPD   = 10 * time.Second
	vpncMaxDPD   = 24 * time.Hour
	vpncMaxValue = 150 // octets: a line of its configuration has 199 at most
)

func vpncCannot(what, reason string) error {
	return &UnsupportedError{Peer: vpncName, What: what, Reason: reason}
}

// vpncSupports asks what the peer can be configured for.
func vpncSupports(c Config) error {
	for _, supports := range []func(Config) error{vpncPhase1, vpncIdentity, vpncSecrets, vpncNetwork, vpncChild, vpncAlgorithms} {
		if err := supports(c); err != nil {
			return err
		}
	}
	return nil
}

func vpncPhase1(c Config) error {
	i := &c.IKE
	switch {
	case c.Role != Initiator:
		return vpncCannot("role "+c.Role.String(), "it is a client: it dials, and terminates on a phase 1 of the other side")
	case i.Mode != "aggressive":
		return vpncCannot("exchange mode "+i.Mode, "it does aggressive mode only")
	case i.ModeConfig != ModeConfigPull:
		return vpncCannot(fmt.Sprintf("mode config %q", i.ModeConfig), "it asks for its address, with Vendor cisco")
	case i.Fragmentation:
		return vpncCannot("IKE fragmentation", "it does not offer it")
	case i.Lifetime > vpncLifetime:
		return vpncCannot(fmt.Sprintf("an ISAKMP SA of %v", i.Lifetime), "it offers 2147483 s")
	case i.DPD != 0 && (i.DPD < vpncMinDPD || i.DPD > vpncMaxDPD):
		return vpncCannot(fmt.Sprintf("DPD every %v", i.DPD), "DPD idle timeout (our side) <0,10-86400>")
	}
	if _, ok := vpncNATTModes[i.NATTraversal]; !ok {
		return vpncCannot(fmt.Sprintf("nat-traversal %s", i.NATTraversal), "NAT Traversal Mode <natt/none/force-natt/cisco-udp>")
	}
	for _, v := range i.NATTVersions {
		if !vpncNATT[v] {
			return vpncCannot("nat-traversal "+v, "it does not offer it")
		}
	}
	return nil
}

// vpncIdentity is how the ends name themselves. It takes any responder.
func vpncIdentity(c Config) error {
	id, other := c.IKE.LocalID, c.IKE.RemoteID
	_, known := wire.ParseIDType(other.Type)
	switch {
	case !known && !other.IsZero():
		return vpncCannot("identification "+other.Type+" of the responder", "it knows no such type")
	case id.Type == "user_fqdn":
		return vpncCannot("identification user_fqdn", "with Vendor netscreen only, which takes its address in the middle of XAUTH")
	case id.IsZero():
		return vpncCannot("identification by address", "it asserts its group's name, as key_id")
	case id.Type != "key_id":
		return vpncCannot("identification "+id.Type, "it asserts its group's name, as key_id")
	}
	return vpncValue("IPSec ID", []byte(id.Text))
}

// vpncValue checks that a value can be written in a line.
func vpncValue(name string, value []byte) error {
	if len(value) == 0 || len(value) > vpncMaxValue || bytes.ContainsAny(value, "\x00\r\n") {
		return vpncCannot(fmt.Sprintf("%s of %d octets", name, len(value)),
			fmt.Sprintf("<ASCII string> of one line, 1 to %d octets", vpncMaxValue))
	}
	return nil
}

func vpncSecrets(c Config) error {
	i := &c.IKE
	switch i.Authentication {
	case "psk", "xauth-init-psk":
	case "hybrid-init-rsa":
		if i.Credentials == nil || len(i.Credentials.Roots) == 0 {
			return vpncCannot(i.Authentication+" without a root", "CA-File is where it finds whom it trusts")
		}
		if len(i.Credentials.CRLs) > 0 {
			return vpncCannot("revocation lists", "it checks the chain of the responder's certificate only")
		}
	default:
		return vpncCannot("authentication "+i.Authentication, "Supported Auth-Methods: psk psk+xauth hybrid(rsa)")
	}
	if i.XAUTH == nil && i.Authentication != "psk" {
		return vpncCannot(i.Authentication+" without a user", "missing Xauth username")
	}
	user, password := vpncUser(i)
	for name, value := range map[string][]byte{"IPSec secret": vpncSecret(i), "Xauth username": user, "Xauth password": password} {
		if err := vpncValue(name, value); err != nil {
			return err
		}
	}
	return nil
}

// vpncSecret is the group's. With hybrid authentication only its hash is sent, in a
// notification, and there has to be one.
func vpncSecret(i *IKEConfig) []byte {
	if len(i.PSK) == 0 && i.Authentication == "hybrid-init-rsa" {
		return []byte("none")
	}
	return i.PSK
}

// vpncUser is who it is. It does not start without a name, even where none will be asked for.
func vpncUser(i *IKEConfig) (user, password []byte) {
	if i.XAUTH == nil {
		return []byte("none"), []byte("none")
	}
	return []byte(i.XAUTH.User), i.XAUTH.Password
}

func vpncNetwork(c Config) error {
	for _, a := range []netip.Addr{c.Local, c.Remote, c.LocalInner.Addr(), c.RemoteInner.Addr()} {
		if a.Is6() {
			return vpncCannot("IPv6", "its sockets, and the addresses it asks for, are IPv4's")
		}
	}
	switch {
	case !c.LocalInner.IsSingleIP():
		return vpncCannot("selector "+c.LocalInner.String(), "its side of quick mode is the one address that it was given")
	case !c.RemoteInner.IsValid():
		return vpncCannot("a tunnel to the gateway itself", "routing loop")
	}
	return nil
}

func vpncChild(c Config) error {
	k := &c.Child
	switch {
	case k.Protocol != "esp":
		return vpncCannot("protocol "+k.Protocol, "it negotiates ESP")
	case k.Mode != "tunnel":
		return vpncCannot("mode "+k.Mode, "it negotiates tunnel mode")
	case k.Selector != Selector{}:
		return vpncCannot("a selector of protocol and ports", "its IDci and IDcr have neither")
	case k.Lifetime > vpncLifetime:
		return vpncCannot(fmt.Sprintf("a child of %v", k.Lifetime), "it offers 2147483 s")
	}
	return nil
}

func vpncAlgorithms(c Config) error {
	if len(c.IKE.Proposals) == 0 || len(c.Child.Proposals) == 0 {
		return vpncCannot("no proposal", "it always offers some")
	}
	for _, p := range c.IKE.Proposals {
		switch {
		case !vpncCiphers[p.Encryption]:
			return vpncCannot("IKE encryption "+p.Encryption, "Supported Encryptions: null des 3des aes128 aes192 aes256")
		case !vpncHashes[p.Hash]:
			return vpncCannot("IKE hash "+p.Hash, "Supported Hash-Methods: md5 sha1")
		case vpncGroups[p.Group] == "":
			return vpncCannot("group "+p.Group, fmt.Sprintf("IKE DH Group %q unsupported", p.Group))
		case p.Group != c.IKE.Proposals[0].Group:
			return vpncCannot("two groups", "IKE DH Group is one")
		}
	}
	for _, p := range c.Child.Proposals {
		switch {
		case !vpncCiphers[p.Encryption] && p.Encryption != "null":
			return vpncCannot("ESP encryption "+p.Encryption, "Supported Encryptions: null des 3des aes128 aes192 aes256")
		case !vpncIntegrity[p.Integrity]:
			return vpncCannot("integrity "+p.Integrity, "Supported Hash-Methods: md5 sha1")
		}
	}
	if g := c.Child.PFS; g != "" && vpncGroups[g] == "" {
		return vpncCannot("PFS group "+g, fmt.Sprintf("Perfect Forward Secrecy %q unsupported", g))
	}
	return nil
}

// vpncFiles are what vpnc reads. They hold the secrets.
func vpncFiles(c Config) confFiles {
	conf := confFiles{vpncConfFile: vpncConf(c), vpncScriptFile: vpncScript(c)}
	if k := c.IKE.Credentials; k != nil {
		conf[vpncRootsFile] = bytes.Join(k.Roots, []byte("\n"))
	}
	return conf
}

// vpncConf is c in the syntax of vpnc's configuration. It holds the secrets.
func vpncConf(c Config) []byte {
	i, w := &c.IKE, &confWriter{}
	w.line("IPSec gateway %s", c.Remote)
	w.line("IPSec ID %s", vpncQuote([]byte(i.LocalID.Text)))
	w.line("IPSec secret %s", vpncQuote(vpncSecret(i)))
	if i.Authentication == "hybrid-init-rsa" {
		w.line("IKE Authmode hybrid")
		w.line("CA-File ./%s", vpncRootsFile)
	} else {
		w.line("IKE Authmode psk")
	}
	user, password := vpncUser(i)
	w.line("Xauth username %s", vpncQuote(user))
	w.line("Xauth password %s", vpncQuote(password))
	w.line("Vendor cisco")
	w.line("IKE DH Group %s", vpncGroups[i.Proposals[0].Group])
	pfs := "nopfs"
	if c.Child.PFS != "" {
		pfs = vpncGroups[c.Child.PFS]
	}
	w.line("Perfect Forward Secrecy %s", pfs)
	w.line("NAT Traversal Mode %s", vpncNATTModes[i.NATTraversal])
	w.line("DPD idle timeout (our side) %d", int(i.DPD.Seconds()))
	w.line("Local Addr %s", c.Local)
	w.line("Local Port 500")
	// A mask written as a number of bits works up to 31.
	w.line("IPSEC target network %s/%s", c.RemoteInner.Masked().Addr(), mask4(c.RemoteInner.Bits()))
	vpncWeak(w, c)
	w.line("Interface name vpn0")
	w.line("Script /bin/sh ./%s", vpncScriptFile)
	w.line("Noninteractive")
	w.line("Debug 2") // keys appear from level 3 on
	return []byte(w.String())
}

// vpncWeak allows the responder to choose what vpnc offers and then would not take.
func vpncWeak(w *confWriter, c Config) {
	var encryption, authentication, none bool
	for _, p := range c.IKE.Proposals {
		encryption = encryption || strings.Contains(p.Encryption, "des")
		authentication = authentication || p.Hash == "md5"
	}
	for _, p := range c.Child.Proposals {
		encryption = encryption || strings.Contains(p.Encryption, "des")
		authentication = authentication || p.Integrity == "hmac-md5-96"
		none = none || p.Encryption == "null"
	}
	for _, option := range []struct {
		on   bool
		name string
	}{{encryption, "weak encryption"}, {authentication, "weak authentication"}, {none, "no encryption"}} {
		if option.on {
			w.line("Enable %s", option.name)
		}
	}
}

// vpncQuote keeps spaces at either end of a value: of quotes the outermost pair is taken off.
func vpncQuote(value []byte) string { return `"` + string(value) + `"` }

func mask4(bits int) netip.Addr {
	m := ^uint32(0) << (32 - bits)
	return netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)})
}

// vpncScript is what vpnc runs once it has its address, before quick mode. The device goes
// with vpnc, and the routes with the device.
func vpncScript(c Config) []byte {
	w := &confWriter{}
	w.line(`[ "$reason" = connect ] || exit 0`)
	w.line(`ip address add "$INTERNAL_IP4_ADDRESS/32" dev "$TUNDEV" &&`)
	w.line(`ip link set "$TUNDEV" mtu 1400 up &&`)
	w.line(`ip route add %s dev "$TUNDEV" src "$INTERNAL_IP4_ADDRESS"`, c.RemoteInner.Masked())
	return []byte(w.String())
}
