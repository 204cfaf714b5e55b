package ikev1_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var office = ikev1.Lease{
	Address: netip.MustParseAddr("10.9.0.7"), Bits: 24, DNS: []netip.Addr{netip.MustParseAddr("10.9.0.1")},
	Subnets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
}

// remoteAccess is what a road warrior has: a group secret, a name and a password, an address from the server.
func remoteAccess(i, r *ikev1.Config) {
	for _, c := range []*ikev1.Config{i, r} {
		c.Auth.Method = wire.AuthXAUTHInitPSK
		c.XAUTH = ikev1.XAUTH{User: "alice", Password: []byte("wonderland"), Message: "who is it?"}
		c.XAUTH.Verify = func(u string, p []byte) bool { return u == "alice" && string(p) == "wonderland" }
		c.Quick[0].Mode, c.Quick[0].Virtual = esp.Tunnel, true
	}
	r.ModeConfig.Lease = func(wire.ID, string) (ikev1.Lease, bool) { return office, true }
	i.ModeConfig.Pull = true
	i.LocalID = wire.ID{IDType: wire.IDKeyID, Protocol: 17, Port: 500, Data: []byte("group")}
	everything := netip.MustParsePrefix("0.0.0.0/0")
	i.Quick[0].Selector = spd.Selector{Src: everything, Dst: everything}
	r.Quick[0].Selector = i.Quick[0].Selector
}

func push(i, r *ikev1.Config) {
	i.ModeConfig = ikev1.ModeConfig{Wait: true}
	r.ModeConfig.Push = true
}

func TestRemoteAccess(t *testing.T) {
	modes := map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive}
	configs := map[string]func(i, r *ikev1.Config){
		"pull": nothing, "push": push,
		"both": func(_, r *ikev1.Config) { r.ModeConfig.Push = true }, // libreswan asks for what it is being told
	}
	for mode, m := range modes {
		for how, c := range configs {
			t.Run(mode+" "+how, func(t *testing.T) {
				p := newPair(t, both(remoteAccess, m, c)).start()
				if p.i.State() != ikev1.StateEstablished || p.r.State() != ikev1.StateEstablished {
					t.Fatalf("states %v %v: %v %v", p.i.State(), p.r.State(), p.i.errs, p.r.errs)
				}
				opts := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
				if diff := cmp.Diff(office, p.i.Lease(), opts, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); how == "push" && diff != "" {
					t.Error(diff)
				}
				if p.i.Lease().Address != office.Address || p.r.User() != "alice" {
					t.Errorf("lease %+v for %q", p.i.Lease(), p.r.User())
				}
				p.quick().mirror()
				if c := p.i.Children()[0]; c.Selector.Src != netip.PrefixFrom(office.Address, 32) {
					t.Errorf("selector %v", c.Selector)
				}
			})
			// Each message lost once, those of the transactions included.
			for who := range 2 {
				for n := 1; n <= 7; n++ {
					t.Run(fmt.Sprintf("%s %s end %d loses %d", mode, how, who, n), func(t *testing.T) {
						p := newPair(t, both(remoteAccess, m, c))
						loser := []*end{p.i, p.r}[who]
						p.drop = func(from *end, k int) bool { return from == loser && k == n }
						p.start()
						p.wait()
						if p.i.State() != ikev1.StateEstablished {
							t.Fatalf("states %v %v: %v %v", p.i.State(), p.r.State(), p.i.errs, p.r.errs)
						}
						p.quick()
						p.wait()
						p.mirror()
					})
				}
			}
		}
	}
}

func TestXAUTHMethods(t *testing.T) {
	rsa := newAuthority(t, pki.RSA2048)
	for m, edit := range map[wire.AuthMethod]func(i, r *ikev1.Config){
		wire.AuthXAUTHInitRSASig: withCertificates(rsa, wire.AuthXAUTHInitRSASig),
		wire.AuthXAUTHRespRSASig: withCertificates(rsa, wire.AuthXAUTHRespRSASig),
		wire.AuthXAUTHRespPSK:    func(i, r *ikev1.Config) { i.Auth.Method, r.Auth.Method = wire.AuthXAUTHRespPSK, wire.AuthXAUTHRespPSK },
		wire.AuthHybridInitRSA: both(withCertificates(rsa, wire.AuthHybridInitRSA), func(i, _ *ikev1.Config) {
			i.Auth.Credentials = nil // that is the point of it
		}),
		wire.AuthHybridRespRSA: both(withCertificates(rsa, wire.AuthHybridRespRSA), func(_, r *ikev1.Config) { r.Auth.Credentials = nil }),
	} {
		for name, mode := range map[string]func(i, r *ikev1.Config){"main": nothing, "aggressive": aggressive} {
			t.Run(m.String()+" "+name, func(t *testing.T) {
				p := newPair(t, both(edit, mode, func(i, r *ikev1.Config) {
					for _, c := range []*ikev1.Config{i, r} {
						c.XAUTH = ikev1.XAUTH{User: "bob", Password: []byte("x"), Verify: func(u string, _ []byte) bool { return u == "bob" }}
					}
				})).start().quick()
				p.mirror()
				if p.i.User()+p.r.User() != "bob" {
					t.Errorf("users %q %q", p.i.User(), p.r.User())
				}
			})
		}
	}
}

func TestXAUTHRefused(t *testing.T) {
	p := newPair(t, both(remoteAccess, aggressive, func(i, _ *ikev1.Config) { i.XAUTH.Password = []byte("wonderland\x00") })).start()
	if p.i.State() != ikev1.StateFailed || p.r.State() != ikev1.StateFailed {
		t.Errorf("states %v %v", p.i.State(), p.r.State())
	}
	for _, e := range []*end{p.i, p.r} {
		if len(e.errs) == 0 || !errors.Is(e.errs[0], ikev1.ErrRefused) || !e.has(ikev1.EventXAUTH) {
			t.Errorf("errors %v", e.errs)
		}
	}
	// Nobody decides, so nobody gets in.
	p = newPair(t, both(remoteAccess, func(_, r *ikev1.Config) { r.XAUTH.Verify = nil })).start()
	if p.r.State() != ikev1.StateFailed {
		t.Errorf("state %v", p.r.State())
	}
}

// TestXAUTHNone: a server that never asks is given up in bounded time, and a quick mode before XAUTH is not answered.
func TestXAUTHNone(t *testing.T) {
	p := newPair(t, both(remoteAccess, aggressive))
	p.drop = func(from *end, k int) bool { return from == p.r && k > 1 }
	p.start()
	if _, err := p.i.StartQuick(p.now, "bgp"); !errors.Is(err, ikev1.ErrNotReady) {
		t.Errorf("quick mode before XAUTH: %v", err)
	}
	p.wait()
	if d := p.now.Sub(start); p.i.State() != ikev1.StateFailed || d > 2*time.Minute {
		t.Errorf("state %v after %v", p.i.State(), d)
	}
}

// TestModeConfigAlone: an address without XAUTH, and IPv6.
func TestModeConfigAlone(t *testing.T) {
	six := ikev1.Lease{Address: netip.MustParseAddr("2001:db8::77"), DNS: []netip.Addr{netip.MustParseAddr("2001:db8::53")}, Banner: "hello", Domain: "example.org"}
	for name, edit := range map[string]func(i, r *ikev1.Config){"pull": nothing, "push": push} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, both(func(i, r *ikev1.Config) {
				i.ModeConfig.Pull = true
				r.ModeConfig.Lease = func(wire.ID, string) (ikev1.Lease, bool) { return six, true }
			}, edit)).start()
			if p.i.Lease().Address != six.Address || p.i.State() != ikev1.StateEstablished {
				t.Errorf("lease %+v in state %v", p.i.Lease(), p.i.State())
			}
			if name == "push" && (p.i.Lease().Banner != "hello" || p.i.Lease().Domain != "example.org" || len(p.i.Lease().DNS) != 1) {
				t.Errorf("lease %+v", p.i.Lease())
			}
		})
	}
	p := newPair(t, func(i, _ *ikev1.Config) { i.ModeConfig.Pull = true }).start()
	if p.i.Lease().Address.IsValid() || p.i.State() != ikev1.StateEstablished {
		t.Error("a lease from nowhere")
	}
}

// TestVPNC is a client like vpnc: it names itself by KEY_ID with 17/500, offers many transforms at once, and wants the
// whole world from its address.
func TestVPNC(t *testing.T) {
	p := newPair(t, both(remoteAccess, aggressive, behindNAT, func(i, r *ikev1.Config) {
		i.Proposals = nil
		for _, c := range []struct {
			cipher keymat.Cipher
			bits   int
		}{{keymat.AESCBC, 256}, {keymat.AESCBC, 192}, {keymat.AESCBC, 128}, {keymat.TripleDESCBC, 0}} {
			for _, h := range []keymat.Hash{keymat.SHA1, keymat.MD5} {
				i.Proposals = append(i.Proposals, keymat.Suite{Cipher: c.cipher, KeyBits: c.bits, Hash: h, Group: keymat.MODP1024})
			}
		}
		i.Lifetime = 2147483 * time.Second
		i.NATT.Versions = []ikev1.NATTVersion{ikev1.NATTRFC3947, ikev1.NATTDraft02n, ikev1.NATTDraft02}
		i.LocalID = wire.ID{IDType: wire.IDKeyID, Protocol: 17, Port: 500, Data: []byte("group")}
		group := wire.ID{IDType: wire.IDKeyID, Data: []byte("group")}
		r.Auth.PSKFor = ikev1.PSKTable{{ID: &group, Key: r.Auth.PSK}}.For
		r.Auth.PSK = nil
		everything := netip.MustParsePrefix("0.0.0.0/0")
		i.Quick[0].Selector = spd.Selector{Src: everything, Dst: everything}
	}))
	shift := uint16(12345)
	nat(p, &shift)
	p.start().quick().mirror()
	c := p.r.Children()[0]
	if c.Selector.Dst != netip.PrefixFrom(office.Address, 32) || c.Encap == nil || c.Encap.DstPort != 4500+shift {
		t.Errorf("child %+v", c)
	}
}
