package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// TestStrongSwanOwn has every method, in both modes and roles, between strongSwan and our own host.
func TestStrongSwanOwn(t *testing.T) {
	need(t, CarrierNamespace)
	i := startTest(t, StrongSwan{}, CarrierNamespace, 2)
	link := lab.NewLinkNode(i.Link())
	t.Cleanup(func() { link.Close() })
	for _, m := range testMethods {
		for _, mode := range []string{"main", "aggressive"} {
			for _, role := range []Role{Responder, Initiator} {
				for _, config := range []ModeConfig{ModeConfigNone, ModeConfigPull, ModeConfigPush} {
					if config != ModeConfigNone && (mode == "aggressive" || m.key != 0 && m.key != pki.RSA2048) {
						continue // what comes after phase 1 is the same as elsewhere
					}
					name := fmt.Sprintf("%s/%s/%v/%s", m.slug, mode, role, config)
					t.Run(strings.TrimSuffix(name, "/"), func(t *testing.T) {
						c := testConfig(role, 2, "tunnel")
						authenticate(t, &c, m.slug)
						c.IKE.Mode, c.IKE.ModeConfig = mode, config
						meet(t, i.(*strongSwan), link, c)
					})
				}
			}
		}
	}
}

// ownFeatures are what else a configuration can ask for, with our own host at the other end.
var ownFeatures = []struct {
	name   string
	change func(*testing.T, *Config)
	check  func(*testing.T, encounter)
}{
	{"several proposals", func(_ *testing.T, c *Config) {
		c.IKE.Proposals = []IKEProposal{{"aes256-cbc", "sha256", "ecp256"}, {"3des-cbc", "md5", "modp1024"}}
		c.Child.Proposals = []ChildProposal{{"aes256-cbc", "hmac-sha256-128"}, {"3des-cbc", "hmac-md5-96"}}
	}, nil},
	{"pfs", func(_ *testing.T, c *Config) { c.Child.PFS = "modp2048" }, nil},
	{"tcp", func(_ *testing.T, c *Config) { c.Child.Selector = Selector{Protocol: 6} }, nil},
	{"fragments", func(t *testing.T, c *Config) {
		authenticate(t, c, "rsa-sig")
		c.IKE.Fragmentation = true
	}, func(t *testing.T, e encounter) {
		if n := len(payloads[*wire.Fragment](e.fromPeer)); n < 2 {
			t.Errorf("%d fragments of the peer", n)
		}
	}},
	{"dpd", func(_ *testing.T, c *Config) { c.IKE.DPD = 30 * time.Second }, nil},
	{"names", func(t *testing.T, c *Config) {
		authenticate(t, c, "ecdsa-sha384")
		c.IKE.LocalID, c.IKE.RemoteID = testNames(2)[2], testNames(1)[1]
	}, nil},
	{"key ids", func(_ *testing.T, c *Config) {
		c.IKE.LocalID, c.IKE.RemoteID = Identity{"key_id", "\x00peer"}, Identity{"key_id", "own"}
	}, nil},
	{"ah", func(_ *testing.T, c *Config) {
		c.Child.Protocol, c.Child.Proposals = "ah", []ChildProposal{{"", "hmac-sha256-128"}}
	}, func(t *testing.T, e encounter) {
		if e.counts.AH < 6 {
			t.Errorf("%+v", e.counts)
		}
	}},
	{"nat-t forced", func(_ *testing.T, c *Config) { c.IKE.NATTraversal = NATTForced }, func(t *testing.T, e encounter) {
		if e.counts.UDPESP < 6 {
			t.Errorf("%+v", e.counts)
		}
	}},
	{"nat-t off", func(_ *testing.T, c *Config) { c.IKE.NATTraversal = NATTOff }, func(t *testing.T, e encounter) {
		if announces(e.fromPeer, wire.VendorIDRFC3947) || e.counts.ESP < 6 {
			t.Errorf("%+v", e.counts)
		}
	}},
	{"nat-t rfc3947", natt("rfc3947"), nattIs(wire.VendorIDRFC3947)},
	{"nat-t draft-03", natt("draft-03"), nattIs(wire.VendorIDDraft03)},
	{"nat-t draft-02n", natt("draft-02n"), nattIs(wire.VendorIDDraft02n)},
	{"nat-t draft-02", natt("draft-02"), nattIs(wire.VendorIDDraft02)},
	{"nat-t draft-00", natt("draft-00"), nattIs(wire.VendorIDDraft00)},
}

// natt has both ends look for a NAT by one version.
func natt(version string) func(*testing.T, *Config) {
	return func(_ *testing.T, c *Config) {
		c.IKE.NATTVersions, c.IKE.NATTraversal = []string{version}, NATTForced
	}
}

func nattIs(id []byte) func(*testing.T, encounter) {
	return func(t *testing.T, e encounter) {
		t.Helper()
		if !announces(e.fromPeer, id) || e.counts.UDPESP < 6 {
			t.Errorf("announced %v, %+v", announces(e.fromPeer, id), e.counts)
		}
	}
}

// ownFeaturesIn has those features whose name begins in one of the ways; what the peer cannot be asked for must say so.
func ownFeaturesIn(t *testing.T, v6 bool, carrier Carrier, mode string, begins ...string) {
	i := startTestOn(t, v6, StrongSwan{}, carrier, 2)
	link := lab.NewLinkNode(i.Link())
	t.Cleanup(func() { link.Close() })
	for _, f := range ownFeatures {
		for _, role := range []Role{Responder, Initiator} {
			if !slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(f.name, b) }) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%v", f.name, role), func(t *testing.T) {
				c := testConfigOn(v6, role, 2, mode)
				f.change(t, &c)
				if err := swanSupports(c, carrier); err != nil {
					if again := i.Configure(t.Context(), c); !errors.Is(again, ErrUnsupported) {
						t.Errorf("%v, yet configured: %v", err, again)
					}
					return
				}
				e := meet(t, i.(*strongSwan), link, c)
				if f.check != nil {
					f.check(t, e)
				}
			})
		}
	}
}

func TestStrongSwanOwnFeatures(t *testing.T) {
	need(t, CarrierNamespace)
	for family, v6 := range map[string]bool{"ipv4": false, "ipv6": true} {
		t.Run(family, func(t *testing.T) { ownFeaturesIn(t, v6, CarrierNamespace, "tunnel", "") })
	}
}

func TestStrongSwanOwnInGuest(t *testing.T) {
	t.Parallel()
	need(t, CarrierGuest)
	if testing.Short() {
		t.Skip("boots guests")
	}
	for family, v6 := range map[string]bool{"ipv4": false, "ipv6": true} {
		t.Run(family, func(t *testing.T) {
			ownFeaturesIn(t, v6, CarrierGuest, "transport", "nat-t o", "nat-t f", "ah")
		})
	}
}

// encounter is what a meeting leaves: the peer's messages until the child was there, and what each
// end sent afterwards, of either the lesser.
type encounter struct {
	own      *ownEnd
	fromPeer []*wire.Message
	counts   counts
}

// meet establishes c between a strongSwan and our own host, with a conversation both ways.
func meet(t *testing.T, s *strongSwan, link *lab.LinkNode, c Config) encounter {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	var own *Credentials
	if k := c.IKE.Credentials; k != nil {
		for _, m := range testMethods {
			if m.slug == c.IKE.Authentication {
				own = testCredentials(t, m.key, 3-end(&c))
				c.IKE.Credentials = testCredentials(t, m.key, end(&c))
			}
		}
	}
	o := startOwn(t, mirror(t, c, own), link)
	defer func() {
		if !t.Failed() {
			return
		}
		t.Log(o.said())
		if a, err := s.Artifacts(ctx); err == nil {
			t.Logf("%s\n%s", a["config"], a["log"])
		}
	}()
	if err := s.Configure(ctx, c); err != nil {
		t.Fatal(err)
	}
	if c.Role == Initiator {
		if err := s.Initiate(ctx); err != nil {
			t.Fatal(err)
		}
	} else if err := initiateOwn(ctx, o); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(sas(t, s), "INSTALLED") { // a responder is last to have the child
		if ctx.Err() != nil {
			t.Fatal("it has no child")
		}
	}
	peer, our := c.LocalInner.Addr(), c.RemoteInner.Addr()
	if c.Child.Mode == "transport" {
		peer, our = c.Local, c.Remote
	}
	e := encounter{own: o, fromPeer: o.in.messages()}
	o.in.take()
	o.out.take()
	converse(ctx, t, o.Apps(), s.Apps(), our, peer)
	converse(ctx, t, s.Apps(), o.Apps(), peer, our)
	in, out := o.in.take(), o.out.take()
	e.counts = counts{ESP: min(in.ESP, out.ESP), UDPESP: min(in.UDPESP, out.UDPESP), AH: min(in.AH, out.AH)}
	if e.counts.ESP+e.counts.UDPESP+e.counts.AH < 6 || in.TCP+out.TCP != 0 {
		t.Errorf("from the peer: %+v, from us: %+v", in, out)
	}
	return e
}

var errOwn = errors.New("our own host failed")

// initiateOwn has our own host negotiate, and waits for the child.
func initiateOwn(ctx context.Context, o *ownEnd) error {
	err := o.Do(func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "child") })
	if err != nil {
		return err
	}
	var failures []error
	if err := o.Await(ctx, func(h *host.Host) bool {
		failures = h.Failures()
		return len(failures) > 0 || len(h.Children()) > 0
	}); err != nil {
		return err
	}
	if len(failures) > 0 {
		return errors.Join(append(failures, errOwn)...)
	}
	return nil
}
