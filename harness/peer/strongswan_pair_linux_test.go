package peer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

const testPassword = "a user's secret"

// testMethods are the methods of authentication, with the type of key each takes.
var testMethods = []struct {
	slug string
	key  pki.KeyType
}{
	{"psk", 0},
	{"rsa-sig", pki.RSA2048},
	{"ecdsa-sha256", pki.ECDSAP256},
	{"ecdsa-sha384", pki.ECDSAP384},
	{"ecdsa-sha512", pki.ECDSAP521},
	{"xauth-init-psk", 0},
	{"xauth-resp-psk", 0},
	{"xauth-init-rsa-sig", pki.RSA2048},
	{"xauth-resp-rsa-sig", pki.RSA2048},
	{"hybrid-init-rsa", pki.RSA2048},
}

// authenticate gives c what a method takes.
func authenticate(t *testing.T, c *Config, method string) {
	t.Helper()
	c.IKE.Authentication, c.IKE.PSK, c.IKE.Credentials, c.IKE.XAUTH = method, []byte(testPSK), nil, nil
	for _, m := range testMethods {
		if m.slug == method && m.key != 0 {
			c.IKE.PSK, c.IKE.Credentials = nil, testCredentials(t, m.key, end(c))
		}
	}
	if len(method) > 5 && (method[:5] == "xauth" || method[:6] == "hybrid") {
		c.IKE.XAUTH = &XAUTH{User: "user@example.com", Password: []byte(testPassword)}
	}
}

// sas is what a strongSwan says about its SAs.
func sas(t *testing.T, i Instance) string {
	t.Helper()
	out, err := i.(*strongSwan).daemon.control(t.Context(), "--list-sas")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// offeredMethod is the one authentication method of the initiator's offer.
func offeredMethod(t *testing.T, messages []*wire.Message) string {
	t.Helper()
	found := payloads[*wire.SA](messages)
	if len(found) == 0 || len(found[0].Proposals) != 1 || len(found[0].Proposals[0].Transforms) != 1 {
		t.Fatalf("SA payloads in clear: %+v", found)
	}
	a, _ := found[0].Proposals[0].Transforms[0].Attr(wire.P1Auth)
	v, _ := a.Uint()
	return wire.AuthMethod(v).String()
}

// checkClient asks both ends whether the client was authenticated and given its address.
func checkClient(t *testing.T, p *pair) {
	t.Helper()
	auth, err := swanAuthentication(p.config)
	if err != nil {
		t.Fatal(err)
	}
	client, server, inner := p.a, p.b, p.config.LocalInner.Addr()
	if !auth.client {
		client, server, inner = p.b, p.a, p.config.RemoteInner.Addr()
	}
	seenByClient, seenByServer := sas(t, client), sas(t, server)
	want := func(text, in string, wanted bool) {
		t.Helper()
		if strings.Contains(in, text) != wanted {
			t.Errorf("%q: want %v:\n%s", text, wanted, in)
		}
	}
	want("["+inner.String()+"]", seenByClient, p.config.IKE.ModeConfig != ModeConfigNone)
	want("["+inner.String()+"]", seenByServer, p.config.IKE.ModeConfig != ModeConfigNone)
	want("XAuth: 'user@example.com'", seenByServer, p.config.IKE.XAUTH != nil)
}

func TestStrongSwanAuthentication(t *testing.T) {
	need(t, CarrierNamespace)
	p := startPair(t, StrongSwan{}, CarrierNamespace, StrongSwan{}, CarrierNamespace)
	for _, m := range testMethods {
		for _, mode := range []string{"main", "aggressive"} {
			for _, config := range []ModeConfig{ModeConfigNone, ModeConfigPull, ModeConfigPush} {
				t.Run(fmt.Sprintf("%s/%s/%s", m.slug, mode, config), func(t *testing.T) {
					p.configure(t, func(c *Config) {
						authenticate(t, c, m.slug)
						c.IKE.Mode, c.IKE.ModeConfig = mode, config
					}, "tunnel")
					p.initiate(t)
					if got := offeredMethod(t, p.relay.messages()); got != m.slug {
						t.Errorf("authentication %s", got)
					}
					checkClient(t, p)
					if c := p.talk(t, "tunnel", 179); c.UDPESP < 5 || c.TCP != 0 {
						t.Errorf("%+v", c)
					}
				})
			}
		}
	}
	checkArtifacts(t, p.a, "config", "log")
	checkArtifacts(t, p.b, "config", "log")
}
