package wire_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/useipsec/useipsec/ikev1/wire"
)

var ignoreBodies = cmpopts.IgnoreFields(wire.Message{}, "Bodies")

func TestParse(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			got, err := wire.Parse(f.octets(t))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(f.msg, got, ignoreBodies); d != "" {
				t.Errorf("Parse (-want +got):\n%s", d)
			}
		})
	}
}

func TestAppend(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			want := f.octets(t)
			m := *f.msg
			m.Length = 0 // filled in
			if m.Sealed == nil {
				m.NextPayload = 0xee // filled in
			}
			prefix := []byte("prefix")
			got, err := m.Append(prefix)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(append([]byte("prefix"), want...), got); d != "" {
				t.Errorf("Append (-want +got):\n%s", d)
			}
			if m.Length != 0 {
				t.Errorf("Append changed the message: Length = %d", m.Length)
			}
		})
	}
}

// checkIdentity wants an accepted datagram to come out of Append as it went in.
func checkIdentity(t testing.TB, m *wire.Message, b []byte) {
	t.Helper()
	out, err := m.Append(nil)
	if err != nil {
		t.Errorf("Append: %v\ninput  %x", err, b)
	} else if !bytes.Equal(out, b) {
		t.Errorf("Append is not the inverse of Parse\ninput  %x\noutput %x", b, out)
	}
}

// checkError wants a *ParseError that wraps one of the package's causes and points into the input.
func checkError(t testing.TB, err error, b []byte) {
	t.Helper()
	pe, ok := errors.AsType[*wire.ParseError](err)
	if !ok {
		t.Fatalf("%T %v is not a *ParseError\ninput %x", err, err, b)
	}
	if pe.Offset < 0 || pe.Offset > len(b) || pe.Field == "" || pe.Ref == "" {
		t.Errorf("incomplete error %+v\ninput %x", pe, b)
	}
	for _, cause := range []error{
		wire.ErrTruncated, wire.ErrLength, wire.ErrVersion, wire.ErrCount, wire.ErrNextPayload, wire.ErrTrailing,
	} {
		if errors.Is(err, cause) {
			return
		}
	}
	t.Errorf("%v wraps none of the causes\ninput %x", err, b)
}

func TestParseEveryPrefix(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			b := f.octets(t)
			b = b[:len(b)-len(f.msg.Trailing)]
			for n := range b {
				m, err := wire.Parse(b[:n])
				checkError(t, err, b[:n])
				if !errors.Is(err, wire.ErrTruncated) {
					t.Fatalf("%d octets: %v, want ErrTruncated", n, err)
				}
				if (m == nil) != (n < wire.HeaderLen) {
					t.Fatalf("%d octets: message %v", n, m)
				}
			}
		})
	}
}

// TestParseEveryBodyPrefix cuts the payloads short inside messages whose outer lengths are right.
func TestParseEveryBodyPrefix(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			whole, err := wire.Parse(f.octets(t))
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range whole.Payloads {
				for n := range whole.Bodies[i] {
					m := wire.Message{Header: f.msg.Header, Payloads: []wire.Payload{
						&wire.Raw{PT: p.Type(), Body: whole.Bodies[i][:n]}, &wire.Nonce{Data: []byte{1}},
					}}
					b, err := m.Append(nil)
					if err != nil {
						t.Fatal(err)
					}
					if got, err := wire.Parse(b); err != nil {
						checkError(t, err, b)
					} else {
						checkIdentity(t, got, b)
					}
				}
			}
		})
	}
}

// TestParseEveryOctet spoils each octet in turn.
func TestParseEveryOctet(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.name, func(t *testing.T) {
			b := f.octets(t)
			for i, was := range b {
				for _, v := range []byte{0, 1, 2, 3, 4, 7, 8, 0x7f, 0x80, 0xff, was + 1, was - 1, was ^ 0x80} {
					b[i] = v
					if m, err := wire.Parse(b); err != nil {
						checkError(t, err, b)
					} else {
						checkIdentity(t, m, b)
					}
				}
				b[i] = was
			}
		})
	}
}

func TestParseBodies(t *testing.T) {
	b := mainMode1(t)
	m, err := wire.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	// The HASH_I of RFC 2409 5 is computed over SAi_b: all of the SA payload but its generic header.
	want := [][]byte{b[32:88], b[92:108], b[112:128]}
	if d := cmp.Diff(want, m.Bodies); d != "" {
		t.Errorf("Bodies (-want +got):\n%s", d)
	}
	if &m.Bodies[0][0] != &b[32] {
		t.Error("Bodies do not alias the input")
	}
	for i, body := range m.Bodies {
		if len(body) != cap(body) {
			t.Errorf("body %d could be appended over its neighbour", i)
		}
	}
}

func TestParsePartial(t *testing.T) {
	b := mainMode1(t)
	b[91] = 3 // the second payload's length
	m, err := wire.Parse(b)
	if !errors.Is(err, wire.ErrLength) {
		t.Fatalf("error %v, want ErrLength", err)
	}
	if len(m.Payloads) != 1 || len(m.Bodies) != 1 || m.Exchange != wire.ExchangeMain {
		t.Errorf("got %+v, want the header and the payload before the bad one", m)
	}
}

func TestParseIKEv2(t *testing.T) {
	b := mainMode1(t)
	b[17] = 0x20
	m, err := wire.Parse(b)
	if !errors.Is(err, wire.ErrVersion) {
		t.Fatalf("error %v, want ErrVersion", err)
	}
	if m.Major() != 2 || m.Minor() != 0 || m.CookieI != cookieI || m.Payloads != nil || m.Sealed != nil {
		t.Errorf("got %+v, want just the header", m)
	}
	h, err := wire.ParseHeader(b)
	if !errors.Is(err, wire.ErrVersion) || h != m.Header {
		t.Errorf("ParseHeader: %+v, %v", h, err)
	}

	b[17] = 0x1f // a later minor version is still this protocol (RFC 2408 3.1)
	if m, err = wire.Parse(b); err != nil || m.Minor() != 15 {
		t.Errorf("version 1.15: %+v, %v", m, err)
	}
}

// TestParseClaims: what a datagram claims must not make Parse reserve memory for it.
func TestParseClaims(t *testing.T) {
	claims := map[string][]byte{
		"length":     unhex(t, "1112131415161718 2122232425262728 0c 10 05 00 00000000 ffffffff"),
		"payload":    unhex(t, "1112131415161718 2122232425262728 0c 10 05 00 00000000 00000020 0000ffff"),
		"SPIs":       unhex(t, "1112131415161718 2122232425262728 0c 10 05 00 00000000 00000028 0000000c 00000001 03 00 ffff"),
		"long SPIs":  unhex(t, "1112131415161718 2122232425262728 0c 10 05 00 00000000 00000028 0000000c 00000001 03 ff ffff"),
		"transforms": unhex(t, "1112131415161718 2122232425262728 01 10 02 00 00000000 00000030 00000014 00000001 00000001 00000008 01 01 ff ff"),
	}
	for name, b := range claims {
		t.Run(name, func(t *testing.T) {
			const runs = 100
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range runs {
				if _, err := wire.Parse(b); err == nil {
					t.Fatal("accepted")
				}
			}
			runtime.ReadMemStats(&after)
			if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 2048 {
				t.Errorf("%d octets allocated for a datagram of %d", n, len(b))
			}
		})
	}
}
