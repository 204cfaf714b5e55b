package dissect_test

import (
	"crypto/dsa" //nolint:staticcheck // IKEv1 has it
	"crypto/rand"
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// encounter is two IKE sessions and what is captured between them, for what talk
// would have to imitate at length.
type encounter struct {
	*talk
	ends [2]*ikev1.Session // the initiator first
	keys keylog.Log
	now  time.Time
	// hidden is what public key encryption conceals.
	hidden *ikev1.Concealed
}

// meet brings up phase 1, whatever follows it, and one quick mode, as far as it goes.
func meet(t *testing.T, edit func(i, r *ikev1.Config)) *encounter {
	c := &encounter{talk: newTalk(t), now: epoch}
	var configs [2]*ikev1.Config
	for n, addrs := range [2][2]netip.AddrPort{{c.i, c.r}, {c.r, c.i}} {
		configs[n] = &ikev1.Config{
			Mode: ikev1.Main, Local: addrs[0], Remote: addrs[1], LocalID: ikev1.AddrID(addrs[0].Addr()),
			Auth:      ikev1.Auth{Method: wire.AuthPSK, PSK: c.psk},
			Proposals: []keymat.Suite{{Cipher: keymat.AESCBC, KeyBits: 256, Hash: keymat.SHA256, Group: keymat.MODP1024}},
			Quick: []ikev1.QuickPolicy{{
				Name: "child", Proto: esp.ESP, Mode: esp.Transport, Suites: []esp.Suite{{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}},
				Selector: spd.Selector{Src: netip.PrefixFrom(addrs[0].Addr(), 32), Dst: netip.PrefixFrom(addrs[1].Addr(), 32)},
			}},
		}
	}
	configs[0].Record = func(e ikev1.Event) {
		if e.Keys != nil {
			c.keys.ISAKMP = append(c.keys.ISAKMP, keylog.ISAKMP{CookieI: e.CookieI, CookieR: e.CookieR, SKEYID: e.Keys.SKEYID, GXY: e.Keys.GXY})
			c.hidden = e.Keys.Concealed
		}
	}
	edit(configs[0], configs[1])
	var err error
	c.ends[0], err = ikev1.NewInitiator(configs[0])
	c.ok(err)
	c.ends[1], err = ikev1.NewResponder(configs[1])
	c.ok(err)
	out, err := c.ends[0].Start(c.now)
	c.ok(err)
	c.carry(0, out)
	if c.ends[0].State() == ikev1.StateEstablished {
		out, err = c.ends[0].StartQuick(c.now, "child")
		c.ok(err)
		c.carry(0, out)
	}
	return c
}

func (c *encounter) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *encounter) carry(from int, out []ikev1.Datagram) {
	for _, d := range out {
		c.ip(d.Local.Addr(), d.Remote.Addr(), 17, udp(d.Local.Port(), d.Remote.Port(), d.Data))
	}
	for _, d := range out {
		answer, _ := c.ends[1-from].Handle(c.now, ikev1.Datagram{Local: d.Remote, Remote: d.Local, Data: slices.Clone(d.Data)})
		c.carry(1-from, answer)
	}
}

// read decodes what was captured, with the keys and the given certificates.
func (c *encounter) read(certs ...*x509.Certificate) (lines []string, p *dissect.Phase1) {
	d := dissect.NewDecoder(&c.keys, dissect.Limits{})
	d.Certificates = certs
	var es []*dissect.Event
	for e, err := range d.Decode(c.all()) {
		c.ok(err)
		es = append(es, e.Clone())
	}
	return summaries(es), d.Phase1s()[0]
}

// hashes keeps of the lines what they say about hashes and signatures.
func hashes(lines []string) []string {
	var out []string
	for _, l := range lines {
		for _, name := range []string{"HASH_", "SIG_", "HASH("} {
			if i := strings.Index(l, name); i >= 0 {
				out = append(out, l[i:])
				break
			}
		}
	}
	return out
}

// credentials are those of the two ends, and the certificate of their CA.
type credentials struct {
	i, r pki.Credential
	root *x509.Certificate
}

var issued sync.Map

func issue(t testing.TB, key pki.KeyType) *credentials {
	if c, ok := issued.Load(key); ok {
		return c.(*credentials)
	}
	ca, err := pki.NewCA(nil, epoch, pki.Template{Subject: "CN=Root", Key: key})
	if err != nil {
		t.Fatal(err)
	}
	c := &credentials{root: ca.Root()}
	for name, cred := range map[string]*pki.Credential{"i.example.org": &c.i, "r.example.org": &c.r} {
		got, err := ca.Issue(pki.Template{Subject: "CN=" + name, Key: key, SAN: []wire.ID{name2id(name)}})
		if err != nil {
			t.Fatal(err)
		}
		*cred = *got
	}
	issued.Store(key, c)
	return c
}

func name2id(s string) wire.ID { return wire.ID{IDType: wire.IDFQDN, Data: []byte(s)} }

// certified has both ends authenticate by a method with certificates.
func certified(c *credentials, m wire.AuthMethod) func(i, r *ikev1.Config) {
	return func(i, r *ikev1.Config) {
		for _, e := range []struct {
			c           *ikev1.Config
			cred, other pki.Credential
			id          string
		}{{i, c.i, c.r, "i.example.org"}, {r, c.r, c.i, "r.example.org"}} {
			e.c.Tolerant = true
			e.c.Auth = ikev1.Auth{
				Method: m, Credentials: []pki.Credential{e.cred}, PeerCertificate: e.other.Leaf(),
				Trust: pki.Policy{Roots: []*x509.Certificate{c.root}},
			}
			e.c.LocalID = name2id(e.id)
		}
	}
}

func aggressive(i, r *ikev1.Config) { i.Mode, r.Mode = ikev1.Aggressive, ikev1.Aggressive }

var quickGood = []string{"HASH(1) good", "HASH(2) good", "HASH(3) good"}

func TestSignatures(t *testing.T) {
	for m, key := range map[wire.AuthMethod]pki.KeyType{
		wire.AuthRSASig: pki.RSA2048, wire.AuthECDSA256: pki.ECDSAP256, wire.AuthECDSA384: pki.ECDSAP384, wire.AuthECDSA521: pki.ECDSAP521,
	} {
		for mode, edit := range map[string]func(i, r *ikev1.Config){"main": func(_, _ *ikev1.Config) {}, "aggressive": aggressive} {
			t.Run(m.String()+" "+mode, func(t *testing.T) {
				creds := issue(t, key)
				got, p := meet(t, func(i, r *ikev1.Config) { certified(creds, m)(i, r); edit(i, r) }).read()
				want := append([]string{"SIG_I good", "SIG_R good"}, quickGood...)
				if mode == "aggressive" {
					want[0], want[1] = want[1], want[0]
				}
				if diff := cmp.Diff(want, hashes(got)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if p.HashI != dissect.HashGood || p.HashR != dissect.HashGood || !creds.i.Leaf().Equal(p.SignerI) || !creds.r.Leaf().Equal(p.SignerR) {
					t.Errorf("%v by %v, %v by %v", p.HashI, p.SignerI, p.HashR, p.SignerR)
				}
			})
		}
	}
}

// TestSignatureStates: who has signed decides about whether it can be said that a
// signature is right or wrong.
func TestSignatureStates(t *testing.T) {
	creds := issue(t, pki.ECDSAP256)
	others := issue(t, pki.ECDSAP384)
	stranger := meetCA(t)
	silent := func(i, _ *ikev1.Config) { i.Auth.SendCertificate = ikev1.SendNever }
	flipped := func(i, _ *ikev1.Config) { i.Deviations.WrongPhase1Hash = true }
	for _, tt := range []struct {
		name  string
		edit  []func(i, r *ikev1.Config)
		given []*x509.Certificate
		want  string
		says  string
	}{
		{"sent", nil, nil, "good", ""},
		{"sent, and wrong", []func(i, r *ikev1.Config){flipped}, nil, "bad", "bad signature"},
		{"sent, and another one given", nil, []*x509.Certificate{stranger}, "good", ""},
		{"not sent", []func(i, r *ikev1.Config){silent}, nil, "unverifiable", "no certificate with the signer's key: none was sent, and none is given that speaks for fqdn:i.example.org"},
		{"not sent, but given", []func(i, r *ikev1.Config){silent}, []*x509.Certificate{creds.root, creds.r.Leaf(), creds.i.Leaf()}, "good", ""},
		{"given, and wrong", []func(i, r *ikev1.Config){silent, flipped}, []*x509.Certificate{creds.root, creds.r.Leaf(), creds.i.Leaf()}, "bad", "bad signature"},
		{"another one of that name given", []func(i, r *ikev1.Config){silent}, []*x509.Certificate{stranger}, "bad", "bad signature"},
		{"others given", []func(i, r *ikev1.Config){silent}, []*x509.Certificate{creds.root, creds.r.Leaf()}, "unverifiable", "none is given"},
		{"one of that name and another kind given", []func(i, r *ikev1.Config){silent}, []*x509.Certificate{others.i.Leaf()}, "unverifiable", "expected ECDSA P-256"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := meet(t, func(i, r *ikev1.Config) {
				for _, e := range append([]func(i, r *ikev1.Config){certified(creds, wire.AuthECDSA256)}, tt.edit...) {
					e(i, r)
				}
			})
			lines, p := c.read(tt.given...)
			got := hashes(lines)[0]
			if !strings.HasPrefix(got, "SIG_I "+tt.want) || !strings.Contains(got, tt.says) || p.HashI.String() != tt.want {
				t.Errorf("%s; %v", got, p.HashI)
			}
			if (p.SignerI != nil) != (tt.want == "good") {
				t.Errorf("signer %v", p.SignerI)
			}
		})
	}
}

// meetCA makes a certificate for the initiator's name with a key that is not its.
func meetCA(t *testing.T) *x509.Certificate {
	ca, err := pki.NewCA(nil, epoch, pki.Template{Subject: "CN=Other", Key: pki.ECDSAP256})
	if err != nil {
		t.Fatal(err)
	}
	c, err := ca.Issue(pki.Template{Subject: "CN=other", Key: pki.ECDSAP256, SAN: []wire.ID{name2id("i.example.org")}})
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf()
}

func TestDSSSignature(t *testing.T) {
	key := &dsa.PrivateKey{}
	if err := dsa.GenerateParameters(&key.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		t.Fatal(err)
	}
	if err := dsa.GenerateKey(key, rand.Reader); err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{PublicKey: &key.PublicKey, Raw: []byte("never sent")}
	got, _ := meet(t, func(i, r *ikev1.Config) {
		for _, c := range []*ikev1.Config{i, r} {
			c.Tolerant = true // nobody issues certificates for such keys any more
			c.Auth = ikev1.Auth{
				Method: wire.AuthDSS, SendCertificate: ikev1.SendNever, PeerCertificate: cert,
				Credentials: []pki.Credential{{Key: pki.DSAKey{Key: key}, Chain: []*x509.Certificate{cert}}},
			}
		}
	}).read(cert)
	if diff := cmp.Diff(append([]string{"SIG_I good", "SIG_R good"}, quickGood...), hashes(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// wonderland has both ends do XAUTH.
func wonderland(m wire.AuthMethod, password string) func(i, r *ikev1.Config) {
	return func(i, r *ikev1.Config) {
		for _, c := range []*ikev1.Config{i, r} {
			c.Auth.Method = m
			c.XAUTH = ikev1.XAUTH{User: "alice", Password: []byte(password)}
			c.XAUTH.Verify = func(_ string, p []byte) bool { return string(p) == "wonderland" }
		}
	}
}

// With a hybrid method one end signs and the other sends a hash.
func TestHybrid(t *testing.T) {
	creds := issue(t, pki.RSA2048)
	for m, want := range map[wire.AuthMethod][]string{
		wire.AuthHybridInitRSA: {"HASH_I good", "SIG_R good"}, wire.AuthHybridRespRSA: {"SIG_I good", "HASH_R good"},
	} {
		got, p := meet(t, func(i, r *ikev1.Config) {
			certified(creds, m)(i, r)
			wonderland(m, "wonderland")(i, r)
		}).read()
		if diff := cmp.Diff(want, hashes(got)[:2]); diff != "" {
			t.Errorf("%v (-want +got):\n%s", m, diff)
		}
		if x := p.XAUTH; !x.OK || x.Ack == 0 || x.ClientInitiated != (m == wire.AuthHybridInitRSA) {
			t.Errorf("%v: %+v", m, x)
		}
	}
}

// What public key encryption conceals is not taken for what it looks like.
func TestPublicKeyEncryption(t *testing.T) {
	creds := issue(t, pki.RSA2048)
	const (
		plain   = " unverifiable (the identity is encrypted to a public key (RFC 2409 5.2))"
		revised = " unverifiable (public values and identities are encrypted with keys made of the nonces (RFC 2409 5.3))"
		noIV    = "no IV: the KE payloads are encrypted with keys made of the nonces (RFC 2409 5.3)"
	)
	for _, tt := range []struct {
		method wire.AuthMethod
		mode   func(i, r *ikev1.Config)
		want   []string
	}{
		{wire.AuthRSAEnc, func(_, _ *ikev1.Config) {}, []string{"HASH_I" + plain, "HASH_R" + plain}},
		{wire.AuthRSAEnc, aggressive, []string{"HASH_R" + plain, "HASH_I" + plain}},
		{wire.AuthRSARevEnc, func(_, _ *ikev1.Config) {}, []string{"HASH_I unverifiable (" + noIV + ") opaque: " + noIV, "HASH_R" + revised}},
		{wire.AuthRSARevEnc, aggressive, []string{"HASH_R" + revised, "HASH_I unverifiable (" + noIV + ") opaque: " + noIV}},
	} {
		c := meet(t, func(i, r *ikev1.Config) { certified(creds, tt.method)(i, r); tt.mode(i, r) })
		got, p := c.read()
		if diff := cmp.Diff(append(slices.Clone(tt.want), quickGood...), hashes(got)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.method, diff)
		}
		if p.Ni != nil || p.Nr != nil || p.IDii != nil || p.IDir != nil || (p.KEi == nil) != tt.method.Revised() {
			t.Errorf("%v: nonces %x %x, identities %v %v", tt.method, p.Ni, p.Nr, p.IDii, p.IDir)
		}
		// The key log may have what is concealed: then the hashes are verified.
		k := &c.keys.ISAKMP[0]
		k.GXi, k.GXr, k.IDii, k.IDir = c.hidden.GXi, c.hidden.GXr, c.hidden.IDii, c.hidden.IDir
		got, p = c.read()
		for _, l := range hashes(got) {
			if !strings.HasSuffix(l, " good") {
				t.Errorf("%v: %s", tt.method, l)
			}
		}
		if pki.FormatID(*p.IDii) != "fqdn:i.example.org" || pki.FormatID(*p.IDir) != "fqdn:r.example.org" {
			t.Errorf("%v: identities %v %v", tt.method, p.IDii, p.IDir)
		}
		k.IDii = k.IDir
		if got, _ = c.read(); !strings.Contains(strings.Join(got, "\n"), "HASH_I bad") {
			t.Errorf("%v: another identity: %v", tt.method, got)
		}
	}
}

func TestTransactions(t *testing.T) {
	office := ikev1.Lease{Address: netip.MustParseAddr("10.9.0.7"), Bits: 24}
	pull := func(i, r *ikev1.Config) {
		i.ModeConfig.Pull = true
		r.ModeConfig.Lease = func(wire.ID, string) (ikev1.Lease, bool) { return office, true }
	}
	push := func(i, r *ikev1.Config) {
		pull(i, r)
		i.ModeConfig = ikev1.ModeConfig{Wait: true}
		r.ModeConfig.Push = true
	}
	nothing := func(_, _ *ikev1.Config) {}
	for _, tt := range []struct {
		name, password string
		edit           func(i, r *ikev1.Config)
		xauth          dissect.XAUTH
		lease          dissect.Lease
	}{
		{"XAUTH", "wonderland", nothing, dissect.XAUTH{Request: 7, Reply: 8, Status: 9, Ack: 10, OK: true, ClientInitiated: true}, dissect.Lease{}},
		{"wrong password", "underland\x00", nothing, dissect.XAUTH{Request: 7, Reply: 8, Status: 9, Ack: 10, ClientInitiated: true, PasswordNUL: true}, dissect.Lease{}},
		{
			"pull", "wonderland", pull,
			dissect.XAUTH{Request: 7, Reply: 8, Status: 9, Ack: 10, OK: true, ClientInitiated: true},
			dissect.Lease{Request: 11, Assigned: 12, Addresses: []netip.Addr{office.Address}, ClientInitiated: true},
		},
		{
			"push", "wonderland", push,
			dissect.XAUTH{Request: 7, Reply: 8, Status: 9, Ack: 10, OK: true, ClientInitiated: true},
			dissect.Lease{Assigned: 11, Ack: 12, Pushed: true, Addresses: []netip.Addr{office.Address}, ClientInitiated: true},
		},
		{"without XAUTH", "", func(i, r *ikev1.Config) {
			pull(i, r)
			i.Auth.Method, r.Auth.Method = wire.AuthPSK, wire.AuthPSK
		}, dissect.XAUTH{}, dissect.Lease{Request: 7, Assigned: 8, Addresses: []netip.Addr{office.Address}, ClientInitiated: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines, p := meet(t, func(i, r *ikev1.Config) {
				wonderland(wire.AuthXAUTHInitPSK, tt.password)(i, r)
				tt.edit(i, r)
			}).read()
			if diff := cmp.Diff(tt.xauth, p.XAUTH); diff != "" {
				t.Errorf("XAUTH (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.lease, p.Lease, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("lease (-want +got):\n%s", diff)
			}
			for _, l := range hashes(lines) {
				if !strings.HasSuffix(l, " good") {
					t.Error(l)
				}
			}
		})
	}
}

// IKE's own fragments are put together whatever their order.
func TestFragmentedIKE(t *testing.T) {
	for name, d := range map[string]ikev1.Deviations{
		"in order": {FragmentAll: true}, "last first": {FragmentAll: true, FragmentLastFirst: true}, "last twice": {FragmentAll: true, FragmentTwiceLast: true},
	} {
		t.Run(name, func(t *testing.T) {
			lines, p := meet(t, func(i, r *ikev1.Config) {
				for _, c := range []*ikev1.Config{i, r} {
					c.Fragmentation = ikev1.Fragmentation{Enable: true}
					c.Deviations = d
				}
			}).read()
			if diff := cmp.Diff(append([]string{"HASH_I good", "HASH_R good"}, quickGood...), hashes(lines)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, strings.Join(lines, "\n"))
			}
			if m := p.Messages[2]; len(m.Fragments) != 3 || !slices.Contains(m.Fragments, m.Frame) || m.Fragment != nil {
				t.Errorf("message 3 in frames %v, completed by %d", m.Fragments, m.Frame)
			}
		})
	}
}

// TestMistakenHashes: a wrong hash tells what it is over, where that is known to
// happen.
func TestMistakenHashes(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(i, r *ikev1.Config)
		want string
	}{
		"SA with its header": {func(i, r *ikev1.Config) { i.Deviations.ReencodedSA, r.Tolerant = true, true }, "HASH_I bad (it is over the SA payload with a generic header)"},
		"a bit":              {func(i, r *ikev1.Config) { i.Deviations.WrongPhase1Hash, r.Tolerant = true, true }, "HASH_I bad"},
	} {
		lines, _ := meet(t, tt.edit).read()
		if got := hashes(lines)[0]; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	c := newTalk(t)
	c.opening()
	h := c.header(wire.ExchangeMain, 0)
	id, plain := c.id(c.i.Addr()), c.id(c.i.Addr())
	id.Protocol, id.Port = 17, 500
	c.sealed(true, c.cbc, h, id, &wire.Hash{Data: keymat.HashI(c.suite, c.keys.SKEYID, c.x, c.sai, body(t, plain))})
	if got := summary(c.decode(c.log())[4]); got != "main 5 > decrypted HASH_I bad (it is over the identity with protocol and port 0)" {
		t.Error(got)
	}
}

// A length in the header that cannot be right hides nothing of the message.
func TestHeaderLength(t *testing.T) {
	for name, d := range map[string]ikev1.Deviations{"too long": {LengthPlus: 5}, "too short": {LengthMinus: 3}} {
		c := meet(t, func(i, _ *ikev1.Config) { i.Deviations = d })
		for e := range dissect.Decode(c.all(), nil) {
			if m := e.ISAKMP; m.LengthErr == nil || m.Message == nil || m.Phase1.Offered == nil || e.Err == nil {
				t.Errorf("%s, frame %d: %v, %v, %+v", name, e.Frame, m.LengthErr, e.Err, m.Message)
			}
		}
	}
	c := meet(t, func(i, _ *ikev1.Config) { i.Deviations = ikev1.Deviations{TrailingOctets: 4} })
	for e := range dissect.Decode(c.all(), nil) {
		if m := e.ISAKMP; m.FromInitiator && m.Message != nil && (m.LengthErr != nil || len(m.Message.Trailing) != 4) {
			t.Errorf("trailing octets, frame %d: %v, %+v", e.Frame, m.LengthErr, m.Message)
		}
	}
}
