package peer

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// mirror is our own host's configuration as the other end of a peer's; own is its key and certificate
// where the method needs them.
func mirror(t *testing.T, c Config, own *Credentials) host.Config {
	t.Helper()
	proto, mode := parsed(t, esp.ParseProto, c.Child.Protocol), parsed(t, esp.ParseMode, c.Child.Mode)
	s := c.Child.Selector
	sel := spd.Selector{
		Src: netip.PrefixFrom(c.Remote, c.Remote.BitLen()), Dst: netip.PrefixFrom(c.Local, c.Local.BitLen()), Proto: s.Protocol,
		SrcPorts: spd.PortRange{Lo: s.RemotePort, Hi: s.RemotePort}, DstPorts: spd.PortRange{Lo: s.LocalPort, Hi: s.LocalPort},
	}
	if mode == esp.Tunnel {
		sel.Src, sel.Dst = c.RemoteInner, c.LocalInner
	}
	ike := ikev1.Config{
		Mode: ikev1.Main, Local: netip.AddrPortFrom(c.Remote, ikev1.Port), Remote: netip.AddrPortFrom(c.Local, ikev1.Port),
		LocalID: wireID(t, c.IKE.RemoteID, c.Remote), Auth: mirrorAuth(t, c, own),
		Lifetime: c.IKE.Lifetime, DPD: ikev1.DPD{Idle: c.IKE.DPD},
		NATT:          ikev1.NATT{Disable: c.IKE.NATTraversal == NATTOff, Force: c.IKE.NATTraversal == NATTForced},
		Fragmentation: ikev1.Fragmentation{Enable: c.IKE.Fragmentation},
		Quick:         []ikev1.QuickPolicy{{Name: "child", Selector: sel, Proto: proto, Mode: mode, Lifetime: c.Child.Lifetime, Virtual: c.IKE.ModeConfig != ModeConfigNone}},
	}
	if c.IKE.Mode == "aggressive" {
		ike.Mode = ikev1.Aggressive
	}
	if c.Child.PFS != "" {
		ike.Quick[0].PFS = parsed(t, keymat.ParseGroup, c.Child.PFS)
	}
	id := wireID(t, c.IKE.LocalID, c.Local)
	ike.RemoteID = &id
	for _, p := range c.IKE.Proposals {
		s := keymat.Suite{Hash: parsed(t, keymat.ParseHash, p.Hash), Group: parsed(t, keymat.ParseGroup, p.Group)}
		var err error
		if s.Cipher, s.KeyBits, err = keymat.ParseCipher(p.Encryption); err != nil {
			t.Fatal(err)
		}
		ike.Proposals = append(ike.Proposals, s)
	}
	for _, p := range c.Child.Proposals {
		s := esp.Suite{Cipher: esp.NULL, Integrity: parsed(t, esp.ParseIntegrity, p.Integrity)}
		if proto == esp.ESP {
			s.Cipher = parsed(t, esp.ParseCipher, p.Encryption)
		}
		ike.Quick[0].Suites = append(ike.Quick[0].Suites, s)
	}
	for _, v := range c.IKE.NATTVersions {
		for n := ikev1.NATTRFC3947; n <= ikev1.NATTDraft00; n++ {
			if n.String() == v {
				ike.NATT.Versions = append(ike.NATT.Versions, n)
			}
		}
	}
	mirrorClient(&ike, c)
	return host.Config{
		Name: "own", Addr: c.Remote, OnDemand: c.Role == Responder, IKE: ike,
		SPD: spd.SPD{
			{Name: "child", Selector: sel, Action: spd.Protect, Mode: mode, Proto: proto, TunnelLocal: c.Remote, TunnelRemote: c.Local},
			{Name: "everything else", Action: spd.Bypass},
		},
	}
}

// mirrorClient is XAUTH and mode config.
func mirrorClient(ike *ikev1.Config, c Config) {
	if x := c.IKE.XAUTH; x != nil {
		ike.XAUTH = ikev1.XAUTH{User: x.User, Password: x.Password, Verify: func(user string, password []byte) bool {
			return user == x.User && bytes.Equal(password, x.Password)
		}}
	}
	client := c.Role == Responder // our own host
	if asked, initiator := ike.Auth.Method.XAUTH(); asked {
		client = initiator == client
	}
	switch {
	case c.IKE.ModeConfig == ModeConfigNone:
		return
	case client:
		ike.ModeConfig.Pull, ike.ModeConfig.Wait = c.IKE.ModeConfig == ModeConfigPull, c.IKE.ModeConfig == ModeConfigPush
		return
	}
	ike.ModeConfig.Push = c.IKE.ModeConfig == ModeConfigPush
	ike.ModeConfig.Lease = func(wire.ID, string) (ikev1.Lease, bool) {
		return ikev1.Lease{Address: c.LocalInner.Addr(), Bits: c.LocalInner.Bits()}, true
	}
}

func mirrorAuth(t *testing.T, c Config, own *Credentials) ikev1.Auth {
	t.Helper()
	a := ikev1.Auth{Method: parsed(t, wire.ParseAuthMethod, c.IKE.Authentication), PSK: c.IKE.PSK}
	contents := func(pem ...[]byte) pki.Contents { return parsed(t, pki.ParsePEM, string(bytes.Join(pem, nil))) }
	if k := c.IKE.Credentials; k != nil {
		// Libreswan sends no more than its own certificate in aggressive mode.
		a.Trust = pki.Policy{Roots: contents(k.Roots...).Certs, Intermediates: contents(k.Intermediates...).Certs}
	}
	if own != nil {
		a.Credentials = []pki.Credential{{
			Key:   contents(own.Key).Keys[0],
			Chain: contents(append(append([][]byte{own.Certificate}, own.Intermediates...), own.Roots...)...).Certs,
		}}
	}
	return a
}

func parsed[S ~string | ~[]byte, T any](t *testing.T, parse func(S) (T, error), text string) T {
	t.Helper()
	v, err := parse(S(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wireID is an identity as it is sent.
func wireID(t *testing.T, id Identity, addr netip.Addr) wire.ID {
	t.Helper()
	payload, err := id.payload(addr)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// ownEnd is our own host at the other end of a peer's wire.
type ownEnd struct {
	*lab.HostNode
	in, out relay // what the peer sent, and what we sent

	mu     sync.Mutex
	events []string
}

// startOwn puts the host behind the peer's wire until the test ends.
func startOwn(t *testing.T, c host.Config, link *lab.LinkNode) *ownEnd {
	t.Helper()
	o := &ownEnd{}
	c.Record = func(e host.Event) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.events = append(o.events, e.Kind+": "+e.Detail)
	}
	h, err := host.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := lab.NewNamespace("own")
	if err != nil {
		t.Fatal(err)
	}
	addrs := []netip.Prefix{netip.PrefixFrom(c.Addr, wireBits(c.Addr))}
	if sel := c.IKE.Quick[0].Selector; sel.Src.Addr() != c.Addr {
		addrs = append(addrs, sel.Src)
	}
	if c.IKE.ModeConfig.Pull || c.IKE.ModeConfig.Wait {
		addrs = addrs[:1]
		addrs = append(addrs, c.IKE.Quick[0].Selector.Src) // which the peer is going to give
	}
	tun, err := lab.NewTUN(ns, lab.TUNConfig{Addrs: addrs, MTU: 1400})
	if err != nil {
		t.Fatal(errors.Join(err, ns.Close()))
	}
	w := lab.NewWire(func(_ time.Time, from lab.Port, ip []byte) {
		if from == 0 {
			o.out.count(ip)
		} else {
			o.in.count(ip)
		}
	}, lab.Path{})
	o.HostNode = lab.NewHostNode(w, 0, h, tun, lab.NewApps(ns))
	link.Attach(w, 1)
	t.Cleanup(func() {
		link.Detach()
		if err := errors.Join(o.Close(), ns.Close()); err != nil {
			t.Error(err)
		}
	})
	return o
}

func wireBits(a netip.Addr) int {
	if a.Is6() {
		return 64
	}
	return 24
}

// said is what the host noted.
func (o *ownEnd) said() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.events, "\n")
}

// initiate has our own host negotiate the child.
func (o *ownEnd) initiate(ctx context.Context) error {
	err := o.Do(func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "child") })
	if err != nil {
		return err
	}
	var failure error
	return errors.Join(o.Await(ctx, func(h *host.Host) bool {
		if f := h.Failures(); len(f) > 0 {
			failure = f[0]
		}
		return failure != nil || len(h.Children()) > 0
	}), failure)
}

// converse exchanges 64 octets over TCP from client to server.
func converse(ctx context.Context, t *testing.T, client, server lab.Apps, from, to netip.Addr) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	at := netip.AddrPortFrom(to, 179)
	l, err := server.Listen(ctx, "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	payload := bytes.Repeat([]byte("useipsec"), 8)
	echo, err := client.Exchange(ctx, "tcp", netip.AddrPortFrom(from, 0), at, payload)
	if err != nil || !bytes.Equal(echo, payload) {
		t.Errorf("echo %q: %v", echo, err)
	}
}
