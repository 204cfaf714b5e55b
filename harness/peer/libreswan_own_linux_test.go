package peer

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/ikev1/pki"
)

// ownTrial is a configuration of libreswan for our own host.
type ownTrial struct {
	name   string
	change func(*Config)
	mode   string // tunnel if empty
	udp    bool   // ESP is in UDP
}

func both(changes ...func(*Config)) func(*Config) {
	return func(c *Config) {
		for _, change := range changes {
			change(c)
		}
	}
}

// ownTrials are for both roles.
func ownTrials() []ownTrial {
	method := func(m string) func(*Config) { return func(c *Config) { c.IKE.Authentication = m } }
	aggressive := func(c *Config) { c.IKE.Mode = "aggressive" }
	pull := func(c *Config) { c.IKE.ModeConfig = ModeConfigPull }
	push := func(c *Config) { c.IKE.ModeConfig = ModeConfigPush }
	names := func(n int) func(*Config) {
		return func(c *Config) { c.IKE.LocalID, c.IKE.RemoteID = testNames(2)[n], testNames(1)[n] }
	}
	ids := func(local, remote Identity) func(*Config) {
		return func(c *Config) { c.IKE.LocalID, c.IKE.RemoteID = local, remote }
	}
	natt := func(n NATTraversal, versions ...string) func(*Config) {
		return func(c *Config) { c.IKE.NATTraversal, c.IKE.NATTVersions = n, versions }
	}
	nothing := func(*Config) {}
	return []ownTrial{
		{"psk", nothing, "", false},
		{"psk transport", nothing, "transport", false},
		{"rsa", method("rsa-sig"), "", false},
		{"rsa another key", both(method("rsa-sig"), ids(testNames(3)[0], testNames(1)[0])), "", false},
		{"rsa fqdn", both(method("rsa-sig"), names(0)), "", false},
		{"rsa dn", both(method("rsa-sig"), names(2)), "", false},
		{"rsa aggressive user_fqdn", both(method("rsa-sig"), aggressive, names(1)), "", false},
		{"aggressive key_id", both(aggressive, ids(Identity{"key_id", "peer's key"}, Identity{"key_id", "own key"})), "", false},
		{"aggressive dn", both(aggressive, names(2)), "", false},
		{"aggressive address", both(aggressive, ids(Identity{"ipv4_addr", "203.0.113.2"}, Identity{"ipv6_addr", "2001:db8::7"})), "", false},
		{"xauth psk", method("xauth-init-psk"), "", false},
		{"xauth psk pull", both(method("xauth-init-psk"), pull), "", false},
		{"xauth psk push", both(method("xauth-init-psk"), push), "", false},
		{"xauth psk aggressive pull", both(method("xauth-init-psk"), aggressive, pull, names(0)), "", false},
		{"xauth rsa pull", both(method("xauth-init-rsa-sig"), pull), "", false},
		{"pull", pull, "", false},
		{"natt off", natt(NATTOff), "", false},
		{"natt forced", natt(NATTForced), "", true},
		{"natt forced transport", natt(NATTForced), "transport", true},
		{"natt forced aggressive", both(aggressive, natt(NATTForced)), "", true},
		{"natt draft-03", natt(NATTForced, "draft-03"), "", true},
		{"natt draft-02n", natt(NATTForced, "draft-02n"), "", true},
		{"natt draft-02", natt(NATTForced, "draft-02"), "", true},
		{"fragments", both(method("rsa-sig"), func(c *Config) { c.IKE.Fragmentation = true }), "", false},
		{"dpd", func(c *Config) { c.IKE.DPD = 10 * time.Second }, "", false},
	}
}

// ownAlgorithms are for either role in turn.
func ownAlgorithms() []ownTrial {
	ike := func(encryption, hash, group string) func(*Config) {
		return func(c *Config) { c.IKE.Proposals = []IKEProposal{{encryption, hash, group}} }
	}
	child := func(encryption, integrity, pfs string) func(*Config) {
		return func(c *Config) {
			c.Child.Proposals, c.Child.PFS = []ChildProposal{{encryption, integrity}}, pfs
		}
	}
	ah := func(integrity string) func(*Config) {
		return func(c *Config) { c.Child.Protocol, c.Child.Proposals = "ah", []ChildProposal{{"", integrity}} }
	}
	return []ownTrial{
		{"3des md5 modp1536", both(ike("3des-cbc", "md5", "modp1536"), child("3des-cbc", "hmac-md5-96", "modp1536")), "", false},
		{"aes192 sha384 modp3072", both(ike("aes192-cbc", "sha384", "modp3072"), child("aes192-cbc", "hmac-sha384-192", "modp2048")), "", false},
		{"aes256 sha512 modp4096", both(ike("aes256-cbc", "sha512", "modp4096"), child("aes256-cbc", "hmac-sha512-256", "modp3072")), "", false},
		{"sha256 ecp256", both(ike("aes256-cbc", "sha256", "ecp256"), child("null", "hmac-sha256-128", "")), "", false},
		{"aes128-gcm8", child("aes128-gcm8", "none", ""), "", false},
		{"aes192-gcm12", child("aes192-gcm12", "none", "modp2048"), "transport", false},
		{"aes256-gcm16", child("aes256-gcm16", "none", ""), "", false},
		{"aes256-ctr sha1", child("aes256-ctr", "hmac-sha1-96", ""), "", false},
		{"aes128-ctr xcbc", child("aes128-ctr", "aes-xcbc-96", ""), "transport", false},
		{"ah sha1", ah("hmac-sha1-96"), "transport", false},
		{"ah md5 tunnel", ah("hmac-md5-96"), "tunnel", false},
		{"ah sha256", ah("hmac-sha256-128"), "transport", false},
		{"ah xcbc", ah("aes-xcbc-96"), "transport", false},
		{"ecp384", ike("3des-cbc", "sha384", "ecp384"), "", false},
		{"ecp521", ike("aes128-cbc", "sha512", "ecp521"), "", false},
	}
}

// TestLibreswanOwn is libreswan in a guest with our own host at the other end of its wire, in both roles.
func TestLibreswanOwn(t *testing.T) {
	t.Parallel()
	needLibreswan(t)
	if testing.Short() {
		t.Skip("boots a guest")
	}
	i := startTest(t, Libreswan{}, CarrierGuest, 2)
	link := lab.NewLinkNode(i.Link())
	t.Cleanup(func() { link.Close() })
	for _, role := range []Role{Responder, Initiator} {
		for _, tt := range ownTrials() {
			tt.run(t, i, link, false, role)
		}
	}
	for n, tt := range ownAlgorithms() {
		tt.run(t, i, link, false, []Role{Responder, Initiator}[n%2])
	}
	libreswanRefuses(t, i, link)
	libreswanRevokes(t, i, link)
	libreswanLives(t, i, link)
}

// TestLibreswanIPv6 is the same with the other family.
func TestLibreswanIPv6(t *testing.T) {
	t.Parallel()
	needLibreswan(t)
	if testing.Short() {
		t.Skip("boots a guest")
	}
	i := startTestOn(t, true, Libreswan{}, CarrierGuest, 2)
	link := lab.NewLinkNode(i.Link())
	t.Cleanup(func() { link.Close() })
	trials := []string{"psk", "psk transport", "rsa", "aggressive key_id", "xauth psk", "natt forced", "fragments"}
	for _, role := range []Role{Responder, Initiator} {
		for _, tt := range ownTrials() {
			if slices.Contains(trials, tt.name) {
				tt.run(t, i, link, true, role)
			}
		}
	}
}

func (tt ownTrial) run(t *testing.T, i Instance, link *lab.LinkNode, v6 bool, role Role) {
	t.Run(role.String()+"/"+tt.name, func(t *testing.T) {
		c := testConfigOn(v6, role, 2, cmp.Or(tt.mode, "tunnel"))
		modp2048(&c)
		tt.change(&c)
		authenticate(t, &c, c.IKE.Authentication)
		tt.protects(t, i, link, c)
	})
}

// protects negotiates, and has a conversation that leaves in ESP or AH both ways.
func (tt ownTrial) protects(t *testing.T, i Instance, link *lab.LinkNode, c Config) {
	var own *Credentials
	if c.IKE.Credentials != nil {
		n := byte(2)
		if c.IKE.LocalID == testNames(3)[0] {
			n = 3
		}
		c.IKE.Credentials, own = testCredentials(t, pki.RSA2048, n), testCredentials(t, pki.RSA2048, 1)
	}
	o := startOwn(t, mirror(t, c, own), link)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	defer func() {
		if t.Failed() {
			t.Log(o.said())
			if a, err := i.Artifacts(t.Context()); err == nil {
				t.Logf("%s\n%s", a["config"], lastLines(a["log"], 30))
			}
		}
	}()
	began := time.Now()
	if err := i.Configure(ctx, c); err != nil {
		t.Fatal(err)
	}
	configured := time.Since(began)
	initiate, client, server := i.Initiate, i.Apps(), o.Apps()
	from, to := c.Local, c.Remote
	if c.Child.Mode == "tunnel" {
		from, to = c.LocalInner.Addr(), c.RemoteInner.Addr()
	}
	if c.Role == Responder {
		initiate, client, server, from, to = o.initiate, server, client, to, from
	}
	if err := initiate(ctx); err != nil {
		t.Fatal(err)
	}
	negotiated := time.Since(began)
	o.in.take()
	o.out.take()
	converse(ctx, t, client, server, from, to)
	for end, n := range map[string]counts{"libreswan": o.in.take(), "own": o.out.take()} {
		protected := n.ESP
		if c.Child.Protocol == "ah" {
			protected = n.AH
		}
		if tt.udp && (protected != 0 || n.UDPESP < 3) || !tt.udp && (protected < 3 || n.UDPESP != 0) || n.TCP != 0 {
			t.Errorf("from the %s: %+v", end, n)
		}
	}
	if err := i.Delete(ctx, IKE); err != nil {
		t.Error(err)
	}
	if err := o.Await(ctx, func(h *host.Host) bool { return !h.Established() }); err != nil {
		t.Errorf("our own end still has its ISAKMP SA: %v", err)
	}
	t.Logf("configured in %v, negotiated in %v, all in %v", configured, negotiated-configured, time.Since(began))
}
