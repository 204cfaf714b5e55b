package wire_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1/wire"
)

var update = flag.Bool("update", false, "write the fuzz seeds anew")

// TestFuzzSeeds keeps the committed seeds the same as the fixtures.
func TestFuzzSeeds(t *testing.T) {
	dir := filepath.Join("testdata", "fuzz", "FuzzParse")
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range fixtures {
		name := filepath.Join(dir, f.name)
		want := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", f.octets(t))
		if *update {
			if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Errorf("%s (-want +got), see -update:\n%s", name, d)
		}
	}
}

// FuzzParse: whatever is accepted comes out of Append unchanged, and again the same from Parse; whatever is not has a complete error.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.Parse(b)
		if err != nil {
			checkError(t, err, b)
			if (m == nil) != (len(b) < wire.HeaderLen) {
				t.Fatalf("message %v with %v", m, err)
			}
			return
		}
		checkIdentity(t, m, b)
		if len(m.Payloads) != len(m.Bodies) {
			t.Fatalf("%d payloads, %d bodies", len(m.Payloads), len(m.Bodies))
		}
		for i, p := range m.Payloads {
			raw := &wire.Raw{PT: p.Type(), Body: m.Bodies[i]}
			typed, err := raw.Typed()
			if err != nil {
				t.Fatalf("payload %d, %v: a body that was accepted is refused by Typed: %v", i, p.Type(), err)
			}
			if _, odd := p.(*wire.Raw); odd {
				continue // Typed drops reserved octets
			}
			if d := cmp.Diff(p, typed); d != "" {
				t.Fatalf("payload %d differs when typed again:\n%s", i, d)
			}
		}
	})
}

// FuzzParsePayloads takes what a wrong key decrypts to.
func FuzzParsePayloads(f *testing.F) {
	for _, x := range fixtures {
		if x.msg.Sealed == nil {
			f.Add(byte(wire.FirstType(x.msg.Payloads)), x.octets(f)[wire.HeaderLen:])
		}
	}
	f.Fuzz(func(t *testing.T, first byte, b []byte) {
		ps, bodies, rest, err := wire.ParsePayloads(wire.PayloadType(first), b)
		if len(ps) != len(bodies) {
			t.Fatalf("%d payloads, %d bodies", len(ps), len(bodies))
		}
		if err != nil {
			checkError(t, err, b)
			return
		}
		out, err := wire.AppendPayloads(nil, ps)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(b, append(out, rest...)); d != "" && len(b) != 0 {
			t.Fatalf("AppendPayloads is not the inverse (-in +out):\n%s", d)
		}
	})
}
