package peer

import (
	"context"
	"net/netip"
	"os"
	"testing"
	"time"
)

// need skips the test where the carrier cannot run, unless this is CI, where
// that is a failure.
func need(t *testing.T, c Carrier) {
	t.Helper()
	err := swanInstalled()
	if err == nil {
		err = carrierHere(c)
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip(err)
}

const testPSK = "a test's secret"

// testConfig is one end of a pair; n is 1 or 2 and names it.
func testConfig(role Role, n byte, mode string) Config {
	other := 3 - n
	inner := func(n byte) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, n, 0, 1}), 32) }
	return Config{
		Role: role, Local: netip.AddrFrom4([4]byte{192, 0, 2, n}), Remote: netip.AddrFrom4([4]byte{192, 0, 2, other}),
		LocalInner: inner(n), RemoteInner: inner(other),
		IKE: IKEConfig{
			Mode: "main", Authentication: "psk", PSK: []byte(testPSK), Lifetime: 8 * time.Hour,
			Proposals: []IKEProposal{{"aes128-cbc", "sha1", "modp1024"}},
		},
		Child: ChildConfig{
			Protocol: "esp", Mode: mode, Lifetime: time.Hour,
			Proposals: []ChildProposal{{"aes128-cbc", "hmac-sha1-96"}},
		},
	}
}

func startTest(t *testing.T, carrier Carrier, n byte) Instance {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	i, err := StrongSwan{}.Start(ctx, Env{
		Carrier: carrier,
		Addr:    netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, n}), 24),
		Inner:   netip.PrefixFrom(netip.AddrFrom4([4]byte{10, n, 0, 1}), 32),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%s ready in %v: %+v", carrier, time.Since(began).Round(time.Millisecond), i.Info())
	return i
}

func TestNamespaceInstance(t *testing.T) {
	need(t, CarrierNamespace)
	i := startTest(t, CarrierNamespace, 2)
	if err := i.Configure(t.Context(), testConfig(Responder, 2, "tunnel")); err != nil {
		t.Fatal(err)
	}
	a, err := i.Artifacts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", a["config"], a["log"])
}

func TestGuestInstance(t *testing.T) {
	need(t, CarrierGuest)
	i := startTest(t, CarrierGuest, 2)
	if err := i.Configure(t.Context(), testConfig(Responder, 2, "transport")); err != nil {
		t.Fatal(err)
	}
	a, err := i.Artifacts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s", a["config"], a["log"])
}
