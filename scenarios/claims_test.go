package scenarios_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios"
)

const minimalClaims = `product: strongSwan
version: "5.9.8"
contact: ipsec@example.com
claimed:
  group: [modp2048, modp1024]
  exchange-mode: [main]
not-claimed:
  exchange-mode: [aggressive]
`

func TestClaims(t *testing.T) {
	c, err := scenarios.ParseClaims("claims.yaml", []byte(minimalClaims))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range append(c.Claimed.List(), c.NotClaimed.List()...) {
		got = append(got, x.String())
	}
	if d := cmp.Diff([]string{"exchange-mode main", "group modp2048", "group modp1024", "exchange-mode aggressive"}, got); d != "" {
		t.Error(d)
	}
	if c.Product != "strongSwan" || c.Version != "5.9.8" || c.Contact != "ipsec@example.com" || string(c.Source()) != minimalClaims {
		t.Errorf("%+v", c)
	}
	fsys := fstest.MapFS{"c.yaml": {Data: []byte(minimalClaims)}}
	if _, err := scenarios.LoadClaims(fsys, "c.yaml"); err != nil {
		t.Error(err)
	}
	if _, err := scenarios.LoadClaims(fsys, "d.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestClaimsMistakes: all of them at once, each with its place.
func TestClaimsMistakes(t *testing.T) {
	data, err := os.ReadFile("testdata/claims-mistakes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = scenarios.ParseClaims("claims.yaml", data)
	var mistakes scenarios.Errors
	if !errors.As(err, &mistakes) {
		t.Fatalf("%v", err)
	}
	golden(t, "claims-mistakes.golden", mistakes.Error()+"\n")

	for text, says := range map[string]string{
		"":                                      "empty",
		"product: x\nversion: y\n":              `missing key "claimed"`,
		"product: x\nversion: y\nclaimed: {}\n": "nothing is claimed",
		"product: x\nversion: y\nclaimed: {dpd: []}\n":                                       "nothing is claimed",
		"product: x\nversion: y\nclaimed: {dpd: [ask]}\nnot-claimed: {dpd: [answer, ask]}\n": `claims.yaml:4:29: contradiction: dpd ask is claimed above`,
	} {
		c, err := scenarios.ParseClaims("claims.yaml", []byte(text))
		if c != nil || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestClaimable: whatever a scenario of the library needs of a peer can be
// claimed, and every kind of capability.
func TestClaimable(t *testing.T) {
	all := scenarios.Claimable()
	for k := scenarios.CapRole; !strings.HasPrefix(k.String(), "Unknown("); k++ {
		if !slices.ContainsFunc(all, func(c scenarios.Capability) bool { return c.Kind == k }) {
			t.Errorf("nothing of the kind %v can be claimed", k)
		}
	}
	library, err := scenarios.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range library {
		for _, r := range s.Trials() {
			for _, c := range s.Needs(r) {
				if !slices.Contains(all, c) {
					t.Errorf("%s needs %v, which cannot be claimed", s.ID, c)
				}
			}
		}
	}
}

// FuzzClaims: no text causes a panic; what is read can be asked everything.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(minimalClaims))
	data, err := os.ReadFile("testdata/claims-mistakes.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := scenarios.ParseClaims("fuzz.yaml", data)
		if err == nil {
			if len(c.Claimed.List()) == 0 {
				t.Fatal("claims nothing")
			}
			return
		}
		var mistakes scenarios.Errors
		if !errors.As(err, &mistakes) || len(mistakes) == 0 || mistakes[0].Line < 1 || mistakes[0].Col < 1 {
			t.Fatalf("%v", err)
		}
	})
}

// TestClaimsSchema: the committed schema is the one that the types give, and
// every key of it is described.
func TestClaimsSchema(t *testing.T) {
	got := scenarios.ClaimsSchema()
	const file = "claims.schema.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s is out of date; go test -update writes it:\n%s", file, d)
	}
	var schema struct {
		Defs map[string]struct {
			Properties map[string]struct{ Description string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(got, &schema); err != nil {
		t.Fatal(err)
	}
	kinds := schema.Defs["Capabilities"].Properties
	if len(kinds) < 20 {
		t.Errorf("%d kinds", len(kinds))
	}
	for name, k := range kinds {
		if k.Description == "" {
			t.Errorf("%s is not described", name)
		}
	}
}

// TestClaimsOfProducts: claims about the products that there are drivers for.
func TestClaimsOfProducts(t *testing.T) {
	for _, name := range []string{"strongswan", "libreswan", "vpnc"} {
		c, err := scenarios.LoadClaims(os.DirFS("testdata/claims"), name+".yaml")
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.EqualFold(c.Product, name) || len(c.Claimed.List()) < 20 {
			t.Errorf("%s claims %v of %s", name, c.Claimed.List(), c.Product)
		}
	}
}
