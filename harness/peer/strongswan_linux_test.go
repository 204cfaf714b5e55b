package peer

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// need skips the test where the carrier cannot run, unless this is CI, where
// that is a failure.
func need(t *testing.T, c Carrier) {
	t.Helper()
	err := swanInstalled()
	if err == nil {
		err = swanCarrierHere(c)
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" && !(raceDetector && c == CarrierGuest) {
		t.Fatal(err)
	}
	t.Skip(err)
}

const testPSK = "a test's secret"

// testConfig is one end of a pair; n is 1 or 2 and names it.
func testConfig(role Role, n byte, mode string) Config { return testConfigOn(false, role, n, mode) }

func testConfigOn(v6 bool, role Role, n byte, mode string) Config {
	return Config{
		Role: role, Local: testAddr(n, v6), Remote: testAddr(3-n, v6),
		LocalInner: testInner(n, v6), RemoteInner: testInner(3-n, v6),
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

func startTest(t *testing.T, d Driver, carrier Carrier, n byte) Instance {
	t.Helper()
	return startTestOn(t, false, d, carrier, n)
}

func startTestOn(t *testing.T, v6 bool, d Driver, carrier Carrier, n byte) Instance {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	bits := 24
	if v6 {
		bits = 64
	}
	i, err := d.Start(ctx, Env{Carrier: carrier, Addr: netip.PrefixFrom(testAddr(n, v6), bits), Inner: testInner(n, v6)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%s in %s ready in %v: %+v", d.Name(), carrier, time.Since(began).Round(time.Millisecond), i.Info())
	return i
}

func TestInstances(t *testing.T) {
	for carrier, mode := range map[Carrier]string{CarrierNamespace: "tunnel", CarrierGuest: "transport"} {
		t.Run(carrier.String(), func(t *testing.T) {
			need(t, carrier)
			t.Setenv("TMPDIR", t.TempDir())
			before := holdings(t)
			i := startTest(t, StrongSwan{}, carrier, 2)
			if i.Info().Version == "" {
				t.Error("no version")
			}
			if err := i.Configure(t.Context(), testConfig(Responder, 2, mode)); err != nil {
				t.Fatal(err)
			}
			checkArtifacts(t, i, "config", "strongswan.conf", "version", "log")
			if err := i.Close(); err != nil {
				t.Error(err)
			}
			if err := i.Close(); err != nil {
				t.Errorf("second close: %v", err)
			}
			if d := cmp.Diff(before, holdings(t)); d != "" {
				t.Errorf("left behind (-before +after):\n%s", d)
			}
		})
	}
}

func checkArtifacts(t *testing.T, i Instance, names ...string) {
	t.Helper()
	files, err := i.Artifacts(t.Context())
	if err != nil {
		t.Error(err)
	}
	for _, name := range names {
		if len(files[name]) == 0 {
			t.Errorf("artifact %s is empty", name)
		}
	}
	for name, content := range files {
		for _, secret := range []string{testPSK, testPassword, "PRIVATE KEY"} {
			if bytes.Contains(content, []byte(secret)) || bytes.Contains(content, []byte(hex.EncodeToString([]byte(secret)))) {
				t.Errorf("artifact %s holds a secret, %q", name, secret)
			}
		}
	}
}

// holdings are what an instance must give back: namespaces and devices this
// process holds, its children, and its temporary files.
func holdings(t *testing.T) map[string]int {
	t.Helper()
	h := map[string]int{}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		// The runtime's own descriptors come and go with its needs.
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && (strings.HasPrefix(to, "net:") || strings.HasPrefix(to, "socket:") || strings.HasPrefix(to, "/dev/net")) {
			h["descriptors"]++
		}
	}
	children, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range children {
		b, _ := os.ReadFile(c) // a thread may have ended
		h["children"] += len(strings.Fields(string(b)))
	}
	files, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h["files"] = len(files)
	return h
}

func TestPeerThatEnds(t *testing.T) {
	for _, carrier := range []Carrier{CarrierNamespace, CarrierGuest} {
		t.Run(carrier.String(), func(t *testing.T) {
			need(t, carrier)
			i := startTest(t, StrongSwan{}, carrier, 2)
			s := i.(*strongSwan)
			if s.guest != nil {
				s.guest.proc.Kill()
			} else {
				s.daemon.(*charon).proc.Kill()
			}
			<-i.Done()
			if err := i.Initiate(t.Context()); !errors.Is(err, ErrEnded) {
				t.Errorf("initiate: %v", err)
			}
		})
	}
}

func TestCancelledBoot(t *testing.T) {
	need(t, CarrierGuest)
	t.Setenv("TMPDIR", t.TempDir())
	before := holdings(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	i, err := StrongSwan{}.Start(ctx, Env{Carrier: CarrierGuest, Addr: netip.MustParsePrefix("192.0.2.2/24")})
	if err == nil {
		i.Close()
		t.Fatal("a guest booted in 300 ms")
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if d := cmp.Diff(before, holdings(t)); d != "" {
		t.Errorf("left behind (-before +after):\n%s", d)
	}
}

func TestProbe(t *testing.T) {
	need(t, CarrierNamespace)
	info, err := StrongSwan{}.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", info)
	if info.Version == "" || len(info.Carriers) == 0 {
		t.Errorf("%+v", info)
	}
}

// TestUnreadable has it say what it would leave out without a word.
func TestUnreadable(t *testing.T) {
	need(t, CarrierNamespace)
	i := startTest(t, StrongSwan{}, CarrierNamespace, 2)
	block := func(kind string) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("nothing")}) }
	for name, change := range map[string]func(*Credentials){
		"x509ca/root-1.pem":         func(k *Credentials) { k.Roots = [][]byte{block("CERTIFICATE")} },
		"x509ca/intermediate-1.pem": func(k *Credentials) { k.Intermediates = [][]byte{block("CERTIFICATE")} },
		"x509crl/crl-1.pem":         func(k *Credentials) { k.CRLs = [][]byte{block("X509 CRL")} },
	} {
		t.Run(name, func(t *testing.T) {
			c := testConfig(Responder, 2, "tunnel")
			authenticate(t, &c, "ecdsa-sha256")
			change(c.IKE.Credentials)
			if err := i.Configure(t.Context(), c); !errors.Is(err, ErrCommand) || !strings.Contains(err.Error(), name+"' failed") {
				t.Errorf("%v", err)
			}
		})
	}
}
